/**
 * The handshake of Google's QUIC before TLS ("QUIC Crypto", 2016): a message of tagged values.
 *
 *     "CHLO" · number of entries 2 · 0 0 · entries: tag 4, end of its value 4 · values         (numbers little-endian)
 *     tags: SNI the server's name, UAID the client's words about itself, PAD …
 */
import { type Cursor, escapeBytes } from "../../src/decode/cursor.ts";

const MOST_ENTRIES = 128;

export interface GoogleHello {
  /** `CHLO`, `REJ`, `SHLO` … */
  message: string;
  /** Lower case; empty where none was sent. */
  serverName: string;
  userAgent: string;
  /** A value ends behind the bytes: it and all after it were left out. */
  partial: boolean;
}

/** Reads a message at the cursor; null where its tag is none. */
export function readGoogleHello(c: Cursor): GoogleHello | null {
  c.part = "QUIC Crypto message";
  const message = tagText(c);
  if (!/^[A-Z]{3,4}$/.test(message)) return null;
  const hello: GoogleHello = { message, serverName: "", userAgent: "", partial: false };
  const entries = littleEndian(c, 2);
  c.skip(2);
  if (entries > MOST_ENTRIES) return null;
  const values = c.pos + entries * 8;
  let from = values;
  for (let i = 0; i < entries; i++) {
    const tag = tagText(c);
    const to = values + littleEndian(c, 4);
    hello.partial = to < from || to > c.end;
    if (hello.partial) break;
    const text = (): string => escapeBytes(c.buf, from, to);
    if (tag === "SNI") hello.serverName = text().toLowerCase().replace(/\.$/, "");
    else if (tag === "UAID") hello.userAgent = text();
    from = to;
  }
  return hello;
}

const tagText = (c: Cursor): string => c.text(4).replace(/(\\x00)+$/, "");

function littleEndian(c: Cursor, bytes: number): number {
  let value = 0;
  for (let i = 0; i < bytes; i++) value += c.u8() * 2 ** (8 * i);
  return value;
}

/**
 * Skips to the data of the first STREAM frame in a packet's clear frames (type 1fdooossB: fin, data length, offset and
 * stream id lengths); false where another frame comes first that we don't pass over. `number`: bytes of the packet's
 * number, which a STOP_WAITING frame has as many of; 0 where acknowledgements can't be there.
 */
export function toStreamData(c: Cursor, number = 0): boolean {
  for (;;) {
    c.part = "frame";
    const type = c.u8();
    if (type === 0) continue; // PADDING
    if (number > 0 && (type & 0xc0) === 0x40) {
      skipAcknowledgement(c, type);
    } else if (number > 0 && type === STOP_WAITING) {
      c.skip(number);
    } else if ((type & 0x80) === 0) {
      return false;
    } else {
      c.skip((type & 3) + 1); // stream id
      const offset = (type >> 2) & 7;
      c.skip(offset === 0 ? 0 : offset + 1);
      if ((type & 0x20) !== 0) c.skip(2); // data length
      return true;
    }
  }
}

const STOP_WAITING = 0x06;

/** An ACK frame (01nullmm: whether there are several blocks, lengths of the largest number and of a block). */
function skipAcknowledgement(c: Cursor, type: number): void {
  const lengths = [1, 2, 4, 6];
  const block = lengths[type & 3]!;
  c.skip(lengths[(type >> 2) & 3]! + 2); // largest number, and how long ago it came
  const blocks = (type & 0x20) === 0 ? 0 : c.u8();
  c.skip(block + blocks * (1 + block));
  const times = c.u8();
  if (times > 0) c.skip(1 + 4 + (times - 1) * 3);
}
