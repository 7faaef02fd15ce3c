/**
 * The head of an HTTP/1 message: its start line and the header fields that we use (RFC 9112 sections 2 to 5).
 *
 *     GET /index.html HTTP/1.1 CRLF          HTTP/1.1 200 OK CRLF
 *     Host: gw.example CRLF                  Content-Length: 5 CRLF
 *     CRLF                                   CRLF
 *
 * Lines end by CRLF or by a bare LF, as recipients take them. What makes it HTTP is the version at its place in the
 * start line: SIP, RTSP, ICAP and SSDP's kin have lines of the same shape.
 */
import { type Cursor, escapeBytes } from "../../src/decode/cursor.ts";
import { OVERRIDES } from "./http-codes.ts";

export interface HttpHead {
  /** Empty in a response. */
  method: string;
  /** As it was sent; empty in a response. */
  target: string;
  /** 0 in a request. */
  status: number;
  /** HTTP/1.0 or HTTP/1.1. */
  minor: 0 | 1;
  /** Values of the fields that we use by name in lower case, in the order in which they came. */
  fields: Map<string, string[]>;
  /** The capture cut it before its empty line: `fields` holds what was whole. */
  cut: boolean;
  /** What contradicts the grammar; empty where nothing does. */
  problem: string;
}

const USED = new Set([
  "host",
  "content-length",
  "transfer-encoding",
  "content-type",
  "user-agent",
  "server",
  "upgrade",
  "sec-websocket-protocol",
  "via",
  "www-authenticate",
  "location",
  "content-encoding",
  ...OVERRIDES,
]);

const LF = 10;
const CR = 13;
const TAB = 9;
const SPACE = 32;
const COLON = 58;
const DELETE = 127;
/** IANA's longest method has 17 letters; those of products (`RPC_OUT_DATA`, `CCM_POST`) have less. */
const LONGEST_METHOD = 24;
const VERSION = "HTTP/1.";

const REQUEST = /^([A-Z][A-Z0-9_-]*) +(\S.*?) +HTTP\/1\.([01]) *$/;
const RESPONSE = /^HTTP\/1\.([01]) +([1-9]\d\d)(?: |$)/;

const isMethodByte = (b: number): boolean => (b >= 65 && b <= 90) || b === 45 || b === 95 || (b >= 48 && b <= 57);

/** Whether a message may begin here: a method and a space, or `HTTP/1.`, as far as the bytes go. Allocates nothing. */
export function looksLikeHead(buf: Uint8Array, off: number, len: number): boolean {
  const first = buf[off]!;
  if (first < 65 || first > 90) return false;
  const most = Math.min(len, LONGEST_METHOD + 1);
  for (let i = 1; i < most; i++) {
    const b = buf[off + i]!;
    if (isMethodByte(b)) continue;
    if (b === SPACE) return i >= 2 && (i + 1 === len || isTargetStart(buf[off + i + 1]!));
    return b === 47 && i === 4 && beginsWith(buf, off, len, VERSION);
  }
  return len <= LONGEST_METHOD;
}

/** A path, `*`, an absolute URI or a host: no target begins with a control byte or a colon. */
const isTargetStart = (b: number): boolean => b >= SPACE && b !== COLON && b !== DELETE;

