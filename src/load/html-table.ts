// HTML tables as Markdown tables.
import { attribute, type Element, isElement } from "./html-content.ts";
import type { Line } from "./html-text.ts";

/**
 * A table's caption and rows as lines; undefined for one that is there for the layout: with a table in it, one column, or cells
 * of several paragraphs. The first row counts as the head, as Markdown wants one.
 */
export function tableRows(table: Element, blocksOf: (cell: Element) => Line[][]): Line[] | undefined {
  if (/^(?:presentation|none)$/.test(attribute(table, "role") ?? "")) return undefined;
  const rows: Element[] = [];
  const caption: Line[] = [];
  for (const part of table.childNodes) {
    if (!isElement(part)) continue;
    if (part.tagName === "caption") caption.push(...blocksOf(part).flat());
    if (part.tagName === "tr") rows.push(part);
    else if (/^t(?:head|body|foot)$/.test(part.tagName)) {
      rows.push(...part.childNodes.filter(isElement).filter((row) => row.tagName === "tr"));
    }
  }
  const cells = rows.map((row) => row.childNodes.filter(isElement).filter((cell) => /^t[dh]$/.test(cell.tagName)));
  const columns = Math.max(0, ...cells.map((row) => row.length));
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
  const line = (texts: string[]) => `| ${Array.from({ length: columns }, (_, i) => texts[i] ?? "").join(" | ")} |`;
  const rule = { text: `|${" --- |".repeat(columns)}`, line: head.line };
  const body = full.map(({ texts, line: at }) => ({ text: line(texts), line: at }));
  const blank = caption.length === 0 ? [] : [{ text: "", line: caption.at(-1)!.line }];
  return [...caption, ...blank, body[0]!, rule, ...body.slice(1)];
}

/** Whether a cell is more than a value: another table, a heading, code, or several paragraphs. */
function holdsLayout(cell: Element): boolean {
  const inside = cell.childNodes.filter(isElement);
  if (inside.filter(({ tagName }) => /^(?:p|div|ul|ol|section)$/.test(tagName)).length > 1) return true;
  return inside.some((child) => /^(?:table|h[1-6]|pre|article)$/.test(child.tagName) || holdsLayout(child));
}
