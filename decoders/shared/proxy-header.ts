/**
 * The header that a load balancer puts before the first bytes of a connection, to tell the server whose they are.
 * The PROXY protocol, versions 1 and 2 (W. Tarreau, HAProxy).
 *
 *     1: PROXY TCP4 192.0.2.7 198.51.100.1 40112 443 CRLF       or  PROXY UNKNOWN … CRLF, 107 bytes at most
 *     2: 0d 0a 0d 0a 00 0d 0a 51 55 49 54 0a │ version 4 · command 4 │ family 4 · transport 4 │ length 2 │ addresses, more
 *        source address, destination address, source port, destination port; command 0: the balancer's own
 */
import { formatIpv4, formatIpv6Bytes } from "../../src/address.ts";
import type { Cursor } from "../../src/decode/cursor.ts";

const BEGIN = "PROXY ";
const LONGEST_LINE = 107;
const LINE =
  /^PROXY (?:TCP4 ([\d.]{7,15}) [\d.]{7,15}|TCP6 ([\da-fA-F:.]{2,45}) [\da-fA-F:.]{2,45}) (\d{1,5}) \d{1,5}$/;
const UNKNOWN = /^PROXY UNKNOWN( .*)?$/;
const SIGNATURE = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a] as const;
const COMMAND = { local: 0x20, proxy: 0x21 } as const;
const FAMILY = { tcp4: 0x11, tcp6: 0x21 } as const;

/** Whether a header may begin here, as far as the bytes go. */
export function looksLikeProxyHeader(buf: Uint8Array, off: number, len: number): boolean {
  if (buf[off] === SIGNATURE[0]) {
    const there = Math.min(len, SIGNATURE.length);
    for (let i = 1; i < there; i++) if (buf[off + i] !== SIGNATURE[i]) return false;
    return true;
  }
  const there = Math.min(len, BEGIN.length);
  for (let i = 0; i < there; i++) if (buf[off + i] !== BEGIN.charCodeAt(i)) return false;
  return true;
}

/**
 * Takes the header and returns whose connection it is, `address:port`; empty where it does not say. Null where the bytes are
 * none. Faults short as the cursor does.
 */
export function readProxyHeader(c: Cursor): string | null {
  c.part = "PROXY header";
  return c.left > 0 && c.buf[c.pos] === SIGNATURE[0] ? readBinary(c) : readLine(c);
}

function readLine(c: Cursor): string | null {
  const end = c.find(10);
  if (end < 0 && c.left < LONGEST_LINE) c.short(c.left + 1);
  if (end < 0 || end - c.pos >= LONGEST_LINE || c.buf[end - 1] !== 13) return null;
  const line = c.text(end - 1 - c.pos);
  c.skip(2);
  const known = LINE.exec(line);
  if (known === null) return UNKNOWN.test(line) ? "" : null;
  return known[1] === undefined ? `[${known[2]!.toLowerCase()}]:${known[3]}` : `${known[1]}:${known[3]}`;
}

function readBinary(c: Cursor): string | null {
  for (const byte of SIGNATURE) if (c.u8() !== byte) return null;
  const command = c.u8();
  const family = c.u8();
  if (command !== COMMAND.local && command !== COMMAND.proxy) return null;
  const outer = c.enter(c.u16(), "PROXY header");
  let source = "";
  if (command === COMMAND.proxy && family === FAMILY.tcp4) {
    const address = formatIpv4(c.u32());
    c.skip(4);
    source = `${address}:${c.u16()}`;
  } else if (command === COMMAND.proxy && family === FAMILY.tcp6) {
    c.need(16);
    const address = formatIpv6Bytes(c.buf, c.pos);
    c.skip(32);
    source = `[${address}]:${c.u16()}`;
  }
  c.leave(outer);
  return source;
}
