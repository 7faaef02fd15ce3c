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
    report(
      "warning",
      1,
      `only the first ${MOST_COMPARED} of ${model.rules.length} rules were compared with each other`,
    );
  }
  const endpoints = new Map(model.endpoints.map((endpoint) => [endpoint.name, endpoint]));
  for (const [i, first] of rules.entries()) {
    for (const second of rules.slice(i + 1)) {
      if (!sameTerms(first, second)) continue;
      const forth = covers(first, second, endpoints);
      const back = covers(second, first, endpoints);
      if (forth && back) {
        const why = `rules ${quote(first.id)} and ${quote(second.id)} cannot be told apart on the wire`;
        report("warning", second.line, `${why}; make them one rule with several citations`);
      } else if (forth || back) {
        const [wide, narrow] = forth ? [first, second] : [second, first];
        report(
          "warning",
          narrow.line,
          `rule ${quote(narrow.id)} is shadowed by ${quote(wide.id)}, which covers all of it`,
        );
      }
    }
  }
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
