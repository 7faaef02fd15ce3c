/** Chunks of a body (RFC 9112 section 7.1), as HTTP and ICAP send them. */
import type { Cursor } from "../../src/decode/cursor.ts";

const LONGEST_LINE = 4096;
const LF = 10;

/** Takes `1a3 ; extension CRLF` and returns the size in bytes. */
export function readChunkSize(c: Cursor): number {
  c.part = "chunk size";
  const begun = c.pos;
  let size = 0;
  let digits = 0;
  for (;;) {
    const digit = hexDigit(c.u8());
    if (digit < 0) break;
    size = size * 16 + digit;
    if (++digits > 10) c.bad("a chunk size of more than ten digits");
  }
  if (digits === 0) c.bad("no chunk size");
  c.pos--;
  while (c.u8() !== LF) if (c.pos - begun > LONGEST_LINE) c.bad("a chunk size without an end");
  return size;
}

/** The value of a hexadecimal digit's byte; -1 where it is none. */
export function hexDigit(b: number): number {
  if (b >= 48 && b <= 57) return b - 48;
  const lower = b | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}
