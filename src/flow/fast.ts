/**
 * The common packet, straight through: Ethernet, IPv4 without options or fragments, TCP or UDP, of a flow that is known
 * and that no decoder wants to see more of, or only by a glance (`decode/glances.ts`). It is read by a dozen loads and
 * counted in its row, without being taken apart into a `Packet` first. Everything else, and whatever is the least unusual (a
 * SYN, a hole, a repeat, a clock that steps back), is left untouched for the long way, `dissect` and `FlowTracker.packet`,
 * which does the same and more.
 *
 * Twice: `take` for one frame, from wherever it comes; `run` for the records of a plain file in the arena, by compiled code
 * (`wasm/walk.ts`). A property test holds both and the long way together.
 *
 * Worth its lines: the long way costs several times as much a packet (`small` of the bench, see `bench/README.md`).
 */
import type { Frame, PlainRecords } from "../capture/frame.ts";
import type { Gates } from "../decode/forms.ts";
import { ACK, FIN, RST, SYN, TCP, UDP } from "../dissect/packet.ts";
import type { Ahead } from "./ahead.ts";
import type { Arena } from "./arena.ts";
import { print, tcpNumbers } from "./copies.ts";
import type { CopyWatch } from "./copy-watch.ts";
import { addressKey, answersOf, type Distances } from "./distances.ts";
import { type Hops, hopOf } from "./hops.ts";
import { laneOf } from "./lanes.ts";
import * as Row from "./row.ts";
import type { FlowTable } from "./table.ts";
import { type FlowTracker, IDLE_SEC } from "./tracker.ts";
import { type LedgerTable, Walker } from "./walker.ts";

// A module's own constants are folded into the machine code; imported ones are read from memory each time (25 ns a packet).
const { BURST_GAP_SEC, BYTES, LAST, NEXT, PACKETS, PRINT, STATE, S_DATA, S_SEQ } = Row;

/** Bytes 12 to 14 of the frame: EtherType IPv4, then version 4 and a header of 20 bytes. */
const PLAIN_IPV4 = 0x080045;
const ETHERNET = 1;
const IP = 14;
const TRANSPORT = 34;
/** Ethernet, IPv4 and TCP, the longer of the two. */
const HEADERS = 54;

/** Packets behind one that was read by a glance that are looked at one by one: each answer is the next question's cause. */
const GLANCES_NEXT = 8;

/** Who reads payload that a decoder still wants, where little has to be read of it: the decoders' `Glancer`. */
export interface Glancer {
  /** True where that was enough; else the long way goes on behind what was read here. */
  segment(
    row: Int32Array,
    at: number,
    dir: 0 | 1,
    seq: number,
    buf: Uint8Array,
    off: number,
    len: number,
    frame: number,
    sec: number,
    nsec: number,
  ): boolean;
  /** Whether anything can be read so by now. */
  readonly ready: boolean;
  /** A walk has ended before the packet at hand: the flow that it is of may be lent to the next one. */
  walked(): void;
  /** Whether it was. */
  readonly lent: boolean;
  /** What it reads it by; null where there is no arena. */
  readonly ledgers: LedgerTable | null;
}

/** Who is given payload: the `Identifier`. */
export interface PayloadReader {
  readonly glancer: Glancer;
  /** Whether it has been given any. */
  readonly begun: boolean;
  /** By which payload is told that it has no use for. */
  readonly gates: Gates;
}

export class FastPath {
  readonly #table: FlowTable;
  readonly #distances: Distances;
  readonly #hops: Hops;
  readonly #reader: PayloadReader;
  readonly #glancer: Glancer;
  readonly #watch: CopyWatch;
  /** A bit a UDP port: those that a tunnel may use go the long way. */
  readonly #tunnels: Int32Array;
  /** Lanes whose flows are kept here, a bit each; packets of the others are passed over. */
  readonly #lanes: number;
  readonly #walker: Walker | null;
  #buf: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(new ArrayBuffer(0));
  /** What the last walk went by: see `run`. */
  #slab: PlainRecords["slab"] | null = null;
  #fills = 0;
  #untilSec = 0;
  #watched = 0;
  #count = 0;
  #ended = 0;
  /** Time of the last frame that `run` took. */
  sec = 0;
  nsec = 0;

  /** How many packets, from the next one on, are not worth a walk: they will be wanted by decoders. */
  #wanted = 0;

