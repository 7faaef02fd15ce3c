/**
 * HART-IP: asks and sets transmitters and valves over IP, directly or behind a gateway. FieldComm Group HCF_SPEC-085.
 *
 *     ┌─────────┬──────┬────┬────────┬──────────┬────────┬ id 3: ───┬─────────┬─────────┬───────┬──────────────────┬──────┬─────┐
 *     │ version │ type │ id │ status │ sequence │ length │ delimiter│ address │ command │ count │ answers: status 2│ data │ sum │
 *     └────1────┴──1───┴─1──┴───1────┴────2─────┴───2────┴────1─────┴─1 or 5──┴────1────┴───1───┴──────────────────┴──────┴─────┘
 *
 * Version 1 or 2, type, id and a length that is the datagram's, and in id 3 the sum, prove it on any port; shorter messages
 * count on the port, or behind others. Operations: code is HART's command; `session:N` for what opens and closes.
 *
 * Does not cover: what a command for a sub-device asks of it (77: `unknown`), values, version 2's secured messages.
 */
import type { Cursor } from "../src/decode/cursor.ts";
import { type Context, type Decoder, type Emit, STREAM_MORE, STREAM_NO } from "../src/decode/decoder.ts";
import { HART, hartCommand } from "./shared/hart-codes.ts";
import { type Meaning, tellOperation, unknownCode } from "./shared/operation.ts";

const PORT = 5094;
const HEADER_LENGTH = 8;
const LONGEST = 2048;
const TYPE = { request: 0, response: 1, publish: 2, nak: 15 } as const;
const PDU = 3;
const SESSIONS: ReadonlyMap<number, Meaning> = new Map<number, Meaning>([
  [0, ["Session Initiate", "session"]],
  [1, ["Session Close", "session"]],
  [2, ["Keep Alive", "session"]],
  [128, ["Discovery", "discover"]],
]);
/** Frames of HART: a request, an answer, one sent in bursts; a long address, and bytes of expansion before the command. */
const FRAME = { type: 7, request: 2, answer: 6, burst: 1, expansion: 0x60, long: 0x80 } as const;

export const hartIp: Decoder = {
  id: "hart-ip",
  title: "HART over IP",
  specs: ["HCF_SPEC-085", "HCF_SPEC-127", "HCF_SPEC-151"],
  ports: { udp: [PORT], tcp: [PORT] },
  fields: [
    { field: "hart-ip.device-type", about: "the maker's number of the device, in hexadecimal" },
    { field: "hart-ip.response-code", about: "why a command was refused" },
  ],
  everyMessage: true,
  opens: { datagram: [1, 2], stream: [1, 2] },

  looksDatagram: looksLikeHeader,

  datagram(c, emit, at) {
    if (c.left < HEADER_LENGTH || lengthAt(c) !== c.left + c.cutOff) return false;
    return message(c, emit, at);
  },

  looksStream: looksLikeHeader,

  stream(c, emit, at) {
    if (!looksLikeHeader(c.buf, c.pos, c.left)) return STREAM_NO;
    c.need(HEADER_LENGTH);
    const whole = lengthAt(c);
    if (c.left < whole && c.cutOff === 0) return STREAM_MORE;
    if (c.left < whole) return message(c, emit, at) ? whole : STREAM_NO;
    const outer = c.enter(whole, "message");
    if (!message(c, emit, at)) return STREAM_NO;
    c.leave(outer);
    return whole;
  },
};

const lengthAt = (c: Cursor): number => (c.buf[c.pos + 6]! << 8) | c.buf[c.pos + 7]!;

function looksLikeHeader(buf: Uint8Array, off: number, len: number): boolean {
  if (buf[off] !== 1 && buf[off] !== 2) return false;
  if (len > 1 && buf[off + 1]! > TYPE.publish && buf[off + 1] !== TYPE.nak) return false;
  if (len > 2 && buf[off + 2] !== PDU && !SESSIONS.has(buf[off + 2]!)) return false;
  if (len < HEADER_LENGTH) return true;
  const length = (buf[off + 6]! << 8) | buf[off + 7]!;
  return length >= HEADER_LENGTH && length <= LONGEST;
}

