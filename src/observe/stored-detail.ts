/**
 * What a stored flow said, as words until somebody asks for it (`details-codec.ts`): how many words, then a message each,
 *
 *     dir | capture × 2 · frame · sec · nsec · how many facts · their numbers …
 */
import { claimsAmong, withClaim } from "../decode/claims.ts";
import {
  type AnswersTold,
  answersAmong,
  FACT_BITS,
  type FlowDetail,
  kindsAmong,
  type NameNumbers,
  newDetail,
  waitsIn,
} from "../decode/details.ts";
import type { Sighting } from "../decode/facts.ts";
import type { Cap } from "../limits.ts";
import { areSeveral } from "./parts.ts";
import { nameAmong } from "./server-names.ts";
import { SENT, type StoredFacts } from "./stored-facts.ts";
import { MORE, type StoredMore, WAITS } from "./stored-more.ts";

/** What flows of a part said, as words, and the facts that these name; by flow where its words begin, and the kinds of its facts. */
export interface Part {
  words: Int32Array;
  begins: Uint32Array;
  kinds: Uint16Array;
  facts: StoredFacts;
  more: StoredMore | null;
}

/** What nearly all have beside their sightings. */
const NO_MORE: Readonly<FlowDetail> = newDetail();

/** A flow's detail of which the sightings are words, and all else is text, until somebody asks for them. */
export class StoredDetail implements FlowDetail {
  readonly #part: Part;
  /** Which flow of the part. */
  readonly #index: number;
  #own: Sighting[] | null = null;
  /** What it has beside them, where that was changed. */
  #changed: FlowDetail | null = null;

  constructor(part: Part, index: number) {
    this.#part = part;
    this.#index = index;
  }

