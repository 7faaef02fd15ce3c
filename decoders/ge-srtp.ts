/**
 * GE-SRTP: reads and writes the memory of GE's and Emerson's controllers, starts, stops and loads them.
 * No public specification: G. Denton and others, "Leveraging the SRTP protocol …", DFRWS 2017 (fields and service codes).
 *
 *     ┌──────┬───┬───────┬───────────┬────┬──────────┬──────┬─────────┬─────┬─────────┬───────────────────────────┬──────┐
 *     │ type │   │ index │ text size │ …  │ sequence │ kind │ mailbox │  …  │ part, of│ service, what it is about │ text │
 *     │  0   │ 1 │  2-3  │    4-5    │    │    30    │  31  │  32-39  │     │  40-41  │ 42-47                     │  56… │
 *     └──────┴───┴───────┴───────────┴────┴──────────┴──────┴─────────┴─────┴─────────┴───────────────────────────┴──────┘
 *     kind 0xc0: a short request · 0x80: one with text: part, of, service stand at 48, 49, 50 · 0xd4, 0x94: done · 0xd1: not
 *
 * All numbers have their lowest byte first. Type, kind and parts prove it on any port; the opening, 56 zeros and its echo,
 * counts on the port only. Answers do not repeat the service; they pair by the index.
 *
 * Does not cover: answers' values, programs in text, Ethernet Global Data (18246/udp).
 */
import type { Cursor } from "../src/decode/cursor.ts";
import { type Context, type Decoder, type Emit, STREAM_MORE, STREAM_NO } from "../src/decode/decoder.ts";
import { ANSWER_TO_ANY } from "../src/decode/facts.ts";
import { type Meaning, tellOperation, unknownCode } from "./shared/operation.ts";

const PORT = 18_245;
const HEADER_LENGTH = 56;
const TYPE = { open: 0, opened: 1, request: 2, answer: 3, session: 8 } as const;
const KIND = { long: 0x80, short: 0xc0, done: 0xd4, doneWithText: 0x94, failed: 0xd1 } as const;
const AT = {
  index: 2,
  size: 4,
  kind: 31,
  mailbox: 36,
  part: 40,
  status: 42,
  service: 42,
  longPart: 48,
  longService: 50,
} as const;

const SERVICES: ReadonlyMap<number, Meaning> = new Map<number, Meaning>([
  [0x00, ["PLC Short Status", "identify"]],
  [0x03, ["Return Control Program Names", "identify"]],
  [0x04, ["Read System Memory", "read"]],
  [0x05, ["Read Task Memory", "read"]],
  [0x06, ["Read Program Memory", "read"]],
  [0x07, ["Write System Memory", "write"]],
  [0x08, ["Write Task Memory", "write"]],
  [0x09, ["Write Program Block Memory", "program"]],
  [0x20, ["Programmer Logon", "session"]],
  [0x21, ["Change Privilege Level", "session"]],
  [0x22, ["Set Control ID", "write"]],
  [0x23, ["Set PLC State", "control"]],
  [0x24, ["Set Time and Date", "write"]],
  [0x25, ["Return Time and Date", "read"]],
  [0x38, ["Return Fault Table", "read"]],
  [0x39, ["Clear Fault Table", "write"]],
  [0x3f, ["Program Store (upload)", "read"]],
  [0x40, ["Program Load (download)", "program"]],
  [0x43, ["Return Controller Type and ID", "identify"]],
  [0x44, ["Toggle Force System Memory", "control"]],
]);
/** Services whose parameters are a memory, an offset and a length. */
const ON_MEMORY = [0x04, 0x05, 0x06, 0x07, 0x08, 0x09];
const MEMORIES: ReadonlyMap<number, string> = new Map([
  [0x08, "%R"],
  [0x0a, "%AI"],
  [0x0c, "%AQ"],
  [0x10, "%I"],
  [0x12, "%Q"],
  [0x14, "%T"],
  [0x16, "%M"],
  [0x18, "%SA"],
  [0x1a, "%SB"],
  [0x1c, "%SC"],
  [0x1e, "%S"],
  [0x38, "%G"],
  [0x46, "%I"],
  [0x48, "%Q"],
  [0x4a, "%T"],
  [0x4c, "%M"],
  [0x4e, "%SA"],
  [0x50, "%SB"],
  [0x52, "%SC"],
  [0x54, "%S"],
  [0x56, "%G"],
]);

