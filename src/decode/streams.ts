/** TCP segments → contiguous bytes → facts: in order or not, overlapping, with holes, from the start or amid a connection. */
import * as R from "../flow/row.ts";
import { Stream } from "../flow/stream.ts";
import { LIMITS } from "../limits.ts";
import { type Context, STREAM_DONE, STREAM_MORE, STREAM_NEXT, STREAM_NO } from "./decoder.ts";
import { withSide } from "./details.ts";
import type { Feed, Where } from "./feed.ts";
import { hasForm } from "./forms.ts";
import type { Glancer } from "./glancer.ts";
import { keepHead } from "./heads.ts";
import { keepHole } from "./hole.ts";
import { compareAgain } from "./otherwise.ts";
import { contradicts, keepNamed } from "./overlaps.ts";

export class Streams {
  readonly #feed: Feed;
  readonly #glancer: Glancer;

  constructor(feed: Feed, glancer: Glancer) {
    this.#feed = feed;
    this.#glancer = glancer;
  }

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
    where: Where,
  ): void {
    const context = this.#tellEnds(row, at, dir);
    context.sec = where.sec;
    context.nsec = where.nsec;
    let stream = this.#feed.details.get(row, at)?.streams[dir] ?? null;
    if (stream === null) {
      const opened = this.#open(row, at, dir, seq, buf, off, len);
      if (opened === null) return;
      stream = opened;
    }
    if (!stream.fromStart || lacksSyn(row, at))
      keepHead(this.#feed, row, at, dir, stream, seq, buf, off, len, cutOff, where);

    const ahead = (seq - stream.next) | 0;
    if (ahead > 0) {
      if (stream.cutOff > 0) {
        this.#skipHole(row, at, dir, stream, seq, where.capture, where.number);
      } else {
        const bytes = buf.slice(off, off + len);
        this.#feed.held += len;
        const segment = {
          seq,
          bytes,
          cutOff,
          capture: where.capture,
          frame: where.number,
          sec: where.sec,
          nsec: where.nsec,
        };
        const { conflicts } = stream;
        const waits = stream.wait(segment);
        if (stream.conflicts > conflicts) contradicts(this.#feed, row, at, dir, stream, where.capture, where.number);
        if (waits) {
          if (!this.#isOverdue(stream, where.sec)) return;
          this.#skipToPending(row, at, dir, stream);
          this.#drain(row, at, dir, stream);
          return;
        }
        this.#feed.caps.hit("pendingSegments");
        this.#skipToPending(row, at, dir, stream);
        if (!this.#feed.wants(row, at, dir)) return;
        this.#drain(row, at, dir, stream); // makes room for this one, where every segment has a hole before it
        if (!this.#feed.wants(row, at, dir)) return;
        stream.wait(segment);
        this.#drain(row, at, dir, stream);
        return;
      }
      if (!this.#feed.wants(row, at, dir)) return;
    }
    const skip = -((seq - stream.next) | 0);
    if (skip > 0) {
      compareAgain(this.#feed, row, at, dir, stream, seq, buf, off, len, Math.min(skip, len), where);
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
    this.#glancer.lend(row, at);
  }

  /** Nothing more will come: what waits behind holes is read as it stands. */
  close(row: Int32Array, at: number, dir: 0 | 1): void {
    this.#tellEnds(row, at, dir);
    while (this.#feed.wants(row, at, dir)) {
      const stream = this.#feed.details.get(row, at)?.streams[dir] ?? null;
      if (stream === null || stream.pending.length === 0) return;
      this.#skipToPending(row, at, dir, stream);
      this.#drain(row, at, dir, stream);
    }
  }

  /** Tells the next calls of decoders whose bytes they get. */
  #tellEnds(row: Int32Array, at: number, dir: 0 | 1): Context {
    const context = this.#feed.attempt.context;
    const ports = row[at + R.PORTS]!;
    context.transport = "tcp";
    context.senderPort = dir === 0 ? ports >>> 16 : ports & 0xffff;
    context.receiverPort = dir === 0 ? ports & 0xffff : ports >>> 16;
    context.peerSilent = (row[at + R.STATE]! & (R.S_DATA << (1 - dir))) === 0;
    return context;
  }

  /** Waiting segments that have become contiguous. */
  #drain(row: Int32Array, at: number, dir: 0 | 1, stream: Stream): void {
    const context = this.#feed.attempt.context;
    for (;;) {
      if (!this.#feed.wants(row, at, dir)) return;
      const next = stream.ready();
      if (next === undefined) return;
      this.#feed.held -= next.bytes.length;
      const skip = -((next.seq - stream.next) | 0);
      const known = Math.max(0, Math.min(skip, next.bytes.length));
      if (known > 0) {
        const { bytes, frame, sec, nsec } = next;
        const where = { capture: next.capture, number: frame, sec, nsec };
        compareAgain(this.#feed, row, at, dir, stream, next.seq, bytes, 0, bytes.length, known, where);
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
    if (fromStart && ahead === 0 && !lacksSyn(row, at) && !this.#anyLooks(row, at, buf, off, len)) {
      this.#feed.settle(row, at, dir);
      return null;
    }
    if (ahead < 0 && -ahead >= len) return null; // a keep-alive's byte before the first
    const stream = new Stream(fromStart ? first : seq, fromStart);
    const detail = this.#feed.details.of(row, at);
    detail.streams = withSide(detail.streams, dir, stream);
    return stream;
  }

  #anyLooks(row: Int32Array, at: number, buf: Uint8Array, off: number, len: number): boolean {
    const { hints, openings, decoders } = this.#feed;
    const ports = row[at + R.PORTS]!;
    const isStrange = hints.tcp[ports >>> 16] === 0 && hints.tcp[ports & 0xffff] === 0 && this.#feed.app(row, at) === 0;
    for (const index of openings.stream[buf[off]!]!) {
      const decoder = decoders[index]!;
      if (decoder.looksStream?.(buf, off, len) !== true) continue;
      if (!isStrange || (decoder.forms?.stream?.some((form) => hasForm(form, buf, off, len, false)) ?? true))
        return true;
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
      this.#feed.held += len;
      stream.append(buf, off, len, frame);
      data = stream.data;
      from = 0;
      left = stream.length;
    }
    const { context } = this.#feed.attempt;
    let used = 0; // of what is kept; else the stream's base moves on at once
    while (left > 0) {
      const detail = kept ? null : this.#feed.details.get(row, at);
      let took = 0;
      if (detail?.operations)
        took = this.#glancer.message(detail, stream, dir, data, from, left, frame, context.sec, context.nsec);
      if (took === 0) took = this.#decode(row, at, dir, stream, data, from, left, cutOff, capture, frame);
      this.#feed.liked = 0;
      if (took < 0) {
        this.#feed.settle(row, at, dir);
        return;
      }
      if (took === 0) break;
      stream.rewind?.add(data, from, took);
      from += took;
      left -= took;
      if (kept) used += took;
      else stream.base = (stream.base + took) | 0;
    }
    stream.cutOff = cutOff;
    if (kept) {
      this.#feed.held -= used;
      stream.consume(used);
    } else if (left > 0) {
      this.#feed.held += left;
      stream.append(data, from, left, frame);
    }
    const most = stream.decoder < 0 ? LIMITS.identifyBytes : LIMITS.streamBytes;
    if (stream.length > most) {
      this.#feed.cut(row, at, dir, stream.decoder < 0 ? "identifyBytes" : "streamBytes");
    } else if (this.#feed.held > LIMITS.pendingBytes) {
      this.#feed.cut(row, at, dir, "pendingBytes");
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
    const app = this.#feed.app(row, at);
    const context = this.#feed.attempt.context;
    context.fromStart = stream.fromStart || (stream.handed && stream.lost === 0);
    context.started = stream.decoder >= 0 && !stream.handed;
    context.peerStarted = context.started;
    if (stream.decoder >= 0) {
      context.state = stream.state;
      context.lost = stream.lost;
      const decoder = this.#feed.decoders[stream.decoder]!;
      const result = this.#feed.attempt.stream(decoder, buf, off, len, cutOff);
      if (result === STREAM_NEXT && context.started) {
        this.#feed.keep(row, at, dir, capture, frame, stream.parts);
        if (!this.#handOver(stream, context.next ?? "")) return -1;
        return this.#decode(row, at, dir, stream, buf, off, len, cutOff, capture, frame);
      }
      if (result >= 0 || result === STREAM_DONE) {
        if (stream.handed) this.#feed.attempt.facts.unshift({ kind: "inner", app: decoder.id });
        stream.handed = false;
        const state = context.state ?? 0;
        if (result !== this.#feed.liked || state !== stream.state) this.#feed.liked = 0; // no glance does that
        stream.state = state;
        stream.lost = 0;
        if (context.lost! > 0) this.#feed.attempt.tellHole(decoder, context.lost!);
        keepNamed(this.#feed, stream, buf, off, len, result, frame);
        if (result === STREAM_DONE && context.started)
          this.#feed.attempt.nameWhatFollows(this.#feed.decoders, decoder, buf, off, len);
        this.#feed.keep(row, at, dir, capture, frame, stream.parts);
        return result === STREAM_DONE ? -1 : result;
      }
      if (result === STREAM_MORE) return 0;
      this.#feed.details.of(row, at).undecoded++;
      if (stream.lost > 0) keepHole(this.#feed, row, at, dir, decoder, stream.lost, capture, frame);
      return -1;
    }
    const hinted = this.#feed.hints.tcp[context.receiverPort]! || this.#feed.hints.tcp[context.senderPort]!;
    const first = app !== 0 ? app : hinted; // what the other direction speaks, else what the port suggests
    let plausible = false;
    const candidates = this.#feed.openings.stream[buf[off]!]!;
    for (let i = first === 0 ? 0 : -1; i < candidates.length; i++) {
      const index = i < 0 ? first - 1 : candidates[i]!;
      if (i >= 0 && index === first - 1) continue;
      const decoder = this.#feed.decoders[index]!;
      if (decoder.looksStream?.(buf, off, len) !== true) continue;
      context.peerStarted = index === app - 1;
      context.state = 0;
      context.lost = 0;
      const result = this.#feed.attempt.stream(decoder, buf, off, len, cutOff);
      if (result === STREAM_NO) continue;
      if (result === STREAM_MORE) {
        plausible = true;
        continue;
      }
      stream.decoder = index;
      stream.state = context.state ?? 0;
      stream.lost = 0;
      if (app === 0) this.#feed.setApp(row, at, index);
      keepNamed(this.#feed, stream, buf, off, len, result, frame);
      this.#feed.keep(row, at, dir, capture, frame, stream.parts);
      if (result === STREAM_DONE) return -1;
      return result;
    }
    if (plausible) return 0;
    if (stream.fromStart || (row[at + R.STATE]! & R.S_MIDSTREAM) === 0)
      return this.#mayHaveBegun(row, at, dir, stream) ? len : -1;
    this.#feed.missed(row, at, dir, LIMITS.identifySegments); // mid-stream: the next segment may begin with a message
    return len;
  }

  /** Nobody knows these bytes. Where the SYN is missing it may have brought the first ones: the next segments are kept too. */
  #mayHaveBegun(row: Int32Array, at: number, dir: 0 | 1, stream: Stream): boolean {
    if (!lacksSyn(row, at)) return false;
    stream.fromStart = false;
    const kept = this.#feed.details.get(row, at)?.heads[dir]?.length ?? 0;
    return kept > 0 && kept < LIMITS.identifySegments;
  }

  /** From here on another decoder reads the direction; false where there is none of that id. */
  #handOver(stream: Stream, id: string): boolean {
    stream.decoder = this.#feed.decoders.findIndex((decoder) => decoder.id === id);
    stream.state = 0;
    stream.handed = true;
    return stream.decoder >= 0;
  }

  /** Bytes that have not come for so long will not come: what waits behind them is read, where it can say something. */
  #isOverdue(stream: Stream, sec: number): boolean {
    if (stream.decoder >= 0 && !this.#feed.decoders[stream.decoder]!.everyMessage) return false;
    return sec - stream.pending[0]!.sec > LIMITS.holeSec;
  }

  /**
   * Bytes are missing for good: a decoder of many messages goes on behind the hole, any other is done. A direction that
   * nobody knows yet is from here on as one that was joined amid its connection.
   */
  #skipHole(
    row: Int32Array,
    at: number,
    dir: 0 | 1,
    stream: Stream,
    seq: number,
    capture: number,
    frame: number,
  ): void {
    const missing = (seq - stream.base) | 0; // what is held was the beginning of something that has lost its end
    this.#feed.held -= stream.length;
    stream.consume(stream.length);
    stream.rewind?.clear();
    const decoder = this.#feed.decoders[stream.decoder];
    if (decoder?.everyMessage !== true) keepHole(this.#feed, row, at, dir, decoder, missing, capture, frame);
    if (decoder?.everyMessage === false) {
      this.#feed.settle(row, at, dir);
      return;
    }
    if (decoder === undefined) this.#joinAmid(row, at, stream);
    stream.lost += missing;
    stream.base = seq;
    stream.cutOff = 0;
  }

  /** To the first segment that waits. */
  #skipToPending(row: Int32Array, at: number, dir: 0 | 1, stream: Stream): void {
    const { seq, capture, frame, sec, nsec } = stream.pending[0]!;
    Object.assign(this.#feed.attempt.context, { sec, nsec });
    this.#skipHole(row, at, dir, stream, seq, capture, frame);
  }

  #joinAmid(row: Int32Array, at: number, stream: Stream): void {
    stream.fromStart = false;
    if ((row[at + R.STATE]! & R.S_MIDSTREAM) !== 0) return;
    row[at + R.STATE]! |= R.S_MIDSTREAM;
    row[at + R.TRIES] = 0; // was the frame of the client's first words
  }
}

/**
 * Numbered by a SYN-ACK alone. The SYN may have brought the first bytes (fast open, RFC 7413), or the answer may have been
 * sent again: in a slice before this one.
 */
function lacksSyn(row: Int32Array, at: number): boolean {
  return (row[at + R.STATE]! & (R.S_SYN | (R.S_SYN << 1))) === 0;
}
