/**
 * WebSocket's frames (RFC 6455 section 5.2), for whoever reads what runs inside.
 *
 *     ┌───┬───┬────────┬────┬────────┬──────────────────┬─────────────┬─────────┐
 *     │FIN│RSV│ opcode │MASK│ length │ extended length  │ masking key │ payload │
 *     └─1─┴─3─┴───4────┴─1──┴───7────┴─ 126: 2, 127: 8 ─┴─ MASK: 4 ───┴─────────┘
 *     clients mask, servers don't
 */
import type { Cursor } from "../../src/decode/cursor.ts";

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

const HEADER_LENGTH = 2;
const LONGEST_CONTROL = 125;

export interface FrameHead {
  opcode: number;
  /** The last frame of its message. */
  final: boolean;
  /** RSV1: with permessage-deflate (RFC 7692) the message is compressed. */
  compressed: boolean;
  masked: boolean;
  /** Bytes of payload, which may not be there yet. */
  length: number;
  /** Offset of the masking key in the cursor's buffer; -1 where there is none. */
  mask: number;
}

/** Whether a frame may begin here: a known opcode, no reserved bits but RSV1, control frames short and whole. */
export function looksLikeFrame(buf: Uint8Array, off: number, len: number): boolean {
  const first = buf[off]!;
  const opcode = first & 15;
  if ((first & 0x30) !== 0 || (opcode > OPCODE.binary && (opcode < OPCODE.close || opcode > OPCODE.pong))) return false;
  if (opcode < OPCODE.close) return true;
  return (first & 0xc0) === 0x80 && (len < HEADER_LENGTH || (buf[off + 1]! & 127) <= LONGEST_CONTROL);
}

/** Reads a frame's head; the cursor ends at the payload. Null where it is none, or longer than the shortest form needs. */
export function readFrameHead(c: Cursor): FrameHead | null {
  c.part = "frame head";
  if (c.left > 0 && !looksLikeFrame(c.buf, c.pos, c.left)) return null;
  const first = c.u8();
  const second = c.u8();
  let length = second & 127;
  if (length === 126) {
    length = c.u16();
    if (length < 126) return null;
  } else if (length === 127) {
    const high = c.u32();
    length = high * 2 ** 32 + c.u32();
    if (high >= 1 << 16 || length <= 0xffff) return null;
  }
  const masked = second >= 128;
  const mask = masked ? c.pos : -1;
  if (masked) c.skip(4);
  return { opcode: first & 15, final: first >= 128, compressed: (first & 0x40) !== 0, masked, length, mask };
}

/** A copy of the payload at the cursor, without its mask. Short while it is not whole. */
export function readPayload(c: Cursor, head: FrameHead): Uint8Array {
  const payload = c.bytes(head.length);
  if (head.mask >= 0) for (let i = 0; i < payload.length; i++) payload[i]! ^= c.buf[head.mask + (i & 3)]!;
  return payload;
}
