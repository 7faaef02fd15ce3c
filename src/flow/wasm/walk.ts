/**
 * The common packets of a plain file, counted in their rows: what `FastPath.take` does for one frame, for as many records
 * as come in a row. AssemblyScript, which is TypeScript with the machine's integers, compiled to WebAssembly by the build
 * (`scripts/compile-walk.mjs`): the same loop in JavaScript takes two to three times as long.
 *
 * Memory decides the speed: with 100,000 flows, no two packets in a row of the same one, each packet's slot and row are
 * somewhere else, and the processor waits for both. So packets are taken in batches, in three passes: entries of what each
 * says, then the rows that these lead to, then counting. Within a pass no load waits for another, and the processor has
 * dozens under way at once. Entries may have been made before, a block of them, by the thread ahead (`flow/ahead.ts`).
 *
 *     records ──read──▶ entries ──rows──▶ entries ──count──▶ rows
 *
 * Whatever is the least unusual ends the walk before it, and goes the long way. A test holds both ways together, word for
 * word. Offsets below are bytes; those of a row are the words of `row.ts`, times four.
 */

import { prepareEntries, read } from "./entry";
import { glance, prepareGlances } from "./glance";
import { answersSeen, begin, flowsAdded, opening, prepareOpening } from "./opening";
import {
  ACK,
  BURST_GAP_SEC,
  BYTES,
  COLD,
  E_CUT,
  E_DIR,
  E_FLAGS,
  E_HASH,
  E_HEADER,
  E_META,
  E_NEXT,
  E_NSEC,
  E_PAYLOAD,
  E_PRINT,
  E_RECORD,
  E_ROW,
  E_SEC,
  E_SEQ,
  E_TOTAL,
  E_WIRE,
  ENTRY,
  FIN,
  find,
  IDLE_SEC,
  LAST,
  NEXT,
  OTHERS,
  PACKETS,
  PRINT,
  R_CAP_LEN,
  RECORD,
  RST,
  S_ACK_SHIFT,
  S_DATA,
  S_DATA_SHIFT,
  S_FEED_BOTH,
  S_SEQ,
  STATE,
  SYN,
  slotAt,
  TCP,
  TRANSPORT,
  UNUSUAL,
} from "./packets";

import { prepareTtls } from "./ttls";
import { isOwn, prepareWatch, remember, watch, watches } from "./watch";

export { prepareGlances, prepareOpening, prepareTtls, prepareWatch };

/** As `capture/pauses.ts`: what comes after more than that is written down. */
const PAUSE_SEC: u32 = 1200;
/** The version, as META has it. */
const IPV4: i32 = 4;
/** Entries of a batch. */
const BATCH: usize = 32;

let results: usize = 0;
let entries: usize = 0;
let rows: usize = 0;

/** What the last walk left of its batch: the next entry and the end. */
let left: usize = 0;
let filled: usize = 0;
/** Entries of this block that another thread has made (`ahead.ts`): the next one and the end; and whether the batch is of them. */
let made: usize = 0;
let madeEnd: usize = 0;
let ofMade = false;

/** Once: where results, entries, the bits of tunnels' ports and the rows are; the seed of hashes; the lanes to count. */
export function prepare(
  resultsAt: usize,
  entriesAt: usize,
  tunnelsAt: usize,
  rowsAt: usize,
  hashSeed: i32,
  mine: i32,
): void {
  results = resultsAt;
  entries = entriesAt;
  rows = rowsAt;
  prepareEntries(tunnelsAt, hashSeed, mine);
}

/** Of a new block: how many entries of its records, from some record on, have been made, and where they are. */
export function take(at: usize, count: i32): void {
  made = at;
  madeEnd = at + <usize>count * ENTRY;
}

/**
 * What the thread ahead does: entries at `at`, `room` at most, of the records from `pos` on that end before `end`. Their flows
 * are of the first realm. Returns how many; the results: where the next record is.
 */
export function readRecords(at: usize, room: i32, pos: usize, end: usize, unit: i32): i32 {
  let count: i32 = 0;
  while (count < room) {
    const next = read(at + <usize>count * ENTRY, pos, end, unit, IPV4 << 8);
    if (next === 0) break;
    pos = next;
    count++;
  }
  store<i32>(results, <i32>pos, 8);
  return count;
}

