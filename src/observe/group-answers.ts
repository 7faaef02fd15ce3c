/**
 * Questions that were asked of a group (mDNS, RFC 6762; LLMNR, RFC 4795) find their answers in other flows: to whoever
 * asked, from the answering host's own address, or to everybody. What pairs them is the name, the type, where the answer
 * has one the id, and the time.
 */
import { FACT_BITS } from "../decode/details.ts";
import type { AnswerFact, DnsRecord, Sighting } from "../decode/facts.ts";
import { addressText, FlowView } from "./flow-view.ts";
import type { Observation } from "./observation.ts";
import { flowsSaying } from "./said.ts";

/** Seconds for which an answer is waited for; mDNS lets hosts take their time where several will answer. */
const WITHIN_SEC = 10;
/** A mirror port may show the answer before its question. */
const BEFORE_SEC = 1;

/** An answer to a question that is not in its own flow. */
export interface Orphan {
  flow: number;
  sighting: Sighting & { fact: AnswerFact };
}

interface Heard {
  sec: number;
  nsec: number;
  type: string;
  /** Null: everybody. */
  to: string | null;
  answer: AnswerFact;
  orphan: Orphan | null;
}

export class GroupAnswers {
  /** Orphans whose question was found. */
  readonly found = new Set<Orphan>();
  readonly #seen: Observation;
  readonly #byName = new Map<string, Heard[]>();

  constructor(seen: Observation, orphans: readonly Orphan[]) {
    this.#seen = seen;
    const view = new FlowView(seen);
    for (const orphan of orphans) {
      view.move(orphan.flow);
      const { sec, nsec, dir, fact } = orphan.sighting;
      const to = addressText(seen.flows.ipv6, view.family, view.address(dir === 0 ? 1 : 0));
      this.#add(view.realm, fact.name, { sec, nsec, type: fact.type, to, answer: fact, orphan });
    }
    for (const flow of flowsSaying(seen, "field")) {
      for (const { fact, sec, nsec, dir } of view.move(flow).saying(FACT_BITS.field)) {
        if (fact.kind !== "field" || fact.field !== "mdns.answer") continue;
        const record = recordOf(String(fact.value));
        const back = dir === 0 ? 1 : 0;
        const to = view.isGroup(back) ? null : addressText(seen.flows.ipv6, view.family, view.address(back));
        const answer: AnswerFact = {
          kind: "answer",
          id: 0,
          name: record.name,
          type: record.type,
          rcode: "NOERROR",
          partial: false,
          records: [record],
        };
        this.#add(view.realm, record.name, { sec, nsec, type: record.type, to, answer, orphan: null });
      }
    }
    for (const list of this.#byName.values()) list.sort((a, b) => a.sec - b.sec || a.nsec - b.nsec);
  }

  #add(realm: number, name: string, heard: Heard): void {
    const key = `${realm}|${name}`;
    const list = this.#byName.get(key);
    if (list === undefined) this.#byName.set(key, [heard]);
    else list.push(heard);
  }

  /** The first answer to a question, with what else was answered in its time; null where none came. `view` is at its flow. */
  answerTo(view: FlowView, query: Sighting): AnswerFact | null {
    const { fact, dir, sec } = query;
    if (fact.kind !== "query") return null;
    const client = addressText(this.#seen.flows.ipv6, view.family, view.address(dir));
    const list = this.#byName.get(`${view.realm}|${fact.name}`) ?? [];
    let answer: AnswerFact | null = null;
    for (let i = firstSince(list, sec - BEFORE_SEC); i < list.length && list[i]!.sec <= sec + WITHIN_SEC; i++) {
      const { type, to, answer: said, orphan } = list[i]!;
      if ((type !== fact.type && fact.type !== "ANY") || (to !== null && to !== client)) continue;
      if (orphan !== null && said.id !== fact.id) continue;
      if (orphan !== null) this.found.add(orphan);
      if (answer === null) answer = { ...said, type: fact.type };
      else if (answer.records.length < MOST_RECORDS) answer.records = [...answer.records, ...said.records];
    }
    return answer;
  }
}

const MOST_RECORDS = 32;

function firstSince(list: readonly Heard[], sec: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (list[middle]!.sec < sec) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** `NAME TYPE DATA`; a service instance's name may have spaces, a type has none and stands before data without any. */
export function recordOf(text: string): DnsRecord {
  const parts = / (A|AAAA|PTR|SRV|TXT|CNAME|NSEC|HINFO|ANY|TYPE\d+) /.exec(text);
  if (parts === null) return { name: text, type: "", ttl: 0, data: "" };
  const data = text.slice(parts.index + parts[0].length);
  return { name: text.slice(0, parts.index), type: parts[1]!, ttl: 0, data };
}
