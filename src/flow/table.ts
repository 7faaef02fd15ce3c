/**
 * The flow table: rows in chunks of 1 MiB (growing never copies), found through an open-addressed index.
 * A key may have several rows, one after the other in time; the index knows the newest.
 */
import { LIMITS } from "../limits.ts";
import { mix } from "./addresses.ts";
import type { Arena } from "./arena.ts";
import * as Row from "./row.ts";

// A module's own constants are folded into the machine code; imported ones are read from memory each time.
const { BLOCK_ROWS, BLOCK_WORDS, HIGH, LOW, META, PORTS } = Row;

const CHUNK_SHIFT = 13;
export const CHUNK_ROWS = 1 << CHUNK_SHIFT;
const ROW_MASK = CHUNK_ROWS - 1;
/** Of a slot: `LIMITS.flows` has as many bits. */
const FLOW_BITS = 24;
const FLOW_MASK = (1 << FLOW_BITS) - 1;

export class FlowTable {
  readonly chunks: Int32Array[] = [];
  /** A key's newest flow + 1, and above it the highest bits of the key's hash: a row is looked at only where these agree. */
  slots: Int32Array;
  /** Slots less one. */
  mask: number;
  /** Where `slots` begins in the arena; -1 where not all of the table is in it. */
  slotsAt = -1;
  readonly #arena: Arena | null;
  /** Up to where it may grow there. */
  readonly #slotsEnd: number;
  #keys = 0;
  count = 0;
  /** Rows that came in blocks and are not in the index yet: nobody may ever look for one. */
  #unsought: { from: number; to: number }[] | null = null;
  /** Where the index was, as far as no list is there yet. */
  #given: { at: number; end: number } | null = null;

  constructor(arena: Arena | null = null) {
    this.#arena = arena;
    const slots = arena === null ? FIRST_SLOTS : FIRST_SLOTS_LONG;
    const reserved = arena?.reserve(slots * 4, MOST_SLOTS * 4) ?? null;
    this.slotsAt = reserved?.at ?? -1;
    this.#slotsEnd = reserved?.end ?? -1;
    this.slots = reserved === null ? new Int32Array(slots) : new Int32Array(arena!.buffer, reserved.at, slots);
    this.mask = slots - 1;
  }

