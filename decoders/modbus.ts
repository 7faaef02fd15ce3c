/**
 * Modbus: registers and coils of controllers, read and written without asking who one is.
 * MODBUS Application Protocol V1.1b3; Messaging on TCP/IP V1.0b; over Serial Line V1.02 (RTU, here inside TCP).
 *
 *     TCP, UDP   transaction 2 · protocol 2 (0) · length 2 · unit 1 · function 1 · data       length: from the unit on
 *     RTU        unit 1 · function 1 · data · CRC 2                                          function | 0x80: exception
 *
 * Who asks is said by the shape of a message; where question and answer look alike (writes are echoed), by what this
 * direction has said before, by port 502, by who spoke first, at last by the lower port.
 *
 * Request and answer are paired by transaction, unit and function (RTU: unit and function, one at a time). A function that
 * is not in `shared/modbus-codes.ts` is of class `unknown`, never `read`; a write that was refused was still tried.
 *
 * Does not cover: ASCII framing, the Security protocol's inside (it is TLS), what a user-defined function or UMAS carries.
 */
import { type Cursor, escapeBytes } from "../src/decode/cursor.ts";
import { ANY_BYTE, type Context, type Decoder, type Emit, STREAM_MORE, STREAM_NO } from "../src/decode/decoder.ts";
import type { AssetFact, OperationFact } from "../src/decode/facts.ts";
import { crc16, exceptionText, isPublic, modbusFunction } from "./shared/modbus-codes.ts";
import {
  mayBecome,
  REQUEST,
  RESPONSE,
  RTU_REQUESTS,
  rtuLength,
  shapesOf,
  targetOf,
  unitText,
} from "./shared/modbus-pdu.ts";

const PORT = 502;
const HEADER = 6;
/** The specification allows 254 behind the length field; UMAS goes beyond it. */
const MOST_LENGTH = 260;
const MOST_LENGTH_KNOWN = 4_096;
const RTU_LEAST = 4;
const RTU_LONGEST = 256;

/** `Context.state`: the role of a direction (`REQUEST`, `RESPONSE`), and what else is known of it. */
const ROLE = 3;
const SURE = 4; // the role is not only a guess
const RTU = 8;
const LOST = 16; // what came last was no message

/** What questions and answers of reads have in common; their id is function, unit and transaction. */
const READS = {
  length: { at: 4, bytes: 2, beside: HEADER },
  code: { at: 7, of: [1, 2, 3, 4] },
  id: [7, 6, 0, 1],
} as const;

export const modbus: Decoder = {
  id: "modbus",
  title: "Modbus",
  specs: ["MODBUS Application Protocol V1.1b3", "MODBUS Messaging on TCP/IP V1.0b", "MODBUS over Serial Line V1.02"],
  ports: { tcp: [PORT], udp: [PORT] },
  fields: [
    { field: "modbus.framing", about: "tcp, or rtu where serial frames travel inside TCP" },
    { field: "modbus.exception", about: "the exception code of an answer" },
  ],
  forms: {
    datagram: [
      {
        first: [[0, 255]],
        least: 8,
        bytes: [
          [2, 0xff, 0],
          [3, 0xff, 0],
        ],
        fits: { at: 4, more: HEADER },
      },
    ],
    stream: [
      {
        first: [[0, 255]],
        bytes: [
          [2, 0xff, 0],
          [3, 0xff, 0],
          [4, 0xff, 0, 1],
        ],
      },
      ...RTU_REQUESTS.map((bytes) => ({ first: ANY_BYTE, bytes })),
    ],
  },
  everyMessage: true,

  looksDatagram(buf, off, len) {
    return (
      len >= 8 && buf[off + 2] === 0 && buf[off + 3] === 0 && ((buf[off + 4]! << 8) | buf[off + 5]!) === len - HEADER
    );
  },

  datagram(c, emit, at) {
    const transaction = c.u16();
    c.skip(4);
    const unit = c.u8();
    const shape = shapesOf(c, c.left);
    if (shape === 0) return false;
    const role = shape === REQUEST || shape === RESPONSE ? shape : guessRole(at);
    tellRole(role, emit);
    emit({ kind: "field", field: "modbus.framing", value: "tcp" });
    const id = `${transaction}.${unit}`;
    const failed = c.buf[c.pos]! >= 0x80;
    emit({ kind: "message", what: role === REQUEST ? "request" : "response", id, ...(failed ? { failed } : {}) });
    tellPdu(c, c.left, { unit, role, transaction, shape }, emit);
    return true;
  },

  looksStream(buf, off, len) {
    return looksTcp(buf, off, len) || looksRtu(buf, off, len);
  },

  stream(c, emit, at) {
    const state = at.state ?? 0;
    if (!at.started) return identify(c, emit, at);
    if ((state & LOST) !== 0) {
      const found = identify(c, emit, at);
      return found === STREAM_NO ? c.end - c.start : found;
    }
    const took = (state & RTU) !== 0 ? readRtu(c, emit, at) : readTcp(c, emit, at);
    if (took !== STREAM_NO) return took;
    emit({ kind: "problem", what: "malformed", why: "Modbus: bytes that are no message" });
    at.state = state | LOST;
    return c.end - c.start;
  },

  // Reads alone, in TCP's framing, between ends that are known: what could change a device is always read in full.
  glances: [
    {
      state: { mask: ROLE | SURE | RTU | LOST, is: REQUEST | SURE },
      bytes: "id id == == == == == == == == == ==", // transaction, protocol, length, unit, function, address, count
      ...READS,
    },
    {
      state: { mask: ROLE | SURE | RTU | LOST, is: RESPONSE | SURE },
      bytes: "id id == == == == == == == ...", // up to the count of data bytes; what they are says nothing
      ...READS,
    },
  ],
};

