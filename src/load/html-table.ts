// HTML tables as Markdown tables.
import { attribute, type Element, isElement } from "./html-content.ts";
import type { Line } from "./html-text.ts";

/**
 * A table's caption and rows as lines; undefined for one that is there for the layout: with a table in it, one column, or cells
 * of several paragraphs. The first row counts as the head, as Markdown wants one.
 */
export function tableRows(table: Element, blocksOf: (cell: Element) => Line[][]): Line[] | undefined {
  if (/^(?:presentation|none)$/.test(attribute(table, "role") ?? "")) return undefined;
  const parts = table.childNodes.filter(isElement);
  const caption = parts.filter(({ tagName }) => tagName === "caption").flatMap((part) => blocksOf(part).flat());
  const rows = parts.flatMap((part) => {
    if (part.tagName === "tr") return [part];
    return /^t(?:head|body|foot)$/.test(part.tagName)
      ? part.childNodes.filter(isElement).filter(({ tagName }) => tagName === "tr")
      : [];
  });
  const cells = rows.map((row) => row.childNodes.filter(isElement).filter((cell) => /^t[dh]$/.test(cell.tagName)));
  const columns = cells.reduce((most, row) => Math.max(most, row.length), 0);
  if (columns < 2 || cells.flat().some(holdsLayout)) return undefined;
  const written = cells.map((row, i): { texts: string[]; line: number } => {
    const lines = row.map((cell) => blocksOf(cell).flat());
    return {
      texts: lines.map((cell) => cell.map(({ text }) => text.replaceAll("|", "\\|")).join(" ")),
      line: lines.flat()[0]?.line ?? rows[i]?.sourceCodeLocation?.startLine ?? 1,
    };
  });
  const full = written.filter(({ texts }) => texts.some((text) => text !== ""));
  const head = full[0];
  if (head === undefined) return [];
  // The head says how many columns there are; shorter rows may stay short.
  while (head.texts.length < columns) head.texts.push("");
  const rule = { text: `|${" --- |".repeat(columns)}`, line: head.line };
  const body = full.map(({ texts, line: at }) => ({ text: `| ${texts.join(" | ")} |`, line: at }));
  const blank = caption.length === 0 ? [] : [{ text: "", line: caption.at(-1)!.line }];
  return [...caption, ...blank, body[0]!, rule, ...body.slice(1)];
}

/** Whether a cell is more than a value: another table, a heading, code, or several paragraphs. */
function holdsLayout(cell: Element): boolean {
  const inside = cell.childNodes.filter(isElement);
  if (inside.filter(({ tagName }) => /^(?:p|div|ul|ol|section)$/.test(tagName)).length > 1) return true;
  return inside.some((child) => /^(?:table|h[1-6]|pre|article)$/.test(child.tagName) || holdsLayout(child));
}
