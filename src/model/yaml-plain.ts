/**
 * The part of YAML that models are written in, read many times as fast as the `yaml` package does: block mappings and
 * lists, flow mappings and lists, plain and quoted scalars of one line, folded text without blank lines, comments.
 *
 * All that is beyond it, every error among it, is left to the package: the reader gives up and says so. So there is one
 * place that words errors, and what is read here is what the package would have read, positions included. The tests hold
 * the two together on every shipped model and on thousands of damaged ones.
 */
import { FILE_CAPS } from "./caps.ts";
import type { Item, ListItem, MapItem, TextItem } from "./yaml.ts";

/** Tabs, other controls and what counts as a line's end elsewhere; markers of documents and directives. */
const UNUSUAL = /[^\n\x20-\x7e\u00a1-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]|^(?:---|\.\.\.|%)/m;
const NOTHING = ["~", "null", "Null", "NULL"];
/** Up to here a mapping's keys are compared one by one. */
const FEW_KEYS = 20;

// Signs are compared as numbers: a text of a thousand signs would be a thousand strings else.
const BLANK = 0x20;
const QUOTE = 0x22;
const HASH = 0x23;
const APOSTROPHE = 0x27;
const COMMA = 0x2c;
const DASH = 0x2d;
const COLON = 0x3a;
const MORE = 0x3e;
const LIST = 0x5b;
const BACKSLASH = 0x5c;
const LIST_END = 0x5d;
const MAP = 0x7b;
const MAP_END = 0x7d;

/** By sign: what it may be. */
const KIND = new Uint8Array(128);
const STARTS_KEY = 1;
const IN_KEY = 2;
/** A plain scalar can't begin with it. A dash can, where no blank follows. */
const INDICATOR = 4;
const ENDS_FLOW = 8;
mark("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.$", STARTS_KEY | IN_KEY);
mark("/*+ -", IN_KEY);
mark("?:,[]{}#&*!|>'\"%@`", INDICATOR);
mark(",[]{}", ENDS_FLOW);

/** Thrown where a text goes beyond what is read here. */
class Beyond extends Error {}

/** The file's mapping, or null where the text needs the package. */
export function readPlainYaml(text: string): MapItem | null {
  if (UNUSUAL.test(text)) return null;
  try {
    return new PlainReader(text).whole();
  } catch (cause) {
    if (cause instanceof Beyond) return null;
    throw cause;
  }
}

/** Reads forward; `#at` is the sign that is read next, on the line from `#start` up to `#end`, its line end or the text's. */
class PlainReader {
  readonly #text: string;
  #at = 0;
  #start = 0;
  #end: number;
  #line = 1;
  #items = 0;

  constructor(text: string) {
    this.#text = text;
    this.#end = lineEnd(text, 0);
  }

  whole(): MapItem {
    if (this.#indent() !== 0) throw new Beyond();
    const root = this.#blockMap(0, 0);
    if (this.#indent() >= 0) throw new Beyond();
    return root;
  }

  // -- lines -----------------------------------------------------------------------------------------------------------

  /** False at the text's end. */
  #nextLine(): boolean {
    this.#start = this.#at = this.#end + 1;
    this.#line++;
    if (this.#start > this.#text.length) {
      this.#end = this.#start;
      return false;
    }
    this.#end = lineEnd(this.#text, this.#start);
    return true;
  }

  /** Goes to the first sign of the next line with more than a comment; returns how far it is indented, -1 at the end. */
  #indent(): number {
    do {
      this.#at = this.#start;
      this.#skipBlanks();
      if (this.#at < this.#end && this.#sign() !== HASH) return this.#at - this.#start;
    } while (this.#start <= this.#text.length && this.#nextLine());
    return -1;
  }

  #skipBlanks(): void {
    while (this.#sign() === BLANK) this.#at++;
  }

  #sign(): number {
    return this.#text.charCodeAt(this.#at);
  }

  #column(): number {
    return this.#at - this.#start + 1;
  }

  // -- blocks ----------------------------------------------------------------------------------------------------------

