/**
 * AMQP: who publishes to which broker and who listens, in both of its unlike versions.
 * AMQP 0-9-1; AMQP 1.0 (OASIS, ISO/IEC 19464).
 *
 *     client      "AMQP" 0 0 9 1                "AMQP" protocol 1 0 0; both sides; protocol: 0 plain, 2 TLS, 3 SASL
 *     ┌──────┬─────────┬────────┬─────────┬────┐ ┌────────┬────────┬──────┬─────────┬─────────────────────────────┐
 *     │ type │ channel │ length │ payload │ CE │ │ length │ doff 4×│ type │ channel │ extended │ 00 53 code, a list
 *     └──1───┴────2────┴───4────┴─────────┴─1──┘ └───4────┴───1────┴──1───┴────2────┴──────────┴──────────────────┘
 *     0-9-1; a method: class 2, method 2, …      1.0
 *
 * Either header proves it; of 0-9-1 also a whole frame with its end mark. Contents are passed over as they come.
 *
 * Does not cover: what messages hold, links and sessions of 1.0, credentials (never told), 0-8 and 0-9 but their header.
 */
import type { Cursor } from "../src/decode/cursor.ts";
import { type Context, type Decoder, type Emit, STREAM_DONE, STREAM_NO } from "../src/decode/decoder.ts";
import { type Method, methodOf, SASL_FRAMES, SASL_OUTCOMES, tableTexts } from "./shared/amqp-codes.ts";
import { bounded } from "./shared/bounded.ts";
import { leftBehind } from "./shared/hole.ts";
import { tellOperation } from "./shared/operation.ts";
import { beginsWith } from "./shared/text-head.ts";

const MARK = "AMQP";
const HEADER_LENGTH = 8;
const PROTOCOL = { plain: 0, tls: 2, sasl: 3 } as const;
const FRAME = { method: 1, header: 2, body: 3, heartbeat: 8 } as const;
const END = 0xce;
/** Bytes in front of a frame's payload in 0-9-1, and of the mark behind it. */
const FRAME_HEAD = 7;
const LONGEST_METHOD = 64 << 10;

/** A direction's state: which form its next frame has; above it the bytes of a frame that are passed over. */
const FORM = { header: 0, old: 1, sasl: 2, new: 3 } as const;
const FORMS = 4;
/** Set where the direction's side has been told. */
const TOLD = 4;
/** 0-9-1: set from a server's first word until it lets the client in: a close before that refuses it. */
const AWAITS = 8;
const SHIFT = 16;

export const amqp: Decoder = {
  id: "amqp",
  title: "Advanced Message Queuing Protocol",
  specs: ["AMQP 0-9-1", "AMQP 1.0"],
  ports: { tcp: [5672] },
  fields: [
    { field: "amqp.version", about: "the protocol's version in the sender's header: 0-9-1, 1.0 …" },
    { field: "amqp.product", about: "the sender's program and its version, in its own words" },
    { field: "amqp.virtual-host", about: "the part of the broker that the client asks for" },
    { field: "amqp.container", about: "of 1.0: the sender's name for itself" },
    { field: "amqp.host", about: "of 1.0: the name by which the client calls its peer" },
    { field: "amqp.close", about: "why the connection was closed: reply code of 0-9-1" },
  ],
  everyMessage: true,
  opens: { stream: [[1, 3], 8, 0x41] },

  looksStream(buf, off, len) {
    if (buf[off] === 0x41) return beginsWith(buf, off, len, MARK);
    return looksLikeFrame(buf, off, len);
  },

  stream(c, emit, at) {
    if (!at.started) {
      at.state = FORM.header;
      return c.left > 0 && c.buf[c.pos] === 0x41 ? header(c, emit, at) : joined(c, emit, at);
    }
    let left = Math.floor((at.state ?? 0) / SHIFT);
    const own = (at.state ?? 0) % SHIFT;
    const form = own % FORMS;
    left = leftBehind(at, left);
    if (left < 0) return STREAM_DONE;
    at.state = own + Math.max(0, left - c.left) * SHIFT;
    if (left > 0) return Math.min(left, c.left);
    if (c.left > 0 && c.buf[c.pos] === 0x41 && form !== FORM.old) return header(c, emit, at);
    return form === FORM.old ? frame(c, emit, at) : newFrame(c, emit, at);
  },
};

/** A whole frame of 0-9-1 that may begin here, with its end mark where that is there. Allocates nothing. */
function looksLikeFrame(buf: Uint8Array, off: number, len: number): boolean {
  const type = buf[off]!;
  if ((type < FRAME.method || type > FRAME.body) && type !== FRAME.heartbeat) return false;
  if (len < FRAME_HEAD) return true;
  const length =
    buf[off + 3]! * 0x1000000 + ((buf[off + 4]! << 16) | (buf[off + 5]! << 8) | buf[off + 6]!) + FRAME_HEAD;
  return len <= length || buf[off + length] === END;
}

