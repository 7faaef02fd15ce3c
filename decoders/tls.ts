/**
 * TLS over streams: which server the client names, what the two agree on, and whether the handshake came to its end.
 * SSL 3.0 RFC 6101, TLS 1.2 RFC 5246, TLS 1.3 RFC 8446; SNI RFC 6066, ALPN RFC 7301, ECH RFC 9849; the SSL 2.0 form of a
 * hello RFC 5246 appendix E.2.
 *
 *     ┌──────┬─────────┬────────┬───────────────────────────────┐
 *     │ type │ version │ length │ fragment                      │ a record: 1 + 2 + 2 + length bytes
 *     └──────┴─────────┴────────┴───────────────────────────────┘
 *       20 change cipher spec   21 alert   22 handshake   23 application data   24 heartbeat
 *     ┌──────┬──────────────┬───────────────────────────────────┐
 *     │ type │ length       │ 1 ClientHello, 2 ServerHello, …   │ a handshake message, over one record or several
 *     └──────┴──────────────┴───────────────────────────────────┘
 *
 * A direction is read until it has failed, or is up (its first protected record) and has gone on: what stands behind the
 * handshake has to be a record too. Where a capture begins amid a connection, records are believed only where one ends
 * exactly at the end of the data or another follows it.
 *
 * A server's certificate, in clear until TLS 1.2, is read for its names alone.
 *
 * Does not cover: chains and whether they hold, clients' certificates, DTLS and QUIC, what leads to an upgrade, SSL 2.0
 * beyond its hellos, anything protected. In TLS 1.3 the chosen ALPN protocol is protected.
 */
import { Cursor, Fault } from "../src/decode/cursor.ts";
import { type Context, type Decoder, type Emit, STREAM_DONE, STREAM_MORE, STREAM_NO } from "../src/decode/decoder.ts";
import { certificateNames } from "./shared/certificate.ts";
import { role, UP } from "./shared/known-facts.ts";
import { looksLikePreamble, PREAMBLE_FORMS, readPreamble } from "./shared/preamble.ts";
import { isV2Hello, v2Hello } from "./shared/ssl2-hello.ts";
import { alertName, isKnownAlert } from "./shared/tls-codes.ts";
import { tellHello } from "./shared/tls-told.ts";

const RECORD = { changeCipherSpec: 20, alert: 21, handshake: 22, data: 23, heartbeat: 24 } as const;
const HEADER_LENGTH = 5;
const LONGEST_FRAGMENT = (1 << 14) + 2048; // RFC 5246 section 6.2.3
const LONGEST_HELLO = 1 << 16; // hellos with post-quantum keys take 2 KiB; this is room enough and bounds the copy
const CLIENT_HELLO = 1;
const SERVER_HELLO = 2;
const CERTIFICATE = 11;

/**
 * `Context.state`: whether the server's certificate may come next; whether it is a server's of TLS 1.3; how many headers are
 * still to be read of a direction that is up; above these what is left of the record at hand.
 */
const AWAITS_CERTIFICATE = 1;
const SERVER13 = 2;
const HEADER = 4;
const HEADERS = 7 * HEADER;
const SHIFT = 32;

/**
 * Headers that are read of a direction that is up. A server of TLS 1.3 is so from its first protected record on, behind which
 * stand its certificate, its signature and its Finished, each mostly a record of its own.
 */
const AFTER = 1;
const AFTER_SERVER13 = 4;

/** For a message out of its records; used and done with within one call. */
const HELLO = new Cursor();
/** Where it is, its header included, and how many bytes of its last record stand behind it. */
const MESSAGE = { buf: new Uint8Array(0) as Uint8Array, at: 0, length: 0, left: 0 };

