// Reads the environment, which is not there in every runtime.

/** The value of an environment variable, without white space around it; `undefined` when it is unset or empty. */
export function env(name: string): string | undefined {
  const value = typeof process === "undefined" ? undefined : process.env[name]?.trim();
  return value === "" ? undefined : value;
}