function message(c: Cursor, emit: Emit, at: Context): boolean {
  c.part = "header";
  c.skip(1);
  const type = c.u8();
  const id = c.u8();
  const status = c.u8();
  const sequence = String(c.u16());
  c.skip(2);
  const proved = at.started || at.peerStarted || at.senderPort === PORT || at.receiverPort === PORT;
  if (id === PDU && type !== TYPE.nak) {
    // Clients are about whose check byte is a constant: what they ask is told, and what is wrong with it.
    const holds = c.cutOff > 0 ? proved : sumHolds(c);
    if (!holds && !(at.started || at.peerStarted)) return false;
    pdu(c, type, sequence, emit);
    if (!holds) emit({ kind: "problem", what: "malformed", why: "HART-IP: the check byte does not hold" });
  } else {
    if (!proved) return false;
    const meaning = SESSIONS.get(id) ?? unknownCode("Message", id);
    const asks = type === TYPE.request;
    const failed = type === TYPE.nak || (!asks && status !== 0);
    emit({ kind: "role", sender: asks ? "client" : "server", why: `HART-IP ${meaning[0]}` });
    emit({ kind: "message", what: asks ? "request" : "response", id: sequence, ...(failed ? { failed } : {}) });
    tellOperation(emit, "hart-ip", asks ? "request" : "response", `session:${id}`, meaning, { id: sequence, failed });
  }
  c.skip(c.left + c.cutOff);
  return true;
}

/** The last byte makes the sum of all of a frame's bits even. */
function sumHolds(c: Cursor): boolean {
  if (c.left < 5) return false;
  let sum = 0;
  for (let i = c.pos; i < c.end; i++) sum ^= c.buf[i]!;
  return sum === 0;
}

function pdu(c: Cursor, type: number, id: string, emit: Emit): void {
  c.part = "PDU";
  const delimiter = c.u8();
  const address = c.hex((delimiter & FRAME.long) === 0 ? 1 : 5);
  c.skip((delimiter & FRAME.expansion) >> 5);
  const code = c.u8();
  const count = c.u8();
  const meaning = hartCommand(code);
  if ((delimiter & FRAME.type) === FRAME.request) {
    emit({ kind: "role", sender: "client", why: `HART ${meaning[0]}` });
    emit({ kind: "message", what: "request", id });
    tellOperation(emit, "hart-ip", "request", code, meaning, { target: address, id });
    return;
  }
  // The first bit of the status tells of the line between gateway and device; what else it holds is the command's fate.
  const answered = count >= 2 ? c.u8() : 0;
  const failed = (answered & 0x80) !== 0 || isError(answered);
  if (count >= 2) c.skip(1);
  const published = type === TYPE.publish;
  emit({ kind: "role", sender: "server", why: `HART ${meaning[0]} answer` });
  emit({ kind: "message", what: published ? "oneway" : "response", id, ...(failed ? { failed } : {}) });
  const why = failed ? { answer: `response code ${answered}` } : {};
  tellOperation(emit, "hart-ip", "response", code, meaning, { id: published ? null : id, failed, ...why });
  if (failed) emit({ kind: "field", field: "hart-ip.response-code", value: answered });
  else if (code === HART.identity && count >= 14) tellIdentity(c, address, emit);
  else if (code === HART.tag && count >= 2 + PACKED_TAG) tellTag(c, address, emit);
  else if (code === HART.longTag && count >= 34) tellName(c, address, emit);
}

/** HCF_SPEC-307: 8, 14, 24 to 27, 30 and 31 only warn, 96 to 111 too. */
const isError = (code: number): boolean =>
  code !== 0 &&
  code !== 8 &&
  code !== 14 &&
  !(code >= 24 && code <= 27) &&
  code !== 30 &&
  code !== 31 &&
  !(code >= 96 && code <= 111);

/** 254, type 2, preambles 1, revisions of HART, device, software 1+1+1, hardware and signalling 1, flags 1, id 3. */
function tellIdentity(c: Cursor, address: string, emit: Emit): void {
  c.part = "identity";
  c.skip(1);
  const type = c.hex(2);
  c.skip(3);
  const software = c.u8();
  c.skip(2);
  const source = `HART Read Unique Identifier of ${address}`;
  emit({ kind: "field", field: "hart-ip.device-type", value: `0x${type}` });
  emit({ kind: "asset", what: "version", value: String(software), source });
  emit({ kind: "asset", what: "serial", value: c.hex(3), source });
}

/** The short tag: eight characters of six bits each, of ASCII's columns from the space to the underscore. */
function tellTag(c: Cursor, address: string, emit: Emit): void {
  c.part = "tag";
  let value = "";
  for (let i = 0; i < PACKED_TAG; i += 3) {
    const bits = c.u24();
    for (const shift of [18, 12, 6, 0]) {
      const six = (bits >> shift) & 0x3f;
      value += String.fromCharCode(six < 0x20 ? six + 0x40 : six);
    }
  }
  value = value.trim();
  if (value !== "") emit({ kind: "asset", what: "name", value, source: `HART Read Tag of ${address}` });
}
const PACKED_TAG = 6;

function tellName(c: Cursor, address: string, emit: Emit): void {
  const value = c
    .text(32)
    .replace(/(\\x00)+$/, "")
    .trim();
  if (value !== "") emit({ kind: "asset", what: "name", value, source: `HART Read Long Tag of ${address}` });
}
