// Where rows live: opening, migrating, and what is known of a database handed in.
export { type Connection, type ConnectOptions, connect } from "./connect.ts";
export type { Database } from "./database.ts";
export { type MigrateOptions, migrate } from "./migrate.ts";
