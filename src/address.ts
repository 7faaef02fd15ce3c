/**
 * Addresses as text: IPv4, IPv6 (RFC 4291 in, RFC 5952 out) and MAC. Small own code, because it stands on the start
 * path and is called for every address of a report; CIDR and ranges are `model/ranges.ts`.
 *
 * The hex form is fixed-width and lower case (8, 32 or 12 digits), so that text order is address order.
 */
export type AddressFamily = 4 | 6 | "mac";
export interface ParsedAddress {
  family: AddressFamily;
  hex: string;
}

/**
 * An unsigned 32-bit number as `a.b.c.d`. The texts of some ten thousand numbers are kept where their hash puts them, so that all
 * that is told of one address holds one text.
 */
export function formatIpv4(n: number): string {
  const word = n | 0;
  const at = Math.imul(word, 0x9e3779b1) >>> (32 - TEXT_BITS);
  const known = TEXTS[at];
  if (known !== undefined && TEXT_OF[at] === word) return known;
  const text = `${n >>> 24}.${(n >>> 16) & 255}.${(n >>> 8) & 255}.${n & 255}`;
  TEXT_OF[at] = word;
  TEXTS[at] = text;
  return text;
}
const TEXT_BITS = 16;
const TEXT_OF = new Int32Array(1 << TEXT_BITS);
const TEXTS = new Array<string | undefined>(1 << TEXT_BITS);

/** Whether two addresses, as texts, are both of IPv4 or both of IPv6: of the other family packets may go another way. */
export const isSameFamily = (a: string, b: string): boolean => a.includes(":") === b.includes(":");

/** Eight groups, reused: `formatGroups` is the only reader and is never re-entered. */
const GROUPS = new Uint16Array(8);

/** Four unsigned 32-bit words, most significant first, in RFC 5952 form. */
export function formatIpv6(w0: number, w1: number, w2: number, w3: number): string {
  GROUPS[0] = w0 >>> 16;
  GROUPS[1] = w0;
  GROUPS[2] = w1 >>> 16;
  GROUPS[3] = w1;
  GROUPS[4] = w2 >>> 16;
  GROUPS[5] = w2;
  GROUPS[6] = w3 >>> 16;
  GROUPS[7] = w3;
  return formatGroups();
}

/** Sixteen bytes at `off` in RFC 5952 form. */
export function formatIpv6Bytes(buf: Uint8Array, off: number): string {
  for (let i = 0; i < 8; i++) GROUPS[i] = (buf[off + 2 * i]! << 8) | buf[off + 2 * i + 1]!;
  return formatGroups();
}

/** RFC 5952 section 4: lower case, no leading zeros, the first longest run of two or more zero groups as `::`. */
function formatGroups(): string {
  let bestAt = -1;
  let bestLength = 1;
  for (let i = 0; i < 8; i++) {
    let length = 0;
    while (i + length < 8 && GROUPS[i + length] === 0) length++;
    if (length > bestLength) {
      bestAt = i;
      bestLength = length;
    }
    i += length;
  }
  // Section 5: an IPv4-mapped address keeps its IPv4 part readable.
  if (bestAt === 0 && bestLength === 5 && GROUPS[5] === 0xffff) {
    return `::ffff:${formatIpv4((GROUPS[6]! << 16) | GROUPS[7]!)}`;
  }
  let text = "";
  for (let i = 0; i < 8; i++) {
    if (i === bestAt) {
      text += "::";
      i += bestLength - 1;
    } else {
      text += (text === "" || text.endsWith(":") ? "" : ":") + GROUPS[i]!.toString(16);
    }
  }
  return text;
}

const HEX2 = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, "0"));

/** Six bytes at `off`, lower case with colons. */
export function formatMac(buf: Uint8Array, off: number): string {
  return (
    `${HEX2[buf[off]!]}:${HEX2[buf[off + 1]!]}:${HEX2[buf[off + 2]!]}:` +
    `${HEX2[buf[off + 3]!]}:${HEX2[buf[off + 4]!]}:${HEX2[buf[off + 5]!]}`
  );
}

/** The first four bytes as an unsigned number and the last two, as `formatMac`. */
export function formatMacWords(high: number, low: number): string {
  return formatHex("mac", high.toString(16).padStart(8, "0") + low.toString(16).padStart(4, "0"));
}

