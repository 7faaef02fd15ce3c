/**
 * QUIC: which server a client names, in which version, for what. RFC 9000, 9001, 9369 (version 2); drafts 22 to 34;
 * Google's QUIC from Q024 on. HTTP/3 is RFC 9114, DNS over QUIC RFC 9250.
 *
 *     ┌─1─┬─1─┬type 2┬─4─┬─────────┬──────┬──────┬──────────────────────┐
 *     │ 1 │ 1 │      │   │ version │ DCID │ SCID │ by type              │ several to a datagram
 *     └───┴───┴──────┴───┴────4────┴─1+n──┴─1+n──┴──────────────────────┘
 *       Initial: token, length, protected frames · 0-RTT, Handshake: length, protected · Retry: token, tag
 *       version 0: a server's list of versions (negotiation)
 *
 * The client's Initial packets are opened with the keys that their first connection id gives, and the ClientHello put
 * together over as many datagrams as it takes. Where a tag does not hold, or the version is not ours to open, header and
 * version still say QUIC. The server's Initials need the client's first id, which is in the other direction: of a server
 * alone the version is told, and of Google's what stands in clear. Behind the handshake see `shared/quic-short.ts`.
 *
 * Does not cover: what the server answers but its version, short headers without a connection id, migration.
 */
import { Cursor, Fault } from "../src/decode/cursor.ts";
import { type Context, DATAGRAM_MORE, type DatagramResult, type Decoder, type Emit } from "../src/decode/decoder.ts";
import { type GoogleHello, readGoogleHello, toStreamData } from "./shared/gquic.ts";
import { field, role } from "./shared/known-facts.ts";
import { CryptoStream, readFrames, varint } from "./shared/quic-crypto.ts";
import { QUIC_FORMS } from "./shared/quic-forms.ts";
import { openInitial } from "./shared/quic-initial.ts";
import { commonId, isSealed, isShort, SHORT_FORM, SHORTS_ENOUGH, SHORTS_READ } from "./shared/quic-short.ts";
import {
  isForcing,
  type LongType,
  longType,
  mayBeVersion,
  type QuicVersion,
  quicVersion,
} from "./shared/quic-versions.ts";
import { tellClientHello } from "./shared/tls-facts.ts";
import { ClientHello, readClientHello, TLS13 } from "./shared/tls-hello.ts";

const PORTS = [443, 784, 853, 8853];
const LONG = 0x80;
const LONGEST_ID = 20;
const SHORTEST_FIRST_ID = 8; // bytes of the id that a client invents for the server (RFC 9000 section 7.2)
const SHORTEST_FIRST = 1200; // bytes of a datagram with a client's Initial (RFC 9000 section 14.1)
const MOST_PACKETS = 8; // coalesced in one datagram: one of each kind, and some to spare
const MOST_IDS = 4; // that a client's Initials are tried with: its first, a Retry's, the server's; each costs a key
const PUBLIC_HEADER = 1 + 8 + 4;
const HASH_LENGTH = 12;
const NONCE_LENGTH = 32;
const CLIENT_HELLO = 1;
/** Datagrams of a direction that are waited for where the first ones did not say who is who. */
const PATIENCE = 3;
/** And of a server whose client is known: two that acknowledge a long hello, and one in several, have been seen before its handshake. */
const PATIENCE_ANSWERED = 12;
/** What is kept of these: they only count. */
const FIRST_BYTES = 7;

/** For frames and hellos that were opened, and for datagrams that came before; used and done with within one call. */
const FRAMES = new Cursor();
const EARLIER = new Cursor();

