/**
 * How far away answers come from. A host's packets arrive with the TTL that it began with less the routers passed; a RST
 * that passed fewer of them than the same address's SYN-ACKs was sent by something nearer, in that address's name. So was
 * one that follows what it answers sooner than any answer of that address ever came.
 *
 *     client ──── filter ──── router ──── server        SYN-ACK: 62 of 64, two routers; RST of the filter: 64 of 64
 *        ├─────────────────── 24 ms ──────────▶│
 *        ├ 0.3 ms ─▶│
 */
import type { Frame } from "../capture/frame.ts";
import { ACK, type Packet } from "../dissect/packet.ts";
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
  /** Microseconds since the packet that it answers; absent where several could be that one. */
  sinceUs?: number;
  capture: number;
  frame: number;
  /** As a quote's. */
  order: number;
}

/**
 * SYN-ACKs of one address, as one number: their smallest TTL, the largest (shifted by 8), and the microseconds in which
 * the fastest followed its SYN (times 65,536; 0 where none is known).
 */
type Answers = number;

/** Where answers take less, the far end is too near for time to tell anything. */
const LEAST_TRIP_US = 2_000;
/** Routes differ and change; something that sits on the way is many times as fast. */
const SOONER = 0.5;

export class Distances {
  readonly resets: Reset[] = [];
  /** By `addressKey`. */
  readonly answers = new Map<number, Answers>();
  readonly #caps: CapCounter;

  constructor(caps: CapCounter) {
    this.#caps = caps;
  }

  /** A SYN-ACK of this direction of a row. `state`: of the row, before it. */
  answer(row: Int32Array, at: number, dir: 0 | 1, state: number, frame: Frame, ttl: number): void {
    const there = 1 - dir;
    // Of several SYNs, nobody can say which one it answers.
    const single = (state & ((R.S_SYN << there) | (R.S_SYNACK << dir))) === R.S_SYN << there;
    const tripUs = single && row[at + R.PACKETS + there] === 1 ? sinceUs(row, at, R.FIRST, there, frame) : 0;
    this.answered(addressKey(row[at + R.META]!, row[at + R.LOW + dir]!), answersOf(ttl, ttl, tripUs));
  }

  /** Also what another observation knows of an address. */
  answered(key: number, answers: Answers): void {
    const known = this.answers.get(key);
    if (known === undefined) {
      if (this.answers.size >= LIMITS.distances) this.#caps.hit("distances");
      else this.answers.set(key, answers);
      return;
    }
    const least = Math.min(known & 0xff, answers & 0xff);
    const most = Math.max((known >>> 8) & 0xff, (answers >>> 8) & 0xff);
    const [trip, other] = [tripUsOf(known), tripUsOf(answers)];
    const both = answersOf(least, most, trip === 0 || other === 0 ? trip + other : Math.min(trip, other));
    if (both !== known) this.answers.set(key, both);
  }

  /** A RST. `state`: of the row, before it. Only the first of an open connection's far end is kept. */
  reset(row: Int32Array, at: number, dir: 0 | 1, state: number, frame: Frame, p: Packet, order: number): void {
    if ((state & ((R.S_SYN << (1 - dir)) | (R.S_SYNACK << dir))) === 0) return;
    if ((state & (((R.S_RST | R.S_FIN) << 1) | R.S_RST | R.S_FIN)) !== 0) return;
    const [low, high] = [row[at + R.LOW]!, row[at + R.HIGH]!];
    const [ports, meta] = [row[at + R.PORTS]!, row[at + R.META]!];
    const since = sinceAsked(row, at, dir, state, frame, p);
    const reset: Reset = {
      low,
      high,
      ports,
      meta,
      dir,
      ttl: p.ttl,
      capture: frame.capture,
      frame: frame.number,
      order,
    };
    if (since > 0) reset.sinceUs = since;
    this.add(reset);
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
export function isNearer(resetTtl: number, answers: Answers): { nearer: boolean; usual: number } {
  const [least, most] = [answers & 0xff, (answers >>> 8) & 0xff];
  const usual = routersOf(least) < routersOf(most) ? least : most;
  return { nearer: routersOf(resetTtl) < routersOf(usual), usual };
}

/** True where a RST followed its question in less time than the far end can have been reached in. */
export function isSooner(sinceUs: number, answers: Answers): boolean {
  const trip = tripUsOf(answers);
  return trip >= LEAST_TRIP_US && sinceUs < trip * SOONER;
}

/** Microseconds of the fastest answer; 0 where none is known. */
export function tripUsOf(answers: Answers): number {
  return Math.floor(answers / 0x10000);
}

export function answersOf(leastTtl: number, mostTtl: number, tripUs: number): Answers {
  return (leastTtl | (mostTtl << 8)) + tripUs * 0x10000;
}

/**
 * Microseconds between a RST and the packet that it answers: the only SYN, or a first message that it acknowledges and
 * that was sent once. 0 where that is not certain.
 */
function sinceAsked(row: Int32Array, at: number, dir: 0 | 1, state: number, frame: Frame, p: Packet): number {
  const there = 1 - dir;
  const asked = row[at + R.PACKETS + there]!;
  if ((state & (R.S_SYN << there)) === 0) return 0;
  if ((state & (R.S_SYNACK << dir)) === 0) return asked === 1 ? sinceUs(row, at, R.FIRST, there, frame) : 0;
  // SYN, ACK and the message, the last two sometimes as one; and the far end has said nothing but its SYN-ACK.
  const spoke = (state & ((R.S_DATA | R.S_ACK) << dir)) !== 0;
  const once = asked <= 3 && (state & (R.S_DATA << there)) !== 0 && !spoke;
  if (!once || (p.tcpFlags & ACK) === 0 || p.ack !== row[at + R.NEXT + there]) return 0;
  return sinceUs(row, at, R.LAST, there, frame);
}

/** Microseconds since the first or the last packet of a direction, as the field has it; 0 for those of another file. */
function sinceUs(row: Int32Array, at: number, field: number, dir: number, frame: Frame): number {
  if (((row[at + R.CAPTURES]! >>> (dir * 16)) & 0xffff) !== frame.capture) return 0;
  const [sec, nsec] = [row[at + field + dir * 2]!, row[at + field + dir * 2 + 1]!];
  const us = Math.round((frame.sec - sec) * 1e6 + (frame.nsec - nsec) / 1e3);
  return us > 0 && us < 2 ** 32 ? us : 0;
}
