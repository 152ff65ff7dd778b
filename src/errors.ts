// Every error this package throws on purpose: one base class, a leaf for each cause, the facts as fields. Messages say what is
// wrong, where, and what to do. An abort is not among them: the caller's `signal.reason` is thrown as it is.

/** Base of all errors of this package: `catch (error) { if (error instanceof DrizzleRagError) … }`. */
export class DrizzleRagError extends Error {
  override readonly name: string = this.constructor.name;
  /** Whether the same thing may succeed when it is tried again later. */
  readonly retryable: boolean = false;
}

/** A setting, option or table does not fit: a mistake in the program, found before anything was done. */
export class ConfigurationError extends DrizzleRagError {}

// — Input ——————————————————————————————————————————————————————————————————————————————————————————————————————————————————————

/** Where bad input was found. */
export interface InputPlace {
  /** 0-based position in the list that was handed in. */
  row?: number | undefined;
  /** Column, property or file. */
  field?: string | undefined;
}

/** Bad input: nothing was written. */
export class InputError extends DrizzleRagError {
  readonly row: number | undefined;
  readonly field: string | undefined;
  constructor(what: string, place: InputPlace = {}, options?: ErrorOptions) {
    const where = [place.row === undefined ? "" : `row ${place.row}`, place.field === undefined ? "" : `field "${place.field}"`];
    const prefix = where.filter(Boolean).join(", ");
    super(prefix === "" ? what : `${prefix}: ${what}`, options);
    this.row = place.row;
    this.field = place.field;
  }
}

/** A vector whose number of dimensions is not the column's. */
export class DimensionError extends InputError {
  constructor(
    readonly expected: number,
    readonly actual: number,
    place: InputPlace & {
      /** Who made the vector. */
      embedder?: string | undefined;
      /** Who makes those in the column, where that is another. */
      others?: string | undefined;
    } = {},
  ) {
    const who = place.embedder === undefined ? "The vector has" : `The embedder "${place.embedder}" gives`;
    const others = place.others === undefined || place.others === place.embedder ? "" : `, those of "${place.others}"`;
    const remedy = `Use an embedder of ${expected} dimensions, or make the column vector(${actual}) and embed again.`;
    super(`${who} ${actual} dimensions, the column holds ${expected}${others}. ${remedy}`, place);
  }
}

/** A vector that cannot be stored or compared: NaN, infinite, or all zeros under cosine distance. */
export class InvalidVectorError extends InputError {
  constructor(
    readonly reason: "not finite" | "zero",
    place: InputPlace = {},
  ) {
    super(
      reason === "zero"
        ? "The vector is all zeros, which has no direction under cosine distance and would never be found. Leave the row out or use L2."
        : "The vector holds NaN or infinity. Check the embedder's output for this text.",
      place,
    );
  }
}

/** A text that Postgres or a provider cannot take: empty, with a NUL character, or with half of a surrogate pair. */
export class InvalidTextError extends InputError {
  constructor(
    readonly reason: "empty" | "nul" | "surrogate" | "not a string",
    place: InputPlace & { /** UTF-16 units from the start. */ offset?: number } = {},
  ) {
    const at = place.offset === undefined ? "" : ` at offset ${place.offset}`;
    const says = {
      empty: "The text is empty, so there is nothing to embed. Leave the row out.",
      nul: `The text holds a NUL character (U+0000)${at}, which Postgres text cannot. Remove it: text.replaceAll("\\0", "").`,
      surrogate: `The text holds half of a surrogate pair${at}: it was cut in the middle of a character. Use text.toWellFormed().`,
      "not a string": "The text is not a string.",
    };
    super(says[reason], place);
  }
}

/** A file that cannot be read as what its name says. */
export class FileError extends DrizzleRagError {
  constructor(
    readonly path: string,
    what: string,
    options?: ErrorOptions,
  ) {
    super(`${path}: ${what}`, options);
  }
}

/** A file with a text format's name whose bytes are not text. */
export class BinaryFileError extends FileError {}

/** A file that is larger than the loader was told to take. */
export class FileTooLargeError extends FileError {
  constructor(
    path: string,
    readonly bytes: number,
    readonly limit: number,
  ) {
    const mb = (n: number) => `${(n / 1e6).toFixed(1)} MB`;
    super(path, `The file has ${mb(bytes)}, the limit is ${mb(limit)}. Split it, or raise maxBytes.`);
  }
}

/** No loader for a file's type. */
export class UnsupportedFileError extends FileError {}

// — Database ———————————————————————————————————————————————————————————————————————————————————————————————————————————————————

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

// — Optional parts —————————————————————————————————————————————————————————————————————————————————————————————————————————————

/** An optional package is not installed. */
export class MissingPackageError extends DrizzleRagError {
  constructor(
    readonly packageName: string,
    neededBy: string,
    options?: ErrorOptions,
  ) {
    super(`${neededBy} needs the package "${packageName}". Install it: npm install ${packageName}`, options);
  }
}

/** No key for a provider was given or found in the environment. */
export class MissingKeyError extends DrizzleRagError {
  constructor(
    readonly provider: string,
    readonly variable: string,
  ) {
    super(`No key for ${provider}. Set ${variable}, or pass apiKey or a client of your own.`);
  }
}

// — Providers (embeddings and models) ——————————————————————————————————————————————————————————————————————————————————————————

