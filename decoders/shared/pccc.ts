/**
 * PCCC: Allen-Bradley's commands of before CIP, which older controllers still take inside it (Execute PCCC).
 * Rockwell 1770-6.5.16, DF1 Protocol and Command Set.
 *
 *     ┌───────────────────────┬─────────┬────────┬─────────────┬──────────┬──────────────────────────────────────────────┐
 *     │ requester, its length │ command │ status │ transaction │ function │ typed logical: size 1, file, type 1, element │
 *     └──────────1…───────────┴────1────┴───1────┴──────2──────┴────1─────┴──── file, element 1, or ff and 2; 3 fields: ─┘
 *     answers: command | 0x40, no function                                       sub-element too
 */
import type { Cursor } from "../../src/decode/cursor.ts";
import type { Emit } from "../../src/decode/decoder.ts";
import { ANSWER_TO_ANY } from "../../src/decode/facts.ts";
import { type Meaning, tellOperation, unknownCode } from "./operation.ts";

/**
 * By command; those with functions by `command << 8 | function`.
 * Uploading all puts the controller into another mode until it has ended.
 */
const PCCC: ReadonlyMap<number, Meaning> = new Map<number, Meaning>([
  [0x00, ["Protected Write", "write"]],
  [0x01, ["Unprotected Read", "read"]],
  [0x02, ["Protected Bit Write", "write"]],
  [0x05, ["Unprotected Bit Write", "write"]],
  [0x08, ["Unprotected Write", "write"]],
  [0x0600, ["Echo", "session"]],
  [0x0601, ["Read Diagnostic Counters", "read"]],
  [0x0602, ["Set Variables", "write"]],
  [0x0603, ["Diagnostic Status", "identify"]],
  [0x0604, ["Set Timeout", "write"]],
  [0x0605, ["Set NAKs", "write"]],
  [0x0606, ["Set ENQs", "write"]],
  [0x0607, ["Reset Diagnostic Counters", "write"]],
  [0x0608, ["Set Data Table Size", "write"]],
  [0x0609, ["Read Link Parameters", "read"]],
  [0x060a, ["Set Link Parameters", "write"]],
  [0x0700, ["Disable Outputs", "control"]],
  [0x0701, ["Enable Program", "control"]],
  [0x0703, ["Enable PLC Scanning", "control"]],
  [0x0704, ["Enter Download Mode", "program"]],
  [0x0705, ["Exit Download Mode", "program"]],
  [0x0706, ["Enter Upload Mode", "control"]],
  [0x0f00, ["Word Range Write", "write"]],
  [0x0f01, ["Word Range Read", "read"]],
  [0x0f02, ["Bit Write", "write"]],
  [0x0f11, ["Get Edit Resource", "program"]],
  [0x0f12, ["Return Edit Resource", "program"]],
  [0x0f17, ["Read Bytes Physical", "read"]],
  [0x0f18, ["Write Bytes Physical", "program"]],
  [0x0f26, ["Read Modify Write", "write"]],
  [0x0f29, ["Read Section Size", "read"]],
  [0x0f3a, ["Set CPU Mode", "control"]],
  [0x0f41, ["Disable Forces", "control"]],
  [0x0f50, ["Download All", "program"]],
  [0x0f52, ["Download Completed", "program"]],
  [0x0f53, ["Upload All", "control"]],
  [0x0f55, ["Upload Completed", "control"]],
  [0x0f57, ["Initialize Memory", "program"]],
  [0x0f5e, ["Modify PLC-2 Compatibility File", "write"]],
  [0x0f67, ["Typed Write", "write"]],
  [0x0f68, ["Typed Read", "read"]],
  [0x0f79, ["Read Modify Write N", "write"]],
  [0x0f80, ["Change Mode", "control"]],
  [0x0f8f, ["Apply Port Configuration", "write"]],
  [0x0fa1, ["Protected Typed Logical Read, 2 Fields", "read"]],
  [0x0fa2, ["Protected Typed Logical Read, 3 Fields", "read"]],
  [0x0fa7, ["Protected Typed File Read", "read"]],
  [0x0fa9, ["Protected Typed Logical Write, 2 Fields", "write"]],
  [0x0faa, ["Protected Typed Logical Write, 3 Fields", "write"]],
  [0x0fab, ["Protected Typed Logical Write with Mask", "write"]],
  [0x0faf, ["Protected Typed File Write", "write"]],
]);
/** Commands behind whose header a function stands. */
export const hasFunction = (command: number): boolean => command === 0x06 || command === 0x07 || command === 0x0f;

