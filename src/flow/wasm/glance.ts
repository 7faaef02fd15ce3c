/**
 * Operations that need no more than a glance, counted in the arena: what `Glancer.segment` does, for a segment that is one
 * whole message whose like was read before. AssemblyScript, as `walk.ts`, which calls it for payload that a decoder wants.
 *
 *     row ──DETAIL──▶ table ──▶ ledger ──▶ shape: is it one message of it?
 *                                      ──▶ places: what kind is it?  ──▶ young: who waits for it?
 *
 * Whatever is the least unusual (an id used twice, an answer out of turn, the first answer of a kind) is left untouched, for
 * the long way. Offsets below are bytes; those of a ledger, a shape, a place and a young request are the words
 * of `flow/ledger.ts`, `decode/likeness.ts` and `decode/glances.ts`, times four.
 */
import { DETAIL } from "./packets";

/** Of a ledger's side, and how many bits to shift a direction for it. */
const SIDE_SHIFT: usize = 5;
const SHAPE: usize = 0;
const HEAD: usize = 4;
const HASH: usize = 8;
const BASE: usize = 12;
const AFTER: usize = 16;
const REWOUND: usize = 20;
const ROOM: usize = 24;
/** Of a ledger. */
const PLACES: usize = 64;
const MASK: usize = 68;
const ASKER: usize = 72;
const FIRST: usize = 76;
const END: usize = 80;
const SECOND: usize = 84;
const IN_SECOND: usize = 88;
const RUN_FIRST: usize = 92;
const RUN_LAST: usize = 96;
const RUN_LONGEST: usize = 100;
const ANSWERED: usize = 104;
const OPENED: usize = 108;
const TURNS: usize = 112;
const YOUNG: usize = 128;
const REWIND: usize = 2_688;
const WINDOW: i32 = 2_048;
const REWIND_BYTES: usize = 2_304;
const TURNS_AT: usize = 7_296;
const MOST_TURNS: i32 = 60;

const LENGTH_AT: usize = 0;
const LENGTH_BYTES: usize = 4;
const BESIDE: usize = 8;
const CODE_AT: usize = 12;
const CODES: usize = 16;
const SIZE: usize = 48;
const OPEN: usize = 52;
const ID: usize = 56;
const COMPARED: usize = 72;
const MASKS: usize = 76;

const P_SHIFT: usize = 6;
const P_COUNT: usize = 4;
const P_FLAGS: usize = 8;
const P_COMPARED: usize = 16;
const IS_REQUEST: i32 = 1;
const WAS_ANSWERED: i32 = 2;

const Y_BYTES: usize = 20;
const Y_FRAME: usize = 4;
const Y_SEC: usize = 8;
const Y_NSEC: usize = 12;
const Y_PLACE: usize = 16;
const Y_MOST: i32 = 128;

let table: usize = 0;
let entries: u32 = 0;

/** Once: where the ledgers of flows are found by the row's DETAIL, and how many entries that table has; 0 where a ledger is not lent. */
export function prepareGlances(tableAt: usize, tableEntries: u32): void {
  table = tableAt;
  entries = tableEntries;
}

/** A segment from `seq` on, whose `length` bytes of payload are at `at`. False, and nothing touched, where it has to be read. */
export function glance(row: usize, dir: i32, seq: i32, at: usize, length: i32, frame: i32, sec: i32, nsec: i32): bool {
  const detail = load<u32>(row, DETAIL);
  if (detail >= entries) return false;
  const ledger = <usize>load<u32>(table + ((<usize>detail) << 2));
  if (ledger === 0) return false;
  const side = ledger + ((<usize>dir) << SIDE_SHIFT);
  const shape = <usize>load<u32>(side, SHAPE);
  if (shape === 0 || seq !== load<i32>(side, BASE) || sec <= load<i32>(side, AFTER)) return false;
  if (length > WINDOW || !fits(shape, at, length)) return false;
  const place = find(ledger, side, shape, at);
  if (place === 0) return false;
  const id = idOf(shape, at);
  if ((load<i32>(place, P_FLAGS) & IS_REQUEST) !== 0) {
    if (!ask(ledger, side, dir, id, place, frame, sec, nsec)) return false;
  } else if (!answer(ledger, dir, id, sec, nsec)) {
    return false;
  }
  store<i32>(place, load<i32>(place, P_COUNT) + 1, P_COUNT);
  if (load<i32>(side, REWOUND) >= 0) keep(side, ledger + REWIND + <usize>dir * REWIND_BYTES, at, length);
  store<i32>(side, seq + length, BASE);
  return true;
}