function looksTcp(buf: Uint8Array, off: number, len: number): boolean {
  if ((len > 2 && buf[off + 2] !== 0) || (len > 3 && buf[off + 3] !== 0)) return false;
  if (len > 4 && buf[off + 4]! > 1) return false;
  return len < 6 || ((buf[off + 4]! << 8) | buf[off + 5]!) >= 2;
}

function looksRtu(buf: Uint8Array, off: number, len: number): boolean {
  return buf[off]! <= 247 && (len < 2 || isPublic(buf[off + 1]! & 0x7f));
}

/**
 * The first message of a direction, or the first behind bytes that were none: its content has to prove it. A checksum is
 * little proof, so on a strange port, in a connection that is seen from its beginning, the first frame in RTU's framing has
 * to be a request, of the end that speaks first, and an answer comes where there was one.
 */
function identify(c: Cursor, emit: Emit, at: Context): number {
  const { start, end } = c;
  const hinted = at.senderPort === PORT || at.receiverPort === PORT || at.peerStarted;
  const shapes = hinted || !at.fromStart ? REQUEST | RESPONSE : at.peerSilent === false ? 0 : REQUEST;
  const rtu = shapes !== 0 && looksRtu(c.buf, start, end - start) ? findRtu(c, shapes) : null;
  if (rtu !== null && rtu.length > 0 && (hinted || isFollowed(c, start, rtu.length))) {
    at.state = RTU;
    c.pos = start;
    return readRtu(c, emit, at);
  }
  c.pos = start;
  if (looksTcp(c.buf, start, end - start)) {
    if (end - start < HEADER + 2 && c.cutOff === 0) return STREAM_MORE;
    c.need(HEADER + 2);
    const length = (c.buf[start + 4]! << 8) | c.buf[start + 5]!;
    // Cut, with a function that there is, and just as long as its segment was: on the port that is enough.
    const whole = end - start + c.cutOff === HEADER + length;
    if (c.cutOff > 0 && hinted && whole && length <= MOST_LENGTH && isPublic(c.buf[start + HEADER + 1]! & 0x7f)) {
      at.state = (at.state ?? 0) & ~(LOST | RTU);
      return readTcp(c, emit, at);
    }
    if (length <= MOST_LENGTH) {
      c.need(HEADER + length);
      c.pos = start + HEADER + 1;
      const shaped = shapesOf(c, length - 1) !== 0;
      c.pos = start;
      if (shaped || (hinted && HEADER + length === end - start)) {
        at.state = (at.state ?? 0) & ~(LOST | RTU);
        return readTcp(c, emit, at);
      }
    }
  }
  if (rtu === null || rtu.length > 0 || end - start >= RTU_LONGEST) return STREAM_NO;
  if (c.cutOff === 0) return STREAM_MORE;
  return c.short(RTU_LONGEST);
}

/**
 * A checksum of 16 bits alone is too little proof: nothing stands behind the frame of this length at `from`, or another one. A
 * frame that may be another protocol's proves nothing: the first that may not decides.
 */
