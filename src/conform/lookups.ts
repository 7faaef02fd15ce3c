/** Verdicts on look-ups: names that a judged host asked for, held against every name that the models mention. */
import { compileNames, type NameMatcher, resolvePattern } from "../model/names.ts";
import type { HostPattern } from "../model/types.ts";
import { collectLookups, type Lookup } from "../observe/lookups.ts";
import type { Observation } from "../observe/observation.ts";
import { once } from "../once.ts";
import { LookupRows } from "../report/lookup-rows.ts";
import type { LookupRow } from "../report/result.ts";
import type { Cast, Played } from "./cast.ts";
import type { LoadedModel } from "./cover.ts";
import { isStillBound, type Moves } from "./leases.ts";

/** Record types by which a program looks for a host or a service; others are a resolver's business. */
const REVERSE = /(?:^|\.)(?:in-addr|ip6)\.arpa$/;

/** Where questions of LLMNR go (RFC 4795 section 2). */
const LLMNR_GROUPS: ReadonlySet<string> = new Set(["224.0.0.252", "ff02::1:3"]);

type Asked = Pick<Lookup, "name" | "type" | "server" | "result">;

/** The look-ups of an observation as rows, with their verdicts. */
export class JudgedLookups {
  readonly #seen: Observation;
  readonly #cast: Cast;
  readonly #moves: Moves;
  readonly #isScoped: (played: Played) => boolean;
  readonly #documented: () => { matcher: NameMatcher; exact: ReadonlySet<string> };
  readonly #bound: ReadonlySet<string>;

  /** `isScoped`: whether who plays this is judged. */
  constructor(
    seen: Observation,
    models: readonly LoadedModel[],
    cast: Cast,
    moves: Moves,
    siteHosts: Readonly<Record<string, readonly string[]>>,
    isScoped: (played: Played) => boolean,
  ) {
    this.#seen = seen;
    this.#cast = cast;
    this.#moves = moves;
    this.#isScoped = isScoped;
    this.#documented = once(() => documentedNames(models));
    this.#bound = new Set([...cast.hosts.map((host) => host.host.name ?? ""), ...Object.keys(siteHosts)]);
  }

  all(lookups: readonly Lookup[]): LookupRow[] {
    return lookups.map((lookup) => this.#row(lookup));
  }

  /** `lookups`: of hosts that play a role, or of more. */
  rows(lookups: readonly Lookup[], copies: ReadonlyMap<number, number>): LookupRows {
    const judged = this.all(lookups).filter(({ verdict }) => verdict !== "unrelated");
    const all = (): LookupRow[] => this.all(collectLookups(this.#seen, copies));
    const anew = (row: LookupRow): LookupRow => ({ ...row, verdict: this.#verdict(row, this.#roles(row).length > 0) });
    return new LookupRows(judged, all, this.#moves.size === 0 ? anew : null, copies.size === 0);
  }

  #row(lookup: Lookup): LookupRow {
    const { client, firstSec, firstNsec } = lookup;
    const realm = this.#seen.realms[lookup.realm] ?? "";
    const roles = this.#roles({ realm, client });
    const isJudged =
      roles.length > 0 && isStillBound(this.#moves, realm, client, roles, { sec: firstSec, nsec: firstNsec });
    return lookupRow(lookup, realm, this.#verdict(lookup, isJudged));
  }

  /** What the client plays; nothing where that is not judged. */
  #roles({ realm, client }: Pick<LookupRow, "realm" | "client">): readonly Played[] {
    const roles = this.#cast.ofText(realm, client);
    return roles.some(this.#isScoped) ? roles : [];
  }

  /** `judged`: the client plays a role. */
  #verdict({ name, type, server, result }: Asked, judged: boolean): LookupRow["verdict"] {
    if (!judged) return "unrelated";
    const { matcher, exact } = this.#documented();
    if (this.#bound.has(name) || matcher.match(name).length > 0) return "documented";
    if (name === "." || REVERSE.test(name)) return "ignored";
    // Who asks its link so asks whether anybody else has its own name (RFC 4795 section 4.1).
    if (type === "ANY" && LLMNR_GROUPS.has(server)) return "ignored";
    // A resolver's search list appended to a documented name, or to a name without a dot.
    if (result === "NXDOMAIN" && beginnings(name).some((beginning) => exact.has(beginning))) return "ignored";
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
