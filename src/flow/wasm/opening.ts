/**
 * What is less common, but plain: the first packets of a flow and of its directions, handshakes, ends, and payload that no
 * decoder would read (`decode/forms.ts`). What `FlowTracker.packet` and the identifier do for them, word for word, so that
 * a capture of many short flows need not leave the walk for each. What is not as expected in any way is left untouched.
 */
import {
  ACK,
  ANSWER_FRAME,
  APP_SHIFT,
  BORN,
  BURST_GAP_SEC,
  BYTES,
  CAPTURES,
  DETAIL,
  E_DIR,
  E_FLAGS,
  E_HASH,
  E_HEADER,
  E_HIGH,
  E_LOW,
  E_META,
  E_NSEC,
  E_PAYLOAD,
  E_PORTS,
  E_PRINT,
  E_RECORD,
  E_ROW,
  E_SEC,
  E_SEQ,
  E_TOTAL,
  FIN,
  FIRST,
  FLOW_MASK,
  FRAME,
  find,
  HIGH,
  half,
  hasPort,
  IDLE_SEC,
  IP,
  LAST,
  LOW,
  META,
  NEXT,
  PACKETS,
  PORTS,
  PRINT,
  R_CAP_LEN,
  RECORD,
  RST,
  rowOf,
  S_ACK,
  S_DATA,
  S_FEED,
  S_FEED_BOTH,
  S_FIN,
  S_LEGIBLE,
  S_MIDSTREAM,
  S_RST,
  S_SEQ,
  S_SYN,
  S_SYNACK,
  SECOND,
  START,
  STATE,
  SYN,
  SYN_FRAME,
  slotAt,
  TCP,
  TRANSPORT,
  TRIES,
  word,
} from "./packets";
import { hasRoom, noteTtl } from "./ttls";
import { isOwn, remember, watches } from "./watch";

let rows: usize = 0;
/** A bit a port, of UDP and of TCP: those that suggest a decoder. */
let hintedUdp: usize = 0;
let hintedTcp: usize = 0;
/** Tables of forms. */
let datagrams: usize = 0;
let later: usize = 0;
let streams: usize = 0;
/** Datagrams of a direction that nobody knew, after which it is given up. */
let mostTries: i32 = 0;
/**
 * Answers seen, 24 bytes each: META, the address that answered, the TTL of its SYN-ACK, below 0 where it is none, microseconds
 * since the SYN, 0 where none is known, and the two words of its next hop.
 */
let answers: usize = 0;
let mostAnswers: i32 = 0;
const ANSWER: usize = 24;
/** As in `flow/ttls.ts`. */
const SYN_HEADER: usize = 32;

/** Once: where all these are. */
export function prepareOpening(
  rowsAt: usize,
  hintedUdpAt: usize,
  hintedTcpAt: usize,
  datagramsAt: usize,
  laterAt: usize,
  streamsAt: usize,
  tries: i32,
  answersAt: usize,
  roomForAnswers: i32,
): void {
  rows = rowsAt;
  hintedUdp = hintedUdpAt;
  hintedTcp = hintedTcpAt;
  datagrams = datagramsAt;
  later = laterAt;
  streams = streamsAt;
  mostTries = tries;
  answers = answersAt;
  mostAnswers = roomForAnswers;
}

/** Of this walk: flows that there are, and how many may be added; frames before it, of its capture and of all; the capture. */
let flows: i32 = 0;
let room: i32 = 0;
let frames: i32 = 0;
let framesOfAll: i32 = 0;
let capture: i32 = 0;
/** Whether payload that nobody knows may be told here. */
let tells: bool = false;
let added: i32 = 0;
let answered: i32 = 0;

export function begin(count: i32, free: i32, before: i32, beforeOfAll: i32, captureNumber: i32, may: bool): void {
  flows = count;
  room = free;
  frames = before;
  framesOfAll = beforeOfAll;
  capture = captureNumber;
  tells = may;
  added = 0;
  answered = 0;
}

/** Flows that the walk added, and answers that it saw. */
export function flowsAdded(): i32 {
  return added;
}
export function answersSeen(): i32 {
  return answered;
}

