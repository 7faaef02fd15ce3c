/**
 * What two pieces of one flow say, the later behind the earlier: facts, what was unfinished at the earlier one's end, and
 * the first payload of the later one, which is played again behind it.
 *
 *     earlier   … hello(1/2) ┆                         streams, datagrams: half a hello
 *     later                  ┆ hello(2/2) … facts …    heads: the first segments, or datagrams of a message in several
 */
import { isTelling, kindsOfMessages } from "../decode/again.ts";
import { type FlowDetail, newDetail, withSide } from "../decode/details.ts";
import { isNaming, type Sighting } from "../decode/facts.ts";
import { markBeside } from "../decode/feed.ts";
import type { Identifier } from "../decode/identify.ts";
import { copyTally } from "../decode/tally-plain.ts";
import * as R from "../flow/row.ts";
import { type Segment, Stream } from "../flow/stream.ts";
import { LIMITS } from "../limits.ts";
import { compareInstants } from "../time.ts";
import { Apart } from "./apart.ts";
import type { FrameOrder } from "./frame-order.ts";

const NO_KINDS: ReturnType<typeof kindsOfMessages> = new Map();

/** Puts what pieces say into the rows and details of a merged observation. */
export class FactJoiner {
  readonly #identified: Identifier;
  readonly #order: FrameOrder;

  constructor(identified: Identifier, order: FrameOrder) {
    this.#identified = identified;
    this.#order = order;
  }

  /** Segments: `words` is the later piece's row, `from` its detail, which may be used up; `before` the state without it. */
  streams(row: Int32Array, at: number, words: Int32Array, from: FlowDetail, before: number): void {
    const identified = this.#identified;
    const detail = identified.detail(row, at);
    const apart = new Apart(detail, identified);
    const fed = (dir: 0 | 1): boolean => (row[at + R.STATE]! & (R.S_FEED << dir)) !== 0;
    // Who had said something, as each segment came.
    const spoken = R.S_DATA | (R.S_DATA << 1);
    const after = row[at + R.STATE]! & spoken;
    row[at + R.STATE]! &= ~spoken | before;
    // Settled before: whatever the later slice made of its bytes, the whole would only have counted them.
    for (const head of this.#headsOf(from)) {
      row[at + R.STATE]! |= R.S_DATA << head.dir;
      this.#play(row, at, head.dir, head);
    }
    row[at + R.STATE]! |= after;
    for (const dir of [0, 1] as const) {
      if (fed(dir)) this.#goOn(row, at, dir, words, from, from.heads[dir]?.at(-1));
      else from.operations?.without(dir);
    }
    keepMacs(detail, from);
    apart.join(from.operations, this.#order);
  }

  /** What the later slice saw of a direction behind the segments that it kept. */
  #goOn(row: Int32Array, at: number, dir: 0 | 1, words: Int32Array, from: FlowDetail, last: Segment | undefined): void {
    const detail = this.#identified.detail(row, at);
    const read = detail.streams[dir];
    const reached = from.streams[dir]?.next ?? words[R.NEXT + dir]!;
    if (last === undefined && read !== null && ((reached - read.next) | 0) <= 0) {
      from.operations?.without(dir); // a connection sent once more, from its SYN on: all of it was read before
      return;
    }
    const behind = from.sightings.filter(
      (s) => s.dir === dir && (last === undefined || s.sec > last.sec || (s.sec === last.sec && s.nsec > last.nsec)),
    );
    const isRoomy = detail.sightings.length + behind.length <= LIMITS.factsPerFlow;
    const kinds = isRoomy ? NO_KINDS : kindsOfMessages(behind);
    const told = new Set(isRoomy ? [] : kindsOfMessages(detail.sightings).values());
    for (const sighting of behind) {
      const kind = isTelling(sighting.fact) ? (kinds.get(sighting) ?? null) : null;
      if (kind !== null && told.has(kind) && detail.sightings.length >= LIMITS.factsPerFlow) continue;
      const names = kind !== null || isNaming(sighting.fact);
      if (detail.sightings.length < (names ? 2 : 1) * LIMITS.factsPerFlow) detail.sightings.push(sighting);
      else {
        detail.dropped++;
        if (names) detail.cut ??= "factsPerFlow";
      }
    }
    detail.cut ??= from.cut;
    const later = from.streams[dir];
    const mine = detail.streams[dir];
    // What still waits behind a hole goes on waiting, unless the later slice has seen more than was played again.
    if (later !== null && (mine === null || ((later.next - mine.furthest) | 0) > 0)) {
      if (mine !== null && mine.pending.length > 0) this.#identified.close(row, at, dir);
      if ((row[at + R.STATE]! & (R.S_FEED << dir)) !== 0) detail.streams = withSide(detail.streams, dir, later);
    } else {
      for (const segment of later?.pending ?? []) this.#play(row, at, dir, segment);
    }
    if (behind.length === 0) return;
    const app = words[R.STATE]! >>> R.APP_SHIFT;
    if (row[at + R.STATE]! >>> R.APP_SHIFT === 0) row[at + R.STATE]! |= app << R.APP_SHIFT;
    if ((words[R.STATE]! & (R.S_FEED << dir)) === 0) row[at + R.STATE]! &= ~(R.S_FEED << dir);
  }

