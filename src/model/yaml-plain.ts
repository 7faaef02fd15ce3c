/**
 * The part of YAML that models are written in, read ten times as fast as the `yaml` package does: block mappings and
 * lists, flow mappings and lists, plain and quoted scalars of one line, folded text without blank lines, comments.
 *
 * All that is beyond it, every error among it, is left to the package: the reader gives up and says so. So there is one
 * place that words errors, and what is read here is what the package would have read, positions included. The tests hold
 * the two together on every shipped model and on thousands of damaged ones.
 */
import { FILE_CAPS } from "./caps.ts";
import type { Item, ListItem, MapItem, Place, TextItem } from "./yaml.ts";

/** Tabs, other controls and what counts as a line's end elsewhere; markers of documents and directives. */
const UNUSUAL = /[^\n\x20-\x7e\u00a1-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]|^(?:---|\.\.\.|%)/m;
/** A key of a block mapping, its colon, and the blanks behind it. */
const KEY = /([A-Za-z0-9_.$][A-Za-z0-9_.$/*+ -]*)(?<! ):(?: +|$)/y;
const SINGLE_QUOTED = /'((?:[^']|'')*)'/y;
const DOUBLE_QUOTED = /"([^"\\]*)"/y;
/** Nothing but a comment up to the line's end. */
const NOTHING_MORE = /(?: +#.*| *)$/y;
const FOLDED = />-? *$/y;
/** Signs that a plain scalar can't begin with. A dash can, where no blank follows. */
const INDICATORS = "?:,[]{}#&*!|>'\"%@`";
const NOTHING = ["~", "null", "Null", "NULL"];

/** Thrown where a text goes beyond what is read here. */
class Beyond extends Error {}

/** The file's mapping, or null where the text needs the package. */
export function readPlainYaml(text: string): MapItem | null {
  if (UNUSUAL.test(text)) return null;
  try {
    return new PlainReader(text.split("\n")).whole();
  } catch (cause) {
    if (cause instanceof Beyond) return null;
    throw cause;
  }
}

/** Reads forward; `#row` is the line that is read next, and inside flow collections `#column` the sign. */
class PlainReader {
  readonly #lines: readonly string[];
  #row = 0;
  #column = 0;
  #items = 0;

  constructor(lines: readonly string[]) {
    this.#lines = lines;
  }

  whole(): MapItem {
    if (this.#indent() !== 0) throw new Beyond();
    const root = this.#blockMap(0, 0);
    if (this.#indent() >= 0) throw new Beyond();
    return root;
  }

  // -- blocks ----------------------------------------------------------------------------------------------------------

  /** Goes on to the next line with more than a comment; returns how far it is indented, -1 at the end. */
  #indent(): number {
    for (; this.#row < this.#lines.length; this.#row++) {
      const line = this.#lines[this.#row]!;
      const indent = firstSign(line, 0);
      if (indent < line.length && line[indent] !== "#") return indent;
    }
    return -1;
  }

  /** Entries whose keys stand at `indent`, the first of them on this line. */
  #blockMap(indent: number, depth: number): MapItem {
    const map: MapItem = { kind: "map", at: this.#place(indent), entries: [] };
    this.#count(depth);
    const seen = new Set<string>();
    for (;;) {
      const at = this.#place(indent);
      const text = match(KEY, this.#lines[this.#row]!, indent);
      this.#refuseKey(text, seen);
      const key: TextItem = { kind: "text", at, text, quoted: false };
      map.entries.push({ key, value: this.#blockValue(KEY.lastIndex, indent, depth + 1) });
      const next = this.#indent();
      if (next > indent) throw new Beyond();
      if (next < indent) return map;
    }
  }

  /** Items whose dashes stand at `indent`, the first of them on this line. */
  #blockList(indent: number, depth: number): ListItem {
    const list: ListItem = { kind: "list", at: this.#place(indent), items: [] };
    this.#count(depth);
    for (;;) {
      const line = this.#lines[this.#row]!;
      const inner = firstSign(line, indent + 1);
      KEY.lastIndex = inner;
      if (KEY.test(line)) list.items.push(this.#blockMap(inner, depth + 1));
      else if (inner === line.length || line[inner] === "#") throw new Beyond();
      else list.items.push(this.#blockValue(inner, indent, depth + 1));
      const next = this.#indent();
      if (next > indent) throw new Beyond();
      if (next < indent || !isDash(this.#lines[this.#row]!, indent)) return list;
    }
  }

  /** What stands behind a key or a dash at `indent`, from `column` on: on this line, or in deeper ones. */
  #blockValue(column: number, indent: number, depth: number): Item {
    const line = this.#lines[this.#row]!;
    if (column < line.length && line[column] !== "#") return this.#sameLine(line, column, indent, depth);
    this.#row++;
    const next = this.#indent();
    if (next < indent) throw new Beyond();
    if (isDash(this.#lines[this.#row]!, next)) return this.#blockList(next, depth);
    if (next === indent) throw new Beyond();
    return this.#blockMap(next, depth);
  }

  #sameLine(line: string, column: number, indent: number, depth: number): Item {
    const sign = line[column];
    if (sign === ">") return this.#folded(column, indent, depth);
    this.#column = column;
    if (sign === "[" || sign === "{" || sign === '"' || sign === "'") {
      const item = this.#flowItem(indent, depth);
      match(NOTHING_MORE, this.#lines[this.#row]!, this.#column);
      this.#row++;
      return item;
    }
    const comment = line.indexOf(" #", column);
    const text = (comment < 0 ? line.slice(column) : line.slice(column, comment)).trimEnd();
    if (text.includes(": ") || text.endsWith(":")) throw new Beyond();
    const item = this.#plain(text, this.#place(column), depth);
    this.#row++;
    return item;
  }

  /** `>-` and its lines, all equally deep: one text, a blank between lines. */
  #folded(column: number, indent: number, depth: number): Item {
    const at = this.#place(column);
    match(FOLDED, this.#lines[this.#row]!, column);
    const inner = firstSign(this.#lines[++this.#row] ?? "", 0);
    if (inner <= indent) throw new Beyond();
    const parts: string[] = [];
    for (; this.#row < this.#lines.length; this.#row++) {
      const line = this.#lines[this.#row]!;
      const first = firstSign(line, 0);
      if (first === line.length || first < inner) break;
      if (first > inner || line.endsWith(" ")) throw new Beyond();
      parts.push(line.slice(inner));
    }
    if (parts.length === 0) throw new Beyond();
    while (this.#row < this.#lines.length && this.#lines[this.#row]!.trim() === "") this.#row++;
    if (firstSign(this.#lines[this.#row] ?? "", 0) > indent) throw new Beyond();
    this.#count(depth);
    return { kind: "text", at, text: parts.join(" "), quoted: false };
  }

  // -- flow ------------------------------------------------------------------------------------------------------------

  /** At `#column` of `#row`; lines that follow have to be deeper than `indent`. */
  #flowItem(indent: number, depth: number): Item {
    const at = this.#place(this.#column);
    const line = this.#lines[this.#row]!;
    const sign = line[this.#column];
    if (sign === "[") return this.#flowList(at, indent, depth);
    if (sign === "{") return this.#flowMap(at, indent, depth);
    if (sign === '"' || sign === "'") return this.#quoted(line, at, depth);
    return this.#plain(this.#flowText(line), at, depth);
  }

  #flowList(at: Place, indent: number, depth: number): ListItem {
    const list: ListItem = { kind: "list", at, items: [] };
    this.#count(depth);
    if (this.#flowSign(indent, 1) === "]") return this.#closed(list);
    for (;;) {
      list.items.push(this.#flowItem(indent, depth + 1));
      const sign = this.#flowSign(indent, 0);
      if (sign === "]") return this.#closed(list);
      if (sign !== ",") throw new Beyond();
      this.#flowSign(indent, 1);
    }
  }

  #flowMap(at: Place, indent: number, depth: number): MapItem {
    const map: MapItem = { kind: "map", at, entries: [] };
    this.#count(depth);
    const seen = new Set<string>();
    if (this.#flowSign(indent, 1) === "}") return this.#closed(map);
    for (;;) {
      const key = this.#flowItem(indent, depth + 1);
      if (key.kind !== "text" || !this.#lines[this.#row]!.startsWith(": ", this.#column)) throw new Beyond();
      this.#refuseKey(key.text, seen);
      this.#flowSign(indent, 1);
      map.entries.push({ key, value: this.#flowItem(indent, depth + 1) });
      const sign = this.#flowSign(indent, 0);
      if (sign === "}") return this.#closed(map);
      if (sign !== ",") throw new Beyond();
      this.#flowSign(indent, 1);
    }
  }

  #closed<Collection>(collection: Collection): Collection {
    this.#column++;
    return collection;
  }

  /** The next sign of a flow collection, `step` signs further on and behind blanks, comments and line ends. */
  #flowSign(indent: number, step: number): string {
    this.#column += step;
    for (;;) {
      const line = this.#lines[this.#row]!;
      this.#column = firstSign(line, this.#column);
      const sign = line[this.#column];
      if (sign !== undefined && sign !== "#") return sign;
      if (sign === "#" && this.#column > 0 && line[this.#column - 1] !== " ") throw new Beyond();
      if (++this.#row >= this.#lines.length) throw new Beyond();
      this.#column = 0;
      const next = this.#lines[this.#row]!;
      const inner = firstSign(next, 0);
      if (inner < next.length && inner <= indent) throw new Beyond();
    }
  }

  /** A plain scalar up to the sign that ends it inside a flow collection. */
  #flowText(line: string): string {
    const start = this.#column;
    let end = start;
    for (; end < line.length; end++) {
      const sign = line[end]!;
      if (",[]{}".includes(sign)) break;
      if (sign === ":" && (end + 1 === line.length || " ,[]{}".includes(line[end + 1]!))) break;
      if (sign === "#" && line[end - 1] === " ") break;
    }
    const text = line.slice(start, end).trimEnd();
    this.#column = start + text.length;
    return text;
  }

  // -- scalars ---------------------------------------------------------------------------------------------------------

  #quoted(line: string, at: Place, depth: number): TextItem {
    const single = line[this.#column] === "'";
    const pattern = single ? SINGLE_QUOTED : DOUBLE_QUOTED;
    const inner = match(pattern, line, this.#column);
    this.#column = pattern.lastIndex;
    this.#count(depth);
    return { kind: "text", at, text: (single ? inner.replaceAll("''", "'") : inner).trim(), quoted: true };
  }

  #plain(text: string, at: Place, depth: number): Item {
    if (text === "" || INDICATORS.includes(text[0]!) || isDash(text, 0)) throw new Beyond();
    this.#count(depth);
    return NOTHING.includes(text) ? { kind: "empty", at } : { kind: "text", at, text, quoted: false };
  }

  #refuseKey(text: string, seen: Set<string>): void {
    if (seen.has(text) || NOTHING.includes(text) || text.length > 1000) throw new Beyond();
    seen.add(text);
  }

  #count(depth: number): void {
    if (depth > FILE_CAPS.depth || ++this.#items > FILE_CAPS.tokens / 2) throw new Beyond();
  }

  #place(column: number): Place {
    return { line: this.#row + 1, column: column + 1 };
  }
}

function firstSign(line: string, from: number): number {
  let at = from;
  while (line[at] === " ") at++;
  return at;
}

/** A list's dash, with a blank or nothing behind it. */
function isDash(line: string, at: number): boolean {
  return line[at] === "-" && (line[at + 1] === " " || line.length === at + 1);
}

/** The pattern's first group at this place of the line, "" where it has none. */
function match(pattern: RegExp, line: string, at: number): string {
  pattern.lastIndex = at;
  const found = pattern.exec(line);
  if (found === null) throw new Beyond();
  return found[1] ?? "";
}
