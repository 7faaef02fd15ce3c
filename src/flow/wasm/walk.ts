/**
 * The common packets of a plain file, counted in their rows: what `FastPath.take` does for one frame, for as many records
 * as come in a row. AssemblyScript, which is TypeScript with the machine's integers, compiled to WebAssembly by the build
 * (`scripts/compile-walk.mjs`): the same loop in JavaScript takes two to three times as long.
 *
 * Memory decides the speed: with 100,000 flows, no two packets in a row of the same one, each packet's slot and row are
 * somewhere else, and the processor waits for both. So packets are taken in batches, in three passes: keys, then what the
 * keys lead to, then counting. Within a pass no load waits for another, and the processor has dozens under way at once.
 *
 *     records ──keys──▶ entries ──rows──▶ entries ──count──▶ rows
 *
 * Whatever is the least unusual ends the walk before it, and goes the long way. A test holds both ways together, word for
 * word. Offsets below are bytes; those of a row are the words of `row.ts`, times four.
 */

import { glance, prepareGlances } from "./glance";
import { answersSeen, begin, flowsAdded, opening, prepareOpening } from "./opening";
import {
  ACK,
  BURST_GAP_SEC,
  BYTES,
  COLD,
  E_BYTES,
  E_CUT,
  E_DIR,
  E_HASH,
  E_HIGH,
  E_LOW,
  E_META,
  E_NSEC,
  E_PORTS,
  E_RECORD,
  E_ROW,
  E_SEC,
  E_TAKEN,
  ENTRY,
  FIN,
  FRAGMENT,
  find,
  HEADERS,
  half,
  hasPort,
  IDLE_SEC,
  IP,
  LAST,
  laneOf,
  NEXT,
  PACKETS,
  PLAIN_IPV4,
  PRINT,
  printOf,
  R_CAP_LEN,
  R_FRACTION,
  R_WIRE_LEN,
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
  tcpNumbers,
  UDP,
  word,
} from "./packets";

import { prepareTtls } from "./ttls";
import { isOwn, prepareWatch, remember, watch, watches } from "./watch";

export { prepareGlances, prepareOpening, prepareTtls, prepareWatch };

/** As `capture/pauses.ts`: what comes after more than that is written down. */
const PAUSE_SEC: u32 = 1200;
/** Entries of a batch. */
const BATCH: usize = 32;

let results: usize = 0;
let entries: usize = 0;
let tunnels: usize = 0;
let rows: usize = 0;
let seed: i32 = 0;
let lanes: i32 = 0;

/**
 * What the last walk left of its batch: the next entry and the end. What stands behind the batch: the next record, the last
 * one's time, and how much was taken with it. And how much with the packet that ended the walk.
 */