export function pcccCommand(command: number, fn: number | null): Meaning {
  const code = fn === null ? command : (command << 8) | fn;
  return PCCC.get(code) ?? unknownCode("Command", code);
}

/** Functions of 0x0f on an address: how many fields it has. */
const FIELDS: ReadonlyMap<number, number> = new Map([
  [0xa1, 2],
  [0xa2, 3],
  [0xa9, 2],
  [0xaa, 3],
  [0xab, 3],
]);
const LOGICAL = 0x0f;
/** Letters of a data file by its type. */
const FILES: ReadonlyMap<number, string> = new Map([
  [0x82, "O"],
  [0x83, "I"],
  [0x84, "S"],
  [0x85, "B"],
  [0x86, "T"],
  [0x87, "C"],
  [0x88, "R"],
  [0x89, "N"],
  [0x8a, "F"],
  [0x8b, "O"],
  [0x8c, "I"],
  [0x8d, "ST"],
  [0x8e, "A"],
  [0x8f, "D"],
  [0x91, "L"],
]);
const ANSWER = 0x40;
/** A number that does not fit one byte stands in the next two. */
const WIDE = 0xff;

/** One request. `id`: that of the CIP message around it. */
export function tellPccc(c: Cursor, id: string, emit: Emit): void {
  const { command, transaction, failed } = readHead(c);
  const fn = hasFunction(command) ? c.u8() : null;
  const code = fn === null ? String(command) : `${command}/${fn}`;
  const fields = command === LOGICAL && fn !== null ? FIELDS.get(fn) : undefined;
  tellOperation(emit, "pccc", "request", code, pcccCommand(command, fn), {
    target: fields === undefined ? null : readAddress(c, fields),
    id: `${id}/${transaction}`,
    failed,
    within: true,
  });
}

/**
 * An answer repeats the command with bit 0x40, and no function: of a command that has some, the transaction alone says to what
 * it answers. Other objects answer 0x4b in other forms.
 */
export function tellPcccIfOne(c: Cursor, id: string, emit: Emit): void {
  const length = c.buf[c.pos]!;
  if (c.left < 11 || length !== 7 || (c.buf[c.pos + length]! & 0xf0) !== ANSWER) return;
  const { command, transaction, failed } = readHead(c);
  const asked = command & ~ANSWER;
  const code = hasFunction(asked) ? ANSWER_TO_ANY : asked;
  const pairs = `${id}/${transaction}`;
  tellOperation(emit, "pccc", "response", code, [`answer to ${asked}`, "unknown"], { id: pairs, failed, within: true });
}

function readHead(c: Cursor): { command: number; transaction: number; failed: boolean } {
  c.part = "PCCC";
  const length = c.u8();
  c.skip(Math.max(0, length - 1));
  const command = c.u8();
  const failed = c.u8() !== 0;
  return { command, transaction: c.u16le(), failed };
}

/** `N7:10`, `T4:0.1`; null where it is not all there: the operation is told all the same. */
function readAddress(c: Cursor, fields: number): string | null {
  if (c.left < 1) return null;
  c.skip(1);
  const file = readNumber(c);
  if (c.left < 1) return null;
  const type = c.u8();
  const element = readNumber(c);
  const sub = fields === 3 ? readNumber(c) : 0;
  if (file < 0 || element < 0 || sub < 0) return null;
  const letters = FILES.get(type) ?? `type 0x${type.toString(16)} file `;
  return `${letters}${file}:${element}${sub === 0 ? "" : `.${sub}`}`;
}

/** -1 where it is not all there. */
function readNumber(c: Cursor): number {
  if (c.left < 1) return -1;
  const first = c.u8();
  if (first !== WIDE) return first;
  return c.left < 2 ? -1 : c.u16le();
}