/**
 * Takes records from `pos` on, `most` at most, none that ends behind `end`, is later than `lastSec` or older than the one
 * before; the first came after one of the time `sec`, `nsec`. `unit`: nanoseconds in a unit of the fraction. `slots` and
 * `mask`: the table's index. `watched`: lanes in which every packet may be a copy.
 *
 * `resume`: everything is as it was when the last walk ended, but that the packet that ended it has been seen to; what was
 * found out about those behind it is used. `grown`: flows have been added since.
 *
 * The last six are for `opening.ts`.
 *
 * Returns how many were taken; the results: their bytes, where the next one is, the last one's seconds and nanoseconds, how
 * many were cut, how many flows were added, and how many answers stand to be noted.
 */
export function walk(
  slots: usize,
  mask: i32,
  pos: usize,
  end: usize,
  unit: i32,
  lastSec: u32,
  sec: i32,
  nsec: i32,
  realm: i32,
  most: i32,
  watched: i32,
  resume: bool,
  grown: bool,
  flows: i32,
  room: i32,
  frames: i32,
  framesOfAll: i32,
  capture: i32,
  tells: bool,
): i32 {
  begin(flows, room, frames, framesOfAll, capture, tells);
  watch(watched);
  const family: i32 = (IPV4 << 8) | (realm << 16);
  let again = resume;
  let taken: i32 = 0;
  let cut: i32 = 0;
  let bytes: i64 = 0;
  let going = true;
  while (going) {
    if (again && left < filled && <usize>load<u32>(left, E_RECORD) < pos) left += ENTRY; // the packet that was seen to
    if (again && left < filled && <usize>load<u32>(left, E_RECORD) === pos) {
      if (grown) lookUp(slots, mask);
    } else {
      while (made < madeEnd && <usize>load<u32>(made, E_RECORD) < pos) made += ENTRY;
      ofMade = made < madeEnd && <usize>load<u32>(made, E_RECORD) === pos;
      left = ofMade ? made : entries;
      filled = ofMade ? min(left + BATCH * ENTRY, madeEnd) : batch(pos, end, unit, family);
      if (left === filled) break;
      lookUp(slots, mask);
    }
    again = false;

    // ---- count
    for (; left < filled; left += ENTRY) {
      const atSec = load<i32>(left, E_SEC);
      const atNsec = load<i32>(left, E_NSEC);
      const meta = load<i32>(left, E_META);
      going = taken < most && <u32>atSec <= lastSec && meta !== UNUSUAL;
      if (<u32>(atSec - sec) > PAUSE_SEC || (atSec === sec && atNsec < nsec)) going = false; // back in time is far ahead, unsigned
      if (going && meta !== OTHERS) going = count(left, frames + taken + 1) || opening(left, taken + 1, slots, mask);
      if (!going) break;
      taken++;
      bytes += <i64>load<u32>(left, E_WIRE);
      cut += <i32>load<u8>(left, E_CUT);
      sec = atSec;
      nsec = atNsec;
      pos = <usize>load<u32>(left, E_NEXT);
    }
    if (ofMade) made = left;
  }
  store<f64>(results, <f64>bytes);
  store<i32>(results, <i32>pos, 8);
  store<i32>(results, sec, 12);
  store<i32>(results, nsec, 16);
  store<i32>(results, cut, 20);
  store<i32>(results, flowsAdded(), 24);
  store<i32>(results, answersSeen(), 28);
  return taken;
}

/** Entries of the next records, up to those that have been made; returns their end. */
function batch(pos: usize, end: usize, unit: i32, family: i32): usize {
  const full = entries + BATCH * ENTRY;
  const stop = made < madeEnd ? <usize>load<u32>(made, E_RECORD) : end;
  let entry = entries;
  while (entry < full && pos < stop) {
    pos = read(entry, pos, end, unit, family);
    if (pos === 0) break;
    entry += ENTRY;
  }
  return entry;
}

