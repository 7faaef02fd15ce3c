/** What may stand before a connection's first message without being part of its protocol: SOCKS, and a load balancer's header. */
import type { Cursor } from "../../src/decode/cursor.ts";
import type { Form } from "../../src/decode/decoder.ts";
import { looksLikeProxyHeader, readProxyHeader } from "./proxy-header.ts";
import { looksLikeSocks, readSocks, type Socks } from "./socks.ts";

/** How it begins: SOCKS by a version or an answer, a load balancer's header by its name or a signature. */
export const PREAMBLE_FORMS: readonly Form[] = [
  { first: [0, 4, 5] },
  {
    first: [0x50],
    bytes: [
      [1, 0xff, 0x52],
      [2, 0xff, 0x4f],
    ],
  },
  {
    first: [0x0d],
    bytes: [
      [1, 0xff, 0x0a],
      [2, 0xff, 0x0d],
      [3, 0xff, 0x0a],
      [4, 0xff, 0],
    ],
  },
];

/** Of either a part, empty where it does not say so. */
export interface Preamble extends Socks {
  /** For whom a load balancer opened the connection, `address:port`. */
  source: string;
}

export const looksLikePreamble = (buf: Uint8Array, off: number, len: number): boolean =>
  looksLikeSocks(buf, off, len) || looksLikeProxyHeader(buf, off, len);

/** Takes all of it. Null where the bytes are none of these. Faults short as the cursor does. */
export function readPreamble(c: Cursor): Preamble | null {
  if (!looksLikeProxyHeader(c.buf, c.pos, c.left)) {
    const socks = readSocks(c);
    return socks === null ? null : { ...socks, source: "" };
  }
  const source = readProxyHeader(c);
  return source === null ? null : { target: "", refusal: null, source };
}
