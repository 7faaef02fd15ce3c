/** What the drivers of datagrams and streams share: a flow's application, its facts, and when nothing more is wanted of it. */

import type { Arena } from "../flow/arena.ts";
import { Rewind } from "../flow/rewind.ts";
import { APP_SHIFT, S_FEED, STATE, TRIES } from "../flow/row.ts";
import type { Stream } from "../flow/stream.ts";
import { type Cap, type CapCounter, LIMITS } from "../limits.ts";
import { isTelling, kindOfMessage } from "./again.ts";
import { Attempt } from "./attempt.ts";
import type { Decoder } from "./decoder.ts";
import { Details, type FlowDetail, withSide } from "./details.ts";
import { type Fact, isNaming, type OperationFact, type Sighting } from "./facts.ts";
import { type Hints, hintsOf } from "./hints.ts";
import { Ledgers } from "./ledgers.ts";
import { LIKE_ID, LIKE_LENGTH, Shapes } from "./likeness.ts";
import { type AllOpenings, openingsOf } from "./openings.ts";
import { OperationTally } from "./tally.ts";

/** Facts of one flow from which on those that only say again what was said are passed over. */
const REPEATS_FROM = 256;

/** What is under way in a capture's first minute may be the other half of what a capture before it ended with. */
const SEAM_SEC = 60;

/** Another protocol names the flow from now on: what was said of it is its predecessor's, which prepared it. */
export function markBeside(sightings: readonly Sighting[], decoder: string): void {
  for (const sighting of sightings) sighting.beside ??= decoder;
}

/** Where a payload was captured. */
export interface Where {
  capture: number;
  /** Frame number. */
  number: number;
  sec: number;
  nsec: number;
}

export class Feed {
  readonly decoders: readonly Decoder[];
  readonly caps: CapCounter;
  readonly details: Details;
  readonly attempt = new Attempt();
  readonly hints: Hints;
  readonly openings: AllOpenings;
  /** Payload bytes held for all flows together. */
  held = 0;
  /** Facts kept in all. */
  facts = 0;
  /** How often a frame was noted down with something that it says: what a verdict may name as its proof. */
  noted = 0;
  /** Until when payload may belong to what a slice before this one ended with: its first is kept, to be joined with it. */
  seamEnds = Number.POSITIVE_INFINITY;
  /** False while a merge plays segments again, out of order: operations are then sorted before they are counted. */
  tallies = true;
  /** All decoders' `glances`. */
  readonly shapes: Shapes;
  /** Null without an arena. */
  readonly ledgers: Ledgers | null;
  /** What the message at hand is like, which was not known yet, and its length; 0 where that is not to be learned. */
  readonly like = new Int32Array(LIKE_LENGTH);
  liked = 0;
  /** Whether any flow has operations whose like a glance can tell. */
  learned = false;
  /** Directions that remember what was read last. */
  #rewound = 0;
  readonly #said = new WeakMap<FlowDetail, Set<string>>();

  /** `arena`: where the compiled walk may count operations. */
  constructor(decoders: readonly Decoder[], caps: CapCounter, arena: Arena | null) {
    this.decoders = decoders;
    this.caps = caps;
    this.details = new Details(caps);
    this.hints = hintsOf(decoders);
    this.openings = openingsOf(decoders);
    this.shapes = new Shapes(decoders.map(({ glances }) => glances));
    this.ledgers = Ledgers.make(arena, this.shapes);
  }

  /** The time of the capture's first payload. */
  beginAt(sec: number): void {
    this.seamEnds = sec + SEAM_SEC;
  }

  /** What is held and how many facts there are, counted from the details themselves. */
  recount(): void {
    this.held = 0;
    this.facts = 0;
    this.#rewound = 0;
    for (const { sightings, streams, datagrams, heads } of this.details.all) {
      this.facts += sightings.length;
      for (const stream of streams) {
        this.held += stream?.held ?? 0;
        if (stream?.rewind) this.#rewound++;
      }
      for (const kept of [...datagrams, ...heads]) for (const { bytes } of kept ?? []) this.held += bytes.length;
    }
  }

  wants(row: Int32Array, at: number, dir: 0 | 1): boolean {
    return (row[at + STATE]! & (S_FEED << dir)) !== 0;
  }

  /** Index + 1 of the flow's application; 0 where it is unknown. */
  app(row: Int32Array, at: number): number {
    return row[at + STATE]! >>> APP_SHIFT;
  }