  get operations(): FlowDetail["operations"] {
    return this.#with(MORE.operations).operations;
  }
  get dropped(): number {
    return this.#with(MORE.dropped).dropped;
  }
  get undecoded(): number {
    return this.#with(MORE.undecoded).undecoded;
  }
  get cut(): Cap | null {
    return this.#with(MORE.cut).cut;
  }
  get streams(): FlowDetail["streams"] {
    return this.#with(MORE.streams).streams;
  }
  get datagrams(): FlowDetail["datagrams"] {
    return this.#with(MORE.datagrams).datagrams;
  }
  get heads(): FlowDetail["heads"] {
    return this.#with(MORE.heads).heads;
  }
  get ledger(): FlowDetail["ledger"] {
    return (this.#changed ?? NO_MORE).ledger;
  }
  get shared(): boolean {
    return (this.#changed ?? NO_MORE).shared;
  }
  set operations(operations) {
    this.#change().operations = operations;
  }
  set dropped(dropped) {
    this.#change().dropped = dropped;
  }
  set undecoded(undecoded) {
    this.#change().undecoded = undecoded;
  }
  set cut(cut) {
    this.#change().cut = cut;
  }
  set streams(streams) {
    this.#change().streams = streams;
  }
  set datagrams(datagrams) {
    this.#change().datagrams = datagrams;
  }
  set heads(heads) {
    this.#change().heads = heads;
  }
  set ledger(ledger) {
    this.#change().ledger = ledger;
  }
  set shared(shared) {
    this.#change().shared = shared;
  }

  /** What says these of its properties (bits of `MORE`). Made anew each time, but for the flow that was asked last. */
  #with(properties: number): Readonly<FlowDetail> {
    if (this.#changed !== null) return this.#changed;
    if ((this.#bits & properties) === 0) return NO_MORE;
    if (lastMade.asked !== this) {
      lastMade.made = this.#make();
      lastMade.asked = this;
    }
    return lastMade.made;
  }

  #make(): FlowDetail {
    return this.#part.more?.make(this.#index) ?? newDetail();
  }

  #change(): FlowDetail {
    this.#changed ??= this.#make();
    return this.#changed;
  }

  get #bits(): number {
    return this.#part.more === null ? 0 : this.#part.more.bits[this.#index]!;
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
      last.sightings = sightingsOf(this.#part, this.#index, kinds);
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
    const { words, begins, facts } = this.#part;
    const { bits } = facts;
    const from = begins[this.#index]!;
    const end = from + 1 + words[from]!;
    for (let at = from + 1; at < end; ) {
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

  claims(): number {
    if (this.#own !== null) return claimsAmong(this.#own);
    const { words, begins, facts } = this.#part;
    const { bits, tells } = facts;
    let claims = 0;
    const from = begins[this.#index]!;
    const end = from + 1 + words[from]!;
    for (let at = from + 1; at < end; ) {
      const next = at + HEAD_WORDS + words[at + HEAD_WORDS - 1]!;
      for (let i = at + HEAD_WORDS; i < next; i++) {
        const fact = words[i]!;
        if ((bits[fact]! & CLAIMING) !== 0) claims = withClaim(claims, tells[fact]!, words[at]! & 1);
      }
      at = next;
    }
    return claims;
  }

  sentName(dir: 0 | 1, numbers: NameNumbers): number {
    if (this.#own !== null) return nameAmong(this.#own, dir, numbers);
    const { words, facts } = this.#part;
    const place = this.#nextName(-1, dir, SENT.byClient);
    return place < 0 ? 0 : facts.nameOf(words[place]!, numbers);
  }

  namesSeveral(dir: 0 | 1): boolean {
    if (this.#own !== null) return areSeveral(this.#own, dir);
    const { words } = this.#part;
    const first = this.#nextName(-1, dir, SENT.byRequest);
    if (first < 0) return false;
    let place = first;
    // A fact that is said again is one host; of others the names themselves tell.
    while (place >= 0 && words[place] === words[first]) place = this.#nextName(place, dir, SENT.byRequest);
    return place >= 0 && areSeveral(this.sightings, dir);
  }

  /** Place of the next name behind one (-1 for the first) that was sent in a direction, at least as SENT says; -1 for none. */
  #nextName(behind: number, dir: 0 | 1, sent: number): number {
    const { words, begins, facts } = this.#part;
    const { bits, tells } = facts;
    const from = begins[this.#index]!;
    const end = from + 1 + words[from]!;
    for (let at = from + 1; at < end; ) {
      const next = at + HEAD_WORDS + words[at + HEAD_WORDS - 1]!;
      if ((words[at]! & 1) === dir)
        for (let i = Math.max(behind + 1, at + HEAD_WORDS); i < next; i++)
          if (bits[words[i]!] === FACT_BITS.name && tells[words[i]!]! >= sent) return i;
      at = next;
    }
    return -1;
  }

  kinds(): number {
    const counted = this.#changed === null ? (this.#bits & MORE.operations) !== 0 : this.#changed.operations !== null;
    const said = this.#own === null ? this.#part.kinds[this.#index]! : kindsAmong(this.#own);
    return counted ? said | FACT_BITS.operation : said;
  }

  waits(): boolean {
    return this.#changed === null ? (this.#bits & WAITS) !== 0 : waitsIn(this.#changed.streams);
  }
}
const ANY_KIND = 0xffff;
const CLAIMING = FACT_BITS.up | FACT_BITS.role | FACT_BITS.fault;

/** What was asked for last, of which kinds, and what was made of it. */
interface LastAsked {
  asked: StoredDetail | null;
  kinds: number;
  sightings: Sighting[];
}
const lastMade: { asked: StoredDetail | null; made: Readonly<FlowDetail> } = { asked: null, made: NO_MORE };
const lastWhole: LastAsked = { asked: null, kinds: 0, sightings: [] };
const lastOfKinds: LastAsked = { asked: null, kinds: 0, sightings: [] };

/** What a flow's words say, of these kinds: see the drawing. */
function sightingsOf({ words, begins, facts }: Part, index: number, kinds: number): Sighting[] {
  const { bits } = facts;
  const from = begins[index]!;
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
