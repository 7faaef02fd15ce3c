/**
 * Payload → facts: tries decoders on what a flow carries until one accepts it, then feeds that one.
 *
 * Content decides. Port hints only order the tries. A direction is fed while its `S_FEED` bit is set: until its decoder
 * has nothing more to learn, or until it counts as unknown (`LIMITS.identifyDatagrams`, `LIMITS.identifyBytes`).
 *
 * What is unfinished when reading stops (a hello cut in two by the end of a file) stays in the flow's detail, and so
 * do the first segments of connections that were already under way when the capture began, so that two slices of one
 * capture can be joined to what the whole would have said (`observe/merge.ts`).
 */
import type { Frame } from "../capture/frame.ts";
import { checksumHolds, checksumIsPartial } from "../dissect/checksum.ts";
import { type Packet, SYN, TCP } from "../dissect/packet.ts";
import * as R from "../flow/row.ts";
import { type Segment, Stream } from "../flow/stream.ts";
import { type CapCounter, LIMITS } from "../limits.ts";
import { Cursor, Fault } from "./cursor.ts";
import {
  type Context,
  DATAGRAM_DONE,
  DATAGRAM_MORE,
  type DatagramResult,
  type Decoder,
  STREAM_DONE,
  STREAM_MORE,
  STREAM_NO,
} from "./decoder.ts";
import type { Fact, Sighting } from "./facts.ts";

/** What is known of one flow beyond its row. */
export interface FlowDetail {
  sightings: Sighting[];
  /** Facts beyond `LIMITS.factsPerFlow`. */
  dropped: number;
  /** Messages that the flow's own decoder did not accept. */
  undecoded: number;
  streams: [Stream | null, Stream | null];
  /** Datagrams that a decoder wants to see again with the next ones. */
  datagrams: [Segment[] | null, Segment[] | null];
  /** First segments of a direction that began before the capture did. */
  heads: [Segment[] | null, Segment[] | null];
}

export function newDetail(): FlowDetail {
  return {
    sightings: [],
    dropped: 0,
    undecoded: 0,
    streams: [null, null],
    datagrams: [null, null],
    heads: [null, null],
  };
}

/** Connections under way in a capture's first minute may be the other half of what a capture before it ended with. */
const SEAM_SEC = 60;

