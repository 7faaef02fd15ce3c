/**
 * Reads the positioned tree of a file by its expected shape and collects every problem on the way, so that one run names
 * them all. Readers return null where an item is unusable; the problem is written down by then.
 */
import { nearest, quote, unknownWord } from "../words.ts";
import { FILE_CAPS } from "./caps.ts";
import type { Problem } from "./types.ts";
import { type Fail, IDENTIFIER_RULE, isIdentifier } from "./values.ts";
import type { Item, MapItem, Place, TextItem, YamlFile } from "./yaml.ts";

/** A mapping with known keys. */
export interface Fields {
  at: Place;
  /** What stands under a key; undefined where nothing does (`~` counts as nothing). */
  get(key: string): Item | undefined;
}

/** An entry of a mapping whose keys are names that the file itself gives. */
export interface NamedItem {
  name: string;
  at: Place;
  value: Item;
}

const KIND_WORDS = { map: "a mapping", list: "a list", text: "a text", empty: "nothing" } as const;

export class Reader {
  readonly source: string;
  readonly problems: Problem[];
  readonly #brokenAt: number;

  constructor(source: string, file: YamlFile) {
    this.source = source;
    this.problems = file.problems;
    this.#brokenAt = file.brokenAt;
  }

  get failed(): boolean {
    return this.problems.some((problem) => problem.severity === "error");
  }

  /** Something found that is wrong. Behind a YAML error nothing is said: it would only be its echo. */
  error({ line, column }: Place, message: string): void {
    if (line >= this.#brokenAt) return;
    this.problems.push({ severity: "error", source: this.source, line, column, message });
  }

  /** Something that should be there, or that another part of the file should say; a broken file may only seem to lack it. */
  lacking(at: Place, message: string): void {
    if (this.#brokenAt === Number.POSITIVE_INFINITY) this.error(at, message);
  }

  /** Reports on a text at an offset within it. */
  failAt(item: TextItem): Fail {
    return (message, at = 0) => {
      const { line, column } = item;
      this.error({ line, column: column + at + (item.quoted && at > 0 ? 1 : 0) }, message);
    };
  }

  expected(item: Item, what: string, expected: string): null {
    const found = item.kind === "text" ? quote(item.text) : KIND_WORDS[item.kind];
    this.error(item, `${what}: found ${found}, expected ${expected}`);
    return null;
  }

  /** A mapping that may hold only `known` keys; unknown ones are reported with the nearest known. */
  fields(item: Item, what: string, known: readonly string[]): Fields | null {
    if (item.kind !== "map") return this.expected(item, what, mappingWith(item, known));
    const plain = item.valuesOf?.(known) ?? null;
    if (plain !== null) return new MapFields(item, known, plain);
    const values: (Item | undefined)[] = [];
    for (const { key, value } of item.entries) {
      const place = known.indexOf(key.text);
      if (place < 0) this.error(key, `${what}: ${unknownKey(key.text, value, known)}`);
      else if (value.kind !== "empty") values[place] ??= value;
    }
    return new MapFields(item, known, values);
  }

  /** A mapping whose keys are identifiers of the file's own; nothing at all is an empty one. */
  named(item: Item | undefined, what: string): NamedItem[] {
    if (item === undefined) return [];
    if (item.kind !== "map") {
      this.expected(item, what, "a mapping of names");
      return [];
    }
    const seen = new Set<string>();
    const named: NamedItem[] = [];
    for (const { key, value } of item.entries) {
      if (seen.has(key.text)) continue; // reported as a duplicate key already
      seen.add(key.text);
      if (isIdentifier(key.text)) named.push({ name: key.text, at: key, value });
      else this.error(key, `${what}: ${quote(key.text)} is no name; expected ${IDENTIFIER_RULE}`);
    }
    return named;
  }

  /** Items of a list; a single item stands for a list of one, nothing for an empty one. */
  list(item: Item | undefined): Item[] {
    if (item === undefined || item.kind === "empty") return [];
    return item.kind === "list" ? item.items : [item];
  }

  text(item: Item | undefined, what: string): TextItem | null {
    if (item === undefined) return null;
    if (item.kind === "text" && item.text !== "") return item;
    return this.expected(item, what, "a text");
  }

  texts(item: Item | undefined, what: string): TextItem[] {
    const texts: TextItem[] = [];
    for (const one of this.list(item)) {
      const text = this.text(one, what);
      if (text !== null) texts.push(text);
    }
    return texts;
  }

  /** One of a closed set of words. */
  choice<Word extends string>(item: Item | undefined, what: string, words: readonly Word[]): Word | null {
    const text = this.text(item, what);
    if (text === null) return null;
    const word = words.find((known) => known === text.text);
    if (word === undefined) this.error(text, unknownWord(what, text.text, words));
    return word ?? null;
  }

  flag(item: Item | undefined, what: string): boolean {
    if (item === undefined) return false;
    if (item.kind === "text" && (item.text === "true" || item.text === "false")) return item.text === "true";
    this.expected(item, what, "true or false");
    return false;
  }

  /** Problems in the file's order, at most `FILE_CAPS.problems`, the rest counted. */
  report(): Problem[] {
    const sorted = this.problems.sort((a, b) => a.line - b.line || a.column - b.column);
    for (const problem of sorted) problem.message = harmless(problem.message);
    const more = sorted.length - FILE_CAPS.problems;
    if (more <= 0) return sorted;
    const shown = sorted.slice(0, FILE_CAPS.problems);
    const { line, column } = sorted[FILE_CAPS.problems]!;
    shown.push({ severity: "error", source: this.source, line, column, message: `… and ${more} more problems` });
    return shown;
  }
}

/** A rule is asked for each of its keys, so what stands under them is found once, in the order of those that are known. */
class MapFields implements Fields {
  readonly at: MapItem;
  readonly #known: readonly string[];
  readonly #values: readonly (Item | undefined)[];

  constructor(item: MapItem, known: readonly string[], values: readonly (Item | undefined)[]) {
    this.at = item;
    this.#known = known;
    this.#values = values;
  }

  get(key: string): Item | undefined {
    return this.#values[this.#known.indexOf(key)];
  }
}

/** Words of the file are repeated in messages; control characters among them must not reach a terminal. */
function harmless(message: string): string {
  return message.replace(/\p{Cc}/gu, (sign) => `\\x${sign.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

/** A text where a mapping belongs is mostly what stands under its first key. */
function mappingWith(item: Item, known: readonly string[]): string {
  const like = item.kind === "text" && item.text.length < 60 ? `, such as { ${known[0]}: ${quote(item.text)} }` : "";
  return `a mapping with ${known.join(", ")}${like}`;
}

/** A key without a value that no one could have meant is often the rest of a value that had a comma in it. */
function unknownKey(key: string, value: Item, known: readonly string[]): string {
  const cut = value.kind === "empty" && nearest(key, known) === null;
  return `${unknownWord("key", key, known)}${cut ? "; inside { } a comma ends a value, so quote a value with commas" : ""}`;
}