/** Whether the bytes are one message of a shape, and no more. As `Shapes.liken`. */
function fits(shape: usize, at: usize, length: i32): bool {
  const size = load<i32>(shape, SIZE);
  if (load<i32>(shape, OPEN) !== 0 ? length < size : length !== size) return false;
  const code = <i32>load<u8>(at + load<u32>(shape, CODE_AT));
  if (((load<i32>(shape + ((<usize>code >> 5) << 2), CODES) >>> (code & 31)) & 1) === 0) return false;
  const said = at + load<u32>(shape, LENGTH_AT);
  const how = load<i32>(shape, LENGTH_BYTES);
  const counted = how === 1 ? <i32>load<u8>(said) : how === 2 ? <i32>bswap<u16>(load<u16>(said)) : <i32>load<u16>(said);
  return counted + load<i32>(shape, BESIDE) === length;
}

function idOf(shape: usize, at: usize): i32 {
  let id: i32 = 0;
  for (let i: usize = 0; i < 16; i += 4) {
    const byte = load<i32>(shape + i, ID);
    if (byte >= 0) id = (id << 8) | <i32>load<u8>(at + <usize>byte);
  }
  return id;
}

/** The place of the kind that the message is of; 0 where none was learned. As `Glances.find`. */
function find(ledger: usize, side: usize, shape: usize, at: usize): usize {
  const places = <usize>load<u32>(ledger, PLACES);
  const mask = load<i32>(ledger, MASK);
  const head = load<i32>(side, HEAD);
  const compared = (<usize>load<u32>(shape, COMPARED)) << 2;
  let hash = load<i32>(side, HASH);
  for (let i: usize = 0; i < compared; i += 4) {
    hash = (hash ^ wordOf(shape, at, i)) * 0x85ebca6b;
    hash ^= hash >>> 15;
  }
  let place = places + ((<usize>(hash & mask)) << P_SHIFT);
  let there = load<i32>(place);
  while (there !== 0) {
    if (there === head) {
      let i: usize = 0;
      while (i < compared && load<i32>(place + i, P_COMPARED) === wordOf(shape, at, i)) i += 4;
      if (i === compared) return place;
    }
    hash++;
    place = places + ((<usize>(hash & mask)) << P_SHIFT);
    there = load<i32>(place);
  }
  return 0;
}

/** Four bytes of the message, as far as they are compared. */
function wordOf(shape: usize, at: usize, i: usize): i32 {
  return load<i32>(at + i) & load<i32>(shape + i, MASKS);
}

/** As `OperationTally.glance` with `Glances.ask`. */
function ask(ledger: usize, side: usize, dir: i32, id: i32, place: usize, frame: i32, sec: i32, nsec: i32): bool {
  let first = load<i32>(ledger, FIRST);
  let end = load<i32>(ledger, END);
  const turned = sec !== load<i32>(ledger, SECOND);
  if (turned && load<i32>(ledger, TURNS) === MOST_TURNS) return false;
  if (frame === load<i32>(ledger, OPENED)) return false;
  if (end - first >= load<i32>(side, ROOM)) return false;
  if (first === end) {
    first = 0;
    end = 0;
  } else if (load<i32>(ledger, ASKER) !== dir || end === Y_MOST || youngOf(ledger, first, end, id) >= 0) {
    return false;
  }
  const young = ledger + YOUNG + <usize>end * Y_BYTES;
  store<i32>(young, id);
  store<i32>(young, frame, Y_FRAME);
  store<i32>(young, sec, Y_SEC);
  store<i32>(young, nsec, Y_NSEC);
  store<i32>(young, <i32>((place - <usize>load<u32>(ledger, PLACES)) >> 2), Y_PLACE);
  store<i32>(ledger, dir, ASKER);
  store<i32>(ledger, first, FIRST);
  store<i32>(ledger, end + 1, END);

  if (turned) turnTo(ledger, sec);
  store<i32>(ledger, load<i32>(ledger, IN_SECOND) + 1, IN_SECOND);
  const run = load<i32>(ledger, RUN_LAST) + 1;
  store<i32>(ledger, run, RUN_LAST);
  if (load<i32>(ledger, ANSWERED) === 0) store<i32>(ledger, run, RUN_FIRST);
  if (run > load<i32>(ledger, RUN_LONGEST)) store<i32>(ledger, run, RUN_LONGEST);
  return true;
}

