/** Verdicts on look-ups: names that a judged host asked for, held against every name that the models mention. */
import { compileNames, type NameMatcher, resolvePattern } from "../model/names.ts";
import type { HostPattern } from "../model/types.ts";
import type { Lookup } from "../observe/lookups.ts";
import { once } from "../once.ts";
import type { LookupRow } from "../report/result.ts";
import type { Cast } from "./cast.ts";
import type { LoadedModel } from "./cover.ts";

/** Record types by which a program looks for a host or a service; others are a resolver's business. */
const REVERSE = /(?:^|\.)(?:in-addr|ip6)\.arpa$/;

export class LookupJudge {
  readonly #documented: () => { matcher: NameMatcher; exact: ReadonlySet<string> };
  readonly #bound: ReadonlySet<string>;

  constructor(models: readonly LoadedModel[], cast: Cast, siteHosts: Readonly<Record<string, readonly string[]>>) {
    this.#documented = once(() => documentedNames(models));
    this.#bound = new Set([...cast.hosts.map((host) => host.host.name ?? ""), ...Object.keys(siteHosts)]);
  }

  /** `judged`: the client plays a role. */
  verdict(lookup: Lookup, judged: boolean): LookupRow["verdict"] {
    if (!judged) return "unrelated";
    const { name } = lookup;
    const { matcher, exact } = this.#documented();
    if (this.#bound.has(name) || matcher.match(name).length > 0) return "documented";
    if (name === "." || REVERSE.test(name)) return "ignored";
    // A resolver's search list appended to a documented name, or to a name without a dot.
    if (lookup.result === "NXDOMAIN" && beginnings(name).some((beginning) => exact.has(beginning))) return "ignored";
    return "undocumented";
  }
}

/** What the models name, and of that what is no pattern. */
function documentedNames(models: readonly LoadedModel[]): { matcher: NameMatcher; exact: ReadonlySet<string> } {
  const patterns: HostPattern[] = [];
  for (const { model, parameter } of models) {
    for (const { hosts } of model.endpoints) {
      for (const host of hosts) {
        const resolved = resolvePattern(host, parameter);
        if (resolved !== null) patterns.push(resolved);
      }
    }
  }
  const exact = patterns.filter(({ text }) => !text.includes("*")).map(({ text }) => text);
  return { matcher: compileNames(patterns), exact: new Set(exact) };
}

/** All that a name could be with something behind it: `a.b.c` is `a` and `a.b`, each with a dot behind it. */
function beginnings(name: string): string[] {
  const found: string[] = [];
  for (let dot = name.indexOf("."); dot >= 0; dot = name.indexOf(".", dot + 1)) found.push(name.slice(0, dot));
  return found;
}

export function lookupRow(lookup: Lookup, realm: string, verdict: LookupRow["verdict"]): LookupRow {
  return {
    realm,
    client: lookup.client,
    server: lookup.server,
    name: lookup.name,
    type: lookup.type,
    result: lookup.result,
    answers: lookup.answers,
    verdict,
    first_frame: lookup.frame,
    first_capture_id: lookup.capture,
    count: lookup.count,
  };
}
