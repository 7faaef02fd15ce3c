/**
 * Lanes: every flow belongs to one of 16, chosen by its two addresses, whichever way a packet goes. What is decided over
 * many flows while reading is decided lane by lane, so that it never depends on how the lanes are shared among threads.
 */
import type { Packet } from "../dissect/packet.ts";
import { word } from "./addresses.ts";

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
  return word(buf, off) ^ word(buf, off + 4) ^ Math.imul(word(buf, off + 8), 0x85ebca6b) ^ word(buf, off + 12);
}
