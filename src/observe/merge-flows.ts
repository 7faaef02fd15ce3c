/** Pieces of flows, joined: the later row behind the earlier, or beside it where two capture points saw the same. */
import type { FlowDetail } from "../decode/details.ts";
import type { Sighting } from "../decode/facts.ts";
import { TCP } from "../dissect/packet.ts";
import { shortenFirstBurst } from "../flow/bursts.ts";
import { addEdge, COPY_WITHIN_NSEC, type Edge, type Edges, gapNsec, samePacket, samePath } from "../flow/copies.ts";
import * as R from "../flow/row.ts";
import type { FlowTracker } from "../flow/tracker.ts";
import { LIMITS } from "../limits.ts";
import { compareInstants } from "../time.ts";
import { united } from "./apart.ts";
import { frameOrder } from "./frame-order.ts";
import { copyDetail, FactJoiner } from "./merge-facts.ts";
import { fingerprint, firstDir, isOtherFlow, joinCounts, uniteCounts } from "./merge-rows.ts";
import type { Observation } from "./observation.ts";

/** Where one observation's numbers go in the merged one. */
export interface Source {
  seen: Observation;
  captureOffset: number;
  realms: number[];
  addresses: Int32Array;
  /** Its last packets, asked for once. */
  tails: Edges;
  /** It is what was made of fragments that stand in several others. */
  isBetween: boolean;
}

/** Puts pieces of flows into a merged observation, one at a time, oldest first. */
export class FlowJoiner {
  readonly #merged: Observation;
  readonly #facts: FactJoiner;
  /** By merged flow: the source of its newest piece. */
  readonly #newest: Source[] = [];
  /** By merged flow: fingerprints of the pieces in it, so that the same piece twice counts once. */
  readonly #known = new Map<string, number>();
  readonly #apart: boolean;
  /** Holes in TCP streams that lie exactly between two slices. */
  gaps = 0;

  /** `apart`: each source is of a capture point of its own, and what two of them have of one flow are the same packets. */
  constructor(merged: Observation, apart: boolean) {
    this.#merged = merged;
    this.#apart = apart;
    this.#facts = new FactJoiner(merged.identified, frameOrder(merged.captures));
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
      this.#heard(there, piece.words);
      if (this.#sawTheSame(source, this.#newest[there]!)) this.#samePlaceAgain(there, piece);
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

  #sawTheSame(source: Source, newest: Source): boolean {
    return this.#apart && source !== newest && !source.isBetween && !newest.isBetween;
  }

  /** The later piece may hold the first answers to what the earlier one asked. */
  #heard(flow: number, words: Int32Array): void {
    const { table, hops } = this.#merged.flows;
    const row = table.rows(flow);
    const at = table.at(flow);
    for (const dir of [0, 1] as const)
      if (row[at + R.PACKETS + dir] === 0 && row[at + R.PACKETS + 1 - dir] !== 0 && words[R.PACKETS + dir] !== 0)
        hops.heard(row, at, dir);
  }

