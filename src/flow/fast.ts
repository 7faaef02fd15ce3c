/**
 * The common packet, straight through: Ethernet, IPv4 without options or fragments, TCP or UDP, of a flow that is known
 * and that no decoder wants to see more of. It is read by a dozen loads and counted in its row, without being taken
 * apart into a `Packet` first. Everything else, and whatever is the least unusual (a SYN, a hole, a repeat, a clock
 * that steps back), is left untouched for the long way, `dissect` and `FlowTracker.packet`, which does the same and
 * more; a property test holds the two together.
 *
 * Worth its 100 lines: the long way costs twice as much a packet (`small` of the bench, see `bench/README.md`).
 */
import type { Frame } from "../capture/frame.ts";
import { ACK, FIN, RST, SYN, TCP, UDP } from "../dissect/packet.ts";
import { print, samePacket, tcpNumbers } from "./copies.ts";
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

export class FastPath {
  readonly #flows: FlowTracker;
  readonly #table: FlowTable;
  /** A bit a UDP port: those that a tunnel may use go the long way. */
  readonly #tunnels: Int32Array;
  #buf: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(new ArrayBuffer(0));

  constructor(flows: FlowTracker, tunnels: Int32Array) {
    this.#flows = flows;
    this.#table = flows.table;
    this.#tunnels = tunnels;
  }

  /** True where the packet was counted. False: nothing was touched, and it goes the long way. */
  take(frame: Frame, realm: number): boolean {
    const { buf, off } = frame;
    if (frame.linkType !== ETHERNET || frame.capLen < HEADERS || this.#flows.watching) return false;
    if (buf !== this.#buf) {
      this.#buf = buf;
      this.#view = new DataView(buf.buffer, buf.byteOffset, buf.byteLength);
    }
    const view = this.#view;
    if (view.getInt32(off + 12) >>> 8 !== PLAIN_IPV4 || (view.getUint16(off + IP + 6) & 0x3fff) !== 0) return false;
    const total = view.getUint16(off + IP + 2);
    const proto = buf[off + IP + 9]!;

    // ---- transport: bytes of payload, and for TCP its numbers
    let payload: number;
    let seq = 0;
    let numbers = 0;
    let checksum: number;
    let says = 0; // bits of STATE for direction 0
    const portsThere = view.getInt32(off + TRANSPORT);
    if (proto === TCP) {
      const flags = buf[off + TRANSPORT + 13]!;
      const header = (buf[off + TRANSPORT + 12]! >> 4) << 2;
      payload = total - 20 - header;
      if ((flags & (SYN | FIN | RST)) !== 0 || header < 20 || payload < 0) return false;
      seq = view.getInt32(off + TRANSPORT + 4);
      numbers = tcpNumbers(seq, view.getInt32(off + TRANSPORT + 8), flags);
      checksum = view.getUint16(off + TRANSPORT + 16);
      if ((flags & ACK) !== 0) says = S_ACK;
    } else if (proto === UDP) {
      const length = view.getUint16(off + TRANSPORT + 4);
      payload = length - 8;
      if (payload < 0 || length > total - 20) return false;
      const src = portsThere >>> 16;
      const dst = portsThere & 0xffff;
      if ((((this.#tunnels[src >>> 5]! >>> (src & 31)) | (this.#tunnels[dst >>> 5]! >>> (dst & 31))) & 1) !== 0)
        return false;
      checksum = view.getUint16(off + TRANSPORT + 6);
    } else {
      return false;
    }
    if (payload > 0) says |= S_DATA;

    // ---- its flow
    const src = view.getInt32(off + IP + 12);
    const dst = view.getInt32(off + IP + 16);
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
    if (packets < 2 || (payload > 0 && (state & (S_FEED << dir)) !== 0)) return false;
    const last = at + LAST + dir * 2;
    const since = frame.sec - row[last]!;
    if (since < 0 || since > IDLE_SEC || (since === 0 && frame.nsec < row[last + 1]!)) return false;
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
    row[last] = frame.sec;
    row[last + 1] = frame.nsec;
    row[at + PRINT] = fingerprint;
    row[at + STATE] = state | (says << dir);
    if (proto === TCP) row[at + NEXT + dir] = seq + payload;
    return true;
  }
}
