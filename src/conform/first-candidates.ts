/**
 * Of conversations that could be a rule's, and of which something is unproved, a status asks only whether there is one, of
 * a host and to a member. The first tells as much as all of them. On one port with thousands of rules every connection
 * without a name could be each of them, and rules × connections would be kept.
 */
import type { Rule } from "../model/types.ts";
import type { CastHost } from "./cast.ts";
import type { RuleUse } from "./judge.ts";

export class FirstCandidates {
  readonly #seen = new Map<Rule, Map<CastHost | null, Set<string | null>>>();

  /** The uses but for candidates that tell nothing new; to be asked in the judgements' order. */
  among(uses: readonly RuleUse[]): RuleUse[] {
    return uses.filter((use) => use.how !== "candidate" || this.#isFirst(use));
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