export const tls: Decoder = {
  id: "tls",
  title: "Transport Layer Security",
  specs: ["RFC 6101", "RFC 5246", "RFC 8446", "RFC 6066", "RFC 7301", "RFC 9849", "RFC 5280"],
  ports: { tcp: [443, 465, 563, 636, 853, 989, 990, 992, 993, 994, 995, 3269, 5061, 5349, 5671, 6514, 8443, 8883] },
  fields: [
    { field: "tls.version", about: "the version chosen by the server, as on the wire: 771 (0x0303) is TLS 1.2" },
    { field: "tls.offered", about: "the highest version that the client offers, as on the wire" },
    { field: "tls.cipher", about: "the cipher suite chosen by the server: its IANA name" },
    { field: "tls.forward-secrecy", about: "whether the session's keys are ephemeral: yes or no" },
    { field: "tls.alpn", about: "the application protocol chosen by the server; protected, so unseen, in TLS 1.3" },
    { field: "tls.alpn-offered", about: "the application protocols that the client offers, with commas" },
    { field: "tls.ech", about: "the hello hides another one: outer (Encrypted Client Hello, grease included) or esni" },
    { field: "tls.retry", about: "the server asked for another key share: yes" },
    { field: "tls.socks", about: "whom the client asks a SOCKS proxy for, before its hello: host:port" },
    { field: "tls.proxied-for", about: "for whom a load balancer opened the connection, by its header: address:port" },
    { field: "tls.alert", about: "a warning that did not end the handshake: its standard name" },
  ],
  opens: { stream: [0, 4, 5, 0x0d, [0x14, 0x18], 0x50, [0x80, 0xff]] },
  forms: {
    stream: [
      ...PREAMBLE_FORMS,
      {
        first: [[0x14, 0x18]],
        bytes: [
          [1, 0xff, 3],
          [2, 0xff, 0, 4],
        ],
      },
      { first: [[0x80, 0xff]], bytes: [[2, 0xff, 1, 4]] },
    ],
  },
  everyMessage: true,

  looksStream(buf, off, len) {
    const first = buf[off]!;
    if (looksLikePreamble(buf, off, len)) return true;
    if (first >= 0x80) return len < 3 || isV2Hello(buf[off + 2]!);
    if (first < RECORD.changeCipherSpec || first > RECORD.heartbeat) return false;
    if (len >= 2 && buf[off + 1] !== 3) return false;
    if (len >= 3 && buf[off + 2]! > 4) return false;
    return len < 5 || ((buf[off + 3]! << 8) | buf[off + 4]!) <= LONGEST_FRAGMENT;
  },

  stream(c, emit, at) {
    if (at.started) {
      const state = at.state ?? 0;
      const left = Math.floor(state / SHIFT);
      const lost = at.lost ?? 0;
      if ((state & HEADERS) !== 0) {
        at.lost = 0; // nothing is told there that anything could be added to
        return afterwards(c, at, state, left - lost);
      }
      if (left > 0 && lost === 0) return restOfRecord(c, emit, at, left);
      return nextRecord(c, emit, at);
    }
    if (looksLikePreamble(c.buf, c.pos, c.left)) return behindPreamble(c, emit, at);
    if (c.left > 0 && c.buf[c.pos]! >= 0x80) return v2Hello(c, emit);
    const begun = c.pos;
    const type = readHeader(c);
    if (type < 0) return STREAM_NO;
    c.pos = begun;
    if (type === RECORD.handshake && couldBeHello(c)) return hello(c, emit, at);
    if (type === RECORD.alert && fragmentLength(c) === 2) return holdsTogether(c) ? alert(c, emit) : STREAM_NO;
    // A connection begins with a hello, or with an alert in answer to one; a further path of it (RFC 8684) in the middle.
    if (at.fromStart) {
      if (type !== RECORD.changeCipherSpec) return STREAM_NO;
      c.need(HEADER_LENGTH + 1 + HEADER_LENGTH);
    }
    return midStream(c, emit);
  },

  left(c, emit) {
    if (!looksLikePreamble(c.buf, c.pos, c.left)) return;
    const preamble = readPreamble(c);
    if (preamble === null || c.left > 0) return;
    if (preamble.target !== "") {
      emit(role("client", "SOCKS request"));
      emit({ kind: "field", field: "tls.socks", value: preamble.target });
    }
    if (preamble.refusal !== null) emit({ kind: "fault", what: "socks-refused", ...preamble.refusal });
  },
};

/** A hello behind what is none of TLS. Until the hello is whole nothing is claimed. */
function behindPreamble(c: Cursor, emit: Emit, at: Context): number {
  const preamble = readPreamble(c);
  if (preamble === null) return STREAM_NO;
  c.need(HEADER_LENGTH + 1);
  const type = readHeader(c);
  if (type !== RECORD.handshake) return STREAM_NO;
  c.pos -= HEADER_LENGTH;
  if (!couldBeHello(c)) return STREAM_NO;
  const taken = hello(c, emit, at);
  if (taken === STREAM_NO) return taken;
  if (preamble.target !== "") emit({ kind: "field", field: "tls.socks", value: preamble.target });
  if (preamble.source !== "") emit({ kind: "field", field: "tls.proxied-for", value: preamble.source });
  return taken;
}

