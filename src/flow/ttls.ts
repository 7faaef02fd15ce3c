/**
 * With which TTLs an address opens connections, over Ethernet and IPv4: several hosts behind one address of a NAT differ in it,
 * because operating systems begin with 64 or 128, and because some of the hosts are farther away.
 *
 *     Windows ─128─▶ ┌─────┐ ──127──▶
 *     Linux ───64──▶ │ NAT │ ───63──▶  capture: one address, one MAC address, two TTLs in the same minutes
 *                    └─────┘
 *
 * Only SYNs, because a system sends them all with the TTL that it was given, whatever it uses for ICMP and single programs; and
 * only those with the options of an operating system, because what a scanner writes itself has any TTL. By the MAC
 * address that sent the frame: routes differ before it, and so do the places of two captures.
 *
 * Kept is a set, which grows to the same whichever way a capture is cut, shared among threads and put together, in memory that the
 * compiled walk writes as well (`wasm/ttls.ts`):
 *
 *     how many │ level │ address, realm and MAC address, minute and TTL │ … a place for each, by its hash
 *
 * Where it fills, every second minute is left out, and of those that stay every second one again: which ones, their numbers say.
 */
import type { Packet } from "../dissect/packet.ts";
import type { Arena } from "./arena.ts";

/** Bytes of TCP's header with what operating systems ask for (MSS, SACK, window scale); scanners write 24, or no options. */
export const SYN_HEADER = 32;
/** Words of a place, and of what stands before the places: how many are used, the level, how many there are less one. */
const PLACE = 4;
const HEADER = 4;
const COUNT = 0;
const LEVEL = 1;
const MASK = 2;
/** Places at first, and at most: 2 MB, of which three quarters are used. */
const FIRST_PLACES = 1 << 8;
const MOST_PLACES = 1 << 17;
/** A minute is 64 seconds; its number stands above six bits that name a TTL. */
const MINUTE_SHIFT = 6;
/** Beyond this level no minute is kept. */
const LAST_LEVEL = 32;

/** Told of an address (as in a row) that it sent SYNs with this TTL in this minute, from a MAC address (a number). */
export type TellTtl = (realm: number, address: number, mac: number, ttl: number, minute: number) => void;

export class Ttls {
  /** Where it is in the arena; -1 where it has memory of its own. */
  readonly at: number;
  #words: Int32Array;

  constructor(arena: Arena | null = null) {
    const most = HEADER + MOST_PLACES * PLACE;
    this.at = arena === null ? -1 : arena.take(4 * most);
    // Nothing of this size is ever given back to the arena, so it is all zero.
    this.#words =
      arena === null || this.at < 0
        ? own(FIRST_PLACES)
        : new Int32Array(arena.buffer, this.at, HEADER + MOST_PLACES * PLACE);
    this.#words[MASK] = FIRST_PLACES - 1;
  }

  /** A SYN without ACK. */
  syn(realm: number, sec: number, p: Packet): void {
    if (p.family !== 4 || p.linkOff < 0 || p.tunnel !== 0 || p.payOff - p.transportOff < SYN_HEADER) return;
    const named = numberOf(p.ttl);
    if (named < 0 || p.src === 0) return;
    const at = p.linkOff + 6;
    const high = (p.buf[at]! << 8) | p.buf[at + 1]!;
    const low = (p.buf[at + 2]! << 24) | (p.buf[at + 3]! << 16) | (p.buf[at + 4]! << 8) | p.buf[at + 5]!;
    this.#add(p.src, (realm << 16) | high, low, ((sec >>> MINUTE_SHIFT) << MINUTE_SHIFT) | named);
  }

  /** What another observation knows, whose realms have these numbers here. */
  merge(other: Ttls, realmOf: (realm: number) => number): void {
    this.restore(other.stored(), realmOf);
  }

  /** Level and words of all, one behind the other. */
  stored(): Int32Array {
    const words = this.#words;
    const all = new Int32Array(1 + words[COUNT]! * PLACE);
    all[0] = words[LEVEL]!;
    for (let at = HEADER, to = 1; to < all.length; at += PLACE)
      if (words[at] !== 0) {
        all.set(words.subarray(at, at + PLACE), to);
        to += PLACE;
      }
    return all;
  }

