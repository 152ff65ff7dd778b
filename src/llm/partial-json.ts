// JSON that is still being written, read piece by piece. Each character is looked at once, however many pieces there are.

/** Reads JSON (RFC 8259) in pieces. Anything that is no JSON ends the reading in silence: whoever needs the whole will parse it. */
export interface PartialJson {
  /** Whether something of the value is new. */
  push(text: string): boolean;
  /** What is there so far, undefined before the first value: the same object each time, growing. Strings grow; numbers and names come whole. */
  readonly value: unknown;
}

interface Frame {
  into: unknown[] | Record<string, unknown>;
  key: string | undefined;
  /** In an object: whether a name is wanted next. */
  wantsKey: boolean;
}

const escapes: Record<string, string> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", '"': '"', "\\": "\\", "/": "/" };
const literals: Record<string, unknown> = { true: true, false: false, null: null };

export function partialJson(): PartialJson {
  let root: unknown;
  let dead = false;
  let changed = false;
  const stack: Frame[] = [];
  let token: "none" | "string" | "literal" = "none";
  let text = "";
  let isKey = false;
  /** An escape sequence that has begun, with its backslash. */
  let sequence = "";

  const set = (value: unknown) => {
    changed = true;
    const frame = stack.at(-1);
    if (frame === undefined) root = value;
    else if (Array.isArray(frame.into)) frame.into[frame.into.length - 1] = value;
    else Object.defineProperty(frame.into, frame.key ?? "", { value, writable: true, enumerable: true, configurable: true });
  };
  const begin = () => {
    const frame = stack.at(-1);
    if (frame !== undefined && Array.isArray(frame.into)) frame.into.push(undefined);
  };
  const open = (into: Frame["into"]) => {
    begin();
    set(into);
    stack.push({ into, key: undefined, wantsKey: !Array.isArray(into) });
  };
  const endLiteral = () => {
    token = "none";
    const value = text in literals ? literals[text] : Number(text);
    if (typeof value === "number" && Number.isNaN(value)) dead = true;
    else {
      begin();
      set(value);
    }
  };

  function inString(char: string): void {
    if (sequence !== "") {
      sequence += char;
      if (sequence[1] === "u" && sequence.length < 6) return;
      text += sequence[1] === "u" ? String.fromCharCode(Number.parseInt(sequence.slice(2), 16)) : (escapes[char] ?? char);
      sequence = "";
    } else if (char === "\\") sequence = char;
    else if (char === '"') {
      token = "none";
      const frame = stack.at(-1);
      if (isKey && frame !== undefined) {
        frame.key = text;
        frame.wantsKey = false;
      } else set(text);
    } else text += char;
  }

  function outside(char: string): void {
    const frame = stack.at(-1);
    if (char === '"') {
      token = "string";
      text = "";
      isKey = frame?.wantsKey === true;
      if (!isKey) {
        begin();
        set("");
      }
    } else if (char === "{") open({});
    else if (char === "[") open([]);
    else if (char === "}" || char === "]") stack.pop();
    else if (char === ",") {
      if (frame !== undefined) frame.wantsKey = !Array.isArray(frame.into);
    } else if (char !== ":" && !/\s/.test(char)) {
      token = "literal";
      text = char;
    }
  }

  return {
    push(piece) {
      changed = false;
      for (const char of piece.split("")) {
        if (dead) break;
        if (token === "string") inString(char);
        else if (token === "literal" && !/[\s,\]}]/.test(char)) text += char;
        else {
          if (token === "literal") endLiteral();
          outside(char);
        }
      }
      // A string is shown as far as it has come, once for each piece.
      if (token === "string" && !isKey && text !== "") set(text);
      return changed;
    },
    get value() {
      return root;
    },
  };
}
