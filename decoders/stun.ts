/**
 * STUN and TURN: which address a host is seen under, and the relays and connectivity checks built on that.
 * RFC 8489 (5389 before it), classic STUN RFC 3489; TURN RFC 8656 and 6062; ICE attributes RFC 8445.
 *
 *     ┌──┬──────────────┬────────┬──────────────┬────────────────┬─────────────────────────────┐
 *     │00│ class·method │ length │ magic cookie │ transaction id │ attribute: type length value │ ×
 *     │2 │ 14 bits      │ 2      │ 4            │ 12             │ 2 + 2 + length, padded to 4  │
 *     └──┴──────────────┴────────┴──────────────┴────────────────┴─────────────────────────────┘
 *     classic: no cookie, a transaction id of 16 bytes
 *     ┌────────────────┬────────┬──────┐
 *     │ channel 01…    │ length │ data │ TURN's ChannelData, once a channel is bound
 *     └────────────────┴────────┴──────┘
 *
 * The cookie, the length and the attributes have to agree. Without the cookie only RFC 3489's own methods and attributes
 * count, each of its one size, and only in datagrams. ChannelData shows nothing of its own: it is known by the port, or
 * in a stream by what came before.
 *
 * Does not cover: message integrity and fingerprint (not checked), what a relay or an ICE stream carries. Over streams
 * ICE puts a length of two bytes before each message (RFC 4571): taken off.
 */
import { formatIpv4, formatIpv6 } from "../src/address.ts";
import type { Cursor } from "../src/decode/cursor.ts";
import { type Context, type Decoder, type Emit, STREAM_DONE, STREAM_MORE, STREAM_NO } from "../src/decode/decoder.ts";
import { ATTRIBUTE, classicSize, errorName, isClassicMethod, methodName } from "./shared/stun-codes.ts";

const HEADER_LENGTH = 20;
const MAGIC_COOKIE = 0x2112a442;
const CHANNEL_HEADER_LENGTH = 4;
const FRAME_LENGTH = 2; // RFC 4571
const PORTS = [3478, 3479, 3480, 3481, 5349, 19302, 19303, 19304, 19305, 19306, 19307, 19308, 19309];

/** The two class bits (RFC 8489 section 5). */
const CLASSES = ["request", "indication", "success", "error"] as const;
const WHAT = { request: "request", indication: "oneway", success: "response" } as const;

export const stun: Decoder = {
  id: "stun",
  title: "Session Traversal Utilities for NAT, with TURN",
  specs: ["RFC 8489", "RFC 3489", "RFC 8656", "RFC 6062", "RFC 8445"],
  ports: { udp: PORTS, tcp: [3478, 5349] },
  fields: [
    { field: "stun.method", about: "Binding, Allocate, Refresh, Send, CreatePermission … ; an unknown one 0x00c" },
    { field: "stun.class", about: "request, indication, success or error" },
    { field: "stun.mapped-address", about: "address:port that the server saw the client under" },
    { field: "stun.relayed-address", about: "address:port that the relay took for the client" },
    { field: "stun.peer-address", about: "address:port behind the relay that the message is about" },
    { field: "stun.software", about: "the sender's own name for itself" },
    { field: "stun.realm", about: "the realm that the server asks credentials for" },
    { field: "stun.username", about: "the user's name; in ICE the two ends' fragments" },
    { field: "stun.ice-role", about: "an ICE connectivity check: controlling or controlled" },
    { field: "stun.use-candidate", about: "the controlling end chose this pair: yes" },
  ],
  // Over streams every method that is assigned begins with 0 or 1, and a length before it (RFC 4571) is below 4,096.
  opens: { datagram: [[0, 0x7f]], stream: [[0, 0x0f]] },
  forms: {
    datagram: [{ first: [[0, 0x3f]], least: HEADER_LENGTH, bytes: [[3, 3, 0]], fits: { at: 2, more: HEADER_LENGTH } }],
  },
  everyMessage: true,
  prepares: true,

  looksDatagram(buf, off, len) {
    if (len < CHANNEL_HEADER_LENGTH) return false;
    const first = buf[off]!;
    if (isChannel(first)) return true;
    return first < 0x40 && len >= HEADER_LENGTH && (buf[off + 3]! & 3) === 0;
  },

  datagram(c, emit, at) {
    if (isChannel(c.buf[c.pos]!)) return channelData(c, at);
    return message(c, emit, at);
  },

  looksStream(buf, off, len) {
    if (buf[off]! > 0x0f) return false;
    if (len < 4 + FRAME_LENGTH) return true;
    if (len < 8 + FRAME_LENGTH) return (buf[off + 3]! & 3) === 0 || (buf[off + 3 + FRAME_LENGTH]! & 3) === 0;
    return u32(buf, off + 4) === MAGIC_COOKIE || u32(buf, off + FRAME_LENGTH + 4) === MAGIC_COOKIE;
  },

  stream(c, emit, at) {
    c.need(1);
    if (at.started && isChannel(c.buf[c.pos]!)) {
      c.part = "ChannelData";
      c.skip(2);
      c.skip(padded(c.u16())); // over streams always padded (RFC 8656 section 12.5)
      return c.at;
    }
    if (c.left < 8 + FRAME_LENGTH && c.cutOff === 0) return STREAM_MORE;
    c.need(8);
    if (u32(c.buf, c.pos + 4) !== MAGIC_COOKIE) {
      c.need(8 + FRAME_LENGTH);
      // Behind a check of ICE comes what the connection was made for.
      if (u32(c.buf, c.pos + FRAME_LENGTH + 4) !== MAGIC_COOKIE) return at.started ? STREAM_DONE : STREAM_NO;
      c.skip(FRAME_LENGTH);
    }
    const outer = c.enter(HEADER_LENGTH + ((c.buf[c.pos + 2]! << 8) | c.buf[c.pos + 3]!), "message");
    const ours = message(c, emit, at);
    c.leave(outer);
    if (!ours) return at.started ? c.bad("no STUN message") : STREAM_NO;
    return c.at;
  },
};

