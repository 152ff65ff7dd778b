// The peers of the benchmark of calls, each used as its documentation shows. Runs under the Node that is installed here.
import { createOpenAI } from "@ai-sdk/openai";
import { ChatOpenAI } from "@langchain/openai";
import { generateText, streamText } from "ai";
import type { CallPeers } from "../calls/peers.ts";

export function callPeers(url: string, model: string): CallPeers {
  const chat = new ChatOpenAI({ model, apiKey: "none", maxRetries: 0, configuration: { baseURL: url }, streamUsage: true });
  const provider = createOpenAI({ baseURL: url, apiKey: "none" }).chat(model);
  return {
    langchain: {
      call: async (question) => (await chat.invoke(question)).text,
      stream: async (question) => {
        let length = 0;
        for await (const chunk of await chat.stream(question)) length += chunk.text.length;
        return length;
      },
    },
    aisdk: {
      call: async (prompt) => (await generateText({ model: provider, prompt, maxRetries: 0 })).text,
      stream: async (prompt) => {
        let length = 0;
        for await (const text of streamText({ model: provider, prompt, maxRetries: 0 }).textStream) length += text.length;
        return length;
      },
    },
  };
}
