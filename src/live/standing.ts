/**
 * What stays of conversations that say the same of a rule: the first few, because its status looks at no more, while the others
 * are counted (`observe/departed-uses.ts`). Alike are flows that fit the same rules in the same way: for one host, to one member,
 * with the same weight, by the same reading, and, where they did not come up, ended alike.
 */
import { isCloser, triesOf } from "../conform/blocked.ts";
import { isGlobal } from "../conform/cast.ts";
import type { RuleUse } from "../conform/judge.ts";
import type { Judged } from "../conform/judged.ts";
import { howItEnded } from "../conform/refusal.ts";
import { MOST_TRIED } from "../conform/rules.ts";
import { type DepartedUse, hostKey, ruleKey } from "../observe/departed-uses.ts";

/** Conversations that stay of those that say the same. */
export const STANDING = MOST_TRIED;
/** Kinds of flows that are told apart; those of further ones stay. */
const MOST_KINDS = 4_096;
/** In place of a host that opened it: the rule lets anybody. */
export const ANYBODY = "";

export class Standing {
  readonly #enough: number;
  /** How many conversations that stay have a flow of this kind. */
  readonly #kinds = new Map<string, number>();

  constructor(enough: number) {
    this.#enough = enough;
  }

  /** `uses`: of the models. What it counts for once it has left; null where it is among those that stay. */
  leaves(judged: Judged, uses: readonly RuleUse[]): DepartedUse[] | null {
    // Of what could be a rule's only the first is told; what was not read whole, and whose role is a guess, is compared with others.
    if (
      judged.code === "cap-reached" ||
      uses.some(({ how, fromHost }) => how === "candidate" || fromHost?.how === "inferred")
    )
      return null;
    return this.stays(kindsOf(judged, uses)) ? null : departedUses(judged, uses);
  }

  /** True where too few stay yet of one of these kinds: then it is one more. */
  stays(kinds: Iterable<string>): boolean {
    let stays = false;
    for (const kind of kinds) {
      const standing = this.#kinds.get(kind) ?? 0;
      if (standing >= this.#enough) continue;
      stays = true;
      if (standing > 0 || this.#kinds.size < MOST_KINDS) this.#kinds.set(kind, standing + 1);
    }
    return stays;
  }
}

/** What its flows say of rules, each kind once. */
function kindsOf(judged: Judged, uses: readonly RuleUse[]): ReadonlySet<string> {
  const flows = new Map<number, string[]>();
  for (const use of uses) {
    const { loaded, rule, how, member, weight, subject, flow } = use;
    const ended = how === "attempted" ? howItEnded(flow) : "";
    const turned = subject.initiator !== judged.initiator;
    const kind = [ruleKey(loaded.model.name, rule.id), how, hostOf(use), member, weight, turned, ended].join(" ");
    const known = flows.get(flow.flow);
    if (known === undefined) flows.set(flow.flow, [kind]);
    else known.push(kind);
  }
  const { family, waived, verdict, responder } = judged;
  // A refusal at an address of this network may be a filtering resolver's page, unless one went to a public address.
  const about = `${family} ${isGlobal(responder)} ${verdict === "violation" ? `${waived}` : ""}`;
  return new Set([...flows.values()].map((kinds) => `${about} ${kinds.join(" + ")}`));
}

function departedUses(judged: Judged, uses: readonly RuleUse[]): DepartedUse[] {
  const counted = new Map<string, DepartedUse>();
  const rules = new Set<string>();
  for (const use of uses) {
    const { how, flow } = use;
    // What is in violation of one rule meets no other.
    if (how === "candidate" || (how === "documented" && judged.verdict === "violation")) continue;
    const rule = ruleKey(use.loaded.model.name, use.rule.id);
    const host = hostOf(use);
    const first = !rules.has(rule);
    rules.add(rule);
    const isTried = how === "attempted" && !uses.some((other) => isCloser(other, use));
    const ended = isTried ? howItEnded(flow) : "";
    const key = [rule, host, how, ended].join(" ");
    let one = counted.get(key);
    if (one === undefined) {
      one = { rule, host, how, count: 0, first };
      counted.set(key, one);
    } else one.first ||= first;
    if (how === "attempted" && !isTried) continue;
    one.count++;
    if (!isTried) continue;
    const { firstSec, lastSec } = flow;
    one.tried ??= { ended, tries: 0, firstSec, lastSec };
    one.tried.tries += triesOf(use);
    one.tried.firstSec = Math.min(one.tried.firstSec, firstSec);
    one.tried.lastSec = Math.max(one.tried.lastSec, lastSec);
  }
  return [...counted.values()];
}

const hostOf = ({ fromHost }: RuleUse): string =>
  fromHost === null ? ANYBODY : hostKey(fromHost.realm, fromHost.host.text);
