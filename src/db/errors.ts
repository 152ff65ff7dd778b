// The driver's and Postgres' errors in this package's words.
import {
  ConstraintError,
  DatabaseConflictError,
  DatabaseError,
  DatabasePermissionError,
  DatabaseUnreachableError,
  DrizzleRagError,
  InputError,
  MissingExtensionError,
  MissingMigrationError,
  ReadOnlyDatabaseError,
} from "../errors.ts";

/** What `pg` and PGlite both put on an error that the server sent. */
interface ServerError extends Error {
  code: string;
  detail?: string;
  table?: string;
  column?: string;
  constraint?: string;
}

const unreachable = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EAI_AGAIN",
  "ECONNRESET",
  "EPIPE",
]);

/** What `pg` says, without a code, of a connection that is gone or never came. */
const lostConnection =
  /^(Connection terminated|Client has encountered a connection error|Client was closed)|timeout exceeded when trying to connect/;

/** Runs `work`; what it throws comes out as an error of this package. */
export async function withTranslatedErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw translated(error);
  }
}

/** The error to throw for one that a driver or Drizzle threw. Those of this package and aborts pass as they are. */
export function translated(error: unknown, doing?: string): unknown {
  if (error instanceof DrizzleRagError) return error;
  const root = rootOf(error);
  if (root === undefined) return error;
  if (root instanceof DrizzleRagError) return root;
  const prefix = doing === undefined ? "" : `${doing}: `;
  const { code, message } = root;
  const cause = { cause: error };

  if (unreachable.has(code) || lostConnection.test(message)) {
    return new DatabaseUnreachableError(`${prefix}${message || code}. Is the server running, and the address right?`, cause);
  }
  switch (code) {
    case "28P01":
    case "28000":
    case "3D000":
      return new DatabaseUnreachableError(`${prefix}${message}. Check user, password and database in the URL.`, cause);
    case "57P01":
    case "57P02":
    case "57P03":
    case "57P05":
    case "25P03":
    case "08006":
      return new DatabaseUnreachableError(`${prefix}${message}. The server is stopping or starting; try again.`, cause);
    case "53300":
      return new DatabaseUnreachableError(`${prefix}${message}. Use fewer connections, or a pooler.`, cause);
    case "25006":
      return new ReadOnlyDatabaseError(
        `${prefix}${message}. This is a replica, or set to read only; write to the primary.`,
        cause,
      );
    case "40001":
    case "40P01":
      return new DatabaseConflictError(`${prefix}${message}. Another transaction was in the way; try again.`, cause);
    case "42501":
      return new DatabasePermissionError(
        `${prefix}${message}. The role lacks a right, or a row-level security policy does not let it write this row.`,
        cause,
      );
    case "42P01":
    case "42703":
    case "3F000":
      return new MissingMigrationError(`${prefix}${message}. Run migrate(db), or your own migrations, first.`, cause);
    case "42704":
    case "0A000":
      if (/"?(vector|halfvec|sparsevec)"?/.test(message)) {
        const remedy =
          "Install pgvector on the server (Debian: postgresql-17-pgvector; Docker: pgvector/pgvector:pg17), then run migrate(db).";
        return new MissingExtensionError(`${prefix}${message}. ${remedy}`, cause);
      }
      if (/text search configuration/.test(message)) {
        return new MissingExtensionError(`${prefix}${message}. \\dF in psql lists the languages this server has.`, cause);
      }
      break;
    case "58P01":
      if (message.includes("vector")) {
        return new MissingExtensionError(
          `${prefix}pgvector is not installed on the server: ${message}. Debian: postgresql-17-pgvector.`,
          cause,
        );
      }
      break;
    case "42883":
      if (/(vector|<=>|<->|<#>|<\+>)/.test(message)) {
        return new MissingExtensionError(`${prefix}${message}. Run migrate(db), or: CREATE EXTENSION vector.`, cause);
      }
      break;
  }
  if (code.startsWith("23")) {
    const detail = root.detail ?? message;
    return new ConstraintError(`${prefix}${message}: ${detail}`, root.constraint, cause);
  }
  // Class 22: a value that its column cannot hold, pgvector's own checks among them.
  if (code.startsWith("22")) return new InputError(`${prefix}${message}`, { field: root.column }, cause);
  return new DatabaseError(`${prefix}${message}`, cause);
}

/** SQLSTATE of an error, looked up through Drizzle's wrapping and this package's. */
export function sqlState(error: unknown): string | undefined {
  let current: unknown = error;
  for (let depth = 0; depth < 5 && current instanceof Error; depth++) {
    if (typeof (current as ServerError).code === "string") return (current as ServerError).code;
    current = current.cause;
  }
  return undefined;
}

/** Drizzle wraps what the driver threw (DrizzleQueryError), and a connection to several addresses throws an AggregateError. */
function rootOf(error: unknown): ServerError | undefined {
  let current: unknown = error;
  for (let depth = 0; depth < 5 && current instanceof Error; depth++) {
    if (current instanceof AggregateError && current.errors.length > 0) current = current.errors[0];
    if (typeof (current as ServerError).code === "string" || current instanceof DrizzleRagError) return current as ServerError;
    if (lostConnection.test((current as Error).message)) {
      return Object.assign(new Error((current as Error).message), { code: "" });
    }
    current = (current as Error).cause;
  }
  return undefined;
}
