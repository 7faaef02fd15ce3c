/**
 * ICAP: a proxy or a gateway hands requests and answers of HTTP to a scanner, and gets them back, changed or not.
 * RFC 3507.
 *
 *     client   REQMOD icap://scan.example/avscan ICAP/1.0        server   ICAP/1.0 200 OK
 *              Host: scan.example                                         ISTag: "7.1-440"
 *              Encapsulated: req-hdr=0, req-body=137                      Encapsulated: res-hdr=0, res-body=120
 *              an empty line, the heads of HTTP, a body in chunks
 *
 * `ICAP/1.0` at its place in the start line proves it. Heads of HTTP are passed over by the offsets in `Encapsulated`,
 * bodies chunk by chunk; behind a preview the rest of a body may follow without a head.
 *
 * Does not cover: what is handed over, credentials, OPTIONS of other protocols.
 */
import type { Cursor } from "../src/decode/cursor.ts";
import { type Context, type Decoder, type Emit, STREAM_DONE, STREAM_NO } from "../src/decode/decoder.ts";
import { bounded } from "./shared/bounded.ts";
import { hexDigit, readChunkSize } from "./shared/chunks.ts";
import { leftBehind } from "./shared/hole.ts";
import { hostOf } from "./shared/http-head.ts";
import { beginsWith, readTextHead, type TextHead } from "./shared/text-head.ts";

const PORT = 1344;
const STARTS = ["OPTIONS icap", "REQMOD icap", "RESPMOD icap", "ICAP/1."];
const REQUEST = /^(OPTIONS|REQMOD|RESPMOD) (icaps?:\/\/\S+) ICAP\/1\.\d$/i;
const RESPONSE = /^ICAP\/1\.\d (\d{3})(?: |$)/;
const LONGEST_HEAD = 32 << 10;
const LONGEST_LINE = 4096;
const LF = 10;

/** What comes next in a direction; above it the bytes that are left of heads or of a chunk. */
const NEXT = { head: 0, heads: 1, headsThenBody: 2, chunkSize: 3, chunk: 4, trailers: 5 } as const;
const SHIFT = 8;

export const icap: Decoder = {
  id: "icap",
  title: "Internet Content Adaptation Protocol",
  specs: ["RFC 3507"],
  ports: { tcp: [PORT] },
  fields: [
    { field: "icap.method", about: "OPTIONS, REQMOD or RESPMOD" },
    { field: "icap.service", about: "the path of the scanner's service that is asked" },
    { field: "icap.status", about: "the scanner's answer: 200 changed, 204 left as it was, 404 no such service …" },
    { field: "icap.encapsulated", about: "what is handed over: names of the parts, with commas" },
    { field: "icap.istag", about: "the mark of the scanner's present rules" },
    { field: "icap.server", about: "the scanner's words about itself" },
  ],
  everyMessage: true,
  opens: { stream: [0x49, 0x4f, 0x52] },

  looksStream: (buf, off, len) => STARTS.some((text) => beginsWith(buf, off, len, text)),

  stream(c, emit, at) {
    if (!at.started) {
      at.state = NEXT.head;
      return message(c, emit, at) ?? STREAM_NO;
    }
    const state = at.state ?? 0;
    const next = state % SHIFT;
    let left = Math.floor(state / SHIFT);
    left = leftBehind(at, left);
    if (left < 0) return STREAM_DONE;
    if (left > 0) {
      const taken = Math.min(left, c.left);
      at.state = after(next, left - taken);
      return taken;
    }
    if (next === NEXT.chunkSize) return chunkSize(c, at);
    if (next === NEXT.trailers) return trailers(c, at);
    return nextMessage(c, emit, at);
  },
};

/** The state while `left` bytes of a part are to come. */
function after(next: number, left: number): number {
  if (left > 0) return next + left * SHIFT;
  return next === NEXT.headsThenBody || next === NEXT.chunk ? NEXT.chunkSize : NEXT.head;
}

