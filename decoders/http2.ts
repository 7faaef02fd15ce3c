/**
 * HTTP/2 in clear text: every request and response of a connection. RFC 9113, HPACK RFC 7541; the upgrade from HTTP/1.1
 * RFC 7540 section 3.2.
 *
 *     client only   PRI * HTTP/2.0 CRLF CRLF SM CRLF CRLF
 *     ┌───────────┬─────────┬──────────┬─────────────────────┐
 *     │ length 24 │ type 8  │ flags 8  │ stream identifier 32│ a frame's head: 9 bytes, then the payload
 *     └───────────┴─────────┴──────────┴─────────────────────┘
 *       0 DATA · 1 HEADERS · 4 SETTINGS · 6 PING · 7 GOAWAY · 8 WINDOW_UPDATE · 9 CONTINUATION …
 *
 * The client is known by its preface. The server's first frame is SETTINGS: on stream 0, whole settings of six bytes
 * each, with known ids and values in their range. Amid a connection a segment that begins with a whole header block
 * proves it. Payloads other than headers are passed over as they come, but for DNS's (RFC 8484): where a block says
 * `application/dns-message`, what that direction sends as data is read as DNS where it holds together as that.
 *
 * Does not cover: header fields that rest on entries of earlier blocks (left out, see shared/hpack.ts), pushed requests,
 * what comes inside of TLS.
 */
import { Cursor, Fault } from "../src/decode/cursor.ts";
import { type Context, type Decoder, type Emit, STREAM_DONE, STREAM_NO } from "../src/decode/decoder.ts";
import type { Fact } from "../src/decode/facts.ts";
import { dns } from "./dns.ts";
import { bounded } from "./shared/bounded.ts";
import { leftBehind } from "./shared/hole.ts";
import { type HeaderField, readBlock } from "./shared/hpack.ts";
import { isCommand, methodClass, overridesMethod, refusalName } from "./shared/http-codes.ts";
import { hostOf } from "./shared/http-head.ts";
import { looksLikeProxyHeader, readProxyHeader } from "./shared/proxy-header.ts";

const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEAD_LENGTH = 9;
const LONGEST_FIRST = 1 << 14; // until the peer allows more, which no first frame can know (RFC 9113 section 4.2)
const TYPE = { data: 0, headers: 1, settings: 4, goAway: 7, continuation: 9 } as const;
const KNOWN_TYPES = 16; // to 9 in RFC 9113, ALTSVC 10, ORIGIN 12, PRIORITY_UPDATE 16
const FLAG = { ack: 1, endStream: 1, endHeaders: 4, padded: 8, priority: 32 } as const;
const HEADERS_FLAGS = FLAG.endStream | FLAG.endHeaders | FLAG.padded | FLAG.priority;

/** A direction's state: whether it has sent DNS's media type; above that, what is left of a payload that is passed over. */
const DNS_TYPE = 1;
const SHIFT = 2;
/** A message of DNS in one frame; larger ones are passed over. */
const LONGEST_DNS = 4096;

/** For a header block out of its frames, and for DNS inside; used and done with within one call. */
const BLOCK = new Cursor();

export const http2: Decoder = {
  id: "http2",
  title: "HTTP/2 in clear text",
  specs: ["RFC 9113", "RFC 7541"],
  ports: {},
  fields: [
    { field: "http2.method", about: "the request's method" },
    { field: "http2.status", about: "the response's status" },
    { field: "http2.content-type", about: "media type of a body, without its parameters" },
    { field: "http2.user-agent", about: "the client's words about itself" },
    { field: "http2.server", about: "the server's words about itself" },
    { field: "http2.goaway", about: "the error by which the sender ended the connection, as on the wire" },
    {
      field: "http2.proxied-for",
      about: "for whom a load balancer opened the connection, by its header: address:port",
    },
  ],
  opens: { stream: [0, 0x0d, 0x50] },
  everyMessage: true,

  looksStream(buf, off, len) {
    const first = buf[off]!;
    if (looksLikeProxyHeader(buf, off, len)) return true;
    if (first === 0x50) {
      const there = Math.min(len, PREFACE.length);
      for (let i = 1; i < there; i++) if (buf[off + i] !== PREFACE.charCodeAt(i)) return false;
      return true;
    }
    if (first !== 0 || (len >= 2 && buf[off + 1]! > LONGEST_FIRST >> 8)) return false;
    if (len < HEAD_LENGTH) return len < 4 || buf[off + 3] === TYPE.settings || buf[off + 3] === TYPE.headers;
    const stream = buf[off + 5]! | buf[off + 6]! | buf[off + 7]! | buf[off + 8]!;
    if (buf[off + 3] === TYPE.settings) return stream === 0 && buf[off + 4] === 0;
    return buf[off + 3] === TYPE.headers && stream !== 0 && (buf[off + 4]! & ~HEADERS_FLAGS) === 0;
  },

  stream(c, emit, at) {
    if (at.started) return next(c, emit, at);
    at.state = 0;
    if (looksLikeProxyHeader(c.buf, c.pos, c.left)) {
      const source = readProxyHeader(c);
      return source === null ? STREAM_NO : preface(c, emit, source);
    }
    if (c.left > 0 && c.buf[c.pos] === 0x50) return preface(c, emit, "");
    if (c.left > 3 && c.buf[c.pos + 3] === TYPE.headers) return joined(c, emit, at);
    if (!settingsHold(c)) return STREAM_NO;
    emit({ kind: "role", sender: "server", why: "HTTP/2 SETTINGS" });
    return c.at;
  },
};

