/**
 * RDP: who opens a screen of which host, and under which protection. Over UDP, the opening of its side channels.
 * [MS-RDPBCGR] 2.2.1.1 and 2.2.1.2, RFC 1006, X.224; [MS-RDPEUDP] 2.2.2.
 *
 *     TPKT 03 00 length 2 │ X.224: length 1, E0 request or D0 confirm, 2, 2, class 0 │ "Cookie: mstshash=…" CRLF │ 8 more
 *     the eight: 01 request, 02 response or 03 failure · flags · length 8, 0 · protocols 4, lowest byte first
 *     UDP: FF FF FF FF · window 2 · flags 2 · sequence 4 · MTUs 2 + 2 · …, filled with zeros to the MTU
 *
 * A cookie or the eight bytes prove it; a request of neither may be any protocol of X.224, and is believed only where the
 * other side has shown what it is. Where both agree on it TLS begins behind the confirm, and is read on.
 *
 * Does not cover: what is behind the first messages, users' credentials, RDP's own encryption, data over UDP.
 */
import type { Cursor } from "../src/decode/cursor.ts";
import { type Context, type Decoder, type Emit, STREAM_DONE, STREAM_NO } from "../src/decode/decoder.ts";
import { bounded } from "./shared/bounded.ts";
import { readTsdu, TPDU, TPKT, tpktSize } from "./shared/cotp.ts";
import { tls } from "./tls.ts";

const PORT = 3389;
const HEADER_LENGTH = 11; // TPKT's four bytes and X.224's seven
const INDICATOR_AT = 4;
const CLASS_AT = 10;
const LONGEST = 1024; // a routing token is shorter, and nothing else is variable
const NEGOTIATION_LENGTH = 8;
const NEGOTIATION = { request: 1, response: 2, failure: 3 } as const;
const CORRELATION_FLAG = 8;

/** [MS-RDPBCGR] 2.2.1.1.1; nothing set is RDP's own encryption. */
const PROTOCOLS: readonly [bit: number, name: string][] = [
  [1, "tls"],
  [2, "credssp"],
  [4, "rdstls"],
  [8, "credssp-ex"],
  [16, "aad"],
];
const KNOWN_PROTOCOLS = 0x1f;
/** [MS-RDPBCGR] 2.2.1.2.2. */
const FAILURES = new Map([
  [1, "TLS required by server"],
  [2, "TLS not allowed by server"],
  [3, "no certificate on server"],
  [4, "inconsistent flags"],
  [5, "CredSSP required by server"],
  [6, "TLS with user authentication required by server"],
]);

/** What follows in a direction; above it the state of TLS. */
const NEXT = { tls: 1 } as const;
const SHIFT = 4;

const UDP_FLAG = { syn: 1, ack: 4 } as const;
const SHORTEST_MTU = 1132;
const LONGEST_MTU = 1232;

export const rdp: Decoder = {
  id: "rdp",
  title: "Remote Desktop Protocol",
  specs: ["MS-RDPBCGR", "MS-RDPEUDP", "RFC 1006"],
  ports: { tcp: [PORT], udp: [PORT] },
  fields: [
    { field: "rdp.user", about: "the beginning of the user's name, from the cookie" },
    { field: "rdp.token", about: "the routing token for a load balancer" },
    {
      field: "rdp.offered",
      about: "the protections that the client offers, with commas: tls, credssp …; rdp without any",
    },
    { field: "rdp.protection", about: "the protection that the server chose: rdp (its own), tls, credssp …" },
  ],
  forms: { datagram: [{ first: [[0, 255]], least: SHORTEST_MTU }] },
  everyMessage: false,
  opens: { stream: [3] },

  looksDatagram(buf, off, len) {
    if (len < SHORTEST_MTU || len > LONGEST_MTU) return false;
    return (buf[off + 7]! & UDP_FLAG.syn) !== 0;
  },

  datagram: opening,

  looksStream(buf, off, len) {
    if (buf[off] !== TPKT.version || (len > 1 && buf[off + 1] !== 0)) return false;
    return len <= 5 || buf[off + 5] === TPDU.connect || buf[off + 5] === TPDU.confirm;
  },

  stream(c, emit, at) {
    return at.started ? protectedStream(c, emit, at) : connection(c, emit, at);
  },
};

/** A connection's request or its confirm. */
function connection(c: Cursor, emit: Emit, at: Context): number {
  const begun = c.pos;
  const size = tpktSize(c.buf, begun, c.left);
  if (size < 0) c.need(TPKT.length + 2);
  if (size < HEADER_LENGTH || size > LONGEST) return STREAM_NO;
  const outer = c.enter(size, "TPKT");
  const { code, body } = readTsdu(c, false);
  c.leave(outer);
  // All of it is the head of class 0, behind which nothing stands.
  if (c.buf[begun + INDICATOR_AT] !== size - INDICATOR_AT - 1 || c.buf[begun + CLASS_AT] !== 0) return STREAM_NO;
  if (code !== TPDU.connect && code !== TPDU.confirm) return STREAM_NO;
  if (!(code === TPDU.connect ? request(body, emit) : confirm(body, emit, at))) return STREAM_NO;
  at.state = NEXT.tls;
  return c.at;
}

