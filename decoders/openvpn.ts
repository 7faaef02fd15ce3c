/**
 * OpenVPN: a tunnel whose ends first shake hands in TLS.
 * The protocol's description in OpenVPN's own sources (doc/doxygen/doc_protocol_overview.h, ssl_pkt.h).
 *
 *     TCP only: length 2
 *     ┌────────────┬──────────────┬──────────────────────────────┬────────────────┬──────────────┬───────────┐
 *     │ opcode·key │ own session 8│ acks: count 1, ids 4×, peer's│ packet id 4    │ TLS                      │ plain
 *     │            │              │ session 8 where there are any│ not in an ack  │                          │
 *     ├────────────┼──────────────┼─────────────────┬────────────┴──┬─────────────┴──────────────┬───────────┤
 *     │ …          │ …            │ HMAC 16 to 64   │ packet id, time 4 + 4 │ acks … as above            │ tls-auth
 *     │ …          │ …            │ packet id, time 4 + 4 │ HMAC 32 │ encrypted                          │ tls-crypt
 *     └────────────┴──────────────┴─────────────────┴───────────────┴────────────────────────────────────────┘
 *
 * The two resets that open a session prove it: of fixed length, with zeros where ids begin, or a packet id of one and the
 * time of the capture. The rest is known by them.
 *
 * Does not cover: what is encrypted, TLS inside, tunnels with a static key, which have no handshake.
 */
import type { Cursor } from "../src/decode/cursor.ts";
import { type Context, type Decoder, type Emit, STREAM_DONE, STREAM_MORE, STREAM_NO } from "../src/decode/decoder.ts";

const PORT = 1194;
const OPCODES = new Map([
  [1, "hard reset client v1"],
  [2, "hard reset server v1"],
  [3, "soft reset"],
  [4, "control"],
  [5, "acknowledgement"],
  [6, "data v1"],
  [7, "hard reset client v2"],
  [8, "hard reset server v2"],
  [9, "data v2"],
  [10, "hard reset client v3"],
  [11, "wrapped client key"],
]);
const CLIENT_RESETS = [1, 7, 10];
const SERVER_RESETS = [2, 8];
const SESSION_AT = 1;
const SESSION_LENGTH = 8;
const REST_AT = SESSION_AT + SESSION_LENGTH;
/** No ack and the packet id; one ack, the peer's session and the packet id. */
const REST_LENGTHS = [5, 17];
/** What newer versions say before the handshake stands behind it: type 2, length 2, flags 2. */
const EARLY_LENGTH = 6;
const REPLAY_LENGTH = 8; // packet id and time
const HMACS = [16, 20, 28, 32, 48, 64]; // MD5, SHA-1, SHA-2
const CRYPT_HMAC = 32;
const SHORTEST = REST_AT + 5;
/** Over TCP; a wrapped key makes the longest of them. */
const LONGEST_RESET = 2048;
const YEAR = 366 * 86_400;

export const openvpn: Decoder = {
  id: "openvpn",
  title: "OpenVPN",
  specs: ["OpenVPN protocol overview"],
  ports: { udp: [PORT], tcp: [PORT] },
  fields: [
    { field: "openvpn.message", about: "hard reset client v2, hard reset server v2 …" },
    { field: "openvpn.wrapping", about: "of the handshake: plain, tls-auth or tls-crypt" },
  ],
  opens: { datagram: [[1 << 3, (12 << 3) | 7]], stream: [[0, LONGEST_RESET >> 8]] },
  forms: { datagram: [{ first: [...CLIENT_RESETS, ...SERVER_RESETS].map((opcode) => opcode << 3), least: SHORTEST }] },
  everyMessage: false,

  looksDatagram(buf, off, len) {
    return len >= SHORTEST && OPCODES.has(buf[off]! >> 3);
  },

  datagram(c, emit, at) {
    if (at.peerStarted && !isReset(c.buf[c.pos]! >> 3)) return true;
    return reset(c, c.left + c.cutOff, emit, at);
  },

  looksStream(buf, off, len) {
    const first = buf[off]! << 8;
    if (first > LONGEST_RESET || (len >= 2 && (first | buf[off + 1]!) < SHORTEST)) return false;
    return len < 3 || isReset(buf[off + 2]! >> 3);
  },

  stream(c, emit, at) {
    const length = c.u16();
    if (c.left < Math.min(length, REST_AT)) return STREAM_MORE;
    if (length < SHORTEST || !isReset(c.buf[c.pos]! >> 3)) return STREAM_NO;
    if (c.left < length) return length > LONGEST_RESET ? STREAM_NO : STREAM_MORE;
    const outer = c.enter(length, "message");
    const ours = reset(c, length, emit, at);
    c.leave(outer);
    return ours ? STREAM_DONE : STREAM_NO;
  },
};