const u32 = (buf: Uint8Array, off: number): number =>
  ((buf[off]! << 24) | (buf[off + 1]! << 16) | (buf[off + 2]! << 8) | buf[off + 3]!) >>> 0;
const padded = (length: number): number => (length + 3) & ~3;

/** RFC 5766 gave channels 0x4000 to 0x7fff, RFC 8656 keeps the lowest quarter of them; both are about. */
const isChannel = (first: number): boolean => first >= 0x40 && first < 0x80;

/** Over datagrams the data may go without padding (RFC 8656 section 12.5). Nothing is said of what it carries. */
function channelData(c: Cursor, at: Context): boolean {
  if (!PORTS.includes(at.senderPort) && !PORTS.includes(at.receiverPort)) return false;
  c.skip(2);
  const length = c.u16();
  const there = c.left + c.cutOff;
  return there === length || there === padded(length);
}

/** Bytes missing of this very message: a stream's message is whole before it is read. */
const cutOff = (c: Cursor, at: Context): number => (at.transport === "udp" ? c.cutOff : 0);

interface Message {
  type: number;
  class: (typeof CLASSES)[number];
  method: number;
  classic: boolean;
  transaction: string;
  /** The mapped address told last. */
  mapped: string;
  /** Of an error response: its code and words, and whether a nonce to try again with came along. */
  error: number;
  reason: string;
  challenge: boolean;
  /** Offset of cookie and transaction id, which XOR-mapped addresses are made with. */
  mask: number;
}

/** One message between the cursor and its end. False, or a fault with nothing emitted, where it is none. */
function message(c: Cursor, emit: Emit, at: Context): boolean {
  c.part = "header";
  const type = c.u16();
  if (type > 0x3fff) return false;
  const length = c.u16();
  const there = HEADER_LENGTH + length - CHANNEL_HEADER_LENGTH;
  if (c.left + cutOff(c, at) !== there) return false;
  c.need(4);
  const classic = u32(c.buf, c.pos) !== MAGIC_COOKIE;
  const m: Message = {
    type,
    class: CLASSES[((type >> 7) & 2) | ((type >> 4) & 1)]!,
    method: (type & 0xf) | ((type >> 1) & 0x70) | ((type >> 2) & 0xf80),
    classic,
    mask: c.pos,
    transaction: "",
    mapped: "",
    error: 0,
    reason: "",
    challenge: false,
  };
  if (!classic) c.skip(4);
  m.transaction = c.hex(classic ? 16 : 12);
  if (!attributesHold(c, m, cutOff(c, at) > 0)) return false;
  if (classic && (at.transport !== "udp" || !isClassic(c, m, at))) return false;
  if (classic && !isMarked(c, m, at)) return at.peerStarted;
  tell(c, m, emit);
  if (cutOff(c, at) > 0) c.short(cutOff(c, at));
  if (m.class === "error") tellError(m, emit);
  return true;
}

/** Whether the attributes fill the message exactly, as far as the capture shows it. Older programs leave out the last padding. */
function attributesHold(c: Cursor, m: Message, cut: boolean): boolean {
  let at = c.pos;
  while (at < c.end) {
    if (c.end - at < 4) return cut;
    const type = (c.buf[at]! << 8) | c.buf[at + 1]!;
    const length = (c.buf[at + 2]! << 8) | c.buf[at + 3]!;
    if (m.classic && !classicSize(type, length)) return false;
    at += 4 + length;
    if (at > c.end) return cut;
    at = Math.min(padded(at - c.pos) + c.pos, c.end);
  }
  return true;
}

