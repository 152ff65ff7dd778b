// A collection as a tool: the model asks it what it wants to know.
import { oneLine, withoutInvisible } from "../cite/invisible.ts";
import { InputError } from "../errors.ts";
import type { Source } from "../values.ts";
import { jsonSchema } from "./schema.ts";
import { type Tool, tool } from "./tool.ts";

/** Anything that finds sources for a question, such as a collection. */
export interface Searchable {
  search(query: string, options: { limit: number; signal?: AbortSignal }): PromiseLike<readonly Source[]>;
}

export interface SearchToolOptions<Name extends string = string> {
  /** Default: "search_documents". */
  name?: Name | undefined;
  /** What is in the collection, for the model. */
  description?: string | undefined;
  /** Hits a question. Default: 5. */
  limit?: number | undefined;
}

/**
 * Searching `docs` as a tool. For a filter of your own, hand in an object whose `search` adds it:
 * `searchTool({ search: (query, options) => docs.search(query, { ...options, where }) })`. What a tool finds is not among the call's `sources`,
 * so nothing that the answer says of it is checked as a citation.
 */
export function searchTool<Name extends string = "search_documents">(
  docs: Searchable,
  options: SearchToolOptions<Name> = {},
): Tool<Name, { query: string }> {
  const { name = "search_documents" as Name, description = "Finds passages of documents by their meaning.", limit = 5 } = options;
  return tool({
    name,
    description,
    input: jsonSchema<{ query: string }>({
      type: "object",
      properties: { query: { type: "string", description: "A question, or what the passage is about." } },
      required: ["query"],
      additionalProperties: false,
    }),
    async run({ query }, { signal }) {
      if (typeof query !== "string" || query.trim() === "") throw new InputError("The query is empty.", { field: "query" });
      const hits = await docs.search(query, { limit, ...(signal && { signal }) });
      if (hits.length === 0) return "Nothing was found.";
      // As JSON, so that no text can pass for the end of its passage.
      return hits.map(({ text, title, source }) => ({
        ...(title != null && { title: oneLine(title) }),
        ...(source != null && { source: oneLine(source) }),
        text: withoutInvisible(text),
      }));
    },
  });
}
