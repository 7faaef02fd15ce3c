/**
 * Of connections that a rule documents, or that break it, a status asks how many they were, and looks at the first few. The
 * others let go of what they were tried on: a million of them would hold all that was read.
 */
import type { Rule } from "../model/types.ts";
import type { CastHost } from "./cast.ts";
import type { Judgement, RuleUse } from "./judge.ts";
import { MOST_TRIED } from "./rules.ts";

export class LeanUses {
  /** The first use of each kind, and how many there were. */
  readonly #first = new Map<Rule, Map<CastHost | null, { documented: Told; violated: Told }>>();

  /** `uses`: those that a judgement told. A use that stands for no more than a number is told on what the first was. */
  lean({ verdict, code }: Judgement, uses: RuleUse[]): RuleUse[] {
    const [use] = uses;
    if (use === undefined || uses.length > 1) return uses;
    if (use.how === "documented" ? verdict !== "documented" || code === "cap-reached" : use.how !== "violated")
      return uses;
    const told = this.#toldOf(use);
    if (++told.count <= MOST_TRIED) {
      told.first ??= use;
      return uses;
    }
    const { subject, flow, tried } = told.first!;
    const { loaded, rule, how, conversation, fromHost, member, weight, clause, alike } = use;
    return [{ loaded, rule, how, conversation, subject, fromHost, member, weight, tried, flow, clause, alike }];
  }

  #toldOf({ rule, fromHost, how }: RuleUse): Told {
    let hosts = this.#first.get(rule);
    if (hosts === undefined) {
      hosts = new Map();
      this.#first.set(rule, hosts);
    }
    let kinds = hosts.get(fromHost);
    if (kinds === undefined) {
      kinds = { documented: { count: 0, first: null }, violated: { count: 0, first: null } };
      hosts.set(fromHost, kinds);
    }
    return how === "violated" ? kinds.violated : kinds.documented;
  }
}

interface Told {
  count: number;
  first: RuleUse | null;
}
