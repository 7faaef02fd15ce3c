/** Changes of bytes that break programs: bits, numbers at the edge of their range, pieces gone, doubled, moved or of another. */
import type { Random } from "./random.ts";

/** Numbers at which lengths, counts and offsets go wrong. */
const EDGES = [0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 63, 64, 127, 128, 192, 255, 256, 512, 1023, 1024, 4095, 4096]
  .concat([16_383, 16_384, 32_767, 32_768, 65_534, 65_535, 0xff_ffff, 0x7fff_ffff, 0x8000_0000, 0xffff_fff0])
  .concat([0xffff_ffff]);
const LONGEST = 1 << 16;

/** One to a few changes; never longer than 64 KiB where it was not before. `others` lends pieces. */
export function mutate(bytes: Uint8Array, random: Random, others: readonly Uint8Array[]): Uint8Array {
  let changed: Uint8Array = Uint8Array.from(bytes);
  for (let left = 1 + random.few(5); left > 0; left--) changed = change(changed, random, others);
  return changed;
}

function change(bytes: Uint8Array, random: Random, others: readonly Uint8Array[]): Uint8Array {
  const at = random.below(bytes.length);
  const count = Math.min(bytes.length - at, 1 + random.below(random.once(4) ? bytes.length : 8));
  switch (random.below(10)) {
    case 0:
      if (bytes.length > 0) bytes[at]! ^= 1 << random.below(8);
      return bytes;
    case 1:
      if (bytes.length > 0) bytes[at] = random.below(256);
      return bytes;
    case 2:
    case 3:
      return writeNumber(bytes, at, random.pick(EDGES), random.pick([1, 2, 2, 3, 4, 4, 8]), random.once(3));
    case 4:
      // A number near the length of what follows: off by a little is what a sloppy check lets through.
      return writeNumber(
        bytes,
        at,
        Math.max(0, bytes.length - at - 4 + random.below(9)),
        random.pick([1, 2, 4]),
        false,
      );
    case 5:
      return bytes.slice(0, at);
    case 6:
      return splice(bytes, at, count, new Uint8Array(0));
    case 7:
      return splice(bytes, at, 0, bytes.slice(at, at + count));
    case 8: {
      const other = others.length === 0 ? bytes : random.pick(others);
      const from = random.below(other.length);
      return splice(bytes, at, random.once(2) ? count : 0, other.slice(from, from + 1 + random.below(64)));
    }
    default:
      return splice(
        bytes,
        at,
        0,
        new Uint8Array(1 + random.below(random.once(20) ? 5_000 : 40)).fill(random.below(256)),
      );
  }
}

function writeNumber(bytes: Uint8Array, at: number, value: number, size: number, little: boolean): Uint8Array {
  for (let i = 0; i < size && at + i < bytes.length; i++) {
    const place = little ? i : size - 1 - i;
    bytes[at + i] = Math.floor(value / 2 ** (8 * place)) & 255;
  }
  return bytes;
}

function splice(bytes: Uint8Array, at: number, gone: number, piece: Uint8Array): Uint8Array {
  const room = Math.max(0, Math.max(LONGEST, bytes.length) - (bytes.length - gone));
  const fits = piece.subarray(0, room);
  const made = new Uint8Array(bytes.length - gone + fits.length);
  made.set(bytes.subarray(0, at));
  made.set(fits, at);
  made.set(bytes.subarray(at + gone), at + fits.length);
  return made;
}
