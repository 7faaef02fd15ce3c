/** What S7 functions are about: addresses of variables, blocks, and the system status lists (SZL) that name a device. */
import { type Cursor, escapeBytes } from "../../src/decode/cursor.ts";
import type { Emit } from "../../src/decode/decoder.ts";
import type { AssetFact } from "../../src/decode/facts.ts";
import { joinTargets, MOST_TARGETS } from "./operation.ts";
import { SZL } from "./s7-codes.ts";

const SYNTAX_ANY = 0x10;
const VARIABLE = 0x12;
const AREAS = new Map([
  [0x03, "system info"],
  [0x05, "system flags"],
  [0x06, "AI"],
  [0x07, "AQ"],
  [0x1c, "C"],
  [0x1d, "T"],
  [0x1e, "IEC C"],
  [0x1f, "IEC T"],
  [0x80, "P"],
  [0x81, "I"],
  [0x82, "Q"],
  [0x83, "M"],
  [0x84, "DB"],
  [0x85, "DI"],
  [0x86, "L"],
  [0x87, "V"],
]);
const SIZES = new Map([
  [1, "BIT"],
  [2, "BYTE"],
  [3, "CHAR"],
  [4, "WORD"],
  [5, "INT"],
  [6, "DWORD"],
  [7, "DINT"],
  [8, "REAL"],
  [28, "COUNTER"],
  [29, "TIMER"],
]);
const [COUNTER, TIMER] = [0x1c, 0x1d];
const DATA_BLOCKS = [0x84, 0x85];

/** The items of a read or write, behind the function code: `DB1.DBX4.0 BYTE 16`. */
export function readItems(c: Cursor): string | null {
  const count = c.u8();
  const named: string[] = [];
  for (let i = 0; i < Math.min(count, MOST_TARGETS); i++) {
    c.part = `item ${i + 1}`;
    const specification = c.u8();
    const outer = c.enter(c.u8(), c.part);
    const syntax = c.u8();
    if (specification === VARIABLE && syntax === SYNTAX_ANY && c.left >= 9) named.push(readAny(c));
    else named.push(`syntax 0x${syntax.toString(16).padStart(2, "0")} ${c.hex(Math.min(c.left, 16))}`);
    c.leave(outer);
  }
  return joinTargets(named, count > named.length);
}

function readAny(c: Cursor): string {
  const size = c.u8();
  const count = c.u16();
  const block = c.u16();
  const area = c.u8();
  const address = c.u24();
  const what = `${SIZES.get(size) ?? `type ${size}`} ${count}`;
  const name = AREAS.get(area) ?? `area 0x${area.toString(16).padStart(2, "0")}`;
  if (area === COUNTER || area === TIMER) return `${name}${address} ${what}`;
  const place = `${address >>> 3}.${address & 7}`;
  return DATA_BLOCKS.includes(area) ? `${name}${block}.DBX${place} ${what}` : `${name}${place} ${what}`;
}

/** The return code of the first item of an answer that failed, null where none did; in a read's answer a length and data follow it. */
export function failedItem(c: Cursor, count: number, values: boolean): number | null {
  for (let i = 0; i < count; i++) {
    c.part = `result ${i + 1}`;
    const code = c.u8();
    if (code !== RETURN_OK) return code;
    if (!values) continue;
    const size = c.u8();
    const length = c.u16();
    const bytes = BITS.includes(size) ? (length + 7) >>> 3 : length;
    c.skip(bytes);
    if ((bytes & 1) === 1 && i + 1 < count) c.skip(1);
  }
  return null;
}
const ITEM_ERRORS: Readonly<Record<number, string>> = {
  1: "hardware error",
  3: "access not allowed",
  5: "invalid address",
  6: "data type not supported",
  7: "data type inconsistent",
  10: "object does not exist",
};
/** `item code 0x05, invalid address`. */
export const itemError = (code: number): string =>
  `item code 0x${code.toString(16).padStart(2, "0")}${ITEM_ERRORS[code] === undefined ? "" : `, ${ITEM_ERRORS[code]}`}`;
export const RETURN_OK = 0xff;
const BITS = [3, 4, 5]; // transport sizes that count bits

/** The name of the block that a download or upload is about: `_0A00001P` is OB 1; unread ones as they stand. */
export function blockName(text: string): string {
  const parts = /^([_$])(08|0A|0B|0C|0D|0E|0F)(\d{5})([ABP]?)$/.exec(text);
  return parts === null ? text : `${BLOCKS[parts[2]!]}${Number(parts[3])}`;
}
const BLOCKS: Record<string, string> = {
  "08": "OB",
  "0A": "DB",
  "0B": "SDB",
  "0C": "FC",
  "0D": "SFC",
  "0E": "FB",
  "0F": "SFB",
};

/** An answer's SZL: id, index, length and count of records, records. One in several answers is read as far as the first goes. */
export function tellSzl(c: Cursor, emit: Emit): void {
  c.part = "SZL";
  const id = c.u16();
  c.skip(2);
  const length = c.u16();
  const count = c.u16();
  const list = id & 0xff;
  if (list === SZL.module && length === MODULE_RECORD) {
    for (let i = 0; i < count && c.left >= length; i++) tellModule(c, emit);
  } else if (list === SZL.component && length === COMPONENT_RECORD) {
    for (let i = 0; i < count && c.left >= length; i++) tellComponent(c, emit);
  }
}
const MODULE_RECORD = 28;
const COMPONENT_RECORD = 34;

/** Index, order code of 20 characters, type, and two versions of two bytes. */
function tellModule(c: Cursor, emit: Emit): void {
  const index = c.u16();
  const order = text(c, 20);
  c.skip(2);
  const version = [c.u8(), c.u8(), c.u8(), c.u8()];
  if (index === 1) asset(emit, "order-code", order, "S7 SZL 0x0011, module");
  // `V` and three numbers.
  if (index === 7 && version[0] === 0x56)
    asset(emit, "version", `V${version.slice(1).join(".")}`, "S7 SZL 0x0011, firmware");
}

const COMPONENTS: ReadonlyMap<number, readonly [AssetFact["what"], string]> = new Map([
  [1, ["name", "station"]],
  [3, ["location", "plant"]],
  [5, ["serial", "module"]],
  [7, ["product", "module type"]],
  [11, ["location", "location"]],
]);
const MANUFACTURER = 9;
const SIEMENS = 0x002a;

/** Index and a text of 32 characters; of the manufacturer two numbers. */
function tellComponent(c: Cursor, emit: Emit): void {
  const outer = c.enter(COMPONENT_RECORD, "SZL record");
  const index = c.u16();
  if (index === MANUFACTURER) {
    if (c.u16() === SIEMENS) asset(emit, "vendor", "Siemens", "S7 SZL 0x001c, manufacturer");
  } else {
    const known = COMPONENTS.get(index);
    if (known !== undefined) asset(emit, known[0], text(c, c.left), `S7 SZL 0x001c, ${known[1]}`);
  }
  c.leave(outer);
}

function asset(emit: Emit, what: AssetFact["what"], value: string, source: string): void {
  if (value !== "") emit({ kind: "asset", what, value, source });
}

/** Text filled up with spaces and zeros. */
function text(c: Cursor, length: number): string {
  const from = c.pos;
  c.skip(length);
  let to = from;
  while (to < c.pos && c.buf[to] !== 0) to++;
  return escapeBytes(c.buf, from, to).trim();
}
