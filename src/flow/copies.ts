/**
 * Copies: the same packet again, because a mirror port sees it on two VLANs, before and after a router, or twice.
 *
 * A packet's print is 32 bits: 20 of a hash over what a sender never repeats within milliseconds (IP ID, checksum,
 * sequence numbers, length; the checksum covers the payload) and 12 of its path (VLAN, MAC pair, TTL).
 *
 *     31                    12 11          0
 *     ┌───────────────────────┬─────────────┐
 *     │ what the packet is    │ which path  │
 *     └───────────────────────┴─────────────┘
 *
 * Same packet, other path, within 5 ms: a copy, counted as one and nowhere else. Same packet, same path: a repeat, which
 * is a copy only where the capture shows copying on other flows too; that is decided when all is read.
 *
 * A flow's row has its last print, which finds most. A window of recent prints over all flows finds
 * those with other packets of their flow between; when it is kept is up to `copy-watch.ts`.
 */
import type { Packet } from "../dissect/packet.ts";
import { LANES } from "./lanes.ts";

export const COPY_WITHIN_NSEC = 5_000_000;
const PATH_BITS = 0xfff;

/** Prints of one lane in the window: with all lanes, 5 ms of a full link. */
const WINDOW = 1 << 10;
const WORDS = 4; // flow and direction, print, seconds, nanoseconds

/** `dir` makes the two directions of a flow differ, which share one print in the row. */
export function printOf(p: Packet, dir: number): number {
  const numbers = p.proto === 6 ? tcpNumbers(p.seq, p.ack, p.tcpFlags) : 0;
  return print(p.ipId, p.checksum, p.ipBytes, numbers, p.path, dir);
}

/** The same from the fields themselves, for a packet that was not taken apart into a record. */
export function print(
  ipId: number,
  checksum: number,
  ipBytes: number,
  numbers: number,
  path: number,
  dir: number,
): number {
  let h = dir ^ numbers ^ Math.imul((ipId << 16) | checksum, 0x9e3779b1) ^ Math.imul(ipBytes + 0x51ed, 0x85ebca6b);
  h ^= h >>> 15;
  return (Math.imul(h, 0x2c1b3c6d) & ~PATH_BITS) | (path & PATH_BITS);
}

/** What TCP adds: two segments with the same checksum differ here. */
export function tcpNumbers(seq: number, ack: number, flags: number): number {
  return Math.imul(seq, 0xc2b2ae35) ^ Math.imul(ack ^ (flags << 13), 0x27d4eb2f);
}

export function samePacket(print: number, other: number): boolean {
  return (print ^ other) >>> 12 === 0;
}

export function samePath(print: number, other: number): boolean {
  return ((print ^ other) & PATH_BITS) === 0;
}

/** Nanoseconds between two instants where that is below a second or so; else something larger than `COPY_WITHIN_NSEC`. */
export function gapNsec(secA: number, nsecA: number, secB: number, nsecB: number): number {
  const sec = secB - secA;
  if (sec > 1 || sec < -1) return 2e9;
  return Math.abs(sec * 1e9 + nsecB - nsecA);
}

/** Recent prints of all flows, direct-mapped, each lane with a part of its own. The compiled walk writes there too. */
export class CopyWindow {
  static readonly WORDS = LANES * WINDOW * WORDS;
  #words: Int32Array;

  /** `words`: memory for it, all zeros; else it takes its own when it is first used. */
  constructor(words: Int32Array = EMPTY) {
    this.#words = words;
  }

  /** True where the same packet of this flow and direction was here within 5 ms on another path; remembers it else. */
  seen(lane: number, flowDir: number, print: number, sec: number, nsec: number): boolean {
    if (this.#words.length === 0) this.#words = new Int32Array(CopyWindow.WORDS);
    const words = this.#words;
    const at = (lane * WINDOW + ((print >>> 12) & (WINDOW - 1))) * WORDS;
    if (
      words[at] === flowDir + 1 &&
      samePacket(words[at + 1]!, print) &&
      !samePath(words[at + 1]!, print) &&
      gapNsec(words[at + 2]!, words[at + 3]!, sec, nsec) <= COPY_WITHIN_NSEC
    ) {
      return true;
    }
    words[at] = flowDir + 1;
    words[at + 1] = print;
    words[at + 2] = sec;
    words[at + 3] = nsec;
    return false;
  }

  /** Forgets everything: flows have other numbers now. */
  clear(): void {
    this.#words.fill(0);
  }

  /** Adds what was here within 5 ms before an instant: of these a slice that follows may hold the copies. */
  since(lane: number, sec: number, nsec: number, edges: Edges): void {
    const words = this.#words;
    const end = Math.min(words.length, (lane + 1) * WINDOW * WORDS);
    for (let at = lane * WINDOW * WORDS; at < end; at += WORDS) {
      if (words[at] === 0 || gapNsec(words[at + 2]!, words[at + 3]!, sec, nsec) > COPY_WITHIN_NSEC) continue;
      addEdge(edges, words[at]! - 1, { print: words[at + 1]!, bytes: 0, sec: words[at + 2]!, nsec: words[at + 3]! });
    }
  }
}

const EMPTY = new Int32Array(0);

/** Packets by which adjacent slices of a capture are held together, by flow * 2 + direction. */
export type Edges = Map<number, Edge[]>;
export interface Edge {
  print: number;
  bytes: number;
  sec: number;
  nsec: number;
  /** It had an IP ID; left out where it had none. */
  withId?: true;
}

export function addEdge(edges: Edges, flowDir: number, edge: Edge): void {
  const known = edges.get(flowDir);
  if (known === undefined) edges.set(flowDir, [edge]);
  else known.push(edge);
}