/** `AMQP`, then protocol, major, minor, revision; in 0-9-1 that is 0 0 9 1, in older ones 1 1 and the version. */
function header(c: Cursor, emit: Emit, at: Context): number {
  c.part = "header";
  if (c.text(4) !== MARK) return at.started ? c.bad("no AMQP header") : STREAM_NO;
  const protocol = c.u8();
  const version = [c.u8(), c.u8(), c.u8()];
  const [major, minor, revision] = version;
  if (protocol === 0 && major === 0 && minor === 9) {
    if (revision !== 1) return STREAM_NO;
    at.state = FORM.old;
    role(emit, at, "client", "AMQP 0-9-1 header");
    emit({ kind: "field", field: "amqp.version", value: "0-9-1" });
  } else if (protocol === 1 && major === 1 && (minor === 8 || minor === 0 || minor === 9)) {
    // 1 1 8 0 and 1 1 9 0 of 0-8 and 0-9: the last two bytes are the version.
    at.state = FORM.old;
    role(emit, at, "client", "AMQP header");
    emit({ kind: "field", field: "amqp.version", value: `0-${minor === 0 ? revision : minor}` });
  } else if (major === 1 && minor === 0 && revision === 0 && isProtocol(protocol)) {
    if (protocol === PROTOCOL.tls) return STREAM_DONE;
    const told = (at.state ?? 0) & TOLD;
    at.state = told + (protocol === PROTOCOL.sasl ? FORM.sasl : FORM.new);
    if (!at.started) emit({ kind: "field", field: "amqp.version", value: "1.0" });
  } else return at.started ? c.bad("no AMQP header") : STREAM_NO;
  return HEADER_LENGTH;
}

const isProtocol = (protocol: number): boolean => (Object.values(PROTOCOL) as number[]).includes(protocol);

/** No header: a server's first frame, or a connection joined, both of 0-9-1. */
function joined(c: Cursor, emit: Emit, at: Context): number {
  c.part = "frame";
  const type = c.u8();
  const channel = c.u16();
  const length = c.u32();
  if (type !== FRAME.method && (type !== FRAME.heartbeat || channel !== 0 || length !== 0)) return STREAM_NO;
  if (length > LONGEST_METHOD || (type === FRAME.heartbeat && at.fromStart)) return STREAM_NO;
  if (type === FRAME.method) {
    if (length < 4) return STREAM_NO;
    const method = methodOf(c.u16(), c.u16());
    const first = method?.class === "connection" && method.name === "start";
    if (method === null || (first && channel !== 0) || (at.fromStart && !first)) return STREAM_NO;
    c.skip(length - 4);
  }
  if (c.u8() !== END) return STREAM_NO;
  c.pos = c.start;
  at.state = FORM.old;
  return frame(c, emit, at);
}

/** A frame of 0-9-1. Methods are told, contents passed over with their end mark. */
function frame(c: Cursor, emit: Emit, at: Context): number {
  c.part = "frame";
  const type = c.u8();
  c.skip(2);
  const length = c.u32();
  if (type !== FRAME.method) {
    if ((type < FRAME.header || type > FRAME.body) && type !== FRAME.heartbeat) return c.bad("no AMQP frame");
    at.state = (at.state ?? 0) + (length + 1) * SHIFT; // nothing is left where a frame begins
    return c.at;
  }
  if (length > LONGEST_METHOD) return c.bad(`a method of ${length} bytes`);
  const outer = c.enter(length, "method");
  const [classId, methodId] = [c.u16(), c.u16()];
  const method = methodOf(classId, methodId);
  if (method !== null) {
    role(emit, at, method.sender, `AMQP ${method.class}.${method.name}`);
    tellMethod(c, emit, at, method, `${classId}/${methodId}`);
  }
  c.leave(outer);
  return c.u8() === END ? c.at : c.bad("no end mark behind the method");
}

/** Which side the sender is, once a direction. */
function role(emit: Emit, at: Context, sender: "client" | "server" | null, why: string): void {
  const state = at.state ?? 0;
  if (sender === null || (state & TOLD) !== 0) return;
  at.state = state + TOLD;
  emit({ kind: "role", sender, why });
}

