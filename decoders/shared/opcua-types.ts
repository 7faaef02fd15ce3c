/** OPC UA's built-in types in their binary encoding (part 6, 5.2): what has to be read to come to what matters. */
import { type Cursor, hexBytes } from "../../src/decode/cursor.ts";

/** Length of four bytes, lowest first; -1 is no text. */
export function readText(c: Cursor): string {
  const length = c.u32le();
  return length === NOTHING ? "" : c.text(length);
}
export const NOTHING = 0xffff_ffff;

/** Passes over a text or bytes. */
export function skipBytes(c: Cursor): void {
  const length = c.u32le();
  if (length !== NOTHING) c.skip(length);
}

/** The count of an array; none where it is said to be missing. */
export function readCount(c: Cursor): number {
  const count = c.u32le();
  return count === NOTHING ? 0 : count;
}

/** `i=2256`, `ns=2;s=Boiler.Level`. */
export function readNodeId(c: Cursor): string {
  const encoding = c.u8();
  switch (encoding & 0x3f) {
    case 0:
      return `i=${c.u8()}`;
    case 1: {
      const namespace = c.u8();
      return within(namespace, `i=${c.u16le()}`);
    }
    case 2: {
      const namespace = c.u16le();
      return within(namespace, `i=${c.u32le()}`);
    }
    case 3: {
      const namespace = c.u16le();
      return within(namespace, `s=${readText(c)}`);
    }
    case 4: {
      const namespace = c.u16le();
      const from = c.pos;
      c.skip(16);
      return within(namespace, `g=${hexBytes(c.buf, from, c.pos)}`);
    }
    case 5: {
      const namespace = c.u16le();
      const length = readCount(c);
      const from = c.pos;
      c.skip(length);
      return within(namespace, `b=${hexBytes(c.buf, from, Math.min(c.pos, from + 32))}`);
    }
    default:
      return c.bad(`a node id of encoding 0x${encoding.toString(16)}`);
  }
}
const within = (namespace: number, id: string): string => (namespace === 0 ? id : `ns=${namespace};${id}`);

/** Its text; the locale is passed over. */
export function readLocalizedText(c: Cursor): string {
  const mask = c.u8();
  if ((mask & 1) !== 0) skipBytes(c);
  return (mask & 2) !== 0 ? readText(c) : "";
}

/** Diagnostics nest; past a few levels they are a lie. */
export function skipDiagnostics(c: Cursor, depth = 0): void {
  if (depth > DEEPEST) c.bad("diagnostics nested too deep");
  const mask = c.u8();
  for (const bit of [1, 2, 8, 4]) if ((mask & bit) !== 0) c.skip(4);
  if ((mask & 16) !== 0) skipBytes(c);
  if ((mask & 32) !== 0) c.skip(4);
  if ((mask & 64) !== 0) skipDiagnostics(c, depth + 1);
}
const DEEPEST = 8;

/** Passes over an extension object. */
export function skipExtension(c: Cursor): void {
  readNodeId(c);
  if (c.u8() !== 0) skipBytes(c);
}

/** Bytes of scalars by their built-in type; 0 where the length is their own. */
const SIZES = [0, 1, 1, 1, 2, 2, 4, 4, 8, 8, 4, 8, 0, 8, 16, 0, 0, 0, 0, 4];
const TYPE = {
  string: 12,
  byteString: 15,
  xml: 16,
  node: 17,
  expandedNode: 18,
  name: 20,
  localized: 21,
  extension: 22,
} as const;

/** What stands in a variant: an extension object's own type and where its body begins, or nothing of interest. */
export interface Valued {
  type: string;
  from: number;
  to: number;
}

/** Passes over a DataValue; `found` is told of each extension object in it. False where its end can't be found. */
export function skipDataValue(c: Cursor, found: (value: Valued) => void): boolean {
  const mask = c.u8();
  if ((mask & 1) !== 0 && !skipVariant(c, found)) return false;
  if ((mask & 2) !== 0) c.skip(4);
  if ((mask & 4) !== 0) c.skip(8);
  if ((mask & 16) !== 0) c.skip(2);
  if ((mask & 8) !== 0) c.skip(8);
  if ((mask & 32) !== 0) c.skip(2);
  return true;
}

function skipVariant(c: Cursor, found: (value: Valued) => void): boolean {
  const encoding = c.u8();
  const type = encoding & 0x3f;
  const many = (encoding & 0x80) !== 0;
  const count = many ? readCount(c) : 1;
  if (count > c.left) c.bad(`an array of ${count} in ${c.left} bytes`);
  for (let i = 0; i < count && type !== 0; i++) if (!skipScalar(c, type, found)) return false;
  if ((encoding & 0x40) !== 0) c.skip(4 * readCount(c));
  return true;
}

function skipScalar(c: Cursor, type: number, found: (value: Valued) => void): boolean {
  const size = SIZES[type] ?? 0;
  if (size > 0) c.skip(size);
  else if (type === TYPE.string || type === TYPE.byteString || type === TYPE.xml) skipBytes(c);
  else if (type === TYPE.node) readNodeId(c);
  else if (type === TYPE.localized) readLocalizedText(c);
  else if (type === TYPE.name) {
    c.skip(2);
    skipBytes(c);
  } else if (type === TYPE.extension) {
    const id = readNodeId(c);
    if (c.u8() === 0) return true;
    const length = readCount(c);
    const from = c.pos;
    c.skip(length);
    found({ type: id, from, to: c.pos });
  } else return false;
  return true;
}