/** What is known about a failed request to a provider. */
export interface ProviderErrorFacts {
  provider: string;
  model?: string | undefined;
  /** HTTP status; left out where no response came. */
  status?: number | undefined;
  requestId?: string | undefined;
  /** The provider's own error body. */
  raw?: unknown;
  /** Milliseconds the provider asked to wait. */
  retryAfter?: number | undefined;
  cause?: unknown;
}

/** A request to an embedding or language model failed. */
export class ProviderError extends DrizzleRagError {
  readonly provider: string;
  readonly model: string | undefined;
  readonly status: number | undefined;
  readonly requestId: string | undefined;
  readonly raw: unknown;
  readonly retryAfter: number | undefined;
  constructor(message: string, facts: ProviderErrorFacts) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.provider = facts.provider;
    this.model = facts.model;
    this.status = facts.status;
    this.requestId = facts.requestId;
    this.raw = facts.raw;
    this.retryAfter = facts.retryAfter;
  }
}

/** The model refused to answer where an answer of a certain form was asked for; the message is what it said. */
export class RefusalError extends ProviderError {}
/** The answer does not fit the schema that was asked for, also after it was asked for again. */
export class InvalidOutputError extends ProviderError {
  /** What came, as text. */
  readonly text: string;
  /** What the schema has against it; the path is empty for the whole. */
  readonly issues: readonly { path: string; message: string }[];
  override readonly retryable: boolean = true;
  constructor(message: string, text: string, issues: InvalidOutputError["issues"], facts: ProviderErrorFacts) {
    super(message, facts);
    this.text = text;
    this.issues = issues;
  }
}
/** What a tool's call came to grief by, and who called it. */
export interface ToolErrorFacts {
  /** Of the tool, as the model wrote it. */
  tool: string;
  /** The model's id of the call. */
  callId: string;
  /** The arguments, as the model gave them. */
  input: unknown;
  /** `unknown`: there is no such tool; `arguments`: they do not fit its schema; `failed`: it threw, and the `cause` is what. */
  reason: "unknown" | "arguments" | "failed";
  /** Who called it. */
  provider: string;
  model?: string | undefined;
  requestId?: string | undefined;
  /** The provider's own item of the call. */
  raw?: unknown;
  cause?: unknown;
}
/** A tool that a model called gave no result. It is told to the model, and to `onToolError` of the settings; it is not thrown. */
export class ToolError extends DrizzleRagError {
  readonly tool: string;
  readonly callId: string;
  readonly input: unknown;
  readonly reason: ToolErrorFacts["reason"];
  readonly provider: string;
  readonly model: string | undefined;
  readonly requestId: string | undefined;
  readonly raw: unknown;
  /** That of the cause. */
  override readonly retryable: boolean;
  constructor(message: string, { cause, ...facts }: ToolErrorFacts) {
    super(message, cause === undefined ? undefined : { cause });
    this.tool = facts.tool;
    this.callId = facts.callId;
    this.input = facts.input;
    this.reason = facts.reason;
    this.provider = facts.provider;
    this.model = facts.model;
    this.requestId = facts.requestId;
    this.raw = facts.raw;
    this.retryable = cause instanceof DrizzleRagError && cause.retryable;
  }
}
/** 401: the key is wrong or was revoked. */
export class AuthenticationError extends ProviderError {}
/** 403: the key may not do this. */
export class PermissionDeniedError extends ProviderError {}
/** 400, 409, 413, 422: the provider refuses the request as it is. */
export class BadRequestError extends ProviderError {}
/** The prompt does not fit into the model's context window. */
export class ContextLengthError extends BadRequestError {}
/**
 * The provider's content filter stopped the prompt, or an answer of which an `output` was asked. Any other answer that it cut short is no
 * error: its `finishReason` is `content-filter`.
 */
export class ContentFilterError extends BadRequestError {}
/** 404: no such model or endpoint. */
export class NotFoundError extends ProviderError {}
/** 429: too many requests or tokens; `retryAfter` tells for how long, where the provider does. */
export class RateLimitError extends ProviderError {
  override readonly retryable: boolean = true;
}
/** 429 because the account has no credit left: waiting does not help. */
export class QuotaExceededError extends RateLimitError {
  override readonly retryable = false;
}
/** 503, 529: the provider is overloaded. */
export class OverloadedError extends ProviderError {
  override readonly retryable = true;
}
/** Any other 5xx. */
export class ServerError extends ProviderError {
  override readonly retryable = true;
}
/** No connection to the provider. */
export class ProviderConnectionError extends ProviderError {
  override readonly retryable = true;
}
/** The provider did not answer in time. */
export class ProviderTimeoutError extends ProviderError {
  override readonly retryable = true;
}
/** A stream ended before the provider said that it was finished. What came until then has been delivered. */
export class StreamInterruptedError extends ProviderError {
  override readonly retryable = true;
}
/** The provider answered with something that its protocol does not allow. */
export class InvalidResponseError extends ProviderError {}
/** An embedder returned another number of vectors than it was given texts. */
export class EmbeddingCountError extends InvalidResponseError {
  constructor(
    readonly expected: number,
    readonly actual: number,
    facts: ProviderErrorFacts,
  ) {
    super(
      `${facts.provider} returned ${actual} vectors for ${expected} texts. Nothing was stored; use a smaller batch or another server.`,
      facts,
    );
  }
}
