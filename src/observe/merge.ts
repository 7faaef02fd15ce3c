/**
 * Observations merged: the union of their flow pieces, and joining of adjacent ends. Slices of one capture give what the
 * whole would have given, frame numbers apart; captures of the same traffic at several points give the same facts, and
 * counts that are not summed over the points.
 *
 * Nothing that needs order or absence was decided while observing (see "Merging" in ARCHITECTURE.md), so a merge only
 * has to bring pieces of one flow together, oldest first:
 *
 *     slice 1   ──SYN── SYN-ACK ──ACK── hello(1/2) ┆                        tail: half a hello
 *     slice 2                                      ┆ hello(2/2) ── … ──     head: the first segments, kept as they came
 *     merged    the head is played again behind the tail: the hello is whole
 */
import type { CaptureInfo } from "../capture/frame.ts";
import type { Decoder } from "../decode/decoder.ts";
import { type FlowDetail, newDetail } from "../decode/details.ts";
import type { Sighting } from "../decode/facts.ts";
import { markBeside } from "../decode/feed.ts";
import { copyTally } from "../decode/tally-plain.ts";
import { TCP } from "../dissect/packet.ts";
import { shortenFirstBurst } from "../flow/bursts.ts";
import { addEdge, COPY_WITHIN_NSEC, type Edges, gapNsec, samePacket, samePath } from "../flow/copies.ts";
import * as R from "../flow/row.ts";
import { type Segment, Stream } from "../flow/stream.ts";
import type { FlowTracker } from "../flow/tracker.ts";
import { CapCounter, LIMITS } from "../limits.ts";
import { Apart, weight } from "./apart.ts";
import { countersOf, setCounters } from "./codec.ts";
import { copyHalf, fingerprint, firstDir, isOtherFlow, joinCounts } from "./merge-rows.ts";
import { newObservation, type Observation } from "./observation.ts";

/** Captures that overlap by less than this are slices of one, cut where frames were a little out of order. */
const SLICE_OVERLAP_SEC = 1;

/** Where one observation's numbers go in the merged one. */
interface Source {
  seen: Observation;
  captureOffset: number;
  realms: number[];
  addresses: Int32Array;
  /** Its last packets, asked for once. */
  tails: Edges;
  /** Time span of its captures. */
  firstSec: number;
  lastSec: number;
}

export function mergeObservations(observations: readonly Observation[], decoders: readonly Decoder[]): Observation {
  const caps = new CapCounter();
  const captures: CaptureInfo[] = [];
  const realms: string[] = [];
  const merged = newObservation(captures, realms, decoders, caps);
  merged.flows.watch.keptTails = new Map();
  const sources = observations.map((seen) => addSource(merged, captures, realms, seen));
  const joiner = new Joiner(merged, sources);
  for (const [source, flow] of inOrder(sources)) joiner.piece(source, flow);
  addCounts(merged, sources);
  for (const source of sources) addQuotes(merged, source);
  merged.flows.gaps += joiner.gaps;
  return merged;
}

function addSource(merged: Observation, captures: CaptureInfo[], realms: string[], seen: Observation): Source {
  const captureOffset = captures.length;
  captures.push(...seen.captures);
  const realmNumbers = seen.realms.map((name) => {
    const known = realms.indexOf(name);
    return known >= 0 ? known : realms.push(name) - 1;
  });
  const { ipv6 } = seen.flows;
  const addresses = new Int32Array(ipv6.count);
  for (let i = 0; i < ipv6.count; i++) {
    addresses[i] = merged.flows.ipv6.of(ipv6.word(i, 0), ipv6.word(i, 1), ipv6.word(i, 2), ipv6.word(i, 3));
  }
  const read = seen.captures.filter((capture) => capture.packets > 0);
  return {
    seen,
    captureOffset,
    realms: realmNumbers,
    addresses,
    tails: seen.flows.watch.tails,
    firstSec: Math.min(...read.map((capture) => capture.firstSec)),
    lastSec: Math.max(...read.map((capture) => capture.lastSec)),
  };
}

/** All pieces of all sources, oldest first. */
function inOrder(sources: readonly Source[]): [Source, number][] {
  const pieces: [Source, number][] = [];
  for (const source of sources)
    for (let flow = 0; flow < source.seen.flows.table.count; flow++) pieces.push([source, flow]);
  const first = ([source, flow]: [Source, number], word: 0 | 1): number => {
    const row = source.seen.flows.table.rows(flow);
    const at = source.seen.flows.table.at(flow);
    const dir = firstDir(row, at);
    return row[at + R.FIRST + dir * 2 + word]!;
  };
  return pieces.sort((a, b) => first(a, 0) - first(b, 0) || first(a, 1) - first(b, 1));
}

