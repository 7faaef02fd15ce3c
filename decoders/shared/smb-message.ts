/** SMB's messages of versions 1 to 3: the agreement on a version, and the shares that are opened. */
import type { Cursor } from "../../src/decode/cursor.ts";
import type { Emit } from "../../src/decode/decoder.ts";
import { bounded } from "./bounded.ts";
import { readUtf16 } from "./utf16.ts";

/** First bytes, before `SMB`. */
const KIND = { version1: 0xff, version2: 0xfe, encrypted: 0xfd, compressed: 0xfc } as const;
const HEADER_LENGTH_1 = 32;
const HEADER_LENGTH_2 = 64;

const COMMAND_1 = {
  read: 0x0a,
  write: 0x0b,
  transaction: 0x25,
  readAndX: 0x2e,
  writeAndX: 0x2f,
  negotiate: 0x72,
  sessionSetup: 0x73,
  treeConnect: 0x75,
} as const;
const COMMAND_2 = { negotiate: 0, sessionSetup: 1, treeConnect: 3, read: 8, write: 9 } as const;
const LAST_COMMAND_2 = 0x13;

/** What a server answers to the multi-protocol negotiation of version 1. */
const ANY_2 = 0x02ff;
const DIALECTS = new Map([
  [0x0202, "2.0.2"],
  [0x0210, "2.1"],
  [ANY_2, "2.x"],
  [0x0300, "3.0"],
  [0x0302, "3.0.2"],
  [0x0311, "3.1.1"],
]);
const MOST_DIALECTS = 32;
const UNICODE = 0x8000;
const SUCCESS = 0;
const MORE_PROCESSING = 0xc0000016;

/** Whether an SMB message may begin here, as far as the bytes go. Allocates nothing. */
export function looksLikeSmb(buf: Uint8Array, off: number, len: number): boolean {
  if (buf[off]! < KIND.compressed) return false;
  if (len > 1 && buf[off + 1] !== 0x53) return false;
  return (len <= 2 || buf[off + 2] === 0x4d) && (len <= 3 || buf[off + 3] === 0x42);
}

/** Tells a message of `length` bytes, of which it reads what it needs, and who sends where it is the `first`. False where the rest of the direction says no more. */
export function message(c: Cursor, emit: Emit, length: number, first: boolean): boolean {
  const kind = c.u8();
  c.skip(3);
  if (kind === KIND.encrypted) {
    emit({ kind: "field", field: "smb.encrypted", value: "yes" });
    return false;
  }
  if (kind === KIND.compressed) return true;
  const size = kind === KIND.version1 ? HEADER_LENGTH_1 : HEADER_LENGTH_2;
  if (length < size) c.bad(`an SMB message of ${length} bytes`);
  return kind === KIND.version1 ? version1(c, emit, length, first) : version2(c, emit, length, first);
}

interface Head1 {
  command: number;
  response: boolean;
  status: number;
  unicode: boolean;
  id: string;
}

/** [MS-CIFS] 2.2.3.1; the mark is read. */
function readHead1(c: Cursor): Head1 {
  c.part = "SMB header";
  const command = c.u8();
  const status = c.u32le();
  const response = (c.u8() & 0x80) !== 0;
  const unicode = (c.u16le() & UNICODE) !== 0;
  c.skip(18);
  return { command, response, status, unicode, id: `1/${c.u16le()}` };
}

function version1(c: Cursor, emit: Emit, length: number, first: boolean): boolean {
  const head = readHead1(c);
  const { command, response } = head;
  if (first) tellRole(emit, response, `SMB 1 command 0x${command.toString(16)}`);
  if (command === COMMAND_1.read || command === COMMAND_1.write) return false;
  if (command === COMMAND_1.readAndX || command === COMMAND_1.writeAndX) return false;
  const told = command === COMMAND_1.negotiate || command === COMMAND_1.treeConnect;
  if (!told && command !== COMMAND_1.sessionSetup) return true;
  tellMessage(emit, response, head.id, head.status);
  if (!told || head.status !== SUCCESS) return true;
  const outer = c.enter(length - HEADER_LENGTH_1, "SMB body");
  if (command === COMMAND_1.negotiate) negotiate1(c, emit, response);
  else if (!response) treeConnect1(c, emit, head.unicode);
  c.leave(outer);
  return true;
}

/** Of the client: bytes 02, a dialect, 00, as often as it offers one. Of the server: its choice's number, how it signs. */
function negotiate1(c: Cursor, emit: Emit, response: boolean): void {
  const words = c.u8();
  if (!response) {
    c.skip(words * 2 + 2);
    const dialects: string[] = [];
    while (c.left > 0 && dialects.length < MOST_DIALECTS && c.u8() === 2) dialects.push(readZeroEnded(c));
    if (dialects.length > 0) emit({ kind: "field", field: "smb.offered", value: bounded(dialects.join(",")) });
    return;
  }
  if (words === 0 || c.u16le() === 0xffff) return; // none of the dialects suits the server
  emit({ kind: "field", field: "smb.version", value: "1" });
  if (words >= 13) tellSigning(emit, c.u8() >> 2);
}

