/** What a model may say and probably should not: found by reading the model alone. */
import { DECODERS } from "../../decoders/index.ts";
import { editDistance, quote, unknownWord } from "../words.ts";
import { canHold, conditionParameters, describeCondition } from "./conditions.ts";
import { psl } from "./lazy.ts";
import { lintShadows } from "./lint-shadows.ts";
import { PROXY_ROLE } from "./load.ts";
import { rangeHas } from "./ranges.ts";
import { SHARED_HOSTING } from "./shared-hosting.ts";
import type { Endpoint, Model, Problem, Rule } from "./types.ts";

/** Takes one finding; `line` is 1 where the finding is about the model as a whole. */
export type Report = (severity: Problem["severity"], line: number | undefined, message: string) => void;

/** Findings in the file's order. Only a wildcard over a public suffix is an error; the rest is for a person to decide. */
export function lintModel(model: Model): Problem[] {
  const problems: Problem[] = [];
  const report: Report = (severity, line = 1, message) =>
    problems.push({ severity, source: model.source, line, column: 1, message });
  lintUnused(model, report);
  for (const endpoint of model.endpoints) lintEndpoint(endpoint, report);
  lintNearNames(model, report);
  for (const rule of model.rules) lintRule(model, rule, report);
  lintAlternatives(model, report);
  lintShadows(model, report);
  return problems.sort((a, b) => a.line - b.line);
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
  for (const { name, line } of model.roles) {
    if (!roles.has(name)) report("warning", line, `role ${quote(name)} is in no rule`);
  }
  for (const { name, line } of model.endpoints) {
    if (!endpoints.has(name)) report("warning", line, `endpoint ${quote(name)} is in no rule`);
  }
  for (const { name, line } of model.parameters) {
    if (!parameters.has(name)) report("warning", line, `parameter ${quote(name)} decides nothing`);
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
  for (const { text, labels } of endpoint.hosts) {
    const wild = labels.findLastIndex((label) => label.startsWith("*"));
    if (wild < 0) continue;
    const suffix = labels.slice(wild + 1).join(".");
    const kind = suffixKind(suffix);
    if (kind === "public")
      report("error", endpoint.line, `${text} is a wildcard over a public suffix: anyone may be meant`);
    if (kind === "shared") {
      report(
        "warning",
        endpoint.line,
        `${text} is a wildcard over shared hosting: strangers have names under ${suffix}`,
      );
    }
  }
  for (const range of endpoint.addresses) {
    const within = PRIVATE.some(([family, first, last]) => {
      const area = { text: "", family, first, last };
      return rangeHas(area, range.family, range.first) && rangeHas(area, range.family, range.last);
    });
    if (within)
      report("warning", endpoint.line, `${range.text} is a private address: it means another host at every site`);
  }
}

/**
 * What a wildcard over this name would take in. The list does not say which of its suffixes belong to registries and
 * which to hosting providers: registries' are one label, or a short or generic one under a country (`co.uk`).
 */
function suffixKind(suffix: string): "public" | "shared" | "own" {
  if (SHARED_HOSTING.includes(suffix)) return "shared";
  const parsed = psl().parse(suffix);
  if ("error" in parsed || parsed.domain !== null || !parsed.listed) return "own";
  const [first = "", ...others] = suffix.split(".");
  return others.length === 0 || (others.length === 1 && first.length <= 3) ? "public" : "shared";
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
    report("warning", endpoint.line, `${b} is one letter off ${a}: a typing error in the document?`);
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
  for (const { id, anyOf, line } of rules) {
    if (anyOf === undefined || rules.some((other) => other.id !== id && other.anyOf === anyOf)) continue;
    report("warning", line, `rule ${quote(id)} is the only one of ${quote(anyOf)}: any-of needs another`);
  }
}

function lintRule(model: Model, rule: Rule, report: Report): void {
  const name = `rule ${quote(rule.id)}`;
  const open = (kind: string) => kind === "anyone" || kind === "internet";
  if (open(rule.to.kind) || open(rule.from.kind)) {
    const wide = rule.over.find(({ transport, ports }) => ports.length === 0 && !transport.startsWith("icmp"));
    if (wide !== undefined && rule.apps === null) report("warning", rule.line, `${name} covers any port and any host`);
  }
  if (rule.when !== null && !canHold({ op: "not", of: rule.when }, model.parameters)) {
    report("warning", rule.line, `${name}: its condition always holds: ${describeCondition(rule.when)}`);
  }
  for (const expectation of rule.expect) {
    if (expectation.kind !== "field") continue;
    const decoder = DECODERS.find(({ id }) => expectation.field.startsWith(`${id}.`));
    const fields = decoder?.fields.map(({ field }) => field) ?? [];
    if (fields.length > 0 && !fields.includes(expectation.field)) {
      report("warning", rule.line, `${name}: ${unknownWord("field", expectation.field, fields)}`);
    }
  }
}
