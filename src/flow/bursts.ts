/**
 * Bursts of datagrams: packets of one direction of a flow with gaps below ten seconds, counted in words that TCP uses for
 * its sequence numbers (`BURST_FROM`, `BURSTS` in `row.ts`). Nothing is written for a packet within a burst, so that the
 * common packet costs nothing: a burst's size is known from the packets counted when it began and when it ended.
 *
 *     packets   ··· ··     ·····     ··        BURST_FROM  10
 *               first 5   other 5   now 2      BURSTS      first 5 << 16 | largest other 5
 */
import { BURST_FROM, BURST_GAP_SEC, BURSTS, FIRST, LAST, PACKETS } from "./row.ts";

const MOST = 0xffff;

/** True where a packet at this time begins a burst of its own. */
export function beginsBurst(lastSec: number, lastNsec: number, sec: number, nsec: number): boolean {
  const since = sec - lastSec;
  return since > BURST_GAP_SEC || (since === BURST_GAP_SEC && nsec >= lastNsec);
}

/** Ends a direction's burst; `packets` of it were counted in all. */
export function endBurst(row: Int32Array, at: number, dir: 0 | 1, packets: number): void {
  const from = row[at + BURST_FROM + dir]!;
  note(row, at, dir, packets - from, from === 0);
  row[at + BURST_FROM + dir] = packets;
}

function note(row: Int32Array, at: number, dir: 0 | 1, size: number, first: boolean): void {
  const words = row[at + BURSTS + dir]!;
  const capped = Math.min(size, MOST);
  if (first) row[at + BURSTS + dir] = (capped << 16) | (words & MOST);
  else if (capped > (words & MOST)) row[at + BURSTS + dir] = (words & ~MOST) | capped;
}

/** Packets of a direction's largest burst. */
export function largestBurst(row: Int32Array, at: number, dir: 0 | 1): number {
  const words = row[at + BURSTS + dir]!;
  return Math.max(words >>> 16, words & MOST, row[at + PACKETS + dir]! - row[at + BURST_FROM + dir]!);
}

/** A burst of this size was seen too, by somebody whose packets the row does not count. */
export function noteBurst(row: Int32Array, at: number, dir: 0 | 1, size: number): void {
  if (size > largestBurst(row, at, dir)) note(row, at, dir, size, false);
}

/** One packet less in a direction's first burst: it was the copy of one elsewhere. */
export function shortenFirstBurst(row: Int32Array, at: number, dir: 0 | 1): void {
  if (row[at + BURST_FROM + dir] === 0) return;
  row[at + BURST_FROM + dir]! -= 1;
  row[at + BURSTS + dir]! -= 1 << 16;
}

/** Bursts of another flow that is over, which the row counts as well from now on; before its packets are added up. */
export function addBursts(row: Int32Array, at: number, other: Int32Array, otherAt: number, dir: 0 | 1): void {
  const packets = row[at + PACKETS + dir]!;
  const added = other[otherAt + PACKETS + dir]!;
  if (added === 0) return;
  if (packets === 0) {
    row[at + BURST_FROM + dir] = other[otherAt + BURST_FROM + dir]!;
    row[at + BURSTS + dir] = other[otherAt + BURSTS + dir]!;
    return;
  }
  endBurst(row, at, dir, packets);
  note(row, at, dir, largestBurst(other, otherAt, dir), false);
  row[at + BURST_FROM + dir] = packets + added;
}

/** The bursts of the same flow's later piece, behind those that are there; before either piece's packets are added up. */
export function joinBursts(row: Int32Array, at: number, later: Int32Array, dir: 0 | 1): void {
  const packets = row[at + PACKETS + dir]!;
  const added = later[PACKETS + dir]!;
  if (added === 0) return;
  const laterFrom = later[BURST_FROM + dir]!;
  const laterBursts = later[BURSTS + dir]!;
  if (packets === 0) {
    row[at + BURST_FROM + dir] = laterFrom;
    row[at + BURSTS + dir] = laterBursts;
    return;
  }
  const last = at + LAST + dir * 2;
  const first = FIRST + dir * 2;
  const from = row[at + BURST_FROM + dir]!;
  const laterFirst = laterFrom === 0 ? added : laterBursts >>> 16;
  if (beginsBurst(row[last]!, row[last + 1]!, later[first]!, later[first + 1]!)) {
    endBurst(row, at, dir, packets);
    if (laterFrom !== 0) note(row, at, dir, laterFirst, false);
  } else if (laterFrom !== 0) {
    note(row, at, dir, packets - from + laterFirst, from === 0);
  }
  note(row, at, dir, laterBursts & MOST, false);
  if (laterFrom === 0) return;
  row[at + BURST_FROM + dir] = packets + laterFrom;
}
