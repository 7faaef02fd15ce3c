/**
 * The first packets of each flow, as long as there is room: what a finding rests on is nearly always among them. The oldest
 * give way. Called for every frame of a run that keeps packets: nothing is allocated.
 */
import type { Frame } from "../capture/frame.ts";

/** Bytes of packets that are held, and how many packets at most. */
const RING_BYTES = 32 << 20;
const RING_PACKETS = 1 << 17;
/** Packets kept of one flow until the counters are cleared, and packets between that. */
const FIRST_PACKETS = 24;
const CLEAR_AFTER = 1 << 22;
const SLOTS = 1 << 18;
/** Bytes kept of one packet: more than any handshake's; of giants the beginning. */
const MOST_BYTES = 16_384;

export interface HeldFrame {
  bytes: Uint8Array;
  wireLen: number;
  linkType: number;
  sec: number;
  nsec: number;
}

export class FrameRing {
  readonly #bytes = new Uint8Array(RING_BYTES);
  /** By packet: capture, number, offset, length, length on the wire, link type, seconds, nanoseconds. */
  readonly #index = new Int32Array(RING_PACKETS * 8);
  readonly #counts = new Uint8Array(SLOTS);
  /** By number: the place of the last packet of such a one, plus one; and by place that of the one before it. */
  readonly #heads = new Int32Array(RING_PACKETS);
  readonly #before = new Int32Array(RING_PACKETS);
  #next = 0;
  #oldest = 0;
  #at = 0;
  /** Where writing would have gone on, had there been room. */
  #lastAt = 0;
  #sinceClear = 0;

  take(frame: Frame): void {
    if (++this.#sinceClear > CLEAR_AFTER) {
      this.#sinceClear = 0;
      this.#counts.fill(0);
    }
    const slot = flowHash(frame) & (SLOTS - 1);
    if (this.#counts[slot]! >= FIRST_PACKETS) return;
    this.#counts[slot]!++;
    const length = Math.min(frame.capLen, MOST_BYTES);
    this.#lastAt = this.#at;
    if (this.#at + length > RING_BYTES) this.#at = 0;
    this.#makeRoom(this.#at, length);
    this.#bytes.set(frame.buf.subarray(frame.off, frame.off + length), this.#at);
    const index = this.#index;
    const place = this.#next++ & (RING_PACKETS - 1);
    const like = frame.number & (RING_PACKETS - 1);
    this.#before[place] = this.#heads[like]!;
    this.#heads[like] = place + 1;
    const to = place * 8;
    index[to] = frame.capture;
    index[to + 1] = frame.number;
    index[to + 2] = this.#at;
    index[to + 3] = length;
    index[to + 4] = frame.wireLen;
    index[to + 5] = frame.linkType;
    index[to + 6] = frame.sec;
    index[to + 7] = frame.nsec;
    this.#at += length;
  }

  /** Null where it is not held, or not any more. */
  find(capture: number, number: number): HeldFrame | null {
    const index = this.#index;
    const held = this.#next - this.#oldest;
    let younger = -1;
    for (let link = this.#heads[number & (RING_PACKETS - 1)]!; link > 0; link = this.#before[link - 1]!) {
      // A place that another packet has taken since leads to younger ones: nothing that is held stands behind it.
      const age = (this.#next - link) & (RING_PACKETS - 1);
      if (age <= younger || age >= held) return null;
      younger = age;
      const at = (link - 1) * 8;
      if (index[at] !== capture || index[at + 1] !== (number | 0)) continue;
      const off = index[at + 2]!;
      return {
        bytes: this.#bytes.slice(off, off + index[at + 3]!),
        wireLen: index[at + 4]! >>> 0,
        linkType: index[at + 5]!,
        sec: index[at + 6]! >>> 0,
        nsec: index[at + 7]!,
      };
    }
    return null;
  }

  /** Forgets the oldest packets: those whose bytes are about to be written over, and one where the index is full. */
  #makeRoom(from: number, length: number): void {
    const index = this.#index;
    while (this.#oldest < this.#next) {
      const at = (this.#oldest & (RING_PACKETS - 1)) * 8;
      const off = index[at + 2]!;
      const full = this.#next - this.#oldest >= RING_PACKETS;
      // Bytes are written in a circle, so whatever stands in the way is the oldest there is. The rest of the circle behind
      // the place where a packet did not fit any more is passed over, and what is left there is older than all else.
      const inTheWay = off < from + length && off + index[at + 3]! > from;
      const leftBehind = from === 0 && off > this.#lastAt;
      if (!full && !inTheWay && !leftBehind) return;
      this.#oldest++;
    }
  }
}

/** The same for both directions of a flow. What is not IP over Ethernet, cooked or raw is hashed by its first bytes. */
function flowHash(frame: Frame): number {
  const { buf, linkType } = frame;
  let at = frame.off;
  const end = frame.off + frame.capLen;
  if (linkType === 1) {
    at += 12;
    while (at + 4 < end && isTag(buf, at)) at += 4;
    at += 2;
  } else if (linkType === 276) at += 20;
  else if (linkType === 113) at += 16;
  const version = at < end ? buf[at]! >> 4 : 0;
  if (version === 4 && at + 20 <= end) {
    const transport = at + ((buf[at]! & 15) << 2);
    return mixed(word(buf, at + 12) ^ word(buf, at + 16), ports(buf, transport, end), buf[at + 9]!);
  }
  if (version === 6 && at + 40 <= end) {
    let ends = 0;
    for (let i = 8; i < 40; i += 4) ends ^= word(buf, at + i);
    return mixed(ends, ports(buf, at + 40, end), buf[at + 6]!);
  }
  return mixed(frame.capLen >= 16 ? word(buf, frame.off + 12) : 0, 0, linkType);
}

function isTag(buf: Uint8Array, at: number): boolean {
  const type = (buf[at]! << 8) | buf[at + 1]!;
  return type === 0x8100 || type === 0x88a8;
}

function ports(buf: Uint8Array, at: number, end: number): number {
  if (at + 4 > end) return 0;
  return ((buf[at]! << 8) | buf[at + 1]!) ^ ((buf[at + 2]! << 8) | buf[at + 3]!);
}

function word(buf: Uint8Array, at: number): number {
  return (buf[at]! << 24) | (buf[at + 1]! << 16) | (buf[at + 2]! << 8) | buf[at + 3]!;
}

function mixed(a: number, b: number, c: number): number {
  let h = Math.imul(a, 0x9e3779b1) ^ Math.imul(b + 0x51ed, 0x85ebca6b) ^ Math.imul(c, 0xc2b2ae35);
  h ^= h >>> 15;
  h = Math.imul(h, 0x2c1b3c6d);
  return (h ^ (h >>> 13)) >>> 0;
}
