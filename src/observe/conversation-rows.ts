/**
 * Conversations in columns like the flows, 16 words each, because a capture may hold millions that nobody judges; and an index of
 * them by their key.
 */
import { mix } from "../flow/addresses.ts";
import { OUTCOMES } from "./flow-view.ts";

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

/** Slots to begin with: of one for each flow, as every second may be filled and most flows fold into others. */
const FEWEST_SLOTS = 1 << 12;
const MOST_FIRST_SLOTS = 1 << 20;

/** The least power of two that is not below it. */
function powerOfTwo(count: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, count)));
}

export class ConversationRows {
  readonly chunks: Int32Array[] = [];
  count = 0;
  #slots: Int32Array;
  #mask: number;

  /** `flows`: how many may be folded. Begun small, the index of a hundred thousand would be made anew six times. */
  constructor(flows: number) {
    this.#slots = new Int32Array(Math.max(FEWEST_SLOTS, Math.min(MOST_FIRST_SLOTS, powerOfTwo(flows))));
    this.#mask = this.#slots.length - 1;
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
    let slot = mix(initiator, responder, meta ^ Math.imul(name, 0x9e3779b1), portApp) & this.#mask;
    for (;;) {
      const conversation = this.#slots[slot]! - 1;
      if (conversation < 0) break;
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
      slot = (slot + 1) & this.#mask;
    }
    const conversation = this.count++;
    if ((conversation & (CHUNK - 1)) === 0) this.chunks.push(new Int32Array(CHUNK << WORDS_SHIFT));
    const row = this.rows(conversation);
    const at = this.at(conversation);
    row[at + C_INITIATOR] = initiator;
    row[at + C_RESPONDER] = responder;
    row[at + C_META] = meta;
    row[at + C_PORT_APP] = portApp | (by << 24);
    row[at + C_NAME] = name;
    row[at + C_OUTCOME] = OUTCOMES.length - 1;
    this.#slots[slot] = conversation + 1;
    if (this.count * 2 > this.#slots.length) this.#grow();
    return conversation;
  }

  #grow(): void {
    const slots = new Int32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let conversation = 0; conversation < this.count; conversation++) {
      const row = this.rows(conversation);
      const at = this.at(conversation);
      const meta = row[at + C_META]! ^ Math.imul(row[at + C_NAME]!, 0x9e3779b1);
      let slot = mix(row[at + C_INITIATOR]!, row[at + C_RESPONDER]!, meta, row[at + C_PORT_APP]! & 0xffffff) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = conversation + 1;
    }
    this.#slots = slots;
    this.#mask = mask;
  }
}
