/**
 * Kerberos 5: who asks which realm for a ticket to which service.
 * RFC 4120; TCP section 7.2.2.
 *
 *     UDP: a message          TCP: length 4, a message
 *     AS-REQ [10] TGS-REQ [12]   { [1] 5, [2] type, [3] padata, [4] { [0] options, [1] client, [2] realm, [3] service … } }
 *     AS-REP [11] TGS-REP [13]   { [0] 5, [1] type, [2] padata, [3] realm, [4] client, [5] ticket, [6] encrypted }
 *     KRB-ERROR [30]             { [0] 5, [1] type, … [6] error, [7] realm, [8] client, [9] realm, [10] service … }
 *
 * The nesting proves it on any port: tag, lengths, version 5, and a type that is the tag's.
 *
 * Does not cover: what is encrypted, Kerberos 4, password changes (RFC 3244), Kerberos inside of other protocols.
 */
import { type Cursor, escapeBytes } from "../src/decode/cursor.ts";
import { type Decoder, type Emit, STREAM_MORE, STREAM_NO } from "../src/decode/decoder.ts";
import {
  application,
  BER,
  context,
  elementSize,
  enterElement,
  peekTag,
  readInteger,
  skipElement,
  valueAt,
} from "./shared/ber.ts";
import { KERBEROS_TYPES, type KerberosType, KRB, kerberosError, LEADS_ON } from "./shared/kerberos-codes.ts";

const PORT = 88;
const VERSION = 5;
const GENERAL_STRING = 0x1b;
const LENGTH_BYTES = 4;
const LONGEST = 64 << 10;

const TAGS = [...KERBEROS_TYPES.keys()].map((type) => 0x60 | type);

export const kerberos: Decoder = {
  id: "kerberos",
  title: "Kerberos",
  specs: ["RFC 4120"],
  ports: { udp: [PORT], tcp: [PORT] },
  fields: [
    { field: "kerberos.type", about: "AS-REQ, AS-REP, TGS-REQ, TGS-REP, AP-REQ, AP-REP or KRB-ERROR" },
    { field: "kerberos.realm", about: "the realm that is asked, or that the client belongs to" },
    { field: "kerberos.client", about: "who asks: `operator`, `host/gw7.rollout.example`" },
    {
      field: "kerberos.service",
      about: "what the ticket is for: `krbtgt/ROLLOUT.EXAMPLE`, `ldap/dc1.rollout.example`",
    },
    { field: "kerberos.error", about: "why it was refused: KDC_ERR_PREAUTH_REQUIRED, KRB_AP_ERR_SKEW …" },
  ],
  opens: { datagram: [[0x60, 0x7f]], stream: [0] },
  forms: {
    // Its length in one to three bytes, then a sequence.
    datagram: [
      {
        first: TAGS,
        bytes: [
          [1, 0x80, 0],
          [2, 0xff, BER.sequence],
        ],
      },
      {
        first: TAGS,
        bytes: [
          [1, 0xff, 0x81],
          [3, 0xff, BER.sequence],
        ],
      },
      { first: TAGS, bytes: [[1, 0xff, 0x82, 0xff]] },
    ],
  },
  everyMessage: true,

  looksDatagram: (buf, off, len) => looks(buf, off, len),

  datagram(c, emit) {
    return elementSize(c.buf, c.pos, c.left, c.buf[c.pos]!) === c.left + c.cutOff && message(c, emit, c.cutOff > 0);
  },

  looksStream(buf, off, len) {
    // The length's first bit is reserved, and no message is longer than 64 KiB.
    if (buf[off] !== 0 || (len > 1 && buf[off + 1] !== 0)) return false;
    return len <= LENGTH_BYTES || looks(buf, off + LENGTH_BYTES, len - LENGTH_BYTES);
  },

  stream(c, emit) {
    const length = c.u32();
    if (length < 8 || length > LONGEST) return STREAM_NO;
    if (c.left > 0 && !looks(c.buf, c.pos, c.left)) return STREAM_NO;
    if (c.left >= 6 && elementSize(c.buf, c.pos, c.left, c.buf[c.pos]!) !== length) return STREAM_NO;
    if (c.left < length && c.cutOff === 0) return STREAM_MORE;
    const outer = c.enter(length, "message");
    const ours = message(c, emit, false);
    c.leave(outer);
    return ours ? c.at : STREAM_NO;
  },
};

/** A known tag, and a SEQUENCE inside it, as far as the bytes go. */
function looks(buf: Uint8Array, off: number, len: number): boolean {
  const tag = buf[off]!;
  if ((tag & 0xe0) !== 0x60 || !KERBEROS_TYPES.has(tag & 0x1f)) return false;
  if (len < 8) return true;
  return elementSize(buf, off, len, tag) > 8 && buf[valueAt(buf, off)] === BER.sequence;
}