class Joiner {
  readonly #merged: Observation;
  /** By merged flow: the source of its newest piece. */
  readonly #newest: Source[] = [];
  /** By merged flow: fingerprints of the pieces in it, so that the same piece twice counts once. */
  readonly #known = new Map<string, number>();
  readonly #overlap = new Map<Source, Set<Source>>();
  /** Holes in TCP streams that lie exactly between two slices. */
  gaps = 0;

  constructor(merged: Observation, sources: readonly Source[]) {
    this.#merged = merged;
    for (const a of sources) {
      const others = sources.filter(
        (b) => b !== a && Math.min(a.lastSec, b.lastSec) - Math.max(a.firstSec, b.firstSec) > SLICE_OVERLAP_SEC,
      );
      this.#overlap.set(a, new Set(others));
    }
  }

  piece(source: Source, flow: number): void {
    const piece = readPiece(source, flow);
    const print = fingerprint(piece.words);
    if (this.#known.has(print)) return;
    const { table } = this.#merged.flows;
    const [low, high, ports, meta] = [
      piece.words[R.LOW]!,
      piece.words[R.HIGH]!,
      piece.words[R.PORTS]!,
      piece.words[R.META]!,
    ];
    const there = table.find(low, high, ports, meta);
    if (there >= 0 && !isOtherFlow(table.rows(there), table.at(there), piece.words)) {
      if (this.#overlap.get(source)!.has(this.#newest[there]!)) this.#samePlaceAgain(there, piece);
      else this.#append(there, piece);
      this.#newest[there] = source;
      this.#known.set(print, there);
      return;
    }
    const added = table.add(low, high, ports, meta);
    if (added < 0) {
      this.#merged.caps.hit("flows");
      return;
    }
    const at = table.at(added);
    R.copyRow(piece.words, 0, table.rows(added), at);
    table.rows(added)[at + R.DETAIL] = 0;
    if (piece.detail !== null) table.rows(added)[at + R.DETAIL] = this.#merged.identified.details.push(piece.detail);
    this.#newest[added] = source;
    this.#known.set(print, added);
    this.#addRepeats(added, piece);
    this.#takeEdges(added, piece, true);
  }

  /** The next slice's piece behind what is there. */
  #append(flow: number, piece: Piece): void {
    const row = this.#merged.flows.table.rows(flow);
    const at = this.#merged.flows.table.at(flow);
    const { words } = piece;
    const before = row[at + R.STATE]!;
    for (const dir of [0, 1] as const) {
      this.#edge(flow, row, at, piece, dir);
      if ((before & words[R.STATE]! & (R.S_SEQ << dir)) !== 0 && words[R.PACKETS + dir]! > 0) {
        if (((words[R.START + dir]! - row[at + R.NEXT + dir]!) | 0) > 0) this.gaps++;
      }
      joinCounts(row, at, words, dir);
    }
    const keep = R.S_FEED | (R.S_FEED << 1) | R.S_MIDSTREAM | (0xff << R.APP_SHIFT);
    row[at + R.STATE] = (before & keep) | ((before | words[R.STATE]!) & ~keep);
    this.#addRepeats(flow, piece);
    this.#takeEdges(flow, piece, false);
    if ((words[R.META]! & 0xff) === TCP) this.#appendStreams(row, at, piece);
    else this.#appendDatagrams(row, at, piece);
  }

  /** The later piece may begin with copies, or a repeat, of packets that the earlier one ended with. */
  #edge(flow: number, row: Int32Array, at: number, piece: Piece, dir: 0 | 1): void {
    const { flows } = this.#merged;
    const { words, detail } = piece;
    const tails = flows.watch.keptTails!.get(flow * 2 + dir) ?? [];
    for (const edge of piece.source.seen.flows.watch.heads.get(piece.flow * 2 + dir) ?? []) {
      const near = (other: { sec: number; nsec: number }) =>
        gapNsec(other.sec, other.nsec, edge.sec, edge.nsec) <= COPY_WITHIN_NSEC;
      const copied = tails.some(
        (tail) => near(tail) && samePacket(tail.print, edge.print) && !samePath(tail.print, edge.print),
      );
      if (copied) {
        flows.watch.copies++;
        words[R.PACKETS + dir]! -= 1;
        if ((words[R.META]! & 0xff) !== TCP) shortenFirstBurst(words, 0, dir);
        words[R.BYTES + dir]! -= edge.bytes;
        if (detail !== null)
          detail.sightings = detail.sightings.filter(
            (s) => s.dir !== dir || s.sec !== edge.sec || s.nsec !== edge.nsec,
          );
      } else if (
        row[at + R.PRINT] === edge.print &&
        near({ sec: row[at + R.LAST + dir * 2]!, nsec: row[at + R.LAST + dir * 2 + 1]! })
      ) {
        flows.repeats++;
        row[at + R.STATE]! |= R.S_REPEAT;
        addRepeat(flows, flow * 2 + dir, { packets: 1, bytes: edge.bytes, withId: 0 });
      }
    }
  }

