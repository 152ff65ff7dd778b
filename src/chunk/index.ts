// Chunkers, and the measures that sizes can be told in.
export { approximateTokens, characters, type Measure } from "../util/tokens.ts";
export { autoChunker } from "./auto.ts";
export type { Chunker } from "./chunker.ts";
export { markdownChunker } from "./markdown.ts";
export type { ChunkOptions } from "./options.ts";
export { plainChunker } from "./plain.ts";