/** A client's first words; `source`: for whom a load balancer says that it opened the connection. */
function preface(c: Cursor, emit: Emit, source: string): number {
  if (c.text(PREFACE.length) !== PREFACE.replace(/\r/g, "\\x0d").replace(/\n/g, "\\x0a")) return STREAM_NO;
  emit({ kind: "role", sender: "client", why: "HTTP/2 preface" });
  if (source !== "") emit({ kind: "field", field: "http2.proxied-for", value: source });
  return c.at;
}

/** The data begins amid a connection: with the header block of a request or a response, or it stays unknown. */
function joined(c: Cursor, emit: Emit, at: Context): number {
  if (at.fromStart) return STREAM_NO;
  const head = readHead(c);
  if (head === null || head.length > LONGEST_FIRST || (head.flags & FLAG.endHeaders) === 0) return STREAM_NO;
  const said: Fact[] = [];
  const taken = headers(c, head, (fact) => said.push(fact), at);
  if (!said.some((fact) => fact.kind === "message")) return STREAM_NO;
  for (const fact of said) emit(fact);
  return taken;
}

/** A server's first frame. It may have no settings at all, and then another frame has to follow. */
function settingsHold(c: Cursor): boolean {
  const head = readHead(c);
  if (head === null || head.type !== TYPE.settings || head.stream !== 0) return false;
  if (head.length % 6 !== 0 || head.length > LONGEST_FIRST || (head.flags & FLAG.ack) !== 0) return false;
  for (let i = 0; i < head.length; i += 6) {
    const id = c.u16();
    const value = c.u32();
    if (!isSetting(id, value)) return false;
  }
  if (head.length > 0) return true;
  const taken = c.pos;
  const next = readHead(c);
  c.pos = taken;
  return next !== null;
}

/** RFC 9113 section 6.5.2, RFC 8441 and 9218; ids of four equal hex digits' kind are grease that some clients send. */
function isSetting(id: number, value: number): boolean {
  if (id === 2 || id === 8 || id === 9) return value <= 1;
  if (id === 4) return value < 2 ** 31;
  if (id === 5) return value >= 1 << 14 && value < 1 << 24;
  return id === 1 || id === 3 || id === 6 || (id & 0x0f0f) === 0x0a0a;
}

interface FrameHead {
  length: number;
  type: number;
  flags: number;
  stream: number;
}

/** Null where it can be none. */
function readHead(c: Cursor): FrameHead | null {
  c.part = "frame head";
  const length = c.u24();
  const type = c.u8();
  const flags = c.u8();
  const stream = c.u32();
  if (type > KNOWN_TYPES || stream >= 2 ** 31) return null;
  return { length, type, flags, stream };
}

/** What comes behind the first frame. */
function next(c: Cursor, emit: Emit, at: Context): number {
  const own = (at.state ?? 0) % SHIFT;
  let left = Math.floor((at.state ?? 0) / SHIFT);
  left = leftBehind(at, left);
  if (left < 0) return STREAM_DONE;
  at.state = own + Math.max(0, left - c.left) * SHIFT;
  if (left > 0) return Math.min(left, c.left);
  const head = readHead(c);
  if (head === null) return c.bad("no HTTP/2 frame");
  if (head.type === TYPE.headers) return headers(c, head, emit, at);
  if (head.type === TYPE.goAway) return goAway(c, head, emit);
  if (head.type === TYPE.data && own === DNS_TYPE && head.length > 0 && head.length <= LONGEST_DNS)
    return dnsData(c, head, emit, at);
  at.state = own + head.length * SHIFT;
  return c.at;
}