function isFollowed(c: Cursor, from: number, length: number): boolean {
  let at = from;
  let size = length;
  for (let i = 0; i < MOST_AMBIGUOUS; i++) {
    const proves = !isAmbiguous(c.buf, at, size);
    const next = at + size;
    if (next >= c.end) return proves || c.short(next - c.start + RTU_LEAST);
    c.pos = next;
    const found = looksRtu(c.buf, next, c.end - next) ? findRtu(c, REQUEST | RESPONSE) : null;
    if (found !== null && found.length === 0 && c.end - next < RTU_LONGEST) c.short(RTU_LONGEST);
    if (found === null || found.length === 0) return false;
    if (proves) return true;
    at = next;
    size = found.length;
  }
  return false;
}
const MOST_AMBIGUOUS = 8;

/**
 * Bits by a count whose lower byte is zero: the same bytes are a message of ROC Plus without data (destination 2, source 2,
 * opcode, length 0), whose checksum is the same.
 */
const isAmbiguous = (buf: Uint8Array, off: number, length: number): boolean =>
  length === 8 && buf[off + 1]! <= 2 && buf[off + 5] === 0;

function readTcp(c: Cursor, emit: Emit, at: Context): number {
  c.part = "header";
  const { start } = c;
  c.need(HEADER + 2);
  const transaction = c.u16();
  const protocol = c.u16();
  const length = c.u16();
  if (protocol !== 0 || length < 2 || length > MOST_LENGTH_KNOWN) return STREAM_NO;
  const cut = c.left < length && c.cutOff > 0;
  const there = cut ? c.left : length;
  c.need(there);
  const unit = c.u8();
  const shape = cut ? 0 : shapesOf(c, there - 1);
  const role = settleRole(shape, emit, at, "tcp");
  tellPdu(c, there - 1, { unit, role, transaction, shape, cut }, emit);
  return cut ? c.end - start : HEADER + length;
}

function readRtu(c: Cursor, emit: Emit, at: Context): number {
  const state = at.state ?? 0;
  const start = c.pos;
  const found = findRtu(c, (state & SURE) !== 0 ? state & ROLE : REQUEST | RESPONSE);
  if (found === null) return STREAM_NO;
  if (found.length === 0) c.short(RTU_LONGEST);
  c.pos = start;
  const unit = c.u8();
  const role = settleRole(found.shape, emit, at, "rtu");
  at.state = (at.state ?? 0) | RTU;
  tellPdu(c, found.length - 3, { unit, role, transaction: -1, shape: found.shape }, emit);
  return found.length;
}

/** The serial frame here, in one of these shapes: its whole length, 0 where it needs more bytes; null where there is none. */
function findRtu(c: Cursor, shapes: number): { length: number; shape: number } | null {
  const start = c.pos;
  const have = c.end - start - 1;
  if (have < 1) return { length: 0, shape: 0 };
  let shape = 0;
  let length = 0;
  let more = false;
  for (const one of [REQUEST, RESPONSE]) {
    if ((shapes & one) === 0) continue;
    c.pos = start + 1;
    const pdu = rtuLength(c, one, have);
    if ((pdu === 0 || (pdu > 0 && pdu + 3 <= RTU_LONGEST && have < pdu + 2)) && mayBecome(c, one, have)) more = true;
    if (pdu <= 0 || pdu + 3 > RTU_LONGEST || have < pdu + 2 || (shapesOf(c, pdu) & one) === 0) continue;
    const crc = c.buf[start + 1 + pdu]! | (c.buf[start + 2 + pdu]! << 8);
    if (crc16(c.buf, start, start + 1 + pdu) !== crc || (length !== 0 && length !== pdu + 3)) continue;
    shape |= one;
    length = pdu + 3;
  }
  if (length > 0) return { length, shape };
  return more ? { length: 0, shape: 0 } : null;
}

/** Who sends here, said aloud when it is learned. */
function settleRole(shape: number, emit: Emit, at: Context, framing: "tcp" | "rtu"): number {
  const state = at.state ?? 0;
  const known = state & ROLE;
  const certain = shape === REQUEST || shape === RESPONSE;
  if (known !== 0 && ((state & SURE) !== 0 || !certain)) return known;
  const role = certain ? shape : guessRole(at);
  at.state = (state & ~ROLE) | role | (certain ? SURE : 0);
  if (known !== role) tellRole(role, emit);
  if (known === 0) emit({ kind: "field", field: "modbus.framing", value: framing });
  return role;
}

function guessRole(at: Context): number {
  if ((at.receiverPort === PORT) !== (at.senderPort === PORT)) return at.receiverPort === PORT ? REQUEST : RESPONSE;
  if (at.transport === "tcp" && at.fromStart) return at.peerStarted ? RESPONSE : REQUEST;
  return at.receiverPort < at.senderPort ? REQUEST : RESPONSE;
}

