/**
 * Packets → flows. Runs for every packet: finds the row, counts, follows TCP's handshake and sequence numbers, tells
 * copies, and hands payload on only while a decoder still wants it.
 *
 * Written for V8: integers only, rows read and written through one typed array, nothing allocated. What is rare (a new
 * flow, a SYN, an ICMP error) is in methods of its own so that the common path stays small enough to be optimised whole.
 */
import type { Frame } from "../capture/frame.ts";
import { ACK, FIN, hasPorts, ICMP, ICMP6, type Packet, RST, SYN, TCP, UDP } from "../dissect/packet.ts";
import type { CapCounter } from "../limits.ts";
import { AddressTable, compareBytes } from "./addresses.ts";
import type { Arena } from "./arena.ts";
import { beginsBurst, endBurst } from "./bursts.ts";
import { COPY_WITHIN_NSEC, gapNsec, printOf, samePacket, samePath } from "./copies.ts";
import { CopyWatch } from "./copy-watch.ts";
import { Distances } from "./distances.ts";
import { Holes } from "./holes.ts";
import { Hops } from "./hops.ts";
import { type Quote, readQuote } from "./quotes.ts";
import * as Row from "./row.ts";
import { FlowTable } from "./table.ts";
import { Ttls } from "./ttls.ts";

// A module's own constants are folded into the machine code; imported ones are read from memory each time (25 ns a packet).
const {
  ANSWER_FRAME,
  APP_SHIFT,
  BORN,
  BYTES,
  BYTES_HIGH,
  CAPTURES,
  FAMILY_ETH,
  FIRST,
  FRAME,
  LAST,
  META,
  NEXT,
  PACKETS,
  PRINT,
  SECOND,
  START,
  STATE,
  SYN_FRAME,
  S_ACK,
  S_ANSWERED,
  S_ASKED,
  S_DATA,
  S_FEED,
  S_FIN,
  S_CUT,
  S_HOLE,
  S_MIDSTREAM,
  S_REPEAT,
  S_RST,
  S_SEQ,
  S_SYN,
  S_SYNACK,
  TUNNEL_SHIFT,
  VLANS,
  WORDS_FRAME,
} = Row;

/** Who takes the payload. `row` and `at` are the flow's row; the sink clears `S_FEED` when it has seen enough. */
export interface PayloadSink {
  payload(flow: number, row: Int32Array, at: number, dir: 0 | 1, frame: Frame, p: Packet): void;
}

/** A quiet time after which packets of the same key are another flow, in seconds. TCP's own keep-alives come within two hours. */
export const IDLE_TCP_SEC = 2 * 3600;
export const IDLE_SEC = 300;

/** A segment that comes late by no more than this was overtaken on its way, not sent again. */
const REORDER_NSEC = 3_000_000;

export class FlowTracker {
  readonly table: FlowTable;
  readonly ipv6 = new AddressTable();
  readonly quotes: Quote[] = [];
  readonly #caps: CapCounter;
  readonly #sink: PayloadSink;
  readonly watch: CopyWatch;

  /** Identical packets on one path; `repeatFlows` of how many flows, and whether their IP IDs say that they are copies. */
  repeats = 0;
  readonly repeatsOf = new Map<number, { packets: number; bytes: number; withId: number }>();
  /** Flows that a row stands for beside its own: equal ones that ended long ago (`live/age.ts`); -n: none, said n times (`departed.ts`). */
  readonly weights = new Map<number, number>();
  /** What is missing in TCP streams, and segments that came so late that they were overtaken on their way. */
  readonly holes: Holes;
  readonly distances: Distances;
  readonly hops: Hops;
  readonly ttls: Ttls;
  outOfOrder = 0;
  /** Frames read so far, of all captures together: what a new flow's row has as BORN. */
  now = 0;
  /** Packets that found no room in the table. */
  untracked = 0;

