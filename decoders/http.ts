/**
 * HTTP/1.0 and HTTP/1.1, every message of both directions: who asks whom for what, and with which end.
 * RFC 9110, RFC 9112; WebSocket RFC 6455; what a refusal is also RFC 7725 and 6585.
 *
 *     client ── GET /status HTTP/1.1 ── Host: gw.example ── CRLF ── body ──▶
 *     server ◀─ HTTP/1.1 200 OK ── Content-Length: 5 ── CRLF ── body ──────
 *     body: as long as Content-Length says; or chunks of a hexadecimal length each, then trailers; or to the end
 *
 * A body is passed over as it comes: the direction's state counts what is left of it. Of a page the first bytes are held until
 * its title is there, because controllers say there what they are. Behind CONNECT and
 * Upgrade another protocol may begin: TLS, HTTP/2 and MQTT in WebSocket are read on, other WebSocket is named. The answer to HEAD has the
 * lengths of a body that does not follow, so a body that begins with a status line is the next message.
 *
 * Does not cover: what else bodies hold, HTTP/0.9, cookies and credentials (never kept), caching, ranges.
 */
import type { Cursor } from "../src/decode/cursor.ts";
import { type Context, type Decoder, type Emit, STREAM_DONE, STREAM_MORE, STREAM_NO } from "../src/decode/decoder.ts";
import type { Fact } from "../src/decode/facts.ts";
import { http2 } from "./http2.ts";
import { bounded } from "./shared/bounded.ts";
import { readChunkSize } from "./shared/chunks.ts";
import { type HttpHead, looksLikeHead, looksLikeResponse, readHead } from "./shared/http-head.ts";
import { hasBody, tellRequest, tellResponse } from "./shared/http-tell.ts";
import { isPage, TITLE_WITHIN, titleOf } from "./shared/http-title.ts";
import { namesMqtt, upgradesOf } from "./shared/http-upgrade.ts";
import { looksLikePreamble, PREAMBLE_FORMS, readPreamble } from "./shared/preamble.ts";
import { looksLikeFrame } from "./shared/websocket-frame.ts";
import { readMqttFrames } from "./shared/websocket-mqtt.ts";
import { tls } from "./tls.ts";

/** What comes next in a direction: the low bits of its state. Above them stand the bytes that are left of a body. */
const NEXT = {
  head: 0,
  body: 1,
  /** A body that may be missing: of a response whose request may have been HEAD. */
  doubtfulBody: 2,
  chunkSize: 3,
  chunk: 4,
  trailers: 5,
  /** Bytes were lost, or can't be measured: a head may begin with any segment. */
  anything: 6,
  /** What an answer without a length is followed by: a body to the connection's end, a tunnel, or the next answer. */
  rest: 7,
  /** Another protocol, or a head where the switch to it was refused. */
  switched: 8,
  tls: 9,
  http2: 10,
  /** WebSocket's frames with MQTT in them. */
  mqtt: 11,
} as const;
/** Beside `switched`: a subprotocol of WebSocket is MQTT. */
const NAMES_MQTT = 1;
/** Beside it: the body is a page whose title may still come. */
const PAGE = 16;
const SHIFT = 32;
/** Bytes of empty lines before a first request. Some clients end a body with one that it does not count (RFC 9112 section 2.2). */
const MOST_EMPTY = 8;
const LONGEST_BODY = 2 ** 44; // bytes; a length beyond it is a lie, and the state is a number

