/**
 * One direction of a TCP connection, as far as a decoder still wants it: contiguous bytes from a message boundary on,
 * and the segments beyond the first hole.
 *
 *            base                 base + length        hole        pending
 *     ────────┬─────────────────────┬──────────────────────┬──────────┬─────
 *      consumed│ data, not yet whole │       missing        │ segments │
 *     ────────┴─────────────────────┴──────────────────────┴──────────┴─────
 *
 * Where segments overlap, the bytes that came first stay (as most receivers do); different bytes are counted.
 */
import { LIMITS } from "../limits.ts";
import type { Rewind } from "./rewind.ts";

/** A payload that is kept, with where it was seen. */
export interface Segment {
  /** TCP: sequence number of the first byte. */
  seq: number;
  bytes: Uint8Array;
  /** Bytes that the capture cut off behind them. */
  cutOff: number;
  capture: number;
  frame: number;
  sec: number;
  nsec: number;
}

export class Stream {
  /** Sequence number of `data[0]`. */
  base: number;
  data: Uint8Array = EMPTY;
  length = 0;
  /** Beyond a hole, in order of sequence numbers. */
  pending: Segment[] = [];
  /** Index of the decoder that has accepted bytes of this direction, or that they were handed to; -1 while none has. */
  decoder = -1;
  /** True where another decoder has handed the direction to `decoder`, which has not accepted any bytes yet. */
  handed = false;
  /** True where the first byte of the connection is the first byte here; no longer so where it was given up for lost. */
  fromStart: boolean;
  /** Bytes that the capture cut off right behind `data`: nothing contiguous can follow. */
  cutOff = 0;
  /** Frames whose bytes are in `data`: a message's evidence is every frame that carried a piece of it. */
  parts: number[] = [];
  /** The decoder's one number: `Context.state`. */
  state = 0;
  /** Bytes that were never seen, between what the decoder took last and `data`. */
  lost = 0;
  /** Segments that brought other bytes for a place already filled. */
  conflicts = 0;
  /** What was read last, where that is what a device was asked; null else. */
  rewind: Rewind | null = null;
  /** True where that found no room (`LIMITS.rewinds`), so that nobody can say what is sent again. */
  unwatched = false;
  /** The last message that gave a name, consumed and yet kept while the direction is read: what is sent again in its place is compared. */
  named: Message | null = null;

  constructor(base: number, fromStart: boolean) {
    this.base = base;
    this.fromStart = fromStart;
  }

  /** Bytes held in memory. */
  get held(): number {
    let sum = this.length + (this.named?.bytes.length ?? 0);
    for (const segment of this.pending) sum += segment.bytes.length;
    return sum;
  }

  /** Sequence number that would be contiguous. */
  get next(): number {
    return (this.base + this.length) | 0;
  }

  /** Sequence number behind all that has come, holes or not. */
  get furthest(): number {
    let end = this.next;
    for (const { seq, bytes } of this.pending) if (((seq + bytes.length - end) | 0) > 0) end = (seq + bytes.length) | 0;
    return end;
  }

  /** Appends contiguous bytes. */
  append(buf: Uint8Array, off: number, len: number, frame: number): void {
    if (this.parts.length === 0)
      this.parts = [frame]; // a literal has no spare room, which most streams never need
    else if (this.parts.length < LIMITS.evidenceFrames) this.parts.push(frame);
    const need = this.length + len;
    if (need > this.data.length) {
      const grown = new Uint8Array(Math.max(need, LEAST_BYTES, Math.min(this.data.length * 2, LIMITS.streamBytes)));
      grown.set(this.data.subarray(0, this.length));
      this.data = grown;
    }
    this.data.set(buf.subarray(off, off + len), this.length);
    this.length += len;
  }

  /** Forgets the first `count` bytes. */
  consume(count: number): void {
    if (count === 0) return;
    this.base = (this.base + count) | 0;
    this.length -= count;
    if (this.length === 0) {
      this.data = EMPTY;
      this.parts = [];
    } else {
      this.data.copyWithin(0, count, count + this.length);
      this.parts = this.parts.slice(-1); // what is left came, nearly always, with the last frame
    }
  }

  /** Keeps a segment beyond a hole; false where too many wait already. One that says nothing new is compared and dropped. */
  wait(segment: Segment): boolean {
    if (this.pending.length >= LIMITS.pendingSegments) return false;
    let i = this.pending.length;
    while (i > 0 && ((this.pending[i - 1]!.seq - segment.seq) | 0) > 0) i--;
    const before = this.pending[i - 1];
    if (before?.seq === segment.seq && before.bytes.length >= segment.bytes.length) {
      if (!differ(before.bytes, 0, segment.bytes, 0, segment.bytes.length)) return true;
      if (this.rewind === null) {
        this.conflicts++;
        return true;
      }
    }
    this.pending.splice(i, 0, segment);
    return true;
  }

  /** The next waiting segment that is contiguous by now, taken out; undefined where there is none. */
  ready(): Segment | undefined {
    const first = this.pending[0];
    if (first === undefined || ((first.seq - this.next) | 0) > 0) return undefined;
    return this.pending.shift();
  }

  /** Compares bytes that were sent again with those that are still held; true where they are others. */
  compare(seq: number, buf: Uint8Array, off: number, len: number): boolean {
    const { named } = this;
    const back = (this.base - seq) | 0;
    if (
      (back > 0 && this.rewind?.differs(back, buf, off, len) === true) ||
      differ(this.data, -back, buf, off, len, this.length) ||
      (named !== null && differ(named.bytes, (seq - named.seq) | 0, buf, off, len))
    ) {
      this.conflicts++;
      return true;
    }
    return false;
  }
}

/** A message, by the sequence number of its first byte, and the frame that completed it. */
export interface Message {
  seq: number;
  bytes: Uint8Array;
  frame: number;
}

/** Whether bytes of `buf` are others than those of `held`, where `off` stands beside `at`; what is only in one of them is not compared. */
function differ(held: Uint8Array, at: number, buf: Uint8Array, off: number, len: number, end = held.length): boolean {
  for (let i = Math.max(0, -at); i < len && at + i < end; i++) if (held[at + i] !== buf[off + i]) return true;
  return false;
}

const EMPTY = new Uint8Array(0);
/** The first allocation of a stream's buffer: what waits is mostly the first few bytes of a message. */
const LEAST_BYTES = 64;