  setApp(row: Int32Array, at: number, index: number): void {
    row[at + STATE] = (row[at + STATE]! & ((1 << APP_SHIFT) - 1)) | ((index + 1) << APP_SHIFT);
  }

  /** One more message in vain: after some of them the direction counts as unknown. */
  missed(row: Int32Array, at: number, dir: 0 | 1, most: number = LIMITS.identifyDatagrams): void {
    const tries = row[at + TRIES]! + (dir === 0 ? 1 : 0x10000);
    row[at + TRIES] = tries;
    if (((tries >>> (dir * 16)) & 0xffff) >= most) this.settle(row, at, dir);
  }

  /** A cap ends the reading of this direction: what stands behind may say anything. */
  cut(row: Int32Array, at: number, dir: 0 | 1, cap: Cap): void {
    this.hit(this.details.of(row, at), cap);
    this.settle(row, at, dir);
  }

  /** A cap keeps something of this flow from being read. */
  hit(detail: FlowDetail, cap: Cap): void {
    this.caps.hit(cap);
    detail.cut ??= cap;
  }

  /** A cap that the decoder reached in a message that it accepted. */
  heedCap(row: Int32Array, at: number): void {
    const { context } = this.attempt;
    if (context.capped !== undefined) this.hit(this.details.of(row, at), context.capped);
    context.capped = undefined;
  }

  /** Nothing more is wanted of this direction: later packets only count. */
  settle(row: Int32Array, at: number, dir: 0 | 1): void {
    row[at + STATE]! &= ~(S_FEED << dir);
    const detail = this.details.get(row, at);
    if (detail === null) return;
    const stream = detail.streams[dir];
    if (stream !== null) {
      if (stream.rewind !== null) this.#rewound--;
      this.held -= stream.held;
      detail.streams = withSide(detail.streams, dir, null);
    }
    this.forgetDatagrams(detail, dir);
    this.details.release(row, at);
  }

  /** The message that they were the beginning of is whole, or given up. */
  forgetDatagrams(detail: FlowDetail, dir: 0 | 1): void {
    const kept = detail.datagrams[dir];
    if (kept === null) return;
    for (const segment of kept) this.held -= segment.bytes.length;
    detail.datagrams = withSide(detail.datagrams, dir, null);
  }

  /** Moves what the decoder said into the flow's detail. `earlier`: frames that carried pieces of the message before. */
  keep(
    row: Int32Array,
    at: number,
    dir: 0 | 1,
    capture: number,
    frame: number,
    earlier: readonly number[],
    beside?: string,
  ): void {
    const { attempt } = this;
    if (attempt.context.capped !== undefined) this.heedCap(row, at);
    if (attempt.facts.length === 0) return;
    const parts = earlier.length === 0 ? earlier : earlier.filter((part) => part !== frame);
    const detail = this.details.of(row, at);
    const { sec, nsec } = attempt.context;
    const again = detail.sightings.length >= REPEATS_FROM ? this.#toldBefore(detail, dir) : null;
    for (const fact of attempt.facts) {
      if (fact.kind === "operation") this.#rewinds(detail.streams[dir]);
      if (fact.kind === "operation" && this.#tallied(detail, fact, dir, capture, frame)) continue;
      if (detail.sightings.length >= REPEATS_FROM && this.#saidBefore(detail, dir, fact)) continue;
      if (this.#isFull(detail, fact, again)) continue;
      this.facts++;
      this.noted++;
      const sighting: Sighting = { fact, dir, capture, frame, sec, nsec };
      if (parts.length > 0) sighting.parts = parts;
      if (beside !== undefined) sighting.beside = beside;
      detail.sightings.push(sighting);
    }
    attempt.facts = [];
  }

  /**
   * True where a fact finds no room. Names have as much room again, and so has all of a message of a kind that is new:
   * none may hide behind facts of no consequence. `again`: of the message at hand, see `#toldBefore`.
   */
  #isFull(detail: FlowDetail, fact: Fact, again: boolean | null): boolean {
    if (detail.sightings.length < LIMITS.factsPerFlow && this.facts < LIMITS.facts) return false;
    if (again === true && isTelling(fact)) return true;
    const names = again === false || isNaming(fact);
    if (names && detail.sightings.length < 2 * LIMITS.factsPerFlow && this.facts < LIMITS.facts) return false;
    if ((fact.kind === "message" || fact.kind === "expect-flow") && this.#isTold(detail)) return true;
    const cap = this.facts >= LIMITS.facts ? "facts" : "factsPerFlow";
    detail.dropped++;
    if (names || fact.kind === "operation") this.hit(detail, cap);
    else this.caps.hit(cap);
    return true;
  }

  /**
   * Whether the message at hand has no id, and one like it came before: it began or ended as that one, so what is told of all
   * messages is told by that one too. Null where it has an id.
   */
  #toldBefore(detail: FlowDetail, dir: 0 | 1): boolean | null {
    const kind = kindOfMessage(this.attempt.facts, dir);
    return kind === null ? null : this.#isAgain(detail, kind);
  }

  /**
   * Whether the message at hand has been counted as an operation, which has its answer by an id of its own or expects none:
   * then nothing is lost with it where there is no room left; an answer from elsewhere that it led to expect is judged by
   * itself. Of HTTP the messages themselves are counted (`conform/http-answers.ts`).
   */
  #isTold({ operations }: FlowDetail): boolean {
    if (operations === null) return false;
    const { facts } = this.attempt;
    const oneway = facts.some((fact) => fact.kind === "message" && fact.what === "oneway");
    return facts.some(
      (fact) => fact.kind === "operation" && (fact.id !== null || oneway) && !fact.protocol.startsWith("http"),
    );
  }

  /** What a device is asked is remembered for a while, in case that it is sent again with other bytes. */
  #rewinds(stream: Stream | null): void {
    if (stream === null || stream.rewind !== null) return;
    if (this.#rewound >= LIMITS.rewinds) {
      if (!stream.unwatched) this.caps.hit("rewinds");
      stream.unwatched = true;
      return;
    }
    this.#rewound++;
    stream.rewind = new Rewind();
  }

