// The three providers' protocols as a loopback server speaks them: the same answer as one JSON body, as events, and as errors.
import { type Reply, sse } from "./loopback.ts";

/** What the pretended model says. */
export interface Said {
  /** Pieces of the text; a stream sends each as one delta. */
  text: readonly string[];
  /** Only Anthropic: citations of the text block, sent after its text. */
  citations?: readonly { source: number; from: number; to: number; quote: string }[];
  reasoning?: string;
  /** Tools that it calls, behind the text; a stream sends the arguments in two pieces. */
  calls?: readonly { id: string; name: string; input: object }[];
  stop?: "stop" | "length" | "refusal";
}

export interface Protocol {
  name: string;
  /** Where it listens below the base URL. */
  path: string;
  json(said: Said): unknown;
  events(said: Said): string[];
  /** An error in the middle of a stream. */
  errorEvent: string;
  /** The body of an error response. */
  error(message: string, type: string): unknown;
}

const usage = { in: 11, out: 7, cached: 3, reasoned: 2 };

export const anthropicProtocol: Protocol = {
  name: "anthropic",
  path: "/v1/messages",
  json: ({ text, citations, reasoning, stop, calls = [] }) => ({
    id: "msg_1",
    type: "message",
    role: "assistant",
    model: "claude-test-1",
    content: [
      ...(reasoning === undefined ? [] : [{ type: "thinking", thinking: reasoning, signature: "sig" }]),
      ...(text.length === 0
        ? []
        : [{ type: "text", text: text.join(""), citations: citations === undefined ? null : citations.map(location) }]),
      ...calls.map((each) => ({ type: "tool_use", ...each })),
    ],
    stop_reason: calls.length > 0 ? "tool_use" : stop === "length" ? "max_tokens" : stop === "refusal" ? "refusal" : "end_turn",
    stop_sequence: null,
    usage: {
      input_tokens: usage.in,
      output_tokens: usage.out,
      cache_read_input_tokens: usage.cached,
      cache_creation_input_tokens: 5,
    },
  }),
  events(said) {
    const whole = this.json(said) as { content: { type: string }[]; stop_reason: string; usage: object };
    const events: { type: string; [key: string]: unknown }[] = [
      {
        type: "message_start",
        message: { ...whole, content: [], stop_reason: null, usage: { ...whole.usage, output_tokens: 1 } },
      },
      { type: "ping" },
    ];
    for (const [index, block] of whole.content.entries()) {
      if (block.type === "thinking") {
        events.push({ type: "content_block_start", index, content_block: { type: "thinking", thinking: "", signature: "" } });
        events.push({ type: "content_block_delta", index, delta: { type: "thinking_delta", thinking: said.reasoning } });
        events.push({ type: "content_block_delta", index, delta: { type: "signature_delta", signature: "sig" } });
      } else if (block.type === "tool_use") {
        const { input, ...rest } = block as unknown as { input: object };
        events.push({ type: "content_block_start", index, content_block: { ...rest, input: {} } });
        for (const partial_json of halves(input))
          events.push({ type: "content_block_delta", index, delta: { type: "input_json_delta", partial_json } });
      } else {
        const citations = said.citations === undefined ? null : [];
        events.push({ type: "content_block_start", index, content_block: { type: "text", text: "", citations } });
        for (const text of said.text) events.push({ type: "content_block_delta", index, delta: { type: "text_delta", text } });
        for (const cited of said.citations ?? []) {
          events.push({ type: "content_block_delta", index, delta: { type: "citations_delta", citation: location(cited) } });
        }
      }
      events.push({ type: "content_block_stop", index });
    }
    const delta = { stop_reason: whole.stop_reason, stop_sequence: null };
    events.push({ type: "message_delta", delta, usage: { output_tokens: usage.out } }, { type: "message_stop" });
    return events.map((event) => sse(event, event.type));
  },
  errorEvent: sse({ type: "error", error: { type: "overloaded_error", message: "Overloaded" } }, "error"),
  error: (message, type) => ({ type: "error", error: { type, message }, request_id: "req_1" }),
};

function halves(input: object): string[] {
  const json = JSON.stringify(input);
  return [json.slice(0, json.length / 2), json.slice(json.length / 2)];
}

function location({ source, from, to, quote }: NonNullable<Said["citations"]>[number]) {
  return {
    type: "search_result_location",
    cited_text: quote,
    search_result_index: source,
    source: "x",
    title: "y",
    start_block_index: from,
    end_block_index: to,
  };
}

