/**
 * IEEE 802.11 data frames, bare or behind what a radio's driver notes of each: radiotap (https://www.radiotap.org), PPI,
 * Prism and AVS headers. Management, control and encrypted frames hold no packet that could be read.
 *
 *      0        2     4        10       16       22    24
 *     ┌────────┬─────┬────────┬────────┬────────┬─────┬─ ─ ─ ─ ─ ─ ─┬─ ─ ─ ─ ─┬─ ─ ─ ─ ─┬─────
 *     │ control│ dur │ addr 1 │ addr 2 │ addr 3 │ seq │ addr 4      │ QoS 2   │ HT 4    │ LLC
 *     └────────┴─────┴────────┴────────┴────────┴─────┴─ ─ ─ ─ ─ ─ ─┴─ ─ ─ ─ ─┴─ ─ ─ ─ ─┴─────
 *
 * An aggregate (A-MSDU) holds several: destination 6, source 6, length 2, LLC and its packet, up to three bytes to a
 * multiple of four, and the next one.
 */
import { LIMITS } from "../limits.ts";
import { llc } from "./ethernet.ts";
import { CUT, MALFORMED, NO_ETHERTYPE, NO_IP, type Packet, TOO_DEEP } from "./packet.ts";

const DATA = 2;
const QOS = 0x80;
const NO_DATA = 0x40;
const BOTH_DS = 0x03;
const MORE_FRAGMENTS = 0x04;
const RETRY = 0x08;
const PROTECTED = 0x40;
const ORDER = 0x80;
const AGGREGATE = 0x80;
const SUBFRAME_HEADER = 14;

/** An 802.11 header and its frame's body. */
export function wlan(p: Packet, buf: Uint8Array, off: number, end: number, wire: number): number {
  return wlanFrame(p, buf, off, end, wire, false);
}

/** `padded`: some radios align the body to four bytes. */
function wlanFrame(p: Packet, buf: Uint8Array, off: number, end: number, wire: number, padded: boolean): number {
  p.etherType = NO_ETHERTYPE;
  if (end - off < 2) return CUT;
  if (p.depth >= LIMITS.layers) return TOO_DEEP;
  p.special = true;
  p.depth++;
  const control = buf[off]!;
  const flags = buf[off + 1]!;
  if ((control & 3) !== 0) return MALFORMED; // another version of the protocol
  if (((control >> 2) & 3) !== DATA || (control & NO_DATA) !== 0 || (flags & PROTECTED) !== 0) return NO_IP;
  let header = (flags & BOTH_DS) === BOTH_DS ? 30 : 24;
  if (end - off < header + 2) return CUT;
  // A piece of a frame is no packet: the first alone lacks its end, the others their beginning.
  if ((flags & MORE_FRAGMENTS) !== 0 || (buf[off + 22]! & 0x0f) !== 0) return NO_IP;
  let aggregate = false;
  if ((control & QOS) !== 0) {
    aggregate = (buf[off + header]! & AGGREGATE) !== 0;
    header += 2;
    if ((flags & ORDER) !== 0) header += 4;
  }
  if (padded) header = (header + 3) & ~3;
  // An access point repeats what a station sends, and either sends again what was not acknowledged: copies, which
  // receiver, transmitter and the retry bit tell apart.
  p.path =
    (p.path * 31 + buf[off + 8]! + buf[off + 9]! * 3 + buf[off + 14]! * 5 + buf[off + 15]! * 7 + (flags & RETRY)) &
    0xfff;
  if (off + header > end) return CUT;
  if (!aggregate) return llc(p, buf, off + header, end, wire - header);
  p.nextPath = p.path;
  p.nextDepth = p.depth;
  p.nextVlan = p.vlan;
  p.nextTunnel = p.tunnel;
  p.nextRealm = p.realm;
  p.nextEnd = end;
  return aggregated(p, buf, off + header);
}

/** One packet of an aggregate, as far as `p.nextEnd`; `p.nextOff` says where the one behind it begins. */
export function aggregated(p: Packet, buf: Uint8Array, off: number): number {
  const end = p.nextEnd;
  p.nextOff = 0;
  if (end - off < SUBFRAME_HEADER) return CUT;
  const length = (buf[off + 12]! << 8) | buf[off + 13]!;
  const body = off + SUBFRAME_HEADER;
  const next = off + ((SUBFRAME_HEADER + length + 3) & ~3);
  if (end - next >= SUBFRAME_HEADER) p.nextOff = next;
  return llc(p, buf, body, body + length < end ? body + length : end, length);
}

const HAS_TIME = 1 << 0;
const HAS_FLAGS = 1 << 1;
const FLAG_CHECKSUM = 0x10;
const FLAG_PADDED = 0x20;

/** Radiotap: version 0, its length, which fields are present (little-endian). The flags say what the frame's ends are. */
export function radiotap(p: Packet, buf: Uint8Array, off: number, end: number, wire: number): number {
  if (end - off < 8) return CUT;
  const length = buf[off + 2]! | (buf[off + 3]! << 8);
  if (buf[off] !== 0 || length < 8) return MALFORMED;
  if (off + length > end) return CUT;
  const present = buf[off + 4]!;
  let at = off + 4;
  while (at + 4 <= off + length && (buf[at + 3]! & 0x80) !== 0) at += 4; // more words of presence bits
  at += 4;
  if ((present & HAS_TIME) !== 0) at = off + ((at - off + 7) & ~7) + 8;
  const flags = (present & HAS_FLAGS) !== 0 && at < off + length ? buf[at]! : 0;
  const checksum = (flags & FLAG_CHECKSUM) !== 0 && wire <= end - off ? 4 : 0;
  const left = wire - length;
  return wlanFrame(p, buf, off + length, Math.max(off + length, end - checksum), left, (flags & FLAG_PADDED) !== 0);
}

const AVS_FIRST_WORD = 0x8021;

/** Prism's header, or AVS's in its place: both have their length in their second word. */
export function prism(p: Packet, buf: Uint8Array, off: number, end: number, wire: number): number {
  if (end - off < 8) return CUT;
  const big = ((buf[off]! << 8) | buf[off + 1]!) === AVS_FIRST_WORD || buf[off] === 0;
  const length = big ? (buf[off + 6]! << 8) | buf[off + 7]! : buf[off + 4]! | (buf[off + 5]! << 8);
  if (length < 8) return MALFORMED;
  return off + length > end ? CUT : wlan(p, buf, off + length, end, wire - length);
}
