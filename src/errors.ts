// Every error this package throws on purpose: one base class, a leaf for each cause, the facts as fields. Messages say what is
// wrong, where, and what to do. An abort is not among them: the caller's `signal.reason` is thrown as it is.
export * from "./errors/base.ts";
export * from "./errors/database.ts";
export * from "./errors/input.ts";
export * from "./errors/provider.ts";