/** Reads a record's header and returns its type, or -1 where it is none. */
function readHeader(c: Cursor): number {
  c.part = "record header";
  const type = c.u8();
  const version = c.u16();
  const length = c.u16();
  if (type < RECORD.changeCipherSpec || type > RECORD.heartbeat || version >> 8 !== 3 || (version & 255) > 4) return -1;
  if (length > LONGEST_FRAGMENT) return -1;
  if (type === RECORD.changeCipherSpec && length !== 1) return -1;
  if (length === 0 && type !== RECORD.data) return -1;
  return type;
}

/** Length of the fragment whose record's header begins at the cursor and is there. */
const fragmentLength = (c: Cursor): number => (c.buf[c.pos + 3]! << 8) | c.buf[c.pos + 4]!;

/** Likewise of the one whose header the cursor stands behind. */
const fragmentLengthBefore = (c: Cursor): number => (c.buf[c.pos - 2]! << 8) | c.buf[c.pos - 1]!;

/** Whether the record at the cursor ends where the data ends, or another one follows it. Short while it is not whole. */
function holdsTogether(c: Cursor): boolean {
  const begun = c.pos;
  if (readHeader(c) < 0) return false;
  c.pos = begun;
  c.skip(HEADER_LENGTH + fragmentLength(c));
  const proved = c.left === 0 || readHeader(c) >= 0;
  c.pos = begun;
  return proved;
}

/** The data begins amid a connection whose hello was not captured. */
function midStream(c: Cursor, emit: Emit): number {
  if (!holdsTogether(c)) return STREAM_NO;
  const length = fragmentLength(c);
  if (c.buf[c.pos] !== RECORD.data) return HEADER_LENGTH + length;
  if (!isAlertSized(length)) emit(UP);
  return STREAM_DONE;
}

/** A record at a boundary of a direction that said hello already. */
function nextRecord(c: Cursor, emit: Emit, at: Context): number {
  const begun = c.pos;
  const type = readHeader(c);
  if (type < 0) return c.bad("no TLS record");
  c.pos = begun;
  const length = fragmentLength(c);
  switch (type) {
    case RECORD.changeCipherSpec:
      return changeCipherSpec(c, emit, at);
    case RECORD.alert:
      c.need(HEADER_LENGTH + length);
      return length === 2 ? alert(c, emit) : hiddenAlert(emit);
    case RECORD.handshake:
      c.need(HEADER_LENGTH + length);
      if (couldBeHello(c)) {
        const taken = hello(c, emit, at); // the second, after a HelloRetryRequest
        if (taken !== STREAM_NO) return taken;
      }
      if (((at.state ?? 0) & AWAITS_CERTIFICATE) !== 0 && c.buf[c.pos + HEADER_LENGTH] === CERTIFICATE)
        return certificate(c, emit, at, 0);
      return HEADER_LENGTH + length;
    case RECORD.data:
      return protectedRecord(c, length, emit, at);
    default:
      c.need(HEADER_LENGTH + length);
      return HEADER_LENGTH + length;
  }
}

/** What follows tells whether protection began; before a second hello of TLS 1.3 it did not. */
function changeCipherSpec(c: Cursor, emit: Emit, at: Context): number {
  const whole = HEADER_LENGTH + 1;
  const begun = c.pos;
  c.skip(whole);
  const type = readHeader(c);
  if (type < 0) return c.bad("no TLS record behind the change of cipher");
  c.pos = begun + whole;
  const length = fragmentLength(c);
  if (type === RECORD.changeCipherSpec) return whole;
  if (type === RECORD.alert) return length === 2 ? whole : hiddenAlert(emit);
  if (type === RECORD.data) return protectedRecord(c, length, emit, at);
  c.need(HEADER_LENGTH + Math.min(length, 6));
  if (couldBeHello(c)) return whole;
  return cameUp(c, length, emit, at);
}

