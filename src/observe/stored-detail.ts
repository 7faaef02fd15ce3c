/**
 * What a stored flow said, as words until somebody asks for it (`details-codec.ts`): how many words, then a message each,
 *
 *     dir | capture × 2 · frame · sec · nsec · how many facts · their numbers …
 */
import {
  type AnswersTold,
  answersAmong,
  FACT_BITS,
  type FlowDetail,
  kindsAmong,
  newDetail,
} from "../decode/details.ts";
import type { Sighting } from "../decode/facts.ts";
import type { Cap } from "../limits.ts";
import type { StoredFacts } from "./stored-facts.ts";

/** What flows of a part said, as words, and the facts that these name. */
export interface Part {
  words: Int32Array;
  facts: StoredFacts;
}

/** What nearly all have beside their sightings. */
const NO_MORE: Readonly<FlowDetail> = newDetail();

/** A flow's detail of which the sightings are words until somebody asks for them. */
export class StoredDetail implements FlowDetail {
  readonly #part: Part;
  readonly #at: number;
  #own: Sighting[] | null = null;
  /** What few have: a million of these stand in memory. */
  #more: FlowDetail | null = null;

  constructor(part: Part, at: number) {
    this.#part = part;
    this.#at = at;
  }

  get operations(): FlowDetail["operations"] {
    return (this.#more ?? NO_MORE).operations;
  }
  get dropped(): number {
    return (this.#more ?? NO_MORE).dropped;
  }
  get undecoded(): number {
    return (this.#more ?? NO_MORE).undecoded;
  }
  get cut(): Cap | null {
    return (this.#more ?? NO_MORE).cut;
  }
  get streams(): FlowDetail["streams"] {
    return (this.#more ?? NO_MORE).streams;
  }
  get datagrams(): FlowDetail["datagrams"] {
    return (this.#more ?? NO_MORE).datagrams;
  }
  get heads(): FlowDetail["heads"] {
    return (this.#more ?? NO_MORE).heads;
  }
  get ledger(): FlowDetail["ledger"] {
    return (this.#more ?? NO_MORE).ledger;
  }
  get shared(): boolean {
    return (this.#more ?? NO_MORE).shared;
  }
  set operations(operations) {
    this.#has().operations = operations;
  }
  set dropped(dropped) {
    this.#has().dropped = dropped;
  }
  set undecoded(undecoded) {
    this.#has().undecoded = undecoded;
  }
  set cut(cut) {
    this.#has().cut = cut;
  }
  set streams(streams) {
    this.#has().streams = streams;
  }
  set datagrams(datagrams) {
    this.#has().datagrams = datagrams;
  }
  set heads(heads) {
    this.#has().heads = heads;
  }
  set ledger(ledger) {
    this.#has().ledger = ledger;
  }
  set shared(shared) {
    this.#has().shared = shared;
  }

  #has(): FlowDetail {
    this.#more ??= newDetail();
    return this.#more;
  }

  get sightings(): Sighting[] {
    return this.saying(ANY_KIND);
  }

  set sightings(own: Sighting[]) {
    this.#own = own;
  }

  /** Made anew each time, but for the flow that was asked last: a pass over all flows asks each of them several times. */
  saying(kinds: number): Sighting[] {
    if (this.#own !== null) return this.#own;
    const last = kinds === ANY_KIND ? lastWhole : lastOfKinds;
    if (last.asked !== this || last.kinds !== kinds) {
      last.sightings = sightingsOf(this.#part, this.#at, kinds);
      last.asked = this;
      last.kinds = kinds;
    }
    return last.sightings;
  }

  answers(told: AnswersTold): void {
    if (this.#own !== null) {
      answersAmong(this.#own, told);
      return;
    }
    const { words, facts } = this.#part;
    const { bits } = facts;
    const end = this.#at + 1 + words[this.#at]!;
    for (let at = this.#at + 1; at < end; ) {
      const next = at + HEAD_WORDS + words[at + HEAD_WORDS - 1]!;
      for (let i = at + HEAD_WORDS; i < next; i++) {
        const fact = words[i]!;
        if (bits[fact] !== FACT_BITS.answer) continue;
        told.answer((words[at]! & 1) as 0 | 1);
        facts.tellAnswer(fact, told);
      }
      at = next;
    }
  }

  kinds(): number {
    if (this.#own !== null) return kindsAmong(this.#own);
    let kinds = 0;
    const { words, facts } = this.#part;
    const { bits } = facts;
    const end = this.#at + 1 + words[this.#at]!;
    for (let at = this.#at + 1; at < end; ) {
      const next = at + HEAD_WORDS + words[at + HEAD_WORDS - 1]!;
      for (let i = at + HEAD_WORDS; i < next; i++) kinds |= bits[words[i]!]!;
      at = next;
    }
    return kinds;
  }
}
const ANY_KIND = 0xffff;

/** What was asked for last, of which kinds, and what was made of it. */
interface LastAsked {
  asked: StoredDetail | null;
  kinds: number;
  sightings: Sighting[];
}
const lastWhole: LastAsked = { asked: null, kinds: 0, sightings: [] };
const lastOfKinds: LastAsked = { asked: null, kinds: 0, sightings: [] };

/** What the words from `at` on say, of these kinds: see the drawing. */
function sightingsOf({ words, facts }: Part, from: number, kinds: number): Sighting[] {
  const { bits } = facts;
  const sightings: Sighting[] = [];
  const end = from + 1 + words[from]!;
  for (let at = from + 1; at < end; ) {
    const place = words[at]!;
    const dir = (place & 1) as 0 | 1;
    const [capture, frame, sec] = [place >>> 1, words[at + 1]! >>> 0, words[at + 2]! >>> 0];
    const nsec = words[at + 3]! >>> 0;
    const next = at + HEAD_WORDS + words[at + HEAD_WORDS - 1]!;
    for (let i = at + HEAD_WORDS; i < next; i++) {
      const fact = words[i]!;
      if ((bits[fact]! & kinds) !== 0) sightings.push({ fact: facts.of(fact), dir, capture, frame, sec, nsec });
    }
    at = next;
  }
  return sightings;
}
/** Words of a message before its facts. */
const HEAD_WORDS = 5;
