/** What the compiled walk knows of records, packets, rows and its own entries: places in bytes, and how they are read. */

/** An entry's bytes: one for each record, whatever it holds. */
export const ENTRY: usize = 64;
/** Where its record is, and the next one; its key with the hash, its row or 0. */
export const E_RECORD: usize = 0;
export const E_LOW: usize = 4;
export const E_HIGH: usize = 8;
export const E_PORTS: usize = 12;
/** `UNUSUAL` and `OTHERS` stand where no META can. */
export const E_META: usize = 16;
export const E_HASH: usize = 20;
export const E_ROW: usize = 24;
/** What is read of the packet: a byte each of its direction, TCP's flags, its transport header's length, whether the frame is cut. */
export const E_DIR: usize = 28;
export const E_FLAGS: usize = 29;
export const E_HEADER: usize = 30;
export const E_CUT: usize = 31;
/** Its time; bytes on the wire; of its IP packet, and of payload (two bytes each); TCP's number; its print. */
export const E_SEC: usize = 32;
export const E_NSEC: usize = 36;
export const E_WIRE: usize = 40;
export const E_TOTAL: usize = 44;
export const E_PAYLOAD: usize = 46;
export const E_SEQ: usize = 48;
export const E_PRINT: usize = 52;
export const E_NEXT: usize = 56;
/** In place of META: a packet for the long way; one of another thread's lanes. */
export const UNUSUAL: i32 = 0;
export const OTHERS: i32 = 1;

/** A record's header, then its frame: Ethernet, IPv4 without options, TCP or UDP, whose longer one is TCP's. */
export const R_FRACTION: usize = 4;
export const R_CAP_LEN: usize = 8;
export const R_WIRE_LEN: usize = 12;
export const RECORD: usize = 16;
export const IP: usize = 14;
export const TRANSPORT: usize = 34;
export const HEADERS: i32 = 54;
/** EtherType IPv4, version 4 and a header of 20 bytes, as they are loaded; and the fragment's offset with its bit. */
export const PLAIN_IPV4: u32 = 0x450008;
export const FRAGMENT: u32 = 0xff3f;
export const TCP: i32 = 6;
export const UDP: i32 = 17;
export const FIN: i32 = 1;
export const SYN: i32 = 2;
export const RST: i32 = 4;
export const ACK: i32 = 16;

export const LOW: usize = 0;
export const HIGH: usize = 4;
export const PORTS: usize = 8;
export const META: usize = 12;
export const STATE: usize = 16;
export const PACKETS: usize = 20;
export const BYTES: usize = 28;
export const LAST: usize = 36;
export const PRINT: usize = 52;
export const NEXT: usize = 56;
export const COLD: usize = 4096;
/** Of a slot of the index, as in `table.ts`. */
export const FLOW_BITS: i32 = 24;
export const FLOW_MASK: i32 = 0xffffff;
export const FIRST: usize = COLD + 0;
export const FRAME: usize = COLD + 16;
export const CAPTURES: usize = COLD + 24;
export const START: usize = COLD + 32;
export const TRIES: usize = COLD + 40;
export const SYN_FRAME: usize = COLD + 48;
export const ANSWER_FRAME: usize = COLD + 52;
export const SECOND: usize = COLD + 48;
export const DETAIL: usize = COLD + 56;
export const BORN: usize = COLD + 60;
export const S_FEED: i32 = 1 << 0;
export const S_FEED_BOTH: i32 = 3;
export const S_SYN: i32 = 1 << 2;
export const S_SYNACK: i32 = 1 << 4;
export const S_FIN: i32 = 1 << 6;
export const S_RST: i32 = 1 << 8;
export const S_DATA: i32 = 1 << 10;
export const S_ACK: i32 = 1 << 12;
export const S_SEQ: i32 = 1 << 14;
export const S_MIDSTREAM: i32 = 1 << 16;
export const S_LEGIBLE: i32 = 1 << 21;
export const APP_SHIFT: i32 = 24;
export const S_DATA_SHIFT: i32 = 10;
/** From the flag ACK to S_ACK. */
export const S_ACK_SHIFT: i32 = 8;
export const IDLE_SEC: i32 = 300;
export const BURST_GAP_SEC: i32 = 10;

/** As `print` in `copies.ts`, with the path of `Packet.path`. */
export function printOf(frame: usize, numbers: i32, checksum: i32, total: i32): i32 {
  const mac =
    <i32>load<u8>(frame, 4) + <i32>load<u8>(frame, 5) * 3 + <i32>load<u8>(frame, 10) * 5 + <i32>load<u8>(frame, 11) * 7;
  const path = (mac & 0xfff) * 31 + <i32>load<u8>(frame, IP + 8);
  let h = numbers ^ (((half(frame + IP + 4) << 16) | checksum) * 0x9e3779b1) ^ ((total + 0x51ed) * 0x85ebca6b);
  h ^= h >>> 15;
  return ((h * 0x2c1b3c6d) & ~0xfff) | (path & 0xfff);
}

/** Whether one of the packet's ports is in a set, a bit a port. */
export function hasPort(bits: usize, frame: usize): bool {
  return ((bit(bits, half(frame + TRANSPORT)) | bit(bits, half(frame + TRANSPORT + 2))) & 1) !== 0;
}
function bit(bits: usize, port: i32): i32 {
  return load<i32>(bits + ((<usize>(port >>> 5)) << 2)) >>> (port & 31);
}

/** What TCP adds to a packet's print. As `tcpNumbers` in `copies.ts`. */
export function tcpNumbers(frame: usize, seq: i32, flags: i32): i32 {
  return (seq * 0xc2b2ae35) ^ ((word(frame + TRANSPORT + 8) ^ (flags << 13)) * 0x27d4eb2f);
}

/** Big-endian words and halves of them. */
export function word(at: usize): i32 {
  return bswap<i32>(load<i32>(at));
}
export function half(at: usize): i32 {
  return <i32>bswap<u16>(load<u16>(at));
}

/** Where a slot of the table's index is. */
export function slotAt(slots: usize, slot: i32): usize {
  return slots + ((<usize>slot) << 2);
}

/** The row of an entry's key, 0 where there is none. As `FlowTable.find`. */
export function find(rows: usize, slots: usize, mask: i32, entry: usize): usize {
  const hash = load<i32>(entry, E_HASH);
  let slot = hash & mask;
  let held = load<i32>(slotAt(slots, slot));
  while (held !== 0) {
    if ((held ^ hash) >>> FLOW_BITS === 0) {
      const row = rowOf(rows, (held & FLOW_MASK) - 1);
      // LOW and HIGH, then PORTS and META, two words at once.
      if (load<i64>(row, LOW) === load<i64>(entry, E_LOW) && load<i64>(row, PORTS) === load<i64>(entry, E_PORTS))
        return row;
    }
    slot = (slot + 1) & mask;
    held = load<i32>(slotAt(slots, slot));
  }
  return 0;
}

/** Where a flow's row is: as `placeOf`. */
export function rowOf(rows: usize, flow: u32): usize {
  return rows + ((<usize>flow >> 6) << 13) + ((<usize>flow & 63) << 6);
}

/** The lane of a key, from its two addresses. As `laneOf`. */
export function laneOf(low: i32, high: i32): i32 {
  return <i32>(<u32>((low ^ high) * 0x9e3779b1) >> 28);
}