/** Counts the packet of an entry, the walk's `nth`; false, and nothing touched, where it has to go the long way. */
export function opening(entry: usize, nth: i32, slots: usize, mask: i32): bool {
  const record = <usize>load<u32>(entry, E_RECORD);
  const frame = record + RECORD;
  const tcp = (load<i32>(entry, E_META) & 0xff) === TCP;
  const total = <i32>load<u16>(entry, E_TOTAL);
  const flags = <i32>load<u8>(entry, E_FLAGS);
  const seq = load<i32>(entry, E_SEQ); // TCP's
  const payload = <i32>load<u16>(entry, E_PAYLOAD);
  const at = frame + TRANSPORT + <usize>load<u8>(entry, E_HEADER);
  if ((flags & RST) !== 0 || at + <usize>payload > frame + <usize>load<u32>(record, R_CAP_LEN)) return false;

  const dir = <i32>load<u8>(entry, E_DIR);
  const side = (<usize>dir) << 2;
  const other = 1 - dir;
  const atSec = load<i32>(entry, E_SEC);
  const atNsec = load<i32>(entry, E_NSEC);
  const print = load<i32>(entry, E_PRINT);
  if (atSec < 0) return false;
  let row = <usize>load<u32>(entry, E_ROW);
  if (row === 0) row = find(rows, slots, mask, entry); // it may have been added since the batch was looked up
  const isNew = row === 0;
  let state: i32 = S_FEED_BOTH;
  let packets: i32 = 0;
  let newBurst = false;
  if (isNew) {
    if (room <= added || (tcp && (flags & (SYN | ACK)) !== SYN)) return false;
  } else {
    state = load<i32>(row, STATE);
    packets = load<i32>(row + side, PACKETS);
    const last = row + ((<usize>(packets > 0 ? dir : other)) << 3);
    const since = atSec - load<i32>(last, LAST);
    if (since < 0 || since > IDLE_SEC) return false;
    if (packets > 0) {
      const gap = since - BURST_GAP_SEC;
      newBurst = !tcp && (gap > 0 || (gap === 0 && atNsec >= load<i32>(last, LAST + 4)));
      if (since === 0 && atNsec < load<i32>(last, LAST + 4)) return false;
      if ((load<i32>(row, PRINT) ^ print) >>> 12 === 0) return false; // as `samePacket`
    }
  }
  if (!isNew && packets === 0 && answered >= mostAnswers) return false;
  const bytes = isNew ? 0 : load<i32>(row + side, BYTES);
  if (<u32>(bytes + total) < <u32>bytes) return false;
  const watching = watches(entry);
  if (watching && !isOwn(entry, row, dir, print, atSec, atNsec)) return false;

  // ---- what it says of its flow
  const number = frames + nth;
  const told = state;
  let next: i32 = 0;
  let wordsHere = false;
  let tries: i32 = isNew ? 0 : load<i32>(row, TRIES);
  if ((flags & SYN) !== 0) {
    if (payload > 0 || (flags & FIN) !== 0) return false;
    if (isNew) {
      if (at - frame - TRANSPORT >= SYN_HEADER && !hasRoom()) return false;
    } else {
      // The answer to a SYN that was seen, and nothing before it.
      if ((flags & ACK) === 0 || packets > 0) return false;
      if ((state & ((S_SYN | S_SEQ) << other)) !== (S_SYN | S_SEQ) << other) return false;
      if ((state & (((S_SYN | S_SYNACK | S_SEQ) << dir) | S_RST | (S_RST << 1) | S_MIDSTREAM)) !== 0) return false;
      if (load<i32>(row, ANSWER_FRAME) !== 0) return false;
    }
    state |= ((isNew ? S_SYN : S_SYNACK) | S_SEQ) << dir;
    next = seq + 1;
  } else if (tcp) {
    if (packets === 0 || (state & (S_SEQ << dir)) === 0 || seq !== load<i32>(row + side, NEXT)) return false;
    if ((flags & FIN) !== 0) {
      wordsHere = (state & ((S_DATA | S_FIN) << dir)) === 0;
      state |= S_FIN << dir;
    }
    if ((flags & ACK) !== 0) state |= S_ACK << dir;
    if (payload > 0) {
      wordsHere = wordsHere || (state & (S_DATA << dir)) === 0;
      state |= S_DATA << dir;
    }
    next = seq + payload + (flags & FIN);
    if (payload > 0 && (told & (S_FEED << dir)) !== 0) {
      // A direction's first bytes, of a connection seen from its beginning, that no decoder would read.
      if (!tells || (told & ((S_DATA << dir) | S_MIDSTREAM)) !== 0 || load<i32>(row, DETAIL) !== 0) return false;
      if ((told & (((S_SYN | S_SYNACK) << dir) | (S_SYNACK << other))) === 0) return false;
      if (seq !== load<i32>(row + side, START) + 1 || hasPort(hintedTcp, frame)) return false;
      if (mayBe(streams, at, payload, false)) return false;
      state &= ~(S_FEED << dir);
    }
    const opener = (told & S_MIDSTREAM) === 0 && (told & ((S_SYN << dir) | (S_SYNACK << other))) !== 0;
    if (wordsHere && opener) tries = number;
  } else if (payload > 0) {
    state |= S_DATA << dir;
    if ((told & (S_FEED << dir)) !== 0) {
      if (!tells || told >>> APP_SHIFT !== 0 || (!isNew && load<i32>(row, DETAIL) !== 0)) return false;
      if (hasPort(hintedUdp, frame)) return false;
      if (mayBe(datagrams, at, payload, true)) return false;
      if (!mayBe(later, at, payload, true)) state |= S_LEGIBLE << dir;
      tries += 1 << (dir << 4);
      if (((tries >>> (dir << 4)) & 0xffff) >= mostTries) state &= ~(S_FEED << dir);
    }
  }

  // ---- count it
  if (isNew) {
    row = add(entry, slots, mask);
    store<i32>(row, framesOfAll + nth, BORN);
  }
  if (watching) remember(entry, row, dir, print, atSec, atNsec);
  let hopHigh: i32 = 0;
  let hopLow: i32 = 0;
  if (packets === 0) {
    if (load<i32>(row + ((<usize>other) << 2), PACKETS) === 0) {
      writeHop(row + ((<usize>other) << 3), frame);
    } else {
      hopHigh = load<i32>(row + (side << 1), FIRST);
      hopLow = load<i32>(row + (side << 1), FIRST + 4);
    }
    store<i32>(row + (side << 1), atSec, FIRST);
    store<i32>(row + (side << 1), atNsec, FIRST + 4);
    store<i32>(row + side, number, FRAME);
    store<i32>(row, load<i32>(row, CAPTURES) | (capture << (dir << 4)), CAPTURES);
  }
  store<i32>(row + side, packets + 1, PACKETS);
  store<i32>(row + side, bytes + total, BYTES);
  store<i32>(row + (side << 1), atSec, LAST);
  store<i32>(row + (side << 1), atNsec, LAST + 4);
  store<i32>(row, print, PRINT);
  store<i32>(row, state, STATE);
  store<i32>(row, tries, TRIES);
  if (!tcp) {
    if (hopHigh >>> 16 === 0x8000) note(entry, row + side, -1, 0, hopHigh, hopLow);
    if (newBurst) endBurst(row + side, packets);
    if (packets === 1) store<i32>(row + side, number, SECOND);
    return true;
  }
  store<i32>(row + side, next, NEXT);
  if ((flags & SYN) !== 0) {
    const ttl = <i32>load<u8>(frame, IP + 8);
    store<i32>(row + side, seq, START);
    store<i32>(row + (isNew ? SYN_FRAME : ANSWER_FRAME), number);
    if (!isNew) note(entry, row + side, ttl, tripUs(row, other, atSec, atNsec), hopHigh, hopLow);
    else if (at - frame - TRANSPORT >= SYN_HEADER) noteTtl(entry, atSec);
  }
  return true;
}