/**
 * The first protected record of TLS 1.3. A handshake ends by Finished, 32 bytes and more, so a record with room for an
 * alert and no more is one. Clients that don't trust the server's certificate end so. (Early data of just two bytes
 * would look the same.)
 */
function protectedRecord(c: Cursor, length: number, emit: Emit, at: Context): number {
  return isAlertSized(length) ? hiddenAlert(emit) : cameUp(c, length, emit, at);
}

/** The record at the cursor is the first under protection. */
function cameUp(c: Cursor, length: number, emit: Emit, at: Context): number {
  emit(UP);
  const headers = ((at.state ?? 0) & SERVER13) !== 0 ? AFTER_SERVER13 : AFTER;
  return passOver(c, at, headers * HEADER, HEADER_LENGTH + length);
}

/** Takes what there is of `left` bytes that nobody reads; `state`: what it is beside them. */
function passOver(c: Cursor, at: Context, state: number, left: number): number {
  const there = Math.min(left, c.left);
  at.state = state + (left - there) * SHIFT;
  return c.pos - c.start + there;
}

/**
 * Behind the handshake: a record begins where the one before it ends, though bytes of that were lost. `left`: of the record at
 * hand; less than none where the next one's header is among what was lost, and nobody can find the ones behind it.
 */
function afterwards(c: Cursor, at: Context, state: number, left: number): number {
  if (left > 0) return passOver(c, at, state & HEADERS, left);
  if (left < 0 || (c.left < HEADER_LENGTH && c.cutOff > 0)) return STREAM_DONE;
  const begun = c.pos;
  if (readHeader(c) < 0) return c.bad("no TLS record behind the handshake");
  c.pos = begun;
  const headers = (state & HEADERS) - HEADER;
  return headers === 0 ? STREAM_DONE : passOver(c, at, headers, HEADER_LENGTH + fragmentLength(c));
}

/** The two bytes of an alert, one of the inner type, and the tag: 16 bytes, or 8 with CCM_8. */
const isAlertSized = (length: number): boolean => length === 2 + 1 + 16 || length === 2 + 1 + 8;

/** An alert under protection: that it came is seen, which one is not. */
function hiddenAlert(emit: Emit): number {
  emit({ kind: "fault", what: "tls-alert", code: -1, text: "protected alert" });
  return STREAM_DONE;
}

const FATAL = 2;
const WARNING = 1;
/** Warnings that end the handshake all the same. */
const ENDING_WARNINGS = [0, 90]; // close_notify, user_canceled

function alert(c: Cursor, emit: Emit): number {
  c.skip(HEADER_LENGTH);
  c.part = "alert";
  const level = c.u8();
  const code = c.u8();
  if ((level !== FATAL && level !== WARNING) || !isKnownAlert(code)) return c.bad(`alert level ${level}, code ${code}`);
  if (level === WARNING && !ENDING_WARNINGS.includes(code)) {
    emit({ kind: "field", field: "tls.alert", value: alertName(code) });
    return c.at;
  }
  emit({ kind: "fault", what: "tls-alert", code, text: alertName(code) });
  return STREAM_DONE;
}

/** Of a handshake message that begins there, its header included. */
const messageLength = (buf: Uint8Array, at: number): number =>
  4 + ((buf[at + 1]! << 16) | (buf[at + 2]! << 8) | buf[at + 3]!);

/** Whether the handshake record at the cursor begins with a hello, as far as its first bytes are there. */
function couldBeHello(c: Cursor): boolean {
  const at = c.pos + HEADER_LENGTH;
  const there = Math.min(c.end - at, fragmentLength(c));
  if (there >= 1 && c.buf[at] !== CLIENT_HELLO && c.buf[at] !== SERVER_HELLO) return false;
  if (there >= 2 && c.buf[at + 1] !== 0) return false; // longer than LONGEST_HELLO
  return there < 5 || isHelloVersion(c.buf[at], c.buf[at + 4]!);
}

/** The drafts of TLS 1.3 put 0x7f into the ServerHello's version. */
const isHelloVersion = (type: number | undefined, major: number): boolean =>
  major === 3 || (type === SERVER_HELLO && major === 0x7f);

/**
 * A hello over one record or several; its records are taken whole, with whatever follows it in the last of them. Only where
 * the server's certificate comes next in clear is the rest of that record left for it.
 */
