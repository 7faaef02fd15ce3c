/**
 * The flow table: rows in chunks of 1 MiB (growing never copies), found through an open-addressed index.
 * A key may have several rows, one after the other in time; the index knows the newest.
 */
import { LIMITS } from "../limits.ts";
import { mix } from "./addresses.ts";
import { HIGH, LOW, META, PORTS, ROW_WORDS } from "./row.ts";

const CHUNK_SHIFT = 13;
export const CHUNK_ROWS = 1 << CHUNK_SHIFT;
const ROW_MASK = CHUNK_ROWS - 1;
const WORDS_SHIFT = 5; // ROW_WORDS = 1 << 5

export class FlowTable {
  readonly chunks: Int32Array[] = [];
  #slots = new Int32Array(1 << 14);
  #mask = (1 << 14) - 1;
  #keys = 0;
  count = 0;

  /** The newest flow with this key, or -1. */
  find(low: number, high: number, ports: number, meta: number): number {
    const slots = this.#slots;
    const mask = this.#mask;
    let slot = mix(low, high, ports, meta) & mask;
    for (;;) {
      const flow = slots[slot]! - 1;
      if (flow < 0) return -1;
      const row = this.chunks[flow >>> CHUNK_SHIFT]!;
      const at = (flow & ROW_MASK) << WORDS_SHIFT;
      if (row[at + LOW] === low && row[at + HIGH] === high && row[at + PORTS] === ports && row[at + META] === meta) {
        return flow;
      }
      slot = (slot + 1) & mask;
    }
  }

  /** A new row for the key, which from now on `find` returns; -1 where the table is full. */
  add(low: number, high: number, ports: number, meta: number): number {
    if (this.count >= LIMITS.flows) return -1;
    const flow = this.count++;
    if ((flow & ROW_MASK) === 0) this.chunks.push(newChunk());
    const row = this.chunks[flow >>> CHUNK_SHIFT]!;
    const at = (flow & ROW_MASK) << WORDS_SHIFT;
    row[at + LOW] = low;
    row[at + HIGH] = high;
    row[at + PORTS] = ports;
    row[at + META] = meta;
    let slot = mix(low, high, ports, meta) & this.#mask;
    for (;;) {
      const other = this.#slots[slot]! - 1;
      if (other < 0) {
        this.#keys++;
        break;
      }
      const rows = this.chunks[other >>> CHUNK_SHIFT]!;
      const o = (other & ROW_MASK) << WORDS_SHIFT;
      if (rows[o + LOW] === low && rows[o + HIGH] === high && rows[o + PORTS] === ports && rows[o + META] === meta)
        break;
      slot = (slot + 1) & this.#mask;
    }
    this.#slots[slot] = flow + 1;
    if (this.#keys * 2 > this.#slots.length) this.#grow();
    return flow;
  }

  /** The chunk that holds a flow, and the flow's first word in it. */
  rows(flow: number): Int32Array {
    return this.chunks[flow >>> CHUNK_SHIFT]!;
  }
  at(flow: number): number {
    return (flow & ROW_MASK) << WORDS_SHIFT;
  }

  #grow(): void {
    const old = this.#slots;
    const slots = new Int32Array(old.length * 2);
    const mask = slots.length - 1;
    for (let i = 0; i < old.length; i++) {
      const flow = old[i]! - 1;
      if (flow < 0) continue;
      const row = this.chunks[flow >>> CHUNK_SHIFT]!;
      const at = (flow & ROW_MASK) << WORDS_SHIFT;
      let slot = mix(row[at + LOW]!, row[at + HIGH]!, row[at + PORTS]!, row[at + META]!) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = flow + 1;
    }
    this.#slots = slots;
    this.#mask = mask;
  }
}

/**
 * A chunk whose rows begin at cache lines: large buffers of glibc begin 16 bytes after a page, so 48 bytes are left out.
 * Elsewhere it costs nothing. (`small` of the bench: rows across lines cost 20 ns a packet more.)
 */
function newChunk(): Int32Array {
  return new Int32Array(new ArrayBuffer(48 + CHUNK_ROWS * ROW_WORDS * 4), 48, CHUNK_ROWS * ROW_WORDS);
}