function tellRole(role: number, emit: Emit): void {
  const client = role === REQUEST;
  emit({ kind: "role", sender: client ? "client" : "server", why: `Modbus ${client ? "request" : "answer"}` });
}

interface Around {
  unit: number;
  role: number;
  /** -1 in RTU, which has none. */
  transaction: number;
  /** Shapes that the message has; 0 where it has none of its function. */
  shape: number;
  cut?: boolean;
}

/** `length` bytes from the function code on, at the cursor. */
function tellPdu(c: Cursor, length: number, around: Around, emit: Emit): void {
  const { unit, role, shape, cut = false } = around;
  const outer = c.enter(length, "function");
  const raw = c.u8();
  const request = role === REQUEST;
  const failed = !request && raw >= 0x80;
  const code = failed ? raw & 0x7f : raw;
  const sub = failed ? -1 : code === 8 && c.left >= 2 ? peek16(c) : code === 43 && c.left >= 1 ? c.buf[c.pos]! : -1;
  const { name, class: of } = modbusFunction(code, sub);
  const shaped = (shape & role) !== 0;
  const exception = failed && c.left > 0 ? c.buf[c.pos]! : 0;
  const fact: OperationFact = {
    kind: "operation",
    protocol: "modbus",
    role: request ? "request" : "response",
    code: CODES[code]!,
    operation: name,
    class: of,
    target: request && shaped ? targetOf(c, unit, code) : unitText(unit),
    id: idOf(around, code, sub),
    failed,
  };
  if (failed) fact.answer = exceptionText(exception);
  emit(fact);
  if (failed) emit({ kind: "field", field: "modbus.exception", value: exception });
  if (cut) emit({ kind: "problem", what: "cut", why: `Modbus ${name}: the capture cut its end off` });
  else if (!shaped && isPublic(code) && (request || !failed))
    emit({ kind: "problem", what: "malformed", why: `Modbus ${name}: ${length} bytes that do not fit it` });
  else if (!request && !failed && code === 43 && sub === 14) tellIdentification(c, unit, emit);
  else if (!request && !failed && code === 17) tellServerId(c, unit, emit);
  c.leave(outer);
}

const CODES = Array.from({ length: 256 }, (_, code) => String(code));

function peek16(c: Cursor): number {
  return (c.buf[c.pos]! << 8) | c.buf[c.pos + 1]!;
}

/** Nothing answers a broadcast on a serial line (unit 0), and nobody does who was told to be silent. */
function idOf({ unit, transaction, role }: Around, code: number, sub: number): number | null {
  if ((transaction < 0 && unit === 0) || (role === REQUEST && code === 8 && sub === 4)) return null;
  return (code << 24) | (unit << 16) | (transaction < 0 ? 0 : transaction);
}

/** Section 6.21, table of basic and regular objects. */
const OBJECTS: readonly (AssetFact["what"] | null)[] = [
  "vendor",
  "order-code",
  "version",
  null,
  "product",
  "product",
  "name",
];

function tellIdentification(c: Cursor, unit: number, emit: Emit): void {
  c.part = "device identification";
  c.skip(5); // interface type, id code, conformity, more follows, next object
  for (let count = c.u8(); count > 0 && c.left >= 2; count--) {
    const object = c.u8();
    const length = c.u8();
    if (c.left < length) return;
    const value = c.text(length).trim();
    const what = OBJECTS[object] ?? null;
    if (what !== null && value !== "") emit({ kind: "asset", what, value, source: `Modbus 43/14 ${unitText(unit)}` });
  }
}

/** Fewer printable characters in a row are no name. */
const SHORTEST_ID = 4;

/** What a server id holds is its maker's affair; where it is text, that says what it is. */
function tellServerId(c: Cursor, unit: number, emit: Emit): void {
  let from = -1;
  let longest = "";
  for (let at = c.pos + 1; at <= c.end; at++) {
    const printable = at < c.end && c.buf[at]! >= 0x20 && c.buf[at]! < 0x7f;
    if (printable && from < 0) from = at;
    if (printable || from < 0) continue;
    if (at - from > longest.length) longest = escapeBytes(c.buf, from, at);
    from = -1;
  }
  const value = longest.trim();
  if (value.length >= SHORTEST_ID)
    emit({ kind: "asset", what: "product", value, source: `Modbus 17 ${unitText(unit)}` });
}
