/** The rules of a model file. */
import { quote, unknownWord } from "../words.ts";
import { APP_PARTS, unknownApp } from "./apps.ts";
import { FILE_CAPS } from "./caps.ts";
import { type ExpectNames, parseExpectation } from "./expect.ts";
import { KEYS, REQUIREMENTS, RESERVED_ENDS } from "./keys.ts";
import { parseOver, portParameter } from "./over.ts";
import type { Fields, Reader } from "./reader.ts";
import type { Citation, Expectation, Over, Parameter, Rule, Target } from "./types.ts";
import { IDENTIFIER_RULE, isDate, isIdentifier, parseDuration } from "./values.ts";
import { readCondition } from "./when.ts";
import type { Item, MapItem, Place, TextItem } from "./yaml.ts";

/** What rules may refer to. */
export interface RuleNames extends ExpectNames {
  endpoints: ReadonlySet<string>;
  parameters: readonly Parameter[];
}

/** Keys without which a rule is none. */
const NEEDED = ["from", "to", "over", "app", "requirement", "cite"] as const;

export function readRules(reader: Reader, item: Item, names: RuleNames): Rule[] {
  const items = reader.list(item);
  if (items.length > FILE_CAPS.rules) {
    reader.error(item, `${items.length} rules; at most ${FILE_CAPS.rules} are read`);
    return [];
  }
  const seen = new Map<string, Place>();
  const fallbacks: { rule: Rule; word: TextItem }[] = [];
  const knownApps = new Set([...names.apps, ...Object.keys(APP_PARTS), "any"]);
  const rules: Rule[] = [];
  for (const one of items) {
    const fields = reader.fields(one, "rule", KEYS.rule);
    if (fields === null) continue;
    const id = readId(reader, fields, seen);
    const rule = readRule(reader, fields, id, names, knownApps);
    const fallback = reader.text(fields.get("fallback-for"), "fallback-for");
    if (rule !== null && fallback !== null) fallbacks.push({ rule, word: fallback });
    if (rule !== null) rules.push(rule);
  }
  checkFallbacks(reader, fallbacks, seen);
  return rules;
}

function readId(reader: Reader, fields: Fields, seen: Map<string, Place>): string {
  const id = reader.text(fields.get("id"), "rule id");
  if (id === null) {
    if (fields.get("id") === undefined) reader.lacking(fields.at, 'rule: "id" is missing');
    return "";
  }
  const first = seen.get(id.text);
  if (first !== undefined)
    reader.error(id, `two rules are called ${quote(id.text)}; the first is at line ${first.line}`);
  else seen.set(id.text, id);
  if (!isIdentifier(id.text)) reader.error(id, `${quote(id.text)} is no rule id; expected ${IDENTIFIER_RULE}`);
  return id.text;
}

function readRule(
  reader: Reader,
  fields: Fields,
  id: string,
  names: RuleNames,
  knownApps: ReadonlySet<string>,
): Rule | null {
  const what = id === "" ? "rule" : `rule ${quote(id)}`;
  for (const key of NEEDED) {
    if (fields.get(key) === undefined) reader.lacking(fields.at, `${what}: "${key}" is missing`);
  }
  const requirement = reader.choice(fields.get("requirement"), "requirement", REQUIREMENTS);
  const whenItem = fields.get("when");
  const when = whenItem === undefined ? null : readCondition(reader, whenItem, names.parameters);
  const on = reader.text(fields.get("on"), `${what}, on`)?.text ?? null;
  const fallback = reader.text(fields.get("fallback-for"), "fallback-for")?.text ?? null;
  if (requirement === "conditional" && whenItem === undefined && on === null && fallback === null) {
    reader.lacking(fields.at, `${what}: conditional on what? Expected "when", "on" or "fallback-for" beside it`);
  }
  const anyOf = reader.text(fields.get("any-of"), `${what}, any-of`);
  if (anyOf !== null && !isIdentifier(anyOf.text)) reader.expected(anyOf, "any-of", `a word: ${IDENTIFIER_RULE}`);
  const from = readTarget(reader, fields.get("from"), "from", names);
  const to = readTarget(reader, fields.get("to"), "to", names);
  const over = readOver(reader, fields, names.parameters);
  if (from !== null && to !== null && !hasRole(from) && !hasRole(to)) {
    reader.error(fields.at, `${what}: neither end is a role; expected a role in "from" or "to"`);
  }
  // Everything is read before a rule is given up, so that all its problems are named at once.
  const appItem = fields.get("app");
  const appsAt = appItem?.kind === "map" ? readAppsAt(reader, appItem, over, knownApps) : null;
  const apps = appsAt === null ? readApps(reader, appItem, knownApps) : [...new Set(Object.values(appsAt).flat())];
  const everySec = readEvery(reader, fields.get("every"));
  const retiredAfter = readLastDay(reader, fields, requirement === "retired", what);
  const peer = reader.choice(fields.get("peer"), "peer", ["internet", "inside"] as const);
  const expect = readExpectations(reader, fields.get("expect"), names);
  const cite = readCitations(reader, fields.get("cite"));
  const note = reader.text(fields.get("note"), `${what}, note`)?.text ?? null;
  if (from === null || to === null || requirement === null) return null;
  const rule: Rule = {
    id,
    from,
    to,
    over,
    apps,
    when,
    requirement,
    on,
    everySec,
    fallbackFor: fallback,
    retiredAfter,
    expect,
    cite,
    note,
    line: fields.at.line,
    column: fields.at.column,
  };
  if (appsAt !== null) rule.appsAt = appsAt;
  if (peer !== null) rule.peer = peer;
  if (anyOf !== null) rule.anyOf = anyOf.text;
  return rule;
}