  /** Takes over a piece's first and last packets under the merged flow's number. */
  #takeEdges(flow: number, piece: Piece, heads: boolean): void {
    const { flows } = this.#merged;
    const from = piece.source.seen.flows;
    for (const dir of [0, 1]) {
      if (heads)
        for (const edge of from.watch.heads.get(piece.flow * 2 + dir) ?? [])
          addEdge(flows.watch.heads, flow * 2 + dir, edge);
      for (const edge of piece.source.tails.get(piece.flow * 2 + dir) ?? [])
        addEdge(flows.watch.keptTails!, flow * 2 + dir, edge);
    }
  }

  /** The same traffic seen at another point: facts are united, counts are the larger ones. */
  #samePlaceAgain(flow: number, piece: Piece): void {
    const row = this.#merged.flows.table.rows(flow);
    const at = this.#merged.flows.table.at(flow);
    const { words } = piece;
    for (const dir of [0, 1] as const) {
      if (words[R.PACKETS + dir]! > row[at + R.PACKETS + dir]!) {
        const fields = [
          R.PACKETS + dir,
          R.BYTES + dir,
          R.LAST + dir * 2,
          R.LAST + dir * 2 + 1,
          R.FIRST + dir * 2,
          R.FIRST + dir * 2 + 1,
          R.FRAME + dir,
          ...((words[R.META]! & 0xff) === TCP ? [] : [R.BURST_FROM + dir, R.BURSTS + dir]),
        ];
        for (const field of fields) row[at + field] = words[field]!;
        copyHalf(row, at + R.CAPTURES, words[R.CAPTURES]!, dir);
        copyHalf(row, at + R.BYTES_HIGH, words[R.BYTES_HIGH]!, dir);
      }
    }
    const app = row[at + R.STATE]! >>> R.APP_SHIFT || words[R.STATE]! >>> R.APP_SHIFT;
    const flags = (row[at + R.STATE]! | words[R.STATE]!) & ((1 << R.APP_SHIFT) - 1);
    row[at + R.STATE] = flags | (app << R.APP_SHIFT);
    if (piece.detail === null) return;
    const detail = this.#merged.identified.detail(row, at);
    const known = new Set(detail.sightings.map(sightingKey));
    for (const sighting of piece.detail.sightings) {
      if (!known.has(sightingKey(sighting)) && detail.sightings.length < LIMITS.factsPerFlow)
        detail.sightings.push(sighting);
    }
    if (weight(piece.detail.operations) > weight(detail.operations)) detail.operations = piece.detail.operations;
    for (const dir of [0, 1] as const) detail.streams[dir] ??= piece.detail.streams[dir];
  }

  #appendStreams(row: Int32Array, at: number, piece: Piece): void {
    const { identified } = this.#merged;
    const from = piece.detail;
    if (from === null) return;
    const detail = identified.detail(row, at);
    const apart = new Apart(detail, identified);
    for (const dir of [0, 1] as const) {
      const feed = R.S_FEED << dir;
      // Settled before: whatever the later slice made of its bytes, the whole would only have counted them.
      if ((row[at + R.STATE]! & feed) === 0) {
        from.operations?.without(dir);
        continue;
      }
      const head = from.heads[dir] ?? [];
      for (const segment of head) {
        if ((row[at + R.STATE]! & feed) === 0) break;
        const where = { capture: segment.capture, number: segment.frame, sec: segment.sec, nsec: segment.nsec };
        identified.segment(row, at, dir, segment.seq, segment.bytes, 0, segment.bytes.length, segment.cutOff, where);
      }
      if ((row[at + R.STATE]! & feed) === 0) {
        from.operations?.without(dir);
        continue;
      }
      this.#goOn(row, at, dir, piece, head.at(-1));
    }
    apart.join(from.operations);
  }

  /** What the later slice saw of a direction behind the segments that it kept. */
  #goOn(row: Int32Array, at: number, dir: 0 | 1, piece: Piece, last: Segment | undefined): void {
    const from = piece.detail!;
    const detail = this.#merged.identified.detail(row, at);
    const behind = from.sightings.filter(
      (s) => s.dir === dir && (last === undefined || s.sec > last.sec || (s.sec === last.sec && s.nsec > last.nsec)),
    );
    detail.sightings.push(...behind.slice(0, Math.max(0, LIMITS.factsPerFlow - detail.sightings.length)));
    const later = from.streams[dir];
    const mine = detail.streams[dir];
    if (later !== null && (mine === null || ((later.next - mine.next) | 0) > 0)) detail.streams[dir] = later;
    if (behind.length === 0) return;
    const app = piece.words[R.STATE]! >>> R.APP_SHIFT;
    if (row[at + R.STATE]! >>> R.APP_SHIFT === 0) row[at + R.STATE]! |= app << R.APP_SHIFT;
    if ((piece.words[R.STATE]! & (R.S_FEED << dir)) === 0) row[at + R.STATE]! &= ~(R.S_FEED << dir);
  }

  #appendDatagrams(row: Int32Array, at: number, piece: Piece): void {
    const mine = row[at + R.STATE]! >>> R.APP_SHIFT;
    const theirs = piece.words[R.STATE]! >>> R.APP_SHIFT;
    if (piece.detail === null) return;
    const shared = this.#prepares(mine) || this.#prepares(theirs);
    if (mine !== 0 && theirs !== 0 && mine !== theirs && !shared) return; // the first to be recognised names the flow
    const detail = this.#merged.identified.detail(row, at);
    const apart = new Apart(detail, this.#merged.identified);
    if (mine !== theirs && this.#prepares(theirs) && mine !== 0) markBeside(piece.detail.sightings, this.#idOf(theirs));
    else if (mine !== theirs && this.#prepares(mine) && theirs !== 0) markBeside(detail.sightings, this.#idOf(mine));
    for (const dir of [0, 1] as const) {
      if ((row[at + R.STATE]! & (R.S_FEED << dir)) === 0) {
        piece.detail.operations?.without(dir);
        continue;
      }
      detail.sightings.push(...piece.detail.sightings.filter((sighting) => sighting.dir === dir));
      const kept = piece.detail.datagrams[dir];
      if (kept !== null)
        detail.datagrams[dir] = [...(detail.datagrams[dir] ?? []), ...kept].slice(0, LIMITS.keptDatagrams);
      if ((piece.words[R.STATE]! & (R.S_FEED << dir)) === 0 && theirs !== 0) row[at + R.STATE]! &= ~(R.S_FEED << dir);
    }
    apart.join(piece.detail.operations);
    detail.undecoded += piece.detail.undecoded;
    detail.dropped += piece.detail.dropped;
    if (mine === 0 || (theirs !== 0 && this.#prepares(mine))) {
      row[at + R.STATE] = (row[at + R.STATE]! & ((1 << R.APP_SHIFT) - 1)) | (theirs << R.APP_SHIFT);
    }
  }

  /** Whether the application is one that shares its flows with what it prepares, which then names them. */
  #prepares(app: number): boolean {
    return app !== 0 && this.#merged.decoders[app - 1]!.prepares === true;
  }

  #idOf(app: number): string {
    return this.#merged.decoders[app - 1]!.id;
  }

  #addRepeats(flow: number, piece: Piece): void {
    const { weights } = this.#merged.flows;
    const weight = piece.source.seen.flows.weights.get(piece.flow);
    if (weight !== undefined) weights.set(flow, (weights.get(flow) ?? 0) + weight);
    for (const dir of [0, 1] as const) {
      const of = piece.source.seen.flows.repeatsOf.get(piece.flow * 2 + dir);
      if (of === undefined) continue;
      addRepeat(this.#merged.flows, flow * 2 + dir, of);
    }
  }
}

