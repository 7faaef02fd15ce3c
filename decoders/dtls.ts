/**
 * DTLS: whom the client names, what the two agree on, and whether the handshake came to its end. DTLS 1.0 RFC 4347, 1.2
 * RFC 6347, 1.3 RFC 9147.
 *
 *     ┌──────┬─────────┬───────┬──────────┬────────┬──────────┐
 *     │ type │ version │ epoch │ sequence │ length │ fragment │ a record: 13 + length bytes, several to a datagram
 *     └──1───┴────2────┴───2───┴────6─────┴───2────┴──────────┘   epoch 0 is clear, all others are protected
 *     ┌──────┬────────┬─────┬────────┬────────────────┐
 *     │ type │ length │ seq │ offset │ fragment length│ 1 ClientHello, 2 ServerHello, 3 HelloVerifyRequest (a cookie)
 *     └──1───┴───3────┴──2──┴───3────┴───────3────────┘   fragments of a message come in any record, any datagram
 *
 * In DTLS 1.3 protected records have a short header, 001CSLEE, that only means something in a known connection. A
 * datagram is DTLS where records fill it to its end. A direction is read until its first protected record and the next
 * datagram behind it: what DTLS made the keys for (SRTP, RFC 5764) is no DTLS.
 *
 * Does not cover: a client's certificate, connection ids (RFC 9146), anything protected.
 */
import { Cursor, Fault } from "../src/decode/cursor.ts";
import {
  type Context,
  DATAGRAM_DONE,
  DATAGRAM_MORE,
  type DatagramResult,
  type Decoder,
  type Emit,
} from "../src/decode/decoder.ts";
import { certificateNames } from "./shared/certificate.ts";
import { type Joined, join } from "./shared/pieces.ts";
import { alertName, isKnownAlert } from "./shared/tls-codes.ts";
import { tellClientHello, tellServerHello } from "./shared/tls-facts.ts";
import {
  ClientHello,
  isDatagramVersion,
  readClientHello,
  readServerHello,
  ServerHello,
  TLS13,
} from "./shared/tls-hello.ts";

const RECORD = { changeCipherSpec: 20, alert: 21, handshake: 22, data: 23, heartbeat: 24, cid: 25, ack: 26 } as const;
const HEADER_LENGTH = 13;
const LONGEST_FRAGMENT = (1 << 14) + 2048;
const MESSAGE = { clientHello: 1, serverHello: 2, helloVerifyRequest: 3, certificate: 11 } as const;
const LONGEST_HELLO = 1 << 16;
/** Datagrams kept from the server's hello on, until its certificate is there. Where it takes more, its names are not told. */
const MOST_OF_FLIGHT = 12;
const OTHER_BYTES =
  "DTLS: fragments bring other bytes for the same place; which of them the receiver took is not known";
const FATAL = 2;
const WARNING = 1;

/** For hellos out of their fragments, and for datagrams that came before; used and done with within one call. */
const HELLO = new Cursor();
const EARLIER = new Cursor();

export const dtls: Decoder = {
  id: "dtls",
  title: "Datagram Transport Layer Security",
  specs: ["RFC 4347", "RFC 6347", "RFC 9147", "RFC 6066", "RFC 7301", "RFC 5280"],
  ports: { udp: [4433, 5349, 5684, 10161, 10162] },
  fields: [
    { field: "dtls.version", about: "the version chosen by the server, as on the wire: 65277 (0xfefd) is DTLS 1.2" },
    { field: "dtls.cookie", about: "the server asked the client to prove its address: yes" },
    { field: "dtls.alert", about: "a warning that did not end the handshake: its standard name" },
  ],
  opens: {
    datagram: [
      [0x14, 0x1a],
      [0x20, 0x3f],
    ],
  },
  forms: {
    datagram: [
      { first: [[RECORD.changeCipherSpec, RECORD.ack]], least: HEADER_LENGTH, bytes: [[1, 0xff, 0xfe]] },
      { first: [[RECORD.changeCipherSpec, RECORD.ack]], least: HEADER_LENGTH, bytes: [[1, 0xff, 1]] },
    ],
  },
  everyMessage: true,
  readsOn: true,

  looksDatagram(buf, off, len) {
    const type = buf[off]!;
    if (type >> 5 === 1) return len > 20;
    if (type < RECORD.changeCipherSpec || type > RECORD.ack || len < HEADER_LENGTH) return false;
    const version = (buf[off + 1]! << 8) | buf[off + 2]!;
    return version === 0xfefd || version === 0xfeff || version === 0xfefc || version === 0x0100;
  },

  datagram(c, emit, at) {
    if (c.buf[c.pos]! >> 5 === 1) {
      if (!at.peerStarted) return false;
      if (at.state === 1) return DATAGRAM_DONE;
      emit({ kind: "up" });
      return true;
    }
    const seen = readDatagram(c);
    if (seen === null) return false;
    if (at.state === 1) return seen.isProtected || seen.cut ? DATAGRAM_DONE : true;
    return tell(seen, c, emit, at);
  },
};

