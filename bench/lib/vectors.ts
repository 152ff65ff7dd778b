// Vectors like those of embedding models: clusters in many dimensions, of length one. The same in every run.

/** Mulberry32: small, seeded, good enough to place points. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** An endless supply of vectors around `clusters` centres. Vectors of one seed lie around the same centres whatever `start` is. */
export function clustered(dimensions: number, clusters: number, seed: number, start = 0): () => Float32Array {
  const place = random(seed);
  const centres = Array.from({ length: clusters }, () => Float32Array.from({ length: dimensions }, () => place() - 0.5));
  const next = random(seed + 1 + start);
  return () => {
    const centre = centres[Math.floor(next() * clusters)] as Float32Array;
    const vector = centre.map((x) => x + (next() - 0.5) * 0.9);
    let square = 0;
    for (const x of vector) square += x * x;
    const length = Math.sqrt(square);
    return vector.map((x) => x / length);
  };
}