  /** True where the operation was counted by its kind: in a long flow of them. */
  #tallied(detail: FlowDetail, fact: OperationFact, dir: 0 | 1, capture: number, frame: number): boolean {
    if (detail.operations === null) {
      if (!this.tallies || !isLong(detail)) return false;
      detail.operations = new OperationTally();
    }
    const { sec, nsec } = this.attempt.context;
    const kind = detail.operations.add(fact, dir, capture, frame, sec, nsec);
    if (kind?.frames.at(-1)?.frame === frame) this.noted++;
    const { like } = this;
    const alone = this.attempt.facts.length === 1 && !fact.failed;
    if (this.liked > 0 && kind !== null && alone && fact.id === like[LIKE_ID]) {
      detail.operations.learn(dir, like, kind);
      this.learned = true;
    }
    if (detail.operations.hit !== null) {
      if (kind === null) this.hit(detail, detail.operations.hit);
      else this.caps.hit(detail.operations.hit);
      detail.operations.hit = null;
    }
    return true;
  }

  /**
   * A long flow of requests says the same of itself again and again. Questions, answers, messages, operations and faults
   * are counted and always kept; of the rest the first time is enough.
   */
  #saidBefore(detail: FlowDetail, dir: 0 | 1, fact: Fact): boolean {
    if (
      fact.kind !== "field" &&
      fact.kind !== "role" &&
      fact.kind !== "inner" &&
      fact.kind !== "asset" &&
      fact.kind !== "name"
    ) {
      return false;
    }
    return this.#isAgain(detail, `${dir}${JSON.stringify(fact)}`);
  }

  /** Whether something of a flow has been met before; it is remembered. */
  #isAgain(detail: FlowDetail, key: string): boolean {
    let said = this.#said.get(detail);
    if (said === undefined) {
      said = new Set(detail.sightings.map((sighting) => `${sighting.dir}${JSON.stringify(sighting.fact)}`));
      this.#said.set(detail, said);
    }
    if (said.has(key)) return true;
    said.add(key);
    return false;
  }
}

/** Enough operations that they are counted by kind, and no segment to come that a merge would play again. */
function isLong(detail: FlowDetail): boolean {
  const { sightings, heads } = detail;
  if (sightings.length < LIMITS.operationsApart) return false;
  if (sightings.length < LIMITS.factsPerFlow / 2 && heads.some(isFilling)) return false;
  let operations = 0;
  for (const { fact } of sightings) if (fact.kind === "operation") operations++;
  return operations >= LIMITS.operationsApart;
}

function isFilling(head: readonly unknown[] | null): boolean {
  return head !== null && head.length < LIMITS.identifySegments;
}