/** AndX 4, flags 2, length of the password 2; the password, padding to an even place, the share. */
function treeConnect1(c: Cursor, emit: Emit, unicode: boolean): void {
  if (c.u8() < 4) return;
  c.skip(6);
  const password = c.u16le();
  c.skip(2 + password);
  if (unicode && password % 2 === 0) c.skip(1); // 43 bytes from the header on, and the password
  const share = unicode ? readUtf16(c, zeroAt(c)) : readZeroEnded(c);
  if (share !== "") emit({ kind: "field", field: "smb.share", value: bounded(share) });
}

/** Bytes up to a zero of two bytes. */
function zeroAt(c: Cursor): number {
  let at = c.pos;
  while (at + 1 < c.end && (c.buf[at] !== 0 || c.buf[at + 1] !== 0)) at += 2;
  return at - c.pos;
}

function readZeroEnded(c: Cursor): string {
  const end = c.find(0);
  if (end < 0) return c.short(c.left + 1);
  const text = c.text(end - c.pos);
  c.skip(1);
  return text;
}

/** [MS-SMB2] 2.2.1; the mark is read. */
function version2(c: Cursor, emit: Emit, length: number, first: boolean): boolean {
  c.part = "SMB 2 header";
  if (c.u16le() !== HEADER_LENGTH_2) return c.bad("an SMB 2 header of another length");
  c.skip(2);
  const status = c.u32le();
  const command = c.u16le();
  c.skip(2);
  const response = (c.u32le() & 1) !== 0;
  c.skip(4);
  const low = c.u32le();
  const id = `2/${low + c.u32le() * 2 ** 32}`;
  c.skip(32);
  if (command > LAST_COMMAND_2) c.bad(`SMB 2 command ${command}`);
  if (first) tellRole(emit, response, `SMB 2 command ${command}`);
  if (command === COMMAND_2.read || command === COMMAND_2.write) return false;
  const told = command === COMMAND_2.negotiate || command === COMMAND_2.treeConnect;
  if (!told && command !== COMMAND_2.sessionSetup) return true;
  tellMessage(emit, response, id, response ? status : SUCCESS);
  if (!told || (response && status !== SUCCESS)) return true;
  const outer = c.enter(length - HEADER_LENGTH_2, "SMB 2 body");
  if (command === COMMAND_2.negotiate) negotiate2(c, emit, response);
  else if (!response) treeConnect2(c, emit);
  c.leave(outer);
  return true;
}

/** [MS-SMB2] 2.2.3 and 2.2.4. */
function negotiate2(c: Cursor, emit: Emit, response: boolean): void {
  c.skip(2);
  if (response) {
    const signing = c.u16le();
    const dialect = c.u16le();
    const version = DIALECTS.get(dialect) ?? `0x${dialect.toString(16)}`;
    if (dialect !== ANY_2) emit({ kind: "field", field: "smb.version", value: version }); // else another round decides
    tellSigning(emit, signing);
    return;
  }
  const count = Math.min(c.u16le(), MOST_DIALECTS);
  const signing = c.u16le();
  c.skip(2 + 4 + 16 + 8);
  const dialects = Array.from({ length: count }, () => c.u16le());
  const names = dialects.map((dialect) => DIALECTS.get(dialect) ?? `0x${dialect.toString(16)}`);
  if (names.length > 0) emit({ kind: "field", field: "smb.offered", value: names.join(",") });
  tellSigning(emit, signing);
}

/** [MS-SMB2] 2.2.9: where the share's name stands, from the header on, and its length. */
function treeConnect2(c: Cursor, emit: Emit): void {
  const begun = c.pos - HEADER_LENGTH_2;
  c.skip(4);
  const offset = c.u16le();
  const size = c.u16le();
  const skipped = begun + offset - c.pos;
  if (skipped < 0) c.bad("a share's name before its place");
  c.skip(skipped);
  c.need(size);
  const share = readUtf16(c, size);
  if (share !== "") emit({ kind: "field", field: "smb.share", value: bounded(share) });
}

function tellRole(emit: Emit, response: boolean, why: string): void {
  emit({ kind: "role", sender: response ? "server" : "client", why });
}

function tellSigning(emit: Emit, bits: number): void {
  if ((bits & 3) !== 0) emit({ kind: "field", field: "smb.signing", value: (bits & 2) !== 0 ? "required" : "enabled" });
}

function tellMessage(emit: Emit, response: boolean, id: string, status: number): void {
  if (!response) emit({ kind: "message", what: "request", id });
  else if (status === SUCCESS || status === MORE_PROCESSING) emit({ kind: "message", what: "response", id });
  else {
    emit({ kind: "message", what: "response", id, failed: true });
    emit({ kind: "fault", what: "smb-status", code: status, text: `0x${status.toString(16).padStart(8, "0")}` });
  }
}

/** An SMB 1 transaction for a mailslot, from the mark on: who sends it and for which. False where it is none. */
export function tellMailslot(c: Cursor, sender: string, emit: Emit): boolean {
  c.skip(4);
  const head = readHead1(c);
  if (head.command !== COMMAND_1.transaction || head.response) return false;
  c.part = "transaction";
  c.skip(c.u8() * 2 + 2);
  const name = readZeroEnded(c);
  if (!name.startsWith("\\\\MAILSLOT\\\\")) return false;
  emit({ kind: "role", sender: "client", why: "SMB transaction" });
  emit({ kind: "field", field: "smb.mailslot", value: bounded(name) });
  emit({ kind: "asset", what: "name", value: sender, source: "NetBIOS datagram" });
  emit({ kind: "message", what: "oneway", id: "" });
  return true;
}
