// Sparse vectors: checked, and as pgvector reads them.
import { InputError, type InputPlace, InvalidVectorError } from "../errors.ts";
import type { SparseVector } from "../values.ts";

export function isSparse(value: unknown): value is SparseVector {
  return typeof value === "object" && value !== null && "indices" in value && "values" in value;
}

/**
 * pgvector's text format, `{1:0.5,7:2}/30522`: it counts from 1, and leaves zeros out.
 * @throws InputError for lists of two lengths and for indices that are no places of the column, or come twice; InvalidVectorError for
 * numbers that are not finite, and for all zeros unless they are allowed.
 */
export function sparseToText(
  { indices, values }: SparseVector,
  { dimensions, allowZero = false, row, field }: InputPlace & { dimensions: number; allowZero?: boolean },
): string {
  const place = { row, field };
  if (indices.length !== values.length)
    throw new InputError(
      `The sparse vector has ${indices.length} indices and ${values.length} values: give as many of both.`,
      place,
    );
  const entries = new Map<number, number>();
  for (let i = 0; i < indices.length; i++) {
    const [index, value] = [indices[i] as number, Math.fround(values[i] as number)];
    if (!(Number.isInteger(index) && index >= 0 && index < dimensions))
      throw new InputError(
        `The index ${index} is not a whole number from 0 to ${dimensions - 1}, the places of the column.`,
        place,
      );
    if (entries.has(index)) throw new InputError(`The index ${index} is in the sparse vector twice.`, place);
    if (!Number.isFinite(value)) throw new InvalidVectorError("not finite", place);
    entries.set(index, value);
  }
  const given = [...entries].filter(([, value]) => value !== 0).sort(([a], [b]) => a - b);
  if (given.length === 0 && !allowZero) throw new InvalidVectorError("zero", place);
  return `{${given.map(([index, value]) => `${index + 1}:${value}`).join()}}/${dimensions}`;
}