let left: usize = 0;
let filled: usize = 0;
let tailPos: usize = 0;
let tailSec: i32 = 0;
let tailNsec: i32 = 0;
let tailTaken: i32 = 0;
let tailCut: i32 = 0;
let tailBytes: i64 = 0;
let leftTaken: i32 = 0;
let leftCut: i32 = 0;
let leftBytes: i64 = 0;

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
  tunnels = tunnelsAt;
  rows = rowsAt;
  seed = hashSeed;
  lanes = mine;
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
  const family: i32 = (4 << 8) | (realm << 16);
  const perSecond: u32 = 1_000_000_000 / unit;
  const full = entries + BATCH * ENTRY;
  let again = resume && left < filled;
  const before = again ? leftTaken : 0;
  const cutBefore = again ? leftCut : 0;
  const bytesBefore: i64 = again ? leftBytes : 0;
  let taken: i32 = 0;
  let cut: i32 = 0;
  let bytes: i64 = 0;
  let entry = left;
  let going = true;
  while (going && taken - before < most) {
    if (again) {
      again = false;
      pos = tailPos;
      sec = tailSec;
      nsec = tailNsec;
      taken = tailTaken;
      cut = tailCut;
      bytes = tailBytes;
      if (grown) lookUp(slots, mask, entry);
    } else {
      // ---- keys
      entry = entries;
      while (entry < full && taken - before < most) {
        const frame = pos + RECORD;
        going = false;
        if (frame + HEADERS > end) break;
        const capLen = load<i32>(pos, R_CAP_LEN);
        const fraction = load<u32>(pos, R_FRACTION);
        const atSec = load<i32>(pos);
        if (capLen < HEADERS || capLen > <i32>(end - frame) || fraction >= perSecond || <u32>atSec > lastSec) break;
        const atNsec = <i32>fraction * unit;
        if (<u32>(atSec - sec) > PAUSE_SEC || (atSec === sec && atNsec < nsec)) break; // back in time is far ahead, unsigned
        if ((load<u32>(frame, IP - 2) & 0xffffff) !== PLAIN_IPV4 || (load<u16>(frame, IP + 6) & FRAGMENT) !== 0) break;
        const src = word(frame + IP + 12);
        const dst = word(frame + IP + 16);
        const lane = laneOf(src, dst);
        const proto = <i32>load<u8>(frame, IP + 9);
        if (((lanes >> lane) & 1) === 0) {
          // What it carries may be of another lane: it is passed over only where it carries nothing.
          if (proto !== TCP && (proto !== UDP || hasPort(tunnels, frame))) break;
        } else {
          const portsThere = word(frame + TRANSPORT);
          // Which way it goes is a coin's toss for the processor, so nothing branches on it.
          const dir: i32 = src === dst ? <i32>(<u32>portsThere >> 16 > <u32>(portsThere & 0xffff)) : <i32>(src > dst);
          const swap = (src ^ dst) & -dir;
          const low = src ^ swap;
          const high = dst ^ swap;
          const ports = rotl<i32>(portsThere, dir << 4);
          const meta = proto | family;
          store<i32>(entry, <i32>pos, E_RECORD);
          store<i32>(entry, low, E_LOW);
          store<i32>(entry, high, E_HIGH);
          store<i32>(entry, ports, E_PORTS);
          store<i32>(entry, meta, E_META);
          store<i32>(entry, hashOf(low, high, ports, meta), E_HASH);
          store<i32>(entry, dir, E_DIR);
          store<i32>(entry, sec, E_SEC);
          store<i32>(entry, nsec, E_NSEC);
          store<i32>(entry, taken, E_TAKEN);
          store<i32>(entry, cut, E_CUT);
          store<i64>(entry, bytes, E_BYTES);
          entry += ENTRY;
        }
        going = true;
        taken++;
        bytes += wireBytes(pos);
        cut += isCut(pos);
        sec = atSec;
        nsec = atNsec;
        pos = frame + capLen;
      }
      filled = entry;
      entry = entries;
      lookUp(slots, mask, entry);
    }

    // ---- count
    for (; entry < filled; entry += ENTRY) {
      const nth = load<i32>(entry, E_TAKEN) - before + 1;
      if (count(entry, unit, frames + nth) || opening(entry, unit, nth, slots, mask)) continue;
      tailPos = pos;
      tailSec = sec;
      tailNsec = nsec;
      tailTaken = taken;
      tailCut = cut;
      tailBytes = bytes;
      pos = <usize>load<u32>(entry, E_RECORD);
      sec = load<i32>(entry, E_SEC);
      nsec = load<i32>(entry, E_NSEC);
      taken = load<i32>(entry, E_TAKEN);
      cut = load<i32>(entry, E_CUT);
      bytes = load<i64>(entry, E_BYTES);
      leftTaken = taken + 1;
      leftCut = cut + isCut(pos);
      leftBytes = bytes + wireBytes(pos);
      entry += ENTRY;
      going = false;
      break;
    }
    left = entry;
  }
  store<f64>(results, <f64>(bytes - bytesBefore));
  store<i32>(results, <i32>pos, 8);
  store<i32>(results, sec, 12);
  store<i32>(results, nsec, 16);
  store<i32>(results, cut - cutBefore, 20);
  store<i32>(results, flowsAdded(), 24);
  store<i32>(results, answersSeen(), 28);
  return taken - before;
}

/** Some writers leave the length on the wire 0. */
function wireBytes(record: usize): i64 {
  return <i64>max(load<u32>(record, R_WIRE_LEN), load<u32>(record, R_CAP_LEN));
}
function isCut(record: usize): i32 {
  return <i32>(load<u32>(record, R_WIRE_LEN) > load<u32>(record, R_CAP_LEN));
}

/**
 * The rows of the entries from `first` on. All slots are touched before any is looked at, in a loop so short that the
 * processor sees to all of them at once; and the cold halves of rows that will go the long way.
 */
function lookUp(slots: usize, mask: i32, first: usize): void {
  let touched: i32 = 0;
  for (let entry = first; entry < filled; entry += ENTRY) {
    touched ^= load<i32>(slotAt(slots, load<i32>(entry, E_HASH) & mask));
  }
  for (let entry = first; entry < filled; entry += ENTRY) {
    store<i32>(entry, <i32>find(rows, slots, mask, entry), E_ROW);
  }
  for (let entry = first; entry < filled; entry += ENTRY) {
    const row = <usize>load<u32>(entry, E_ROW);
    if (row !== 0 && (load<i32>(row, STATE) & S_FEED_BOTH) !== 0) touched ^= load<i32>(row, COLD);
  }
  store<i32>(results, touched, 24); // so that touching is not left out as useless
}

