// Counts hashed features of a text and projects them into a vector. Features are known by 32-bit hashes, in typed arrays: no strings
// are made for them.

/** First state of FNV-1a, 32 bits: http://www.isthe.com/chongo/tech/comp/fnv/ */
export const FNV_START = 0x811c9dc5;

/** FNV-1a over UTF-16 units instead of bytes: one step. */
export function fnv(hash: number, unit: number): number {
  return Math.imul(hash ^ unit, 0x01000193);
}

/** Hash of two hashes in their order. */
export function pairHash(first: number, second: number): number {
  return mix(Math.imul(first, 0x9e3779b1) ^ second);
}

/** MurmurHash3's 32-bit finaliser (A. Appleby, public domain): FNV-1a alone leaves neighbours alike in its upper bits. */
function mix(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Weight of all parts of a word together, against 1 for the word. How it was chosen: docs of `weights` in hashing-words.ts. */
const PARTS_WEIGHT = 0.8;
const PART_LENGTH = 3;
const PART_START = 0x1234567a;
/** Stand for the edges of a word, so that its beginning and end count as such. */
const EDGE_BEFORE = 0x3c;
const EDGE_AFTER = 0x3e;

const FIRST_SLOTS = 1 << 11;
const MOST_SLOTS_KEPT = 1 << 16;

/** An open-addressing table of the features of one text; used again for the next. */
export class FeatureTable {
  /** 1 + the entry's number, or 0; length is a power of two. */
  private slots = new Int32Array(FIRST_SLOTS);
  private size = 0;
  private hashes = new Int32Array(FIRST_SLOTS / 2);
  private counts = new Float64Array(FIRST_SLOTS / 2);
  private weights = new Float64Array(FIRST_SLOTS / 2);
  /** Where the word stands whose parts count too; both 0 for a feature without parts. */
  private starts = new Int32Array(FIRST_SLOTS / 2);
  private ends = new Int32Array(FIRST_SLOTS / 2);

  clear(): void {
    this.size = 0;
    // Emptying the table of one huge text again and again would cost more than the small ones that follow it.
    if (this.slots.length > MOST_SLOTS_KEPT) this.resize(FIRST_SLOTS);
    else this.slots.fill(0);
  }

  /** Counts a feature once. Weight and word are those of its first time. */
  add(hash: number, weight: number, start = 0, end = 0): void {
    if (this.size * 2 >= this.slots.length) this.resize(this.slots.length * 2);
    const slot = this.find(hash);
    const known = (this.slots[slot] as number) - 1;
    if (known >= 0) {
      this.counts[known] = (this.counts[known] as number) + 1;
      return;
    }
    const entry = this.size++;
    this.slots[slot] = entry + 1;
    this.hashes[entry] = hash;
    this.counts[entry] = 1;
    this.weights[entry] = weight;
    this.starts[entry] = start;
    this.ends[entry] = end;
  }

  /** Counts each character that is not white space, and each pair of them. */
  addCharacters(text: string): void {
    let previous = 0;
    for (const character of text) {
      if (/\s/.test(character)) continue;
      const code = character.codePointAt(0) as number;
      const hash = fnv(FNV_START, code);
      this.add(hash, 1);
      if (previous !== 0) this.add(pairHash(previous, hash), 1);
      previous = hash;
    }
  }

  /** The sums of all features, not yet of length 1. `text` is the one whose words were added. */
  project(text: string, dimensions: number): Float64Array {
    const sums = new Float64Array(dimensions);
    for (let entry = 0; entry < this.size; entry++) {
      // Square root, since a logarithm may differ in its last bit from one engine to another.
      const value = Math.sqrt(this.counts[entry] as number) * (this.weights[entry] as number);
      addSigned(sums, this.hashes[entry] as number, value);
      const end = this.ends[entry] as number;
      if (end > 0) addParts(sums, text, this.starts[entry] as number, end, value * PARTS_WEIGHT);
    }
    return sums;
  }

  private find(hash: number): number {
    const mask = this.slots.length - 1;
    let slot = mix(hash) & mask;
    for (;;) {
      const entry = (this.slots[slot] as number) - 1;
      if (entry < 0 || this.hashes[entry] === (hash | 0)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  private resize(slots: number): void {
    const { size } = this;
    const copy = <A extends Int32Array | Float64Array>(from: A, to: A): A => {
      to.set(from.subarray(0, size));
      return to;
    };
    this.hashes = copy(this.hashes, new Int32Array(slots / 2));
    this.counts = copy(this.counts, new Float64Array(slots / 2));
    this.weights = copy(this.weights, new Float64Array(slots / 2));
    this.starts = copy(this.starts, new Int32Array(slots / 2));
    this.ends = copy(this.ends, new Int32Array(slots / 2));
    this.slots = new Int32Array(slots);
    for (let entry = 0; entry < size; entry++) this.slots[this.find(this.hashes[entry] as number)] = entry + 1;
  }
}

/** The parts of the word between `start` and `end`; together they weigh `value`, however long the word is. */
function addParts(sums: Float64Array, text: string, start: number, end: number, value: number): void {
  const count = end - start + 2 - PART_LENGTH + 1;
  const each = value / Math.sqrt(count);
  let first = EDGE_BEFORE;
  let second = text.charCodeAt(start);
  for (let i = 1; i <= count; i++) {
    const third = start + i < end ? text.charCodeAt(start + i) : EDGE_AFTER;
    addSigned(sums, fnv(fnv(fnv(PART_START, first), second), third), each);
    first = second;
    second = third;
  }
}

/** One bit of the hash gives the sign, the other 31 the dimension. */
function addSigned(sums: Float64Array, hash: number, value: number): void {
  const mixed = mix(hash);
  const at = Math.floor(((mixed >>> 1) * sums.length) / 0x80000000);
  sums[at] = (sums[at] as number) + (mixed & 1 ? value : -value);
}
