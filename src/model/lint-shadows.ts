/** Rules that say the same, or of which one says all that the other does. */
import { quote } from "../words.ts";
import type { Report } from "./lint.ts";
import { compileNames } from "./names.ts";
import type { Endpoint, Model, Over, Rule, Target } from "./types.ts";

/** Rules compared with each other: the work grows with the square. */
const MOST_COMPARED = 2_000;

export function lintShadows(model: Model, report: Report): void {
  const rules = model.rules.slice(0, MOST_COMPARED);
  if (rules.length < model.rules.length) {
    report(null, `only the first ${MOST_COMPARED} of ${model.rules.length} rules were compared with each other`);
  }
  const endpoints = new Map(model.endpoints.map((endpoint) => [endpoint.name, endpoint]));
  for (const [i, first] of rules.entries()) {
    for (const second of rules.slice(i + 1)) {
      if (isBan(first) !== isBan(second)) {
        const [ban, other] = isBan(first) ? [first, second] : [second, first];
        if (!covers(ban, other, endpoints)) continue;
        const why = `rule ${quote(other.id)} can document nothing`;
        report(other, `${why}: ${quote(ban.id)}, which is ${ban.requirement}, covers all of it`);
      }
      if (!sameTerms(first, second)) continue;
      const forth = covers(first, second, endpoints);
      const back = covers(second, first, endpoints);
      if (forth && back) {
        const why = `rules ${quote(first.id)} and ${quote(second.id)} cannot be told apart on the wire`;
        report(second, `${why}; make them one rule with several citations`);
      } else if (forth || back) {
        const [wide, narrow] = forth ? [first, second] : [second, first];
        report(narrow, `rule ${quote(narrow.id)} is shadowed by ${quote(wide.id)}, which covers all of it`);
      } else {
        const shared = overlap(first, second);
        if (shared === null) continue;
        report(second, `rules ${quote(first.id)} and ${quote(second.id)} overlap: ${shared} is both`);
      }
    }
  }
}

function isBan({ requirement }: Rule): boolean {
  return requirement === "forbidden" || requirement === "retired";
}

/** A port that two rules between the same ends have in common, as `tcp/1500-2000`; null where they have none. */
function overlap(a: Rule, b: Rule): string | null {
  if (JSON.stringify([a.from, a.to]) !== JSON.stringify([b.from, b.to])) return null;
  if (a.when !== null && b.when !== null && JSON.stringify(a.when) !== JSON.stringify(b.when)) return null;
  if (a.apps !== null && b.apps !== null && !a.apps.some((app) => b.apps?.includes(app))) return null;
  for (const one of a.over) {
    for (const other of b.over) {
      if (one.transport !== other.transport) continue;
      for (const { first, last } of one.ports) {
        for (const range of other.ports) {
          const [from, to] = [Math.max(first, range.first), Math.min(last, range.last)];
          if (from >= 0 && from <= to) return `${one.transport}/${from === to ? from : `${from}-${to}`}`;
        }
      }
    }
  }
  return null;
}

/** Only rules that ask the same are compared: a wide optional row beside a narrow required one is how documents are. */
function sameTerms(a: Rule, b: Rule): boolean {
  return (
    a.requirement === b.requirement &&
    a.on === b.on &&
    a.fallbackFor === b.fallbackFor &&
    a.anyOf === b.anyOf &&
    a.retiredAfter === b.retiredAfter &&
    JSON.stringify(a.expect) === JSON.stringify(b.expect)
  );
}

function covers(wide: Rule, narrow: Rule, endpoints: ReadonlyMap<string, Endpoint>): boolean {
  return (
    narrow.over.every((over) => wide.over.some((other) => coversOver(other, over))) &&
    (wide.apps === null || (narrow.apps?.every((app) => wide.apps?.includes(app)) ?? false)) &&
    (wide.when === null || JSON.stringify(wide.when) === JSON.stringify(narrow.when)) &&
    coversTarget(wide.from, narrow.from, endpoints) &&
    coversTarget(wide.to, narrow.to, endpoints)
  );
}

function coversOver(wide: Over, narrow: Over): boolean {
  if (wide.transport === "any") return true;
  if (wide.transport !== narrow.transport) return false;
  if (wide.ports.length === 0) return true;
  return (
    narrow.ports.length > 0 &&
    narrow.ports.every((port) =>
      wide.ports.some(
        (other) =>
          other.parameter === port.parameter &&
          other.first <= port.first &&
          port.last <= other.last &&
          (other.first >= 0 || port.first < 0),
      ),
    )
  );
}

function coversTarget(wide: Target, narrow: Target, endpoints: ReadonlyMap<string, Endpoint>): boolean {
  if (wide.kind === "anyone") return true;
  if (JSON.stringify(wide) === JSON.stringify(narrow)) return true;
  if (wide.kind === "judged") return narrow.kind === "role";
  if (wide.kind !== "endpoint" || narrow.kind !== "endpoint") return false;
  const [big, small] = [endpoints.get(wide.endpoint), endpoints.get(narrow.endpoint)];
  return big !== undefined && small !== undefined && coversEndpoint(big, small);
}

function coversEndpoint(wide: Endpoint, narrow: Endpoint): boolean {
  const matcher = compileNames(wide.hosts);
  const sameText = new Set(wide.hosts.map(({ text }) => text));
  return (
    (narrow.ranges === null || narrow.ranges === wide.ranges) &&
    (narrow.role === undefined || narrow.role === wide.role) &&
    narrow.hosts.every(
      ({ text, labels }) =>
        sameText.has(text) || (!labels.some((label) => label.startsWith("*")) && matcher.match(text).length > 0),
    ) &&
    narrow.addresses.every((range) =>
      wide.addresses.some(
        (other) => other.family === range.family && other.first <= range.first && range.last <= other.last,
      ),
    )
  );
}