/** A piece of a handshake message. */
interface Piece {
  type: number;
  seq: number;
  /** Of the whole message. */
  length: number;
  offset: number;
  /** All of the message, as it was sent; the capture may have cut it. */
  alone: boolean;
  bytes: Uint8Array;
}

/** What one datagram holds. */
interface Seen {
  /** In clear. */
  pieces: Piece[];
  alerts: { level: number; code: number }[];
  /** A record of a later epoch. */
  isProtected: boolean;
  /** The capture cut its last record. */
  cut: boolean;
}

/** Null where the bytes are no records to their end. */
function readDatagram(c: Cursor): Seen | null {
  const seen: Seen = { pieces: [], alerts: [], isProtected: false, cut: false };
  for (let records = 0; c.left > 0; records++) {
    c.part = "record header";
    if (c.buf[c.pos]! >> 5 === 1 && records > 0) {
      seen.isProtected = true;
      return seen;
    }
    if (c.left < HEADER_LENGTH && c.cutOff > 0 && records > 0) return { ...seen, cut: true };
    const type = c.u8();
    const version = c.u16();
    const epoch = c.u16();
    c.skip(6);
    const length = c.u16();
    if (type < RECORD.changeCipherSpec || type > RECORD.ack || !isDatagramVersion(version)) return null;
    if (length === 0 || length > LONGEST_FRAGMENT) return null;
    if (length > c.left) {
      if (c.cutOff === 0) return null;
      seen.cut = true;
    }
    const end = c.enter(Math.min(length, c.left), "record");
    if (epoch > 0) seen.isProtected ||= type === RECORD.handshake || type === RECORD.data;
    else if (type === RECORD.handshake && !readPieces(c, seen)) return null;
    else if (type === RECORD.alert && !seen.cut && !readAlert(c, seen)) return null;
    c.leave(end);
  }
  seen.cut ||= c.cutOff > 0;
  return seen;
}

function readPieces(c: Cursor, seen: Seen): boolean {
  while (c.left > 0) {
    if (seen.cut && c.left < 12) return true;
    const type = c.u8();
    const length = c.u24();
    const seq = c.u16();
    const offset = c.u24();
    const there = c.u24();
    if (offset + there > length || (there > c.left && !seen.cut)) return false;
    if (there === 0 && length > 0) return false;
    seen.pieces.push({ type, seq, length, offset, alone: there === length, bytes: c.bytes(Math.min(there, c.left)) });
  }
  return true;
}

function readAlert(c: Cursor, seen: Seen): boolean {
  if (c.left !== 2) return false;
  const level = c.u8();
  const code = c.u8();
  if ((level !== FATAL && level !== WARNING) || !isKnownAlert(code)) return false;
  seen.alerts.push({ level, code });
  return true;
}

function tell(seen: Seen, c: Cursor, emit: Emit, at: Context): DatagramResult {
  let more = false;
  const told = new Set<string>();
  for (const piece of seen.pieces) {
    const key = `${piece.type} ${piece.seq}`;
    if (told.has(key)) continue;
    told.add(key);
    if (piece.type === MESSAGE.helloVerifyRequest) {
      emit({ kind: "role", sender: "server", why: "DTLS HelloVerifyRequest" });
      emit({ kind: "field", field: "dtls.cookie", value: "yes" });
    } else if (piece.type === MESSAGE.clientHello || piece.type === MESSAGE.serverHello) {
      if (piece.length > LONGEST_HELLO) return false;
      const { whole, disagrees } = together(piece, seen.pieces, at);
      if (disagrees) emit({ kind: "problem", what: "overlap", why: OTHER_BYTES });
      if (whole.length < piece.length && !(seen.cut && piece.alone)) more = true;
      else if (!tellHello(piece, whole, emit)) return false;
    }
  }
  if (!seen.isProtected && awaitsCertificate(seen, emit, at)) more = true;
  for (const { level, code } of seen.alerts) {
    if (level === FATAL) emit({ kind: "fault", what: "tls-alert", code, text: alertName(code) });
    else emit({ kind: "field", field: "dtls.alert", value: alertName(code) });
  }
  if (seen.cut) emit({ kind: "problem", what: "cut", why: `DTLS record: the capture cut ${c.cutOff} bytes off` });
  if (seen.isProtected) {
    emit({ kind: "up" });
    return true;
  }
  return more ? DATAGRAM_MORE : true;
}