  #play(row: Int32Array, at: number, dir: 0 | 1, { seq, bytes, cutOff, capture, frame, sec, nsec }: Segment): void {
    if ((row[at + R.STATE]! & (R.S_FEED << dir)) === 0) return;
    this.#identified.segment(row, at, dir, seq, bytes, 0, bytes.length, cutOff, { capture, number: frame, sec, nsec });
  }

  /** Datagrams, likewise. */
  datagrams(row: Int32Array, at: number, words: Int32Array, from: FlowDetail): void {
    const identified = this.#identified;
    const theirs = words[R.STATE]! >>> R.APP_SHIFT;
    const before = row[at + R.STATE]! >>> R.APP_SHIFT;
    // Another application than the first to be recognised, which names the flow.
    if (before !== 0 && theirs !== 0 && before !== theirs && !this.#prepares(before) && !this.#prepares(theirs)) return;
    const detail = identified.detail(row, at);
    const apart = new Apart(detail, identified);
    const fed = [0, 1].map((dir) => (row[at + R.STATE]! & (R.S_FEED << dir)) !== 0);
    const heads = this.#headsOf(from);
    for (const head of heads) {
      if ((row[at + R.STATE]! & (R.S_FEED << head.dir)) !== 0) identified.datagram(row, at, head.dir, head);
    }
    const mine = row[at + R.STATE]! >>> R.APP_SHIFT;
    if (mine !== theirs && this.#prepares(theirs) && mine !== 0) markBeside(from.sightings, this.#idOf(theirs));
    else if (mine !== theirs && this.#prepares(mine) && theirs !== 0) markBeside(detail.sightings, this.#idOf(mine));
    for (const dir of [0, 1] as const) {
      if (!fed[dir]) {
        from.operations?.without(dir);
        continue;
      }
      const played = heads.filter((head) => head.dir === dir);
      const wants = (row[at + R.STATE]! & (R.S_FEED << dir)) !== 0;
      // What was played again has said it; behind the datagram that settled the direction nothing more is asked.
      const stays = (one: Sighting | Segment): boolean =>
        played.every((head) => head.capture !== one.capture || head.frame !== one.frame) &&
        (wants || played.some((head) => compareInstants(one, head) < 0));
      detail.sightings.push(...from.sightings.filter((sighting) => sighting.dir === dir && stays(sighting)));
      const kept = wants ? (from.datagrams[dir]?.filter(stays) ?? []) : [];
      if (kept.length > 0) {
        const both = [...(detail.datagrams[dir] ?? []), ...kept].slice(0, LIMITS.keptDatagrams);
        detail.datagrams = withSide(detail.datagrams, dir, both);
      }
      if ((words[R.STATE]! & (R.S_FEED << dir)) === 0 && theirs !== 0) row[at + R.STATE]! &= ~(R.S_FEED << dir);
    }
    keepMacs(detail, from);
    apart.join(from.operations, this.#order);
    detail.undecoded += from.undecoded;
    detail.dropped += from.dropped;
    detail.cut ??= from.cut;
    if ((mine === 0 && isHeard(fed, from, heads)) || (mine !== 0 && theirs !== 0 && this.#prepares(mine))) {
      row[at + R.STATE] = (row[at + R.STATE]! & ((1 << R.APP_SHIFT) - 1)) | (theirs << R.APP_SHIFT);
    }
  }

  /** The first payload of both directions, in the order in which it came. */
  #headsOf({ heads }: FlowDetail): (Segment & { dir: 0 | 1 })[] {
    const of = (dir: 0 | 1) => (heads[dir] ?? []).map((segment) => ({ ...segment, dir }));
    return [...of(0), ...of(1)].sort(this.#order);
  }

  /** Whether the application is one that shares its flows with what it prepares, which then names them. */
  #prepares(app: number): boolean {
    return app !== 0 && this.#identified.decoders[app - 1]!.prepares === true;
  }

  #idOf(app: number): string {
    return this.#identified.decoders[app - 1]!.id;
  }
}

/**
 * Whether the whole would have known what the later piece does: only a direction that it still read then says so. What that one
 * kept has just been played again in vain, so it took its word from the other.
 */
function isHeard(fed: readonly boolean[], from: FlowDetail, heads: readonly { dir: 0 | 1 }[]): boolean {
  const said = [0, 1].filter((dir) => from.sightings.some((sighting) => sighting.dir === dir));
  if (said.length === 0) return fed.includes(true);
  return said.some((dir) => fed[dir] === true && (fed[1 - dir] === true || heads.every((head) => head.dir !== dir)));
}

/** What was played again does not know which MAC address it came from; where it was read first, that was noted. */
function keepMacs(detail: FlowDetail, from: FlowDetail): void {
  for (const { mac, capture, frame, dir } of from.sightings) {
    if (mac === undefined) continue;
    for (const sighting of detail.sightings)
      if (
        sighting.fact.kind === "asset" &&
        sighting.frame === frame &&
        sighting.capture === capture &&
        sighting.dir === dir
      )
        sighting.mac ??= mac;
  }
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
  detail.cut = from.cut;
  for (const dir of [0, 1] as const) {
    const stream = from.streams[dir];
    const copy = stream === null ? null : copyStream(stream, segments(stream.pending)!);
    detail.streams = withSide(detail.streams, dir, copy);
    detail.datagrams = withSide(detail.datagrams, dir, segments(from.datagrams[dir]));
    detail.heads = withSide(detail.heads, dir, segments(from.heads[dir]));
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
