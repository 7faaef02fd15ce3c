/**
 * The part of YAML that models are written in, read many times as fast as the `yaml` package does: block mappings and
 * lists, flow mappings and lists, plain and quoted scalars of one line, folded text without blank lines, comments.
 *
 * All that is beyond it, every error among it, is left to the package: the reader gives up and says so. So there is one
 * place that words errors, and what is read here is what the package would have read, positions included. The tests hold
 * the two together on every shipped model and on thousands of damaged ones.
 */
import { FILE_CAPS } from "./caps.ts";
import type { Item } from "./yaml.ts";
import { EMPTY, LIST, MAP, PLAIN, QUOTED, YamlTree } from "./yaml-tree.ts";

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
const LIST_BEGIN = 0x5b;
const BACKSLASH = 0x5c;
const LIST_END = 0x5d;
const MAP_BEGIN = 0x7b;
const MAP_END = 0x7d;

/** By sign: what it may be. */
const KIND = new Uint8Array(128);
const STARTS_KEY = 1;
const IN_KEY = 2;
/** A plain scalar can't begin with it. A dash can, where no blank follows. */
const INDICATOR = 4;
const ENDS_FLOW = 8;
const STARTS_NOTHING = 16;
mark("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.$", STARTS_KEY | IN_KEY);
mark("/*+ -", IN_KEY);
mark("?:,[]{}#&*!|>'\"%@`", INDICATOR);
mark(",[]{}", ENDS_FLOW);
mark("~nN", STARTS_NOTHING);

/** Thrown where a text goes beyond what is read here. */
class Beyond extends Error {}

