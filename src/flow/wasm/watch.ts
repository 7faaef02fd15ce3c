/**
 * Watching for copies, as `CopyWatch` does and in its memory: for each lane a window of recent prints, and when its first and
 * its last packet came. Copies themselves, and what comes in a lane's first 5 ms, go the long way.
 */
import { E_HIGH, E_LOW, laneOf } from "./packets";

const COPY_WITHIN_NSEC: i64 = 5_000_000;
const WINDOW: i32 = 1 << 10;
/** A place of the window: flow and direction + 1, print, seconds, nanoseconds. */
const PLACE: usize = 16;
/** Of a lane: seconds and nanoseconds of the first and of the last packet, whether it has begun, and a count. */
const LANE: usize = 24;
const L_BEGUN: usize = 16;

let rows: usize = 0;
let window: usize = 0;
let lanesAt: usize = 0;
let watched: i32 = 0;

/** Once: where rows, the window and the lanes' words are; 0 where nothing is watched. */
export function prepareWatch(rowsAt: usize, windowAt: usize, lanes: usize): void {
  rows = rowsAt;
  window = windowAt;
  lanesAt = lanes;
}

/** Lanes in which every packet is looked at, for this walk. */
export function watch(lanes: i32): void {
  watched = lanes;
}

export function watches(entry: usize): bool {
  return watched !== 0 && ((watched >> laneOf(load<i32>(entry, E_LOW), load<i32>(entry, E_HIGH))) & 1) !== 0;
}

/** False where the packet is the copy of one on another path, or comes so early that another capture may have its copy. */
export function isOwn(entry: usize, row: usize, dir: i32, print: i32, sec: i32, nsec: i32): bool {
  const lane = laneOf(load<i32>(entry, E_LOW), load<i32>(entry, E_HIGH));
  const words = lanesAt + <usize>lane * LANE;
  if (window === 0 || load<i32>(words, L_BEGUN) === 0) return false;
  if (gap(load<i32>(words), load<i32>(words, 4), sec, nsec) <= COPY_WITHIN_NSEC) return false;
  if (row === 0) return true;
  const at = placeOf(lane, print);
  return !(
    load<i32>(at) === ((flowOf(row) << 1) | dir) + 1 &&
    (load<i32>(at, 4) ^ print) >>> 12 === 0 &&
    ((load<i32>(at, 4) ^ print) & 0xfff) !== 0 &&
    gap(load<i32>(at, 8), load<i32>(at, 12), sec, nsec) <= COPY_WITHIN_NSEC
  );
}

/** Remembers a packet that has been counted. */
export function remember(entry: usize, row: usize, dir: i32, print: i32, sec: i32, nsec: i32): void {
  const lane = laneOf(load<i32>(entry, E_LOW), load<i32>(entry, E_HIGH));
  const at = placeOf(lane, print);
  store<i32>(at, ((flowOf(row) << 1) | dir) + 1);
  store<i32>(at, print, 4);
  store<i32>(at, sec, 8);
  store<i32>(at, nsec, 12);
  const words = lanesAt + <usize>lane * LANE;
  store<i32>(words, sec, 8);
  store<i32>(words, nsec, 12);
}

function placeOf(lane: i32, print: i32): usize {
  return window + <usize>(lane * WINDOW + ((print >>> 12) & (WINDOW - 1))) * PLACE;
}

function flowOf(row: usize): i32 {
  const at = row - rows;
  return <i32>(((at >> 13) << 6) | ((at >> 6) & 63));
}

/** Nanoseconds between two instants, either first. */
function gap(secA: i32, nsecA: i32, secB: i32, nsecB: i32): i64 {
  const between = (<i64>secB - <i64>secA) * 1_000_000_000 + <i64>nsecB - <i64>nsecA;
  return between < 0 ? -between : between;
}