export class Identifier {
  readonly decoders: readonly Decoder[];
  readonly details: FlowDetail[] = [];
  /** Indices of details that are empty again. */
  readonly #free: number[] = [];
  readonly #caps: CapCounter;
  /** How many decoders share their flows with others. */
  readonly #preparing: number;
  /** Decoder index + 1 by port: the hint. */
  readonly #udpHint: Uint8Array;
  readonly #tcpHint: Uint8Array;
  readonly #cursor = new Cursor();
  readonly #context: Context = {
    transport: "udp",
    senderPort: 0,
    receiverPort: 0,
    sec: 0,
    nsec: 0,
    started: false,
    fromStart: false,
    peerStarted: false,
    before: NOTHING,
    state: 0,
    lost: 0,
  };
  #facts: Fact[] = [];
  readonly #emit = (fact: Fact): void => {
    this.#facts.push(fact);
  };
  #factCount = 0;
  #held = 0;
  /** Time of the capture's first frame: tells connections that a slice before may have begun. */
  #seamEnds = Number.POSITIVE_INFINITY;
  #seamSet = false;

  badChecksums = 0;
  partialChecksums = 0;
  /** Messages of identified flows that could not be read to their end. */
  malformed = 0;
  cutMessages = 0;
  conflicts = 0;

  constructor(decoders: readonly Decoder[], caps: CapCounter) {
    this.decoders = decoders;
    this.#preparing = decoders.filter((decoder) => decoder.prepares === true).length;
    this.#caps = caps;
    const hints = hintsOf(decoders);
    this.#udpHint = hints.udp;
    this.#tcpHint = hints.tcp;
  }

  /** Id of the decoder that a port suggests, or null. */
  hint(tcp: boolean, portA: number, portB: number): string | null {
    const table = tcp ? this.#tcpHint : this.#udpHint;
    const index = table[portB]! || table[portA]!;
    return index === 0 ? null : this.decoders[index - 1]!.id;
  }

  /** A packet with payload in a direction that is still fed. */
  payload(_flow: number, row: Int32Array, at: number, dir: 0 | 1, frame: Frame, p: Packet): void {
    if (!this.#seamSet) {
      this.#seamSet = true;
      this.#seamEnds = frame.sec + SEAM_SEC;
    }
    if (p.fragment) return; // the payload comes with the fragment that completes it
    const known = this.#factCount;
    const context = this.#context;
    context.senderPort = p.srcPort;
    context.receiverPort = p.dstPort;
    context.sec = frame.sec;
    context.nsec = frame.nsec;
    const cutOff = p.payWire - p.payLen;
    if (p.proto === TCP) {
      const seq = (p.seq + ((p.tcpFlags & SYN) >> 1)) | 0;
      this.segment(row, at, dir, seq, p.buf, p.payOff, p.payLen, cutOff, frame);
    } else {
      this.#datagram(row, at, dir, frame, p, cutOff);
    }
    // Sums are checked where a message said something: over all payload they would cost more than everything else.
    if (this.#factCount !== known && !checksumHolds(p, p.buf)) {
      if (checksumIsPartial(p, p.buf)) this.partialChecksums++;
      else this.badChecksums++;
    }
  }

  // ---- datagrams

  #datagram(row: Int32Array, at: number, dir: 0 | 1, frame: Frame, p: Packet, cutOff: number): void {
    const context = this.#context;
    context.transport = "udp";
    const app = row[at + R.STATE]! >>> R.APP_SHIFT;
    const { buf } = p;
    const index = row[at + R.DETAIL]! - 1;
    const kept = index < 0 ? null : this.details[index]!.datagrams[dir];
    context.before = kept === null || kept === undefined ? NOTHING : kept.map((segment) => segment.bytes);
    context.peerStarted = app !== 0;
    if (app !== 0) {
      const decoder = this.decoders[app - 1]!;
      const result =
        decoder.looksDatagram?.(buf, p.payOff, p.payLen) === true ? this.#tryDatagram(decoder, buf, p, cutOff) : false;
      if (result === DATAGRAM_MORE) this.#keepDatagram(row, at, dir, frame, p, cutOff);
      if (result === false) {
        if (this.#beside(row, at, dir, frame, p, cutOff, decoder)) return;
        this.detail(row, at).undecoded++;
        if (!decoder.everyMessage) this.#missed(row, at, dir);
        return;
      }
      this.#keep(row, at, dir, frame.capture, frame.number, partsOf(kept));
      if (result === DATAGRAM_DONE || (!decoder.everyMessage && result !== DATAGRAM_MORE)) this.#settle(row, at, dir);
      else if (result === true && kept) this.#forgetDatagrams(this.detail(row, at), dir);
      return;
    }
    const hinted = this.#udpHint[p.dstPort]! || this.#udpHint[p.srcPort]!;
    let plausible = false;
    for (let i = hinted === 0 ? 0 : -1; i < this.decoders.length; i++) {
      const tried = i < 0 ? hinted - 1 : i;
      if (i === hinted - 1) continue; // tried first
      const decoder = this.decoders[tried]!;
      if (decoder.looksDatagram?.(buf, p.payOff, p.payLen) !== true) continue;
      const result = this.#tryDatagram(decoder, buf, p, cutOff);
      if (result === false) continue;
      if (result === DATAGRAM_MORE) {
        plausible = true;
        if (this.#facts.length === 0) continue;
      }
      this.#setApp(row, at, tried);
      this.#keep(row, at, dir, frame.capture, frame.number, partsOf(kept));
      if (result === DATAGRAM_MORE) this.#keepDatagram(row, at, dir, frame, p, cutOff);
      else if (result === DATAGRAM_DONE || !decoder.everyMessage) this.#settle(row, at, dir);
      else if (kept) this.#forgetDatagrams(this.detail(row, at), dir);
      return;
    }
    if (plausible) this.#keepDatagram(row, at, dir, frame, p, cutOff);
    else this.#missed(row, at, dir);
  }

  #tryDatagram(decoder: Decoder, buf: Uint8Array, p: Packet, cutOff: number): DatagramResult {
    if (this.#facts.length > 0) this.#facts = [];
    const cursor = this.#cursor.set(buf, p.payOff, p.payLen, cutOff);
    try {
      return decoder.datagram?.(cursor, this.#emit, this.#context) ?? false;
    } catch (fault) {
      if (!(fault instanceof Fault)) throw fault;
      if (this.#facts.length === 0) return false;
      this.#problem(fault, cutOff);
      return true;
    }
  }

  /**
   * A datagram that the flow's own decoder refused: where one protocol prepares the path for another, both use it. The
   * messages of the one that prepares are read beside the other's; the first of the other's gives the flow its name.
   */
  #beside(row: Int32Array, at: number, dir: 0 | 1, frame: Frame, p: Packet, cutOff: number, own: Decoder): boolean {
    if (own.prepares !== true && this.#preparing === 0) return false;
    this.#context.peerStarted = false;
    for (let i = 0; i < this.decoders.length; i++) {
      const other = this.decoders[i]!;
      if (other === own || (own.prepares !== true && other.prepares !== true)) continue;
      if (other.looksDatagram?.(p.buf, p.payOff, p.payLen) !== true) continue;
      const result = this.#tryDatagram(other, p.buf, p, cutOff);
      if (result === false) continue;
      if (other.prepares !== true && (result !== DATAGRAM_MORE || this.#facts.length > 0)) this.#setApp(row, at, i);
      this.#keep(row, at, dir, frame.capture, frame.number, NO_FRAMES);
      if (result === DATAGRAM_MORE) this.#keepDatagram(row, at, dir, frame, p, cutOff);
      else if (other.prepares !== true && (result === DATAGRAM_DONE || !other.everyMessage)) this.#settle(row, at, dir);
      return true;
    }
    return false;
  }

  /** Keeps a datagram that a decoder wants to see again with the next one; too many of them and the direction is done. */
  #keepDatagram(row: Int32Array, at: number, dir: 0 | 1, frame: Frame, p: Packet, cutOff: number): void {
    const { datagrams } = this.detail(row, at);
    datagrams[dir] ??= [];
    const kept = datagrams[dir];
    if (kept.length >= LIMITS.keptDatagrams || this.#held > LIMITS.pendingBytes) {
      this.#caps.hit(this.#held > LIMITS.pendingBytes ? "pendingBytes" : "keptDatagrams");
      this.#settle(row, at, dir);
      return;
    }
    this.#hold(p.payLen);
    kept.push({
      seq: 0,
      bytes: p.buf.slice(p.payOff, p.payOff + p.payLen),
      cutOff,
      capture: frame.capture,
      frame: frame.number,
      sec: frame.sec,
      nsec: frame.nsec,
    });
  }

  /** One more message in vain: after some of them the direction counts as unknown. */
  #missed(row: Int32Array, at: number, dir: 0 | 1): void {
    const tries = row[at + R.TRIES]! + (dir === 0 ? 1 : 0x10000);
    row[at + R.TRIES] = tries;
    if (((tries >>> (dir * 16)) & 0xffff) >= LIMITS.identifyDatagrams) this.#settle(row, at, dir);
  }

  // ---- streams

  /** Payload of one TCP segment (`seq`: number of its first byte). Public because joining two slices plays segments again. */
  segment(
    row: Int32Array,
    at: number,
    dir: 0 | 1,
    seq: number,
    buf: Uint8Array,
    off: number,
    len: number,
    cutOff: number,
    where: { capture: number; number: number; sec: number; nsec: number },
  ): void {
    const context = this.#context;
    context.transport = "tcp";
    const ports = row[at + R.PORTS]!;
    context.senderPort = dir === 0 ? ports >>> 16 : ports & 0xffff;
    context.receiverPort = dir === 0 ? ports & 0xffff : ports >>> 16;
    context.sec = where.sec;
    context.nsec = where.nsec;
    const index = row[at + R.DETAIL]! - 1;
    let stream = index < 0 ? null : this.details[index]!.streams[dir];
    if (stream === null || stream === undefined) {
      const opened = this.#open(row, at, dir, seq, buf, off, len);
      if (opened === null) return;
      stream = opened;
    }
    if (!stream.fromStart) this.#keepHead(row, at, dir, seq, buf, off, len, cutOff, where);

    const ahead = (seq - stream.next) | 0;
    if (ahead > 0) {
      if (stream.cutOff > 0) {
        this.#skipHole(row, at, dir, stream, seq);
      } else {
        const bytes = buf.slice(off, off + len);
        this.#hold(len);
        const segment = {
          seq,
          bytes,
          cutOff,
          capture: where.capture,
          frame: where.number,
          sec: where.sec,
          nsec: where.nsec,
        };
        if (stream.wait(segment)) return;
        this.#skipHole(row, at, dir, stream, stream.pending[0]!.seq);
        if ((row[at + R.STATE]! & (R.S_FEED << dir)) === 0) return;
        stream.wait(segment);
        this.#drain(row, at, dir, stream);
        return;
      }
      if ((row[at + R.STATE]! & (R.S_FEED << dir)) === 0) return;
    }
    const skip = -((seq - stream.next) | 0);
    if (skip > 0) {
      const conflicts = stream.conflicts;
      stream.compare(seq, buf, off, Math.min(skip, len));
      this.conflicts += stream.conflicts - conflicts;
    }
    if (skip >= len) return;
    this.#take(
      row,
      at,
      dir,
      stream,
      buf,
      off + Math.max(0, skip),
      len - Math.max(0, skip),
      cutOff,
      where.capture,
      where.number,
    );
    if (stream.pending.length > 0) this.#drain(row, at, dir, stream);
  }

  /** Waiting segments that have become contiguous. */
  #drain(row: Int32Array, at: number, dir: 0 | 1, stream: Stream): void {
    const context = this.#context;
    for (;;) {
      if ((row[at + R.STATE]! & (R.S_FEED << dir)) === 0) return;
      const next = stream.ready();
      if (next === undefined) return;
      this.#held -= next.bytes.length;
      const skip = -((next.seq - stream.next) | 0);
      const known = Math.max(0, Math.min(skip, next.bytes.length));
      if (known > 0) {
        const conflicts = stream.conflicts;
        stream.compare(next.seq, next.bytes, 0, known);
        this.conflicts += stream.conflicts - conflicts;
      }
      if (known === next.bytes.length) continue;
      context.sec = next.sec;
      context.nsec = next.nsec;
      this.#take(
        row,
        at,
        dir,
        stream,
        next.bytes,
        known,
        next.bytes.length - known,
        next.cutOff,
        next.capture,
        next.frame,
      );
    }
  }

  /** Begins following a direction; null where its first bytes already say that nobody knows them. */
  #open(
    row: Int32Array,
    at: number,
    dir: 0 | 1,
    seq: number,
    buf: Uint8Array,
    off: number,
    len: number,
  ): Stream | null {
    const state = row[at + R.STATE]!;
    const numbered = (state & ((R.S_SYN | R.S_SYNACK) << dir)) !== 0 || (state & (R.S_SYNACK << (1 - dir))) !== 0;
    const first = (row[at + R.START + dir]! + 1) | 0;
    // A stream that is joined to an earlier slice may have been numbered there while its bytes begin here.
    const fromStart = numbered && ((seq - first) | 0) < LIMITS.streamBytes;
    const ahead = fromStart ? (seq - first) | 0 : 0;
    if (fromStart && ahead === 0 && !this.#anyLooks(buf, off, len)) {
      this.#settle(row, at, dir);
      return null;
    }
    if (ahead < 0 && -ahead >= len) return null; // a keep-alive's byte before the first
    const stream = new Stream(fromStart ? first : seq, fromStart);
    this.detail(row, at).streams[dir] = stream;
    return stream;
  }

  #anyLooks(buf: Uint8Array, off: number, len: number): boolean {
    for (let i = 0; i < this.decoders.length; i++) {
      if (this.decoders[i]!.looksStream?.(buf, off, len) === true) return true;
    }
    return false;
  }

  /** Contiguous bytes: decode what is whole, keep the rest. */
  #take(
    row: Int32Array,
    at: number,
    dir: 0 | 1,
    stream: Stream,
    buf: Uint8Array,
    off: number,
    len: number,
    cutOff: number,
    capture: number,
    frame: number,
  ): void {
    let data = buf;
    let from = off;
    let left = len;
    const kept = stream.length > 0;
    if (kept) {
      this.#held += len;
      stream.append(buf, off, len, frame);
      data = stream.data;
      from = 0;
      left = stream.length;
    }
    let used = 0;
    while (left > 0) {
      const took = this.#decode(row, at, dir, stream, data, from, left, cutOff, capture, frame);
      if (took < 0) {
        this.#settle(row, at, dir);
        return;
      }
      if (took === 0) break;
      from += took;
      left -= took;
      used += took;
    }
    stream.cutOff = cutOff;
    if (kept) {
      this.#held -= used;
      stream.consume(used);
    } else {
      stream.base = (stream.base + used) | 0;
      if (left > 0) {
        this.#hold(left);
        stream.append(data, from, left, frame);
      }
    }
    const most = stream.decoder < 0 ? LIMITS.identifyBytes : LIMITS.streamBytes;
    if (stream.length > most) {
      this.#caps.hit(stream.decoder < 0 ? "identifyBytes" : "streamBytes");
      this.#settle(row, at, dir);
    } else if (this.#held > LIMITS.pendingBytes) {
      this.#caps.hit("pendingBytes");
      this.#settle(row, at, dir);
    }
  }

  /** Bytes that one message took; 0: more are needed; -1: this direction is done. */
  #decode(
    row: Int32Array,
    at: number,
    dir: 0 | 1,
    stream: Stream,
    buf: Uint8Array,
    off: number,
    len: number,
    cutOff: number,
    capture: number,
    frame: number,
  ): number {
    const app = row[at + R.STATE]! >>> R.APP_SHIFT;
    const context = this.#context;
    context.fromStart = stream.fromStart;
    context.started = stream.decoder >= 0;
    context.peerStarted = context.started;
    if (context.started) {
      context.state = stream.state;
      context.lost = stream.lost;
      const result = this.#tryStream(this.decoders[stream.decoder]!, buf, off, len, cutOff);
      if (result >= 0 || result === STREAM_DONE) {
        stream.state = context.state ?? 0;
        stream.lost = 0;
        this.#keep(row, at, dir, capture, frame, stream.parts);
        return result === STREAM_DONE ? -1 : result;
      }
      if (result === STREAM_MORE) return 0;
      this.detail(row, at).undecoded++;
      return -1;
    }
    const hinted = this.#tcpHint[context.receiverPort]! || this.#tcpHint[context.senderPort]!;
    const first = app !== 0 ? app : hinted; // what the other direction speaks, else what the port suggests
    let plausible = false;
    for (let i = first === 0 ? 0 : -1; i < this.decoders.length; i++) {
      const index = i < 0 ? first - 1 : i;
      if (i === first - 1) continue;
      const decoder = this.decoders[index]!;
      if (decoder.looksStream?.(buf, off, len) !== true) continue;
      context.peerStarted = index === app - 1;
      context.state = 0;
      context.lost = 0;
      const result = this.#tryStream(decoder, buf, off, len, cutOff);
      if (result === STREAM_NO) continue;
      if (result === STREAM_MORE) {
        plausible = true;
        continue;
      }
      stream.decoder = index;
      stream.state = context.state ?? 0;
      if (app === 0) this.#setApp(row, at, index);
      this.#keep(row, at, dir, capture, frame, stream.parts);
      if (result === STREAM_DONE) return -1;
      return result;
    }
    if (plausible) return 0;
    if (stream.fromStart) return -1;
    this.#missed(row, at, dir); // mid-stream: the next segment may begin with a message
    return len;
  }

  /** One call of a stream decoder; on a short read within cut data, what it had said is kept and the direction is done. */
  #tryStream(decoder: Decoder, buf: Uint8Array, off: number, len: number, cutOff: number): number {
    if (this.#facts.length > 0) this.#facts = [];
    const cursor = this.#cursor.set(buf, off, len, cutOff);
    let result: number;
    try {
      result = decoder.stream?.(cursor, this.#emit, this.#context) ?? STREAM_NO;
      if (result >= 0) result = Math.max(1, Math.min(result, len));
      if (result !== STREAM_MORE || cutOff === 0 || this.#facts.length === 0) return result;
      this.#facts.push({ kind: "problem", what: "cut", why: `${decoder.id}: the capture cut ${cutOff} bytes off` });
      this.cutMessages++;
      return STREAM_DONE;
    } catch (fault) {
      if (!(fault instanceof Fault)) throw fault;
      if (fault.what === "short" && cutOff === 0) return STREAM_MORE;
      if (this.#facts.length === 0) return this.#context.started ? STREAM_DONE : STREAM_NO;
      this.#problem(fault, cutOff);
      return STREAM_DONE;
    }
  }

  /** Bytes are missing for good: a decoder of many messages goes on behind the hole, any other is done. */
  #skipHole(row: Int32Array, at: number, dir: 0 | 1, stream: Stream, seq: number): void {
    const missing = (seq - stream.base) | 0; // what is held was the beginning of something that has lost its end
    this.#held -= stream.length;
    stream.consume(stream.length);
    if (stream.decoder < 0 || !this.decoders[stream.decoder]!.everyMessage) {
      this.#settle(row, at, dir);
      return;
    }
    stream.lost += missing;
    stream.base = seq;
    stream.cutOff = 0;
  }

  #keepHead(
    row: Int32Array,
    at: number,
    dir: 0 | 1,
    seq: number,
    buf: Uint8Array,
    off: number,
    len: number,
    cutOff: number,
    where: { capture: number; number: number; sec: number; nsec: number },
  ): void {
    if (where.sec > this.#seamEnds) return;
    const heads = this.detail(row, at).heads;
    heads[dir] ??= [];
    const head = heads[dir]!;
    if (head.length >= LIMITS.identifyDatagrams) return;
    this.#hold(len);
    head.push({
      seq,
      bytes: buf.slice(off, off + len),
      cutOff,
      capture: where.capture,
      frame: where.number,
      sec: where.sec,
      nsec: where.nsec,
    });
  }

  // ---- shared

  #hold(bytes: number): void {
    this.#held += bytes;
  }

  /** Nothing more is wanted of this direction: later packets only count. */
  #settle(row: Int32Array, at: number, dir: 0 | 1): void {
    row[at + R.STATE]! &= ~(R.S_FEED << dir);
    const index = row[at + R.DETAIL]! - 1;
    if (index < 0) return;
    const detail = this.details[index]!;
    const stream = detail.streams[dir];
    if (stream !== null) {
      this.#held -= stream.held;
      detail.streams[dir] = null;
    }
    this.#forgetDatagrams(detail, dir);
    if (isEmpty(detail)) {
      // Nothing was learnt: most unknown flows end here, and their details would outnumber all others.
      row[at + R.DETAIL] = 0;
      this.#free.push(index);
    }
  }

  /** The message that they were the beginning of is whole, or given up. */
  #forgetDatagrams(detail: FlowDetail, dir: 0 | 1): void {
    const kept = detail.datagrams[dir];
    if (kept === null) return;
    for (const segment of kept) this.#held -= segment.bytes.length;
    detail.datagrams[dir] = null;
  }

  #setApp(row: Int32Array, at: number, index: number): void {
    row[at + R.STATE]! = (row[at + R.STATE]! & ((1 << R.APP_SHIFT) - 1)) | ((index + 1) << R.APP_SHIFT);
  }

  detail(row: Int32Array, at: number): FlowDetail {
    const index = row[at + R.DETAIL]! - 1;
    if (index >= 0) return this.details[index]!;
    const free = this.#free.pop();
    if (free !== undefined) {
      row[at + R.DETAIL] = free + 1;
      return this.details[free]!;
    }
    const detail = newDetail();
    if (this.details.length >= LIMITS.flowDetails) {
      this.#caps.hit("flowDetails");
      return detail;
    }
    row[at + R.DETAIL] = this.details.push(detail);
    return detail;
  }

  #problem(fault: Fault, cutOff: number): void {
    const cut = fault.what === "short" && cutOff > 0;
    if (cut) this.cutMessages++;
    else this.malformed++;
    this.#facts.push({ kind: "problem", what: cut ? "cut" : "malformed", why: fault.toString() });
  }

  /** Moves what the decoder said into the flow's detail. */
  #keep(row: Int32Array, at: number, dir: 0 | 1, capture: number, frame: number, earlier: readonly number[]): void {
    if (this.#facts.length === 0) return;
    const parts = earlier.filter((part) => part !== frame);
    const detail = this.detail(row, at);
    for (const fact of this.#facts) {
      if (detail.sightings.length >= LIMITS.factsPerFlow || this.#factCount >= LIMITS.facts) {
        detail.dropped++;
        this.#caps.hit(this.#factCount >= LIMITS.facts ? "facts" : "factsPerFlow");
        continue;
      }
      this.#factCount++;
      const sighting: Sighting = { fact, dir, capture, frame, sec: this.#context.sec, nsec: this.#context.nsec };
      if (parts.length > 0) sighting.parts = parts;
      detail.sightings.push(sighting);
    }
    this.#facts = [];
  }
}

