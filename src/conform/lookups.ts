/** Verdicts on look-ups: names that a judged host asked for, held against every name that the models mention. */
import { compileNames, resolvePattern } from "../model/names.ts";
import type { HostPattern } from "../model/types.ts";
import type { Lookup } from "../observe/lookups.ts";
import type { LookupRow } from "../report/result.ts";
import type { Cast } from "./cast.ts";
import type { LoadedModel } from "./cover.ts";

/** Record types by which a program looks for a host or a service; others are a resolver's business. */
const REVERSE = /(?:^|\.)(?:in-addr|ip6)\.arpa$/;

export class LookupJudge {
  readonly #matches: (name: string) => boolean;
  readonly #exact: string[] = [];
  readonly #bound: ReadonlySet<string>;

  constructor(models: readonly LoadedModel[], cast: Cast, siteHosts: Readonly<Record<string, readonly string[]>>) {
    const patterns: HostPattern[] = [];
    for (const loaded of models) {
      for (const endpoint of loaded.model.endpoints) {
        for (const pattern of endpoint.hosts) {
          const resolved = resolvePattern(
            pattern,
            pattern.parameter === null ? null : loaded.parameter(pattern.parameter),
          );
          if (resolved !== null) patterns.push(resolved);
        }
      }
    }
    const matcher = compileNames(patterns);
    this.#matches = (name) => matcher.match(name).length > 0;
    for (const pattern of patterns) if (!pattern.text.includes("*")) this.#exact.push(`${pattern.text}.`);
    this.#bound = new Set([...cast.hosts.map((host) => host.host.name ?? ""), ...Object.keys(siteHosts)]);
  }

  /** `judged`: the client plays a role. */
  verdict(lookup: Lookup, judged: boolean): LookupRow["verdict"] {
    if (!judged) return "unrelated";
    const { name } = lookup;
    if (this.#matches(name) || this.#bound.has(name)) return "documented";
    if (name === "." || REVERSE.test(name)) return "ignored";
    // A resolver's search list appended to a documented name, or to a name without a dot.
    if (lookup.result === "NXDOMAIN" && this.#exact.some((exact) => name.startsWith(exact))) return "ignored";
    return "undocumented";
  }
}

export function lookupRow(lookup: Lookup, verdict: LookupRow["verdict"]): LookupRow {
  return {
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