export const quic: Decoder = {
  id: "quic",
  title: "QUIC",
  specs: ["RFC 8999", "RFC 9000", "RFC 9001", "RFC 9369", "RFC 9114", "RFC 9250"],
  ports: { udp: PORTS },
  fields: [
    {
      field: "quic.version",
      about: "version of the sender's packets: v1, v2, draft-29, Q046; an unknown one in hexadecimal",
    },
    { field: "quic.negotiation", about: "the server does not speak the client's version and lists its own: yes" },
    { field: "quic.retry", about: "the server asked the client to prove its address: yes" },
    {
      field: "quic.connection-id",
      about:
        "where nothing but packets behind the handshake is there: what each of a direction begins with, in hexadecimal",
    },
    { field: "quic.user-agent", about: "the client's words about itself, which only Google's QUIC carries" },
  ],
  opens: {
    datagram: [
      [0x08, 0x0f],
      [0x18, 0x1f],
      [0x28, 0x2f],
      [0x38, 0x7f],
      [0x80, 0xff],
    ],
  },
  forms: { datagram: QUIC_FORMS },
  later: [SHORT_FORM],
  everyMessage: false,

  looksDatagram(buf, off, len) {
    const first = buf[off]!;
    if (first >= LONG) {
      if (len < 7) return false;
      const version = u32(buf, off + 1);
      return version === 0 || mayBeVersion(version) || (len >= SHORTEST_FIRST && isForcing(version));
    }
    if (isShort(buf, off, len)) return true;
    if ((first & 0xc8) !== 0x08 || len < PUBLIC_HEADER) return false;
    return (first & 1) === 0 || u32(buf, off + 9) >>> 16 === 0x5130;
  },

  datagram(c, emit, at) {
    const first = c.buf[c.pos]!;
    if ((first & 0xc0) === 0x40) return shortHeader(c, emit, at);
    // Google's server leaves the version out: its packets are known by the client's, or by what stands in clear.
    if ((first & 0x81) === 0) return at.peerStarted || rejection(c, emit);
    if (first < LONG) return publicHeader(c, emit, at);
    const number = u32(c.buf, c.pos + 1);
    if (number === 0) return negotiation(c, emit);
    const version = quicVersion(number);
    if (version === null) return forcing(c, number, emit);
    if (version.header === "nibbles") return nibbleHeader(c, version, emit, at);
    return version.header === "long" && longHeaders(c, version, emit, at);
  },
};

const OTHER_BYTES =
  "QUIC: CRYPTO frames bring other bytes for the same place; which of them the receiver took is not known";

const u32 = (buf: Uint8Array, at: number): number =>
  ((buf[at]! << 24) | (buf[at + 1]! << 16) | (buf[at + 2]! << 8) | buf[at + 3]!) >>> 0;

interface LongPacket {
  type: LongType;
  /** Its first byte, where its packet number begins and where it ends, in the cursor's buffer. */
  start: number;
  numberAt: number;
  end: number;
  destination: Uint8Array;
  token: number;
}

/** Reads a packet's header and passes over its payload. Null where it is none of this version. */
function readPacket(c: Cursor, version: QuicVersion): LongPacket | null {
  c.part = "packet header";
  const start = c.pos;
  const first = c.u8();
  if (first < LONG || quicVersion(c.u32()) !== version) return null;
  const destination = readId(c);
  const source = readId(c);
  if (destination === null || source === null) return null;
  const type = longType(version, first >> 4);
  let token = 0;
  if (type === "retry") {
    token = c.left;
    c.skip(c.left);
    return { type, start, numberAt: c.end, end: c.end, destination, token };
  }
  if (type === "initial") {
    token = varint(c);
    c.skip(token);
  }
  const length = varint(c);
  const numberAt = c.pos;
  c.skip(length);
  return { type, start, numberAt, end: c.pos, destination, token };
}

function readId(c: Cursor): Uint8Array | null {
  const length = c.u8();
  return length > LONGEST_ID ? null : c.bytes(length);
}

/** Packets of a datagram; those behind the first that can't be read are left out (padding, a cut, another version). */
function readPackets(c: Cursor, version: QuicVersion): LongPacket[] {
  const packets: LongPacket[] = [];
  try {
    while (c.left > 0 && packets.length < MOST_PACKETS) {
      const packet = readPacket(c, version);
      if (packet === null) break;
      packets.push(packet);
    }
  } catch (fault) {
    if (!(fault instanceof Fault) || (packets.length === 0 && c.cutOff === 0)) throw fault;
  }
  return packets;
}

/** What the datagrams of a direction have shown so far. */
class Seen {
  readonly crypto = new CryptoStream();
  readonly ids: Uint8Array[] = [];
  /** What only a client sends; empty while nothing of the kind was seen. */
  client = "";
  /** A frame that can't be; empty where all were read. */
  problem = "";
}

/** Opens a datagram's Initial packets: with their own connection id, or with one that the client used before. */
function look(seen: Seen, buf: Uint8Array, packets: readonly LongPacket[], version: QuicVersion): void {
  for (const packet of packets) {
    if (packet.type === "0-rtt") seen.client ||= "QUIC 0-RTT";
    if (packet.type !== "initial") continue;
    if (packet.token > 0) seen.client ||= "QUIC token";
    const { destination } = packet;
    const known = seen.ids.some((id) => Buffer.compare(id, destination) === 0);
    if (destination.length >= SHORTEST_FIRST_ID && !known && seen.ids.length < MOST_IDS) seen.ids.push(destination);
    for (const id of seen.ids) {
      const frames = openInitial(version, id, buf, packet.start, packet.numberAt, packet.end);
      if (frames === null) continue;
      seen.client ||= "QUIC Initial";
      FRAMES.set(frames, 0, frames.length);
      FRAMES.enter(frames.length, "frames");
      try {
        readFrames(FRAMES, seen.crypto, version.google > 0);
      } catch (fault) {
        if (!(fault instanceof Fault)) throw fault;
        seen.problem ||= fault.toString();
      }
      break;
    }
  }
}