export const http: Decoder = {
  id: "http",
  title: "Hypertext Transfer Protocol, versions 1.0 and 1.1",
  specs: ["RFC 9110", "RFC 9112", "RFC 6455", "RFC 7725"],
  ports: { tcp: [80, 3128, 8000, 8008, 8080, 8081, 8088, 8888] },
  fields: [
    { field: "http.method", about: "the request's method" },
    { field: "http.status", about: "the response's status" },
    { field: "http.content-type", about: "media type of a body, without its parameters" },
    { field: "http.user-agent", about: "the client's words about itself" },
    { field: "http.server", about: "the server's words about itself" },
    { field: "http.connect", about: "the tunnel's other end that a CONNECT asks a proxy for: host:port" },
    { field: "http.absolute", about: "the server that a request to a proxy is for, from an absolute URI: host:port" },
    {
      field: "http.tunnel",
      about: "behind a CONNECT or an Upgrade, what is none of the protocols that are read there: other",
    },
    { field: "http.socks", about: "whom the client asks a SOCKS proxy for, before its first request: host:port" },
    { field: "http.proxied-for", about: "for whom a load balancer opened the connection, by its header: address:port" },
    { field: "http.upgrade", about: "the protocol that an Upgrade asks for or agrees to" },
    { field: "http.websocket-protocol", about: "the subprotocol that a WebSocket asks for or agrees to" },
  ],
  opens: { stream: [0, 4, 5, 0x0a, 0x0d, [0x41, 0x5a]] },
  forms: {
    stream: [
      ...PREAMBLE_FORMS,
      { first: [0x0a, 0x0d], bytes: [[1, 0xff, 0x0a, 0x5a]] },
      {
        first: [[0x41, 0x5a]],
        bytes: [
          [1, 0xff, 0x20, 0x7e],
          [2, 0xff, 0x20, 0x7e],
        ],
      },
    ],
  },
  everyMessage: true,

  looksStream(buf, off, len) {
    if (looksLikePreamble(buf, off, len)) return true;
    const empty = emptyLines(buf, off, len);
    return empty === len || (empty <= MOST_EMPTY && looksLikeHead(buf, off + empty, len - empty));
  },

  stream(c, emit, at) {
    if (!at.started) {
      at.state = NEXT.head;
      if (looksLikePreamble(c.buf, c.pos, c.left)) return behindPreamble(c, emit, at) ?? STREAM_NO;
      return firstMessage(c, emit, at) ?? STREAM_NO;
    }
    const lost = at.lost ?? 0;
    if (lost > 0 && !skipLost(at, lost)) return STREAM_DONE;
    if ((at.state ?? 0) % SHIFT >= PAGE) tellTitle(c, emit, at, lost);
    const state = at.state ?? 0;
    switch (state % PAGE) {
      case NEXT.head:
        return nextMessage(c, emit, at);
      case NEXT.body:
      case NEXT.chunk:
        return passOver(c, at, state);
      case NEXT.doubtfulBody:
        return answerToHead(c, emit, at) ?? passOver(c, at, state);
      case NEXT.chunkSize:
        return chunkSize(c, emit, at);
      case NEXT.trailers:
        return trailers(c, at);
      case NEXT.anything:
        return message(c, emit, at) ?? c.left;
      case NEXT.tls:
        return nested(tls.stream, c, emit, at, true);
      case NEXT.http2:
        return nested(http2.stream, c, emit, at, true);
      case NEXT.mqtt:
        return nested(readMqttFrames, c, emit, at, true);
      case NEXT.rest:
        if (looksLikeResponse(c.buf, c.pos, c.left)) return continues(c, emit, at);
        return inside(c, emit, at) ?? STREAM_DONE;
      default:
        return switched(c, emit, at);
    }
  },
};

/**
 * Where the capture lacks bytes: a body may go on behind them, else the next message has to be found. False where what
 * comes is no HTTP.
 */
function skipLost(at: Context, lost: number): boolean {
  const state = at.state ?? 0;
  const next = state % PAGE;
  if (next >= NEXT.rest) return false;
  const left = Math.floor(state / SHIFT);
  const within = next === NEXT.body || next === NEXT.doubtfulBody || next === NEXT.chunk;
  if (within && left >= lost) {
    at.state = after(next, left - lost);
    at.lost = 0;
  } else at.state = NEXT.anything;
  return true;
}

/**
 * The title of the page whose body begins here; short while it may come, and then the body is a body. What answers a HEAD has
 * none, and what stands behind bytes that were lost may be anything.
 */
function tellTitle(c: Cursor, emit: Emit, at: Context, lost: number): void {
  const state = at.state ?? 0;
  const next = state % PAGE;
  if (next === NEXT.chunkSize || c.left === 0) return;
  const left = next === NEXT.rest ? TITLE_WITHIN : Math.floor(state / SHIFT);
  const wanted = Math.min(left, TITLE_WITHIN);
  const there = Math.min(wanted, c.left);
  const others = looksLikeResponse(c.buf, c.pos, c.left) || beginsInside(c);
  const isBody = lost === 0 && !others;
  if (isBody) {
    const title = titleOf(c.buf, c.pos, c.pos + there);
    if (title === null && there < wanted && c.cutOff === 0) c.short(wanted);
    if (title) emit({ kind: "asset", what: "product", value: bounded(title), source: "HTTP page title" });
  }
  at.state = state - PAGE;
}

