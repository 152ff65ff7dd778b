// Which part of a web page is its content: leaves out what is there for moving about, and finds the article.
import type { DefaultTreeAdapterTypes } from "parse5";

export type Element = DefaultTreeAdapterTypes.Element;
export type Node = DefaultTreeAdapterTypes.ChildNode;

/** Never text for a reader. */
const silent = new Set(
  (
    "script style template noscript head title meta link base svg canvas video audio object embed iframe map area img picture " +
    "input button select textarea datalist progress meter dialog rp annotation annotation-xml"
  ).split(" "),
);
/** Around the content rather than in it. */
const around = new Set(["nav", "aside", "footer", "menu"]);
const aroundRoles = new Set(
  "navigation banner contentinfo complementary search dialog alertdialog menu menubar toolbar".split(" "),
);

/** Names that sites give to boxes around the content: a whole id, or a class or the end of one. */
const aroundNames =
  "nav navbar navigation topnav bottomnav sidebar breadcrumb breadcrumbs cookie cookies consent share sharing share-buttons social " +
  "comment comments related recommended promo advert advertisement ad ads banner newsletter subscribe pagination pager " +
  "skip-link sr-only visually-hidden screen-reader-text popup modal masthead footer";
const names = `(?:${aroundNames.split(" ").join("|")})`;
const aroundId = new RegExp(`^${names}$`, "i");
const aroundClass = new RegExp(`(?:^|[\\s_-])${names}(?:$|[\\s_-])`, "i");

/** Elements that make up the layout; only these are judged by their names and links. */
const boxes = new Set(["div", "section", "ul", "ol", "dl", "table", "td", "form", "header"]);

/** Elements nested deeper are not looked into; browsers stop at 512. */
export const DEEPEST = 512;

export function attribute(element: Element, name: string): string | undefined {
  return element.attrs.find((attr) => attr.name === name)?.value;
}

export function isElement(node: Node): node is Element {
  return "tagName" in node;
}

/**
 * The content of a page: its `main`, narrowed to the one article in it, or without either its body. What is hidden
 * or around the content is taken out of the tree, which is changed.
 */
export function contentOf(body: Element): Element {
  prune(body, isSilent);
  const sizes = measure(body);
  const quarter = (sizes.get(body)?.letters ?? 0) / 4;
  // A wrapper around everything may be called anything.
  prune(
    body,
    (element, within) => isAround(element, within) || (isNamedAround(element) && sizes.get(element)!.letters < quarter),
  );
  const root = mainOf(body, measure(body));
  if (root === body) pruneLinks(body);
  return root;
}

/** The page without what no reader sees. The tree is changed. */
export function onlyVisible(body: Element): Element {
  prune(body, isSilent);
  return body;
}

function isSilent(element: Element): boolean {
  if (silent.has(element.tagName) || attribute(element, "hidden") !== undefined) return true;
  if (attribute(element, "aria-hidden") === "true") return true;
  return /display\s*:\s*none|visibility\s*:\s*hidden/i.test(attribute(element, "style") ?? "");
}

function isAround(element: Element, within: boolean): boolean {
  const { tagName } = element;
  // The header of a page is a banner, the header of an article its title.
  if (around.has(tagName) || (tagName === "header" && !within)) return true;
  return aroundRoles.has(attribute(element, "role")?.toLowerCase() ?? "");
}

function isNamedAround(element: Element): boolean {
  if (!boxes.has(element.tagName)) return false;
  return aroundClass.test(attribute(element, "class") ?? "") || aroundId.test(attribute(element, "id") ?? "");
}

function mainOf(body: Element, sizes: Map<Element, Size>): Element {
  const lettersOf = (element: Element) => sizes.get(element)?.letters ?? 0;
  const longest = (list: Element[]) => list.sort((a, b) => lettersOf(b) - lettersOf(a))[0];
  const all = [...sizes.keys()];
  const main = longest(all.filter((element) => element.tagName === "main" || attribute(element, "role") === "main"));
  const root = main !== undefined && lettersOf(main) > 0 ? main : body;
  const isArticle = (element: Element) =>
    element.tagName === "article" || /articleBody/.test(attribute(element, "itemprop") ?? "");
  const article = longest(all.filter(isArticle));
  if (article === undefined || lettersOf(article) < lettersOf(root) / 3) return root;
  // A page of several articles is taken whole.
  const apart = all.filter((other) => isArticle(other) && !holds(other, article) && !holds(article, other));
  return apart.reduce((sum, other) => sum + lettersOf(other), 0) < lettersOf(article) / 2 ? article : root;
}

function holds(outer: Element, inner: Element): boolean {
  for (let at: Node | Element["parentNode"] = inner; at !== null; at = "parentNode" in at ? at.parentNode : null) {
    if (at === outer) return true;
  }
  return false;
}

/** Takes out boxes that are lists of links, unless the page is little else. */
function pruneLinks(body: Element): void {
  const sizes = measure(body);
  const isLinks = (element: Element) => {
    const { letters, linked, links } = sizes.get(element)!;
    return boxes.has(element.tagName) && links > 3 && linked > letters * 0.6;
  };
  const lost = (element: Element): number =>
    isLinks(element)
      ? sizes.get(element)!.letters
      : element.childNodes.reduce((sum, child) => sum + (isElement(child) && sizes.has(child) ? lost(child) : 0), 0);
  if (lost(body) < sizes.get(body)!.letters * 0.75) prune(body, (element) => sizes.has(element) && isLinks(element));
}

/** Removes the elements for which `out` holds. `within` tells whether one stands in a `main` or `article`. */
function prune(element: Element, out: (element: Element, within: boolean) => boolean, within = false, depth = 0): void {
  element.childNodes = element.childNodes.filter((child) => !isElement(child) || (depth < DEEPEST && !out(child, within)));
  for (const child of element.childNodes.filter(isElement)) {
    prune(child, out, within || child.tagName === "main" || child.tagName === "article", depth + 1);
  }
}

interface Size {
  letters: number;
  /** Letters in links, and how many links. */
  linked: number;
  links: number;
}

/** How much text is in an element and in each element in it. */
function measure(element: Element, sizes = new Map<Element, Size>()): Map<Element, Size> {
  const size = { letters: 0, linked: 0, links: 0 };
  sizes.set(element, size);
  for (const child of element.childNodes) {
    if (child.nodeName === "#text" && "value" in child) size.letters += child.value.replace(/\s+/g, "").length;
    if (!isElement(child)) continue;
    const inner = measure(child, sizes).get(child)!;
    const isLink = child.tagName === "a";
    size.letters += inner.letters;
    size.linked += isLink ? inner.letters : inner.linked;
    size.links += inner.links + (isLink ? 1 : 0);
  }
  return sizes;
}
