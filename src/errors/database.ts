// What a database refuses or cannot do.
import { DrizzleRagError } from "./base.ts";

/** The database could not be used; the driver's error is the `cause`. */
export class DatabaseError extends DrizzleRagError {}

/** No server answered at the address. */
export class DatabaseUnreachableError extends DatabaseError {
  override readonly retryable = true;
}

/** The `vector` extension, another that a collection ranks words by, or a language of the text search is not installed, or not in this database. */
export class MissingExtensionError extends DatabaseError {}

/** A table, column or index that the schema or an option promises is not in the database: a migration has not been run. */
export class MissingMigrationError extends DatabaseError {}

/** Another process has the embedded database's folder open. */
export class DatabaseLockedError extends DatabaseError {
  constructor(
    readonly folder: string,
    readonly pid: number,
    what: string,
  ) {
    super(what);
  }
}

/** A row that does not fit the table's constraints: a duplicate key, a missing parent, a NULL where none may be. */
export class ConstraintError extends DatabaseError {
  constructor(
    message: string,
    readonly constraint: string | undefined,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The database's role may not do this, or a row-level security policy refuses the row. */
export class DatabasePermissionError extends DatabaseError {}

/** A write to a database that only answers reads: a replica, or one that is set to read only. */
export class ReadOnlyDatabaseError extends DatabaseError {}

/** Another transaction was in the way (a deadlock, a serialization failure, a replica that had to catch up), also after several tries. */
export class DatabaseConflictError extends DatabaseError {
  override readonly retryable = true;
}