export const responsesProtocol: Protocol = {
  name: "openai",
  path: "/v1/responses",
  json: ({ text, reasoning, stop, calls = [] }) => ({
    id: "resp_1",
    object: "response",
    model: "gpt-test-1",
    status: stop === "length" ? "incomplete" : "completed",
    error: null,
    incomplete_details: stop === "length" ? { reason: "max_output_tokens" } : null,
    output: [
      ...(reasoning === undefined
        ? []
        : [{ id: "rs_1", type: "reasoning", summary: [{ type: "summary_text", text: reasoning }] }]),
      ...(text.length === 0
        ? []
        : [
            {
              id: "msg_1",
              type: "message",
              role: "assistant",
              status: "completed",
              content: [
                stop === "refusal"
                  ? { type: "refusal", refusal: text.join("") }
                  : { type: "output_text", text: text.join(""), annotations: [] },
              ],
            },
          ]),
      ...calls.map(functionCall),
    ],
    usage: {
      input_tokens: usage.in,
      input_tokens_details: { cached_tokens: usage.cached },
      output_tokens: usage.out,
      output_tokens_details: { reasoning_tokens: usage.reasoned },
      total_tokens: usage.in + usage.out,
    },
  }),
  events(said) {
    const whole = this.json(said) as { status: string };
    const kind = said.stop === "refusal" ? "response.refusal" : "response.output_text";
    const events: { type: string; [key: string]: unknown }[] = [
      { type: "response.created", response: { ...whole, status: "in_progress", output: [] } },
    ];
    if (said.reasoning !== undefined) {
      events.push({ type: "response.reasoning_summary_part.added", summary_index: 0, output_index: 0, item_id: "rs_1" });
      events.push({ type: "response.reasoning_summary_text.delta", summary_index: 0, delta: said.reasoning, item_id: "rs_1" });
    }
    for (const delta of said.text) events.push({ type: `${kind}.delta`, delta, item_id: "msg_1" });
    if (said.text.length > 0) events.push({ type: `${kind}.done`, item_id: "msg_1", text: said.text.join("") });
    for (const call of said.calls ?? []) {
      const item = functionCall(call);
      events.push({ type: "response.output_item.added", item: { ...item, arguments: "" } });
      for (const delta of halves(call.input))
        events.push({ type: "response.function_call_arguments.delta", item_id: item.id, delta });
      events.push({ type: "response.output_item.done", item });
    }
    events.push({ type: `response.${whole.status}`, response: whole });
    return events.map((event, sequence_number) => sse({ ...event, sequence_number }, event.type));
  },
  errorEvent: sse({ type: "error", code: "server_error", message: "Something broke", param: null, sequence_number: 3 }, "error"),
  error: (message, type) => ({ error: { message, type, code: null, param: null } }),
};

function functionCall({ id, name, input }: NonNullable<Said["calls"]>[number]) {
  return { type: "function_call", id: `fc_${id}`, call_id: id, name, arguments: JSON.stringify(input), status: "completed" };
}

export const chatProtocol: Protocol = {
  name: "openai-chat",
  path: "/v1/chat/completions",
  json: ({ text, reasoning, stop, calls = [] }) => ({
    id: "chatcmpl_1",
    object: "chat.completion",
    created: 1,
    model: "gpt-test-1",
    choices: [
      {
        index: 0,
        finish_reason: calls.length > 0 ? "tool_calls" : stop === "length" ? "length" : "stop",
        logprobs: null,
        message: {
          role: "assistant",
          content: stop === "refusal" || text.length === 0 ? null : text.join(""),
          refusal: stop === "refusal" ? text.join("") : null,
          ...(reasoning !== undefined && { reasoning_content: reasoning }),
          ...(calls.length > 0 && {
            tool_calls: calls.map(({ id, name, input }) => ({
              id,
              type: "function",
              function: { name, arguments: JSON.stringify(input) },
            })),
          }),
        },
      },
    ],
    usage: {
      prompt_tokens: usage.in,
      completion_tokens: usage.out,
      total_tokens: usage.in + usage.out,
      prompt_tokens_details: { cached_tokens: usage.cached },
      completion_tokens_details: { reasoning_tokens: usage.reasoned },
    },
  }),
  events(said) {
    const whole = this.json(said) as { usage: object };
    const head = { id: "chatcmpl_1", object: "chat.completion.chunk", created: 1, model: "gpt-test-1" };
    const chunk = (delta: object, finish_reason: string | null = null) => ({
      ...head,
      choices: [{ index: 0, delta, logprobs: null, finish_reason }],
    });
    const field = said.stop === "refusal" ? "refusal" : "content";
    const chunks = [
      chunk({ role: "assistant", content: said.stop === "refusal" ? null : "", refusal: null }),
      ...(said.reasoning === undefined ? [] : [chunk({ reasoning_content: said.reasoning })]),
      ...said.text.map((text) => chunk({ [field]: text })),
      ...(said.calls ?? []).flatMap(({ id, name, input }, index) => [
        chunk({ tool_calls: [{ index, id, type: "function", function: { name, arguments: "" } }] }),
        ...halves(input).map((part) => chunk({ tool_calls: [{ index, function: { arguments: part } }] })),
      ]),
      chunk({}, said.calls?.length ? "tool_calls" : said.stop === "length" ? "length" : "stop"),
      { ...head, choices: [], usage: whole.usage },
    ];
    return [...chunks.map((each) => sse(each)), sse("[DONE]")];
  },
  errorEvent: sse({ error: { message: "Slow down", type: "rate_limit_error", code: "rate_limit_exceeded" } }),
  error: (message, type) => ({ error: { message, type, code: null, param: null } }),
};

/** An error response. */
export function failure(
  protocol: Protocol,
  status: number,
  headers: Record<string, string> = {},
  message = `it says ${status}`,
): Reply {
  const types: Record<number, string> = { 401: "authentication_error", 429: "rate_limit_error", 529: "overloaded_error" };
  return { json: protocol.error(message, types[status] ?? "invalid_request_error"), status, headers };
}
