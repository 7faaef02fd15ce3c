/**
 * What hosts say to a group by mDNS without a pause: such a flow is never over, so what is old of it leaves for the database by itself
 * (`names.ts` writes it there), while the flow goes on:
 *
 *     role, message, field   the first of each stays, up to some: they tell who it is
 *     questions, answers     stay where something rests on their name; else they leave together, since an answer comes within seconds
 *     what is not mDNS's     stays
 */
import type { KeptJudgements } from "../conform/kept.ts";
import type { Fact, Sighting } from "../decode/facts.ts";
import type { Conversations } from "../observe/conversations.ts";
import { addressText } from "../observe/flow-view.ts";
import { recordOf } from "../observe/group-answers.ts";
import { flowsWithDetail } from "../observe/said.ts";
import type { LookupRow } from "../report/result.ts";
import { latestSec } from "./flows.ts";

/** Seconds after which what was said waits for nothing: answers come within ten (`observe/group-answers.ts`). */
const OLD_SEC = 60;
/** Facts of one flow, each another, of which the first stays. */
const MOST_FIRST = 64;

/** Of one flow. */
export interface Talk {
  flow: number;
  leaves: readonly Sighting[];
  stays: Sighting[];
}

/** Names on which something rests, whoever asks for them: a model has them, or a look-up of them is documented. */
export class RestedNames {
  readonly #kept: KeptJudgements;
  readonly #documented: ReadonlySet<string>;

  constructor(kept: KeptJudgements, lookups: readonly LookupRow[]) {
    this.#kept = kept;
    this.#documented = new Set(lookups.flatMap(({ name, verdict }) => (verdict === "documented" ? [name] : [])));
  }

  has(name: string): boolean {
    return this.#documented.has(name) || this.#kept.hasName(name);
  }

  /** A field that answers for one of them, or that a rule holds against something. */
  hasField(fact: Fact & { kind: "field" }): boolean {
    return this.hasAnswer(fact) || this.#kept.expectsField(fact.field);
  }

  hasAnswer({ field, value }: Fact & { kind: "field" }): boolean {
    return field === ANSWER && this.has(recordOf(String(value)).name);
  }
}
const MDNS = "mdns.";
const ANSWER = "mdns.answer";

/** All of which something may leave. `isRestedOn`: of a question of that flow. */
export function talkOf(
  all: Conversations,
  names: RestedNames,
  isRestedOn: (realm: number, client: string, name: string) => boolean,
): Talk[] {
  const before = latestSec(all.seen) - OLD_SEC;
  const mdns = all.seen.decoders.findIndex(({ id }) => id === "mdns") + 1;
  const view = all.view();
  const found: Talk[] = [];
  for (const flow of flowsWithDetail(all.seen)) {
    view.move(flow);
    const { app, detail } = view;
    if (app !== mdns || detail === null || detail.operations !== null || detail.cut !== null) continue;
    if (!view.isGroup(0) && !view.isGroup(1)) continue;
    const client = addressText(all.seen.flows.ipv6, view.family, view.address(view.isGroup(0) ? 1 : 0));
    const firsts = new Set<string>();
    const isOld = ({ fact, dir, sec }: Sighting): boolean => {
      if (sec >= before) return false;
      if (fact.kind === "query") return !names.has(fact.name) && !isRestedOn(view.realm, client, fact.name);
      const text = textOf(fact);
      if (text === null || (fact.kind === "field" && names.hasField(fact))) return false;
      const key = `${dir}${text}`;
      if (firsts.has(key) || (fact.kind === "field" && firsts.size >= MOST_FIRST)) return true;
      firsts.add(key);
      return false;
    };
    const leaves: Sighting[] = [];
    const stays: Sighting[] = [];
    for (const sighting of detail.sightings) (isOld(sighting) ? leaves : stays).push(sighting);
    if (leaves.length > 0) found.push({ flow, leaves, stays });
  }
  return found;
}

/** Null for what is not to leave. */
function textOf(fact: Fact): string | null {
  if (fact.kind === "role") return fact.sender;
  if (fact.kind === "message") return fact.what === "oneway" ? fact.what : null;
  return fact.kind === "field" && fact.field.startsWith(MDNS) ? `${fact.field} ${fact.value}` : null;
}