/** A head, an empty line before it, or the rest of a body behind a preview that the scanner wanted to see all of. */
function nextMessage(c: Cursor, emit: Emit, at: Context): number {
  const first = c.buf[c.pos]!;
  if (first === LF || first === 13) return 1;
  if (hexDigit(first) >= 0) return chunkSize(c, at);
  return message(c, emit, at) ?? c.bad("no ICAP message where one should begin");
}

/** One head, told. Null where it is none. */
function message(c: Cursor, emit: Emit, at: Context): number | null {
  if (!STARTS.some((text) => beginsWith(c.buf, c.pos, c.left, text))) return null;
  const head = readTextHead(c);
  if (head === null) return null;
  if (!head.whole) return c.left + c.at > LONGEST_HEAD ? null : c.short(1);
  const request = REQUEST.exec(head.start);
  const response = RESPONSE.exec(head.start);
  if (request !== null) tellRequest(head, request[1]!.toUpperCase(), request[2]!, emit);
  else if (response !== null) tellResponse(head, Number(response[1]), emit);
  else return null;
  at.state = follows(head, emit);
  return c.at;
}

function tellRequest(head: TextHead, method: string, target: string, emit: Emit): void {
  emit({ kind: "role", sender: "client", why: `ICAP request ${method}` });
  const uri = /^icaps?:\/\/([^/?#]*)([^?#]*)/i.exec(target)!;
  const { host } = hostOf(uri[1] !== "" ? uri[1]! : (head.fields.get("host") ?? ""), PORT);
  if (host !== "") emit({ kind: "name", source: "icap-host", name: host });
  emit({ kind: "field", field: "icap.method", value: method });
  if (uri[2] !== "") emit({ kind: "field", field: "icap.service", value: bounded(uri[2]!) });
  emit({ kind: "message", what: "request", id: "" });
}

function tellResponse(head: TextHead, status: number, emit: Emit): void {
  emit({ kind: "role", sender: "server", why: `ICAP response ${status}` });
  emit({ kind: "field", field: "icap.status", value: status });
  const tag = head.fields.get("istag");
  if (tag !== undefined) emit({ kind: "field", field: "icap.istag", value: bounded(tag) });
  const server = head.fields.get("service") ?? head.fields.get("server");
  if (server !== undefined) {
    emit({ kind: "field", field: "icap.server", value: bounded(server) });
    emit({ kind: "asset", what: "product", value: bounded(server), source: "ICAP Service" });
  }
  if (status === 100) return; // go on, it says: the answer is still to come
  if (status >= 400) emit({ kind: "fault", what: "icap-status", code: status, text: head.start.slice(0, 64) });
  emit({ kind: "message", what: "response", id: "", ...(status >= 400 ? { failed: true } : {}) });
}

/** `req-hdr=0, res-hdr=137, res-body=296`: offsets, of which the last is the body's (RFC 3507 section 4.4.1). */
function follows(head: TextHead, emit: Emit): number {
  const value = head.fields.get("encapsulated");
  if (value === undefined) return NEXT.head;
  const parts = [...value.matchAll(/([a-z-]+) *= *(\d{1,9})/gi)].slice(0, 8);
  const names = parts.map(([, name]) => name!.toLowerCase());
  if (names.length > 0) emit({ kind: "field", field: "icap.encapsulated", value: names.join(",") });
  const last = parts.at(-1);
  if (last === undefined) return NEXT.head;
  const bytes = Number(last[2]);
  if (names.at(-1) === "null-body") return after(NEXT.heads, bytes);
  return after(NEXT.headsThenBody, bytes);
}

/** A chunk's size; the last one's is nothing. */
function chunkSize(c: Cursor, at: Context): number {
  const size = readChunkSize(c);
  at.state = size === 0 ? NEXT.trailers : after(NEXT.chunk, size + 2); // with the line end behind it
  return c.at;
}

/** Lines behind the last chunk, one a call, up to the empty one. */
function trailers(c: Cursor, at: Context): number {
  c.part = "trailer";
  const first = c.u8();
  if (first === LF || (first === 13 && c.u8() === LF)) at.state = NEXT.head;
  else while (c.u8() !== LF) if (c.at > LONGEST_LINE) c.bad("a trailer without an end");
  return c.at;
}