  /** Entries whose keys stand at `indent`, the first of them at `#at`. */
  #blockMap(indent: number, depth: number): MapItem {
    const map: MapItem = { kind: "map", line: this.#line, column: this.#column(), entries: [] };
    this.#count(depth);
    for (;;) {
      const column = this.#column();
      const text = this.#key();
      if (text === "") throw new Beyond();
      const key: TextItem = { kind: "text", line: this.#line, column, text, quoted: false };
      map.entries.push({ key, value: this.#blockValue(indent, depth + 1) });
      const next = this.#indent();
      if (next > indent) throw new Beyond();
      if (next < indent) return withoutTwins(map);
    }
  }

  /** Items whose dashes stand at `indent`, the first of them on this line. */
  #blockList(indent: number, depth: number): ListItem {
    const list: ListItem = { kind: "list", line: this.#line, column: this.#column(), items: [] };
    this.#count(depth);
    for (;;) {
      this.#at++;
      this.#skipBlanks();
      const inner = this.#at;
      const isMap = this.#key() !== "";
      this.#at = inner;
      if (isMap) list.items.push(this.#blockMap(inner - this.#start, depth + 1));
      else if (inner === this.#end || this.#sign() === HASH) throw new Beyond();
      else list.items.push(this.#blockValue(indent, depth + 1));
      const next = this.#indent();
      if (next > indent) throw new Beyond();
      if (next < indent || !this.#isDash()) return list;
    }
  }

  /** A key, its colon and the blanks behind it; "" where there is none, and `#at` is anywhere then. */
  #key(): string {
    const from = this.#at;
    if ((KIND[this.#sign()]! & STARTS_KEY) === 0) return "";
    do this.#at++;
    while ((KIND[this.#sign()]! & IN_KEY) !== 0);
    const to = this.#at;
    if (this.#sign() !== COLON || this.#text.charCodeAt(to - 1) === BLANK) return "";
    this.#at++;
    if (this.#at < this.#end && this.#sign() !== BLANK) return "";
    this.#skipBlanks();
    return this.#text.slice(from, to);
  }

  /** What stands behind a key or a dash at `indent`, from `#at` on: on this line, or in deeper ones. */
  #blockValue(indent: number, depth: number): Item {
    if (this.#at < this.#end && this.#sign() !== HASH) return this.#sameLine(indent, depth);
    this.#nextLine();
    const next = this.#indent();
    if (next < indent) throw new Beyond();
    if (this.#isDash()) return this.#blockList(next, depth);
    if (next === indent) throw new Beyond();
    return this.#blockMap(next, depth);
  }

  #sameLine(indent: number, depth: number): Item {
    const sign = this.#sign();
    if (sign === MORE) return this.#folded(indent, depth);
    if (sign !== LIST && sign !== MAP && sign !== QUOTE && sign !== APOSTROPHE) {
      const column = this.#column();
      const item = this.#plain(this.#blockText(), column, depth);
      this.#nextLine();
      return item;
    }
    const item = this.#flowItem(indent, depth);
    if (!this.#isRestEmpty()) throw new Beyond();
    this.#nextLine();
    return item;
  }

  /** Nothing but blanks, or blanks and a comment, up to the line's end. */
  #isRestEmpty(): boolean {
    const from = this.#at;
    this.#skipBlanks();
    return this.#at === this.#end || (this.#at > from && this.#sign() === HASH);
  }

  /** A plain scalar up to the line's end or a comment. */
  #blockText(): string {
    const text = this.#text;
    const from = this.#at;
    let to = from;
    for (let before = 0; to < this.#end; to++) {
      const sign = text.charCodeAt(to);
      if (before === COLON && sign === BLANK) throw new Beyond();
      if (before === BLANK && sign === HASH) break;
      before = sign;
    }
    const read = withoutEnd(text.slice(from, to));
    if (read.charCodeAt(read.length - 1) === COLON) throw new Beyond();
    return read;
  }

  /** `>-` and its lines, all equally deep: one text, a blank between lines. */
  #folded(indent: number, depth: number): Item {
    const line = this.#line;
    const column = this.#column();
    this.#at++;
    if (this.#sign() === DASH) this.#at++;
    this.#skipBlanks();
    if (this.#at !== this.#end) throw new Beyond();
    this.#nextLine();
    this.#skipBlanks();
    const inner = this.#at - this.#start;
    if (inner <= indent) throw new Beyond();
    const parts: string[] = [];
    for (;;) {
      const first = this.#at - this.#start;
      if (this.#at >= this.#end || first < inner) break;
      if (first > inner || this.#text.charCodeAt(this.#end - 1) === BLANK) throw new Beyond();
      parts.push(this.#text.slice(this.#at, this.#end));
      this.#nextLine();
      this.#skipBlanks();
    }
    if (parts.length === 0) throw new Beyond();
    while (this.#at === this.#end && this.#nextLine()) this.#skipBlanks();
    if (this.#at - this.#start > indent) throw new Beyond();
    this.#count(depth);
    return { kind: "text", line, column, text: parts.join(" "), quoted: false };
  }

  /** A list's dash, with a blank or nothing behind it. */
  #isDash(): boolean {
    if (this.#sign() !== DASH) return false;
    return this.#at + 1 === this.#end || this.#text.charCodeAt(this.#at + 1) === BLANK;
  }

  // -- flow ------------------------------------------------------------------------------------------------------------

  /** At `#at`; lines that follow have to be deeper than `indent`. */
  #flowItem(indent: number, depth: number): Item {
    const sign = this.#sign();
    if (sign === LIST) return this.#flowList(indent, depth);
    if (sign === MAP) return this.#flowMap(indent, depth);
    if (sign === QUOTE || sign === APOSTROPHE) return this.#quoted(sign, depth);
    const column = this.#column();
    return this.#plain(this.#flowText(), column, depth);
  }

  #flowList(indent: number, depth: number): ListItem {
    const list: ListItem = { kind: "list", line: this.#line, column: this.#column(), items: [] };
    this.#count(depth);
    let sign = this.#flowSign(indent, 1);
    while (sign !== LIST_END) {
      list.items.push(this.#flowItem(indent, depth + 1));
      sign = this.#flowSign(indent, 0);
      if (sign === COMMA) this.#flowSign(indent, 1);
      else if (sign !== LIST_END) throw new Beyond();
    }
    this.#at++;
    return list;
  }

  #flowMap(indent: number, depth: number): MapItem {
    const map: MapItem = { kind: "map", line: this.#line, column: this.#column(), entries: [] };
    this.#count(depth);
    let sign = this.#flowSign(indent, 1);
    while (sign !== MAP_END) {
      const key = this.#flowItem(indent, depth + 1);
      if (key.kind !== "text" || this.#sign() !== COLON || this.#text.charCodeAt(this.#at + 1) !== BLANK)
        throw new Beyond();
      this.#flowSign(indent, 1);
      map.entries.push({ key, value: this.#flowItem(indent, depth + 1) });
      sign = this.#flowSign(indent, 0);
      if (sign === COMMA) this.#flowSign(indent, 1);
      else if (sign !== MAP_END) throw new Beyond();
    }
    this.#at++;
    return withoutTwins(map);
  }

  /** The next sign of a flow collection, `step` signs further on and behind blanks, comments and line ends. */
  #flowSign(indent: number, step: number): number {
    this.#at += step;
    for (;;) {
      this.#skipBlanks();
      if (this.#at < this.#end) {
        const sign = this.#sign();
        if (sign !== HASH) return sign;
        if (this.#at > this.#start && this.#text.charCodeAt(this.#at - 1) !== BLANK) throw new Beyond();
      }
      if (!this.#nextLine()) throw new Beyond();
      this.#skipBlanks();
      if (this.#at < this.#end && this.#at - this.#start <= indent) throw new Beyond();
    }
  }

  /** A plain scalar up to the sign that ends it inside a flow collection. */
  #flowText(): string {
    const text = this.#text;
    const from = this.#at;
    let to = from;
    for (; to < this.#end; to++) {
      const sign = text.charCodeAt(to);
      if ((KIND[sign]! & ENDS_FLOW) !== 0) break;
      if (sign === HASH && text.charCodeAt(to - 1) === BLANK) break;
      if (sign !== COLON) continue;
      const next = text.charCodeAt(to + 1);
      if (to + 1 === this.#end || next === BLANK || (KIND[next]! & ENDS_FLOW) !== 0) break;
    }
    const read = withoutEnd(text.slice(from, to));
    this.#at = from + read.length;
    return read;
  }

  // -- scalars ---------------------------------------------------------------------------------------------------------

  #quoted(quote: number, depth: number): TextItem {
    const text = this.#text;
    const column = this.#column();
    const from = this.#at + 1;
    let doubled = false;
    let to = from;
    for (; ; to++) {
      const sign = text.charCodeAt(to);
      if (to >= this.#end || (sign === BACKSLASH && quote === QUOTE)) throw new Beyond();
      if (sign !== quote) continue;
      if (quote === QUOTE || text.charCodeAt(to + 1) !== APOSTROPHE) break;
      doubled = true;
      to++;
    }
    this.#at = to + 1;
    this.#count(depth);
    const inner = text.slice(from, to);
    const read = (doubled ? inner.replaceAll("''", "'") : inner).trim();
    return { kind: "text", line: this.#line, column, text: read, quoted: true };
  }

  /** On this line; flow text of several lines is nothing that is read here. */
  #plain(text: string, column: number, depth: number): Item {
    const first = text.charCodeAt(0);
    if (text === "" || (KIND[first]! & INDICATOR) !== 0) throw new Beyond();
    if (first === DASH && (text.length === 1 || text.charCodeAt(1) === BLANK)) throw new Beyond();
    this.#count(depth);
    const line = this.#line;
    return isNothing(text) ? { kind: "empty", line, column } : { kind: "text", line, column, text, quoted: false };
  }

  #count(depth: number): void {
    if (depth > FILE_CAPS.depth || ++this.#items > FILE_CAPS.tokens / 2) throw new Beyond();
  }
}

/** A mapping none of whose keys is there twice, says nothing or is too long. */
function withoutTwins(map: MapItem): MapItem {
  const { entries } = map;
  const seen = entries.length > FEW_KEYS ? new Set<string>() : null;
  for (let i = 0; i < entries.length; i++) {
    const { text } = entries[i]!.key;
    if (text.length > 1000 || isNothing(text)) throw new Beyond();
    if (seen !== null) seen.add(text);
    else for (let j = 0; j < i; j++) if (entries[j]!.key.text === text) throw new Beyond();
  }
  if (seen !== null && seen.size < entries.length) throw new Beyond();
  return map;
}

function isNothing(text: string): boolean {
  return text.length <= 4 && NOTHING.includes(text);
}

/** `trimEnd`, which costs more than nearly always having to look at one sign. */
function withoutEnd(text: string): string {
  const last = text.charCodeAt(text.length - 1);
  return last > BLANK && last < 0x7f ? text : text.trimEnd();
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  return end < 0 ? text.length : end;
}

function mark(signs: string, as: number): void {
  for (let i = 0; i < signs.length; i++) KIND[signs.charCodeAt(i)]! |= as;
}
