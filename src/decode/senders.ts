/**
 * What a network card does for its host, told by sender: checksums that are left to it, and segments that it cuts later or has
 * put together already. A capture on a host sees that host's packets before its card has seen to them:
 *
 *     host  ──segment of 4 kB, half a checksum──▶ capture ─▶ card ──three packets, whole checksums──▶ wire
 *
 * Looked at where a message said something, as checksums are, and kept only of senders with something to tell: nothing is spent
 * on other packets. The counts can be added up, so slices of a capture and threads give what the whole gives.
 */
import { checksumHolds, checksumIsPartial } from "../dissect/checksum.ts";
import type { Packet } from "../dissect/packet.ts";
import { type CapCounter, LIMITS } from "../limits.ts";

export interface SenderSums {
  /** Messages whose checksum has only the pseudo header's sum, or is wrong. */
  partial: number;
  bad: number;
  /** Messages in packets of more than `ETHERNET_MTU` bytes, and the bytes of the largest, from the IP header on. */
  large: number;
  largest: number;
}

/** Bytes of a packet that Ethernet carries unless it is set to carry more (IEEE 802.3 section 3.2.7). */
export const ETHERNET_MTU = 1_500;

export const CHECKSUM = { holds: 0, partial: 1, bad: 2 } as const;

export class Senders {
  /** By `addressKey`. */
  readonly by = new Map<number, SenderSums>();
  readonly #caps: CapCounter;

  constructor(caps: CapCounter) {
    this.#caps = caps;
  }

  /** A packet in which a message said something; returns what its checksum is, one of `CHECKSUM`. `key`: its sender's `addressKey`. */
  note(key: number, p: Packet): number {
    const is = checksumHolds(p, p.buf) ? CHECKSUM.holds : checksumIsPartial(p, p.buf) ? CHECKSUM.partial : CHECKSUM.bad;
    const large = p.ipBytes > ETHERNET_MTU && !p.fragment ? p.ipBytes : 0;
    if (is !== CHECKSUM.holds || large > 0)
      this.add(key, {
        partial: is === CHECKSUM.partial ? 1 : 0,
        bad: is === CHECKSUM.bad ? 1 : 0,
        large: large > 0 ? 1 : 0,
        largest: large,
      });
    return is;
  }

  /** Also what others have counted of a sender. */
  add(key: number, { partial, bad, large, largest }: SenderSums): void {
    const sums = this.by.get(key);
    if (sums !== undefined) {
      sums.partial += partial;
      sums.bad += bad;
      sums.large += large;
      sums.largest = Math.max(sums.largest, largest);
    } else if (this.by.size < LIMITS.senders) {
      this.by.set(key, { partial, bad, large, largest });
    } else {
      this.#caps.hit("senders");
    }
  }
}