/** A frame of data that may be a message of DNS: its questions and answers are told, or nothing is. */
function dnsData(c: Cursor, head: FrameHead, emit: Emit, at: Context): number {
  c.need(head.length);
  const padding = (head.flags & FLAG.padded) === 0 ? 0 : 1 + c.buf[c.pos]!;
  const from = c.pos + (padding > 0 ? 1 : 0);
  c.skip(head.length);
  if (padding < head.length && dns.looksDatagram?.(c.buf, from, head.length - padding) === true) {
    const said: Fact[] = [];
    try {
      const its: Context = { ...at, transport: "udp", senderPort: 0, receiverPort: 0, started: false };
      if (dns.datagram?.(BLOCK.set(c.buf, from, head.length - padding), (fact) => said.push(fact), its) === false)
        return c.at;
    } catch (fault) {
      if (!(fault instanceof Fault)) throw fault;
      return c.at;
    }
    emit({ kind: "inner", app: dns.id });
    for (const fact of said) if (fact.kind === "query" || fact.kind === "answer") emit(fact);
  }
  return c.at;
}

function goAway(c: Cursor, head: FrameHead, emit: Emit): number {
  const end = c.enter(head.length, "GOAWAY");
  c.skip(4);
  emit({ kind: "field", field: "http2.goaway", value: c.u32() });
  c.leave(end);
  return c.at;
}

/** HEADERS and the CONTINUATION frames behind it, which nothing may come between (section 6.10). */
function headers(c: Cursor, head: FrameHead, emit: Emit, at: Context): number {
  const pieces: Uint8Array[] = [];
  const outer = c.enter(head.length, "HEADERS");
  const padding = (head.flags & FLAG.padded) !== 0 ? c.u8() : 0;
  if ((head.flags & FLAG.priority) !== 0) c.skip(5);
  if (padding > c.left) c.bad("more padding than payload");
  pieces.push(c.buf.subarray(c.pos, c.end - padding));
  c.leave(outer);
  for (let last = head; (last.flags & FLAG.endHeaders) === 0; ) {
    const next = readHead(c);
    if (next === null || next.type !== TYPE.continuation || next.stream !== head.stream)
      return c.bad("no CONTINUATION");
    c.need(next.length);
    pieces.push(c.buf.subarray(c.pos, c.pos + next.length));
    c.skip(next.length);
    last = next;
  }
  const block = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
  const fields: HeaderField[] = [];
  BLOCK.set(block, 0, block.length);
  BLOCK.enter(block.length, "header block");
  try {
    readBlock(BLOCK, fields);
  } finally {
    tell(fields, String(head.stream), emit); // what was read before a fault holds
    const type = fields.find(({ name }) => name === "content-type")?.value ?? "";
    if (/^application\/dns-message\b/i.test(type)) at.state = DNS_TYPE;
  }
  return c.at;
}

function tell(fields: readonly HeaderField[], id: string, emit: Emit): void {
  const value = (name: string): string => fields.find((field) => field.name === name)?.value ?? "";
  const text = (name: string): void => {
    const whole =
      name === "content-type"
        ? value(name)
            .replace(/\s*[;,].*$/, "")
            .toLowerCase()
        : value(name);
    if (whole !== "") emit({ kind: "field", field: `http2.${name}`, value: bounded(whole) });
  };
  const method = value(":method");
  if (/^[A-Z][A-Z_-]*$/.test(method)) {
    emit({ kind: "role", sender: "client", why: `HTTP/2 request ${method}` });
    // A Host that differs makes the request malformed (RFC 9113 section 8.3.1): read as one list, they name no host.
    const given = fields.filter(({ name, value: text }) => (name === ":authority" || name === "host") && text !== "");
    const hosts = new Set(given.map(({ value: text }) => hostOf(text, 80).host));
    const host = [...hosts].join(",");
    if (host !== "") emit({ kind: "name", source: "http2-authority", name: host });
    emit({ kind: "field", field: "http2.method", value: method });
    text("user-agent");
    text("content-type");
    const target = value(":path");
    const [path = ""] = target.split("?", 1);
    emit({
      kind: "operation",
      protocol: "http2",
      role: "request",
      code: method,
      operation: method,
      class: methodClass(method, isCommand(target) || overridesMethod({ has: (name) => value(name) !== "" })),
      target: path === "" ? null : bounded(path),
      id,
      failed: false,
    });
    emit({ kind: "message", what: "request", id });
    return;
  }
  const status = Number(value(":status"));
  if (!(status >= 100 && status < 1000)) return;
  emit({ kind: "role", sender: "server", why: `HTTP/2 response ${status}` });
  emit({ kind: "field", field: "http2.status", value: status });
  text("server");
  text("content-type");
  const refusal = refusalName(status);
  if (refusal !== null) emit({ kind: "fault", what: "http-status", code: status, text: refusal });
  if (status >= 400) emit({ kind: "message", what: "response", id, failed: true });
  else emit({ kind: "message", what: "response", id });
}
