/**
 * Changes of bytes that break programs: bits, numbers at the edge of their range, pieces gone, doubled, moved or of another.
 * They are made where the bytes stand and allocate nothing: the time of a long run belongs to what is tried.
 */
import type { Random } from "./random.ts";

/** Numbers at which lengths, counts and offsets go wrong. */
const EDGES = [0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 63, 64, 127, 128, 192, 255, 256, 512, 1023, 1024, 4095, 4096]
  .concat([16_383, 16_384, 32_767, 32_768, 65_534, 65_535, 0xff_ffff, 0x7fff_ffff, 0x8000_0000, 0xffff_fff0])
  .concat([0xffff_ffff]);
const NUMBER_BYTES = [1, 2, 2, 3, 4, 4, 8];
/** Bytes that a piece is never made longer than, where it was not before. */
const LONGEST = 1 << 16;
/** Bytes that must be free behind what is changed: that much is put in at most, in all changes of one call. */
export const ROOM = LONGEST;

let scratch = new Uint8Array(4 * LONGEST);

/** A copy with one to a few changes; never longer than 64 KiB where it was not before. `others` lends pieces. */
export function mutate(bytes: Uint8Array, random: Random, others: readonly Uint8Array[]): Uint8Array {
  if (scratch.length < bytes.length + ROOM) scratch = new Uint8Array(2 * bytes.length + ROOM);
  scratch.set(bytes);
  return scratch.slice(0, mutateWithin(scratch, 0, bytes.length, bytes.length, random, others));
}

/**
 * The same in place: bytes from `from` to `to` of what fills `buf` up to `end` are changed, and those behind move along.
 * Returns the new end. `ROOM` bytes must be free behind the old one.
 */
export function mutateWithin(
  buf: Uint8Array,
  from: number,
  to: number,
  end: number,
  random: Random,
  others: readonly Uint8Array[],
): number {
  const behind = end - to;
  let until = to;
  for (let left = 1 + random.few(5); left > 0; left--) {
    until = change(buf, from, until, until + behind, random, others);
  }
  return until + behind;
}

/** One change; returns the new end of what is changed. */
function change(
  buf: Uint8Array,
  from: number,
  to: number,
  end: number,
  random: Random,
  others: readonly Uint8Array[],
): number {
  const length = to - from;
  const at = from + random.below(length);
  const count = Math.min(to - at, 1 + random.below(random.once(4) ? length : 8));
  switch (random.below(10)) {
    case 0:
      if (length > 0) buf[at]! ^= 1 << random.below(8);
      return to;
    case 1:
      if (length > 0) buf[at] = random.below(256);
      return to;
    case 2:
    case 3:
      writeNumber(buf, at, to, random.pick(EDGES), random.pick(NUMBER_BYTES), random.once(3));
      return to;
    case 4:
      // A number near the length of what follows: off by a little is what a sloppy check lets through.
      writeNumber(buf, at, to, Math.max(0, to - at - 4 + random.below(9)), 1 << random.below(3), false);
      return to;
    case 5:
      return to + makeRoom(buf, from, at, to - at, 0, end);
    case 6:
      return to + makeRoom(buf, from, at, count, 0, end);
    case 7: {
      const gained = makeRoom(buf, from, at, 0, count, end);
      buf.copyWithin(at, at + gained, at + 2 * gained);
      return to + gained;
    }
    case 8: {
      const other = others.length === 0 ? null : random.pick(others);
      const lent = other ?? buf;
      const start = (other === null ? from : 0) + random.below(other === null ? length : other.length);
      const most = Math.min(1 + random.below(64), (other === null ? to : other.length) - start);
      const gone = random.once(2) ? count : 0;
      const gained = makeRoom(buf, from, at, gone, most, end);
      for (let i = 0; i < gone + gained; i++) buf[at + i] = lent[start + i]!;
      return to + gained;
    }
    default: {
      const gained = makeRoom(buf, from, at, 0, 1 + random.below(random.once(20) ? 5_000 : 40), end);
      buf.fill(random.below(256), at, at + gained);
      return to + gained;
    }
  }
}

function writeNumber(buf: Uint8Array, at: number, to: number, value: number, size: number, little: boolean): void {
  for (let i = 0; i < size && at + i < to; i++) {
    const place = little ? i : size - 1 - i;
    buf[at + i] = place > 3 ? 0 : value >>> (8 * place);
  }
}

/** Puts `come` bytes in the place of `gone` ones, as far as the longest allows; returns by how many it has grown. */
function makeRoom(buf: Uint8Array, from: number, at: number, gone: number, come: number, end: number): number {
  const kept = end - from - gone;
  const fits = Math.max(0, Math.min(come, Math.max(LONGEST, end - from) - kept));
  buf.copyWithin(at + fits, at + gone, end);
  return fits - gone;
}
