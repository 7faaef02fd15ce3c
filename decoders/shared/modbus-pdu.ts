/**
 * What stands behind a Modbus function code: whether it has the shape of a request or of an answer, how long it is where no
 * header says so (RTU), and which of the device's data it is about.
 */
import type { Cursor } from "../../src/decode/cursor.ts";
import type { Form } from "../../src/decode/decoder.ts";

export const REQUEST = 1;
export const RESPONSE = 2;

/** Shapes that `length` bytes from the function code on may have: `REQUEST`, `RESPONSE`, both as bits, or neither. */
export function shapesOf(c: Cursor, length: number): number {
  const { buf, pos } = c;
  const code = buf[pos]!;
  const u8 = (at: number): number => (at < length ? buf[pos + at]! : -1);
  const u16 = (at: number): number => (u8(at) << 8) | u8(at + 1);
  if (code >= 0x80) return length === 2 && u8(1) > 0 && u8(1) < 0x20 ? RESPONSE : 0;
  /** An answer of so many bytes as its second byte says, `unit` bytes each. */
  const counted = (unit = 1): number => (u8(1) === length - 2 && u8(1) > 0 && u8(1) % unit === 0 ? RESPONSE : 0);
  const within = (value: number, most: number): boolean => value > 0 && value <= most;
  switch (code) {
    case 1:
    case 2:
      return (length === 5 && within(u16(3), 2_000) ? REQUEST : 0) | counted();
    case 3:
    case 4:
      return (length === 5 && within(u16(3), 125) ? REQUEST : 0) | counted(2);
    case 5:
      return length === 5 && (u16(3) === 0 || u16(3) === 0xff00) ? REQUEST | RESPONSE : 0;
    case 6:
      return length === 5 ? REQUEST | RESPONSE : 0;
    case 7:
      return length === 1 ? REQUEST : length === 2 ? RESPONSE : 0;
    case 8:
      return length >= 5 && length % 2 === 1 && u16(1) <= 20 ? REQUEST | RESPONSE : 0;
    case 11:
      return length === 1 ? REQUEST : length === 5 ? RESPONSE : 0;
    case 12:
      return length === 1 ? REQUEST : u8(1) >= 6 ? counted() : 0;
    case 15:
      if (length === 5) return within(u16(3), 1_968) ? RESPONSE : 0;
      return within(u16(3), 1_968) && u8(5) === length - 6 && u8(5) === (u16(3) + 7) >> 3 ? REQUEST : 0;
    case 16:
      if (length === 5) return within(u16(3), 123) ? RESPONSE : 0;
      return within(u16(3), 123) && u8(5) === length - 6 && u8(5) === u16(3) * 2 ? REQUEST : 0;
    case 17:
      return length === 1 ? REQUEST : counted();
    case 20:
      return length >= 9 && u8(1) === length - 2 && u8(1) % 7 === 0 && u8(2) === 6 ? REQUEST : counted();
    case 21:
      return length >= 11 && u8(1) === length - 2 && u8(2) === 6 ? REQUEST | RESPONSE : 0;
    case 22:
      return length === 7 ? REQUEST | RESPONSE : 0;
    case 23:
      return (length >= 12 && u8(9) === length - 10 && u8(9) === u16(7) * 2 ? REQUEST : 0) | counted(2);
    case 24:
      return length === 3 ? REQUEST : length >= 5 && u16(1) === length - 3 && u16(3) <= 31 ? RESPONSE : 0;
    case 43:
      if (u8(1) === 14) {
        const known = within(u8(2), 4);
        // Some clients send a byte more than the specification's four.
        return known && (length === 4 || length === 5) ? REQUEST : known && length >= 8 ? RESPONSE : 0;
      }
      return u8(1) === 13 && length > 2 ? REQUEST | RESPONSE : 0;
    default:
      return 0;
  }
}

/**
 * Bytes from the function code on that an RTU request or answer has; 0 where more bytes are needed to tell, below zero
 * where it cannot be told.
 */
export function rtuLength(c: Cursor, shape: number, have: number): number {
  const { buf, pos } = c;
  const code = buf[pos]!;
  const after = (at: number, base: number): number => (at < have ? base + buf[pos + at]! : 0);
  if (code >= 0x80) return shape === RESPONSE ? 2 : -1;
  const request = shape === REQUEST;
  switch (code) {
    case 1:
    case 2:
    case 3:
    case 4:
      return request ? 5 : after(1, 2);
    case 5:
    case 6:
    case 8:
      return 5;
    case 7:
      return request ? 1 : 2;
    case 11:
      return request ? 1 : 5;
    case 12:
    case 17:
      return request ? 1 : after(1, 2);
    case 15:
    case 16:
      return request ? after(5, 6) : 5;
    case 20:
    case 21:
      return after(1, 2);
    case 22:
      return 7;
    case 23:
      return request ? after(9, 10) : after(1, 2);
    case 24:
      return request ? 3 : have < 3 ? 0 : 3 + ((buf[pos + 1]! << 8) | buf[pos + 2]!);
    case 43:
      return identificationLength(c, request, have);
    default:
      return -1;
  }
}

/**
 * Whether the first `have` bytes from the function code on may go on to have the shape: what is there of quantities, counts
 * and values is as `shapesOf` will want it. A stream that only begins like a message is not waited for.
 */
