/** Hellos in the form of SSL 2.0, by which clients of before said that they know later ones too (RFC 5246 appendix E.2). */
import type { Cursor } from "../../src/decode/cursor.ts";
import { type Emit, STREAM_DONE, STREAM_NO } from "../../src/decode/decoder.ts";

const V2_CLIENT_HELLO = 1;
const V2_SERVER_HELLO = 4;
export const isV2Hello = (type: number): boolean => type === V2_CLIENT_HELLO || type === V2_SERVER_HELLO;

/**
 * SSL 2.0's form: length 2 (high bit set), type 1, then of the client: version 2, lengths of cipher specs, session id
 * and challenge 2 each; of the server: session hit 1, certificate type 1, version 2, lengths of certificate, cipher
 * specs and connection id 2 each. The lengths have to add up.
 */
export function v2Hello(c: Cursor, emit: Emit): number {
  const length = c.u16() & 0x7fff;
  const type = c.u8();
  if (!isV2Hello(type)) return STREAM_NO;
  const server = type === V2_SERVER_HELLO;
  if (server && (c.u8() > 1 || c.u8() > 3)) return STREAM_NO;
  const version = c.u16();
  const [first, second, third] = [c.u16(), c.u16(), c.u16()];
  if (version !== 0x0002 && (server || version >> 8 !== 3 || (version & 255) > 4)) return STREAM_NO;
  if (c.at - 2 + first + second + third !== length) return STREAM_NO;
  const specs = server ? second : first;
  if (specs === 0 || specs % 3 !== 0 || third < 16 || third > 32) return STREAM_NO;
  c.need(length - (c.at - 2));
  emit({ kind: "role", sender: server ? "server" : "client", why: `SSL 2.0 ${server ? "SERVER" : "CLIENT"}-HELLO` });
  emit({ kind: "field", field: server ? "tls.version" : "tls.offered", value: version });
  return server ? STREAM_DONE : length + 2;
}
