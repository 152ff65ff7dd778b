// Code blocks of a Markdown page, as files that can be checked and run. CONTRIBUTING.md tells what the words at a fence mean.

export interface Block {
  /** Name of the file it is saved as. */
  file: string;
  /** 1-based line of its fence in the page. */
  line: number;
  code: string;
  /** What happens beside type-checking. */
  run: "no" | "offline" | "provider";
  /** What it has to print, where the page says so. */
  prints: string | undefined;
}

const fence = /^```(\w+)([^\n]*)\n([\s\S]*?)^```[ \t]*$/gm;
const words = new Set(["run", "provider", "part"]);

/** Throws for a fence with a word that means nothing. */
export function blocksOf(page: string): Block[] {
  const prelude = preludeOf(page);
  const blocks: Block[] = [];
  if (prelude !== undefined) blocks.push({ file: "prelude.ts", line: 1, code: prelude.module, run: "no", prints: undefined });
  let end = 0;
  for (const { 1: language, 2: info = "", 3: code = "", 0: whole, index } of page.matchAll(fence)) {
    const line = page.slice(0, index).split("\n").length;
    const last = blocks.at(-1);
    if (language === "text" && last !== undefined && last.run !== "no" && page.slice(end, index).trim() === "")
      last.prints = code;
    if (language === "typescript" || language === "tsx") throw new Error(`line ${line}: write \`\`\`ts, which is tested`);
    if (language === "ts") {
      const said = info.trim().split(/\s+/).filter(Boolean);
      const unknown = said.find((word) => !words.has(word));
      if (unknown !== undefined) throw new Error(`line ${line}: "${unknown}" means nothing after \`\`\`ts`);
      const named = /^\/\/ ([\w.-]+\.ts)\n/.exec(code)?.[1];
      blocks.push({
        file: named ?? `line-${line}.ts`,
        line,
        code: said.includes("part") ? `${prelude?.lines ?? ""}${code}` : code,
        run: said.includes("provider") ? "provider" : said.includes("run") ? "offline" : "no",
        prints: undefined,
      });
    }
    end = index + whole.length;
  }
  return blocks;
}

/**
 * What the parts of a page stand on, as a module of which they all import: so a page opens one database, and its parts run in it one after
 * another. Imports and each `const` on a line of its own, which is all that a prelude needs.
 */
function preludeOf(page: string): { module: string; lines: string } | undefined {
  const text = /<!-- prelude\n([\s\S]*?)-->/.exec(page)?.[1];
  if (text === undefined) return undefined;
  const imports = text.match(/^import .*\n/gm)?.join("") ?? "";
  const names = [...text.matchAll(/^const (\w+)/gm)].map((match) => match[1]);
  return {
    module: text.replace(/^const /gm, "export const "),
    lines: `${imports}import { ${names.join(", ")} } from "./prelude.ts";\n`,
  };
}