function longHeaders(c: Cursor, version: QuicVersion, emit: Emit, at: Context): DatagramResult {
  const packets = readPackets(c, version);
  const before = at.before?.filter((bytes) => bytes[0]! >= LONG) ?? [];
  const isNew = before.every((bytes) => quicVersion(u32(bytes, 1)) !== version);
  if (packets.length === 0) {
    if (c.cutOff === 0) return false;
    if (isNew) emit(field("quic.version", version.name));
    return c.short(c.left + 1);
  }
  const seen = new Seen();
  let goesOn = packets.some(isHandshake);
  for (const bytes of before) {
    const earlier = readPackets(EARLIER.set(bytes, 0, bytes.length, 1), version); // whether it was cut does not matter any more
    goesOn ||= earlier.some(isHandshake);
    look(seen, bytes, earlier, version);
  }
  const wasClient = seen.client;
  look(seen, c.buf, packets, version);
  if (packets[0]!.type === "retry") {
    emit(role("server", "QUIC Retry"));
    emit(field("quic.version", version.name));
    emit(field("quic.retry", "yes"));
    return DATAGRAM_MORE;
  }
  if (seen.client !== "" && wasClient === "") emit(role("client", seen.client));
  if (isNew) emit(field("quic.version", version.name));
  if (seen.client === "") {
    // The other side's packets were opened or read before: this is the answer. An Initial alone may refuse; who sends packets
    // of type Handshake has taken the hello, and QUIC has TLS 1.3 or nothing.
    if (at.peerStarted) at.keeps = FIRST_BYTES;
    const isAnswered = at.peerStarted && (goesOn || !version.tls);
    if (isAnswered && version.tls) emit(field("tls.version", TLS13));
    return isAnswered || before.length >= (at.peerStarted ? PATIENCE_ANSWERED : PATIENCE) ? true : DATAGRAM_MORE;
  }
  if (seen.problem !== "") emit({ kind: "problem", what: "malformed", why: `QUIC ${seen.problem}` });
  at.capped = seen.crypto.capped;
  const { whole, disagrees } = seen.crypto.joined();
  const told = tellHandshake(whole, version, emit);
  if (disagrees) emit({ kind: "problem", what: "overlap", why: OTHER_BYTES });
  if (told) return true;
  // A Handshake packet of the client says that the server has the whole hello: what is missing was not captured.
  return packets.some(isHandshake) ? true : DATAGRAM_MORE;
}

const isHandshake = ({ type }: LongPacket): boolean => type === "handshake";