/** The state while `left` bytes of a body or chunk are to come. */
function after(next: number, left: number): number {
  if (left > 0) return (next === NEXT.doubtfulBody ? NEXT.body : next) + left * SHIFT;
  return next === NEXT.chunk ? NEXT.chunkSize : NEXT.head;
}

/** The next response where a body should begin: the one before answered a HEAD. Null where it is a body. */
function answerToHead(c: Cursor, emit: Emit, at: Context): number | null {
  if (!looksLikeResponse(c.buf, c.pos, c.left)) return null;
  c.need(Math.min("HTTP/1.".length, Math.floor((at.state ?? 0) / SHIFT)));
  return message(c, emit, at);
}

function passOver(c: Cursor, at: Context, state: number): number {
  const left = Math.floor(state / SHIFT);
  const take = Math.min(left, c.left);
  at.state = after(state % PAGE, left - take);
  return take;
}

/** A message behind another one. Empty lines before it belong to nothing (RFC 9112 section 2.2). */
function nextMessage(c: Cursor, emit: Emit, at: Context): number {
  at.state = NEXT.head;
  const empty = emptyLines(c.buf, c.pos, c.left);
  if (empty > 0) return empty;
  return message(c, emit, at) ?? c.bad("no HTTP message where one should begin");
}

/** Bytes of empty lines, as far as they go. */
function emptyLines(buf: Uint8Array, off: number, len: number): number {
  let empty = 0;
  while (empty < len && (buf[off + empty] === 13 || buf[off + empty] === 10)) empty++;
  return empty;
}

/** A connection's first message; only before a request a few empty lines are let pass. Null where it is none. */
function firstMessage(c: Cursor, emit: Emit, at: Context): number | null {
  const empty = emptyLines(c.buf, c.pos, c.left);
  if (empty === 0) return message(c, emit, at);
  if (empty > MOST_EMPTY) return null;
  c.skip(empty);
  c.need(1);
  return looksLikeResponse(c.buf, c.pos, c.left) ? null : message(c, emit, at);
}

/** One head, told; `at.state` says what follows it. Null where it is none. */
function message(c: Cursor, emit: Emit, at: Context): number | null {
  const head = readHead(c);
  if (head === null) return null;
  if (head.method === "") tellResponse(head, emit);
  else tellRequest(head, emit);
  if (head.problem !== "") emit({ kind: "problem", what: "malformed", why: `HTTP ${head.problem}` });
  if (head.cut) emit({ kind: "problem", what: "cut", why: `HTTP head: the capture cut ${c.cutOff} bytes off` });
  at.state = head.cut ? NEXT.anything : follows(head);
  if (isPage(head) && PAGED.has(at.state % PAGE)) at.state += PAGE;
  return c.at;
}

/** A first message behind what is none of HTTP. Until it is whole nothing is claimed. */
function behindPreamble(c: Cursor, emit: Emit, at: Context): number | null {
  const preamble = readPreamble(c);
  if (preamble === null) return null;
  c.need(1);
  const taken = firstMessage(c, emit, at);
  if (taken === null) return null;
  if (preamble.target !== "") emit({ kind: "field", field: "http.socks", value: preamble.target });
  if (preamble.source !== "") emit({ kind: "field", field: "http.proxied-for", value: preamble.source });
  return taken;
}

/** What bodies of pages are. */
const PAGED: ReadonlySet<number> = new Set([NEXT.doubtfulBody, NEXT.chunkSize, NEXT.rest]);

/** What follows a head (RFC 9112 section 6.3). */
function follows(head: HttpHead): number {
  const { method, status } = head;
  const switching = NEXT.switched + (namesMqtt(head) ? NAMES_MQTT * SHIFT : 0);
  if (method === "CONNECT" || status === 101) return switching;
  if (status !== 0 && (status < 200 || status === 204 || status === 304)) return NEXT.head;
  if (method !== "" && upgradesOf(head).length > 0 && !hasBody(head)) return switching;
  const codings = head.fields.get("transfer-encoding");
  if (codings !== undefined) {
    if (/(^|[\s,])chunked$/i.test(codings.at(-1)!)) return NEXT.chunkSize;
    return method === "" ? NEXT.rest : NEXT.anything;
  }
  const length = head.fields.get("content-length")?.[0];
  // A response without a length goes on to the connection's end; so does a tunnel behind a proxy's 200.
  if (length === undefined) return method === "" ? NEXT.rest : NEXT.head;
  const bytes = /^\d{1,15}(?=\s*(,|$))/.exec(length);
  if (bytes === null || Number(bytes[0]) > LONGEST_BODY) return NEXT.anything;
  const left = Number(bytes[0]) * SHIFT;
  return left === 0 ? NEXT.head : left + (method === "" ? NEXT.doubtfulBody : NEXT.body);
}