function tellMethod(c: Cursor, emit: Emit, at: Context, method: Method, code: string): void {
  const name = `${method.class}.${method.name}`;
  const state = at.state ?? 0;
  if (name === "connection.start") {
    c.skip(2);
    if ((state & AWAITS) === 0) at.state = state + AWAITS;
  } else if (name === "connection.open-ok") at.state = state & ~AWAITS;
  if (name === "connection.start" || name === "connection.start-ok") tellProduct(c, emit);
  else if (name === "connection.open") tellText(emit, "virtual-host", c.text(c.u8()));
  else if (name === "connection.close") tellClose(c, emit, (state & AWAITS) !== 0);
  else if (method.does !== null) {
    c.skip(2); // reserved, once an access ticket
    const target = c.text(c.u8());
    tellOperation(emit, "amqp", "request", code, [name, method.does], {
      target: target === "" ? null : bounded(target),
    });
  }
}

/** A reply code, and in words what is behind it; from 300 on it is an error (0-9-1 section 4.2.6, its constants). */
function tellClose(c: Cursor, emit: Emit, awaits: boolean): void {
  const code = c.u16();
  emit({ kind: "field", field: "amqp.close", value: code });
  if (code < 300 || !awaits) return;
  const text = bounded(c.text(c.u8()));
  refuse(emit, "amqp-close", code, text === "" ? `reply ${code}` : text);
}

function refuse(emit: Emit, what: string, code: number, text: string): void {
  emit({ kind: "fault", what, code, text });
  emit({ kind: "message", what: "response", id: "", failed: true });
}

function tellText(emit: Emit, field: string, value: string): void {
  if (value !== "") emit({ kind: "field", field: `amqp.${field}`, value: bounded(value) });
}

/** A table of properties, of which the texts `product` and `version` are told. */
function tellProduct(c: Cursor, emit: Emit): void {
  const outer = c.enter(c.u32(), "properties");
  const texts = tableTexts(c);
  c.leave(outer);
  const product = bounded([texts.get("product"), texts.get("version")].filter((text) => text !== undefined).join(" "));
  if (product === "") return;
  emit({ kind: "field", field: "amqp.product", value: product });
  emit({ kind: "asset", what: "product", value: product, source: "AMQP properties" });
}

/** A frame of 1.0: of SASL's the side that sends it is told, of `open` the names, the rest is passed over. */
function newFrame(c: Cursor, emit: Emit, at: Context): number {
  c.part = "frame";
  const size = c.u32();
  const doff = c.u8() * 4;
  const type = c.u8();
  c.skip(2);
  if (size < doff || doff < HEADER_LENGTH || type > 1) return c.bad("no AMQP frame");
  const own = (at.state ?? 0) % SHIFT;
  at.state = own + (size - HEADER_LENGTH) * SHIFT;
  if (size < doff + 3) return c.at; // empty: it only keeps the connection alive
  const begun = c.at;
  c.skip(doff - HEADER_LENGTH);
  const described = c.u8() === 0 && c.u8() === 0x53;
  const code = described ? c.u8() : -1;
  const sender = type === 1 ? SASL_FRAMES.get(code) : undefined;
  if (sender !== undefined) role(emit, at, sender.sender, `AMQP ${sender.name}`);
  if (sender?.name === "sasl-outcome") tellOutcome(c, emit, size);
  if (type !== 0 || code !== OPEN) return begun;
  at.state = own;
  const outer = c.enter(size - (c.pos - c.start), "open");
  tellOpen(c, emit);
  c.leave(outer);
  return c.at;
}

/** SASL's last word, of which anything but 0 lets nobody in (AMQP 1.0 part 5 section 5.3.3.6). */
function tellOutcome(c: Cursor, emit: Emit, size: number): void {
  const outer = c.enter(size - (c.pos - c.start), "outcome");
  const list = c.u8();
  if (list === LIST8 || list === LIST32) {
    c.skip(list === LIST8 ? 2 : 8); // its size and how many there are
    const code = c.u8() === UBYTE ? c.u8() : 0;
    if (code > 0) refuse(emit, "amqp-sasl", code, `SASL ${SASL_OUTCOMES[code] ?? code}`);
  }
  c.leave(outer);
}

const UBYTE = 0x50;
const OPEN = 0x10;
const LIST8 = 0xc0;
const LIST32 = 0xd0;
const STRING8 = 0xa1;
const STRING32 = 0xb1;

/** The list's first two fields: container-id and hostname (AMQP 1.0 part 2 section 2.7.1). */
function tellOpen(c: Cursor, emit: Emit): void {
  const list = c.u8();
  if (list !== LIST8 && list !== LIST32) return;
  c.skip(list === LIST8 ? 1 : 4);
  const fields = list === LIST8 ? c.u8() : c.u32();
  for (let i = 0; i < Math.min(2, fields); i++) {
    const type = c.u8();
    if (type !== STRING8 && type !== STRING32) return; // null, where it is not said
    const value = c.text(type === STRING8 ? c.u8() : c.u32());
    tellText(emit, i === 0 ? "container" : "host", value);
  }
}
