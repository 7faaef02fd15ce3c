/**
 * Conversations in columns like the flows, 16 words each, because a capture may hold millions that nobody judges; and an index of
 * them by their key.
 */
import { mix } from "../flow/addresses.ts";
import * as R from "../flow/row.ts";
import { type FlowView, OUTCOMES } from "./flow-view.ts";

/** 64 KiB a chunk: whoever judges small captures one after the other would clear, and collect, a MiB for each. */
const CHUNK_SHIFT = 10;
const CHUNK = 1 << CHUNK_SHIFT;
const WORDS_SHIFT = 4;

export const C_INITIATOR = 0;
export const C_RESPONDER = 1;
/** As R.META. */
export const C_META = 2;
/** Responder's port | application (decoder index + 1) << 16 | index into INITIATOR_BY << 24. */
export const C_PORT_APP = 3;
/** Index + 1 into `serverNames`; 0 where the client sent none. */
export const C_NAME = 4;
export const C_FLOWS = 5;
export const C_PACKETS = 6;
export const C_BYTES = 7; // low word, high word
export const C_FIRST = 9; // seconds, nanoseconds
export const C_LAST = 11;
/** Best outcome: index into OUTCOMES; with MIXED where its flows ended differently. */
export const C_OUTCOME = 13;
export const MIXED = 1 << 8;
/** First and last flow + 1 of the chain. */
export const C_HEAD = 14;
export const C_TAIL = 15;

/** Bytes of both directions, of the conversation at this place. */
export function bytesIn(row: Int32Array, at: number): number {
  return row[at + C_BYTES + 1]! * 0x1_0000_0000 + (row[at + C_BYTES]! >>> 0);
}

/** Slots to begin with: of the least that hold one for each flow, of which most fold into others. */
const FEWEST_SLOTS = 1 << 12;
const MOST_FIRST_SLOTS = 1 << 22;

/** The least power of two that is not below it. */
function powerOfTwo(count: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, count)));
}

export class ConversationRows {
  readonly chunks: Int32Array[] = [];
  count = 0;
  /**
   * A conversation + 1 in the bits of the mask, and its key's hash in those above it: a row is looked at only where these agree.
   * At most three of four are filled.
   */
  #slots: Int32Array;
  #mask: number;

  /** `flows`: how many may be folded. Begun small, the index of a hundred thousand would be made anew six times. */
  constructor(flows: number) {
    const slots = Math.max(FEWEST_SLOTS, Math.min(MOST_FIRST_SLOTS, powerOfTwo((flows * 4) / 3)));
    this.#slots = new Int32Array(slots);
    this.#mask = slots - 1;
  }

  rows(conversation: number): Int32Array {
    return this.chunks[conversation >>> CHUNK_SHIFT]!;
  }
  at(conversation: number): number {
    return (conversation & (CHUNK - 1)) << WORDS_SHIFT;
  }
  word(conversation: number, field: number): number {
    return this.rows(conversation)[this.at(conversation) + field]!;
  }

  /** The one of that key, a new one where there is none. `by`: who says who opened it (INITIATOR_BY); the surest word is kept. */
  protected find(
    initiator: number,
    responder: number,
    meta: number,
    portApp: number,
    name: number,
    by: number,
  ): number {
    const slots = this.#slots;
    const mask = this.#mask;
    const hash = hashOf(initiator, responder, meta, portApp, name);
    let slot = hash & mask;
    for (let held = slots[slot]!; held !== 0; slot = (slot + 1) & mask, held = slots[slot]!) {
      if (((held ^ hash) & ~mask) !== 0) continue;
      const conversation = (held & mask) - 1;
      const row = this.rows(conversation);
      const at = this.at(conversation);
      if (
        row[at + C_INITIATOR] === initiator &&
        row[at + C_RESPONDER] === responder &&
        row[at + C_META] === meta &&
        (row[at + C_PORT_APP]! & 0xffffff) === portApp &&
        row[at + C_NAME] === name
      ) {
        if (by < row[at + C_PORT_APP]! >>> 24) row[at + C_PORT_APP] = portApp | (by << 24);
        return conversation;
      }
    }
    const conversation = this.count++;
    slots[slot] = (hash & ~mask) | (conversation + 1);
    if ((conversation & (CHUNK - 1)) === 0) this.chunks.push(new Int32Array(CHUNK << WORDS_SHIFT));
    const row = this.rows(conversation);
    const at = this.at(conversation);
    row[at + C_INITIATOR] = initiator;
    row[at + C_RESPONDER] = responder;
    row[at + C_META] = meta;
    row[at + C_PORT_APP] = portApp | (by << 24);
    row[at + C_NAME] = name;
    row[at + C_OUTCOME] = OUTCOMES.length - 1;
    if (this.count > (slots.length >> 2) * 3) this.#grow();
    return conversation;
  }

