// An answer as it is written, its citations as they come. npx tsx examples/streaming-answer.ts
// Offline it quotes; with ANTHROPIC_API_KEY or OPENAI_API_KEY set, that model answers.
import { hashingEmbedder } from "../src/embed/hashing.ts"; // "drizzle-rag/embed/hashing"
import { call, collection, connect, documentRow, migrate } from "../src/index.ts"; // "drizzle-rag"

const db = await connect(); // in memory
await migrate(db);
const docs = collection(db, { embedder: hashingEmbedder() });
await docs.insert([
  documentRow({ source: "handbook.md", title: "Handbook", text: "A refund is paid within 14 days. Postage is not refunded." }),
  documentRow({ source: "faq.md", title: "Questions", text: "Parcels leave the warehouse at seven every morning." }),
]);

const model = process.env.ANTHROPIC_API_KEY
  ? "anthropic/claude-sonnet-5-5"
  : process.env.OPENAI_API_KEY
    ? "openai/gpt-5-mini"
    : "extractive";
const ask = call({ model }, async (question: string) => ({
  system: "Answer from the sources alone. Say so when they do not hold the answer.",
  sources: await docs.search(question, { limit: 4 }),
  messages: question,
}));

for await (const event of ask.stream("When is a refund paid?")) {
  if (event.type === "text") process.stdout.write(event.text);
  if (event.type === "citation") {
    const { source, quote, verified } = event.citation;
    process.stdout.write(`\n  ${source.source} (${verified}): “${quote}”\n`);
  }
  if (event.type === "finish") console.log(`${event.response.model}, ${event.response.finishReason}`);
}

// Leaving early closes the connection to the provider.
for await (const piece of ask.stream("When do parcels leave?").textStream) {
  console.log(`begins with: ${piece.slice(0, 12)}…`);
  break;
}
await db.close();
