/**
 * NetBIOS's names (RFC 1001 section 14.1): 16 bytes, 15 of text padded with blanks and one of kind, on the wire as two
 * letters from A to P for each of them. Told as `ws1<20>`, in lower case.
 */
import { type Cursor, escapeBytes } from "../../src/decode/cursor.ts";

export const NAME_LENGTH = 16;
export const ENCODED_LENGTH = 2 * NAME_LENGTH;

/** From the doubled letters, in lower case; null where they are none. */
export function decodeName(letters: string): string | null {
  if (!/^[a-p]{32}$/.test(letters)) return null;
  const half = (i: number): number => letters.charCodeAt(i) - 0x61;
  const bytes = Uint8Array.from({ length: NAME_LENGTH }, (_, i) => half(2 * i) * 16 + half(2 * i + 1));
  return nameText(bytes, 0);
}

/** 15 bytes of text, blanks or zeros at their end left out, in lower case; then the kind in hexadecimal. */
export function nameText(buf: Uint8Array, off: number): string {
  let end = off + NAME_LENGTH - 1;
  while (end > off && (buf[end - 1] === 0x20 || buf[end - 1] === 0)) end--;
  const kind = buf[off + NAME_LENGTH - 1]!.toString(16).padStart(2, "0");
  return `${escapeBytes(buf, off, end).toLowerCase()}<${kind}>`;
}

/** `ws1` of `ws1<20>`. */
export const withoutKind = (name: string): string => name.replace(/<..>$/, "");

/** A name without a scope where no pointer can stand: its length 32, the letters, an end. Null where it is none. */
export function readNetbiosName(c: Cursor): string | null {
  c.part = "NetBIOS name";
  if (c.u8() !== ENCODED_LENGTH) return null;
  const name = decodeName(c.text(ENCODED_LENGTH).toLowerCase());
  return c.u8() === 0 ? name : null;
}
