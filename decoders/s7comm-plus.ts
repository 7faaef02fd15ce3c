/**
 * S7comm-plus: what S7-1200 and S7-1500 controllers are asked, as far as it is in clear.
 * No public specification; after Wiens's dissector and what controllers say. Transport RFC 1006, RFC 905.
 *
 *     TPKT, COTP data │ 72 │ version │ length 2 │ [V3: 20, digest 32] │ opcode │ 0000 │ function 2 │ 0000 │ number 2 │ … │ 72 …
 *     opcode 31 request   session 4, flags 1, then of most functions the object 4
 *     opcode 32 response  flags 1, return value         opcode 33 notification: what a subscription brings
 *
 * The trailer (72, version, 0000) ends a message; without it the next PDU goes on. The digest of version 3 protects and
 * hides nothing. Behind InitSSL there is TLS within COTP: what that carries is `unknown`, and so is each object that is
 * created or deleted where neither a session, a subscription nor the program is meant.
 *
 * What is set in the session's own object (version, challenge, answer) is `session`, not `write`.
 *
 * Does not cover: values, names of variables, what is encrypted, firmware that changes codes.
 */
import { type Cursor, escapeBytes } from "../src/decode/cursor.ts";
import { type Context, type Decoder, type Emit, STREAM_MORE, STREAM_NO } from "../src/decode/decoder.ts";
import type { OperationClass } from "../src/decode/facts.ts";
import { DATA_MORE, DATA_NONE, dataAt, readTsdu, TPDU, tsapText, tsduSize } from "./shared/cotp.ts";
import { type Framing, meanings, readFrame } from "./shared/frames.ts";
import { type Meaning, tellOperation, unknownCode } from "./shared/operation.ts";

const PORT = 102;
const ID = "s7comm-plus";
const MAGIC = 0x72;
const VERSION = { first: 1, digest: 3, event: 0xfe, keepAlive: 0xff } as const;
const OPCODE = { request: 0x31, response: 0x32, notification: 0x33 } as const;
const DIGEST_LENGTH = 32;
const TRAILER = 4;
/** In a direction's state: the next PDU goes on with the last message. */
const GOES_ON = 2;

const FUNCTION = { create: 0x04ca, delete: 0x04d4, setVariable: 0x04f2, setVariables: 0x0542 } as const;
export const FUNCTIONS = meanings({
  session: { 1201: "Error", 1434: "Abort", 1449: "Error", 1459: "InitSSL" },
  read: {
    1211: "Explore",
    1276: "GetVariable",
    1316: "GetLink",
    1356: "GetMultiVariables",
    1414: "GetVarSubStreamed",
    1424: "GetVariablesAddress",
  },
  write: {
    [FUNCTION.setVariable]: "SetVariable",
    [FUNCTION.setVariables]: "SetMultiVariables",
    1404: "SetVarSubStreamed",
  },
  control: { 1387: "Invoke" },
  unknown: {
    [FUNCTION.create]: "CreateObject",
    [FUNCTION.delete]: "DeleteObject",
    1366: "BeginSequence",
    1376: "EndSequence",
  },
});
/** Objects that are the same in every controller. */
const OBJECT = { program: 0x03, execution: 0x34, sessions: 0x11d, noSession: 0x120 } as const;
/** Attribute 319 as a text: kind, order code and firmware. */
const IDENTITY = [0x82, 0x3f, 0x00, 0x15];

const FRAMING: Framing = { protocol: ID, ports: [PORT], name: "S7comm-plus", size: tsduSize, tell };

export const s7commPlus: Decoder = {
  id: ID,
  title: "S7 communication plus",
  specs: ["RFC 1006", "RFC 905"],
  ports: { tcp: [PORT] },
  fields: [
    { field: "s7comm-plus.version", about: "1 in the session's first messages, then 2 or 3" },
    { field: "s7comm-plus.called", about: "the TSAP that is called: text, or hexadecimal" },
  ],
  opens: { stream: [3] },
  everyMessage: true,

  looksStream(buf, off, len) {
    const first = dataAt(buf, off, len);
    return first === DATA_MORE || (first >= 0 && looksLikePlus(buf, first, off + len - first));
  },

  stream(c, emit, at) {
    if (!at.started) {
      const first = dataAt(c.buf, c.pos, c.left);
      if (first === DATA_NONE) return STREAM_NO;
      if (first === DATA_MORE) return STREAM_MORE;
      if (!looksLikePlus(c.buf, first, c.end - first)) return STREAM_NO;
    }
    return readFrame(FRAMING, c, emit, at);
  },
};