  /** `watch`: whether the capture's beginning is watched for copies. `arena`: memory for the table. */
  constructor(sink: PayloadSink, caps: CapCounter, watch = true, arena: Arena | null = null) {
    this.table = new FlowTable(arena);
    this.watch = new CopyWatch(watch, arena);
    this.#sink = sink;
    this.#caps = caps;
    this.holes = new Holes(caps);
    this.distances = new Distances(caps);
    this.hops = new Hops(caps);
    this.ttls = new Ttls(arena);
  }

  /** The flow that it counts in, -1 where it is a copy or has no room. `lane`: the packet's, see `lanes.ts`. */
  packet(frame: Frame, p: Packet, realm: number, lane: number): number {
    let low = 0;
    let high = 0;
    let forward = true; // from the lower end to the higher
    if (p.family === 4) {
      low = p.src;
      high = p.dst;
      forward = low < high || (low === high && p.srcPort <= p.dstPort);
    } else {
      const ether = p.family === FAMILY_ETH;
      low = ether ? this.ipv6.ofMac(p.buf, p.srcOff) : this.ipv6.ofBytes(p.buf, p.srcOff);
      high = ether ? this.ipv6.ofMac(p.buf, p.dstOff) : this.ipv6.ofBytes(p.buf, p.dstOff);
      if (low < 0 || high < 0) {
        this.untracked++;
        this.#caps.hit("addresses");
        return -1;
      }
      const order = compareBytes(p.buf, p.srcOff, p.dstOff, ether ? 6 : 16);
      forward = order < 0 || (order === 0 && p.srcPort <= p.dstPort);
    }
    let ports: number;
    if (forward) {
      ports = (p.srcPort << 16) | p.dstPort;
    } else {
      const swap = low;
      low = high;
      high = swap;
      ports = (p.dstPort << 16) | p.srcPort;
    }
    const dir = forward ? 0 : 1;
    const meta = p.proto | (p.family << 8) | (realm << 16);
    const table = this.table;
    let flow = table.find(low, high, ports, meta);
    const print = printOf(p, dir);
    const sec = frame.sec | 0; // as rows have it: beyond 2038 too the differences hold
    const nsec = frame.nsec;
    const tcp = p.proto === TCP;
    const watching = this.watch.watches(lane);
    let row: Int32Array;
    let at: number;
    if (flow >= 0) {
      row = table.rows(flow);
      at = table.at(flow);
      const lastAt = at + LAST + dir * 2;
      if (row[at + PACKETS + dir] !== 0) {
        if (
          samePacket(row[at + PRINT]!, print) &&
          gapNsec(row[lastAt]!, row[lastAt + 1]!, sec, nsec) <= COPY_WITHIN_NSEC &&
          this.#again(flow, row, at, dir, print, p, lane)
        ) {
          return -1;
        }
      }
      if (watching && this.watch.seen(lane, (flow << 1) | dir, print, sec, nsec)) {
        this.watch.copied(lane);
        return -1;
      }
      // Nearly every packet is neither late nor a SYN: only those can belong to another flow.
      if ((sec - row[lastAt]! > IDLE_SEC || (p.tcpFlags & SYN) !== 0) && this.#isOther(row, at, dir, sec, p, tcp)) {
        flow = -1;
      }
    } else {
      row = EMPTY_ROW;
      at = 0;
    }
    if (flow < 0) {
      flow = table.add(low, high, ports, meta);
      if (flow < 0) {
        this.untracked++;
        this.#caps.hit("flows");
        return -1;
      }
      row = table.rows(flow);
      at = table.at(flow);
      row[at + BORN] = this.now | 0;
      if (watching) this.watch.seen(lane, (flow << 1) | dir, print, sec, nsec);
      row[at + STATE] =
        tcp || hasPorts(p.proto) || p.family === FAMILY_ETH
          ? S_FEED | (S_FEED << 1) | (tcp && (p.tcpFlags & SYN) === 0 ? S_MIDSTREAM : 0)
          : 0;
    }

    if (watching) this.watch.note(lane, (flow << 1) | dir, print, p.ipId, p.ipBytes, sec, nsec);
    // ---- counts and times
    const packets = row[at + PACKETS + dir]!;
    row[at + PACKETS + dir] = packets + 1;
    const before = row[at + BYTES + dir]!;
    const after = (before + p.ipBytes) | 0;
    row[at + BYTES + dir] = after;
    if (after >>> 0 < before >>> 0) row[at + BYTES_HIGH]! += dir === 0 ? 1 : 0x10000;
    if (p.pieces !== 1) this.#waited(row, at, dir, p);
    const lastAt = at + LAST + dir * 2;
    if (!tcp && packets !== 0 && beginsBurst(row[lastAt]!, row[lastAt + 1]!, sec, nsec))
      endBurst(row, at, dir, packets);
    if (packets === 0) {
      this.#firstOf(row, at, dir, frame, p);
      row[lastAt] = sec;
      row[lastAt + 1] = nsec;
    } else if (sec > row[lastAt]! || (sec === row[lastAt]! && nsec >= row[lastAt + 1]!)) {
      row[lastAt] = sec;
      row[lastAt + 1] = nsec;
    } else {
      this.#earlier(row, at, dir, frame);
    }
    row[at + PRINT] = print;

    if (packets === 1 && !tcp) row[at + SECOND + dir] = frame.number;
    if (tcp) this.#tcp(flow, row, at, dir, frame, p);
    else if (p.payWire > 0) {
      row[at + STATE]! |= S_DATA << dir;
      if (p.proto === ICMP || p.proto === ICMP6) {
        // The flow is named by the question's type: whoever sends that one asks.
        row[at + STATE]! |= (p.icmpType === p.srcPort ? S_ASKED : S_ANSWERED) << dir;
      }
    }
    const isFed = (row[at + STATE]! & (S_FEED << dir)) !== 0;
    if (isFed && p.payWire > p.payLen && !p.fragment) row[at + STATE]! |= S_CUT;
    if (isFed && p.payLen > 0) {
      this.#sink.payload(flow, row, at, dir, frame, p);
    } else if (isFed && p.payWire > 0 && p.proto === UDP && row[at + STATE]! >>> APP_SHIFT !== 0) {
      this.#sink.payload(flow, row, at, dir, frame, p); // all of it was cut off: one more message that nobody read
    } else if (p.proto === ICMP || p.proto === ICMP6) {
      readQuote(this, frame, p, realm, this.#caps);
    }
    return flow;
  }

  /** Goes on where flows and addresses have been given other numbers. */
  takeOver(from: Pick<FlowTracker, "ipv6" | "repeatsOf" | "weights">): void {
    this.ipv6.takeOver(from.ipv6);
    this.repeatsOf.clear();
    for (const [key, of] of from.repeatsOf) this.repeatsOf.set(key, of);
    this.weights.clear();
    for (const [flow, weight] of from.weights) this.weights.set(flow, weight);
    this.watch.renumbered();
    this.holes.renumbered();
  }

  /** The same packet once more: true where it is a copy. A repeat is noted and counts on, until all is read. */
  #again(flow: number, row: Int32Array, at: number, dir: 0 | 1, print: number, p: Packet, lane: number): boolean {
    if (!samePath(row[at + PRINT]!, print)) {
      this.watch.copied(lane);
      return true;
    }
    this.repeats++;
    row[at + STATE]! |= S_REPEAT;
    const of = this.repeatsOf.get(flow * 2 + dir);
    if (of === undefined) {
      this.repeatsOf.set(flow * 2 + dir, { packets: 1, bytes: p.ipBytes, withId: p.ipId === 0 ? 0 : 1 });
    } else {
      of.packets++;
      of.bytes += p.ipBytes;
      if (p.ipId !== 0) of.withId++;
    }
    return false;
  }

