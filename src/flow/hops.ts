/**
 * Next hops: to which MAC address packets for an address are sent, over Ethernet. What stands behind a router is sent to the
 * router's, so two addresses with the same next hop are beyond the same router (or are one device's own).
 *
 *     host ──SYN──▶ 00:00:5e:00:01:01 ──▶ 10.60.0.9        and what it answers comes back through the same router,
 *     host ──SYN──▶ 00:00:5e:00:01:01 ──▶ 10.60.0.19       often from another MAC address than it is sent to (RFC 9568)
 *
 * A flow's row has the next hop of its first packet in the place of the other direction's first time, as long as nothing has
 * come that way; the mark in its top bit tells it from a time. Then it is noted here, for the address that was heard.
 */
import { ACK, type Packet, SYN, TCP, UDP } from "../dissect/packet.ts";
import { type CapCounter, LIMITS } from "../limits.ts";
import { addressKey } from "./distances.ts";
import * as R from "./row.ts";

/** Stands for several. */
export const SEVERAL_HOPS = -1;
/** Top bit of the word with the upper two bytes of a MAC address. */
const MARK = -(2 ** 31);

export class Hops {
  /** MAC address, as a number, by `addressKey`: the one that packets for that address are sent to, or `SEVERAL_HOPS`. */
  readonly known = new Map<number, number>();
  readonly #caps: CapCounter;

  constructor(caps: CapCounter) {
    this.#caps = caps;
  }

  /** A direction's first packet, before its time is in the row. */
  first(row: Int32Array, at: number, dir: 0 | 1, p: Packet): void {
    const hop = p.linkOff < 0 || p.pieces <= 0 ? 0 : destinationOf(p.buf, p.linkOff);
    if (row[at + R.PACKETS + 1 - dir] === 0) {
      if (hop !== 0) writeHop(row, at + R.FIRST + 2 - dir * 2, hop);
      return;
    }
    this.heard(row, at, dir);
    // Of a connection that was there before the capture, or whose first packets changed places, either end may come first.
    const isAnswer = p.proto === UDP || (p.proto === TCP && (p.tcpFlags & (SYN | ACK)) === (SYN | ACK));
    if (!isAnswer && hop !== 0) this.note(addressKey(row[at + R.META]!, row[at + R.LOW + 1 - dir]!), hop);
  }

  /** The sender of this direction is heard for the first time in the row's flow. */
  heard(row: Int32Array, at: number, dir: 0 | 1): void {
    const hop = hopOf(row[at + R.FIRST + dir * 2]!, row[at + R.FIRST + dir * 2 + 1]!);
    if (hop !== 0) this.note(addressKey(row[at + R.META]!, row[at + R.LOW + dir]!), hop);
  }

  /** Also what another observation knows of an address. */
  note(key: number, hop: number): void {
    const known = this.known.get(key);
    if (known === hop) return;
    if (known !== undefined) this.known.set(key, SEVERAL_HOPS);
    else if (this.known.size < LIMITS.hops) this.known.set(key, hop);
    else this.#caps.hit("hops");
  }
}

/** The destination of an Ethernet header, as a number; 0, which the loopback has, where it is a group's. */
function destinationOf(buf: Uint8Array, off: number): number {
  const high = (buf[off]! << 8) | buf[off + 1]!;
  const low = (buf[off + 2]! << 24) | (buf[off + 3]! << 16) | (buf[off + 4]! << 8) | buf[off + 5]!;
  return (high & 0x100) !== 0 ? 0 : high * 2 ** 32 + (low >>> 0);
}

/** As two words of a row. */
function writeHop(row: Int32Array, at: number, hop: number): void {
  row[at] = MARK | Math.floor(hop / 2 ** 32);
  row[at + 1] = hop | 0;
}

/** The number again, of such words; 0 where they hold none. */
export function hopOf(high: number, low: number): number {
  return (high & ~0xffff) === MARK ? (high & 0xffff) * 2 ** 32 + (low >>> 0) : 0;
}

/** Such a number as 12 hex digits. */
export function hopText(hop: number): string {
  return hop.toString(16).padStart(12, "0");
}