/** One message. `cut`: the capture lacks its end, so that its own lengths rule nothing. False where it is none. */
function message(c: Cursor, emit: Emit, cut: boolean): boolean {
  const number = c.buf[c.pos]! & 0x1f;
  const type = KERBEROS_TYPES.get(number)!;
  if (cut) c.pos = valueAt(c.buf, c.pos);
  const outer = cut ? c.end : enterElement(c, application(number), type.name);
  if (cut) c.pos = valueAt(c.buf, c.pos);
  if (!cut && elementSize(c.buf, c.pos, c.left, BER.sequence) !== c.left) return false;
  const sequence = cut ? c.end : enterElement(c, BER.sequence, type.name);
  const first = number === KRB.asReq || number === KRB.tgsReq ? 1 : 0;
  if (readNumber(c, first) !== VERSION || readNumber(c, first + 1) !== number) return false;
  if (type.sender !== null) emit({ kind: "role", sender: type.sender, why: `Kerberos ${type.name}` });
  emit({ kind: "field", field: "kerberos.type", value: type.name });
  if (number !== KRB.error) tellMessage(type, emit);
  if (number === KRB.asReq || number === KRB.tgsReq) tellRequest(c, emit);
  else if (number === KRB.asRep || number === KRB.tgsRep) tellParts(c, { realm: 3, client: 4, service: -1 }, emit);
  else if (number === KRB.error) tellError(c, emit);
  if (cut) c.short(c.left + 1);
  c.skip(c.left);
  c.leave(sequence);
  c.leave(outer);
  return true;
}

/** A number in a context tag. */
function readNumber(c: Cursor, tag: number): number {
  const outer = enterElement(c, context(tag), `[${tag}]`);
  const value = readInteger(c, c.part);
  c.leave(outer);
  return value;
}

/** Messages carry nothing to pair by that both directions show. */
const tellMessage = (type: KerberosType, emit: Emit): void =>
  emit({ kind: "message", what: type.sender === "client" ? "request" : "response", id: "" });

function tellRequest(c: Cursor, emit: Emit): void {
  while (c.left > 0 && peekTag(c) !== context(4)) skipElement(c);
  if (c.left === 0) return;
  const outer = enterElement(c, context(4), "body");
  const body = enterElement(c, BER.sequence, "body");
  tellParts(c, { realm: 2, client: 1, service: 3 }, emit);
  c.skip(c.left);
  c.leave(body);
  c.leave(outer);
}

/** Walks elements in context tags and tells those whose numbers are given. */
function tellParts(c: Cursor, tags: { realm: number; client: number; service: number }, emit: Emit): void {
  while (c.left > 0) {
    const tag = peekTag(c) - context(0);
    if (tag > Math.max(tags.realm, tags.client, tags.service)) return;
    if (tag === tags.realm) tellText(c, tag, "realm", emit);
    else if (tag === tags.client) tellText(c, tag, "client", emit);
    else if (tag === tags.service) tellText(c, tag, "service", emit);
    else skipElement(c);
  }
}

function tellText(c: Cursor, tag: number, field: string, emit: Emit): void {
  const outer = enterElement(c, context(tag), field);
  const value = peekTag(c) === BER.sequence ? readPrincipal(c) : readString(c);
  c.leave(outer);
  if (value !== "") emit({ kind: "field", field: `kerberos.${field}`, value });
}

/** { [0] kind of name, [1] { component … } } (RFC 4120 section 5.2.2), told with slashes between. */
function readPrincipal(c: Cursor): string {
  const outer = enterElement(c, BER.sequence, c.part);
  skipElement(c);
  const list = enterElement(c, context(1), c.part);
  const names = enterElement(c, BER.sequence, c.part);
  const parts: string[] = [];
  while (c.left > 0) parts.push(readString(c));
  c.leave(names);
  c.leave(list);
  c.leave(outer);
  return parts.join("/");
}

function readString(c: Cursor): string {
  const outer = enterElement(c, GENERAL_STRING, c.part);
  const text = escapeBytes(c.buf, c.pos, c.end);
  c.leave(outer);
  return text;
}

/** Times [2] to [5], error [6], client [7] [8], service [9] [10]. */
function tellError(c: Cursor, emit: Emit): void {
  while (c.left > 0 && peekTag(c) < context(6)) skipElement(c);
  const code = readNumber(c, 6);
  const failed = LEADS_ON.includes(code) ? {} : { failed: true };
  emit({ kind: "message", what: "response", id: "", ...failed });
  emit({ kind: "field", field: "kerberos.error", value: kerberosError(code) });
  emit({ kind: "fault", what: "kerberos-error", code, text: kerberosError(code) });
  tellParts(c, { realm: 9, client: 8, service: 10 }, emit);
}