const isReset = (opcode: number): boolean => CLIENT_RESETS.includes(opcode) || SERVER_RESETS.includes(opcode);

/** One of the two that open a session, `size` bytes from the cursor on. */
function reset(c: Cursor, size: number, emit: Emit, at: Context): boolean {
  const begin = c.pos;
  const opcode = c.u8() >> 3;
  if (!isReset(opcode) || (c.buf[begin]! & 7) !== 0) return false;
  const session = c.hex(SESSION_LENGTH);
  const client = CLIENT_RESETS.includes(opcode);
  const wrapping = wrappingOf(c, begin, size, opcode, at);
  if (wrapping === null) return false;
  // A server's reset that acknowledges the client's carries its session, which pairs the two.
  const peer = wrapping.rest >= 0 && c.buf[wrapping.rest] === 1 ? hexAt(c, wrapping.rest + 5) : "";
  emit({ kind: "role", sender: client ? "client" : "server", why: `OpenVPN ${OPCODES.get(opcode)}` });
  emit({ kind: "field", field: "openvpn.message", value: OPCODES.get(opcode)! });
  emit({ kind: "field", field: "openvpn.wrapping", value: wrapping.kind });
  emit({ kind: "message", what: client ? "request" : "response", id: client ? session : peer });
  return true;
}

interface Wrapping {
  kind: "plain" | "tls-auth" | "tls-crypt";
  /** Offset of the acks in the buffer; -1 where they are encrypted. */
  rest: number;
}

function wrappingOf(c: Cursor, begin: number, size: number, opcode: number, at: Context): Wrapping | null {
  if (restHolds(c, begin, REST_AT, size)) return { kind: "plain", rest: begin + REST_AT };
  for (const hmac of HMACS) {
    const replay = REST_AT + hmac;
    if (!replayHolds(c, begin + replay, at) || !restHolds(c, begin, replay + REPLAY_LENGTH, size)) continue;
    return { kind: "tls-auth", rest: begin + replay + REPLAY_LENGTH };
  }
  const longer = size - (REST_AT + REPLAY_LENGTH + CRYPT_HMAC);
  const fits =
    opcode === 10 ? longer > 5 : REST_LENGTHS.includes(longer) || REST_LENGTHS.includes(longer - EARLY_LENGTH);
  return fits && replayHolds(c, begin + REST_AT, at) ? { kind: "tls-crypt", rest: -1 } : null;
}

/** No ack, or one of the packet 0, and packet id 0, up to the message's end. */
function restHolds(c: Cursor, begin: number, offset: number, size: number): boolean {
  const length = size - offset;
  const from = begin + offset;
  if (!REST_LENGTHS.includes(length) || from + length > c.end) return false;
  if (c.buf[from] !== (length === 5 ? 0 : 1)) return false;
  return isZero(c, from + length - 4) && (length === 5 || isZero(c, from + 1));
}

/** The first packet of a session, sent about now. Newer versions mark it in its upper half (`0f000001`). */
function replayHolds(c: Cursor, from: number, at: Context): boolean {
  if (from + REPLAY_LENGTH > c.end) return false;
  const id = word(c, from);
  const marked = id >>> 28 === 0 && id >>> 24 >= 0x0a && (id & 0xffff) === 1;
  return (id === 1 || marked) && Math.abs(word(c, from + 4) - at.sec) < YEAR;
}

const word = (c: Cursor, at: number): number =>
  ((c.buf[at]! << 24) | (c.buf[at + 1]! << 16) | (c.buf[at + 2]! << 8) | c.buf[at + 3]!) >>> 0;
const isZero = (c: Cursor, at: number): boolean => word(c, at) === 0;

function hexAt(c: Cursor, at: number): string {
  c.pos = at;
  return c.hex(SESSION_LENGTH);
}
