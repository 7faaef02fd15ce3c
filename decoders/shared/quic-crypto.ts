/**
 * QUIC's frames as far as Initial packets have them, and the handshake's bytes put together from its CRYPTO frames
 * (RFC 9000 section 19): over several packets and datagrams, in any order, with gaps and doubles.
 */
import type { Cursor } from "../../src/decode/cursor.ts";
import type { Context } from "../../src/decode/decoder.ts";
import { LIMITS } from "../../src/limits.ts";
import { type Joined, join, type Piece } from "./pieces.ts";

const FRAME = { padding: 0, ping: 1, ack: 2, ackEcn: 3, crypto: 6, googleCrypto: 8, close: 0x1c } as const;

/** A variable-length integer (RFC 9000 section 16). */
export function varint(c: Cursor): number {
  const first = c.u8();
  const value = first & 63;
  switch (first >> 6) {
    case 0:
      return value;
    case 1:
      return (value << 8) | c.u8();
    case 2:
      return value * 2 ** 24 + c.u24();
    default:
      return value * 2 ** 56 + c.u24() * 2 ** 32 + c.u32();
  }
}

/** The stream of handshake bytes of one direction, from its start on. */
export class CryptoStream {
  readonly #pieces: Piece[] = [];
  /** The cap that left a piece out, where one did. */
  capped: Context["capped"];

  add(at: number, bytes: Uint8Array): void {
    if (at + bytes.length > LIMITS.handshakeBytes) this.capped ??= "handshakeBytes";
    else if (this.#pieces.length >= LIMITS.handshakePieces) this.capped ??= "handshakePieces";
    else this.#pieces.push({ at, bytes });
  }

  joined(): Joined {
    return join(this.#pieces, LIMITS.handshakeBytes);
  }
}

/**
 * Reads an Initial packet's frames; handshake bytes go to `stream`. Faults where a frame is none of those allowed.
 * `google`: Google's versions gave CRYPTO another number.
 */
export function readFrames(c: Cursor, stream: CryptoStream, google: boolean): void {
  while (c.left > 0) {
    const sent = c.u8();
    const type = google && sent === FRAME.googleCrypto ? FRAME.crypto : sent;
    c.part = `frame ${type}`;
    switch (type) {
      case FRAME.padding:
        while (c.left > 0 && c.buf[c.pos] === FRAME.padding) c.pos++;
        break;
      case FRAME.ping:
        break;
      case FRAME.ack:
      case FRAME.ackEcn:
        readAck(c, type === FRAME.ackEcn);
        break;
      case FRAME.crypto: {
        const at = varint(c);
        stream.add(at, c.bytes(varint(c)));
        break;
      }
      case FRAME.close:
        varint(c); // error
        varint(c); // the frame's type that caused it
        c.skip(varint(c));
        break;
      default:
        c.bad(`frame type ${type} in an Initial packet`);
    }
  }
}

function readAck(c: Cursor, counts: boolean): void {
  varint(c); // largest acknowledged
  varint(c); // delay
  const ranges = varint(c);
  varint(c); // first range
  for (let i = 0; i < ranges; i++) {
    varint(c); // gap
    varint(c); // range
  }
  if (counts) for (let i = 0; i < 3; i++) varint(c);
}