/** The file's mapping, or null where the text needs the package. */
export function readPlainYaml(text: string): Item | null {
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
  readonly #tree: YamlTree;
  #at = 0;
  #start = 0;
  #end: number;
  #line = 1;
  #items = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tree = new YamlTree(text);
    this.#end = lineEnd(text, 0);
  }

  whole(): Item {
    if (this.#indent() !== 0) throw new Beyond();
    const root = this.#blockMap(0, 0);
    if (this.#indent() >= 0) throw new Beyond();
    return this.#tree.item(root);
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
  #blockMap(indent: number, depth: number): number {
    const map = this.#open(MAP, depth);
    for (;;) {
      const column = this.#column();
      const from = this.#at;
      const to = this.#key();
      if (to < 0) throw new Beyond();
      this.#tree.add(PLAIN, this.#line, column, from, to);
      this.#blockValue(indent, depth + 1);
      const next = this.#indent();
      if (next > indent) throw new Beyond();
      if (next < indent) return this.#closeMap(map);
    }
  }

  /** Items whose dashes stand at `indent`, the first of them on this line. */
  #blockList(indent: number, depth: number): number {
    const list = this.#open(LIST, depth);
    for (;;) {
      this.#at++;
      this.#skipBlanks();
      const inner = this.#at;
      const isMap = this.#key() >= 0;
      this.#at = inner;
      if (isMap) this.#blockMap(inner - this.#start, depth + 1);
      else if (inner === this.#end || this.#sign() === HASH) throw new Beyond();
      else this.#blockValue(indent, depth + 1);
      const next = this.#indent();
      if (next > indent) throw new Beyond();
      if (next < indent || !this.#isDash()) return this.#tree.close(list);
    }
  }

  /** A key, its colon and the blanks behind it: where the key ends, -1 where there is none, and `#at` is anywhere then. */
  #key(): number {
    if ((KIND[this.#sign()]! & STARTS_KEY) === 0) return -1;
    do this.#at++;
    while ((KIND[this.#sign()]! & IN_KEY) !== 0);
    const to = this.#at;
    if (this.#sign() !== COLON || this.#text.charCodeAt(to - 1) === BLANK) return -1;
    this.#at++;
    if (this.#at < this.#end && this.#sign() !== BLANK) return -1;
    this.#skipBlanks();
    return to;
  }

  /** What stands behind a key or a dash at `indent`, from `#at` on: on this line, or in deeper ones. */
  #blockValue(indent: number, depth: number): number {
    if (this.#at < this.#end && this.#sign() !== HASH) return this.#sameLine(indent, depth);
    this.#nextLine();
    const next = this.#indent();
    if (next < indent) throw new Beyond();
    if (this.#isDash()) return this.#blockList(next, depth);
    if (next === indent) throw new Beyond();
    return this.#blockMap(next, depth);
  }

  #sameLine(indent: number, depth: number): number {
    const sign = this.#sign();
    if (sign === MORE) return this.#folded(indent, depth);
    if (sign !== LIST_BEGIN && sign !== MAP_BEGIN && sign !== QUOTE && sign !== APOSTROPHE) {
      const column = this.#column();
      const from = this.#at;
      const item = this.#plain(from, this.#blockText(), column, depth);
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

  /** A plain scalar up to the line's end or a comment: where it ends. */
  #blockText(): number {
    const text = this.#text;
    const from = this.#at;
    let to = from;
    for (let before = 0; to < this.#end; to++) {
      const sign = text.charCodeAt(to);
      if (before === COLON && sign === BLANK) throw new Beyond();
      if (before === BLANK && sign === HASH) break;
      before = sign;
    }
    to = withoutEnd(text, from, to);
    if (to > from && text.charCodeAt(to - 1) === COLON) throw new Beyond();
    return to;
  }

  /** `>-` and its lines, all equally deep: one text, a blank between lines. */
  #folded(indent: number, depth: number): number {
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
    return this.#tree.addMade(parts.join(" "), false, line, column);
  }

  /** A list's dash, with a blank or nothing behind it. */
  #isDash(): boolean {
    if (this.#sign() !== DASH) return false;
    return this.#at + 1 === this.#end || this.#text.charCodeAt(this.#at + 1) === BLANK;
  }

  // -- flow ------------------------------------------------------------------------------------------------------------

  /** At `#at`; lines that follow have to be deeper than `indent`. */
  #flowItem(indent: number, depth: number): number {
    const sign = this.#sign();
    if (sign === LIST_BEGIN) return this.#flowList(indent, depth);
    if (sign === MAP_BEGIN) return this.#flowMap(indent, depth);
    if (sign === QUOTE || sign === APOSTROPHE) return this.#quoted(sign, depth);
    const column = this.#column();
    const from = this.#at;
    return this.#plain(from, this.#flowText(), column, depth);
  }

  #flowList(indent: number, depth: number): number {
    const list = this.#open(LIST, depth);
    let sign = this.#flowSign(indent, 1);
    while (sign !== LIST_END) {
      this.#flowItem(indent, depth + 1);
      sign = this.#flowSign(indent, 0);
      if (sign === COMMA) this.#flowSign(indent, 1);
      else if (sign !== LIST_END) throw new Beyond();
    }
    this.#at++;
    return this.#tree.close(list);
  }

  #flowMap(indent: number, depth: number): number {
    const map = this.#open(MAP, depth);
    let sign = this.#flowSign(indent, 1);
    while (sign !== MAP_END) {
      const key = this.#flowItem(indent, depth + 1);
      if (!this.#tree.isText(key) || this.#sign() !== COLON || this.#text.charCodeAt(this.#at + 1) !== BLANK)
        throw new Beyond();
      this.#flowSign(indent, 1);
      this.#flowItem(indent, depth + 1);
      sign = this.#flowSign(indent, 0);
      if (sign === COMMA) this.#flowSign(indent, 1);
      else if (sign !== MAP_END) throw new Beyond();
    }
    this.#at++;
    return this.#closeMap(map);
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

  /** A plain scalar up to the sign that ends it inside a flow collection: where it ends. */
  #flowText(): number {
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
    this.#at = withoutEnd(text, from, to);
    return this.#at;
  }

  // -- scalars ---------------------------------------------------------------------------------------------------------

  #quoted(quote: number, depth: number): number {
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
    if (read.length < inner.length) return this.#tree.addMade(read, true, this.#line, column);
    return this.#tree.add(QUOTED, this.#line, column, from, to);
  }

  /** On this line; flow text of several lines is nothing that is read here. */
  #plain(from: number, to: number, column: number, depth: number): number {
    const text = this.#text;
    const first = text.charCodeAt(from);
    if (to <= from || (KIND[first]! & INDICATOR) !== 0) throw new Beyond();
    if (first === DASH && (to - from === 1 || text.charCodeAt(from + 1) === BLANK)) throw new Beyond();
    this.#count(depth);
    return this.#tree.add(isNothing(text, from, to) ? EMPTY : PLAIN, this.#line, column, from, to);
  }

  // -- collections -----------------------------------------------------------------------------------------------------

  #open(kind: typeof LIST | typeof MAP, depth: number): number {
    this.#count(depth);
    return this.#tree.add(kind, this.#line, this.#column(), 0, 0);
  }

  /** None of the keys may be there twice, say nothing or be too long. */
  #closeMap(at: number): number {
    this.#tree.close(at);
    const keys = this.#tree.keys(at);
    const seen = keys.length > FEW_KEYS ? new Set<string>() : null;
    for (let i = 0; i < keys.length; i++) {
      const text = keys[i]!;
      if (text.length > 1000 || isNothing(text, 0, text.length)) throw new Beyond();
      if (seen !== null) seen.add(text);
      else for (let j = 0; j < i; j++) if (keys[j] === text) throw new Beyond();
    }
    if (seen !== null && seen.size < keys.length) throw new Beyond();
    return at;
  }

  #count(depth: number): void {
    if (depth > FILE_CAPS.depth || ++this.#items > FILE_CAPS.tokens / 2) throw new Beyond();
  }
}

function isNothing(text: string, from: number, to: number): boolean {
  if (to - from > 4 || (KIND[text.charCodeAt(from)]! & STARTS_NOTHING) === 0) return false;
  return NOTHING.includes(text.slice(from, to));
}

/** Where a text ends without the blanks at its end; `trimEnd` knows more of them, and costs more than looking at one sign. */
function withoutEnd(text: string, from: number, to: number): number {
  const last = text.charCodeAt(to - 1);
  return to <= from || (last > BLANK && last < 0x7f) ? to : from + text.slice(from, to).trimEnd().length;
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  return end < 0 ? text.length : end;
}

function mark(signs: string, as: number): void {
  for (let i = 0; i < signs.length; i++) KIND[signs.charCodeAt(i)]! |= as;
}
