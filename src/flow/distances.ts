/**
 * How far away answers come from. A host's packets arrive with the TTL that it began with less the routers passed; a RST
 * that passed fewer of them than the same address's SYN-ACKs was sent by something nearer, in that address's name.
 *
 *     client ──── filter ──── router ──── server        SYN-ACK: 62 of 64, two routers; RST of the filter: 64 of 64
 */
import type { Frame } from "../capture/frame.ts";
import type { Packet } from "../dissect/packet.ts";
import { type CapCounter, LIMITS } from "../limits.ts";
import * as R from "./row.ts";

/** The first RST of the end that did not open a connection, which nobody had closed. */
export interface Reset {
  /** Key of its flow, ends in address order as in its row, and its direction. */
  low: number;
  high: number;
  ports: number;
  meta: number;
  dir: 0 | 1;
  ttl: number;
  capture: number;
  frame: number;
  /** As a quote's. */
  order: number;
}

/** TTLs of SYN-ACKs of one address: the smallest, and the largest, shifted by 8. */
type Ttls = number;

export class Distances {
  readonly resets: Reset[] = [];
  /** By `addressKey`. */
  readonly answers = new Map<number, Ttls>();
  readonly #caps: CapCounter;

  constructor(caps: CapCounter) {
    this.#caps = caps;
  }

  /** A SYN-ACK of this direction of a row. */
  answer(row: Int32Array, at: number, dir: 0 | 1, ttl: number): void {
    this.answered(addressKey(row[at + R.META]!, row[at + R.LOW + dir]!), ttl | (ttl << 8));
  }

  /** Also what another observation knows of an address. */
  answered(key: number, ttls: Ttls): void {
    const known = this.answers.get(key);
    if (known === undefined) {
      if (this.answers.size >= LIMITS.distances) this.#caps.hit("distances");
      else this.answers.set(key, ttls);
      return;
    }
    const least = Math.min(known & 0xff, ttls & 0xff);
    const most = Math.max(known >>> 8, ttls >>> 8);
    if (known !== (least | (most << 8))) this.answers.set(key, least | (most << 8));
  }

  /** A RST. `state`: of the row, before it. Only the first of an open connection's far end is kept. */
  reset(row: Int32Array, at: number, dir: 0 | 1, state: number, frame: Frame, p: Packet, order: number): void {
    if ((state & ((R.S_SYN << (1 - dir)) | (R.S_SYNACK << dir))) === 0) return;
    if ((state & (((R.S_RST | R.S_FIN) << 1) | R.S_RST | R.S_FIN)) !== 0) return;
    const [low, high] = [row[at + R.LOW]!, row[at + R.HIGH]!];
    const [ports, meta] = [row[at + R.PORTS]!, row[at + R.META]!];
    this.add({ low, high, ports, meta, dir, ttl: p.ttl, capture: frame.capture, frame: frame.number, order });
  }

  add(reset: Reset): void {
    if (this.resets.length < LIMITS.resets) this.resets.push(reset);
    else this.#caps.hit("resets");
  }
}

/** An address of a realm as one number. `meta`, `address`: as in a row. */
export function addressKey(meta: number, address: number): number {
  const isV6 = ((meta >>> 8) & 0xff) === 6 ? 1 : 0;
  return ((meta >>> 16) * 2 + isV6) * 2 ** 32 + (address >>> 0);
}

/** The same address under another number and in another realm. */
export function movedKey(
  key: number,
  addressOf: (index: number) => number,
  realmOf: (realm: number) => number,
): number {
  const top = Math.floor(key / 2 ** 32);
  const word = key % 2 ** 32;
  const isV6 = top % 2 === 1;
  return (realmOf(Math.floor(top / 2)) * 2 + (isV6 ? 1 : 0)) * 2 ** 32 + ((isV6 ? addressOf(word) : word) >>> 0);
}

/** Routers passed, of the number that a sender usually begins with. */
function routersOf(ttl: number): number {
  return (ttl <= 64 ? 64 : ttl <= 128 ? 128 : 255) - ttl;
}

/** TTLs with which the address's own answers arrive, as the closest of them; and whether the RST comes from nearer. */
export function isNearer(resetTtl: number, answers: Ttls): { nearer: boolean; usual: number } {
  const [least, most] = [answers & 0xff, answers >>> 8];
  const usual = routersOf(least) < routersOf(most) ? least : most;
  return { nearer: routersOf(resetTtl) < routersOf(usual), usual };
}
