/** What is known of flows beyond their rows: facts, and what is unfinished. A row's DETAIL word is an index into these, plus one. */
import { keyOfAddress } from "../address.ts";
import { DETAIL } from "../flow/row.ts";
import type { Segment, Stream } from "../flow/stream.ts";
import { type Cap, type CapCounter, LIMITS } from "../limits.ts";
import type { Fact, Sighting } from "./facts.ts";
import type { Ledger } from "./ledgers.ts";
import type { OperationTally } from "./tally.ts";

/** What is known of one flow beyond its row. */
export interface FlowDetail {
  sightings: Sighting[];
  /** Operations behind those in `sightings`; null while all of them are there. */
  operations: OperationTally | null;
  /** Facts beyond `LIMITS.factsPerFlow`. */
  dropped: number;
  /** Messages that the flow's own decoder did not accept. */
  undecoded: number;
  /** The first cap that kept something of it from being read that could say more than what was; null for none. */
  cut: Cap | null;
  streams: Pair<Stream>;
  /** Datagrams that a decoder wants to see again with the next ones. */
  datagrams: Pair<Segment[]>;
  /** First segments of a direction that began before the capture did. */
  heads: Pair<Segment[]>;
  /** Where the compiled walk counts its operations at times; whoever gets the detail has ended its turn. */
  ledger: Ledger | null;
  /** True where several flows that said the same have this one: whoever learns more gets a copy of its own. */
  shared: boolean;
  /** Of one that a database holds: as `kindsOf`, found out without making its sightings. */
  kinds?(): number;
  /** Likewise: as `waits`. */
  waits?(): boolean;
  /** Likewise: those of its sightings that are of these kinds (bits), or all. */
  saying?(kinds: number): Sighting[];
  /** Likewise: as `tellAnswers`. */
  answers?(told: AnswersTold): void;
  /** Likewise: as `claimsOf`. */
  claims?(): number;
  /** Likewise: as `sentName` and `areSeveral` of a flow. */
  sentName?(dir: 0 | 1, numbers: NameNumbers): number;
  namesSeveral?(dir: 0 | 1): boolean;
}

/** Numbers names, from 1. */
export interface NameNumbers {
  of(name: string): number;
}

/** Hears of answers of DNS, one behind the other. */
export interface AnswersTold {
  /** One begins, that was sent in this direction. */
  answer(dir: 0 | 1): void;
  /** It gives an address: of IPv4 its number, else its text. */
  address(key: number | string): void;
  /** It publishes a name as a cover for encrypted hellos. */
  cover(): void;
}

/** A bit for each kind of facts. */
export const FACT_BITS: Readonly<Record<Fact["kind"], number>> = {
  role: 1 << 0,
  name: 1 << 1,
  query: 1 << 2,
  answer: 1 << 3,
  message: 1 << 4,
  "expect-flow": 1 << 5,
  field: 1 << 6,
  operation: 1 << 7,
  asset: 1 << 8,
  fault: 1 << 9,
  up: 1 << 10,
  inner: 1 << 11,
  problem: 1 << 12,
};
/** Among the kinds of a flow in which a decoder that shares it said something. */
export const BESIDE = 1 << 13;

/** The kinds of facts that a flow says, operations that were only counted among them. */
export function kindsOf(detail: FlowDetail): number {
  if (detail.kinds !== undefined) return detail.kinds();
  return (detail.operations === null ? 0 : FACT_BITS.operation) | kindsAmong(detail.sightings);
}

/** Whether something of its streams waits for what never came. */
export function waits(detail: FlowDetail): boolean {
  return detail.waits === undefined ? waitsIn(detail.streams) : detail.waits();
}

export function waitsIn([low, high]: FlowDetail["streams"]): boolean {
  return (low !== null && isWaiting(low)) || (high !== null && isWaiting(high));
}

/** What tells of a direction whether something waits in it. */
type Waiting = Pick<Stream, "length" | "decoder" | "fromStart" | "cutOff"> & { pending: readonly unknown[] };

function isWaiting(stream: Waiting): boolean {
  return stream.pending.length > 0 || isLeft(stream);
}

/** True where nobody has accepted what stands at a direction's beginning, and nothing is missing there. */
export function isLeft({ length, decoder, fromStart, cutOff, pending }: Waiting): boolean {
  return length > 0 && decoder < 0 && fromStart && cutOff === 0 && pending.length === 0;
}

/** What it says of these kinds (bits); others may be among them. */
export function saying(detail: FlowDetail, kinds: number): readonly Sighting[] {
  return detail.saying === undefined ? detail.sightings : detail.saying(kinds);
}

