/**
 * The flow table: rows in chunks of 1 MiB (growing never copies), found through an open-addressed index.
 * A key may have several rows, one after the other in time; the index knows the newest.
 */
import { LIMITS } from "../limits.ts";
import { mix } from "./addresses.ts";
import * as Row from "./row.ts";

// A module's own constants are folded into the machine code; imported ones are read from memory each time.
const { BLOCK_ROWS, BLOCK_WORDS, HIGH, LOW, META, PORTS } = Row;

const CHUNK_SHIFT = 13;
export const CHUNK_ROWS = 1 << CHUNK_SHIFT;
const ROW_MASK = CHUNK_ROWS - 1;

export class FlowTable {
  readonly chunks: Int32Array[] = [];
  /** Pairs of a key's hash and its newest flow + 1: a row is looked at only where the whole hash agrees. */
  slots = new Int32Array(2 << 14);
  /** Pairs less one. */
  mask = (1 << 14) - 1;
  #keys = 0;
  count = 0;

  /** The newest flow with this key, or -1. */
  find(low: number, high: number, ports: number, meta: number): number {
    const slots = this.slots;
    const mask = this.mask;
    const hash = mix(low, high, ports, meta);
    let slot = hash & mask;
    for (;;) {
      const flow = slots[slot * 2 + 1]! - 1;
      if (flow < 0) return -1;
      if (slots[slot * 2] === hash) {
        const row = this.chunks[flow >>> CHUNK_SHIFT]!;
        const at = place(flow & ROW_MASK);
        if (row[at + LOW] === low && row[at + HIGH] === high && row[at + PORTS] === ports && row[at + META] === meta) {
          return flow;
        }
      }
      slot = (slot + 1) & mask;
    }
  }

  /** A new row for the key, which from now on `find` returns; -1 where the table is full. */
  add(low: number, high: number, ports: number, meta: number): number {
    if (this.count >= LIMITS.flows) return -1;
    const older = this.find(low, high, ports, meta);
    const flow = this.count++;
    if ((flow & ROW_MASK) === 0 && flow >>> CHUNK_SHIFT === this.chunks.length) this.chunks.push(newChunk());
    const row = this.chunks[flow >>> CHUNK_SHIFT]!;
    const at = place(flow & ROW_MASK);
    row[at + LOW] = low;
    row[at + HIGH] = high;
    row[at + PORTS] = ports;
    row[at + META] = meta;
    const hash = mix(low, high, ports, meta);
    let slot = hash & this.mask;
    while (this.slots[slot * 2 + 1] !== 0 && this.slots[slot * 2 + 1] !== older + 1) slot = (slot + 1) & this.mask;
    this.slots[slot * 2] = hash;
    this.slots[slot * 2 + 1] = flow + 1;
    if (older < 0 && ++this.#keys * 2 > this.mask + 1) this.#grow();
    return flow;
  }

  /** A new row that `find` never returns: of a flow that is over. Its words are the caller's to write; -1 where the table is full. */
  append(): number {
    if (this.count >= LIMITS.flows) return -1;
    const flow = this.count++;
    if ((flow & ROW_MASK) === 0 && flow >>> CHUNK_SHIFT === this.chunks.length) this.chunks.push(newChunk());
    return flow;
  }

  /**
   * Begins anew in the same memory: rows that are to stay are added again, none to a place behind where it was read. Until
   * `settle` the old words are still there.
   */
  restart(): void {
    this.slots = new Int32Array(2 << 14);
    this.mask = (1 << 14) - 1;
    this.#keys = 0;
    this.count = 0;
  }

  /** After `restart`: gives back what is not needed any more, and clears what stands behind the last row. */
  settle(): void {
    this.chunks.length = Math.ceil(this.count / CHUNK_ROWS);
    const words = this.chunks.at(-1);
    if (words === undefined) return;
    for (let row = this.count; row < this.chunks.length * CHUNK_ROWS; row++) Row.clearRow(words, place(row & ROW_MASK));
  }

  /** The chunk that holds a flow, and the flow's place in it. */
  rows(flow: number): Int32Array {
    return this.chunks[flow >>> CHUNK_SHIFT]!;
  }
  at(flow: number): number {
    return place(flow & ROW_MASK);
  }

  #grow(): void {
    const old = this.slots;
    const slots = new Int32Array(old.length * 2);
    const mask = this.mask * 2 + 1;
    for (let i = 0; i < old.length; i += 2) {
      if (old[i + 1] === 0) continue;
      let slot = old[i]! & mask;
      while (slots[slot * 2 + 1] !== 0) slot = (slot + 1) & mask;
      slots[slot * 2] = old[i]!;
      slots[slot * 2 + 1] = old[i + 1]!;
    }
    this.slots = slots;
    this.mask = mask;
  }
}

/**
 * A chunk whose rows begin at cache lines: large buffers of glibc begin 16 bytes after a page, so 48 bytes are left out.
 * Elsewhere it costs nothing. (`small` of the bench: rows across lines cost 20 ns a packet more.)
 */
function newChunk(): Int32Array {
  const words = (CHUNK_ROWS / BLOCK_ROWS) * BLOCK_WORDS;
  return new Int32Array(new ArrayBuffer(48 + words * 4), 48, words);
}

/** As `placeOf`, in this module for the same reason as the constants. */
function place(row: number): number {
  return ((row >>> 6) << 11) | ((row & 63) << 4);
}