function hasRole(target: Target): boolean {
  return target.kind === "role" || target.kind === "judged";
}

const KIND_AND_NAME = /^(role|endpoint):(.*)$/;
const NO_KIND: readonly string[] = [];

/** `client`, `role:client`, `api-us`, `endpoint:api-us`, `internet`, `judged`, `anyone`. */
function readTarget(reader: Reader, item: Item | undefined, key: "from" | "to", names: RuleNames): Target | null {
  const word = reader.text(item, key);
  if (word === null) return null;
  for (const reserved of RESERVED_ENDS) if (reserved === word.text) return { kind: reserved };
  const [, kind, name = word.text] = (word.text.includes(":") ? KIND_AND_NAME.exec(word.text) : null) ?? NO_KIND;
  const isRole = kind !== "endpoint" && names.roles.has(name);
  const isEndpoint = kind !== "role" && names.endpoints.has(name);
  if (isRole && isEndpoint) {
    reader.error(word, `${quote(name)} is a role and an endpoint; write role:${name} or endpoint:${name}`);
    return null;
  }
  if (isRole) return { kind: "role", role: name };
  if (isEndpoint) return { kind: "endpoint", endpoint: name };
  const known =
    kind === undefined
      ? [...names.roles, ...names.endpoints, ...RESERVED_ENDS]
      : kind === "role"
        ? names.roles
        : names.endpoints;
  reader.lacking(word, `${key}: ${unknownWord(kind ?? "role or endpoint", name, [...known])}`);
  return null;
}

function readOver(reader: Reader, fields: Fields, parameters: readonly Parameter[]): Over[] {
  const over: Over[] = [];
  for (const word of reader.texts(fields.get("over"), "over")) {
    const one = parseOver(word.text, parameters, reader.failAt(word));
    if (one !== null) over.push(one);
  }
  const outside = reader.text(fields.get("outside-port"), "outside-port");
  if (outside === null) return over;
  const port = over[0]?.ports[0];
  if (
    over.length !== 1 ||
    over[0]?.ports.length !== 1 ||
    port === undefined ||
    port.first < 0 ||
    port.first !== port.last
  ) {
    reader.error(outside, 'outside-port goes with one transport and one port in "over", such as udp/30000');
  } else if (!outside.text.startsWith("$")) {
    reader.expected(outside, "outside-port", "a parameter such as $gateway-port");
  } else {
    port.parameter = portParameter(outside.text, parameters, (message) => reader.lacking(outside, message));
  }
  return over;
}

/** `known`: every word that may stand there. */
function readApps(reader: Reader, item: Item | undefined, known: ReadonlySet<string>): string[] | null {
  const words = reader.texts(item, "app");
  const any = words.find((word) => word.text === "any");
  if (any !== undefined) {
    if (words.length > 1) reader.error(any, "app: any stands alone; it covers the others");
    return null;
  }
  for (const word of words) {
    if (!known.has(word.text)) reader.error(word, `app: ${unknownApp(word.text, [...known])}`);
  }
  return words.map((word) => word.text);
}

