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
    if (use === undefined || uses.length > 1 || !isLean(use, verdict, code)) return uses;
    const told = this.#toldOf(use, use.fromHost);
    if (++told.count <= MOST_TRIED) {
      told.first ??= use;
      return uses;
    }
    return [onFirst(use, told.first!, use.conversation, use.fromHost, use.member)];
  }

  /** The use of a conversation that is like that of `use`; null where the status still looks at what it was tried on. */
  again(use: RuleUse, conversation: number, fromHost: CastHost | null, member: string | null): RuleUse | null {
    const told = this.#toldOf(use, fromHost);
    return told.count < MOST_TRIED ? null : onFirst(use, told.first!, conversation, fromHost, member);
  }

  #toldOf({ rule, how }: RuleUse, fromHost: CastHost | null): Told {
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

/** Whether a status asks of it no more than that it was. */
export function isLean({ how }: RuleUse, verdict: Judgement["verdict"], code: Judgement["code"]): boolean {
  return how === "documented" ? verdict === "documented" && code !== "cap-reached" : how === "violated";
}

/** A use told on what the first of its kind was. */
function onFirst(
  { loaded, rule, how, weight, clause, alike }: RuleUse,
  { subject, flow, tried }: RuleUse,
  conversation: number,
  fromHost: CastHost | null,
  member: string | null,
): RuleUse {
  return { loaded, rule, how, conversation, subject, fromHost, member, weight, tried, flow, clause, alike };
}

interface Told {
  count: number;
  first: RuleUse | null;
}