export function mayBecome(c: Cursor, shape: number, have: number): boolean {
  const { buf, pos } = c;
  const code = buf[pos]!;
  const request = shape === REQUEST;
  const known = (at: number): boolean => at < have;
  const u8 = (at: number): number => buf[pos + at]!;
  /** Of a quantity, as far as it is there. */
  const quantity = (most: number): boolean => {
    if (!known(3)) return true;
    if (!known(4)) return u8(3) <= most >> 8;
    const value = (u8(3) << 8) | u8(4);
    return value > 0 && value <= most;
  };
  const counted = (unit: number): boolean => !known(1) || (u8(1) > 0 && u8(1) % unit === 0);
  switch (code) {
    case 1:
    case 2:
      return request ? quantity(2_000) : counted(1);
    case 3:
    case 4:
      return request ? quantity(125) : counted(2);
    case 5:
      return (!known(3) || u8(3) === 0 || u8(3) === 0xff) && (!known(4) || u8(4) === 0);
    case 8:
      return (!known(1) || u8(1) === 0) && (!known(2) || u8(2) <= 20);
    case 15:
      return quantity(1_968) && (!request || !known(5) || u8(5) === (((u8(3) << 8) | u8(4)) + 7) >> 3);
    case 16:
      return quantity(123) && (!request || !known(5) || u8(5) === u8(4) * 2);
    case 20:
    case 21:
      return (!request && code === 20) || !known(2) || u8(2) === 6;
    case 23:
      return request || counted(2);
    default:
      return true;
  }
}

/** Section 6.21: objects of a length each. */
function identificationLength({ buf, pos }: Cursor, request: boolean, have: number): number {
  if (have < 2) return 0;
  if (buf[pos + 1] !== 14) return -1;
  if (request) return 4;
  if (have < 7) return 0;
  let length = 7;
  for (let i = 0, objects = buf[pos + 6]!; i < objects; i++) {
    if (have < length + 2) return 0;
    length += 2 + buf[pos + length + 1]!;
  }
  return length;
}

const TABLES: Readonly<Record<number, string>> = {
  1: "coil",
  2: "discrete input",
  3: "holding register",
  4: "input register",
  5: "coil",
  6: "holding register",
  15: "coil",
  16: "holding register",
  22: "holding register",
  24: "FIFO queue",
};
/** Texts are made once: a master asks for the same few registers again and again. */
const TARGETS = new Map<number, string>();
const MOST_TARGETS = 8_192;

/** What a request's data are about, its function code just read: `unit 1 holding register 40-49`. Addresses count from 0. */
export function targetOf(c: Cursor, unit: number, code: number): string {
  if (TABLES[code] !== undefined && c.left >= 2) {
    const first = c.u16();
    const count = code === 1 || code === 2 || code === 3 || code === 4 || code === 15 || code === 16 ? countOf(c) : 1;
    const key = ((unit * 65_536 + first) * 65_536 + count) * 32 + code;
    let text = TARGETS.get(key);
    if (text === undefined) {
      text = `${unitText(unit)} ${TABLES[code]} ${span(first, count)}`;
      if (TARGETS.size >= MOST_TARGETS) TARGETS.clear();
      TARGETS.set(key, text);
    }
    return text;
  }
  if (code === 23 && c.left >= 8) {
    const read = span(c.u16(), c.u16());
    return `${unitText(unit)} holding register ${span(c.u16(), c.u16())}, reading ${read}`;
  }
  if ((code === 20 || code === 21) && c.left >= 8) return `${unitText(unit)} ${fileRecords(c, code === 21)}`;
  return unitText(unit);
}

/** Several in one request, each `file 4 record 1-2`: their reference type, file, first record, how many, and what is written. */
function fileRecords(c: Cursor, writes: boolean): string {
  c.skip(1); // bytes of all
  const records: string[] = [];
  let more = false;
  while (c.left >= 7) {
    c.skip(1);
    const file = c.u16();
    const first = c.u16();
    const count = c.u16();
    if (writes) c.skip(Math.min(c.left, count * 2));
    if (records.length < MOST_RECORDS) records.push(`file ${file} record ${span(first, count)}`);
    else more = true;
  }
  return records.join(", ") + (more ? ", …" : "");
}
const MOST_RECORDS = 8;

function countOf(c: Cursor): number {
  return c.left >= 2 ? c.u16() : 1;
}

function span(first: number, count: number): string {
  return count > 1 ? `${first}-${first + count - 1}` : String(first);
}

const UNITS = Array.from({ length: 256 }, (_, unit) => `unit ${unit}`);
export function unitText(unit: number): string {
  return UNITS[unit]!;
}

/** Behind a request of four bytes: nothing, or the next one. */
const NEXT_REQUEST = [5, 0x7f, 1, 43] as const;

/** What requests in RTU's framing hold in their first bytes, as `mayBecome` wants them: forms' tests, the unit's byte first. */
export const RTU_REQUESTS: readonly NonNullable<Form["bytes"]>[] = [
  [
    [1, 0xff, 1, 2],
    [4, 0xff, 0, 2_000 >> 8],
  ],
  [
    [1, 0xff, 3, 4],
    [4, 0xff, 0],
    [5, 0xff, 1, 125],
  ],
  [
    [1, 0xff, 5],
    [5, 0xff, 0],
  ],
  [[1, 0xff, 6]],
  [[1, 0xff, 7], NEXT_REQUEST],
  [
    [1, 0xff, 8],
    [2, 0xff, 0],
    [3, 0xff, 0, 20],
  ],
  [[1, 0xff, 11, 12], NEXT_REQUEST],
  [
    [1, 0xff, 15],
    [4, 0xff, 0, 1_968 >> 8],
  ],
  [
    [1, 0xff, 16],
    [4, 0xff, 0],
    [5, 0xff, 1, 123],
  ],
  [[1, 0xff, 17], NEXT_REQUEST],
  [
    [1, 0xff, 20, 21],
    [3, 0xff, 6],
  ],
  [[1, 0xff, 22, 24]],
  [
    [1, 0xff, 43],
    [2, 0xff, 13, 14],
  ],
];