/** As `endBurst` in `bursts.ts`; the words are those of NEXT and START. */
function endBurst(side: usize, packets: i32): void {
  const from = load<i32>(side, NEXT);
  const bursts = load<i32>(side, START);
  const size = min(packets - from, 0xffff);
  if (from === 0) store<i32>(side, (size << 16) | (bursts & 0xffff), START);
  else if (size > (bursts & 0xffff)) store<i32>(side, (bursts & ~0xffff) | size, START);
  store<i32>(side, packets, NEXT);
}

/** A new row of the entry's key. As `FlowTable.add`, where the index has room. */
function add(entry: usize, slots: usize, mask: i32): usize {
  const flow = flows + added;
  added++;
  const hash = load<i32>(entry, E_HASH);
  let slot = hash & mask;
  while (load<i32>(slotAt(slots, slot)) !== 0) slot = (slot + 1) & mask;
  store<i32>(slotAt(slots, slot), (hash & ~FLOW_MASK) | (flow + 1));
  const row = rowOf(rows, <u32>flow);
  store<i32>(row, load<i32>(entry, E_LOW), LOW);
  store<i32>(row, load<i32>(entry, E_HIGH), HIGH);
  store<i32>(row, load<i32>(entry, E_PORTS), PORTS);
  store<i32>(row, load<i32>(entry, E_META), META);
  return row;
}

