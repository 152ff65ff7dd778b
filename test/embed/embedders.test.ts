// The conformance suite over every embedder; those over HTTP through the real SDK and a loopback server.
import { hashingEmbedder } from "../../src/embed/hashing.ts";
import { openaiEmbedder } from "../../src/embed/openai.ts";
import { openaiCompatibleEmbedder } from "../../src/embed/openai-compatible.ts";
import { fakeEmbedder } from "../../src/testing/index.ts";
import { embedderSuite } from "../conformance/embedder.ts";
import { startEmbeddingServer } from "../helpers/embedding-server.ts";

embedderSuite("hashing", async () => ({ embedder: hashingEmbedder() }));
embedderSuite("hashing, few dimensions", async () => ({ embedder: hashingEmbedder({ dimensions: 64 }) }));
embedderSuite("fake", async () => ({ embedder: fakeEmbedder({ dimensions: 40 }) }));

embedderSuite("openai", async () => {
  const server = await startEmbeddingServer({ dimensions: 1536 });
  const embedder = openaiEmbedder("text-embedding-3-small", { apiKey: "test", baseURL: server.url });
  return { embedder, close: () => server[Symbol.asyncDispose]() };
});

for (const encoding of ["float", "base64"] as const) {
  for (const always of ["float", "base64"] as const) {
    embedderSuite(`openai-compatible, asked for ${encoding}, answers ${always}`, async () => {
      const server = await startEmbeddingServer({ dimensions: 24, always });
      const embedder = openaiCompatibleEmbedder("any", { baseURL: server.url, dimensions: 24, encoding });
      return { embedder, close: () => server[Symbol.asyncDispose]() };
    });
  }
}
