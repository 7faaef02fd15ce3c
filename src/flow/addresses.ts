/**
 * Numbers for addresses that do not fit one: IPv6 (16 bytes) and MAC (6 bytes: the first four in word 0, two in word 1).
 * A flow's family says how its numbers are read, so an IPv6 address of the same words may share a MAC's number.
 *
 *     slots  ─▶ number + 1          open addressing, linear probing, at most half full
 *     words  ─▶ 4 words a number    in chunks, so growing never copies
 */
import { LIMITS } from "../limits.ts";

const CHUNK_SHIFT = 14;
const CHUNK = 1 << CHUNK_SHIFT;

export class AddressTable {
  readonly #chunks: Int32Array[] = [];
  #slots = new Int32Array(1024);
  #mask = 1023;
  count = 0;

  /** The number of a 16-byte address at `off`; -1 where the table is full. */
  ofBytes(buf: Uint8Array, off: number): number {
    return this.of(word(buf, off), word(buf, off + 4), word(buf, off + 8), word(buf, off + 12));
  }

  /** The number of the 6-byte address at `off`. */
  ofMac(buf: Uint8Array, off: number): number {
    return this.of(word(buf, off), (buf[off + 4]! << 8) | buf[off + 5]!, 0, 0);
  }

  of(a: number, b: number, c: number, d: number): number {
    let slot = mix(a, b, c, d) & this.#mask;
    for (;;) {
      const number = this.#slots[slot]! - 1;
      if (number < 0) break;
      const chunk = this.#chunks[number >>> CHUNK_SHIFT]!;
      const at = (number & (CHUNK - 1)) << 2;
      if (chunk[at] === a && chunk[at + 1] === b && chunk[at + 2] === c && chunk[at + 3] === d) return number;
      slot = (slot + 1) & this.#mask;
    }
    if (this.count >= LIMITS.addresses) return -1;
    const number = this.count++;
    if ((number & (CHUNK - 1)) === 0) this.#chunks.push(new Int32Array(CHUNK << 2));
    const chunk = this.#chunks[number >>> CHUNK_SHIFT]!;
    const at = (number & (CHUNK - 1)) << 2;
    chunk[at] = a;
    chunk[at + 1] = b;
    chunk[at + 2] = c;
    chunk[at + 3] = d;
    this.#slots[slot] = number + 1;
    if (this.count * 2 > this.#slots.length) this.#grow();
    return number;
  }

  /** Becomes what another table is, which must not be used any more. */
  takeOver(other: AddressTable): void {
    this.#chunks.splice(0, this.#chunks.length, ...other.#chunks);
    this.#slots = other.#slots;
    this.#mask = other.#mask;
    this.count = other.count;
  }

  /** Word 0 to 3 of an address. */
  word(number: number, which: number): number {
    return this.#chunks[number >>> CHUNK_SHIFT]![((number & (CHUNK - 1)) << 2) + which]!;
  }

  #grow(): void {
    const slots = new Int32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let number = 0; number < this.count; number++) {
      let slot = mix(this.word(number, 0), this.word(number, 1), this.word(number, 2), this.word(number, 3)) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = number + 1;
    }
    this.#slots = slots;
    this.#mask = mask;
  }
}

/** The big-endian word at `off`, as a signed 32-bit number. */
export function word(buf: Uint8Array, off: number): number {
  return (buf[off]! << 24) | (buf[off + 1]! << 16) | (buf[off + 2]! << 8) | buf[off + 3]!;
}

/** Below, at or above zero as the bytes at `a` sort before, equal or after those at `b`. */
export function compareBytes(buf: Uint8Array, a: number, b: number, length: number): number {
  for (let i = 0; i < length; i++) {
    const d = buf[a + i]! - buf[b + i]!;
    if (d !== 0) return d;
  }
  return 0;
}

/** Murmur3's finish over the four words: every input bit reaches the low bits, which choose the slot. */
export function mix(a: number, b: number, c: number, d: number): number {
  let h = SEED ^ Math.imul(a, 0xcc9e2d51);
  h = Math.imul(h ^ (h >>> 15) ^ b, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13) ^ c, 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 16) ^ d, 0x27d4eb2f);
  return h ^ (h >>> 15);
}

/** A seed of this process, so that nobody can prepare addresses that all fall on one slot. Results never depend on it. */
export const SEED = (Math.random() * 0x1_0000_0000) | 0;