/** Tells the client's first message; false while it is not whole. */
function tellHandshake(bytes: Uint8Array, version: QuicVersion, emit: Emit): boolean {
  if (bytes.length < 4) return false;
  if (!version.tls) {
    const hello = readGoogleHello(FRAMES.set(bytes, 0, bytes.length));
    if (hello !== null) tellGoogle(hello, emit);
    return true;
  }
  const length = (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!;
  if (bytes[0] !== CLIENT_HELLO) {
    emit({ kind: "problem", what: "malformed", why: `QUIC handshake begins with message type ${bytes[0]}` });
    return true;
  }
  if (bytes.length < 4 + length) return false;
  const hello = new ClientHello();
  FRAMES.set(bytes, 4, length);
  FRAMES.enter(length, "ClientHello");
  let problem = "";
  try {
    readClientHello(FRAMES, hello);
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault;
    problem = fault.toString();
  }
  tellClientHello(hello, "quic-sni", emit);
  if (problem !== "") emit({ kind: "problem", what: "malformed", why: `QUIC ${problem}` });
  return true;
}

/** A version that nobody speaks, sent to make the server say which ones it does. */
function forcing(c: Cursor, number: number, emit: Emit): DatagramResult {
  if (!isForcing(number) || c.left < SHORTEST_FIRST) return false;
  c.part = "packet header";
  const first = c.u8();
  c.skip(4);
  const destination = readId(c);
  const source = readId(c);
  if ((first & 0x70) !== 0x40 || destination === null || destination.length < SHORTEST_FIRST_ID || source === null)
    return false;
  c.skip(varint(c)); // token
  c.skip(varint(c)); // packet number and payload
  emit(role("client", "QUIC Initial"));
  emit(field("quic.version", `0x${number.toString(16).padStart(8, "0")}`));
  return DATAGRAM_MORE;
}

/** RFC 8999 section 6: a server's list, at least one version of which is known. */
function negotiation(c: Cursor, emit: Emit): DatagramResult {
  c.part = "version negotiation";
  c.skip(5);
  if (readId(c) === null || readId(c) === null || c.left === 0 || (c.cutOff === 0 && c.left % 4 !== 0)) return false;
  let known = false;
  while (c.left >= 4) {
    const number = c.u32();
    known ||= quicVersion(number) !== null;
  }
  if (!known) return false;
  emit(role("server", "QUIC version negotiation"));
  emit(field("quic.negotiation", "yes"));
  if (c.cutOff > 0) c.short(c.left + 1);
  return DATAGRAM_MORE;
}

/** Google's QUIC up to Q043: flags, connection id 8, version 4, packet number, hash 12, and then clear frames. */
function publicHeader(c: Cursor, emit: Emit, at: Context): DatagramResult {
  c.part = "public header";
  const flags = c.u8();
  c.skip(8);
  const version = quicVersion(c.u32());
  if (version === null || version.header !== "public") return false;
  c.skip([1, 2, 4, 6][(flags >> 4) & 3]! + HASH_LENGTH);
  // Until Q033 a byte of private flags followed; bit 1 says that a group of error correction is named.
  if (version.google < 34 && (c.u8() & 2) !== 0) c.skip(1);
  return clearFrames(c, version, emit, at);
}

/** A server's packet in the same form, without a version: the answer to a hello that is not enough is not protected. */
function rejection(c: Cursor, emit: Emit): boolean {
  c.part = "public header";
  const flags = c.u8();
  c.skip(8 + ((flags & 4) === 0 ? 0 : NONCE_LENGTH));
  const number = [1, 2, 4, 6][(flags >> 4) & 3]!;
  c.skip(number + HASH_LENGTH);
  const hello = toStreamData(c, number) ? readGoogleHello(c) : null;
  if (hello?.message !== "REJ" && hello?.message !== "SREJ") return false;
  emit(role("server", `QUIC Crypto ${hello.message}`));
  return true;
}

/** Behind the handshake, in a flow of which nothing was known: a row of such packets may prove it. */
function shortHeader(c: Cursor, emit: Emit, at: Context): DatagramResult {
  // One such packet in four of anything would have to be kept: elsewhere QUIC is known by its handshake alone.
  if (at.peerStarted || !(PORTS.includes(at.senderPort) || PORTS.includes(at.receiverPort))) return false;
  const here = c.buf.subarray(c.start, c.end);
  const all = [...(at.before ?? []).filter((bytes) => isShort(bytes, 0, bytes.length)), here];
  const packets = all.filter((bytes, i) => all.findIndex((other) => Buffer.compare(bytes, other) === 0) === i);
  const id = commonId(packets);
  if (id === null) return false;
  if (packets.length < SHORTS_ENOUGH) {
    at.keeps = SHORTS_READ;
    return DATAGRAM_MORE;
  }
  if (!isSealed(packets, id)) return false;
  emit({ kind: "field", field: "quic.connection-id", value: Buffer.from(id).toString("hex") });
  return true;
}

/** Q044 and Q046: a long header with both id lengths in one byte, packet number, hash 12, and then clear frames. */
function nibbleHeader(c: Cursor, version: QuicVersion, emit: Emit, at: Context): DatagramResult {
  c.part = "packet header";
  const flags = c.u8();
  c.skip(4);
  const lengths = c.u8();
  for (const length of [lengths >> 4, lengths & 15]) c.skip(length === 0 ? 0 : length + 3);
  c.skip((flags & 3) + 1 + HASH_LENGTH);
  return clearFrames(c, version, emit, at);
}

function clearFrames(c: Cursor, version: QuicVersion, emit: Emit, at: Context): DatagramResult {
  const before = at.before ?? [];
  let hello: GoogleHello | null = null;
  try {
    hello = toStreamData(c) ? readGoogleHello(c) : null;
  } catch (fault) {
    // Bytes that are protected already may say anything of their length.
    if (!(fault instanceof Fault) || c.cutOff > 0) throw fault;
  }
  // Sealed with the keys of an earlier connection: what it overtook, or what is sent again, may be the hello.
  if (hello === null) {
    if (before.length === 0) emit(field("quic.version", version.name));
    return before.length < PATIENCE ? DATAGRAM_MORE : true;
  }
  const asks = hello.message === "CHLO";
  const why = `QUIC Crypto ${hello.message}`;
  emit({ kind: "role", sender: asks ? "client" : "server", why });
  emit(field("quic.version", version.name));
  if (asks) tellGoogle(hello, emit);
  if (hello.partial) c.short(c.left + 1);
  return true;
}

function tellGoogle({ serverName, userAgent }: GoogleHello, emit: Emit): void {
  if (serverName !== "") emit({ kind: "name", source: "quic-sni", name: serverName });
  if (userAgent !== "") emit({ kind: "field", field: "quic.user-agent", value: userAgent });
}