function addRepeat(flows: FlowTracker, key: number, more: { packets: number; bytes: number; withId: number }): void {
  const known = flows.repeatsOf.get(key) ?? { packets: 0, bytes: 0, withId: 0 };
  flows.repeatsOf.set(key, {
    packets: known.packets + more.packets,
    bytes: known.bytes + more.bytes,
    withId: known.withId + more.withId,
  });
}

/** One source's flow in the merged observation's numbers; a copy, free to change. */
interface Piece {
  source: Source;
  flow: number;
  words: Int32Array;
  detail: FlowDetail | null;
}

function readPiece(source: Source, flow: number): Piece {
  const { table } = source.seen.flows;
  const at = table.at(flow);
  const words = new Int32Array(R.ROW_SPAN);
  R.copyRow(table.rows(flow), at, words, 0);
  const meta = words[R.META]!;
  words[R.META] = (meta & 0xffff) | (source.realms[meta >>> 16]! << 16);
  if (((meta >>> 8) & 0xff) !== 4) {
    words[R.LOW] = source.addresses[words[R.LOW]!]!;
    words[R.HIGH] = source.addresses[words[R.HIGH]!]!;
  }
  const offset = source.captureOffset;
  if (words[R.PACKETS] !== 0) words[R.CAPTURES]! += offset;
  if (words[R.PACKETS + 1] !== 0) words[R.CAPTURES]! += offset << 16;
  const index = words[R.DETAIL]! - 1;
  return { source, flow, words, detail: index < 0 ? null : copyDetail(source.seen.identified.details[index]!, offset) };
}

