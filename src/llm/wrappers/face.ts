// What a wrapper shows of the model inside, which may be an object of any class.
import type { Model } from "../model.ts";

export function faceOf(inner: Model): Pick<Model, "id" | "citations" | "encode"> {
  const { id, citations } = inner;
  return { id, citations, ...(inner.encode !== undefined && { encode: (request) => inner.encode?.(request) }) };
}