/** Cookie or token, a line of text; then, of newer clients, what they can do. */
function request(c: Cursor, emit: Emit): boolean {
  let proved = false;
  let user = "";
  let token = "";
  if (c.left > 0 && c.buf[c.pos] === 0x43) {
    const end = c.find(10);
    if (end < 0 || c.buf[end - 1] !== 13) return false;
    const line = c.text(end - 1 - c.pos);
    c.skip(2);
    user = /^Cookie: mstshash=(.*)$/.exec(line)?.[1] ?? "";
    token = /^Cookie: msts=(.*)$/.exec(line)?.[1] ?? "";
    proved = line.startsWith("Cookie: mst");
    if (!proved) return false;
  }
  let offered = "rdp";
  if (c.left >= NEGOTIATION_LENGTH) {
    const { type, flags, bits } = negotiation(c);
    if (type !== NEGOTIATION.request || (bits & ~KNOWN_PROTOCOLS) !== 0) return false;
    if (c.left > 0 && (flags & CORRELATION_FLAG) === 0) return false;
    offered = protocolNames(bits);
    proved = true;
  }
  if (!proved) return false;
  emit({ kind: "role", sender: "client", why: "RDP connection request" });
  if (user !== "") emit({ kind: "field", field: "rdp.user", value: bounded(user) });
  if (token !== "") emit({ kind: "field", field: "rdp.token", value: bounded(token) });
  emit({ kind: "field", field: "rdp.offered", value: offered });
  emit({ kind: "message", what: "request", id: "connect" });
  return true;
}

function confirm(c: Cursor, emit: Emit, at: Context): boolean {
  let failure: number | null = null;
  let chosen = "rdp";
  if (c.left === NEGOTIATION_LENGTH) {
    const { type, bits } = negotiation(c);
    if (type === NEGOTIATION.failure) failure = bits;
    else if (type !== NEGOTIATION.response || (bits & ~KNOWN_PROTOCOLS) !== 0) return false;
    else chosen = protocolNames(bits);
  } else if (c.left !== 0 || !at.peerStarted) return false; // an old server says nothing
  emit({ kind: "role", sender: "server", why: "RDP connection confirm" });
  if (failure === null) {
    emit({ kind: "field", field: "rdp.protection", value: chosen });
    emit({ kind: "message", what: "response", id: "connect" });
    return true;
  }
  emit({ kind: "fault", what: "rdp-failure", code: failure, text: FAILURES.get(failure) ?? `failure ${failure}` });
  emit({ kind: "message", what: "response", id: "connect", failed: true });
  return true;
}

function negotiation(c: Cursor): { type: number; flags: number; bits: number } {
  const type = c.u8();
  const flags = c.u8();
  const length = c.u16le();
  const bits = c.u32le();
  return { type: length === NEGOTIATION_LENGTH ? type : 0, flags, bits };
}

function protocolNames(bits: number): string {
  const names = PROTOCOLS.filter(([bit]) => (bits & bit) !== 0).map(([, name]) => name);
  return names.length === 0 ? "rdp" : names.join(",");
}

/** Behind the agreement: TLS, read on by its own decoder, or what we don't follow. */
function protectedStream(c: Cursor, emit: Emit, at: Context): number {
  const state = at.state ?? 0;
  const its: Context = { ...at, started: state > NEXT.tls, fromStart: true, peerStarted: false };
  its.state = its.started ? Math.floor(state / SHIFT) - 1 : 0;
  if (!its.started) {
    if (tls.looksStream?.(c.buf, c.pos, c.left) !== true) return STREAM_DONE;
    emit({ kind: "inner", app: "tls" });
  }
  const taken = tls.stream?.(c, emit, its) ?? STREAM_NO;
  if (taken === STREAM_NO) return STREAM_DONE;
  at.state = NEXT.tls + SHIFT * (1 + (its.state ?? 0));
  return taken;
}

/** [MS-RDPEUDP] 3.1.5.1: a SYN datagram, of the client with no sequence number of its peer. */
function opening(c: Cursor, emit: Emit): boolean {
  const whole = c.left + c.cutOff;
  const acknowledged = c.u32();
  c.skip(2);
  const flags = c.u16();
  const sequence = c.u32();
  const [up, down] = [c.u16(), c.u16()];
  const server = (flags & UDP_FLAG.ack) !== 0;
  const isMtu = (mtu: number): boolean => mtu >= SHORTEST_MTU && mtu <= LONGEST_MTU;
  if ((flags & UDP_FLAG.syn) === 0 || !isMtu(up) || !isMtu(down) || whole < Math.min(up, down)) return false;
  if (server === (acknowledged === 0xffffffff)) return false;
  // It is filled up with zeros, which an arbitrary datagram of this size is not.
  for (let i = Math.max(c.pos, c.end - FILLED); i < c.end; i++) if (c.buf[i] !== 0) return false;
  emit({ kind: "role", sender: server ? "server" : "client", why: `RDP-UDP SYN${server ? "+ACK" : ""}` });
  emit({ kind: "message", what: server ? "response" : "request", id: String(server ? acknowledged : sequence) });
  return true;
}

/** Bytes at the end that options never reach. */
const FILLED = 512;
