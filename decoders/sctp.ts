/**
 * SCTP: associations of several streams, on IP itself and, behind NATs, in UDP.
 * RFC 9260; in UDP RFC 6951; further chunks RFC 3758, 4820, 4895, 5061, 6525, 8260.
 *
 *     in UDP only    ports 2 + 2 │ verification tag 4 │ checksum 4
 *     ┌────────┬─────────┬──────────┬─────────────────┐
 *     │ type 1 │ flags 1 │ length 2 │ value, padded   │ × n      0 DATA: TSN 4, stream 2, number 2, protocol 4, data
 *     └────────┴─────────┴──────────┴─────────────────┘          1 INIT  2 INIT ACK  10 COOKIE ECHO  11 COOKIE ACK …
 *
 * On IP its protocol number says what it is and the chunks have to fill the packet. In UDP the checksum proves it. What
 * runs inside is told by the number of its protocol, which each DATA chunk has.
 *
 * Does not cover: what is carried, several addresses of an end, SCTP in DTLS (data channels of WebRTC), which is hidden.
 */
import type { Cursor } from "../src/decode/cursor.ts";
import { DATAGRAM_DONE, type DatagramResult, type Decoder, type Emit } from "../src/decode/decoder.ts";
import { crc32c } from "./shared/crc32c.ts";

const UDP_PORT = 9899;
const HEADER_LENGTH = 12;
const CHECKSUM_AT = 8;
const CHUNK = { data: 0, init: 1, initAck: 2, abort: 6, cookieEcho: 10, cookieAck: 11, interleavedData: 64 } as const;
const LAST_CHUNK = 15;
const LATER_CHUNKS: readonly number[] = [CHUNK.interleavedData, 128, 130, 132, 192, 193, 194];
const MOST_CHUNKS = 64;
/** Bytes of a chunk's value at least, where the type asks for some. */
const INIT_LENGTH = 20;
const DATA_LENGTH = 16;

/** Protocols by their numbers (IANA, SCTP payload protocol identifiers). */
const PROTOCOLS = new Map([
  [1, "iua"],
  [2, "m2ua"],
  [3, "m3ua"],
  [4, "sua"],
  [5, "m2pa"],
  [18, "s1ap"],
  [24, "sbcap"],
  [27, "x2ap"],
  [46, "diameter"],
  [47, "diameter-dtls"],
  [50, "webrtc-dcep"],
  [51, "webrtc-string"],
  [53, "webrtc-binary"],
  [60, "ngap"],
  [61, "xnap"],
  [62, "f1ap"],
]);

export const sctp: Decoder = {
  id: "sctp",
  title: "Stream Control Transmission Protocol",
  specs: ["RFC 9260", "RFC 6951"],
  ports: { udp: [UDP_PORT], sctp: [] },
  fields: [
    { field: "sctp.protocol", about: "what the data are, by the number of their protocol: m3ua, s1ap, or the number" },
    { field: "sctp.streams", about: "of INIT and INIT ACK: how many streams the sender wants to send on" },
  ],
  forms: {
    datagram: [
      {
        first: [[0, 255]],
        least: HEADER_LENGTH + 4,
        bytes: [[HEADER_LENGTH, 0x3f, 0, LAST_CHUNK]],
        fits: { at: HEADER_LENGTH + 2, more: HEADER_LENGTH },
      },
      {
        first: [[0, 255]],
        least: HEADER_LENGTH + 4,
        bytes: [[HEADER_LENGTH, 0xff, CHUNK.interleavedData]],
        fits: { at: HEADER_LENGTH + 2, more: HEADER_LENGTH },
      },
    ],
  },
  everyMessage: true,

  looksDatagram: (buf, off, len) =>
    looksLikeChunk(buf, off, len) ||
    (len > HEADER_LENGTH && looksLikeChunk(buf, off + HEADER_LENGTH, len - HEADER_LENGTH)),

  datagram(c, emit, at) {
    if (at.transport === "udp") {
      if (c.cutOff > 0 || !checksumHolds(c)) return false;
      c.skip(HEADER_LENGTH);
    }
    return chunksHold(c) && tell(c, emit);
  },
};