  restore(stored: Int32Array, realmOf: (realm: number) => number = (realm) => realm): void {
    const level = Math.min(stored[0] ?? 0, LAST_LEVEL + 1);
    if (level > this.#words[LEVEL]!) this.#fill(this.stored(), level, this.#words[MASK]!);
    for (let at = 1; at + PLACE <= stored.length; at += PLACE) {
      const who = stored[at + 1]!;
      if (stored[at] !== 0)
        this.#add(stored[at]!, (realmOf(who >>> 16) << 16) | (who & 0xffff), stored[at + 2]!, stored[at + 3]!);
    }
  }

  each(tell: TellTtl): void {
    const words = this.#words;
    for (let at = HEADER, left = words[COUNT]!; left > 0; at += PLACE) {
      if (words[at] === 0) continue;
      left--;
      const who = words[at + 1]!;
      const when = words[at + 3]!;
      const mac = (who & 0xffff) * 2 ** 32 + (words[at + 2]! >>> 0);
      tell(who >>> 16, words[at]!, mac, ttlOf(when & 63), when >>> MINUTE_SHIFT);
    }
  }

  #add(address: number, who: number, low: number, when: number): void {
    const words = this.#words;
    if (!isKept(when, words[LEVEL]!)) return;
    const mask = words[MASK]!;
    let place = hashOf(address, who, low, when) & mask;
    for (;;) {
      const at = HEADER + place * PLACE;
      if (words[at] === 0) break;
      if (words[at] === address && words[at + 1] === who && words[at + 2] === low && words[at + 3] === when) return;
      place = (place + 1) & mask;
    }
    const at = HEADER + place * PLACE;
    words[at] = address;
    words[at + 1] = who;
    words[at + 2] = low;
    words[at + 3] = when;
    if (++words[COUNT]! <= (mask + 1) * 0.75) return;
    if (mask + 1 < MOST_PLACES) this.#grow();
    else this.#thin();
  }

  #grow(): void {
    const all = this.stored();
    const places = (this.#words[MASK]! + 1) * 4;
    if (this.at < 0) this.#words = own(places);
    this.#fill(all, all[0]!, Math.min(places, MOST_PLACES) - 1);
  }

  /** Leaves out minutes until there is room. */
  #thin(): void {
    const all = this.stored();
    this.#fill(all, all[0]! + 1, this.#words[MASK]!);
  }

  #fill(all: Int32Array, level: number, mask: number): void {
    const words = this.#words;
    words.fill(0, 0, HEADER + (mask + 1) * PLACE);
    words[LEVEL] = level;
    words[MASK] = mask;
    for (let at = 1; at < all.length; at += PLACE) this.#add(all[at]!, all[at + 1]!, all[at + 2]!, all[at + 3]!);
  }
}

function own(places: number): Int32Array {
  return new Int32Array(HEADER + Math.min(places, MOST_PLACES) * PLACE);
}

/** 64 or 128 less 31 routers at most, which no path has more of; -1 of others. 255 is what scanners write, and sessions between routers need. */
function numberOf(ttl: number): number {
  return ttl >= 33 && ttl <= 64 ? ttl - 33 : ttl >= 97 && ttl <= 128 ? ttl - 65 : -1;
}

function ttlOf(number: number): number {
  return number < 32 ? number + 33 : number + 65;
}

/** Routers passed, of the 64 or the 128 that such a TTL began with. */
export function routersPassed(ttl: number): number {
  return (ttl <= 64 ? 64 : 128) - ttl;
}

/** Whether a minute stays at this level: at each level every second one, by bits that say nothing of when it was. */
function isKept(when: number, level: number): boolean {
  if (level === 0) return true;
  return level <= LAST_LEVEL && Math.imul(when >>> MINUTE_SHIFT, 0x9e3779b1) >>> (LAST_LEVEL - level) === 0;
}

function hashOf(address: number, who: number, low: number, when: number): number {
  const mixed = Math.imul(address ^ Math.imul(when, 0x85ebca6b) ^ Math.imul(low + who, 0xc2b2ae35), 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}
