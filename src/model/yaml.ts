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

/** 1-based. */
export interface Place {
  line: number;
  column: number;
}
export type Item = MapItem | ListItem | TextItem | EmptyItem;
export interface MapItem {
  kind: "map";
  at: Place;
  entries: { key: TextItem; value: Item }[];
}
export interface ListItem {
  kind: "list";
  at: Place;
  items: Item[];
}
export interface TextItem {
  kind: "text";
  at: Place;
  text: string;
  /** The text itself begins one column further on. */
  quoted: boolean;
}
/** `key:` with nothing behind it, or `~`. */
export interface EmptyItem {
  kind: "empty";
  at: Place;
}

export interface YamlFile {
  /** Null where the text could not be read at all. */
  root: Item | null;
  problems: Problem[];
  /** First line with a YAML error; what stands behind it is not to be trusted. Infinity where there is none. */
  brokenAt: number;
}

export function readYaml(text: string, source: string): YamlFile {
  const file: YamlFile = { root: null, problems: [], brokenAt: Number.POSITIVE_INFINITY };
  const error = (message: string, { line, column }: Place, breaks: boolean): void => {
    file.problems.push({ severity: "error", source, line, column, message });
    if (breaks) file.brokenAt = Math.min(file.brokenAt, line);
  };
  const refused = beyondCaps(text);
  if (refused !== null) {
    error(refused, { line: 1, column: 1 }, true);
    return file;
  }
  const lines = new (yaml().LineCounter)();
  const place = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  let document: Yaml.Document.Parsed;
  try {
    document = yaml().parseDocument(text, { lineCounter: lines, prettyErrors: false, keepSourceTokens: false });
  } catch (cause) {
    // The package parses by recursion; text that nests deeper than the stack ends there.
    if (!(cause instanceof RangeError)) throw cause;
    error(`nested too deeply; at most ${FILE_CAPS.depth} levels are read`, { line: 1, column: 1 }, true);
    return file;
  }
  for (const wrong of [...document.errors, ...document.warnings]) {
    const duplicate = wrong.code === "DUPLICATE_KEY";
    const what = duplicate ? "the same key twice in one mapping" : `not valid YAML: ${wrong.message}`;
    error(what, place(wrong.pos[0]), !duplicate);
  }
  file.root = convert(document.contents, 0, place, (message, at) => error(message, at, false));
  return file;
}

/** What is wrong with the size of a file; its tokens are counted as a stream, before a tree is built. */
function beyondCaps(text: string): string | null {
  if (text.length > FILE_CAPS.characters) {
    return `the file has ${text.length} characters; at most ${FILE_CAPS.characters} are read`;
  }
  let tokens = 0;
  let depth = 0;
  for (const token of new (yaml().Lexer)().lex(text)) {
    if (++tokens > FILE_CAPS.tokens) return `the file has more than ${FILE_CAPS.tokens} words and signs`;
    if (token === "[" || token === "{") depth++;
    else if (token === "]" || token === "}") depth--;
    if (depth > FILE_CAPS.depth) return `nested too deeply; at most ${FILE_CAPS.depth} levels are read`;
  }
  return null;
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
    return { kind: "empty", at };
  }
  if (isAlias(node) || ((isMap(node) || isSeq(node) || isScalar(node)) && node.anchor !== undefined)) {
    error("anchors and aliases are not read here; write the value out", at);
    return { kind: "empty", at };
  }
  if (isMap(node)) {
    const entries = node.items.map(({ key, value }) => {
      const keyItem = convert(key, depth + 1, place, error);
      if (keyItem.kind !== "text") error("a key must be a plain word", keyItem.at);
      const text = keyItem.kind === "text" ? keyItem.text : "";
      const read = value === null ? null : convert(value, depth + 1, place, error);
      const quoted = keyItem.kind === "text" && keyItem.quoted;
      const whole: TextItem = { kind: "text", at: keyItem.at, text, quoted };
      return { key: whole, value: read ?? { kind: "empty", at: keyItem.at } };
    });
    return { kind: "map", at, entries };
  }
  if (isSeq(node)) return { kind: "list", at, items: node.items.map((item) => convert(item, depth + 1, place, error)) };
  if (!isScalar(node) || node.value === null) return { kind: "empty", at };
  // `source` is the text as written, before YAML made a number or a date of it.
  const text = typeof node.value === "string" ? node.value : (node.source ?? String(node.value));
  const quoted = node.type === "QUOTE_DOUBLE" || node.type === "QUOTE_SINGLE";
  return { kind: "text", at, text: text.trim(), quoted };
}

function isNodeWithRange(node: unknown): node is { range: [number, number, number] } {
  return typeof node === "object" && node !== null && "range" in node && Array.isArray(node.range);
}
