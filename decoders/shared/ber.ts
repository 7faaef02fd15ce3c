/**
 * ASN.1's basic encoding (X.690): SNMP, Kerberos, LDAP and many more write their messages in it.
 *
 *     ┌─────┬──────────────────────┬───────┐
 *     │ tag │ length: one byte, or │ value │     tag: class 2 bits, constructed 1 bit, number 5 bits
 *     │     │ 80 + n and n bytes   │       │
 *     └─────┴──────────────────────┴───────┘
 *
 * Tags are compared as their whole first byte, because every tag that these protocols use fits into one.
 */
import type { Cursor } from "../../src/decode/cursor.ts";

export const BER = {
  boolean: 0x01,
  integer: 0x02,
  octets: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Tags of an application's own, of a context's, the latter in their constructed form. */
export const application = (number: number): number => 0x60 | number;
export const context = (number: number): number => 0xa0 | number;

/**
 * Bytes of tag, length and value of the element at `off`, whether or not they are all there; 0 where it does not begin
 * with the tag, or its length is indefinite, longer than four bytes, or itself not there. Allocates nothing.
 */
export function elementSize(buf: Uint8Array, off: number, len: number, tag: number): number {
  if (len < 2 || buf[off] !== tag) return 0;
  const first = buf[off + 1]!;
  if (first < 0x80) return 2 + first;
  const count = first & 0x7f;
  if (count === 0 || count > 4 || len < 2 + count) return 0;
  let length = 0;
  for (let i = 0; i < count; i++) length = length * 256 + buf[off + 2 + i]!;
  return 2 + count + length;
}

/** Offset of the value behind tag and length; only where `elementSize` was not 0. */
export const valueAt = (buf: Uint8Array, off: number): number =>
  off + 2 + (buf[off + 1]! < 0x80 ? 0 : buf[off + 1]! & 0x7f);

/** The next element's tag, not taken; 0 at the end. */
export const peekTag = (c: Cursor): number => (c.left > 0 ? c.buf[c.pos]! : 0);

/** Takes tag and length, narrows the cursor to the value, and returns the old end for `leave`. */
export function enterElement(c: Cursor, tag: number, part: string): number {
  c.part = part;
  const found = c.u8();
  if (found !== tag) c.bad(`tag 0x${hex2(found)} in place of 0x${hex2(tag)}`);
  return c.enter(readLength(c), part);
}

/** Takes the next element, whatever it is. */
export function skipElement(c: Cursor): void {
  c.skip(1);
  c.skip(readLength(c));
}

export function readLength(c: Cursor): number {
  const first = c.u8();
  if (first < 0x80) return first;
  const count = first & 0x7f;
  if (count === 0) c.bad("a length that is not said");
  if (count > 4) c.bad(`a length of ${count} bytes`);
  let length = 0;
  for (let i = 0; i < count; i++) length = length * 256 + c.u8();
  return length;
}

/** A signed number of up to six bytes (what a JavaScript number holds); longer ones are a fault. */
export function readInteger(c: Cursor, part: string, tag: number = BER.integer): number {
  const outer = enterElement(c, tag, part);
  const value = integerValue(c);
  c.leave(outer);
  return value;
}

/** The value of an INTEGER that was entered. */
export function integerValue(c: Cursor): number {
  if (c.left === 0 || c.left > 6) c.bad(`a number of ${c.left} bytes`);
  let value = c.i8();
  while (c.left > 0) value = value * 256 + c.u8();
  return value;
}

/** `1.3.6.1.2.1.1.1.0`; of the value of an OBJECT IDENTIFIER that was entered. */
export function oidValue(c: Cursor): string {
  const arcs: number[] = [];
  while (c.left > 0) {
    let arc = 0;
    for (let i = 0; ; i++) {
      const byte = c.u8();
      if (i > 5) c.bad("an object identifier's number of more than 35 bits");
      arc = arc * 128 + (byte & 0x7f);
      if (byte < 0x80) break;
    }
    if (arcs.length > 0) arcs.push(arc);
    else {
      const first = Math.min(2, Math.floor(arc / 40));
      arcs.push(first, arc - 40 * first);
    }
  }
  return arcs.join(".");
}

const hex2 = (byte: number): string => byte.toString(16).padStart(2, "0");