function beginsWith(buf: Uint8Array, off: number, len: number, text: string): boolean {
  const there = Math.min(len, text.length);
  for (let i = 0; i < there; i++) if (buf[off + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** Whether the bytes are a response's first ones, as far as they go: at least `HTTP/1.`, or all of them. */
export const looksLikeResponse = (buf: Uint8Array, off: number, len: number): boolean =>
  beginsWith(buf, off, len, VERSION);

/**
 * Reads a head; the cursor ends behind its empty line (or, of a head that the capture cut, at the end of the bytes).
 * Null where it is none. Short while it is not whole.
 */
export function readHead(c: Cursor): HttpHead | null {
  c.part = "start line";
  if (c.left > 0 && !looksLikeHead(c.buf, c.pos, c.left)) return null;
  const to = startLineEnd(c);
  if (to < 0) return null;
  const head = readStartLine(escapeBytes(c.buf, c.pos, withoutCr(c, to)));
  if (head === null) return null;
  c.pos = to + 1;
  readFields(c, head);
  if (head.method !== "") head.problem ||= framingProblem(head);
  return head;
}

/** Two lengths of one body: what one reader takes for the body another takes for the next request (RFC 9112 section 6.3). */
function framingProblem({ fields }: HttpHead): string {
  const lengths = new Set((fields.get("content-length") ?? []).flatMap((value) => value.split(/\s*,\s*/)));
  if (lengths.size > 1) return "Content-Length fields that differ";
  return lengths.size > 0 && fields.has("transfer-encoding") ? "both Content-Length and Transfer-Encoding" : "";
}

/** Where the start line's LF is; -1 where a byte can't be in a start line. */
function startLineEnd(c: Cursor): number {
  for (let i = c.pos; i < c.end; i++) {
    const b = c.buf[i]!;
    if (b === LF) return i;
    if ((b < SPACE && b !== CR && b !== TAB) || b === DELETE) return -1;
  }
  return c.short(c.left + 1);
}

function readStartLine(line: string): HttpHead | null {
  const head = { fields: new Map<string, string[]>(), cut: false, problem: "" };
  const response = RESPONSE.exec(line);
  if (response !== null) {
    return { ...head, method: "", target: "", status: Number(response[2]), minor: response[1] === "0" ? 0 : 1 };
  }
  const request = REQUEST.exec(line);
  if (request === null) return null;
  return { ...head, method: request[1]!, target: request[2]!, status: 0, minor: request[3] === "0" ? 0 : 1 };
}

function readFields(c: Cursor, head: HttpHead): void {
  let values: string[] | undefined;
  for (let line = 1; ; line++) {
    c.part = `header line ${line}`;
    const from = c.pos;
    const to = lineEnd(c);
    if (to < 0) {
      if (c.cutOff === 0) c.short(c.left + 1);
      head.cut = true;
      c.pos = c.end;
      return;
    }
    c.pos = to + 1;
    const end = withoutCr(c, to, from);
    if (end === from) return;
    const first = c.buf[from]!;
    if (first === SPACE || first === TAB) {
      // A folded line goes on with the value before it (RFC 9112 section 5.2).
      if (values !== undefined) values.push(`${values.pop()} ${escapeBytes(c.buf, from, end).trim()}`.trim());
      continue;
    }
    let colon = from;
    while (colon < end && c.buf[colon] !== COLON) colon++;
    if (colon === end) {
      head.problem ||= `header line ${line} has no colon`;
      values = undefined;
      continue;
    }
    const name = escapeBytes(c.buf, from, colon).trim().toLowerCase();
    values = undefined;
    if (!USED.has(name)) continue;
    values = head.fields.get(name) ?? [];
    values.push(escapeBytes(c.buf, colon + 1, end).replace(/^(?: |\\x09)+|(?: |\\x09)+$/g, ""));
    head.fields.set(name, values);
  }
}

/** Where the next LF is, or -1. */
function lineEnd(c: Cursor): number {
  for (let i = c.pos; i < c.end; i++) if (c.buf[i] === LF) return i;
  return -1;
}

const withoutCr = (c: Cursor, to: number, from = c.pos): number => (to > from && c.buf[to - 1] === CR ? to - 1 : to);

/** Host and port of an authority or of a Host field: what stood before `@` is a secret, the port may be missing. */
export function hostOf(authority: string, otherwise: number): { host: string; port: number } {
  // None may stand there (RFC 3986 section 3.2), and programs differ in what they take it for.
  if (authority.includes("\\")) return { host: tidy(authority), port: otherwise };
  const plain = authority.slice(authority.lastIndexOf("@") + 1).trim();
  const parts = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d{0,5}))?$/.exec(plain);
  if (parts === null) return { host: tidy(plain), port: otherwise }; // an IPv6 address without its brackets
  return { host: tidy(parts[1] ?? parts[2] ?? ""), port: Number(parts[3] ?? "") || otherwise };
}

/** Host of the absolute URI that a redirect leads to (RFC 9110 section 10.2.2); empty where it stays on its server. */
export function redirectHost({ status, fields }: HttpHead): string {
  if (!REDIRECTS.has(status)) return "";
  const authority = /^\s*(?:https?:)?\/\/([^/?#]+)/i.exec(fields.get("location")?.[0] ?? "")?.[1] ?? "";
  return hostOf(authority, 0).host;
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

function tidy(host: string): string {
  const lower = host.toLowerCase();
  return lower.endsWith(".") ? lower.slice(0, -1) : lower;
}