/**
 * The rows of what is left of the batch. All slots are touched before any is looked at, in a loop so short that the
 * processor sees to all of them at once; and the cold halves of rows that will go the long way.
 */
function lookUp(slots: usize, mask: i32): void {
  let touched: i32 = 0;
  for (let entry = left; entry < filled; entry += ENTRY) {
    touched ^= load<i32>(slotAt(slots, load<i32>(entry, E_HASH) & mask));
  }
  for (let entry = left; entry < filled; entry += ENTRY) {
    store<i32>(entry, <i32>find(rows, slots, mask, entry), E_ROW);
  }
  for (let entry = left; entry < filled; entry += ENTRY) {
    const row = <usize>load<u32>(entry, E_ROW);
    if (row !== 0 && (load<i32>(row, STATE) & S_FEED_BOTH) !== 0) touched ^= load<i32>(row, COLD);
  }
  store<i32>(results, touched, 24); // so that touching is not left out as useless
}

/** Counts an entry's packet, the frame of that number, in its row; false, and nothing touched, where it is not common. */
function count(entry: usize, number: i32): bool {
  const row = <usize>load<u32>(entry, E_ROW);
  if (row === 0) return false;
  const dir = <i32>load<u8>(entry, E_DIR);
  const side = (<usize>dir) << 2;
  const tcp = <i32>((load<i32>(entry, E_META) & 0xff) === TCP);
  const flags = <i32>load<u8>(entry, E_FLAGS);
  const seq = load<i32>(entry, E_SEQ);
  const payload = <i32>load<u16>(entry, E_PAYLOAD);
  const state = load<i32>(row, STATE);
  if (tcp !== 0) {
    if ((flags & (SYN | FIN | RST)) !== 0) return false;
    if ((state & (S_SEQ << dir)) === 0 || seq !== load<i32>(row + side, NEXT)) return false;
  }
  const packets = load<i32>(row + side, PACKETS);
  const hasPayload = <i32>(payload > 0);
  // Of flows without connections the second packet is remembered too; of connections, each side's first payload.
  const unheard = (state | ~(state >>> S_DATA_SHIFT)) >>> dir; // S_FEED is the lowest bit
  const wanted = hasPayload & unheard;
  if (packets < 2 - tcp || (wanted !== 0 && tcp === 0)) return false;
  const last = row + (side << 1);
  const atSec = load<i32>(entry, E_SEC);
  const atNsec = load<i32>(entry, E_NSEC);
  const since = atSec - load<i32>(last, LAST);
  if (atSec < 0 || since < 0 || since > (tcp !== 0 ? IDLE_SEC : BURST_GAP_SEC - 1)) return false;
  if (since === 0 && atNsec < load<i32>(last, LAST + 4)) return false;
  const print = load<i32>(entry, E_PRINT);
  if ((load<i32>(row, PRINT) ^ print) >>> 12 === 0) return false; // as `samePacket`
  const before = load<i32>(row + side, BYTES);
  const after = before + <i32>load<u16>(entry, E_TOTAL);
  if (<u32>after < <u32>before) return false;
  const watching = watches(entry);
  if (watching && !isOwn(entry, row, dir, print, atSec, atNsec)) return false;
  if (wanted !== 0) {
    const record = <usize>load<u32>(entry, E_RECORD);
    const off = TRANSPORT + <usize>load<u8>(entry, E_HEADER);
    if (((state >>> dir) & S_DATA) === 0 || <i32>off + payload > load<i32>(record, R_CAP_LEN)) return false;
    if (!glance(row, dir, seq, record + RECORD + off, payload, number, atSec, atNsec)) return false;
  }
  if (watching) remember(entry, row, dir, print, atSec, atNsec);

  const says = ((flags & ACK) << S_ACK_SHIFT) | (hasPayload << S_DATA_SHIFT);
  store<i32>(row + side, packets + 1, PACKETS);
  store<i32>(row + side, after, BYTES);
  store<i32>(last, atSec, LAST);
  store<i32>(last, atNsec, LAST + 4);
  store<i32>(row, print, PRINT);
  store<i32>(row, state | (says << dir), STATE);
  if (tcp !== 0) store<i32>(row + side, seq + payload, NEXT);
  return true;
}
