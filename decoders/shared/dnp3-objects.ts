/** DNP3's object headers (IEEE 1815, 4.2): which objects a message is about, and what the ones that decide say. */
import type { Cursor } from "../../src/decode/cursor.ts";
import type { Emit } from "../../src/decode/decoder.ts";
import { ATTRIBUTES, CONTROL_GROUPS, DEVICE_ATTRIBUTES, FILE_COMMAND } from "./dnp3-codes.ts";
import { joinTargets, MOST_TARGETS } from "./operation.ts";

/** Bytes of an element with its control status at the end: relay block, set points of 32, 16 bits, float, double. */
const CONTROL_SIZES = new Map([
  [1201, 11],
  [4101, 5],
  [4102, 3],
  [4103, 5],
  [4104, 9],
]);
const FILE_READ = 1;
const VISIBLE_STRING = 1;

export interface Objects {
  target: string | null;
  /** True where every object is a device attribute. */
  attributes: boolean;
  /** True where a control that is echoed has a status other than success. */
  refused: boolean;
  /** Of a file command: how the file is opened; 0 where there is none. */
  fileMode: number;
}

/**
 * Reads object headers. Of a request that carries data (`valued`) and of answers only the first objects can be measured,
 * which is where those that decide stand; the rest is passed over. Cut anywhere, what was read before is in `into`.
 */
export function readObjects(c: Cursor, valued: boolean, into: Objects, emit: Emit | null): void {
  const named: string[] = [];
  let more = false;
  into.attributes = c.left > 0;
  try {
    while (c.left >= 3) {
      const group = c.u8();
      const variation = c.u8();
      const qualifier = c.u8();
      c.part = `object header g${group}v${variation}`;
      if (group !== DEVICE_ATTRIBUTES) into.attributes = false;
      if (named.length >= MOST_TARGETS) more = true;
      const points = readRange(c, qualifier);
      if (!valued) {
        named.push(`g${group}v${variation}${pointsText(points)}`);
        if (points.prefix > 0) c.skip(points.prefix * points.count);
        continue;
      }
      if (CONTROL_GROUPS.includes(group)) readControls(c, group, variation, points, named, into);
      else named.push(`g${group}v${variation}${pointsText(points)}`);
      if (group === FILE_COMMAND.group && variation === FILE_COMMAND.variation) readFile(c, named, into);
      if (group !== DEVICE_ATTRIBUTES || !readAttribute(c, variation, points, emit)) {
        if (!CONTROL_GROUPS.includes(group) || c.left < 3) return;
      }
    }
  } finally {
    into.target = joinTargets(named, more);
  }
}

interface Points {
  first: number;
  last: number;
  count: number;
  /** Bytes of the index before each object; 0 where there is none. */
  prefix: number;
}

/** Table 4-8: prefix code and range specifier. */
function readRange(c: Cursor, qualifier: number): Points {
  const range = qualifier & 0x0f;
  const prefix = [0, 1, 2, 4, 1, 2, 4, 0][(qualifier >>> 4) & 7]!;
  const read = [() => c.u8(), () => c.u16le(), () => c.u32le()];
  if (range <= 2) {
    const first = read[range]!();
    const last = read[range]!();
    return { first, last, count: Math.max(0, last - first + 1), prefix };
  }
  if (range === 6) return { first: -1, last: -1, count: 0, prefix };
  if (range >= 7 && range <= 9) return { first: -1, last: -1, count: read[range - 7]!(), prefix };
  if (range === 11) return { first: -1, last: -1, count: c.u8(), prefix };
  c.bad(`an object header of qualifier 0x${qualifier.toString(16)}`);
}

const pointsText = ({ first, last }: Points): string =>
  first < 0 ? "" : first === last ? `[${first}]` : `[${first}-${last}]`;

/** Commands, each behind its index: in an answer with how it went. */
function readControls(
  c: Cursor,
  group: number,
  variation: number,
  points: Points,
  named: string[],
  into: Objects,
): void {
  const size = CONTROL_SIZES.get(group * 100 + variation);
  if (size === undefined || points.prefix === 0 || points.prefix === 4) {
    named.push(`g${group}v${variation}`);
    c.skip(c.left);
    return;
  }
  for (let i = 0; i < points.count; i++) {
    const index = points.prefix === 1 ? c.u8() : c.u16le();
    if (named.length < MOST_TARGETS) named.push(`g${group}v${variation}[${index}]`);
    c.skip(size - 1);
    if ((c.u8() & 0x7f) !== 0) into.refused = true;
  }
}

/** 11.9.4.4: where the name stands, its length, when created, permissions, key, size, mode. */
function readFile(c: Cursor, named: string[], into: Objects): void {
  c.skip(2); // the object's own size
  c.skip(2);
  const length = c.u16le();
  c.skip(6 + 2 + 4 + 4);
  into.fileMode = c.u16le();
  c.skip(4); // block size, request id
  named.push(c.text(Math.min(length, c.left)));
}
export const opensToRead = (mode: number): boolean => mode === FILE_READ;

/** One attribute: the kind of its value, its length, its value. False where its end can't be found. */
function readAttribute(c: Cursor, variation: number, { count }: Points, emit: Emit | null): boolean {
  if (count !== 1) return false;
  const kind = c.u8();
  const length = c.u8();
  const known = ATTRIBUTES.get(variation);
  if (known === undefined || kind !== VISIBLE_STRING || emit === null) {
    c.skip(length);
    return true;
  }
  const value = c.text(length).trim();
  if (value !== "") emit({ kind: "asset", what: known[0], value, source: `DNP3 device attribute, ${known[1]}` });
  return true;
}
