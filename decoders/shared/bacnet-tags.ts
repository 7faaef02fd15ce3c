/**
 * BACnet's values: each behind a tag that says what it is and how long. ANSI/ASHRAE 135 clause 20.2.
 *
 *     ┌────────┬───┬────────┐  number 15: the next byte has it · 1: the context says what it is, 0: a type of clause 20.2.1.4
 *     │ number │ c │ length │  length 5: the next byte has it (254: the next 2, 255: the next 4) · in context tags 6 opens a
 *     └───4────┴─1─┴───3────┘  list and 7 closes it
 */
import type { Cursor } from "../../src/decode/cursor.ts";
import { readUtf16 } from "./utf16.ts";

export interface Tag {
  number: number;
  context: boolean;
  what: "value" | "open" | "close";
  /** Bytes of the value behind it. */
  length: number;
}
export const TYPE = { unsigned: 2, text: 7, enumerated: 9, object: 12 } as const;
const BOOLEAN = 1;
/** The characters of a text: UTF-8 (and ASCII), two bytes each, or Latin 1 (clause 20.2.9). */
const CHARACTERS = { utf8: 0, ucs2: 4, latin1: 5 } as const;

export function readTag(c: Cursor): Tag {
  const first = c.u8();
  const number = first >> 4 === 15 ? c.u8() : first >> 4;
  const context = (first & 8) !== 0;
  const low = first & 7;
  if (context && low >= 6) return { number, context, what: low === 6 ? "open" : "close", length: 0 };
  if (low > 5) c.bad(`a tag of length ${low}`);
  let length = low;
  if (low === 5) {
    length = c.u8();
    if (length === 254) length = c.u16();
    else if (length === 255) length = c.u32();
  }
  if (!context && number === BOOLEAN) length = 0; // it stands in the tag
  return { number, context, what: "value", length };
}

/** Whether the next tag is this one of the context; reads nothing. */
export function isNext(c: Cursor, number: number, what: Tag["what"] = "value"): boolean {
  if (c.left < 1 && c.cutOff > 0) c.short(1);
  if (c.left < 1) return false;
  const first = c.buf[c.pos]!;
  if ((first & 8) === 0 || first >> 4 !== number) return false;
  const low = first & 7;
  return what === "open" ? low === 6 : what === "close" ? low === 7 : low < 6;
}

/** The tag of the context that has to stand here; its length. */
export function expect(c: Cursor, number: number, what: Tag["what"] = "value"): number {
  if (c.left > 0 && !isNext(c, number, what)) c.bad(`no [${number}]`);
  return readTag(c).length;
}

/** A number of 1 to 4 bytes. */
export function readNumber(c: Cursor, length: number): number {
  if (length < 1 || length > 4) c.bad(`a number of ${length} bytes`);
  let value = 0;
  for (let i = 0; i < length; i++) value = value * 256 + c.u8();
  return value;
}

/** A text, or a number, in a type's tag; null for anything else, which is passed over. */
export function readPlain(c: Cursor): string | number | null {
  const tag = readTag(c);
  if (!tag.context && tag.what === "value") {
    if (tag.number === TYPE.text && tag.length > 0) {
      const characters = c.u8();
      if (characters === CHARACTERS.utf8 || characters === CHARACTERS.latin1) return c.text(tag.length - 1);
      if (characters === CHARACTERS.ucs2) return readUtf16(c, tag.length - 1, true);
      c.skip(tag.length - 1);
      return null;
    }
    if ((tag.number === TYPE.unsigned || tag.number === TYPE.enumerated) && tag.length <= 4)
      return readNumber(c, tag.length);
  }
  c.skip(tag.length);
  return null;
}

/** Passes everything over up to the end of a list that has been opened. */
export function skipList(c: Cursor): void {
  for (let depth = 1; depth > 0; ) {
    const tag = readTag(c);
    if (tag.what === "open") depth++;
    else if (tag.what === "close") depth--;
    else c.skip(tag.length);
  }
}
