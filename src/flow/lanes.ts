/**
 * Lanes: every flow belongs to one of 16, chosen by its two addresses, whichever way a packet goes. What is decided over
 * many flows while reading is decided lane by lane, so that it never depends on how the lanes are shared among threads.
 */
import type { Packet } from "../dissect/packet.ts";
import { type AddressTable, word } from "./addresses.ts";
import { HIGH, LOW, META } from "./row.ts";

const LANE_SHIFT = 28;
export const LANES = 16;
export const ALL_LANES = (1 << LANES) - 1;

/** The lane of IPv4 addresses. */
export function laneOf(src: number, dst: number): number {
  return Math.imul(src ^ dst, 0x9e3779b1) >>> LANE_SHIFT;
}

export function laneOfPacket(p: Packet): number {
  if (p.family === 4) return laneOf(p.src, p.dst);
  return p.family === 6 ? laneOf(folded(p.buf, p.srcOff), folded(p.buf, p.dstOff)) : 0;
}

/** An IPv6 address in one word. */
function folded(buf: Uint8Array, off: number): number {
  return mixed(word(buf, off), word(buf, off + 4), word(buf, off + 8), word(buf, off + 12));
}

/** The lane of a flow's packets, by its row. */
export function laneOfRow(row: Int32Array, at: number, ipv6: AddressTable): number {
  const family = (row[at + META]! >>> 8) & 0xff;
  if (family === 4) return laneOf(row[at + LOW]!, row[at + HIGH]!);
  return family === 6 ? laneOf(foldedIn(ipv6, row[at + LOW]!), foldedIn(ipv6, row[at + HIGH]!)) : 0;
}

function foldedIn(ipv6: AddressTable, index: number): number {
  return mixed(ipv6.word(index, 0), ipv6.word(index, 1), ipv6.word(index, 2), ipv6.word(index, 3));
}

function mixed(a: number, b: number, c: number, d: number): number {
  return a ^ b ^ Math.imul(c, 0x85ebca6b) ^ d;
}