/**
 * Tells the names of the server's certificate, which follows its hello in clear up to DTLS 1.2, once the first of the chain
 * is there. True while it may still come: the datagrams from the hello on are needed then.
 */
function awaitsCertificate(seen: Seen, emit: Emit, at: Context): boolean {
  const before = at.before ?? [];
  const flight = piecesSince(seen.pieces, at);
  const hello = flight.find(({ type }) => type === MESSAGE.serverHello);
  if (before.length >= MOST_OF_FLIGHT) return false;
  // Where the capture begins amid the flight, what stands before it may be in another one.
  if (hello === undefined) return flight.some(({ type }) => type === MESSAGE.certificate);
  if (hello.length > LONGEST_HELLO) return false;
  const version = chosenVersion(together(hello, seen.pieces, at).whole);
  if (version === TLS13) return false;
  const next = flight.find(({ seq }) => seq === hello.seq + 1);
  if (next === undefined) return true;
  if (version === 0) return next.type === MESSAGE.certificate;
  if (next.type !== MESSAGE.certificate || next.length > LONGEST_HELLO) return false;
  const { whole, disagrees } = together(next, seen.pieces, at);
  if (disagrees) return false;
  const first = whole.length < 6 ? Number.POSITIVE_INFINITY : 6 + ((whole[3]! << 16) | (whole[4]! << 8) | whole[5]!);
  if (whole.length < Math.min(first, next.length)) return true;
  HELLO.set(whole, 0, whole.length);
  for (const name of certificateNames(HELLO)) emit({ kind: "name", source: "certificate", name });
  return false;
}

/** The version that a ServerHello chooses; 0 where it can't be read as far as it is there. */
function chosenVersion(whole: Uint8Array): number {
  const server = new ServerHello();
  HELLO.set(whole, 0, whole.length);
  try {
    readServerHello(HELLO, server, "dtls");
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault;
    return 0;
  }
  return server.version;
}

/** The pieces of this datagram behind those that were kept before it. */
function piecesSince(here: readonly Piece[], at: Context): Piece[] {
  const pieces: Piece[] = [];
  for (const bytes of at.before ?? []) pieces.push(...(readEarlier(bytes)?.pieces ?? []));
  pieces.push(...here);
  return pieces;
}

/** The first bytes of a message without a gap, from its pieces in this datagram and in those kept before it. */
function together(of: Piece, here: readonly Piece[], at: Context): Joined {
  const pieces = piecesSince(here, at);
  const same = pieces.filter(({ type, seq }) => type === of.type && seq === of.seq);
  const mine = same.filter(({ length }) => length === of.length);
  const { whole, disagrees } = join(
    mine.map(({ offset, bytes }) => ({ at: offset, bytes })),
    of.length,
  );
  return { whole, disagrees: disagrees || mine.length < same.length };
}

function readEarlier(bytes: Uint8Array): Seen | null {
  try {
    return readDatagram(EARLIER.set(bytes, 0, bytes.length, 1)); // whether it was cut does not matter any more
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault;
    return null;
  }
}

/** False, with nothing emitted, where the bytes are no hello. A fault later on is a problem of a hello that is one. */
function tellHello(piece: Piece, whole: Uint8Array, emit: Emit): boolean {
  const client = new ClientHello();
  const server = new ServerHello();
  const isClient = piece.type === MESSAGE.clientHello;
  HELLO.set(whole, 0, whole.length);
  const complete = whole.length === piece.length;
  if (complete) HELLO.enter(whole.length, "hello");
  let problem: Fault | null = null;
  try {
    if (isClient) readClientHello(HELLO, client, "dtls");
    else readServerHello(HELLO, server, "dtls");
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault;
    if (!client.proved && !server.proved) return false;
    problem = fault;
  }
  if (!complete) client.offered = 0; // extensions that are cut off may say another
  if (isClient) {
    emit({ kind: "role", sender: "client", why: "DTLS ClientHello" });
    tellClientHello(client, "dtls-sni", emit);
  } else {
    emit({ kind: "role", sender: "server", why: "DTLS ServerHello" });
    if (!complete) return true;
    emit({ kind: "field", field: "dtls.version", value: WIRE_VERSIONS.get(server.version) ?? server.version });
    tellServerHello(server, emit);
  }
  if (problem !== null && complete) emit({ kind: "problem", what: "malformed", why: `DTLS ${problem}` });
  return true;
}

/** DTLS's numbers of the versions that hellos are told in. */
const WIRE_VERSIONS = new Map<number, number>([
  [0x0302, 0xfeff],
  [0x0303, 0xfefd],
  [0x0304, 0xfefc],
]);
