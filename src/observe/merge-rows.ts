/** Two rows of one flow joined: whether they are one flow at all, and their counts, times and numbers, the later behind the earlier. */
import { TCP } from "../dissect/packet.ts";
import { joinBursts, largestBurst, noteBurst } from "../flow/bursts.ts";
import { COPY_WITHIN_NSEC, gapNsec } from "../flow/copies.ts";
import * as R from "../flow/row.ts";
import { continuesFrom, IDLE_SEC, IDLE_TCP_SEC } from "../flow/tracker.ts";

export function firstDir(row: Int32Array, at: number): 0 | 1 {
  if (row[at + R.PACKETS] === 0) return 1;
  if (row[at + R.PACKETS + 1] === 0) return 0;
  const captures = row[at + R.CAPTURES]!;
  const frames = (captures & 0xffff) === captures >>> 16 ? row[at + R.FRAME]! - row[at + R.FRAME + 1]! : 0;
  return (compareTimes(row, at + R.FIRST, row, at + R.FIRST + 2) || frames) > 0 ? 1 : 0;
}

/** As `FlowTracker` tells it while reading: after the idle gap, or by a SYN with another number, it is another flow. */
export function isOtherFlow(row: Int32Array, at: number, words: Int32Array): boolean {
  const tcp = (words[R.META]! & 0xff) === TCP;
  const last = Math.max(row[at + R.LAST]! >>> 0, row[at + R.LAST + 2]! >>> 0);
  if ((words[R.FIRST + firstDir(words, 0) * 2]! >>> 0) - last > (tcp ? IDLE_TCP_SEC : IDLE_SEC)) return true;
  if (!tcp) return false;
  const state = row[at + R.STATE]!;
  for (const dir of [0, 1] as const) {
    const syn = (words[R.STATE]! & (R.S_SYN << dir)) !== 0;
    if (!syn && (words[R.STATE]! & (R.S_SYNACK << dir)) === 0) continue;
    if ((state & (R.S_SEQ << dir)) !== 0) {
      if (!continuesFrom(row[at + R.START + dir]!, words[R.START + dir]!)) return true;
    } else if (syn && (state & ((R.S_DATA | R.S_ACK) << (1 - dir))) !== 0) {
      return true;
    }
  }
  return false;
}

/** Counts, times and numbers of one direction, the later piece behind the earlier. */
export function joinCounts(row: Int32Array, at: number, words: Int32Array, dir: 0 | 1): void {
  const tcp = (words[R.META]! & 0xff) === TCP;
  if (!tcp) joinBursts(row, at, words, dir);
  else if ((row[at + R.STATE]! & (R.S_SEQ << dir)) === 0) row[at + R.START + dir] = words[R.START + dir]!;
  if ((words[R.STATE]! & (R.S_SEQ << dir)) !== 0) {
    const known = (row[at + R.STATE]! & (R.S_SEQ << dir)) !== 0;
    if (!known || ((words[R.NEXT + dir]! - row[at + R.NEXT + dir]!) | 0) > 0)
      row[at + R.NEXT + dir] = words[R.NEXT + dir]!;
  }
  if (dir === 0) {
    if (tcp) {
      row[at + R.SYN_FRAME] ||= words[R.SYN_FRAME]!;
      row[at + R.ANSWER_FRAME] ||= words[R.ANSWER_FRAME]!;
    }
    joinTries(row, at, words, tcp);
  }
  if (words[R.PACKETS + dir] === 0) return;
  if (row[at + R.PACKETS + dir] === 0) {
    takeTime(row, at + R.FIRST + dir * 2, words, R.FIRST + dir * 2);
    row[at + R.FRAME + dir] = words[R.FRAME + dir]!;
    copyHalf(row, at + R.CAPTURES, words[R.CAPTURES]!, dir);
    copyHalf(row, at + R.VLANS, words[R.VLANS]!, dir);
  }
  if (!tcp && row[at + R.PACKETS + dir]! < 2) {
    row[at + R.SECOND + dir] = words[(row[at + R.PACKETS + dir] === 1 ? R.FRAME : R.SECOND) + dir]!;
  }
  // What stood in fragments may have come before what is there.
  const last = R.LAST + dir * 2;
  if (compareTimes(words, last, row, at + last) >= 0 || row[at + R.PACKETS + dir] === 0) {
    takeTime(row, at + last, words, last);
    row[at + R.PRINT] = words[R.PRINT]!;
  }
  row[at + R.PACKETS + dir]! += words[R.PACKETS + dir]!;
  const half = (word: number) => (word >>> (dir * 16)) & 0xffff;
  const bytes = (row[at + R.BYTES + dir]! >>> 0) + (words[R.BYTES + dir]! >>> 0);
  const high = half(row[at + R.BYTES_HIGH]!) + half(words[R.BYTES_HIGH]!) + (bytes >= 0x1_0000_0000 ? 1 : 0);
  row[at + R.BYTES + dir] = bytes | 0;
  copyHalf(row, at + R.BYTES_HIGH, high << (dir * 16), dir);
}

