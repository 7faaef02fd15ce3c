/**
 * The common packet, straight through: Ethernet, IPv4 without options or fragments, TCP or UDP, of a flow that is known
 * and that no decoder wants to see more of. It is read by a dozen loads and counted in its row, without being taken
 * apart into a `Packet` first, and in a plain file without a `Frame` either. Everything else, and whatever is the least
 * unusual (a SYN, a hole, a repeat, a clock that steps back), is left untouched for the long way, `dissect` and
 * `FlowTracker.packet`, which does the same and more; a property test holds the two together.
 *
 * Worth its lines: the long way costs several times as much a packet (`small` of the bench, see `bench/README.md`).
 */
import type { Frame, PlainRecords } from "../capture/frame.ts";
import { ACK, FIN, RST, SYN, TCP, UDP } from "../dissect/packet.ts";
import { SEED } from "./addresses.ts";
import { print, tcpNumbers } from "./copies.ts";
import type { CopyWatch } from "./copy-watch.ts";
import { laneOf } from "./lanes.ts";
import * as Row from "./row.ts";
import type { FlowTable } from "./table.ts";
import { type FlowTracker, IDLE_SEC } from "./tracker.ts";

// A module's own constants are folded into the machine code; imported ones are read from memory each time (25 ns a packet).
const { BURST_GAP_SEC, BYTES, HIGH, LAST, LOW, META, NEXT, PACKETS, PORTS, PRINT, STATE, S_SEQ } = Row;

/** Bytes 12 to 14 of the frame: EtherType IPv4, then version 4 and a header of 20 bytes. */
const PLAIN_IPV4 = 0x080045;
const ETHERNET = 1;
const IP = 14;
const TRANSPORT = 34;
/** Ethernet, IPv4 and TCP, the longer of the two. */
const HEADERS = 54;

/** A record's header in a plain file, and where its fields stand. */
const RECORD = 16;
const FRACTION = 4;
const CAP_LEN = 8;
const WIRE_LEN = 12;

export class FastPath {
  readonly #table: FlowTable;
  readonly #watch: CopyWatch;
  /** A bit a UDP port: those that a tunnel may use go the long way. */
  readonly #tunnels: Int32Array;
  /** Lanes whose flows are kept here, a bit each; packets of the others are passed over. */
  readonly #lanes: number;
  #buf: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(new ArrayBuffer(0));
  /** Time of the last frame that `run` took. */
  sec = 0;
  nsec = 0;

  constructor(flows: FlowTracker, tunnels: Int32Array, lanes: number) {
    this.#table = flows.table;
    this.#watch = flows.watch;
    this.#tunnels = tunnels;
    this.#lanes = lanes;
  }

  /** True where the packet was counted, or is not one of these lanes. False: nothing was touched, and it goes the long way. */
  take(frame: Frame, realm: number): boolean {
    if (frame.linkType !== ETHERNET || frame.capLen < HEADERS) return false;
    this.#lookAt(frame.buf);
    return this.#walk(frame.off, 0, 0, null, frame.sec, frame.nsec, realm, 1) === 1;
  }

  /**
   * Takes records of a plain file as long as each is a common packet and no older than the one before it, `most` of them at
   * most; the first was preceded by a frame of the time `sec`, `nsec`. Returns how many it took.
   */
  run(records: PlainRecords, realm: number, most: number): number {
    const { slab, info, nanos } = records;
    if (records.linkType !== ETHERNET || info.packets === 0) return 0;
    this.#lookAt(slab.buf);
    const unit = nanos ? 1 : 1000;
    return this.#walk(slab.pos, slab.end, unit, records, this.sec, this.nsec, realm, most);
  }

  #lookAt(buf: Uint8Array): void {
    if (buf === this.#buf) return;
    this.#buf = buf;
    this.#view = new DataView(buf.buffer, buf.byteOffset, buf.byteLength);
  }