export const geSrtp: Decoder = {
  id: "ge-srtp",
  title: "GE Service Request Transport Protocol",
  specs: ["Denton and others, DFRWS 2017"],
  ports: { udp: [PORT], tcp: [PORT] },
  fields: [
    {
      field: "ge-srtp.mailbox",
      about: "which module is asked: the mailbox that a request is for, in hexadecimal; `200e0000` is slot 2",
    },
    { field: "ge-srtp.error", about: "why a request was refused: status and its detail, in hexadecimal" },
  ],
  forms: { datagram: [{ first: [0, 1, 2, 3, 8], least: HEADER_LENGTH, bytes: [[1, 0xff, 0]] }] },
  everyMessage: true,
  opens: { datagram: [0, 1, 2, 3, 8], stream: [0, 1, 2, 3, 8] },

  looksDatagram: (buf, off, len) => len >= HEADER_LENGTH && looksLikeMessage(buf, off, len),

  datagram(c, emit, at) {
    if (HEADER_LENGTH + sizeAt(c) !== c.left + c.cutOff) return false;
    return message(c, emit, at);
  },

  looksStream: looksLikeMessage,

  stream(c, emit, at) {
    if (!looksLikeMessage(c.buf, c.pos, c.left)) return STREAM_NO;
    c.need(HEADER_LENGTH);
    const whole = HEADER_LENGTH + sizeAt(c);
    if (c.left < whole && c.cutOff === 0) return STREAM_MORE;
    return message(c, emit, at) ? whole : STREAM_NO;
  },
};

const sizeAt = (c: Cursor): number => c.buf[c.pos + AT.size]! | (c.buf[c.pos + AT.size + 1]! << 8);

function looksLikeMessage(buf: Uint8Array, off: number, len: number): boolean {
  const type = buf[off]!;
  if (type !== TYPE.request && type !== TYPE.answer)
    return (type <= TYPE.opened || type === TYPE.session) && isZero(buf, off + 1, Math.min(len, OPENING_ZEROS) - 1);
  if (len > 1 && buf[off + 1] !== 0) return false;
  if (len <= AT.kind) return true;
  const kind = buf[off + AT.kind]!;
  if (type === TYPE.answer) return kind === KIND.done || kind === KIND.doneWithText || kind === KIND.failed;
  if (kind !== KIND.short && kind !== KIND.long) return false;
  const at = kind === KIND.short ? AT.part : AT.longPart;
  return len <= at + 1 || (buf[off + at]! >= 1 && buf[off + at]! <= buf[off + at + 1]!);
}

/** Bytes of an opening of which only the first is not zero. */
const OPENING_ZEROS = 8;

function isZero(buf: Uint8Array, off: number, len: number): boolean {
  for (let i = 0; i < len; i++) if (buf[off + i] !== 0) return false;
  return true;
}

function message(c: Cursor, emit: Emit, at: Context): boolean {
  const from = c.pos;
  const type = c.buf[from]!;
  const size = sizeAt(c);
  const id = String(c.buf[from + AT.index]! | (c.buf[from + AT.index + 1]! << 8));
  if (type === TYPE.request) request(c, id, emit);
  else if (type === TYPE.answer) answer(c, id, emit);
  else if (!opening(c, type, emit, at)) return false;
  c.pos = from + HEADER_LENGTH;
  c.skip(size);
  return true;
}

/** The connection's first words say nothing but zeros, so that only the port, or what follows, makes them this protocol. */
function opening(c: Cursor, type: number, emit: Emit, at: Context): boolean {
  if (at.senderPort !== PORT && at.receiverPort !== PORT && !at.started && !at.peerStarted) return false;
  if (type === TYPE.open) for (let i = 0; i < HEADER_LENGTH; i++) if (c.buf[c.pos + i] !== 0) return false;
  const opened = type === TYPE.opened;
  emit({ kind: "role", sender: opened ? "server" : "client", why: "GE-SRTP opening" });
  tellOperation(emit, "ge-srtp", opened ? "response" : "request", `open:${type}`, ["Open", "session"]);
  return true;
}

function request(c: Cursor, id: string, emit: Emit): void {
  const long = c.buf[c.pos + AT.kind] === KIND.long;
  c.skip(AT.mailbox);
  const mailbox = c.hex(4);
  c.skip((long ? AT.longService : AT.service) - AT.mailbox - 4);
  const service = c.u8();
  const memory = c.u8();
  const offset = c.u16le();
  const length = c.u16le();
  const target = ON_MEMORY.includes(service) ? memoryText(memory, offset, length) : null;
  emit({ kind: "role", sender: "client", why: "GE-SRTP request" });
  emit({ kind: "message", what: "request", id });
  tellOperation(emit, "ge-srtp", "request", service, SERVICES.get(service) ?? unknownCode("Service", service), {
    target,
    id,
  });
  emit({ kind: "field", field: "ge-srtp.mailbox", value: mailbox });
}

/** `%R101×8`; addresses begin with 1. */
const memoryText = (memory: number, offset: number, length: number): string =>
  `${MEMORIES.get(memory) ?? `memory 0x${memory.toString(16)} `}${offset + 1}×${length}`;

function answer(c: Cursor, id: string, emit: Emit): void {
  const failed = c.buf[c.pos + AT.kind] === KIND.failed;
  emit({ kind: "role", sender: "server", why: "GE-SRTP answer" });
  emit({ kind: "message", what: "response", id, ...(failed ? { failed } : {}) });
  c.skip(AT.status);
  const error = `0x${c.hex(2)}`;
  const why = failed ? { answer: `status ${error}` } : {};
  tellOperation(emit, "ge-srtp", "response", ANSWER_TO_ANY, ["Answer", "unknown"], { id, failed, ...why });
  if (failed) emit({ kind: "field", field: "ge-srtp.error", value: error });
}