/**
 * The same packets seen twice: of each direction the count of whoever saw more of it, and with it all that its row says of that
 * direction. True for those that are now the other's. A burst that either saw was one; where each may have seen packets that the
 * other did not, the row says that its bursts may have been larger.
 */
export function uniteCounts(row: Int32Array, at: number, words: Int32Array): [boolean, boolean] {
  R.copyRow(row, at, BEFORE, 0);
  const more = takeLarger(row, at, words);
  const tcp = (words[R.META]! & 0xff) === TCP;
  for (const dir of [0, 1] as const) {
    if (BEFORE[R.PACKETS + dir]! > 0 && words[R.PACKETS + dir]! > 0) stretch(row, at, words, dir);
    if (tcp) continue;
    noteBurst(row, at, dir, Math.max(largestBurst(BEFORE, 0, dir), largestBurst(words, 0, dir)));
    if (!sawAll(BEFORE, words, dir) && !sawAll(words, BEFORE, dir)) row[at + R.STATE]! |= R.S_HOLE;
  }
  return more;
}

/** What the row was before. */
const BEFORE = new Int32Array(R.ROW_SPAN);

/** From the first packet that either saw to the last. */
function stretch(row: Int32Array, at: number, words: Int32Array, dir: 0 | 1): void {
  const [first, last] = [R.FIRST + dir * 2, R.LAST + dir * 2];
  for (const one of [BEFORE, words]) {
    if (compareTimes(one, first, row, at + first) < 0) takeTime(row, at + first, one, first);
    if (compareTimes(one, last, row, at + last) > 0) takeTime(row, at + last, one, last);
  }
}

/** Whether one saw a direction's packets from before the other's first to behind its last, or the very same by another clock. */
function sawAll(one: Int32Array, other: Int32Array, dir: 0 | 1): boolean {
  const [mine, theirs] = [one[R.PACKETS + dir]!, other[R.PACKETS + dir]!];
  if (theirs === 0) return true;
  if (mine < theirs) return false;
  const [first, last] = [R.FIRST + dir * 2, R.LAST + dir * 2];
  if (compareTimes(one, first, other, first) <= 0 && compareTimes(one, last, other, last) >= 0) return true;
  const isNear = (word: number): boolean =>
    gapNsec(one[word]!, one[word + 1]!, other[word]!, other[word + 1]!) <= COPY_WITHIN_NSEC;
  return mine === theirs && isNear(first) && isNear(last);
}

function compareTimes(a: Int32Array, at: number, b: Int32Array, bAt: number): number {
  return (a[at]! >>> 0) - (b[bAt]! >>> 0) || a[at + 1]! - b[bAt + 1]!;
}
function takeTime(row: Int32Array, at: number, from: Int32Array, fromAt: number): void {
  row[at] = from[fromAt]!;
  row[at + 1] = from[fromAt + 1]!;
}

