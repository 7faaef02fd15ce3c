/** What a model may say and probably should not: found by reading the model alone. */
import { DECODERS } from "../../decoders/index.ts";
import { editDistance, quote, unknownWord } from "../words.ts";
import { canHold, conditionParameters, describeCondition } from "./conditions.ts";
import { psl } from "./lazy.ts";
import { neverRead } from "./lint-apps.ts";
import { lintShadows } from "./lint-shadows.ts";
import { PROXY_ROLE } from "./load.ts";
import { rangeHas } from "./ranges.ts";
import { wildcardSuffix } from "./suffixes.ts";
import type { Endpoint, Model, Problem, Rule } from "./types.ts";

/** Takes one finding about something that stands in the file; null where it is about the model as a whole. */
export type Report = (what: { line?: number; column?: number } | null, message: string) => void;

/** Warnings in the file's order, for a person to decide; what is wrong for sure, loading has refused. */
export function lintModel(model: Model): Problem[] {
  const problems: Problem[] = [];
  const report: Report = (what, message) => {
    const { line = 1, column = 1 } = what ?? {};
    problems.push({ severity: "warning", source: model.source, line, column, message });
  };
  lintUnused(model, report);
  for (const endpoint of model.endpoints) lintEndpoint(endpoint, report);
  lintNearNames(model, report);
  for (const rule of model.rules) lintRule(model, rule, report);
  lintAlternatives(model, report);
  lintShadows(model, report);
  return problems.sort((a, b) => a.line - b.line || a.column - b.column);
}

function lintUnused(model: Model, report: Report): void {
  const roles = new Set<string>([PROXY_ROLE]);
  const endpoints = new Set<string>();
  const parameters = new Set<string | null>();
  for (const rule of model.rules) {
    for (const target of [rule.from, rule.to]) {
      if (target.kind === "role") roles.add(target.role);
      else if (target.kind === "endpoint") endpoints.add(target.endpoint);
    }
    for (const name of conditionParameters(rule.when)) parameters.add(name);
    for (const port of rule.over.flatMap((over) => over.ports)) parameters.add(port.parameter);
  }
  for (const host of model.endpoints.flatMap((endpoint) => endpoint.hosts)) parameters.add(host.parameter);
  for (const { role } of model.endpoints) if (role !== undefined) roles.add(role);
  for (const role of model.roles) {
    if (!roles.has(role.name)) report(role, `role ${quote(role.name)} is in no rule`);
  }
  for (const endpoint of model.endpoints) {
    if (!endpoints.has(endpoint.name)) report(endpoint, `endpoint ${quote(endpoint.name)} is in no rule`);
  }
  for (const parameter of model.parameters) {
    if (!parameters.has(parameter.name)) report(parameter, `parameter ${quote(parameter.name)} decides nothing`);
  }
}

/** RFC 1918, RFC 3927, RFC 4193, RFC 4291: no vendor can mean a particular host by them. */
const PRIVATE: readonly [4 | 6, string, string][] = [
  [4, "0a000000", "0affffff"],
  [4, "ac100000", "ac1fffff"],
  [4, "c0a80000", "c0a8ffff"],
  [4, "a9fe0000", "a9feffff"],
  [6, `fc${"0".repeat(30)}`, `fd${"f".repeat(30)}`],
  [6, `fe80${"0".repeat(28)}`, `febf${"f".repeat(28)}`],
];

function lintEndpoint(endpoint: Endpoint, report: Report): void {
  for (const host of endpoint.hosts) {
    const wild = wildcardSuffix(host);
    if (wild?.kind !== "shared") continue;
    report(endpoint, `${host.text} is a wildcard over shared hosting: strangers have names under ${wild.suffix}`);
  }
  for (const range of endpoint.addresses) {
    const within = PRIVATE.some(([family, first, last]) => {
      const area = { text: "", family, first, last };
      return rangeHas(area, range.family, range.first) && rangeHas(area, range.family, range.last);
    });
    if (within) report(endpoint, `${range.text} is a private address: it means another host at every site`);
  }
}

