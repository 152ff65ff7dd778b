// Test doubles, published as `drizzle-rag/testing`: they stand in for what costs a key, money or a network.
export { type FakeEmbedder, type FakeEmbedderCall, type FakeEmbedderOptions, fakeEmbedder } from "./embedder.ts";
export { type CheckModelOptions, checkModel } from "./model.ts";