function isEmpty(detail: FlowDetail): boolean {
  const { sightings, streams, datagrams, heads } = detail;
  if (sightings.length > 0 || detail.undecoded > 0 || detail.dropped > 0) return false;
  return [streams, datagrams, heads].every(([a, b]) => a === null && b === null);
}

interface Hints {
  udp: Uint8Array;
  tcp: Uint8Array;
}
const HINTS = new WeakMap<readonly Decoder[], Hints>();

/** Decoder index + 1 by port, made once for a list of decoders; the first of two with one port keeps it. */
function hintsOf(decoders: readonly Decoder[]): Hints {
  const known = HINTS.get(decoders);
  if (known !== undefined) return known;
  const hints = { udp: new Uint8Array(65_536), tcp: new Uint8Array(65_536) };
  decoders.forEach((decoder, i) => {
    for (const port of decoder.ports.udp ?? []) hints.udp[port] ||= i + 1;
    for (const port of decoder.ports.tcp ?? []) hints.tcp[port] ||= i + 1;
  });
  HINTS.set(decoders, hints);
  return hints;
}

const NOTHING: readonly Uint8Array[] = [];
const NO_FRAMES: readonly number[] = [];

function partsOf(kept: readonly Segment[] | null | undefined): readonly number[] {
  return kept?.map((segment) => segment.frame) ?? [];
}
