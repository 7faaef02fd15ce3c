/**
 * HPACK, the header compression of HTTP/2 (RFC 7541), one block at a time and without memory of those before it: what a
 * block names by an entry that an earlier one added stays unknown, and is never taken for another. (The dynamic table
 * counts from its newest entry, so what this block added itself is where it says.)
 *
 *     1iiiiiii                        a field of the tables            (section 6.1)
 *     01iiiiii · 0000iiii · 0001iiii  a name of the tables (0: none) and a value (6.2); 01 adds it to the dynamic table
 *     001sssss                        the dynamic table's size         (6.3)
 *     a string: H, length in 7 bits and more, bytes (Huffman's code where H is set)
 */
import type { Cursor } from "../../src/decode/cursor.ts";
import { huffmanText } from "./hpack-huffman.ts";

export interface HeaderField {
  /** Empty where an earlier block's entry says it. */
  name: string;
  value: string;
}

const UNKNOWN: HeaderField = { name: "", value: "" };

/** Appendix A, from index 1: `name` or `name value`. */
const STATIC: readonly HeaderField[] = [
  ":authority",
  ":method GET",
  ":method POST",
  ":path /",
  ":path /index.html",
  ":scheme http",
  ":scheme https",
  ":status 200",
  ":status 204",
  ":status 206",
  ":status 304",
  ":status 400",
  ":status 404",
  ":status 500",
  "accept-charset",
  "accept-encoding gzip, deflate",
  "accept-language",
  "accept-ranges",
  "accept",
  "access-control-allow-origin",
  "age",
  "allow",
  "authorization",
  "cache-control",
  "content-disposition",
  "content-encoding",
  "content-language",
  "content-length",
  "content-location",
  "content-range",
  "content-type",
  "cookie",
  "date",
  "etag",
  "expect",
  "expires",
  "from",
  "host",
  "if-match",
  "if-modified-since",
  "if-none-match",
  "if-range",
  "if-unmodified-since",
  "last-modified",
  "link",
  "location",
  "max-forwards",
  "proxy-authenticate",
  "proxy-authorization",
  "range",
  "referer",
  "refresh",
  "retry-after",
  "server",
  "set-cookie",
  "strict-transport-security",
  "transfer-encoding",
  "user-agent",
  "vary",
  "via",
  "www-authenticate",
].map((entry) => {
  const space = entry.indexOf(" ");
  return space < 0 ? { name: entry, value: "" } : { name: entry.slice(0, space), value: entry.slice(space + 1) };
});

/** Fields of one block: real ones have some dozens; every byte can be one, so an end is needed. */
const MOST_FIELDS = 256;

/** Reads the block between the cursor and its end into `fields`, which keeps what was read before a fault. */
export function readBlock(c: Cursor, fields: HeaderField[]): void {
  const added: HeaderField[] = []; // the dynamic table, newest first
  const field = (index: number): HeaderField => STATIC[index - 1] ?? added[index - 1 - STATIC.length] ?? UNKNOWN;
  while (c.left > 0) {
    if (fields.length === MOST_FIELDS) c.bad(`more than ${MOST_FIELDS} header fields`);
    c.part = `header field ${fields.length + 1}`;
    const first = c.buf[c.pos]!;
    if (first >= 0x80) {
      const index = readInteger(c, 7);
      if (index === 0) c.bad("header index 0");
      fields.push(field(index));
    } else if (first >= 0x20 && first < 0x40) {
      readInteger(c, 5);
    } else {
      const index = readInteger(c, first >= 0x40 ? 6 : 4);
      const name = index === 0 ? readString(c).toLowerCase() : field(index).name;
      const entry = { name, value: readString(c) };
      fields.push(entry);
      if (first >= 0x40) added.unshift(entry);
    }
  }
}

/** Section 5.1: as much as the low bits of the first byte hold, else seven bits a byte behind them. */
function readInteger(c: Cursor, bits: number): number {
  const most = (1 << bits) - 1;
  let value = c.u8() & most;
  if (value < most) return value;
  for (let shift = 0; ; shift += 7) {
    if (shift > 21) c.bad("an integer of more than 28 bits");
    const b = c.u8();
    value += (b & 127) << shift;
    if (b < 128) return value;
  }
}

function readString(c: Cursor): string {
  c.need(1);
  const coded = c.buf[c.pos]! >= 0x80;
  const length = readInteger(c, 7);
  if (!coded) return c.text(length);
  c.need(length);
  const text = huffmanText(c.buf, c.pos, c.pos + length);
  if (text === null) c.bad("a string that is no Huffman code");
  c.skip(length);
  return text ?? "";
}