  /** True where the packet belongs to another flow of the same key: after its idle gap, or by a new SYN. */
  #isOther(row: Int32Array, at: number, dir: 0 | 1, sec: number, p: Packet, tcp: boolean): boolean {
    const last0 = row[at + LAST]!;
    const last1 = row[at + LAST + 2]!;
    const last = last0 > last1 ? last0 : last1;
    if (sec - last > (tcp ? IDLE_TCP_SEC : IDLE_SEC)) return true;
    if (!tcp || (p.tcpFlags & SYN) === 0) return false;
    const state = row[at + STATE]!;
    if ((state & (S_SEQ << dir)) !== 0) {
      const start = row[at + START + dir]!;
      // A stream that began without its SYN may have begun with a segment that overtook it, and others.
      const numbered = (state & (((S_SYN | S_SYNACK) << dir) | (S_SYNACK << (1 - dir)))) !== 0;
      const overtaken = (start - p.seq) | 0;
      const packets = row[at + PACKETS + dir]!;
      if (!numbered && overtaken > 0 && overtaken <= OVERTAKEN_BYTES && packets <= OVERTAKEN) return false;
      return !continuesFrom(start, p.seq);
    }
    // Nothing numbered from this side yet: a SYN-ACK answers; a SYN starts anew where the other side was already talking.
    return (p.tcpFlags & ACK) === 0 && (state & ((S_DATA | S_ACK) << (1 - dir))) !== 0;
  }

  /** Fragments that had to wait count with the one that brought their transport header. */
  #waited(row: Int32Array, at: number, dir: 0 | 1, p: Packet): void {
    row[at + PACKETS + dir]! += p.pieces - 1;
    const before = row[at + BYTES + dir]!;
    const after = (before + p.heldBytes) | 0;
    row[at + BYTES + dir] = after;
    if (after >>> 0 < before >>> 0) row[at + BYTES_HIGH]! += dir === 0 ? 1 : 0x10000;
  }

  #firstOf(row: Int32Array, at: number, dir: 0 | 1, frame: Frame, p: Packet): void {
    this.hops.first(row, at, dir, p);
    row[at + FIRST + dir * 2] = frame.sec;
    row[at + FIRST + dir * 2 + 1] = frame.nsec;
    row[at + FRAME + dir] = frame.number;
    row[at + CAPTURES]! |= frame.capture << (dir * 16);
    row[at + VLANS]! |= (p.vlan | (p.tunnel << TUNNEL_SHIFT)) << (dir * 16);
  }

  /** A packet older than the last: it may be the oldest. */
  #earlier(row: Int32Array, at: number, dir: 0 | 1, frame: Frame): void {
    const first = at + FIRST + dir * 2;
    const firstSec = row[first]!;
    const sec = frame.sec | 0;
    if (sec < firstSec || (sec === firstSec && frame.nsec < row[first + 1]!)) {
      row[first] = frame.sec;
      row[first + 1] = frame.nsec;
      row[at + FRAME + dir] = frame.number;
    }
  }

  #tcp(flow: number, row: Int32Array, at: number, dir: 0 | 1, frame: Frame, p: Packet): void {
    const flags = p.tcpFlags;
    let state = row[at + STATE]!;
    if ((flags & (SYN | RST | FIN)) !== 0) {
      state = this.#flags(row, at, dir, frame, p, state);
      if ((flags & RST) !== 0) {
        row[at + STATE] = state; // a RST's numbers are often made up: they say nothing of the stream
        return;
      }
    } else if ((flags & ACK) !== 0) {
      state |= S_ACK << dir;
    }
    if (p.payWire > 0 && (state & (S_DATA << dir)) === 0) {
      state |= S_DATA << dir;
      this.#words(row, at, dir, frame, state);
    }
    const next = (p.seq + p.payWire + ((flags & SYN) >> 1) + (flags & FIN)) | 0;
    if ((state & (S_SEQ << dir)) === 0) {
      state |= S_SEQ << dir;
      row[at + START + dir] = p.seq;
      row[at + NEXT + dir] = next;
    } else {
      const ahead = (p.seq - row[at + NEXT + dir]!) | 0;
      if (ahead > 0) {
        this.holes.open((flow << 1) | dir, row[at + NEXT + dir]!, p.seq);
        state |= S_HOLE;
        row[at + NEXT + dir] = next;
      } else {
        if (ahead < 0 && next !== p.seq) {
          if (this.holes.late((flow << 1) | dir, p.seq, next) && !this.holes.has(flow)) state &= ~S_HOLE;
          if (p.payWire > 1) this.#late(row, at, dir, frame);
        }
        if (((next - row[at + NEXT + dir]!) | 0) > 0) row[at + NEXT + dir] = next;
      }
    }
    row[at + STATE] = state;
  }

  /** The first words of the end that opened the connection; or that it ended without any. */
  #words(row: Int32Array, at: number, dir: 0 | 1, frame: Frame, state: number): void {
    if ((state & S_MIDSTREAM) !== 0) return; // the word counts tries
    if ((state & ((S_SYN << dir) | (S_SYNACK << (1 - dir)))) !== 0) row[at + WORDS_FRAME] = frame.number;
  }

  #flags(row: Int32Array, at: number, dir: 0 | 1, frame: Frame, p: Packet, before: number): number {
    const flags = p.tcpFlags;
    let state = before;
    if ((flags & SYN) !== 0) {
      if ((flags & ACK) === 0) {
        if ((state & (S_SYN << dir)) === 0) row[at + SYN_FRAME] = frame.number;
        this.ttls.syn(row[at + META]! >>> 16, frame.sec, p);
        state |= S_SYN << dir;
        // A SYN that was overtaken by its own data: the stream begins at the SYN after all.
        if ((state & (S_SEQ << dir)) !== 0) row[at + START + dir] = p.seq;
      } else {
        if ((state & (S_SYNACK << dir)) === 0 && row[at + ANSWER_FRAME] === 0) row[at + ANSWER_FRAME] = frame.number;
        this.distances.answer(row, at, dir, state, frame, p.ttl);
        state |= S_SYNACK << dir;
        if ((state & (S_SEQ << dir)) !== 0) row[at + START + dir] = p.seq; // overtaken by its own data, as a SYN below
        const other = 1 - dir;
        // The SYN itself was not captured (or comes later): its number is in the answer.
        if ((state & (S_SYN << other)) === 0) row[at + START + other] = (p.ack - 1) | 0;
        if ((state & (S_SEQ << other)) === 0) {
          state |= S_SEQ << other;
          row[at + NEXT + other] = p.ack;
        }
      }
      if ((state & S_MIDSTREAM) !== 0) row[at + WORDS_FRAME] = 0; // tries of before
      state &= ~S_MIDSTREAM;
    }
    if ((flags & FIN) !== 0 && (state & ((S_DATA | S_FIN) << dir)) === 0) this.#words(row, at, dir, frame, state);
    if ((flags & FIN) !== 0) state |= (S_FIN << dir) | ((flags & ACK) !== 0 ? S_ACK << dir : 0);
    if ((flags & RST) !== 0) {
      if ((state & ((S_RST << 1) | S_RST)) === 0 && row[at + ANSWER_FRAME] === 0) row[at + ANSWER_FRAME] = frame.number;
      this.distances.reset(row, at, dir, state, frame, p, this.now);
      state |= S_RST << dir;
    }
    return state;
  }

  /** A segment below the highest byte seen: overtaken on its way, or sent again. */
  #late(row: Int32Array, at: number, dir: 0 | 1, frame: Frame): void {
    const last = at + LAST + dir * 2;
    if (gapNsec(row[last]!, row[last + 1]!, frame.sec | 0, frame.nsec) <= REORDER_NSEC) this.outOfOrder++;
  }
}

/** Segments, and their bytes, that may overtake the SYN of their stream on the way to the capture. */
const OVERTAKEN = 4;
const OVERTAKEN_BYTES = 64 << 10;

/** True where a SYN with this number can be the one that a stream first seen at `start` began with. */
export function continuesFrom(start: number, synSeq: number): boolean {
  return synSeq === start || ((synSeq + 1) | 0) === start;
}

const EMPTY_ROW = new Int32Array(0);
