/**
 * TFTP: devices fetch their start files and leave their configurations, without a password.
 * RFC 1350; options RFC 2347, 2348, 2349, 7440.
 *
 *     1 read, 2 write   file 0 mode 0 (option 0 value 0)×       to port 69
 *     3 data            block 2, up to a block's size of bytes
 *     4 acknowledgement block 2
 *     5 error           code 2, text 0
 *     6 options         (option 0 value 0)×                     the answer to a request with options
 *
 * The answer comes from a port of its own, so that a transfer is two flows: the request's, and that of the data. A request
 * and an answer with options prove themselves. Data need three blocks in a row of one size, or a flow that is known.
 *
 * Does not cover: the files' content.
 */
import { type Cursor, escapeBytes } from "../src/decode/cursor.ts";
import { type Context, DATAGRAM_MORE, type DatagramResult, type Decoder, type Emit } from "../src/decode/decoder.ts";

const OP = { read: 1, write: 2, data: 3, acknowledgement: 4, error: 5, options: 6 } as const;
const NAMES = ["", "read", "write", "data", "acknowledgement", "error", "options"];
const MODES = ["netascii", "octet", "mail"];
const OPTIONS = ["blksize", "blksize2", "timeout", "tsize", "utimeout", "rollover", "windowsize", "multicast"];
const ERRORS = [
  "not defined",
  "file not found",
  "access violation",
  "disk full",
  "illegal operation",
  "unknown transfer id",
  "file exists",
  "no such user",
  "option refused",
];
/** Datagrams of data in a row that prove it. */
const ENOUGH = 3;
/** Datagrams kept meanwhile; each may have come twice. */
const MOST_KEPT = 4;
const SMALLEST_BLOCK = 8;

export const tftp: Decoder = {
  id: "tftp",
  title: "Trivial File Transfer Protocol",
  specs: ["RFC 1350", "RFC 2347", "RFC 2348", "RFC 2349", "RFC 7440"],
  ports: { udp: [69] },
  fields: [
    { field: "tftp.operation", about: "read, write, data, acknowledgement, error or options" },
    { field: "tftp.file", about: "the file's name" },
    { field: "tftp.mode", about: "netascii, octet or mail" },
    { field: "tftp.option", about: "an option that is asked for or granted: `blksize=1428`" },
    { field: "tftp.error", about: "why it failed" },
  ],
  opens: { datagram: [0] },
  everyMessage: false,

  looksDatagram(buf, off, len) {
    return len >= 4 && buf[off] === 0 && buf[off + 1]! >= OP.read && buf[off + 1]! <= OP.options;
  },

  datagram(c, emit, at) {
    c.part = "opcode";
    const op = c.u16();
    if (op === OP.read || op === OP.write) return request(c, op, emit);
    if (op === OP.options) return granted(c, emit);
    if (op === OP.error) return error(c, emit);
    return transfer(c, op, emit, at);
  },
};

const tellOperation = (op: number, emit: Emit): void =>
  emit({ kind: "field", field: "tftp.operation", value: NAMES[op]! });

/** Text up to a zero byte, not longer than any that is used; null where there is none or it is no text. */
function readText(c: Cursor): string | null {
  const end = c.find(0);
  if (end < 0 || end === c.pos || end - c.pos > 255) return null;
  for (let i = c.pos; i < end; i++) if (c.buf[i]! < 0x20) return null;
  const text = escapeBytes(c.buf, c.pos, end);
  c.pos = end + 1;
  return text;
}

function request(c: Cursor, op: number, emit: Emit): boolean {
  const file = readText(c);
  const mode = readText(c)?.toLowerCase();
  if (file === null || mode === undefined || !MODES.includes(mode)) return false;
  emit({ kind: "role", sender: "client", why: `TFTP ${NAMES[op]} request` });
  tellOperation(op, emit);
  emit({ kind: "field", field: "tftp.file", value: file });
  emit({ kind: "field", field: "tftp.mode", value: mode });
  // What is behind a mode and is no option is an extension of somebody's own, or padding.
  emit({ kind: "message", what: "request", id: file });
  emit({ kind: "expect-flow", app: "tftp", transport: "udp", address: null, port: null });
  tellOptions(readOptions(c), emit);
  if (c.cutOff > 0) c.short(c.left + c.cutOff);
  return true;
}

function granted(c: Cursor, emit: Emit): boolean {
  const options = readOptions(c);
  if (options.length === 0 || c.left > 0) return false;
  emit({ kind: "role", sender: "server", why: "TFTP options" });
  tellOperation(OP.options, emit);
  tellOptions(options, emit);
  if (c.cutOff > 0) c.short(c.cutOff);
  return true;
}

function readOptions(c: Cursor): string[] {
  const options: string[] = [];
  while (c.left > 0) {
    const name = readText(c)?.toLowerCase();
    const value = name === undefined ? null : readText(c);
    if (name === undefined || value === null || !OPTIONS.includes(name)) break;
    options.push(`${name}=${value}`);
  }
  return options;
}

function tellOptions(options: string[], emit: Emit): void {
  for (const value of options) emit({ kind: "field", field: "tftp.option", value });
}

/** The sender of an error may be either end. */
function error(c: Cursor, emit: Emit): boolean {
  const code = c.u16();
  if (code >= ERRORS.length) return false;
  const text = readText(c);
  if (text === null || c.left > 0 || text.length < 3) return false;
  tellOperation(OP.error, emit);
  emit({ kind: "field", field: "tftp.error", value: text });
  emit({ kind: "fault", what: "tftp-error", code, text: ERRORS[code]! });
  return true;
}

/** Blocks and their acknowledgements, of which one alone shows nothing. */
function transfer(c: Cursor, op: number, emit: Emit, at: Context): DatagramResult {
  c.skip(2); // the block's number
  if (op === OP.acknowledgement && c.left + c.cutOff > 0) return false;
  if (at.peerStarted) {
    tellOperation(op, emit);
    return true;
  }
  const size = c.end - c.start + c.cutOff;
  if (op === OP.data && size < 4 + SMALLEST_BLOCK) return false;
  // Others may have been kept for another decoder, which found them plausible.
  const before = at.before?.filter((bytes) => bytes[0] === 0 && bytes[1] === op && bytes.length >= 4) ?? [];
  const last = before.at(-1);
  const here = c.buf.subarray(c.start, c.end);
  if (last !== undefined && !repeats(last, here) && !precedes(last, here)) return false;
  const rows = before.filter((bytes, i) => i > 0 && !repeats(before[i - 1]!, bytes)).length + 1;
  const known = last === undefined ? 1 : rows + (repeats(last, here) ? 0 : 1);
  if (op === OP.data && known >= ENOUGH) {
    tellOperation(op, emit);
    return true;
  }
  return before.length < MOST_KEPT ? DATAGRAM_MORE : false;
}

const blockOf = (bytes: Uint8Array): number => (bytes[2]! << 8) | bytes[3]!;

/** Sent again: with its answer on the way, or because both ends answer what they get twice. */
const repeats = (last: Uint8Array, here: Uint8Array): boolean =>
  last[1] === here[1] && blockOf(last) === blockOf(here) && last.length === here.length;

/** Whether a datagram is the block before, of the same size. */
const precedes = (last: Uint8Array, here: Uint8Array): boolean =>
  last[1] === here[1] && ((blockOf(last) + 1) & 0xffff) === blockOf(here) && last.length === here.length;