/** `{ 22: ssh, 443: tls }`: of a rule over several ports, what is spoken at each. */
function readAppsAt(
  reader: Reader,
  { entries }: MapItem,
  over: readonly Over[],
  known: ReadonlySet<string>,
): Record<number, string[]> {
  const ports = over.flatMap((one) => one.ports.filter(({ parameter }) => parameter === null));
  const single = ports.filter(({ first, last }) => first === last && first >= 0).map(({ first }) => String(first));
  const at: Record<number, string[]> = {};
  for (const { key, value } of entries) {
    if (!single.includes(key.text)) reader.expected(key, "app", `a port that stands in "over" by itself: ${single}`);
    const apps = readApps(reader, value, known);
    if (apps === null) reader.error(value, "app: any says nothing of a port; leave the mapping out");
    else at[Number(key.text)] = apps;
  }
  const [last] = entries;
  const rest = single.filter((port) => at[Number(port)] === undefined);
  if (last !== undefined && (rest.length > 0 || single.length < ports.length))
    reader.error(
      last.key,
      `app: each port of "over" needs its own application${rest.length > 0 ? `; ${rest} has none` : ""}`,
    );
  return at;
}

function readEvery(reader: Reader, item: Item | undefined): number | null {
  const word = reader.text(item, "every");
  if (word === null) return null;
  const ms = parseDuration(word.text);
  return ms === null ? reader.expected(word, "every", "a duration such as 24h, 15 min or 30 s") : ms / 1000;
}

function readLastDay(reader: Reader, fields: Fields, retired: boolean, what: string): string | null {
  const day = reader.text(fields.get("last-day"), "last-day");
  if (day === null) {
    if (retired) reader.lacking(fields.at, `${what}: retired since when? "last-day" is missing`);
    return null;
  }
  if (!retired) reader.error(day, "last-day goes with requirement: retired");
  return isDate(day.text) ? day.text : reader.expected(day, "last-day", "a day of the calendar such as 2026-12-31");
}

function readExpectations(reader: Reader, item: Item | undefined, names: ExpectNames): Expectation[] {
  if (item === undefined) return [];
  if (item.kind !== "map") {
    reader.expected(item, "expect", "a mapping such as { tls.version: at least 1.2 }");
    return [];
  }
  return item.entries.flatMap(({ key, value }) => {
    const values = reader.texts(value, `expect, ${key.text}`);
    const [first] = values;
    if (first === undefined) {
      if (value.kind === "empty") reader.expected(value, `expect, ${key.text}`, "a value");
      return [];
    }
    const fail = (message: string, at?: number) => reader.failAt(first)(`expect, ${key.text}: ${message}`, at);
    const failKey = (message: string) => reader.error(key, `expect: ${message}`);
    return (
      parseExpectation(
        key.text,
        values.map(({ text }) => text),
        names,
        failKey,
        fail,
      ) ?? []
    );
  });
}

function readCitations(reader: Reader, item: Item | undefined): Citation[] {
  const citations: Citation[] = [];
  for (const one of reader.list(item)) {
    const fields = reader.fields(one, "cite", KEYS.cite);
    if (fields === null) continue;
    const section = reader.text(fields.get("section"), "section");
    if (section !== null) {
      citations.push({ section: section.text, item: reader.text(fields.get("item"), "item")?.text ?? null });
    } else if (fields.get("section") === undefined) reader.lacking(fields.at, 'cite: "section" is missing');
  }
  return citations;
}

/** A fallback names a rule that exists, and no chain of fallbacks comes back to where it began. */
function checkFallbacks(
  reader: Reader,
  fallbacks: { rule: Rule; word: TextItem }[],
  ids: ReadonlyMap<string, Place>,
): void {
  const next = new Map(fallbacks.map(({ rule, word }) => [rule.id, word.text]));
  for (const { rule, word } of fallbacks) {
    if (!ids.has(word.text)) reader.lacking(word, `fallback-for: ${unknownWord("rule", word.text, [...ids.keys()])}`);
    const passed = new Set<string>();
    for (let id: string | undefined = word.text; id !== undefined && !passed.has(id); id = next.get(id)) {
      passed.add(id);
      if (id === rule.id) reader.error(word, `fallback-for: rule ${quote(rule.id)} would be its own fallback`);
    }
  }
}