  /** `arena`: where the flows' table is, and the slabs that records are read into; null: nothing is walked. */
  constructor(
    flows: FlowTracker,
    reader: PayloadReader,
    tunnels: Int32Array,
    lanes: number,
    arena: Arena | null = null,
    ahead: Ahead | null = null,
  ) {
    this.#table = flows.table;
    this.#distances = flows.distances;
    this.#hops = flows.hops;
    this.#reader = reader;
    this.#glancer = reader.glancer;
    this.#watch = flows.watch;
    this.#tunnels = tunnels;
    this.#lanes = lanes;
    this.#walker = arena === null ? null : Walker.make(arena, tunnels, lanes, reader, flows.watch, flows.ttls, ahead);
  }

  /** Whether `run` is worth a try. */
  get runs(): boolean {
    return this.#wanted <= 0;
  }

  /** Whether `take` may take what `run` has refused. */
  get glances(): boolean {
    return this.#glancer.ready;
  }

  /**
   * Takes records of a plain file as long as each is a common packet and no older than the one before it, `most` of them at
   * most; the first was preceded by a frame of the time `sec`, `nsec`, and by `frames` of all captures. Returns how many it took.
   */
  run(records: PlainRecords, realm: number, most: number, frames: number): number {
    const { slab, info, nanos, untilSec } = records;
    const walker = this.#walker;
    const { slotsAt, mask } = this.#table;
    if (walker === null || slotsAt < 0 || slab.base < 0) return 0;
    if (records.linkType !== ETHERNET || info.packets === 0 || untilSec <= 0) return 0;
    const { count } = this.#table;
    const { lanes } = this.#watch;
    const { fills } = slab;
    // One packet of the same slab, and nothing else, has been seen to since the last walk, which it ended.
    const resume =
      slab === this.#slab &&
      fills === this.#fills &&
      info.packets === this.#ended &&
      untilSec === this.#untilSec &&
      lanes === this.#watched;
    this.#glancer.walked();
    // Those that were made ahead have keys of the first realm.
    if (slab !== this.#slab || fills !== this.#fills) walker.take(slab.madeAt, realm === 0 ? slab.made : 0);
    const from = slab.pos;
    const taken = walker.walk(
      slotsAt,
      mask,
      slab.base + slab.pos,
      slab.base + slab.end,
      nanos ? 1 : 1000,
      Math.min(untilSec - 1, 0xffffffff),
      this.sec,
      this.nsec,
      realm,
      Math.min(most, 0x7fffffff),
      lanes,
      resume,
      count !== this.#count,
      count,
      this.#table.room,
      info.packets,
      frames,
      records.capture,
      walker.tells && this.#reader.begun,
    );
    this.#slab = slab;
    this.#fills = fills;
    this.#untilSec = untilSec;
    this.#watched = lanes;
    if (taken > 0) {
      this.#table.added(walker.added);
      walker.eachAnswer(this.#noteAnswer);
      this.sec = walker.sec;
      this.nsec = walker.nsec;
      slab.pos = walker.pos - slab.base;
      const fromNsec = slab.view.getUint32(from + 4, true) * (nanos ? 1 : 1000);
      info.countMany(taken, walker.bytes, walker.cut, slab.view.getUint32(from, true), fromNsec, this.sec, this.nsec);
    }
    this.#count = this.#table.count;
    this.#ended = info.packets + 1;
    return taken;
  }

  readonly #noteAnswer: Parameters<Walker["eachAnswer"]>[0] = (meta, address, ttl, tripUs, hopHigh, hopLow) => {
    const key = addressKey(meta, address);
    if (ttl >= 0) this.#distances.answered(key, answersOf(ttl, ttl, tripUs));
    const hop = hopOf(hopHigh, hopLow);
    if (hop !== 0) this.#hops.note(key, hop);
  };

  /** True where the packet was counted, or is not one of these lanes. False: nothing was touched, and it goes the long way. */
  take(frame: Frame, realm: number): boolean {
    if (frame.linkType !== ETHERNET || frame.capLen < HEADERS) return false;
    if (frame.buf !== this.#buf) {
      this.#buf = frame.buf;
      this.#view = new DataView(frame.buf.buffer, frame.buf.byteOffset, frame.buf.byteLength);
    }
    const buf = this.#buf;
    const view = this.#view;
    const off = frame.off;
    const { sec, nsec } = frame;
    this.#wanted--;

    // ---- transport: bytes of payload, and for TCP its numbers
    if (view.getInt32(off + 12) >>> 8 !== PLAIN_IPV4 || (view.getUint16(off + IP + 6) & 0x3fff) !== 0) return false;
    const total = view.getUint16(off + IP + 2);
    const proto = buf[off + IP + 9]!;
    const portsThere = view.getInt32(off + TRANSPORT);
    let payload: number;
    let payloadAt = 0;
    let seq = 0;
    let numbers = 0;
    let checksum: number;
    let flags = 0;
    if (proto === TCP) {
      flags = buf[off + TRANSPORT + 13]!;
      const header = (buf[off + TRANSPORT + 12]! >> 4) << 2;
      payload = total - 20 - header;
      if (header < 20 || payload < 0) return false;
      payloadAt = off + TRANSPORT + header;
      seq = view.getInt32(off + TRANSPORT + 4);
      numbers = tcpNumbers(seq, view.getInt32(off + TRANSPORT + 8), flags);
      checksum = view.getUint16(off + TRANSPORT + 16);
    } else if (proto === UDP) {
      const length = view.getUint16(off + TRANSPORT + 4);
      payload = length - 8;
      if (payload < 0 || length > total - 20) return false;
      const one = portsThere >>> 16;
      const other = portsThere & 0xffff;
      const tunnels = this.#tunnels;
      if ((((tunnels[one >>> 5]! >>> (one & 31)) | (tunnels[other >>> 5]! >>> (other & 31))) & 1) !== 0) return false;
      checksum = view.getUint16(off + TRANSPORT + 6);
    } else {
      return false;
    }

    const src = view.getInt32(off + IP + 12);
    const dst = view.getInt32(off + IP + 16);
    const lane = laneOf(src, dst);
    if (((this.#lanes >>> lane) & 1) === 0) return true;
    if ((flags & (SYN | FIN | RST)) !== 0 || ((this.#watch.lanes >>> lane) & 1) !== 0) return false;

    // ---- its flow. Which way it goes is a coin's toss for the processor, so nothing branches on it.
    const dir = src === dst ? +(portsThere >>> 16 > (portsThere & 0xffff)) : +(src > dst);
    const swap = (src ^ dst) & -dir;
    const ports = (portsThere << (dir << 4)) | (portsThere >>> ((2 - dir) << 4));
    const flow = this.#table.find(src ^ swap, dst ^ swap, ports, proto | (4 << 8) | (realm << 16));
    if (flow < 0) return false;
    const row = this.#table.rows(flow);
    const at = this.#table.at(flow);

    // ---- anything unusual?
    const state = row[at + STATE]!;
    const packets = row[at + PACKETS + dir]!;
    const hasPayload = -payload >>> 31;
    // Of flows without connections the second packet is remembered too; of connections, each side's first payload.
    const unheard = (state | ~(state >>> S_DATA_SHIFT)) >>> dir; // S_FEED is the lowest bit
    if (packets < (proto === TCP ? 1 : 2)) return false;
    const wanted = (hasPayload & unheard) !== 0;
    if (wanted && (payloadAt === 0 || ((state >>> dir) & S_DATA) === 0)) return false;
    if (wanted && payloadAt + payload > off + frame.capLen) return false;
    const last = at + LAST + dir * 2;
    const since = sec - row[last]!;
    if (since < 0 || since > (proto === TCP ? IDLE_SEC : BURST_GAP_SEC - 1)) return false;
    if (since === 0 && nsec < row[last + 1]!) return false;
    const mac = buf[off + 4]! + buf[off + 5]! * 3 + buf[off + 10]! * 5 + buf[off + 11]! * 7;
    const path = (mac & 0xfff) * 31 + buf[off + IP + 8]!;
    const fingerprint = print(view.getUint16(off + IP + 4), checksum, total, numbers, path, dir);
    if ((row[at + PRINT]! ^ fingerprint) >>> 12 === 0) return false; // as `samePacket`
    if (proto === TCP && ((state & (S_SEQ << dir)) === 0 || seq !== row[at + NEXT + dir])) return false;
    const before = row[at + BYTES + dir]!;
    const after = (before + total) | 0;
    if (after >>> 0 < before >>> 0) return false;
    if (wanted) {
      const side = dir as 0 | 1;
      if (!this.#glancer.segment(row, at, side, seq, buf, payloadAt, payload, frame.number, sec, nsec)) return false;
      if (!this.#glancer.lent) this.#wanted = GLANCES_NEXT;
    }

    // ---- count it
    const says = (hasPayload << S_DATA_SHIFT) | (proto === TCP ? (flags & ACK) << S_ACK_SHIFT : 0);
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

/** From the flag ACK to S_ACK, and from one bit to S_DATA. */
const S_ACK_SHIFT = 8;
const S_DATA_SHIFT = 10;