  /**
   * Counts packets until one is not common. With `records` from the record at `pos` on; without, the one whose frame begins
   * at `pos`, of which `HEADERS` bytes are there. One function for both, and all of it in one: calls cost 10 ns a packet.
   */
  #walk(
    from: number,
    end: number,
    unit: number,
    records: PlainRecords | null,
    startSec: number,
    startNsec: number,
    realm: number,
    most: number,
  ): number {
    const view = this.#view;
    const buf = this.#buf;
    const tunnels = this.#tunnels;
    const lanes = this.#lanes;
    const { chunks, slots, mask } = this.#table;
    const watched = this.#watch.lanes;
    const seed = SEED;
    const family = (4 << 8) | (realm << 16);
    const perSecond = 1_000_000_000 / unit;
    const untilSec = records === null ? 0 : records.untilSec;
    let pos = from;
    let sec = startSec;
    let nsec = startNsec;
    let taken = 0;
    let bytes = 0;
    let cut = 0;
    while (taken < most) {
      // ---- the record
      let off = pos;
      let capLen = 0;
      let wireLen = 0;
      let atSec = sec;
      let atNsec = nsec;
      if (records !== null) {
        off += RECORD;
        if (off + HEADERS > end) break;
        capLen = view.getInt32(pos + CAP_LEN, true);
        wireLen = view.getUint32(pos + WIRE_LEN, true);
        const fraction = view.getUint32(pos + FRACTION, true);
        atSec = view.getUint32(pos, true);
        if (capLen < HEADERS || capLen > end - off || fraction >= perSecond || atSec >= untilSec) break;
        atNsec = fraction * unit;
        if (atSec < sec || (atSec === sec && atNsec < nsec)) break;
      }

      // ---- transport: bytes of payload, and for TCP its numbers
      if (view.getInt32(off + 12) >>> 8 !== PLAIN_IPV4 || (view.getUint16(off + IP + 6) & 0x3fff) !== 0) break;
      const total = view.getUint16(off + IP + 2);
      const proto = buf[off + IP + 9]!;
      const portsThere = view.getInt32(off + TRANSPORT);
      let payload: number;
      let seq = 0;
      let numbers = 0;
      let checksum: number;
      let flags = 0;
      if (proto === TCP) {
        flags = buf[off + TRANSPORT + 13]!;
        const header = (buf[off + TRANSPORT + 12]! >> 4) << 2;
        payload = total - 20 - header;
        if (header < 20 || payload < 0) break;
        seq = view.getInt32(off + TRANSPORT + 4);
        numbers = tcpNumbers(seq, view.getInt32(off + TRANSPORT + 8), flags);
        checksum = view.getUint16(off + TRANSPORT + 16);
      } else if (proto === UDP) {
        const length = view.getUint16(off + TRANSPORT + 4);
        payload = length - 8;
        if (payload < 0 || length > total - 20) break;
        const one = portsThere >>> 16;
        const other = portsThere & 0xffff;
        if ((((tunnels[one >>> 5]! >>> (one & 31)) | (tunnels[other >>> 5]! >>> (other & 31))) & 1) !== 0) break;
        checksum = view.getUint16(off + TRANSPORT + 6);
      } else {
        break;
      }

      const src = view.getInt32(off + IP + 12);
      const dst = view.getInt32(off + IP + 16);
      const lane = laneOf(src, dst);
      if (((lanes >>> lane) & 1) !== 0) {
        if ((flags & (SYN | FIN | RST)) !== 0 || ((watched >>> lane) & 1) !== 0) break;

        // ---- its flow. Which way it goes is a coin's toss for the processor, so nothing branches on it.
        const dir = src === dst ? +(portsThere >>> 16 > (portsThere & 0xffff)) : +(src > dst);
        const swap = (src ^ dst) & -dir;
        const low = src ^ swap;
        const high = dst ^ swap;
        const ports = (portsThere << (dir << 4)) | (portsThere >>> ((2 - dir) << 4));
        const meta = proto | family;
        // As `mix`, which is too long for V8 to fold into a function of this size: a call costs 10 ns.
        let hash = seed ^ Math.imul(low, 0xcc9e2d51);
        hash = Math.imul(hash ^ (hash >>> 15) ^ high, 0x85ebca6b);
        hash = Math.imul(hash ^ (hash >>> 13) ^ ports, 0xc2b2ae35);
        hash = Math.imul(hash ^ (hash >>> 16) ^ meta, 0x27d4eb2f);
        hash ^= hash >>> 15;
        let slot = hash & mask;
        let row: Int32Array = EMPTY;
        let at = -1;
        for (;;) {
          const flow = slots[slot * 2 + 1]! - 1;
          if (flow < 0) break;
          if (slots[slot * 2] === hash) {
            row = chunks[flow >>> CHUNK_SHIFT]!;
            at = (((flow & CHUNK_MASK) >>> 6) << 11) | ((flow & 63) << 4); // as `FlowTable.at`
            if (
              row[at + LOW] === low &&
              row[at + HIGH] === high &&
              row[at + PORTS] === ports &&
              row[at + META] === meta
            )
              break;
            at = -1;
          }
          slot = (slot + 1) & mask;
        }
        if (at < 0) break;

        // ---- anything unusual?
        const state = row[at + STATE]!;
        const packets = row[at + PACKETS + dir]!;
        const hasPayload = -payload >>> 31;
        // Of flows without connections the second packet is remembered too; of connections, each side's first payload.
        const unheard = (state | ~(state >>> S_DATA_SHIFT)) >>> dir; // S_FEED is the lowest bit
        if (packets < (proto === TCP ? 1 : 2) || (hasPayload & unheard) !== 0) break;
        const last = at + LAST + dir * 2;
        const since = atSec - row[last]!;
        if (
          since < 0 ||
          since > (proto === TCP ? IDLE_SEC : BURST_GAP_SEC - 1) ||
          (since === 0 && atNsec < row[last + 1]!)
        )
          break;
        const mac = buf[off + 4]! + buf[off + 5]! * 3 + buf[off + 10]! * 5 + buf[off + 11]! * 7;
        const path = (mac & 0xfff) * 31 + buf[off + IP + 8]!;
        const fingerprint = print(view.getUint16(off + IP + 4), checksum, total, numbers, path, dir);
        if ((row[at + PRINT]! ^ fingerprint) >>> 12 === 0) break; // as `samePacket`
        if (proto === TCP && ((state & (S_SEQ << dir)) === 0 || seq !== row[at + NEXT + dir])) break;
        const before = row[at + BYTES + dir]!;
        const after = (before + total) | 0;
        if (after >>> 0 < before >>> 0) break;

        // ---- count it
        const says = (hasPayload << S_DATA_SHIFT) | (proto === TCP ? (flags & ACK) << S_ACK_SHIFT : 0);
        row[at + PACKETS + dir] = packets + 1;
        row[at + BYTES + dir] = after;
        row[last] = atSec;
        row[last + 1] = atNsec;
        row[at + PRINT] = fingerprint;
        row[at + STATE] = state | (says << dir);
        if (proto === TCP) row[at + NEXT + dir] = seq + payload;
      }
      taken++;
      if (records === null) break;
      bytes += wireLen > capLen ? wireLen : capLen; // some writers leave the length on the wire 0
      if (wireLen > capLen) cut++;
      sec = atSec;
      nsec = atNsec;
      pos = off + capLen;
    }
    if (records !== null && taken > 0) {
      records.slab.pos = pos;
      records.info.countMany(taken, bytes, cut, sec, nsec);
      this.sec = sec;
      this.nsec = nsec;
    }
    return taken;
  }
}

const EMPTY = new Int32Array(0);
/** From the flag ACK to S_ACK, and from one bit to S_DATA. */
const S_ACK_SHIFT = 8;
const S_DATA_SHIFT = 10;
const CHUNK_SHIFT = 13;
const CHUNK_MASK = (1 << CHUNK_SHIFT) - 1;
