/**
 * SOCKS, as far as it stands before another protocol: the client tells a proxy whom it wants to reach, and behind the
 * proxy's consent the two ends speak as if there were none. SOCKS 5 RFC 1928, its login RFC 1929; SOCKS 4 and 4A (Koblas, Lee).
 *
 *     5 client  05 count methods…  [01 length user length password]  05 01 00 kind address port 2
 *       server  05 method          [01 status]                       05 00 00 kind address port 2
 *     4 client  04 01 port 2, address 4, user 00 [name 00]           server  00 5a port 2, address 4
 */
import { formatIpv4, formatIpv6Bytes } from "../../src/address.ts";
import type { Cursor } from "../../src/decode/cursor.ts";

const V5 = 5;
const V4 = 4;
const CONNECT = 1;
const LOGIN_VERSION = 1;
const BY_PASSWORD = 2;
const GRANTED_V4 = 0x5a;
const LAST_V4 = 0x5d;
const KIND = { ipv4: 1, name: 3, ipv6: 4 } as const;
const MOST_METHODS = 16;
const LONGEST_NAME = 255;

/** Whether a first byte may be SOCKS's: the version, or of an answer in version 4 a zero and its code. */
export const looksLikeSocks = (buf: Uint8Array, off: number, len: number): boolean =>
  buf[off] === V5 ||
  buf[off] === V4 ||
  (buf[off] === 0 && (len < 2 || (buf[off + 1]! >= GRANTED_V4 && buf[off + 1]! <= LAST_V4)));

/** Why a server of version 5 refuses, by its reply (RFC 1928 section 6). */
const REFUSED: Readonly<Record<number, string>> = {
  1: "it failed",
  2: "it does not let this through",
  3: "the network is unreachable",
  4: "the host is unreachable",
  5: "the connection was refused",
  6: "the TTL expired",
  7: "it takes no such command",
  8: "it takes no such address",
};

export interface Socks {
  /** Whom the client wants to reach, `host:port`; empty where the server speaks. */
  target: string;
  /** The server does not let it: its reply's code, and what that means; null where it does, and where the client speaks. */
  refusal: { code: number; text: string } | null;
}

/**
 * Takes all of it; the cursor stands behind it. Null where the bytes are none, or others stand behind a refusal. Faults short
 * as the cursor does.
 */
export function readSocks(c: Cursor): Socks | null {
  c.part = "SOCKS";
  const version = c.u8();
  if (version === 0) return answer4(c);
  const second = c.u8();
  if (version === V4) return second === CONNECT ? request4(c) : null;
  if (version !== V5) return null;
  // One method counted, or one chosen: the next byte is a method, or the answer's (or the login's) version.
  const third = c.u8();
  const server = second === 0 ? third === V5 : second === BY_PASSWORD && third === LOGIN_VERSION && !isMethods(c);
  return server ? answer5(c, second) : request5(c, second);
}

/** Two methods of a client may stand where a server's answer to a login would. The server's goes on: 00, and 05 00. */
const isMethods = (c: Cursor): boolean => {
  c.need(3);
  return c.buf[c.pos] !== 0 || c.buf[c.pos + 1] !== V5 || c.buf[c.pos + 2] !== 0;
};

function request4(c: Cursor): Socks | null {
  const port = c.u16();
  const address = c.u32();
  skipText(c);
  if (address !== 0 && address < 256) return { target: `${skipText(c)}:${port}`, refusal: null };
  return { target: `${formatIpv4(address)}:${port}`, refusal: null };
}

function answer4(c: Cursor): Socks | null {
  const code = c.u8();
  if (code < GRANTED_V4 || code > LAST_V4) return null;
  c.skip(6);
  return code === GRANTED_V4 ? { target: "", refusal: null } : refused(c, code, "it failed");
}

/** The third byte has been read: the first of the methods. */
function request5(c: Cursor, methods: number): Socks | null {
  if (methods === 0 || methods > MOST_METHODS) return null;
  c.skip(methods - 1);
  let version = c.u8();
  if (version === LOGIN_VERSION) {
    c.skip(c.u8());
    c.skip(c.u8());
    version = c.u8();
  }
  if (version !== V5 || c.u8() !== CONNECT || c.u8() !== 0) return null;
  const target = readTarget(c);
  return target === null ? null : { target, refusal: null };
}

/** The version, of what comes behind the chosen method, has been read. */
function answer5(c: Cursor, method: number): Socks | null {
  if (method === BY_PASSWORD && (c.u8() !== 0 || c.u8() !== V5)) return null;
  const code = c.u8();
  const text = REFUSED[code];
  if ((code !== 0 && text === undefined) || c.u8() !== 0) return null; // reserved
  if (readTarget(c) === null) return null;
  return text === undefined ? { target: "", refusal: null } : refused(c, code, text);
}

/** The last that the server says. */
function refused(c: Cursor, code: number, text: string): Socks | null {
  return c.left > 0 ? null : { target: "", refusal: { code, text: `the SOCKS proxy answered ${code} (${text})` } };
}

function readTarget(c: Cursor): string | null {
  const kind = c.u8();
  let host: string;
  if (kind === KIND.ipv4) host = formatIpv4(c.u32());
  else if (kind === KIND.name) host = c.text(c.u8()).toLowerCase();
  else if (kind === KIND.ipv6) {
    c.need(16);
    host = `[${formatIpv6Bytes(c.buf, c.pos)}]`;
    c.skip(16);
  } else return null;
  return `${host}:${c.u16()}`;
}

/** Text up to its zero, which is taken. */
function skipText(c: Cursor): string {
  const end = c.find(0);
  if (end < 0) c.short(c.left + 1);
  if (end - c.pos > LONGEST_NAME) c.bad("a name of more than 255 bytes");
  const text = c.text(end - c.pos);
  c.skip(1);
  return text.toLowerCase();
}