/** Counts of each direction by whoever saw more of it; see `uniteCounts`. */
function takeLarger(row: Int32Array, at: number, words: Int32Array): [boolean, boolean] {
  const more = ([0, 1] as const).map((dir) => words[R.PACKETS + dir]! - row[at + R.PACKETS + dir]!) as [number, number];
  const both = more[0] >= 0 && more[1] >= 0 && more[0] + more[1] > 0;
  const tcp = (words[R.META]! & 0xff) === TCP;
  const before = row[at + R.STATE]!;
  const app = before >>> R.APP_SHIFT || words[R.STATE]! >>> R.APP_SHIFT;
  const own = R.S_FEED | (R.S_FEED << 1) | R.S_MIDSTREAM;
  const flags = (before | words[R.STATE]!) & ~own & ((1 << R.APP_SHIFT) - 1);
  if (both) {
    const [detail, born] = [row[at + R.DETAIL]!, row[at + R.BORN]!];
    R.copyRow(words, 0, row, at);
    row[at + R.DETAIL] = detail;
    row[at + R.BORN] = born;
  } else {
    for (const dir of [0, 1] as const) {
      // Numbers of a stream hold where the row says so, and the other may be the first to say it.
      if (tcp && (before & (R.S_SEQ << dir)) === 0) takeWords(row, at, words, [R.START + dir, R.NEXT + dir]);
      if (more[dir] <= 0) continue;
      const times = [R.LAST, R.LAST + 1, R.FIRST, R.FIRST + 1].map((word) => word + dir * 2);
      takeWords(row, at, words, [R.PACKETS + dir, R.BYTES + dir, R.FRAME + dir, ...times]);
      if (!tcp) takeWords(row, at, words, [R.BURST_FROM + dir, R.BURSTS + dir, R.SECOND + dir]);
      for (const halves of [R.CAPTURES, R.BYTES_HIGH, R.VLANS]) copyHalf(row, at + halves, words[halves]!, dir);
    }
  }
  row[at + R.STATE] = flags | ((both ? words[R.STATE]! : before) & own) | (app << R.APP_SHIFT);
  return [more[0] > 0, more[1] > 0];
}

function takeWords(row: Int32Array, at: number, words: Int32Array, fields: readonly number[]): void {
  for (const field of fields) row[at + field] = words[field]!;
}

/** Tries in vain of both; of connections whose beginning was seen, where their clients spoke first. */
export function joinTries(row: Int32Array, at: number, words: Int32Array, tcp: boolean): void {
  const known = (state: number): boolean => tcp && (state & R.S_MIDSTREAM) === 0;
  const mine = row[at + R.TRIES]!;
  const theirs = words[R.TRIES]!;
  if (known(row[at + R.STATE]!)) {
    if (mine === 0 && known(words[R.STATE]!)) row[at + R.WORDS_FRAME] = theirs;
    return;
  }
  if (known(words[R.STATE]!)) return;
  const low = (mine & 0xffff) + (theirs & 0xffff);
  const high = (mine >>> 16) + (theirs >>> 16);
  row[at + R.TRIES] = Math.min(low, 0xffff) | (Math.min(high, 0xffff) << 16);
}

/** Puts a direction's half of one word into another. */
export function copyHalf(row: Int32Array, at: number, word: number, dir: 0 | 1): void {
  const mask = 0xffff << (dir * 16);
  row[at] = (row[at]! & ~mask) | (word & mask);
}

/** What makes a piece this piece, wherever it is stored: its key, when it began and ended, and how much it was. */
export function fingerprint(words: Int32Array): string {
  const fields = [R.LOW, R.HIGH, R.PORTS, R.META, R.PACKETS, R.PACKETS + 1, R.BYTES, R.BYTES + 1];
  const times = [R.LAST, R.LAST + 1, R.LAST + 2, R.LAST + 3, R.FRAME, R.FRAME + 1];
  // A direction without packets has a next hop there, which older databases do not know.
  const first = [0, 0, 1, 1].map((dir, i) => (words[R.PACKETS + dir] === 0 ? 0 : words[R.FIRST + i]));
  return [...[...fields, ...times].map((field) => words[field]), ...first].join();
}