/** A detail that may be changed without changing the one that it was made from. */
export function copyDetail(from: FlowDetail, captureOffset: number): FlowDetail {
  const segments = (list: readonly Segment[] | null): Segment[] | null =>
    list === null ? null : list.map((segment) => ({ ...segment, capture: segment.capture + captureOffset }));
  const detail = newDetail();
  detail.sightings = from.sightings.map((sighting) => ({ ...sighting, capture: sighting.capture + captureOffset }));
  detail.operations = from.operations === null ? null : copyTally(from.operations, captureOffset);
  detail.dropped = from.dropped;
  detail.undecoded = from.undecoded;
  for (const dir of [0, 1] as const) {
    const stream = from.streams[dir];
    detail.streams[dir] = stream === null ? null : copyStream(stream, segments(stream.pending)!);
    detail.datagrams[dir] = segments(from.datagrams[dir]);
    detail.heads[dir] = segments(from.heads[dir]);
  }
  return detail;
}

function copyStream(from: Stream, pending: Segment[]): Stream {
  const stream = new Stream(from.base, from.fromStart);
  stream.data = from.data.slice(0, from.length);
  stream.length = from.length;
  stream.pending = pending;
  stream.decoder = from.decoder;
  stream.cutOff = from.cutOff;
  stream.conflicts = from.conflicts;
  stream.state = from.state;
  stream.lost = from.lost;
  stream.handed = from.handed;
  stream.parts = [...from.parts];
  return stream;
}

function sightingKey({ fact, dir, sec, nsec }: Sighting): string {
  return `${dir}|${sec}|${nsec}|${JSON.stringify(fact)}`;
}

function addCounts(merged: Observation, sources: readonly Source[]): void {
  const sum = countersOf(merged);
  for (const { seen } of sources) {
    for (const [name, value] of Object.entries(countersOf(seen))) sum[name] = (sum[name] ?? 0) + value;
    for (const [cap, hits] of seen.caps.hits) merged.caps.hit(cap, hits);
    for (const map of ["notPackets", "etherTypes", "linkTypes"] as const)
      addMap(merged[map] as Map<string | number, number>, seen[map]);
  }
  setCounters(merged, sum);
}

function addMap(into: Map<string | number, number>, from: ReadonlyMap<string | number, number>): void {
  for (const [key, value] of from) into.set(key, (into.get(key) ?? 0) + value);
}

function addQuotes(merged: Observation, source: Source): void {
  for (const quote of source.seen.flows.quotes) {
    if (merged.flows.quotes.length >= LIMITS.quotes) {
      merged.caps.hit("quotes");
      return;
    }
    const v6 = ((quote.meta >>> 8) & 0xff) === 6;
    const address = (word: number) => (v6 ? source.addresses[word]! : word);
    merged.flows.quotes.push({
      ...quote,
      low: address(quote.low),
      high: address(quote.high),
      sender: address(quote.sender),
      meta: (quote.meta & 0xffff) | (source.realms[quote.meta >>> 16]! << 16),
      capture: quote.capture + source.captureOffset,
    });
  }
}