  /** Counts a flow. `packets`, `bytes`: what of it is repeats, and counts nowhere. */
  protected addUp(conversation: number, view: FlowView, outcome: number, packets: number, bytes: number): void {
    const row = this.rows(conversation);
    const at = this.at(conversation);
    const isFirst = row[at + C_FLOWS] === 0;
    const { flows } = view;
    row[at + C_FLOWS]! += flows;
    if (flows > 0) ended(row, at + C_OUTCOME, outcome, isFirst); // of none there is only what was said (`departed.ts`)
    row[at + C_PACKETS]! += view.packets(0) + view.packets(1) - packets;
    const all = view.bytes(0) + view.bytes(1) - bytes;
    const low = (row[at + C_BYTES]! >>> 0) + (all % 0x1_0000_0000);
    row[at + C_BYTES] = low | 0;
    row[at + C_BYTES + 1]! += Math.floor(all / 0x1_0000_0000) + (low >= 0x1_0000_0000 ? 1 : 0);
    const first = view.at + R.FIRST + view.firstDir * 2;
    const firstSec = view.row[first]! >>> 0;
    const firstNsec = view.row[first + 1]!;
    if (isFirst || isBefore(firstSec, firstNsec, row, at + C_FIRST)) {
      row[at + C_FIRST] = firstSec;
      row[at + C_FIRST + 1] = firstNsec;
    }
    const last = view.at + R.LAST + view.lastDir * 2;
    const lastSec = view.row[last]! >>> 0;
    const lastNsec = view.row[last + 1]!;
    if (isFirst || !isBefore(lastSec, lastNsec, row, at + C_LAST)) {
      row[at + C_LAST] = lastSec;
      row[at + C_LAST + 1] = lastNsec;
    }
  }

  #grow(): void {
    const slots = new Int32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let conversation = 0; conversation < this.count; conversation++) {
      const row = this.rows(conversation);
      const at = this.at(conversation);
      const portApp = row[at + C_PORT_APP]! & 0xffffff;
      const hash = hashOf(
        row[at + C_INITIATOR]!,
        row[at + C_RESPONDER]!,
        row[at + C_META]!,
        portApp,
        row[at + C_NAME]!,
      );
      let slot = hash & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = (hash & ~mask) | (conversation + 1);
    }
    this.#slots = slots;
    this.#mask = mask;
  }
}

function hashOf(initiator: number, responder: number, meta: number, portApp: number, name: number): number {
  return mix(initiator, responder, meta ^ Math.imul(name, 0x9e3779b1), portApp);
}

function ended(row: Int32Array, at: number, outcome: number, first: boolean): void {
  const best = row[at]! & ~MIXED;
  const mixed = first || best === outcome ? row[at]! & MIXED : MIXED;
  row[at] = (first || outcome < best ? outcome : best) | mixed;
}

/** Whether a time is before the one that stands in a row. */
function isBefore(sec: number, nsec: number, row: Int32Array, at: number): boolean {
  const there = row[at]! >>> 0;
  return sec < there || (sec === there && nsec < row[at + 1]!);
}