/** `1a3 ; extension CRLF`; of an answer to HEAD there is none. */
function chunkSize(c: Cursor, emit: Emit, at: Context): number {
  c.part = "chunk size";
  if (c.left > 0 && c.buf[c.pos] === 0x48) {
    if (!looksLikeResponse(c.buf, c.pos, c.left)) c.bad("no chunk size");
    return nextMessage(c, emit, at);
  }
  const size = readChunkSize(c);
  const page = (at.state ?? 0) % SHIFT >= PAGE ? PAGE : 0;
  at.state = size === 0 ? NEXT.trailers : NEXT.chunk + page + (size + 2) * SHIFT; // with the line end behind it
  return c.at;
}

/** Fields behind the last chunk, one a call, and the empty line. */
function trailers(c: Cursor, at: Context): number {
  c.part = "trailer";
  const first = c.u8();
  if (first === 10 || (first === 13 && c.u8() === 10)) at.state = NEXT.head;
  else while (c.u8() !== 10);
  return c.at;
}

/** Behind a CONNECT or an Upgrade that the client asked for: another protocol, a head again, or nothing of ours. */
function switched(c: Cursor, emit: Emit, at: Context): number {
  const other = inside(c, emit, at);
  if (other !== null) return other;
  if (looksLikeHead(c.buf, c.pos, c.left)) return continues(c, emit, at);
  if (looksLikeFrame(c.buf, c.pos, c.left)) return frames(c, emit, at);
  emit({ kind: "field", field: "http.tunnel", value: "other" });
  return STREAM_DONE;
}

/** WebSocket: of what it carries MQTT is read on. */
function frames(c: Cursor, emit: Emit, at: Context): number {
  const said: Fact[] = [{ kind: "inner", app: "mqtt" }];
  const agreed = Math.floor((at.state ?? 0) / SHIFT) === NAMES_MQTT;
  at.state = NEXT.mqtt;
  const taken = nested(readMqttFrames, c, (fact) => said.push(fact), at, false, agreed);
  if (taken === STREAM_NO) emit({ kind: "inner", app: "websocket" });
  else for (const fact of said) emit(fact);
  return taken === STREAM_NO ? STREAM_DONE : taken;
}

/** The next message, or whatever it is that only begins like one. */
function continues(c: Cursor, emit: Emit, at: Context): number {
  at.state = NEXT.head;
  return message(c, emit, at) ?? STREAM_DONE;
}

const INSIDE = [
  { decoder: tls, next: NEXT.tls },
  { decoder: http2, next: NEXT.http2 },
];

/** Whether what begins here may be one of them: a tunnel behind an answer of a proxy that calls itself a page. */
function beginsInside(c: Cursor): boolean {
  return INSIDE.some(({ decoder }) => decoder.looksStream?.(c.buf, c.pos, c.left) === true);
}

/** Reads on in the protocol that begins here; null where it is none that we read inside of HTTP. */
function inside(c: Cursor, emit: Emit, at: Context): number | null {
  for (const { decoder, next } of INSIDE) {
    if (decoder.looksStream?.(c.buf, c.pos, c.left) !== true) continue;
    const begun = c.pos;
    const said: Fact[] = [{ kind: "inner", app: decoder.id }];
    at.state = next;
    const taken = nested(decoder.stream, c, (fact) => said.push(fact), at, false);
    if (taken === STREAM_NO) {
      c.pos = begun;
      continue;
    }
    if (taken !== STREAM_MORE) for (const fact of said) emit(fact);
    return taken;
  }
  return null;
}

/** One call of another decoder; its own state stands above ours. */
function nested(
  read: Decoder["stream"],
  c: Cursor,
  emit: Emit,
  at: Context,
  started: boolean,
  peerStarted = false,
): number {
  const state = at.state ?? 0;
  const its: Context = {
    ...at,
    started,
    fromStart: true,
    peerStarted,
    state: Math.floor(state / SHIFT),
    lost: 0,
  };
  const taken = read?.(c, emit, its) ?? STREAM_NO;
  at.state = (state % SHIFT) + (its.state ?? 0) * SHIFT;
  return taken;
}