  /** The next slice's piece behind what is there. */
  #append(flow: number, piece: Piece): void {
    const row = this.#merged.flows.table.rows(flow);
    const at = this.#merged.flows.table.at(flow);
    const { words } = piece;
    let before = row[at + R.STATE]!;
    const print = row[at + R.PRINT]!;
    for (const dir of [0, 1] as const) {
      this.#edge(flow, row, at, piece, dir, print);
      if ((before & words[R.STATE]! & (R.S_SEQ << dir)) !== 0 && words[R.PACKETS + dir]! > 0) {
        if (((words[R.START + dir]! - row[at + R.NEXT + dir]!) | 0) > 0) {
          this.gaps++;
          before |= R.S_HOLE;
        }
      }
      joinCounts(row, at, words, dir);
    }
    const keep = R.S_FEED | (R.S_FEED << 1) | R.S_MIDSTREAM | (0xff << R.APP_SHIFT);
    row[at + R.STATE] = (before & keep) | ((before | words[R.STATE]!) & ~keep);
    if ((words[R.META]! & 0xff) !== TCP) {
      this.#countUnread(row, at, words, before);
      settleUnknown(row, at);
    }
    this.#addRepeats(flow, piece);
    this.#takeEdges(flow, piece, false);
    if (piece.detail === null) return;
    if ((words[R.META]! & 0xff) === TCP) this.#facts.streams(row, at, words, piece.detail, before);
    else this.#facts.datagrams(row, at, words, piece.detail);
  }

  /** What the later piece could not place before it knew the application: that was known before. */
  #countUnread(row: Int32Array, at: number, words: Int32Array, before: number): void {
    const app = before >>> R.APP_SHIFT;
    if (app === 0 || words[R.TRIES] === 0) return;
    const { identified } = this.#merged;
    if (!identified.decoders[app - 1]!.everyMessage) return;
    for (const dir of [0, 1])
      if ((before & (R.S_FEED << dir)) !== 0)
        identified.detail(row, at).undecoded += (words[R.TRIES]! >>> (dir * 16)) & 0xffff;
  }

  /** The later piece may begin with copies, or a repeat, of packets that the earlier one ended with, the last of them with `print`. */
  #edge(flow: number, row: Int32Array, at: number, piece: Piece, dir: 0 | 1, print: number): void {
    const { flows } = this.#merged;
    const { words, detail } = piece;
    const tails = flows.watch.keptTails!.get(flow * 2 + dir) ?? [];
    let first = dir === firstDir(words, 0); // a repeat is one of the packet right before it
    const last = R.LAST + dir * 2;
    let latest: Edge | null = null; // that is no copy
    let wasLast = false;
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
        wasLast ||= words[last] === edge.sec && words[last + 1] === edge.nsec;
        continue;
      }
      if (first && print === edge.print && near({ sec: row[at + last]!, nsec: row[at + last + 1]! })) {
        flows.repeats++;
        words[R.STATE]! |= R.S_REPEAT;
        addRepeat(flows, flow * 2 + dir, { packets: 1, bytes: edge.bytes, withId: edge.withId ? 1 : 0 });
      }
      first = false;
      if (latest === null || compareInstants(edge, latest) >= 0) latest = edge;
    }
    if (wasLast && latest !== null) {
      words[last] = latest.sec;
      words[last + 1] = latest.nsec;
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
    this.#takeEdges(flow, piece, false);
    const [more0, more1] = uniteCounts(row, at, piece.words);
    if (more0) this.#takeRepeats(flow, piece, 0);
    if (more1) this.#takeRepeats(flow, piece, 1);
    if (piece.detail === null) return;
    const detail = this.#merged.identified.detail(row, at);
    // What was said twice at once is said twice, whichever of them heard both.
    const known = new Map<string, Sighting[]>();
    for (const sighting of [...detail.sightings].sort(byTime)) {
      const key = factKey(sighting);
      const alike = known.get(key);
      if (alike === undefined) known.set(key, [sighting]);
      else alike.push(sighting);
    }
    for (const sighting of piece.detail.sightings) {
      if (takeNearest(known.get(factKey(sighting)) ?? [], sighting)) continue;
      if (detail.sightings.length < 2 * LIMITS.factsPerFlow) detail.sightings.push(sighting);
      else {
        detail.dropped++;
        detail.cut ??= "factsPerFlow";
      }
    }
    detail.cut ??= piece.detail.cut;
    detail.dropped = Math.max(detail.dropped, piece.detail.dropped);
    detail.undecoded = Math.max(detail.undecoded, piece.detail.undecoded);
    detail.operations = united(detail.operations, piece.detail.operations);
    const { streams } = piece.detail;
    detail.streams = [detail.streams[0] ?? streams[0], detail.streams[1] ?? streams[1]];
  }

  /** Of packets that are counted instead of others, what was counted twice. */
  #takeRepeats(flow: number, piece: Piece, dir: 0 | 1): void {
    const { repeatsOf } = this.#merged.flows;
    const of = piece.source.seen.flows.repeatsOf.get(piece.flow * 2 + dir);
    if (of === undefined) repeatsOf.delete(flow * 2 + dir);
    else repeatsOf.set(flow * 2 + dir, { ...of });
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

/** What was looked at in vain in either piece counts together: the whole would have stopped there. */
function settleUnknown(row: Int32Array, at: number): void {
  if (row[at + R.STATE]! >>> R.APP_SHIFT !== 0) return;
  for (const dir of [0, 1])
    if (((row[at + R.TRIES]! >>> (dir * 16)) & 0xffff) >= LIMITS.identifyDatagrams)
      row[at + R.STATE]! &= ~(R.S_FEED << dir);
}

function addRepeat(flows: FlowTracker, key: number, more: { packets: number; bytes: number; withId: number }): void {
  const known = flows.repeatsOf.get(key) ?? { packets: 0, bytes: 0, withId: 0 };
  flows.repeatsOf.set(key, {
    packets: known.packets + more.packets,
    bytes: known.bytes + more.bytes,
    withId: known.withId + more.withId,
  });
}

function factKey({ fact, dir }: Sighting): string {
  return `${dir}|${JSON.stringify(fact)}`;
}

const byTime = (a: Sighting, b: Sighting): number => a.sec - b.sec || a.nsec - b.nsec;

/**
 * Takes the one that is nearest in time out of the list, which is in order of time, where it may be the same packet's: clocks
 * differ, and digits may be cut.
 */
function takeNearest(others: Sighting[], sighting: Sighting): boolean {
  const at = placeOf(others, sighting);
  const gapTo = (other: Sighting | undefined): number =>
    other === undefined ? Number.POSITIVE_INFINITY : gapNsec(other.sec, other.nsec, sighting.sec, sighting.nsec);
  const before = gapTo(others[at - 1]);
  const behind = gapTo(others[at]);
  if (Math.min(before, behind) > COPY_WITHIN_NSEC) return false;
  others.splice(behind < before ? at : at - 1, 1);
  return true;
}

/** The place of the first that is not before it. */
function placeOf(others: readonly Sighting[], sighting: Sighting): number {
  let low = 0;
  let high = others.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (byTime(others[middle]!, sighting) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
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