/** As `mix` in `addresses.ts`. */
function hashOf(low: i32, high: i32, ports: i32, meta: i32): i32 {
  let hash = seed ^ (low * 0xcc9e2d51);
  hash = (hash ^ (hash >>> 15) ^ high) * 0x85ebca6b;
  hash = (hash ^ (hash >>> 13) ^ ports) * 0xc2b2ae35;
  hash = (hash ^ (hash >>> 16) ^ meta) * 0x27d4eb2f;
  return hash ^ (hash >>> 15);
}

/** Counts an entry's packet, the frame of that number, in its row; false, and nothing touched, where it is not common. */
function count(entry: usize, unit: i32, number: i32): bool {
  const row = <usize>load<u32>(entry, E_ROW);
  if (row === 0) return false;
  const record = <usize>load<u32>(entry, E_RECORD);
  const frame = record + RECORD;
  const dir = load<i32>(entry, E_DIR);
  const side = (<usize>dir) << 2;
  const proto = load<i32>(entry, E_META) & 0xff;
  const total = half(frame + IP + 2);
  const state = load<i32>(row, STATE);
  let payload: i32 = 0;
  let next: i32 = 0;
  let numbers: i32 = 0;
  let checksum: i32 = 0;
  let says: i32 = 0;
  if (proto === TCP) {
    const flags = <i32>load<u8>(frame, TRANSPORT + 13);
    const header = (<i32>load<u8>(frame, TRANSPORT + 12) >> 4) << 2;
    payload = total - 20 - header;
    if (header < 20 || payload < 0 || (flags & (SYN | FIN | RST)) !== 0) return false;
    const seq = word(frame + TRANSPORT + 4);
    if ((state & (S_SEQ << dir)) === 0 || seq !== load<i32>(row + side, NEXT)) return false;
    next = seq + payload;
    numbers = tcpNumbers(frame, seq, flags);
    checksum = half(frame + TRANSPORT + 16);
    says = (flags & ACK) << S_ACK_SHIFT;
  } else if (proto === UDP) {
    const length = half(frame + TRANSPORT + 4);
    payload = length - 8;
    if (payload < 0 || length > total - 20) return false;
    if (hasPort(tunnels, frame)) return false;
    checksum = half(frame + TRANSPORT + 6);
  } else {
    return false;
  }
  const tcp = <i32>(proto === TCP);
  const packets = load<i32>(row + side, PACKETS);
  const hasPayload = <i32>(payload > 0);
  // Of flows without connections the second packet is remembered too; of connections, each side's first payload.
  const unheard = (state | ~(state >>> S_DATA_SHIFT)) >>> dir; // S_FEED is the lowest bit
  const wanted = hasPayload & unheard;
  if (packets < 2 - tcp || (wanted !== 0 && tcp === 0)) return false;
  const last = row + (side << 1);
  const atSec = load<i32>(record);
  const atNsec = load<i32>(record, R_FRACTION) * unit;
  const since = atSec - load<i32>(last, LAST);
  if (atSec < 0 || since < 0 || since > (tcp !== 0 ? IDLE_SEC : BURST_GAP_SEC - 1)) return false;
  if (since === 0 && atNsec < load<i32>(last, LAST + 4)) return false;
  const print = printOf(frame, dir ^ numbers, checksum, total);
  if ((load<i32>(row, PRINT) ^ print) >>> 12 === 0) return false; // as `samePacket`
  const before = load<i32>(row + side, BYTES);
  const after = before + total;
  if (<u32>after < <u32>before) return false;
  const watching = watches(entry);
  if (watching && !isOwn(entry, row, dir, print, atSec, atNsec)) return false;
  if (wanted !== 0) {
    const at = frame + IP + total - payload;
    if (((state >>> dir) & S_DATA) === 0 || <i32>(at - frame) + payload > load<i32>(record, R_CAP_LEN)) return false;
    if (!glance(row, dir, next - payload, at, payload, number, atSec, atNsec)) return false;
  }
  if (watching) remember(entry, row, dir, print, atSec, atNsec);

  says |= hasPayload << S_DATA_SHIFT;
  store<i32>(row + side, packets + 1, PACKETS);
  store<i32>(row + side, after, BYTES);
  store<i32>(last, atSec, LAST);
  store<i32>(last, atNsec, LAST + 4);
  store<i32>(row, print, PRINT);
  store<i32>(row, state | (says << dir), STATE);
  if (tcp !== 0) store<i32>(row + side, next, NEXT);
  return true;
}