/** As in `hops.ts`: where an Ethernet frame is sent to, for a direction of which no packet is there. */
function writeHop(side: usize, frame: usize): void {
  const high = half(frame);
  const low = word(frame + 2);
  if ((high & 0x100) !== 0 || (high | low) === 0) return;
  store<i32>(side, 0x80000000 | high, FIRST);
  store<i32>(side, low, FIRST + 4);
}

/** Microseconds since the only packet of the other direction. As `Distances.answer`. */
function tripUs(row: usize, other: i32, sec: i32, nsec: i32): i32 {
  // Of several SYNs, nobody can say which one it answers.
  if (load<i32>(row + ((<usize>other) << 2), PACKETS) !== 1) return 0;
  if (((load<i32>(row, CAPTURES) >>> (other << 4)) & 0xffff) !== capture) return 0;
  const first = row + ((<usize>other) << 3);
  const nanos =
    (<i64>sec - <i64>load<i32>(first, FIRST)) * 1_000_000_000 + <i64>nsec - <i64>load<i32>(first, FIRST + 4);
  return nanos > 0 ? <i32>((nanos + 500) / 1000) : 0;
}

/** `side`: of the end that answers. */
function note(entry: usize, side: usize, ttl: i32, trip: i32, hopHigh: i32, hopLow: i32): void {
  const at = answers + <usize>answered * ANSWER;
  store<i32>(at, load<i32>(entry, E_META));
  store<i32>(at, load<i32>(side, LOW), 4);
  store<i32>(at, ttl, 8);
  store<i32>(at, trip, 12);
  store<i32>(at, hopHigh, 16);
  store<i32>(at, hopLow, 20);
  answered++;
}

/** Behind the index of a table: the list of forms that any byte may begin. */
const ANY: usize = 512;

/** Whether payload has a form of the table: a datagram, or what a stream begins with. As `hasForm`. */
function mayBe(table: usize, at: usize, size: i32, whole: bool): bool {
  if (isAmong(table + ANY, at, size, whole)) return true;
  return isAmong(table + <usize>load<u16>(table + ((<usize>load<u8>(at)) << 1)), at, size, whole);
}

function isAmong(list: usize, at: usize, size: i32, whole: bool): bool {
  let count = load<u8>(list);
  let form = list + 1;
  while (count > 0) {
    if (hasForm(form, at, size, whole)) return true;
    form += 8 + ((<usize>load<u8>(form, 7)) << 2);
    count--;
  }
  return false;
}

function hasForm(form: usize, at: usize, size: i32, whole: bool): bool {
  if (whole && size < <i32>load<u16>(form)) return false;
  let tests = load<u8>(form, 7);
  let test = form + 8;
  for (; tests > 0; tests--, test += 4) {
    const place = <i32>load<u8>(test);
    if (place >= size) continue;
    const byte = load<u8>(at + <usize>place) & load<u8>(test, 1);
    if (byte < load<u8>(test, 2) || byte > load<u8>(test, 3)) return false;
  }
  const fits = load<u8>(form, 2);
  if (whole && fits !== 255 && half(at + <usize>fits) + <i32>load<u8>(form, 3) > size) return false;
  const mask = load<u8>(form, 6);
  if (mask === 0) return true;
  for (let i = <i32>load<u8>(form, 4); i < <i32>load<u8>(form, 5) && i < size; i++)
    if ((load<u8>(at + <usize>i) & mask) !== 0) return true;
  return false;
}