const isType = (type: number): boolean => type <= LAST_CHUNK || LATER_CHUNKS.includes(type);

function looksLikeChunk(buf: Uint8Array, off: number, len: number): boolean {
  return len >= 4 && isType(buf[off]!) && ((buf[off + 2]! << 8) | buf[off + 3]!) >= 4;
}

/** The packet's own sum, which is sent with its lowest byte first. */
function checksumHolds(c: Cursor): boolean {
  if (c.left < HEADER_LENGTH + 4) return false;
  const at = c.pos + CHECKSUM_AT;
  const said = (c.buf[at]! | (c.buf[at + 1]! << 8) | (c.buf[at + 2]! << 16) | (c.buf[at + 3]! << 24)) >>> 0;
  return said === crc32c(c.buf, c.pos, c.end, at);
}

/** Whether chunks of known types fill the packet, as far as the capture shows it. */
function chunksHold(c: Cursor): boolean {
  let at = c.pos;
  const wire = c.end + c.cutOff;
  for (let count = 0; at < c.end && count < MOST_CHUNKS; count++) {
    if (at + 4 > c.end) return c.cutOff > 0 && count > 0;
    const length = (c.buf[at + 2]! << 8) | c.buf[at + 3]!;
    if (!isType(c.buf[at]!) || length < 4 || at + length > wire) return false;
    const type = c.buf[at]!;
    if ((type === CHUNK.init || type === CHUNK.initAck) && length < INIT_LENGTH) return false;
    if (type === CHUNK.data && length < DATA_LENGTH) return false;
    at += (length + 3) & ~3;
  }
  return true;
}

function tell(c: Cursor, emit: Emit): DatagramResult {
  let settled: DatagramResult = true;
  for (let count = 0; c.left > 0 && count < MOST_CHUNKS; count++) {
    c.part = `chunk ${count + 1}`;
    const type = c.u8();
    c.skip(1);
    const length = c.u16() - 4;
    const end = c.pos + length;
    if (tellChunk(c, type, emit)) settled = DATAGRAM_DONE;
    c.skip(Math.max(0, end - c.pos));
    c.pos = Math.min(c.end, c.pos + (-length & 3)); // the last one's padding may be missing
  }
  if (c.left === 0 && c.cutOff > 0) c.short(c.cutOff);
  return settled;
}

/** True where nothing more is to be learned from the direction. */
function tellChunk(c: Cursor, type: number, emit: Emit): boolean {
  switch (type) {
    case CHUNK.init:
    case CHUNK.initAck: {
      const client = type === CHUNK.init;
      emit({ kind: "role", sender: client ? "client" : "server", why: client ? "SCTP INIT" : "SCTP INIT ACK" });
      c.skip(8);
      emit({ kind: "field", field: "sctp.streams", value: c.u16() });
      emit({ kind: "message", what: client ? "request" : "response", id: "init" });
      return false;
    }
    case CHUNK.cookieEcho:
      emit({ kind: "role", sender: "client", why: "SCTP COOKIE ECHO" });
      return false;
    case CHUNK.cookieAck:
      emit({ kind: "role", sender: "server", why: "SCTP COOKIE ACK" });
      return false;
    case CHUNK.abort:
      emit({ kind: "fault", what: "sctp-abort", code: CHUNK.abort, text: "ABORT" });
      return true;
    case CHUNK.data:
    case CHUNK.interleavedData: {
      c.skip(8);
      if (type === CHUNK.interleavedData) c.skip(4); // a number of four bytes in front of the protocol's
      const number = c.u32();
      const name = PROTOCOLS.get(number);
      emit({ kind: "field", field: "sctp.protocol", value: name ?? number });
      if (name !== undefined) emit({ kind: "inner", app: name });
      return true;
    }
    default:
      return false;
  }
}
