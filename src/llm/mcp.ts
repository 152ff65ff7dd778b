// The tools of a server of the Model Context Protocol, by a client of its SDK. https://modelcontextprotocol.io/specification
import type { DocumentPart, ImagePart, TextPart } from "./model.ts";
import { jsonSchema } from "./schema.ts";
import { type Tool, tool } from "./tool.ts";

/** As much of `Client` of @modelcontextprotocol/sdk as is used. */
export interface McpClient {
  listTools(params?: { cursor?: string }): Promise<{ tools: McpTool[]; nextCursor?: string | undefined }>;
  callTool(
    params: { name: string; arguments?: Record<string, unknown> },
    resultSchema?: undefined,
    options?: { signal?: AbortSignal },
  ): Promise<unknown>;
}

interface McpTool {
  name: string;
  description?: string | undefined;
  inputSchema: { [key: string]: unknown };
}

interface McpResult {
  content?: { type: string; text?: string; data?: string; mimeType?: string; resource?: { text?: string; uri?: string } }[];
  structuredContent?: unknown;
  isError?: boolean;
}

/** All tools that the server has, as tools of a call. Arguments are checked by the server. */
export async function mcpTools(client: McpClient): Promise<Tool<string, Record<string, unknown>>[]> {
  const tools: Tool<string, Record<string, unknown>>[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.listTools(cursor === undefined ? {} : { cursor });
    for (const { name, description, inputSchema } of page.tools) {
      tools.push(
        tool({
          // Servers may put dots and slashes into names, and providers take none.
          name: name.replace(/[^\w-]/g, "_").slice(0, 64),
          description,
          input: jsonSchema<Record<string, unknown>>({ type: "object", properties: {}, ...inputSchema }),
          run: async (input, { signal }) => {
            const found = (await client.callTool({ name, arguments: input }, undefined, signal && { signal })) as McpResult;
            const parts = (found.content ?? []).map(partOf);
            if (found.isError === true) throw new Error(parts.map((part) => (part.type === "text" ? part.text : "")).join("\n"));
            return parts.length > 0 ? parts : found.structuredContent;
          },
        }),
      );
    }
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return tools;
}

function partOf({
  type,
  text,
  data,
  mimeType,
  resource,
}: NonNullable<McpResult["content"]>[number]): TextPart | ImagePart | DocumentPart {
  if (type === "image" && data !== undefined) return { type: "image", source: { data, mediaType: mimeType ?? "image/png" } };
  if (type === "resource" && resource?.text !== undefined)
    return { type: "document", source: { text: resource.text }, ...(resource.uri !== undefined && { title: resource.uri }) };
  return { type: "text", text: text ?? JSON.stringify({ type, ...resource }) };
}
