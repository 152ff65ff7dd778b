// What is made on first use, and then kept.

/** Runs `make` once, on first use; a failure is not kept, since a missing key or package may be put right. */
export function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
}
