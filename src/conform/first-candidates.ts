/**
 * Of conversations that could be a rule's, and of which something is unproved, a status asks only whether there is one, of
 * a host and to a member. The first tells as much as all of them. On one port with thousands of rules every connection
 * without a name could be each of them, and rules × connections would be kept; the rules of a class (`candidates.ts`) are
 * told for by the one that was tried, and only the first time for each host.
 */
import type { Rule } from "../model/types.ts";
import type { RuleClass } from "./candidates.ts";
import type { CastHost } from "./cast.ts";
import type { JudgeContext } from "./cover.ts";
import type { RuleUse } from "./judge.ts";
import { triedAs } from "./trial.ts";

export class FirstCandidates {
  readonly #context: JudgeContext;
  readonly #seen = new Map<Rule, Map<CastHost | null, Set<string | null>>>();
  /** Rules of a class that nothing has been told of yet, by host. */
  readonly #untold = new Map<RuleClass, Map<CastHost | null, readonly Rule[]>>();

  constructor(context: JudgeContext) {
    this.#context = context;
  }

  /** The uses of all rules, but for candidates that tell nothing new; to be asked in the judgements' order. */
  among(uses: readonly RuleUse[]): RuleUse[] {
    const told: RuleUse[] = [];
    for (const use of uses) {
      if (use.how !== "candidate" || this.#isFirst(use)) told.push(use);
      if (use.alike !== null) this.#tellAlike(use, use.alike.rules, use.alike.shown, told);
    }
    return told;
  }

  /** Whether a candidate of this host and to this member tells nothing new. */
  isTold(rule: Rule, fromHost: CastHost | null, member: string | null): boolean {
    return this.#seen.get(rule)?.get(fromHost)?.has(member) === true;
  }

  #tellAlike(use: RuleUse, rules: RuleClass, shown: ReadonlySet<string>, told: RuleUse[]): void {
    const hosts = getOr(this.#untold, rules, () => new Map<CastHost | null, readonly Rule[]>());
    const untold = hosts.get(use.fromHost) ?? rules;
    if (untold.length === 0) return;
    const later: Rule[] = [];
    for (const rule of untold) {
      if (rule === use.rule) continue;
      // Tried by itself on this flow.
      if (rule.to.kind === "endpoint" && shown.has(rule.to.endpoint)) later.push(rule);
      else {
        const one = this.#useAs(rule, use);
        if (this.#isFirst(one)) told.push(one);
      }
    }
    hosts.set(use.fromHost, later);
  }

  #useAs(rule: Rule, use: RuleUse): RuleUse {
    const tried = triedAs(rule, use.tried, use.subject, use.flow, this.#context);
    return { ...use, rule, tried, clause: use.clause === use.tried.whom ? tried.whom : use.clause, alike: null };
  }

  #isFirst({ rule, fromHost, member }: RuleUse): boolean {
    const hosts = getOr(this.#seen, rule, () => new Map<CastHost | null, Set<string | null>>());
    const members = getOr(hosts, fromHost, () => new Set<string | null>());
    if (members.has(member)) return false;
    members.add(member);
    return true;
  }
}

function getOr<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
