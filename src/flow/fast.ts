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
import { print, samePacket, tcpNumbers } from "./copies.ts";
import type { CopyWatch } from "./copy-watch.ts";
import { laneOf } from "./lanes.ts";
import * as Row from "./row.ts";
import type { FlowTable } from "./table.ts";
import { type FlowTracker, IDLE_SEC } from "./tracker.ts";

// A module's own constants are folded into the machine code; imported ones are read from memory each time (25 ns a packet).
const { BYTES, LAST, NEXT, PACKETS, PRINT, STATE, S_ACK, S_DATA, S_FEED, S_SEQ } = Row;

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
    return this.#count(frame.off, frame.sec, frame.nsec, realm);
  }

  /**
   * Takes records of a plain file as long as each is a common packet and no older than the one before it, `most` of them at
   * most; the first was preceded by a frame of the time `sec`, `nsec`. Returns how many it took.
   */
  run(records: PlainRecords, realm: number, most: number): number {
    const { slab, info, nanos, untilSec } = records;
    if (records.linkType !== ETHERNET || info.packets === 0) return 0;
    this.#lookAt(slab.buf);
    const view = this.#view;
    const { end } = slab;
    const perSecond = nanos ? 1_000_000_000 : 1_000_000;
    const unit = nanos ? 1 : 1000;
    let { pos } = slab;
    let { sec, nsec } = this;
    let taken = 0;
    let bytes = 0;
    let cut = 0;
    while (taken < most) {
      const off = pos + RECORD;
      if (off + HEADERS > end) break;
      const capLen = view.getUint32(pos + CAP_LEN, true);
      const fraction = view.getUint32(pos + FRACTION, true);
      const atSec = view.getUint32(pos, true);
      if (capLen < HEADERS || capLen > end - off || fraction >= perSecond || atSec >= untilSec) break;
      const atNsec = fraction * unit;
      if (atSec < sec || (atSec === sec && atNsec < nsec) || !this.#count(off, atSec, atNsec, realm)) break;
      const wireLen = view.getUint32(pos + WIRE_LEN, true);
      if (wireLen > capLen) {
        bytes += wireLen;
        cut++;
      } else {
        bytes += capLen; // some writers leave the length on the wire 0
      }
      sec = atSec;
      nsec = atNsec;
      pos = off + capLen;
      taken++;
    }
    if (taken === 0) return 0;
    slab.pos = pos;
    this.sec = sec;
    this.nsec = nsec;
    info.countMany(taken, bytes, cut, sec, nsec);
    return taken;
  }

  #lookAt(buf: Uint8Array): void {
    if (buf === this.#buf) return;
    this.#buf = buf;
    this.#view = new DataView(buf.buffer, buf.byteOffset, buf.byteLength);
  }

  /** The frame at `off`, of which `HEADERS` bytes are there: see `take`. */
  #count(off: number, sec: number, nsec: number, realm: number): boolean {
    const view = this.#view;
    const buf = this.#buf;
    if (view.getInt32(off + 12) >>> 8 !== PLAIN_IPV4 || (view.getUint16(off + IP + 6) & 0x3fff) !== 0) return false;
    const total = view.getUint16(off + IP + 2);
    const proto = buf[off + IP + 9]!;

    // ---- transport: bytes of payload, and for TCP its numbers
    let payload: number;
    let seq = 0;
    let numbers = 0;
    let checksum: number;
    let flags = 0;
    let says = 0; // bits of STATE for direction 0
    const portsThere = view.getInt32(off + TRANSPORT);
    if (proto === TCP) {
      flags = buf[off + TRANSPORT + 13]!;
      const header = (buf[off + TRANSPORT + 12]! >> 4) << 2;
      payload = total - 20 - header;
      if (header < 20 || payload < 0) return false;
      seq = view.getInt32(off + TRANSPORT + 4);
      numbers = tcpNumbers(seq, view.getInt32(off + TRANSPORT + 8), flags);
      checksum = view.getUint16(off + TRANSPORT + 16);
      if ((flags & ACK) !== 0) says = S_ACK;
    } else if (proto === UDP) {
      const length = view.getUint16(off + TRANSPORT + 4);
      payload = length - 8;
      if (payload < 0 || length > total - 20) return false;
      const from = portsThere >>> 16;
      const to = portsThere & 0xffff;
      if ((((this.#tunnels[from >>> 5]! >>> (from & 31)) | (this.#tunnels[to >>> 5]! >>> (to & 31))) & 1) !== 0)
        return false;
      checksum = view.getUint16(off + TRANSPORT + 6);
    } else {
      return false;
    }
    if (payload > 0) says |= S_DATA;

    // ---- its lane, and its flow
    const src = view.getInt32(off + IP + 12);
    const dst = view.getInt32(off + IP + 16);
    const lane = laneOf(src, dst);
    if (((this.#lanes >>> lane) & 1) === 0) return true;
    if ((flags & (SYN | FIN | RST)) !== 0 || this.#watch.watches(lane)) return false;
    const forward = src < dst || (src === dst && portsThere >>> 16 <= (portsThere & 0xffff));
    const dir = forward ? 0 : 1;
    const flow = forward
      ? this.#table.find(src, dst, portsThere, proto | (4 << 8) | (realm << 16))
      : this.#table.find(dst, src, (portsThere << 16) | (portsThere >>> 16), proto | (4 << 8) | (realm << 16));
    if (flow < 0) return false;
    const row = this.#table.rows(flow);
    const at = this.#table.at(flow);

    // ---- anything unusual?
    const state = row[at + STATE]!;
    const packets = row[at + PACKETS + dir]!;
    // Of flows without connections the second packet is remembered too.
    if (packets < (proto === TCP ? 1 : 2) || (payload > 0 && (state & (S_FEED << dir)) !== 0)) return false;
    const last = at + LAST + dir * 2;
    const since = sec - row[last]!;
    if (since < 0 || since > IDLE_SEC || (since === 0 && nsec < row[last + 1]!)) return false;
    const mac = buf[off + 4]! + buf[off + 5]! * 3 + buf[off + 10]! * 5 + buf[off + 11]! * 7;
    const path = (mac & 0xfff) * 31 + buf[off + IP + 8]!;
    const fingerprint = print(view.getUint16(off + IP + 4), checksum, total, numbers, path, dir);
    if (samePacket(row[at + PRINT]!, fingerprint)) return false;
    if (proto === TCP && ((state & (S_SEQ << dir)) === 0 || seq !== row[at + NEXT + dir])) return false;
    const before = row[at + BYTES + dir]!;
    const after = (before + total) | 0;
    if (after >>> 0 < before >>> 0) return false;

    // ---- count it
    row[at + PACKETS + dir] = packets + 1;
    row[at + BYTES + dir] = after;
    row[last] = sec;
    row[last + 1] = nsec;
    row[at + PRINT] = fingerprint;
    row[at + STATE] = state | (says << dir);
    if (proto === TCP) row[at + NEXT + dir] = seq + payload;
    return true;
  }
}