/** Names that look like each other's typing error; numbered hosts (`url1`, `url2`) are meant to differ. */
function lintNearNames(model: Model, report: Report): void {
  const domains = new Map<string, Endpoint>();
  const names = new Map<string, Endpoint>();
  for (const endpoint of model.endpoints) {
    for (const { labels, parameter } of endpoint.hosts) {
      if (parameter !== null) continue;
      const plain = labels.filter((label) => !label.startsWith("*")).join(".");
      const parsed = psl().parse(plain);
      const domain = "error" in parsed ? null : parsed.domain;
      if (domain !== null && !domains.has(domain)) domains.set(domain, endpoint);
      if (!names.has(plain)) names.set(plain, endpoint);
    }
  }
  const found = new Set<string>();
  const tell = (a: string, b: string, endpoint: Endpoint): void => {
    if (found.has(`${a} ${b}`)) return;
    found.add(`${a} ${b}`);
    report(endpoint, `${b} is one letter off ${a}: a typing error in the document?`);
  };
  comparePairs([...domains], (a, b, endpoint) => {
    if (oneLetterOff(a, b)) tell(a, b, endpoint);
  });
  comparePairs([...names], (a, b, endpoint) => {
    const [left, right] = [a.split("."), b.split(".")];
    const different = left.flatMap((label, i) => (label === right[i] ? [] : [[label, right[i] ?? ""] as const]));
    const [pair] = different;
    if (left.length !== right.length || different.length !== 1 || pair === undefined) return;
    if (pair[0].length >= SHORTEST_COMPARED && oneLetterOff(...pair) && !domains.has(a)) tell(a, b, endpoint);
  });
}

/** Short labels differ by one letter as a matter of course: `api` and `app`, `de` and `fr`. */
const SHORTEST_COMPARED = 5;
/** Names compared with each other: the work grows with the square. */
const MOST_COMPARED = 2_000;

function comparePairs(
  items: readonly (readonly [string, Endpoint])[],
  use: (a: string, b: string, endpoint: Endpoint) => void,
): void {
  const compared = items.slice(0, MOST_COMPARED);
  for (const [i, [a]] of compared.entries()) {
    for (const [b, endpoint] of compared.slice(i + 1)) use(a, b, endpoint);
  }
}

function oneLetterOff(a: string, b: string): boolean {
  if (a === b || Math.abs(a.length - b.length) > 1) return false;
  return a.replace(/[0-9]/g, "") !== b.replace(/[0-9]/g, "") && editDistance(a, b) === 1;
}

/** A choice of one is none: the word is mistyped, or the other rule is missing. */
function lintAlternatives({ rules }: Model, report: Report): void {
  for (const rule of rules) {
    const { id, anyOf } = rule;
    if (anyOf === undefined || rules.some((other) => other.id !== id && other.anyOf === anyOf)) continue;
    report(rule, `rule ${quote(id)} is the only one of ${quote(anyOf)}: any-of needs another`);
  }
}

function lintRule(model: Model, rule: Rule, report: Report): void {
  const name = `rule ${quote(rule.id)}`;
  const open = (kind: string) => kind === "anyone" || kind === "internet";
  if (open(rule.to.kind) || open(rule.from.kind)) {
    const wide = rule.over.find(({ transport, ports }) => ports.length === 0 && !transport.startsWith("icmp"));
    if (wide !== undefined && rule.apps === null) report(rule, `${name} covers any port and any host`);
  }
  const never = neverRead(rule);
  if (never !== null) report(rule, `${name}: ${never}, so nothing can meet it`);
  if (rule.when !== null && !canHold({ op: "not", of: rule.when }, model.parameters)) {
    report(rule, `${name}: its condition always holds: ${describeCondition(rule.when)}`);
  }
  for (const expectation of rule.expect) {
    if (expectation.kind !== "field") continue;
    const decoder = DECODERS.find(({ id }) => expectation.field.startsWith(`${id}.`));
    const fields = decoder?.fields.map(({ field }) => field) ?? [];
    if (fields.length > 0 && !fields.includes(expectation.field)) {
      report(rule, `${name}: ${unknownWord("field", expectation.field, fields)}`);
    }
  }
}
