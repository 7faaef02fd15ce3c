/**
 * What `yaml-plain.ts` reads, as numbers: a file of 10,000 rules has a quarter of a million items, which as objects would all be
 * kept until the last of them is read, and copied by the collector meanwhile. An item is made when somebody asks for it, and
 * garbage as soon as what it says has been read.
 *
 *     kind │ line │ column │ from │ to        a text: where it stands in the file's text, or in `made`
 *                                             a collection: its node's number is followed by its items', up to `to`
 *
 * A mapping's keys and values follow each other by turns. Numbers of nodes are those of their first words.
 */
import type { Item, ListItem, MapItem, TextItem } from "./yaml.ts";

export const EMPTY = 0;
export const PLAIN = 1;
export const QUOTED = 2;
/** Texts that do not stand in the file as they are read: `from` is their number. */
export const MADE = 3;
export const MADE_QUOTED = 4;
export const LIST = 5;
export const MAP = 6;

const LINE = 1;
const COLUMN = 2;
const FROM = 3;
const TO = 4;
const NODE = 5;
const FIRST_NODES = 256;

export class YamlTree {
  readonly #text: string;
  readonly #made: string[] = [];
  #words = new Int32Array(FIRST_NODES * NODE);
  #end = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The next node; `from` and `to` of a text. */
  add(kind: number, line: number, column: number, from: number, to: number): number {
    const at = this.#end;
    if (at === this.#words.length) {
      const words = new Int32Array(2 * at);
      words.set(this.#words);
      this.#words = words;
    }
    this.#end = at + NODE;
    const words = this.#words;
    words[at] = kind;
    words[at + LINE] = line;
    words[at + COLUMN] = column;
    words[at + FROM] = from;
    words[at + TO] = to;
    return at;
  }

  addMade(text: string, isQuoted: boolean, line: number, column: number): number {
    return this.add(isQuoted ? MADE_QUOTED : MADE, line, column, this.#made.push(text) - 1, 0);
  }

  /** A collection that has all its items now. */
  close(at: number): number {
    this.#words[at + TO] = this.#end;
    return at;
  }

  isText(at: number): boolean {
    const kind = this.#words[at]!;
    return kind !== EMPTY && kind < LIST;
  }

  item(at: number): Item {
    const words = this.#words;
    const kind = words[at]!;
    const line = words[at + LINE]!;
    const column = words[at + COLUMN]!;
    if (kind === EMPTY) return { kind: "empty", line, column };
    if (kind === LIST) return new PlainList(this, at, line, column);
    if (kind === MAP) return new PlainMap(this, at, line, column);
    return this.#textItem(at);
  }

  items(list: number): Item[] {
    const items: Item[] = [];
    const end = this.#words[list + TO]!;
    for (let at = list + NODE; at < end; at = this.#behind(at)) items.push(this.item(at));
    return items;
  }

  entries(map: number): MapItem["entries"] {
    const entries: MapItem["entries"] = [];
    const end = this.#words[map + TO]!;
    for (let at = map + NODE; at < end; ) {
      const value = at + NODE; // a key is one node
      entries.push({ key: this.#textItem(at), value: this.item(value) });
      at = this.#behind(value);
    }
    return entries;
  }

  /** The texts of a mapping's keys. */
  keys(map: number): string[] {
    const keys: string[] = [];
    const end = this.#words[map + TO]!;
    for (let at = map + NODE; at < end; at = this.#behind(at + NODE)) keys.push(this.#read(at));
    return keys;
  }

  /** See `MapItem`. */
  valuesOf(map: number, known: readonly string[]): (Item | undefined)[] | null {
    const values: (Item | undefined)[] = [];
    const words = this.#words;
    const end = words[map + TO]!;
    for (let at = map + NODE; at < end; ) {
      const value = at + NODE;
      const place = known.indexOf(this.#read(at));
      if (place < 0) return null;
      if (words[value] !== EMPTY) values[place] = this.item(value);
      at = this.#behind(value);
    }
    return values;
  }

  #textItem(at: number): TextItem {
    const words = this.#words;
    const kind = words[at]!;
    const quoted = kind === QUOTED || kind === MADE_QUOTED;
    return { kind: "text", line: words[at + LINE]!, column: words[at + COLUMN]!, text: this.#read(at), quoted };
  }

  #read(at: number): string {
    const words = this.#words;
    const kind = words[at]!;
    const from = words[at + FROM]!;
    return kind < MADE ? this.#text.slice(from, words[at + TO]!) : this.#made[from]!;
  }

  /** The node behind one and all that is in it. */
  #behind(at: number): number {
    return this.#words[at]! < LIST ? at + NODE : this.#words[at + TO]!;
  }
}

class PlainList implements ListItem {
  readonly kind = "list";
  readonly #tree: YamlTree;
  readonly #at: number;
  readonly line: number;
  readonly column: number;

  constructor(tree: YamlTree, at: number, line: number, column: number) {
    this.#tree = tree;
    this.#at = at;
    this.line = line;
    this.column = column;
  }

  get items(): Item[] {
    return this.#tree.items(this.#at);
  }
}

class PlainMap implements MapItem {
  readonly kind = "map";
  readonly #tree: YamlTree;
  readonly #at: number;
  readonly line: number;
  readonly column: number;

  constructor(tree: YamlTree, at: number, line: number, column: number) {
    this.#tree = tree;
    this.#at = at;
    this.line = line;
    this.column = column;
  }

  get entries(): MapItem["entries"] {
    return this.#tree.entries(this.#at);
  }

  valuesOf(known: readonly string[]): (Item | undefined)[] | null {
    return this.#tree.valuesOf(this.#at, known);
  }
}