/** The hex form back to canonical text. */
export function formatHex(family: AddressFamily, hex: string): string {
  if (family === 4) return formatIpv4(Number.parseInt(hex, 16));
  if (family === "mac") return hex.replace(/..(?!$)/g, "$&:");
  const word = (i: number) => Number.parseInt(hex.slice(8 * i, 8 * i + 8), 16);
  return formatIpv6(word(0), word(1), word(2), word(3));
}

/**
 * One plain address: `10.0.0.1`, `fd00::1`, `::ffff:10.0.0.1`, `00:11:22:33:44:55`, `00-11-22-33-44-55`. Null for
 * anything else: a prefix, a range, a zone, an IPv4 part with a leading zero (some programs read that as octal).
 */
export function parseAddress(text: string): Readonly<ParsedAddress> | null {
  const known = PARSED.get(text);
  if (known !== undefined) return known;
  const parsed = parseAddressAnew(text);
  if (PARSED.size >= MOST_PARSED) PARSED.clear();
  PARSED.set(text, parsed);
  return parsed;
}

/** A judge asks of the same few addresses again and again, of each for every rule. */
const PARSED = new Map<string, Readonly<ParsedAddress> | null>();
const MOST_PARSED = 4_096;

/** The same without being remembered: for the thousands of addresses of a file, each of which is read once. */
export function parseAddressAnew(text: string): ParsedAddress | null {
  const ipv4 = parseIpv4(text);
  if (ipv4 !== null) return { family: 4, hex: ipv4 };
  if (/^[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}$/i.test(text)) {
    return { family: "mac", hex: text.replace(/[:-]/g, "").toLowerCase() };
  }
  const hex = text.includes(":") ? parseIpv6(text) : null;
  return hex === null ? null : { family: 6, hex };
}

/** `a.b.c.d` as a signed 32-bit number; null for anything else, a part with a leading zero included. */
export function ipv4Word(text: string): number | null {
  return ipv4WordIn(text, 0, text.length);
}

/** What finds an address soonest: of IPv4 its number, else its text. */
export function keyOfAddress(text: string): number | string {
  return ipv4Word(text) ?? text;
}

/** As `ipv4Word`, of a stretch of a text. */
export function ipv4WordIn(text: string, from: number, to: number): number | null {
  if (to - from > 15) return null;
  let word = 0;
  let parts = 0;
  let value = -1;
  for (let i = from; i <= to; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (i < to && digit >= 0 && digit <= 9) {
      if (value === 0) return null;
      value = value < 0 ? digit : value * 10 + digit;
      if (value > 255) return null;
    } else {
      if (value < 0 || (i < to && text.charCodeAt(i) !== DOT)) return null;
      word = (word << 8) | value;
      parts++;
      value = -1;
    }
  }
  return parts === 4 ? word : null;
}
const DOT = 0x2e;

/** `a.b.c.d` to 8 hex digits. */
function parseIpv4(text: string): string | null {
  const word = ipv4Word(text);
  if (word === null) return null;
  return HEX2[word >>> 24]! + HEX2[(word >>> 16) & 255]! + HEX2[(word >>> 8) & 255]! + HEX2[word & 255]!;
}

/** RFC 4291 section 2.2, all three forms, to 32 hex digits. */
function parseIpv6(text: string): string | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const head = parseGroups(halves[0]!, halves.length === 1);
  const tail = halves.length === 2 ? parseGroups(halves[1]!, true) : "";
  if (head === null || tail === null) return null;
  const missing = 32 - head.length - tail.length;
  // `::` stands for at least one group; without it nothing may be missing.
  if (halves.length === 2 ? missing < 4 : missing !== 0) return null;
  return head + "0".repeat(missing) + tail;
}

/** Groups with colons to hex; the last two may be an IPv4 address where `mayEndInIpv4`. */
function parseGroups(text: string, mayEndInIpv4: boolean): string | null {
  if (text === "") return "";
  const groups = text.split(":");
  let hex = "";
  for (const [i, group] of groups.entries()) {
    if (mayEndInIpv4 && i === groups.length - 1 && group.includes(".")) {
      const ipv4 = parseIpv4(group);
      if (ipv4 === null) return null;
      hex += ipv4;
    } else {
      if (!/^[0-9a-f]{1,4}$/i.test(group)) return null;
      hex += group.padStart(4, "0").toLowerCase();
    }
  }
  return hex;
}