  /** The newest flow with this key, or -1. */
  find(low: number, high: number, ports: number, meta: number): number {
    if (this.#unsought !== null) this.#index(this.#unsought);
    const slots = this.slots;
    const mask = this.mask;
    const hash = mix(low, high, ports, meta);
    let slot = hash & mask;
    for (;;) {
      const held = slots[slot]!;
      if (held === 0) return -1;
      if ((held ^ hash) >>> FLOW_BITS === 0) {
        const flow = (held & FLOW_MASK) - 1;
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
    if ((flow & ROW_MASK) === 0 && flow >>> CHUNK_SHIFT === this.chunks.length) this.chunks.push(this.#newChunk());
    const row = this.chunks[flow >>> CHUNK_SHIFT]!;
    const at = place(flow & ROW_MASK);
    row[at + LOW] = low;
    row[at + HIGH] = high;
    row[at + PORTS] = ports;
    row[at + META] = meta;
    const hash = mix(low, high, ports, meta);
    let slot = hash & this.mask;
    while (this.slots[slot] !== 0 && (this.slots[slot]! & FLOW_MASK) !== older + 1) slot = (slot + 1) & this.mask;
    this.slots[slot] = (hash & ~FLOW_MASK) | (flow + 1);
    if (older < 0 && ++this.#keys > this.#mostKeys) this.#grow();
    return flow;
  }

  /**
   * Adds rows that stand in blocks, as they do here; those for which there is no room are left out. `areOurs`: the words are nobody else's,
   * and a whole chunk of them may stay where it is.
   */
  restore(words: Int32Array, rows: number, areOurs = false): void {
    const from = this.count;
    for (let done = 0; done < rows && this.count < LIMITS.flows; ) {
      const flow = this.count;
      const first = flow & ROW_MASK;
      const isNew = first === 0 && flow >>> CHUNK_SHIFT === this.chunks.length;
      if (
        isNew &&
        areOurs &&
        rows - done >= CHUNK_ROWS &&
        LIMITS.flows - flow >= CHUNK_ROWS &&
        done % CHUNK_ROWS === 0
      ) {
        this.slotsAt = -1;
        this.chunks.push(words.subarray(place(done), place(done) + CHUNK_WORDS));
        this.count += CHUNK_ROWS;
        done += CHUNK_ROWS;
        continue;
      }
      if (isNew) this.chunks.push(this.#newChunk());
      const chunk = this.rows(flow);
      // Whole blocks, unless one of them is begun.
      const isAligned = ((first | done) & (BLOCK_ROWS - 1)) === 0;
      const most = isAligned ? CHUNK_ROWS - first : BLOCK_ROWS - (first & (BLOCK_ROWS - 1));
      const count = Math.min(rows - done, most, LIMITS.flows - flow);
      if (isAligned) {
        const blocks = Math.ceil(count / BLOCK_ROWS);
        chunk.set(words.subarray(place(done), place(done) + blocks * BLOCK_WORDS), place(first));
        for (let row = count; row < blocks * BLOCK_ROWS; row++) Row.clearRow(chunk, place(first + row));
      } else {
        for (let row = 0; row < count; row++) Row.copyRow(words, place(done + row), chunk, place(first + row));
      }
      this.count += count;
      done += count;
    }
    this.#unsought ??= [];
    this.#unsought.push({ from, to: this.count });
  }

  /**
   * The newest flow of each key, or -1. Where nobody has needed an index yet, it is cheaper to hold all rows against one of few
   * keys.
   */
  newestOf(keys: readonly Key[]): Int32Array {
    if (keys.length === 0) return new Int32Array(0);
    const ranges = this.#unsought;
    if (ranges === null || this.#keys > 0 || keys.length * FEW > this.count)
      return Int32Array.from(keys, ({ low, high, ports, meta }) => this.find(low, high, ports, meta));
    const [asked, places] = tableOf(keys);
    const newest = new Int32Array(asked.count).fill(-1);
    for (const { from, to } of ranges)
      for (let flow = from; flow < to; flow++) {
        const key = asked.keyOf(this.rows(flow), this.at(flow));
        if (key >= 0) newest[key] = flow;
      }
    return places.map((place) => newest[place]!);
  }

  /** The newest flow with the key of a row of whatever table, or -1. */
  keyOf(row: Int32Array, at: number): number {
    return this.find(row[at + LOW]!, row[at + HIGH]!, row[at + PORTS]!, row[at + META]!);
  }

  /** Puts rows into the index, in their order. */
  #index(ranges: readonly { from: number; to: number }[]): void {
    this.#unsought = null;
    const most = Math.min(LIMITS.flows, this.#keys + ranges.reduce((sum, { from, to }) => sum + to - from, 0));
    while (this.#mostKeys < most) this.#grow();
    for (const { from, to } of ranges)
      for (let flow = from; flow < to; flow++) this.#put(flow, this.rows(flow), this.at(flow));
  }

  /** Puts a row that has its key into the index. */
  #put(flow: number, row: Int32Array, at: number): void {
    const { slots, mask } = this;
    const [low, high, ports, meta] = [row[at + LOW]!, row[at + HIGH]!, row[at + PORTS]!, row[at + META]!];
    const hash = mix(low, high, ports, meta);
    let slot = hash & mask;
    for (; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const held = slots[slot]!;
      if ((held ^ hash) >>> FLOW_BITS !== 0) continue;
      const older = (held & FLOW_MASK) - 1;
      const other = this.rows(older);
      const there = this.at(older);
      if (other[there + LOW] !== low || other[there + HIGH] !== high) continue;
      if (other[there + PORTS] !== ports || other[there + META] !== meta) continue;
      slots[slot] = (hash & ~FLOW_MASK) | (flow + 1);
      return;
    }
    slots[slot] = (hash & ~FLOW_MASK) | (flow + 1);
    if (++this.#keys > this.#mostKeys) this.#grow();
  }

  /**
   * That all is read. Hardly anybody looks for a row from then on, so lists of all flows of a large table may stand where its index was;
   * whoever does look makes another.
   */
  ended(many = MANY): void {
    if (this.slotsAt < 0 || this.count < many) return;
    this.#given = { at: this.slotsAt, end: this.slotsAt + this.slots.byteLength };
    this.#unindex();
    this.#unsought = [{ from: 0, to: this.count }];
  }

  /** A byte for each flow, 0 at first; or a word. */
  bytes(): Uint8Array {
    const at = this.#take(this.count);
    if (at < 0) return new Uint8Array(this.count);
    return new Uint8Array(this.#arena!.buffer, at, this.count).fill(0);
  }
  words(): Int32Array {
    const at = this.#take(this.count * 4);
    if (at < 0) return new Int32Array(this.count);
    return new Int32Array(this.#arena!.buffer, at, this.count).fill(0);
  }

  /** Where so many bytes of what was the index are; -1 where they are not. */
  #take(bytes: number): number {
    const given = this.#given;
    if (given === null || given.at + bytes > given.end) return -1;
    const { at } = given;
    given.at += Math.ceil(bytes / 16) * 16;
    return at;
  }

  /** How many rows can be added without anything growing. */
  get room(): number {
    if (this.#unsought !== null) this.#index(this.#unsought);
    const rows = Math.min(LIMITS.flows, this.chunks.length * CHUNK_ROWS) - this.count;
    return Math.min(rows, this.#mostKeys - this.#keys);
  }

  /** Keys that the index holds before it grows: three of four slots. At half of them ten million flows would take 134 MB more. */
  get #mostKeys(): number {
    return ((this.mask + 1) >> 2) * 3;
  }

  /** That so many were added by the compiled walk, each with a new key. */
  added(rows: number): void {
    this.count += rows;
    this.#keys += rows;
  }

  /** A new row that `find` never returns: of a flow that is over. Its words are the caller's to write; -1 where the table is full. */
  append(): number {
    if (this.count >= LIMITS.flows) return -1;
    const flow = this.count++;
    if ((flow & ROW_MASK) === 0 && flow >>> CHUNK_SHIFT === this.chunks.length) this.chunks.push(this.#newChunk());
    return flow;
  }

  /**
   * Begins anew in the same memory: rows that are to stay are added again, none to a place behind where it was read. Until
   * `settle` the old words are still there.
   */
  restart(): void {
    this.#unindex();
    this.count = 0;
    this.#unsought = null;
  }

  /** An empty index, not in the arena. */
  #unindex(): void {
    this.slots = new Int32Array(FIRST_SLOTS);
    this.slotsAt = -1;
    this.mask = FIRST_SLOTS - 1;
    this.#keys = 0;
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

  /** Twice as many slots: in an arena in the same place, so that smaller indexes take nothing there. */
  #grow(): void {
    const { slots: old, slotsAt } = this;
    const count = old.length * 2;
    this.mask = count - 1;
    if (slotsAt >= 0 && slotsAt + count * 4 <= this.#slotsEnd) {
      this.slots = new Int32Array(this.#arena!.buffer, slotsAt, count);
      this.#spread();
      return;
    }
    this.slotsAt = -1;
    this.slots = new Int32Array(count);
    for (const held of old) if (held !== 0) this.#move(held);
  }

  /**
   * Moves what an index holds to where one twice as large has it, in the same memory, the second half of which is empty yet. None goes
   * farther from where its hash leads than it was. So in the order of places, from behind an empty one on, none meets one
   * that is still to be moved and would leave a gap before it.
   */
  #spread(): void {
    const { slots } = this;
    const before = this.mask >>> 1;
    let empty = 0;
    while (slots[empty] !== 0) empty++;
    for (let i = 1; i <= before; i++) {
      const from = (empty + i) & before;
      const held = slots[from]!;
      if (held === 0) continue;
      slots[from] = 0;
      this.#move(held);
    }
  }

  /** Puts what a slot held into the next free one. The rest of its hash is made again of its row. */
  #move(held: number): void {
    const { slots, mask } = this;
    const flow = (held & FLOW_MASK) - 1;
    const row = this.rows(flow);
    const at = this.at(flow);
    let slot = mix(row[at + LOW]!, row[at + HIGH]!, row[at + PORTS]!, row[at + META]!) & mask;
    while (slots[slot] !== 0) slot = (slot + 1) & mask;
    slots[slot] = held;
  }

  /** The next chunk of rows, in the arena where it has room. */
  #newChunk(): Int32Array {
    const arena = this.#arena;
    if (arena !== null && this.slotsAt >= 0) {
      const at = arena.rows + this.chunks.length * CHUNK_WORDS * 4;
      if (at + CHUNK_WORDS * 4 <= arena.end) return new Int32Array(arena.buffer, at, CHUNK_WORDS);
      this.slotsAt = -1;
    }
    return newChunk();
  }
}

/** What tells a flow from others, as in its row. */
export interface Key {
  low: number;
  high: number;
  ports: number;
  meta: number;
}

/** A table with a flow for each key, and the flow of each. */
export function tableOf(keys: readonly Key[]): [table: FlowTable, places: Int32Array] {
  const table = new FlowTable();
  const places = Int32Array.from(keys, ({ low, high, ports, meta }) => {
    const known = table.find(low, high, ports, meta);
    return known < 0 ? table.add(low, high, ports, meta) : known;
  });
  return [table, places];
}

/** Rows from which on an index is worth giving up: 8 MB of it, made anew in a tenth of a second. */
const MANY = 1 << 20;
/** Of so many rows one key may be asked for without an index of all. */
const FEW = 8;

/** Slots of an index to begin with; for a long capture, whose index would soon be made anew several times, 1 MiB of them. */
const FIRST_SLOTS = 1 << 14;
const FIRST_SLOTS_LONG = 1 << 18;
/** For `LIMITS.flows` keys. */
const MOST_SLOTS = 1 << 25;
const CHUNK_WORDS = (CHUNK_ROWS / BLOCK_ROWS) * BLOCK_WORDS;

/**
 * A chunk whose rows begin at cache lines: large buffers of glibc begin 16 bytes after a page, so 48 bytes are left out.
 * Elsewhere it costs nothing. (`small` of the bench: rows across lines cost 20 ns a packet more.)
 */
function newChunk(): Int32Array {
  return new Int32Array(new ArrayBuffer(48 + CHUNK_WORDS * 4), 48, CHUNK_WORDS);
}

/** As `placeOf`, in this module for the same reason as the constants. */
function place(row: number): number {
  return ((row >>> 6) << 11) | ((row & 63) << 4);
}
