/**
 * What is read of a record, once: its entry. It needs nothing of what was read before it, so it may be made by another thread
 * (`ahead.ts`).
 */
import {
  E_CUT,
  E_DIR,
  E_FLAGS,
  E_HASH,
  E_HEADER,
  E_HIGH,
  E_LOW,
  E_META,
  E_NEXT,
  E_NSEC,
  E_PAYLOAD,
  E_PORTS,
  E_PRINT,
  E_RECORD,
  E_SEC,
  E_SEQ,
  E_TOTAL,
  E_WIRE,
  FRAGMENT,
  HEADERS,
  half,
  hasPort,
  IP,
  laneOf,
  OTHERS,
  PLAIN_IPV4,
  printOf,
  R_CAP_LEN,
  R_FRACTION,
  R_WIRE_LEN,
  RECORD,
  TCP,
  TRANSPORT,
  tcpNumbers,
  UDP,
  UNUSUAL,
  word,
} from "./packets";

let tunnels: usize = 0;
let seed: i32 = 0;
let lanes: i32 = 0;

/** Once: where the bits of tunnels' ports are, the seed of hashes, the lanes to count. */
export function prepareEntries(tunnelsAt: usize, hashSeed: i32, mine: i32): void {
  tunnels = tunnelsAt;
  seed = hashSeed;
  lanes = mine;
}

/** The entry of the record at `pos`; returns where the next record is, 0 where this one does not end before `end`. */
export function read(entry: usize, pos: usize, end: usize, unit: i32, family: i32): usize {
  const frame = pos + RECORD;
  if (frame > end) return 0;
  const capLen = load<u32>(pos, R_CAP_LEN);
  if (<usize>capLen > end - frame) return 0;
  const wireLen = load<u32>(pos, R_WIRE_LEN);
  const fraction = load<u32>(pos, R_FRACTION);
  const next = frame + <usize>capLen;
  store<i32>(entry, <i32>pos, E_RECORD);
  store<i32>(entry, <i32>next, E_NEXT);
  store<i32>(entry, load<i32>(pos), E_SEC);
  store<i32>(entry, <i32>fraction * unit, E_NSEC);
  store<i32>(entry, <i32>max(wireLen, capLen), E_WIRE); // some writers leave the length on the wire 0
  store<u8>(entry, <u8>(wireLen > capLen), E_CUT);
  store<i32>(entry, UNUSUAL, E_META);
  if (<i32>capLen < HEADERS || fraction >= <u32>1_000_000_000 / <u32>unit) return next;
  if ((load<u32>(frame, IP - 2) & 0xffffff) !== PLAIN_IPV4 || (load<u16>(frame, IP + 6) & FRAGMENT) !== 0) return next;
  const src = word(frame + IP + 12);
  const dst = word(frame + IP + 16);
  const proto = <i32>load<u8>(frame, IP + 9);
  const tcp = proto === TCP;
  if (!tcp && (proto !== UDP || hasPort(tunnels, frame))) return next;
  if (((lanes >> laneOf(src, dst)) & 1) === 0) {
    store<i32>(entry, OTHERS, E_META);
    return next;
  }
  const total = half(frame + IP + 2);
  // Which way it goes is a coin's toss for the processor, so nothing branches on it.
  const portsThere = word(frame + TRANSPORT);
  const dir: i32 = src === dst ? <i32>(<u32>portsThere >> 16 > <u32>(portsThere & 0xffff)) : <i32>(src > dst);
  let numbers: i32 = 0;
  let checksum: i32 = 0;
  let header: i32 = 8;
  let payload: i32 = 0;
  if (tcp) {
    const flags = <i32>load<u8>(frame, TRANSPORT + 13);
    header = (<i32>load<u8>(frame, TRANSPORT + 12) >> 4) << 2;
    payload = total - 20 - header;
    if (header < 20 || payload < 0) return next;
    const seq = word(frame + TRANSPORT + 4);
    numbers = tcpNumbers(frame, seq, flags);
    checksum = half(frame + TRANSPORT + 16);
    store<i32>(entry, seq, E_SEQ);
    store<u8>(entry, <u8>flags, E_FLAGS);
  } else {
    payload = half(frame + TRANSPORT + 4) - 8;
    if (payload < 0 || payload > total - 28) return next;
    checksum = half(frame + TRANSPORT + 6);
    store<u8>(entry, 0, E_FLAGS);
  }
  const swap = (src ^ dst) & -dir;
  const low = src ^ swap;
  const high = dst ^ swap;
  const ports = rotl<i32>(portsThere, dir << 4);
  const meta = proto | family;
  store<i32>(entry, low, E_LOW);
  store<i32>(entry, high, E_HIGH);
  store<i32>(entry, ports, E_PORTS);
  store<i32>(entry, meta, E_META);
  store<i32>(entry, hashOf(low, high, ports, meta), E_HASH);
  store<u8>(entry, <u8>dir, E_DIR);
  store<u8>(entry, <u8>header, E_HEADER);
  store<u16>(entry, <u16>total, E_TOTAL);
  store<u16>(entry, <u16>payload, E_PAYLOAD);
  store<i32>(entry, printOf(frame, dir ^ numbers, checksum, total), E_PRINT);
  return next;
}

/** As `mix` in `addresses.ts`. */
function hashOf(low: i32, high: i32, ports: i32, meta: i32): i32 {
  let hash = seed ^ (low * 0xcc9e2d51);
  hash = (hash ^ (hash >>> 15) ^ high) * 0x85ebca6b;
  hash = (hash ^ (hash >>> 13) ^ ports) * 0xc2b2ae35;
  hash = (hash ^ (hash >>> 16) ^ meta) * 0x27d4eb2f;
  return hash ^ (hash >>> 15);
}
