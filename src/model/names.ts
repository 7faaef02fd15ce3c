/**
 * Host names and patterns: `*` is one label, `**` one or more, everything else is taken literally, in any case.
 *
 * Which of many patterns match a name is answered by a trie of labels from the right, so that the cost depends on the
 * name and not on how many patterns there are:
 *
 *     api.example.com        com ── example ── api      (ends here)
 *     *.example.com                   └─────── *        (any one label)
 *     **.cdn.example.com              └─────── cdn ── ** (and stays here for every further label)
 */
import { domainToASCII } from "node:url";
import { parseAddress } from "../address.ts";
import { quote } from "../words.ts";
import type { HostPattern } from "./types.ts";
import type { Fail } from "./values.ts";

/** A literal label: letters, digits, dashes inside; underscores too, because service names carry them. */
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

/** What nearly all are: lower case, at most one wildcard, which comes first, and a last label that no address ends in. */
const PLAIN_HOST = /^(?:\*{1,2}\.)?(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * A host name or pattern as models write it; `$domain` where the name is a parameter. Null where it can't be one, the
 * reason told to `fail`. International names become their ASCII form (RFC 5891).
 */
export function parseHostPattern(text: string, fail: Fail): HostPattern | null {
  if (text.length <= 253 && PLAIN_HOST.test(text)) return { text, labels: text.split("."), parameter: null };
  if (text.startsWith("$")) return { text, labels: [], parameter: text.slice(1) };
  const scheme = /^[a-z][a-z0-9+.-]*:\/\/([^/:?#]*)/i.exec(text);
  if (scheme !== null) {
    fail(`${quote(text)} is a URL; write the host alone: ${scheme[1]}`);
    return null;
  }
  if (parseAddress(text) !== null || /^[0-9.]+(?:[/-][0-9.]+)?$/.test(text)) {
    fail(`${quote(text)} is no host name; addresses stand under "addresses"`);
    return null;
  }
  const labels = (text.endsWith(".") ? text.slice(0, -1) : text).toLowerCase().split(".").map(asciiLabel);
  let at = 0;
  for (const label of labels) {
    const wrong = wrongLabel(label);
    if (wrong !== null) {
      fail(`${quote(text)} is no host name: ${wrong}`, at);
      return null;
    }
    at += label.length + 1;
  }
  if (labels.every((label) => label.startsWith("*"))) {
    fail(`a wildcard may not stand for a whole name; found ${quote(text)}, expected one such as *.example.com`);
    return null;
  }
  if (labels.join(".").length > 253) {
    fail(`${quote(text)} is longer than a host name can be (253 characters)`);
    return null;
  }
  return { text: labels.join("."), labels, parameter: null };
}

function asciiLabel(label: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the question is whether all of it is ASCII
  return /^[\x00-\x7f]*$/.test(label) ? label : domainToASCII(label) || label;
}

function wrongLabel(label: string): string | null {
  if (label === "*" || label === "**" || LABEL.test(label)) return null;
  if (label === "") return "a label is empty";
  if (label.includes("*")) return `a wildcard stands for whole labels; found ${quote(label)}, expected * or **`;
  return `${quote(label)} is no label (letters, digits and dashes, at most 63)`;
}

/** A pattern whose name is a parameter, with that parameter's value in it; null where it has none, or one that is no name. */
export function resolvePattern(pattern: HostPattern, value: (parameter: string) => string | null): HostPattern | null {
  if (pattern.parameter === null) return pattern;
  const known = value(pattern.parameter);
  return known === null ? null : parseHostPattern(known, () => {});
}

/** Whether one pattern covers a name; nothing is built for it. For many patterns use `compileNames`. */
export function matchesName(pattern: HostPattern, name: string): boolean {
  if (pattern.parameter !== null) return false;
  const labels = labelsOf(name);
  if (labels.includes("")) return false;
  let at = 0;
  let here = 0;
  // Where the last `**` stands, and how far it has reached: on a mismatch it takes one label more.
  let many = -1;
  let reached = 0;
  while (here < labels.length) {
    const label = pattern.labels[at];
    if (label === "*" || label === "**" || label === labels[here]) {
      at++;
      here++;
      if (label === "**") {
        many = at;
        reached = here;
      }
    } else if (many < 0) {
      return false;
    } else {
      reached++;
      here = reached;
      at = many;
    }
  }
  return at === pattern.labels.length && at > 0;
}

/** In lower case, without the root's empty label; not to be changed. One name is held against many patterns in turn. */
function labelsOf(name: string): readonly string[] {
  if (name === lastName) return lastLabels;
  const labels = name.toLowerCase().split(".");
  if (labels.at(-1) === "") labels.pop();
  lastName = name;
  lastLabels = labels;
  return labels;
}
let lastName: string | null = null;
let lastLabels: readonly string[] = [];

interface Node {
  /** Null for none: of a large model's nodes most are a name's first label. */
  children: Map<string, Node> | null;
  /** After `*`. */
  one: Node | null;
  /** After `**`; a node that is reached this way keeps every further label. */
  many: Node | null;
  keeps: boolean;
  /** Indices of the patterns that end here. */
  ends: number[];
}

export interface NameMatcher {
  /** Indices of the patterns that cover the name, in the order of the patterns. A trailing dot does not matter. */
  match(name: string): number[];
}

/** Patterns whose name is a parameter match nothing: put the parameter's value in first (`resolvePattern`). */
export function compileNames(patterns: readonly HostPattern[]): NameMatcher {
  const root = newNode(false);
  for (const [index, pattern] of patterns.entries()) {
    if (pattern.parameter === null) insert(root, pattern.labels, index);
  }
  return { match: (name) => match(root, name) };
}

function newNode(keeps: boolean): Node {
  return { children: null, one: null, many: null, keeps, ends: [] };
}

function insert(root: Node, labels: readonly string[], index: number): void {
  let node = root;
  for (let i = labels.length - 1; i >= 0; i--) {
    const label = labels[i]!;
    if (label === "**") node = node.many ??= newNode(true);
    else if (label === "*") node = node.one ??= newNode(false);
    else {
      node.children ??= new Map();
      let child = node.children.get(label);
      if (child === undefined) {
        child = newNode(false);
        node.children.set(label, child);
      }
      node = child;
    }
  }
  node.ends.push(index);
}

function match(root: Node, name: string): number[] {
  const labels = labelsOf(name);
  // A set of nodes, because `**` may stay where it is or go on; it never holds more than the trie has nodes.
  let here = new Set([root]);
  for (let i = labels.length - 1; i >= 0 && here.size > 0; i--) {
    const label = labels[i]!;
    if (label === "") return [];
    const next = new Set<Node>();
    for (const node of here) {
      const child = node.children?.get(label);
      if (child !== undefined) next.add(child);
      if (node.one !== null) next.add(node.one);
      if (node.many !== null) next.add(node.many);
      if (node.keeps) next.add(node);
    }
    here = next;
  }
  if (labels.length === 0) return [];
  const found: number[] = [];
  for (const node of here) found.push(...node.ends);
  return found.sort((a, b) => a - b);
}