/** Magic byte, a version with data, a length, and an opcode behind the digest, as far as the bytes go. */
function looksLikePlus(buf: Uint8Array, off: number, len: number): boolean {
  if (buf[off] !== MAGIC) return false;
  if (len < 2) return true;
  const version = buf[off + 1]!;
  if (version < VERSION.first || version > VERSION.digest) return false;
  if (len < 5) return true;
  const opcode = version === VERSION.digest && buf[off + 4] === DIGEST_LENGTH ? off + 5 + DIGEST_LENGTH : off + 4;
  return opcode >= off + len || isOpcode(buf[opcode]!);
}

const isOpcode = (byte: number): boolean => byte >= OPCODE.request && byte <= OPCODE.notification;

function tell(c: Cursor, emit: Emit, at: Context, cut: boolean): boolean {
  const { code, body, called } = readTsdu(c, cut);
  if (code !== TPDU.data) {
    const request = code === TPDU.connect;
    if (!request && code !== TPDU.confirm) return true;
    emit({
      kind: "role",
      sender: request ? "client" : "server",
      why: `COTP connection ${request ? "request" : "confirm"}`,
    });
    if (request && called.length > 0) emit({ kind: "field", field: "s7comm-plus.called", value: tsapText(called) });
    return true;
  }
  if (body.left === 0) return true;
  if (body.buf[body.pos] !== MAGIC) return at.started && tellProtected(body, emit, at);
  body.skip(1);
  const version = body.u8();
  const length = body.u16();
  if (version === VERSION.event || version === VERSION.keepAlive) return at.started;
  if (version < VERSION.first || version > VERSION.digest) return at.started ? body.bad(`version ${version}`) : false;
  const went = ((at.state ?? 0) & GOES_ON) !== 0;
  at.state = cut || body.left >= length + TRAILER ? 0 : GOES_ON;
  if (went) return true;
  body.enter(cut ? Math.min(length, body.left) : length, "S7comm-plus data");
  if (version === VERSION.digest && body.buf[body.pos] === DIGEST_LENGTH) body.skip(1 + DIGEST_LENGTH);
  return tellMessage(body, version, emit, at);
}

/** Records of TLS: the handshake is a session's, whatever else they carry nobody sees. */
function tellProtected(c: Cursor, emit: Emit, at: Context): boolean {
  const type = c.u8();
  if (type < 0x14 || type > 0x17 || c.u8() !== 3) c.bad("neither S7comm-plus nor TLS");
  const data = type === 0x17;
  const role = at.senderPort === PORT ? "response" : "request";
  tellOperation(emit, ID, role, "tls", data ? ["protected by TLS", "unknown"] : ["TLS handshake", "session"]);
  return true;
}

function tellMessage(c: Cursor, version: number, emit: Emit, at: Context): boolean {
  const opcode = c.u8();
  if (!isOpcode(opcode)) return at.started ? c.bad(`opcode 0x${opcode.toString(16)}`) : false;
  const request = opcode === OPCODE.request;
  const field = { kind: "field", field: "s7comm-plus.version", value: version } as const;
  const role = {
    kind: "role",
    sender: request ? "client" : "server",
    why: `S7comm-plus opcode 0x${opcode.toString(16)}`,
  } as const;
  if (opcode === OPCODE.notification) {
    if (!at.started) emit(role);
    emit(field);
    tellOperation(emit, ID, "response", "notification", ["notification", "read"]);
    return true;
  }
  if (c.u16() !== 0) return at.started ? c.bad("reserved bytes that are used") : false;
  const code = c.u16();
  c.skip(2);
  const id = String(c.u16());
  if (!at.started) emit(role);
  emit(field);
  const text = `0x${code.toString(16).padStart(4, "0")}`;
  const meaning: Meaning = FUNCTIONS.get(code) ?? unknownCode("function", code, 4);
  if (request) tellRequest(c, code, text, meaning, id, emit);
  else tellResponse(c, code, text, meaning, id, emit);
  return true;
}

