// A provider on 127.0.0.1, in a process of its own so that its work is not counted as a client's. Speaks Chat Completions.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const words = "The refund is paid back within fourteen days of the return, to the card that was charged. ".split(/(?<= )/);
const head = { id: "chatcmpl-1", created: 1_760_000_000, model: "gpt-5-mini", service_tier: "default" };
const usage = { prompt_tokens: 20, completion_tokens: 20, total_tokens: 40 };
const message = { role: "assistant", content: words.join(""), refusal: null };
const plain = JSON.stringify({
  ...head,
  object: "chat.completion",
  choices: [{ index: 0, message, finish_reason: "stop", logprobs: null }],
  usage,
});

function events(deltas: number): string[] {
  const chunk = (choices: unknown[], more = {}) =>
    `data: ${JSON.stringify({ ...head, object: "chat.completion.chunk", choices, ...more })}\n\n`;
  const choice = (delta: object, finish_reason: string | null = null) => [{ index: 0, delta, logprobs: null, finish_reason }];
  return [
    chunk(choice({ role: "assistant", content: "" })),
    ...Array.from({ length: deltas }, (_, i) => chunk(choice({ content: words[i % words.length] }))),
    chunk(choice({}, "stop")),
    chunk([], { usage }),
    "data: [DONE]\n\n",
  ];
}

const deltas = Number(process.argv[2]);
/** Some tokens a write, as networks and servers make of them. */
const together = 8;
const all = events(deltas);
const writes = Array.from({ length: Math.ceil(all.length / together) }, (_, i) =>
  all.slice(i * together, (i + 1) * together).join(""),
);

const server = createServer(async (request, response) => {
  const body: Buffer[] = [];
  for await (const piece of request) body.push(piece as Buffer);
  if (Buffer.concat(body).includes('"stream":true')) {
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const each of writes) response.write(each);
    response.end();
    return;
  }
  response.writeHead(200, { "content-type": "application/json", "x-request-id": "req-1" }).end(plain);
});
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));
// The parent holds this; when it goes, so does the server.
process.stdin.resume().once("end", () => process.exit());