/** Tells what it answered, as far as one may look for it. */
export function tellAnswers(detail: FlowDetail, told: AnswersTold): void {
  if (detail.answers === undefined) answersAmong(detail.sightings, told);
  else detail.answers(told);
}

export function answersAmong(sightings: readonly Sighting[], told: AnswersTold): void {
  for (const { fact, dir } of sightings) {
    if (fact.kind !== "answer") continue;
    told.answer(dir);
    for (const { type, data, echPublicName } of fact.records) {
      if (type === "A" || type === "AAAA") told.address(keyOfAddress(data));
      if (echPublicName !== undefined) told.cover();
    }
  }
}

export function kindsAmong(sightings: readonly Sighting[]): number {
  let kinds = 0;
  for (const { fact, beside } of sightings) kinds |= FACT_BITS[fact.kind] | (beside === undefined ? 0 : BESIDE);
  return kinds;
}

/** Something of each direction. Nearly all are empty in the end and share `NEITHER`: change one by `withSide` alone. */
export type Pair<T> = readonly [T | null, T | null];
export const NEITHER: Pair<never> = [null, null];

export function withSide<T>(pair: Pair<T>, dir: 0 | 1, value: T | null): Pair<T> {
  const other = dir === 0 ? pair[1] : pair[0];
  if (value === null && other === null) return NEITHER;
  return dir === 0 ? [value, other] : [other, value];
}

export function newDetail(): FlowDetail {
  return {
    sightings: [],
    operations: null,
    dropped: 0,
    undecoded: 0,
    cut: null,
    streams: NEITHER,
    datagrams: NEITHER,
    heads: NEITHER,
    ledger: null,
    shared: false,
  };
}

export class Details {
  readonly all: FlowDetail[] = [];
  /** Indices of details that are empty again. */
  readonly #free: number[] = [];
  readonly #caps: CapCounter;

  constructor(caps: CapCounter) {
    this.#caps = caps;
  }

  /** The detail of a row, or null where it has none. */
  get(row: Int32Array, at: number): FlowDetail | null {
    const index = row[at + DETAIL]! - 1;
    if (index < 0) return null;
    const detail = this.all[index]!;
    detail.ledger?.takeBack();
    return detail;
  }

  /** The detail of a row, made where it has none. Beyond the cap it is made and not kept. */
  of(row: Int32Array, at: number): FlowDetail {
    const known = this.get(row, at);
    if (known !== null) return known.shared ? this.#ownCopy(row, at, known) : known;
    const free = this.#free.pop();
    if (free !== undefined) {
      row[at + DETAIL] = free + 1;
      return this.all[free]!;
    }
    const detail = newDetail();
    if (this.all.length >= LIMITS.flowDetails) {
      this.#caps.hit("flowDetails");
      return detail;
    }
    row[at + DETAIL] = this.all.push(detail);
    return detail;
  }

  /** Gives a flow the detail of another that said the same, and its own back. */
  share(row: Int32Array, at: number, index: number): void {
    const own = row[at + DETAIL]! - 1;
    if (own === index) return;
    this.all[index]!.shared = true;
    row[at + DETAIL] = index + 1;
    this.all[own] = newDetail();
    this.#free.push(own);
  }

  /** Replaces all of them; rows have been given their new indices. */
  replace(details: readonly FlowDetail[]): void {
    this.all.length = 0;
    for (const detail of details) this.all.push(detail);
    this.#free.length = 0;
  }

  #ownCopy(row: Int32Array, at: number, known: FlowDetail): FlowDetail {
    row[at + DETAIL] = 0;
    const own = this.of(row, at);
    own.sightings = [...known.sightings];
    return own;
  }

  /** Gives an empty detail back: most unknown flows end so, and their details would outnumber all others. */
  release(row: Int32Array, at: number): void {
    const index = row[at + DETAIL]! - 1;
    if (index < 0 || !isEmpty(this.all[index]!)) return;
    row[at + DETAIL] = 0;
    this.#free.push(index);
  }
}

/** Whether a direction's first segments are all kept. */
export function isFull(head: readonly unknown[] | null): boolean {
  return head !== null && head.length >= LIMITS.identifySegments;
}

function isEmpty(detail: FlowDetail): boolean {
  const { sightings, streams, datagrams, heads } = detail;
  if (sightings.length > 0 || detail.undecoded > 0 || detail.dropped > 0 || detail.cut !== null) return false;
  return [streams, datagrams, heads].every(([a, b]) => a === null && b === null);
}