function isClassic(c: Cursor, m: Message, at: Context): boolean {
  if (!isClassicMethod(m.method) || m.class === "indication" || c.cutOff > 0) return false;
  if (m.class !== "request" && c.left === 0) return false;
  return at.peerStarted || isMarked(c, m, at);
}

/**
 * RFC 3489 has next to no marks of its own, so a message without attributes has to show a random transaction id. Behind others
 * of its flow any may come, and says nothing: in a capture that begins with it nobody could know it.
 */
function isMarked(c: Cursor, m: Message, at: Context): boolean {
  if (c.left > 0 || PORTS.includes(at.senderPort) || PORTS.includes(at.receiverPort)) return true;
  return new Set(c.buf.subarray(m.mask, m.mask + 16)).size >= 10;
}

function tell(c: Cursor, m: Message, emit: Emit): void {
  if (m.class === "request") emit({ kind: "role", sender: "client", why: "STUN request" });
  else if (m.class !== "indication") emit({ kind: "role", sender: "server", why: `STUN ${m.class} response` });
  emit({ kind: "field", field: "stun.method", value: methodName(m.method) });
  emit({ kind: "field", field: "stun.class", value: m.class });
  if (m.class !== "error") emit({ kind: "message", what: WHAT[m.class], id: m.transaction });
  while (c.left > 0) {
    c.part = "attribute";
    const type = c.u16();
    const length = c.u16();
    const outer = c.enter(length, `attribute 0x${type.toString(16).padStart(4, "0")}`);
    switch (type) {
      case ATTRIBUTE.mappedAddress:
        tellMapped(c, m, emit, false);
        break;
      case ATTRIBUTE.xorMappedAddress:
      case ATTRIBUTE.oldXorMappedAddress:
        tellMapped(c, m, emit, true);
        break;
      case ATTRIBUTE.xorRelayedAddress:
        emit({ kind: "field", field: "stun.relayed-address", value: readAddress(c, m, true) });
        break;
      case ATTRIBUTE.xorPeerAddress:
        emit({ kind: "field", field: "stun.peer-address", value: readAddress(c, m, true) });
        break;
      case ATTRIBUTE.errorCode:
        c.skip(2);
        m.error = (c.u8() & 7) * 100 + c.u8();
        m.reason = c.text(c.left);
        break;
      case ATTRIBUTE.software:
        tellText(c, emit, "stun.software");
        break;
      case ATTRIBUTE.realm:
        tellText(c, emit, "stun.realm");
        break;
      case ATTRIBUTE.username:
        tellText(c, emit, "stun.username");
        break;
      case ATTRIBUTE.nonce:
        m.challenge = true;
        break;
      case ATTRIBUTE.iceControlling:
      case ATTRIBUTE.iceControlled:
        emit({
          kind: "field",
          field: "stun.ice-role",
          value: type === ATTRIBUTE.iceControlling ? "controlling" : "controlled",
        });
        break;
      case ATTRIBUTE.useCandidate:
        emit({ kind: "field", field: "stun.use-candidate", value: "yes" });
        break;
    }
    c.leave(outer);
    c.skip(Math.min(padded(length) - length, c.left));
  }
}

/** Asked for credentials or for a fresh nonce, the client asks again: no failure (RFC 8489 section 9.2.4). */
function tellError(m: Message, emit: Emit): void {
  emit({ kind: "fault", what: "stun-error", code: m.error, text: errorName(m.error) ?? m.reason });
  const goesOn = m.challenge && (m.error === 401 || m.error === 438);
  emit({ kind: "message", what: "response", id: m.transaction, ...(goesOn ? {} : { failed: true }) });
}

function tellText(c: Cursor, emit: Emit, field: string): void {
  const value = c.text(c.left).replace(/(\\x00)+$/, "");
  if (value !== "") emit({ kind: "field", field, value });
}

/** Many servers give the address twice, plain and XORed against meddling routers; said once where both agree. */
function tellMapped(c: Cursor, m: Message, emit: Emit, xor: boolean): void {
  const value = readAddress(c, m, xor);
  if (value !== m.mapped) emit({ kind: "field", field: "stun.mapped-address", value });
  m.mapped = value;
}

/** Zero 1, family 1, port 2, address 4 or 16; XORed with the cookie and the transaction id (RFC 8489 section 14.2). */
function readAddress(c: Cursor, m: Message, xor: boolean): string {
  const word = (i: number): number => (xor ? u32(c.buf, m.mask + 4 * i) : 0);
  c.skip(1);
  const family = c.u8();
  const port = c.u16() ^ (word(0) >>> 16);
  if (family === 1) return `${formatIpv4((c.u32() ^ word(0)) >>> 0)}:${port}`;
  if (family !== 2) return c.bad(`address family ${family}`);
  const words = [0, 1, 2, 3].map((i) => (c.u32() ^ word(i)) >>> 0);
  return `[${formatIpv6(words[0]!, words[1]!, words[2]!, words[3]!)}]:${port}`;
}
