/**
 * YAML text to a small tree with positions, so that nothing behind this file knows the `yaml` package. Scalars stay the
 * text that was written: `3.10` is a version here, never the number 3.1.
 *
 * Anchors, aliases and merge keys are refused (no model needs them, and they are what a YAML bomb is made of), and so is
 * whatever goes beyond `FILE_CAPS`.
 */
import type * as Yaml from "yaml";
import { FILE_CAPS } from "./caps.ts";
import { yaml } from "./lazy.ts";
import type { Problem } from "./types.ts";
import { readPlainYaml } from "./yaml-plain.ts";

/** 1-based. */
export interface Place {
  line: number;
  column: number;
}
/** Each is the place where it begins. What is in a mapping or a list may be made anew each time it is asked for. */
export type Item = MapItem | ListItem | TextItem | EmptyItem;
export interface MapItem extends Place {
  kind: "map";
  entries: { key: TextItem; value: Item }[];
  /** What stands under each of `known`, without making keys and entries; null where the mapping has others. Not every kind of tree can. */
  valuesOf?(known: readonly string[]): (Item | undefined)[] | null;
}
export interface ListItem extends Place {
  kind: "list";
  items: Item[];
}
export interface TextItem extends Place {
  kind: "text";
  text: string;
  /** The text itself begins one column further on. */
  quoted: boolean;
}
/** `key:` with nothing behind it, or `~`. */
export interface EmptyItem extends Place {
  kind: "empty";
}

export interface YamlFile {
  /** Null where the text could not be read at all. */
  root: Item | null;
  problems: Problem[];
  /** First line with a YAML error; what stands behind it is not to be trusted. Infinity where there is none. */
  brokenAt: number;
}

export function readYaml(text: string, source: string): YamlFile {
  const plain = text.length <= FILE_CAPS.characters ? readPlainYaml(text) : null;
  if (plain !== null) return { root: plain, problems: [], brokenAt: Number.POSITIVE_INFINITY };
  return readAnyYaml(text, source);
}

/** The same by the package alone: whatever YAML allows, and what is wrong with the rest. */
export function readAnyYaml(text: string, source: string): YamlFile {
  const file: YamlFile = { root: null, problems: [], brokenAt: Number.POSITIVE_INFINITY };
  const error = (message: string, { line, column }: Place, breaks: boolean): void => {
    file.problems.push({ severity: "error", source, line, column, message });
    if (breaks) file.brokenAt = Math.min(file.brokenAt, line);
  };
  const lines = new (yaml().LineCounter)();
  const place = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const document = parse(text, lines);
  if (document === null || typeof document === "string") {
    if (document !== null) error(document, { line: 1, column: 1 }, true);
    return file;
  }
  for (const wrong of [...document.errors, ...document.warnings]) {
    error(`not valid YAML: ${wrong.message}`, place(wrong.pos[0]), true);
  }
  file.root = convert(document.contents, 0, place, (message, at) => error(message, at, false));
  return file;
}

/**
 * The text's first document, null where there is none, or what is wrong with its size. Tokens are counted while they
 * stream from the lexer to the parser, so that a bomb ends before its tree is built.
 */
function parse(text: string, lines: Yaml.LineCounter): Yaml.Document.Parsed | string | null {
  if (text.length > FILE_CAPS.characters) {
    return `the file has ${text.length} characters; at most ${FILE_CAPS.characters} are read`;
  }
  const tooDeep = `nested too deeply; at most ${FILE_CAPS.depth} levels are read`;
  const { Composer, Lexer, Parser, YAMLParseError } = yaml();
  const parser = new Parser(lines.addNewLine);
  // Keys that occur twice are found by `convert`: the package compares each with each.
  const composer = new Composer({ uniqueKeys: false, strict: true });
  let document: Yaml.Document.Parsed | null = null;
  const take = (found: Yaml.Document.Parsed): void => {
    if (document === null) document = found;
    else {
      const [from, to] = found.range;
      document.errors.push(
        new YAMLParseError([from, to], "MULTIPLE_DOCS", "a second document begins in the same file"),
      );
    }
  };
  lines.addNewLine(0);
  let tokens = 0;
  let depth = 0;
  try {
    for (const token of new Lexer().lex(text)) {
      if (++tokens > FILE_CAPS.tokens) return `the file has more than ${FILE_CAPS.tokens} words and signs`;
      if (token === "[" || token === "{") depth++;
      else if (token === "]" || token === "}") depth--;
      if (depth > FILE_CAPS.depth) return tooDeep;
      for (const part of parser.next(token)) for (const found of composer.next(part)) take(found);
      // Of collections in block form only the parser knows how deep they are; below them it keeps at most a scalar and an end.
      if (parser.stack.length > 2 * FILE_CAPS.depth) return tooDeep;
    }
    for (const part of parser.end()) for (const found of composer.next(part)) take(found);
    for (const found of composer.end(true, text.length)) take(found);
  } catch (cause) {
    // The package composes by recursion; text that nests deeper than the stack ends there.
    if (cause instanceof RangeError) return tooDeep;
    throw cause;
  }
  return document;
}

function convert(
  node: unknown,
  depth: number,
  place: (offset: number) => Place,
  error: (message: string, at: Place) => void,
): Item {
  const { isAlias, isMap, isScalar, isSeq } = yaml();
  const at = isNodeWithRange(node) ? place(node.range[0]) : place(0);
  if (depth > FILE_CAPS.depth) {
    error(`nested too deeply; at most ${FILE_CAPS.depth} levels are read`, at);
    return { kind: "empty", ...at };
  }
  if (isAlias(node) || ((isMap(node) || isSeq(node) || isScalar(node)) && node.anchor !== undefined)) {
    error("anchors and aliases are not read here; write the value out", at);
    return { kind: "empty", ...at };
  }
  if (isMap(node)) {
    const seen = new Set<string>();
    const entries = node.items.map(({ key, value }) => {
      const keyItem = convert(key, depth + 1, place, error);
      const text = keyItem.kind === "text" ? keyItem.text : "";
      if (keyItem.kind !== "text") error("a key must be a plain word", keyItem);
      else if (seen.has(text)) error("the same key twice in one mapping", keyItem);
      seen.add(text);
      const read = value === null ? null : convert(value, depth + 1, place, error);
      const quoted = keyItem.kind === "text" && keyItem.quoted;
      const whole: TextItem = { kind: "text", line: keyItem.line, column: keyItem.column, text, quoted };
      return { key: whole, value: read ?? { kind: "empty", line: keyItem.line, column: keyItem.column } };
    });
    return { kind: "map", ...at, entries };
  }
  if (isSeq(node))
    return { kind: "list", ...at, items: node.items.map((item) => convert(item, depth + 1, place, error)) };
  if (!isScalar(node) || node.value === null) return { kind: "empty", ...at };
  // `source` is the text as written, before YAML made a number or a date of it.
  const text = typeof node.value === "string" ? node.value : (node.source ?? String(node.value));
  const quoted = node.type === "QUOTE_DOUBLE" || node.type === "QUOTE_SINGLE";
  return { kind: "text", ...at, text: text.trim(), quoted };
}

function isNodeWithRange(node: unknown): node is { range: [number, number, number] } {
  return typeof node === "object" && node !== null && "range" in node && Array.isArray(node.range);
}
