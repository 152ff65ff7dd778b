// Bad input: rows, vectors, texts, files.
import { DrizzleRagError } from "./base.ts";

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