function tellRequest(c: Cursor, code: number, text: string, [name, usual]: Meaning, id: string, emit: Emit): void {
  const said: { class: OperationClass; target: string | null } = {
    class: usual === "write" ? "unknown" : usual,
    target: null,
  };
  try {
    const session = c.u32();
    c.skip(1);
    if (c.left >= 4 && usual !== "session") {
      const object = c.u32();
      said.class = classOf(code, usual, session, object);
      if (code === FUNCTION.create && object === session && isSubscription(c)) said.class = "read";
      if (object !== 0) said.target = object === session ? "session" : `object 0x${object.toString(16)}`;
    }
  } finally {
    tellOperation(emit, ID, "request", text, [name, said.class], { target: said.target, id });
  }
}

/** Whether what is created is a subscription to values: a number, four bytes, then the object with its relation and its class. */
function isSubscription(c: Cursor): boolean {
  if (c.left < 2 || c.u8() !== 0 || c.u8() !== UNSIGNED_32) return false;
  readVariable(c);
  if (c.left < 4 + 1 + 4) return false;
  c.skip(4);
  if (c.u8() !== OBJECT_BEGINS) return false;
  c.skip(4);
  return readVariable(c) === SUBSCRIPTION;
}
const UNSIGNED_32 = 4;
const OBJECT_BEGINS = 0xa1;
const SUBSCRIPTION = 1001;

/** Seven bits a byte, of at most five; -1 where it is none. */
function readVariable(c: Cursor): number {
  let value = 0;
  for (let i = 0; i < 5 && c.left > 0; i++) {
    const byte = c.u8();
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) return value;
  }
  return -1;
}

/** Where a function does something decides what it does. */
function classOf(code: number, usual: OperationClass, session: number, object: number): OperationClass {
  const own = object === session && session !== 0;
  switch (code) {
    case FUNCTION.create:
      if (session === OBJECT.noSession && object === OBJECT.sessions) return "session";
      return object === OBJECT.program ? "program" : "unknown";
    case FUNCTION.delete:
      return own ? "session" : "unknown";
    case FUNCTION.setVariable:
    case FUNCTION.setVariables:
      return own ? "session" : object === OBJECT.execution ? "control" : "write";
    default:
      return usual;
  }
}

function tellResponse(c: Cursor, code: number, text: string, meaning: Meaning, id: string, emit: Emit): void {
  let failed = false;
  try {
    c.skip(1);
    failed = readError(c) >= 0x8000;
  } finally {
    tellOperation(emit, ID, "response", text, meaning, { id, failed });
  }
  if (code === FUNCTION.create) tellIdentity(c, emit);
}

/** The low 16 bits of a return value (seven bits a byte, the ninth whole): the error, negative where there is one. */
function readError(c: Cursor): number {
  let value = 0;
  for (let i = 0; i < 9; i++) {
    const byte = c.u8();
    value = i === 8 ? (value * 256 + byte) % 0x10000 : (value * 128 + (byte & 0x7f)) % 0x10000;
    if (byte < 0x80) break;
  }
  return value;
}

/** `1;6ES7 211-1BD30-0XB0 ;V2.2` among the attributes of the session that a controller opens. */
function tellIdentity(c: Cursor, emit: Emit): void {
  for (let at = c.pos; at + IDENTITY.length + 1 < c.end; at++) {
    if (IDENTITY.some((byte, i) => c.buf[at + i] !== byte)) continue;
    const from = at + IDENTITY.length + 1;
    const to = from + c.buf[from - 1]!;
    if (to > c.end) return;
    const parts = /^\d+;([^;]+);(V[\d.]+)/.exec(escapeBytes(c.buf, from, to));
    if (parts === null) return;
    emit({ kind: "asset", what: "order-code", value: parts[1]!.trim(), source: "S7comm-plus session" });
    emit({ kind: "asset", what: "version", value: parts[2]!, source: "S7comm-plus session" });
    return;
  }
}
