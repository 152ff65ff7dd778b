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

/**
 * Vectors whose neighbourhoods are like those of text: 32 latent directions that matter less and less, mapped into `dimensions`, and a little
 * noise. What makes neighbours hard to find is the intrinsic dimension (here by TwoNN: Facco et al., Estimating the intrinsic dimension of
 * datasets by a minimal neighborhood information, 2017), in samples of 10,000: 17 for these; 11 for MiniLM's of query terms (2,628), 11 to 14
 * for the LSA vectors of docs40k, 15 for sift10k; 79 for `clustered`, where all neighbours in a cluster are about equally far.
 */
export function embeddings(dimensions: number, seed: number, start = 0): () => Float32Array {
  const latent = 32;
  const clusters = 200;
  const place = gaussian(random(seed));
  const scales = Array.from({ length: latent }, (_, i) => (i + 1) ** -0.4);
  const basis = scales.map(() => Float32Array.from({ length: dimensions }, () => place() / Math.sqrt(dimensions)));
  const centres = Array.from({ length: clusters }, () => scales.map((scale) => scale * place()));
  const next = random(seed + 1 + start);
  const normal = gaussian(next);
  return () => {
    const centre = centres[Math.floor(next() * clusters)] as number[];
    const vector = new Float32Array(dimensions);
    basis.forEach((direction, l) => {
      const x = (centre[l] as number) + 0.6 * (scales[l] as number) * normal();
      for (let i = 0; i < dimensions; i++) vector[i] = (vector[i] as number) + x * (direction[i] as number);
    });
    const noise = 0.2 * norm(vector) * Math.sqrt(12 / dimensions);
    for (let i = 0; i < dimensions; i++) vector[i] = (vector[i] as number) + noise * (next() - 0.5);
    const length = norm(vector);
    for (let i = 0; i < dimensions; i++) vector[i] = (vector[i] as number) / length;
    return vector;
  };
}

/** Box and Muller: normally distributed numbers. */
function gaussian(next: () => number): () => number {
  return () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
}

function norm(vector: Float32Array): number {
  let square = 0;
  for (const x of vector) square += x * x;
  return Math.sqrt(square);
}