/** Another second than that of the request before: what was counted in that one is put down. */
function turnTo(ledger: usize, sec: i32): void {
  const turns = load<i32>(ledger, TURNS);
  const over = ledger + TURNS_AT + ((<usize>turns) << 3);
  store<i32>(over, load<i32>(ledger, IN_SECOND));
  store<i32>(over, sec, 4);
  store<i32>(ledger, turns + 1, TURNS);
  store<i32>(ledger, sec, SECOND);
  store<i32>(ledger, 0, IN_SECOND);
}

/** As `OperationTally.glance` with `Glances.answer`, to the request that has waited longest. */
function answer(ledger: usize, dir: i32, id: i32, sec: i32, nsec: i32): bool {
  const first = load<i32>(ledger, FIRST);
  if (load<i32>(ledger, ASKER) === dir || youngOf(ledger, first, load<i32>(ledger, END), id) !== first) return false;
  const young = ledger + YOUNG + <usize>first * Y_BYTES;
  const since = sec - load<i32>(young, Y_SEC);
  if (since < 0 || (since === 0 && nsec < load<i32>(young, Y_NSEC))) return false;
  const asked = <usize>load<u32>(ledger, PLACES) + ((<usize>load<u32>(young, Y_PLACE)) << 2);
  if ((load<i32>(asked, P_FLAGS) & WAS_ANSWERED) === 0) return false;
  store<i32>(ledger, first + 1, FIRST);
  store<i32>(ledger, 1, ANSWERED);
  store<i32>(ledger, 0, RUN_LAST);
  return true;
}

/** The newest of that id, or -1. */
function youngOf(ledger: usize, first: i32, end: i32, id: i32): i32 {
  for (let i = end - 1; i >= first; i--) if (load<i32>(ledger + YOUNG + <usize>i * Y_BYTES) === id) return i;
  return -1;
}

/** Keeps the bytes of a message, of which there are no more than `WINDOW`. As `Rewind.add`. */
function keep(side: usize, window: usize, at: usize, length: i32): void {
  let kept = load<i32>(side, REWOUND);
  if (kept + length > WINDOW) {
    const bits = (kept - min(kept, WINDOW - max(length, WINDOW >> 1)) + 7) >>> 3;
    memory.copy(window, window + ((<usize>bits) << 3), <usize>max(0, kept - (bits << 3)));
    memory.copy(
      window + <usize>WINDOW,
      window + <usize>WINDOW + <usize>bits,
      REWIND_BYTES - <usize>WINDOW - <usize>bits,
    );
    memory.fill(window + REWIND_BYTES - <usize>bits, 0, <usize>bits);
    kept = max(0, kept - (bits << 3));
  }
  const start = window + <usize>WINDOW + (<usize>kept >> 3);
  store<u8>(start, load<u8>(start) | (1 << (<u8>kept & 7)));
  store<i32>(side, kept + length, REWOUND);
  let to = window + <usize>kept;
  for (; length >= 8; length -= 8, to += 8, at += 8) store<u64>(to, load<u64>(at));
  if ((length & 4) !== 0) {
    store<u32>(to, load<u32>(at));
    to += 4;
    at += 4;
  }
  if ((length & 2) !== 0) {
    store<u16>(to, load<u16>(at));
    to += 2;
    at += 2;
  }
  if ((length & 1) !== 0) store<u8>(to, load<u8>(at));
}