function hello(c: Cursor, emit: Emit, at: Context): number {
  const first = c.pos + HEADER_LENGTH;
  try {
    if (!gather(c)) return STREAM_NO;
    const { buf, at: begin, length, left } = MESSAGE;
    HELLO.set(buf, begin + 4, length - 4);
    HELLO.enter(length - 4, "hello");
    const told = tellHello(HELLO, buf[begin] === CLIENT_HELLO, emit);
    if (told === null) return STREAM_NO;
    if (told.isServer13) at.state = SERVER13;
    if (!told.showsCertificate) return c.at;
    at.state = AWAITS_CERTIFICATE + left * SHIFT;
    return c.at - left;
  } catch (fault) {
    if (!(fault instanceof Fault) || fault.what !== "short" || c.cutOff === 0 || c.end - first < 4) throw fault;
    // The capture cut the hello: nothing more will come, so tell what is there.
    HELLO.set(c.buf, first + 4, c.end - first - 4);
    if (tellHello(HELLO, c.buf[first] === CLIENT_HELLO, emit) === null) return STREAM_MORE;
    return STREAM_DONE;
  }
}

/** What is left of a record behind the server's hello: its certificate, or something else, which is passed over. */
function restOfRecord(c: Cursor, emit: Emit, at: Context, left: number): number {
  if (c.left > 0 && c.buf[c.pos] === CERTIFICATE) return certificate(c, emit, at, left);
  c.need(left);
  at.state = 0;
  return left;
}

/** The server's certificate, with the rest of its last record. `left`: bytes of the record that it begins in, 0 at a header. */
function certificate(c: Cursor, emit: Emit, at: Context, left: number): number {
  const gathered = gather(c, left);
  at.state = 0;
  if (!gathered) {
    c.pos = c.start;
    c.skip(left > 0 ? left : HEADER_LENGTH + fragmentLength(c));
    return c.at;
  }
  HELLO.set(MESSAGE.buf, MESSAGE.at + 4, MESSAGE.length - 4);
  HELLO.enter(MESSAGE.length - 4, "certificate message");
  for (const name of certificateNames(HELLO)) emit({ kind: "name", source: "certificate", name });
  return c.at;
}

/**
 * Puts the handshake message that begins in the record at the cursor, or in the `open` bytes that are left of one, into
 * `MESSAGE`. The cursor ends behind its records. False where there is none of sane length.
 */
function gather(c: Cursor, open = 0): boolean {
  const begun = c.pos;
  let room = open;
  if (room === 0) {
    if (readHeader(c) !== RECORD.handshake) return false;
    room = fragmentLengthBefore(c);
  }
  c.need(room);
  // Nearly every one is whole in one record, where it can stay.
  if (room >= 4) {
    const length = messageLength(c.buf, c.pos);
    if (length > LONGEST_HELLO) return false;
    if (length <= room) {
      MESSAGE.buf = c.buf;
      MESSAGE.at = c.pos;
      MESSAGE.length = length;
      MESSAGE.left = room - length;
      c.skip(room);
      return true;
    }
  }
  c.pos = begun;
  return gatherPieces(c, open);
}

/** As `gather`, of a message in several records. */
function gatherPieces(c: Cursor, open: number): boolean {
  const pieces: [from: number, to: number][] = [];
  let have = 0;
  let need = 4;
  for (let known = false; have < need || !known; ) {
    let length = have === 0 ? open : 0;
    if (length === 0) {
      if (readHeader(c) !== RECORD.handshake) return false;
      length = fragmentLengthBefore(c);
    }
    c.need(length);
    pieces.push([c.pos, c.pos + length]);
    c.skip(length);
    have += length;
    if (!known && have >= 4) {
      need = messageLength(join(c.buf, pieces, 4), 0);
      known = true;
      if (need > LONGEST_HELLO) return false;
    }
  }
  MESSAGE.buf = join(c.buf, pieces, need);
  MESSAGE.at = 0;
  MESSAGE.length = need;
  MESSAGE.left = have - need;
  return true;
}

/** The first `length` bytes of the pieces. */
function join(buf: Uint8Array, pieces: [from: number, to: number][], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const [start, end] of pieces) {
    const take = Math.min(end - start, length - at);
    whole.set(buf.subarray(start, start + take), at);
    at += take;
  }
  return whole;
}
