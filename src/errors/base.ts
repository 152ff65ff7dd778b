// What all errors of the package have in common, and those that concern how it was set up.

/** Base of all errors of this package: `catch (error) { if (error instanceof DrizzleRagError) … }`. */
export class DrizzleRagError extends Error {
  override readonly name: string = this.constructor.name;
  /** Whether the same thing may succeed when it is tried again later. */
  readonly retryable: boolean = false;
}

/** A setting, option or table does not fit: a mistake in the program, found before anything was done. */
export class ConfigurationError extends DrizzleRagError {}

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
