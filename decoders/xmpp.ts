/**
 * XMPP: messages and presence between a client and its server, or between servers; in clear or not.
 * RFC 6120; Jabber's older form XEP-0078.
 *
 *     client  <?xml version='1.0'?><stream:stream to='rollout.example' xmlns='jabber:client' …>
 *     server  <stream:stream id='…' from='rollout.example' …><stream:features><starttls …/></stream:features>
 *     client  <starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>
 *     server  <proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>            (TLS from here on, in both directions)
 *
 * The opening tag and its namespace prove it on any port; only a server's has an id. A direction is read, a tag a call,
 * until the first stanza (iq, message, presence). Amid a connection a stanza with a namespace of XMPP's, or the stream's end,
 * proves it.
 *
 * Does not cover: stanzas, credentials (never kept), XMPP over HTTP or WebSocket, what runs inside TLS.
 */
import { type Cursor, escapeBytes } from "../src/decode/cursor.ts";
import { type Context, type Decoder, type Emit, STREAM_DONE, STREAM_NEXT, STREAM_NO } from "../src/decode/decoder.ts";
import { beginsTls, bounded, inClear } from "./shared/dialogue.ts";
import { tls } from "./tls.ts";

const LESS = 0x3c;
const GREATER = 0x3e;
const LONGEST_TAG = 4096;
const NAMESPACE =
  /xmlns(?::\w+)?=(["'])(?:jabber:(?:client|server|component:\w+)|http:\/\/etherx\.jabber\.org\/streams)\1/;
/** Behind a stanza's tag, in what it holds (RFC 6120 section 8.4, XEPs). */
const CONTENT = /xmlns(?::\w+)?=(["'])(?:jabber:|http:\/\/jabber\.org\/|urn:xmpp:|urn:ietf:params:xml:ns:xmpp-)/;
const END = "/stream:stream";
const STANZA = /^(?:iq|message|presence)$/;
/** Bits of a direction's state: its sender is the server; the text that comes is a mechanism's name. */
const SERVER = 1;
const IN_MECHANISM = 2;

export const xmpp: Decoder = {
  id: "xmpp",
  title: "Extensible Messaging and Presence Protocol",
  specs: ["RFC 6120", "XEP-0078"],
  ports: { tcp: [5222, 5269, 5298] },
  fields: [
    { field: "xmpp.to", about: "the domain that the client asks for" },
    { field: "xmpp.from", about: "the domain that the server says it is" },
    { field: "xmpp.version", about: "of the stream: 1.0; none where it is older" },
    { field: "xmpp.kind", about: "client, server or component, after the stream's namespace" },
    { field: "xmpp.starttls", about: "offered, or asked for; agreed where inner_app is tls" },
    { field: "xmpp.auth", about: "the mechanism that the client logs in by" },
    { field: "xmpp.password", about: "how the client sends its password: in clear" },
    { field: "xmpp.auth-offered", about: "a mechanism that the server offers" },
  ],
  opens: { stream: [0x3c] },
  everyMessage: true,

  looksStream(buf, off, len) {
    return buf[off] === LESS && (len < 2 || FIRST.includes(String.fromCharCode(buf[off + 1]!)));
  },

  stream(c, emit, at) {
    if (at.started && beginsTls(c)) {
      at.next = tls.id;
      return STREAM_NEXT;
    }
    if (!at.started) return opening(c, emit, at);
    const state = at.state ?? 0;
    if (c.buf[c.pos] !== LESS) return text(c, emit, (state & IN_MECHANISM) !== 0);
    const tag = readTag(c);
    if (tag === null) return STREAM_DONE;
    const name = /^\/?([\w:.-]+)/.exec(tag)?.[1] ?? "";
    if (STANZA.test(name)) return STREAM_DONE;
    at.state = (state & SERVER) | (name === "mechanism" && !tag.startsWith("/") ? IN_MECHANISM : 0);
    tell(tag, name, (state & SERVER) !== 0, emit);
    return c.at;
  },
};

/** What may stand behind a first bracket: `?xml`, `stream:stream`, its end, a stanza. */
const FIRST = "?s/imp";

/** The stream's own tag, with what may stand before it. */
function opening(c: Cursor, emit: Emit, at: Context): number {
  let tag = readTag(c);
  if (!at.fromStart && tag === END) return STREAM_DONE;
  if (!at.fromStart && tag !== null && STANZA.test(tag.split(" ", 1)[0]!)) {
    const begun = escapeBytes(c.buf, c.pos, Math.min(c.end, c.pos + LONGEST_TAG));
    return CONTENT.test(`${tag}>${begun}`) ? STREAM_DONE : STREAM_NO;
  }
  if (tag?.startsWith("?xml")) {
    while (c.left > 0 && isBlank(c.buf[c.pos]!)) c.skip(1);
    c.need(1);
    tag = c.buf[c.pos] === LESS ? readTag(c) : null;
  }
  if (tag === null || !tag.startsWith("stream:stream") || !NAMESPACE.test(tag)) return STREAM_NO;
  at.state = tellStream(tag, emit) ? SERVER : 0;
  return c.at;
}

/** A tag without its brackets; null where it has no end in sight, or is none. */
function readTag(c: Cursor): string | null {
  c.part = "tag";
  if (c.u8() !== LESS) return null;
  const end = c.find(GREATER);
  if (end < 0) {
    if (c.left > LONGEST_TAG) return null;
    c.short(c.left + 1);
  }
  const tag = escapeBytes(c.buf, c.pos, end);
  c.pos = end + 1;
  return tag;
}

/** Text between tags: a mechanism's name is told, once it is whole; anything else is passed over. */
function text(c: Cursor, emit: Emit, mechanism: boolean): number {
  const found = c.find(LESS);
  const end = found < 0 ? c.end : found;
  if (mechanism) {
    if (end === c.end && c.left < LONGEST_TAG) c.short(c.left + 1);
    const value = bounded(escapeBytes(c.buf, c.pos, end).trim());
    if (value !== "") emit({ kind: "field", field: "xmpp.auth-offered", value });
  }
  return end - c.pos;
}

function tell(tag: string, name: string, server: boolean, emit: Emit): void {
  switch (name) {
    case "stream:stream":
      if (!tag.startsWith("/")) tellStream(tag, emit);
      return;
    case "starttls":
      if (!tag.startsWith("/"))
        emit({ kind: "field", field: "xmpp.starttls", value: server ? "offered" : "asked for" });
      return;
    case "auth": {
      const mechanism = attribute(tag, "mechanism");
      if (mechanism !== "") emit({ kind: "field", field: "xmpp.auth", value: mechanism });
      if (inClear(mechanism)) emit({ kind: "field", field: "xmpp.password", value: "in clear" });
      return;
    }
    case "failure":
    case "stream:error":
      if (!tag.startsWith("/")) emit({ kind: "fault", what: "xmpp-error", code: -1, text: name });
  }
}

/** True where the server said it. */
function tellStream(tag: string, emit: Emit): boolean {
  const server = attribute(tag, "id") !== "";
  emit({ kind: "role", sender: server ? "server" : "client", why: `XMPP stream ${server ? "with" : "without"} an id` });
  const domain = server ? "from" : "to";
  const name = attribute(tag, domain).toLowerCase();
  if (name !== "") emit({ kind: "field", field: `xmpp.${domain}`, value: name });
  const version = attribute(tag, "version");
  if (version !== "") emit({ kind: "field", field: "xmpp.version", value: version });
  const kind = /xmlns=["']jabber:(client|server|component)/.exec(tag)?.[1];
  if (kind !== undefined) emit({ kind: "field", field: "xmpp.kind", value: kind });
  return server;
}

const attribute = (tag: string, name: string): string =>
  bounded(new RegExp(`\\s${name}=(["'])(.*?)\\1`).exec(tag)?.[2] ?? "");

const isBlank = (byte: number): boolean => byte === 0x20 || (byte >= 9 && byte <= 13);
