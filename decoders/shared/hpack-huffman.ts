/**
 * HPACK's Huffman code (RFC 7541 appendix B). It is canonical: codes of one length follow each other in the order of
 * their symbols, shorter ones first, so the lengths say it all.
 */
import { escapeBytes } from "../../src/decode/cursor.ts";

const END_OF_STRING = 256;

/** Bits of the code of each symbol: 0 to 255, and the end of string. */
const LENGTHS = (
  "13 23 28 28 28 28 28 28 28 24 30 28 28 30 28 28 28 28 28 28 28 28 30 28 28 28 28 28 28 28 28 28 " +
  "6 10 10 12 13 6 8 11 10 10 8 11 8 6 6 6 5 5 5 6 6 6 6 6 6 6 7 8 15 6 12 10 " +
  "13 6 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 8 7 8 13 19 13 14 6 " +
  "15 5 6 5 6 5 6 6 6 5 7 7 6 6 6 5 6 7 6 5 5 6 7 7 7 7 7 15 11 14 13 28 " +
  "20 22 20 20 22 22 22 23 22 23 23 23 23 23 24 23 24 24 22 23 24 23 23 23 23 21 22 23 22 23 23 24 " +
  "22 21 20 22 22 23 23 21 23 22 22 24 21 22 23 23 21 21 22 21 23 22 23 23 20 22 22 22 23 22 22 23 " +
  "26 26 20 19 22 23 22 25 26 26 26 27 27 26 24 25 19 21 26 27 27 26 27 24 21 21 26 26 28 27 27 27 " +
  "20 24 20 21 22 21 21 23 22 22 25 25 24 24 26 23 26 27 26 26 27 27 27 27 27 28 27 27 27 27 27 26 30"
)
  .split(" ")
  .map(Number);

const LONGEST = 30;
const SHORTEST = 5;

/** Symbols in the order of their codes, and for each length its first code and where that one's symbol stands. */
const SYMBOLS = LENGTHS.map((_, symbol) => symbol).sort((a, b) => LENGTHS[a]! - LENGTHS[b]! || a - b);
const FIRST = new Int32Array(LONGEST + 1);
const COUNT = new Int32Array(LONGEST + 1);
const PLACE = new Int32Array(LONGEST + 1);
for (const bits of LENGTHS) COUNT[bits]!++;
for (let bits = 1; bits <= LONGEST; bits++) {
  FIRST[bits] = (FIRST[bits - 1]! + COUNT[bits - 1]!) << 1;
  PLACE[bits] = PLACE[bits - 1]! + COUNT[bits - 1]!;
}

/** The text of these bytes, safe to show; null where they are no code, or its padding is not a few ones (section 5.2). */
export function huffmanText(buf: Uint8Array, from: number, to: number): string | null {
  const bytes = new Uint8Array(Math.floor(((to - from) * 8) / SHORTEST));
  let length = 0;
  let code = 0;
  let bits = 0;
  for (let at = from; at < to; at++) {
    for (let bit = 7; bit >= 0; bit--) {
      code = (code << 1) | ((buf[at]! >> bit) & 1);
      bits++;
      const place = code - FIRST[bits]!;
      if (place >= 0 && place < COUNT[bits]!) {
        const symbol = SYMBOLS[PLACE[bits]! + place]!;
        if (symbol === END_OF_STRING) return null;
        bytes[length++] = symbol;
        code = 0;
        bits = 0;
      } else if (bits === LONGEST) {
        return null;
      }
    }
  }
  return bits < 8 && code === (1 << bits) - 1 ? escapeBytes(bytes, 0, length) : null;
}
