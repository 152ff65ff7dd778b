// Servers that speak Chat Completions, by the names that people know them by: where they are and which variable holds the key.

/** Addresses and variables as the servers' own documentation gives them. Those without a key run on one's own machine. */
export const servers = {
  gemini: { baseURL: "https://generativelanguage.googleapis.com/v1beta/openai", key: "GEMINI_API_KEY" },
  groq: { baseURL: "https://api.groq.com/openai/v1", key: "GROQ_API_KEY" },
  lmstudio: { baseURL: "http://localhost:1234/v1" },
  mistral: { baseURL: "https://api.mistral.ai/v1", key: "MISTRAL_API_KEY" },
  ollama: { baseURL: "http://localhost:11434/v1" },
  openrouter: { baseURL: "https://openrouter.ai/api/v1", key: "OPENROUTER_API_KEY" },
  together: { baseURL: "https://api.together.xyz/v1", key: "TOGETHER_API_KEY" },
  vllm: { baseURL: "http://localhost:8000/v1" },
  xai: { baseURL: "https://api.x.ai/v1", key: "XAI_API_KEY" },
} as const satisfies Record<string, { baseURL: string; key?: string }>;

export type ServerName = keyof typeof servers;
