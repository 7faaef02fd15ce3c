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
import { movedKey } from "../flow/distances.ts";
import * as R from "../flow/row.ts";
import { CapCounter, LIMITS } from "../limits.ts";
import { compareInstants, type Instant } from "../time.ts";
import { countersOf, setCounters } from "./codec.ts";
import { FlowJoiner, type Source } from "./merge-flows.ts";
import { joinFragments } from "./merge-fragments.ts";
import { firstDir } from "./merge-rows.ts";
import { newObservation, type Observation } from "./observation.ts";
import { pointsOf } from "./points.ts";

export function mergeObservations(observations: readonly Observation[], decoders: readonly Decoder[]): Observation {
  const points = pointsOf(observations);
  if (points.length === 1) return merge(observations, decoders, false);
  const wholes = points.map((point) => (point.length === 1 ? point[0]! : merge(point, decoders, false)));
  return merge(wholes, decoders, true);
}

/** `apart`: each observation is of a capture point of its own; else they are slices of one. */
function merge(observations: readonly Observation[], decoders: readonly Decoder[], apart: boolean): Observation {
  const caps = new CapCounter();
  const captures: CaptureInfo[] = [];
  const realms: string[] = [];
  const merged = newObservation(captures, realms, decoders, caps);
  merged.flows.watch.keptTails = new Map();
  const sources = observations.map((seen) => addSource(merged, captures, realms, seen));
  const kept = sources.map(({ seen, captureOffset }) => ({ open: seen.fragments.open, captureOffset }));
  for (const between of joinFragments(kept, captures, decoders, (open) => merged.fragments.restore(open)))
    sources.push({ ...addSource(merged, captures, realms, between), captureOffset: 0, isBetween: true });
  const joiner = new FlowJoiner(merged, apart);
  for (const [source, flow] of inOrder(sources)) joiner.piece(source, flow);
  addCounts(merged, sources);
  for (const source of sources) {
    addQuotes(merged, source);
    addDistances(merged, source);
  }
  merged.flows.holes.opened += joiner.gaps;
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
  const { tails } = seen.flows.watch;
  return { seen, captureOffset, realms: realmNumbers, addresses, tails, isBetween: false };
}

/** All pieces of all sources, oldest first; where clocks are coarse, those of the source that began first. */
function inOrder(sources: readonly Source[]): [Source, number][] {
  const pieces: [Source, number][] = [];
  for (const source of [...sources].sort((a, b) => compareInstants(beginOf(a), beginOf(b))))
    for (let flow = 0; flow < source.seen.flows.table.count; flow++) pieces.push([source, flow]);
  const first = ([source, flow]: [Source, number], word: 0 | 1): number => {
    const row = source.seen.flows.table.rows(flow);
    const at = source.seen.flows.table.at(flow);
    const dir = firstDir(row, at);
    return row[at + R.FIRST + dir * 2 + word]!;
  };
  return pieces.sort((a, b) => first(a, 0) - first(b, 0) || first(a, 1) - first(b, 1));
}

/** When its first capture began; those without captures of their own stand behind all others. */
function beginOf({ seen }: Source): Instant {
  const read = seen.captures.filter((capture) => capture.packets > 0);
  const begun = read.map(({ firstSec, firstNsec }) => ({ sec: firstSec, nsec: firstNsec }));
  return begun.sort(compareInstants)[0] ?? { sec: Number.MAX_SAFE_INTEGER, nsec: 0 };
}

function addCounts(merged: Observation, sources: readonly Source[]): void {
  const sum = countersOf(merged);
  for (const { seen } of sources) {
    for (const [name, value] of Object.entries(countersOf(seen))) sum[name] = (sum[name] ?? 0) + value;
    for (const [cap, hits] of seen.caps.hits) merged.caps.hit(cap, hits);
    for (const map of ["notPackets", "etherTypes", "linkTypes"] as const)
      addMap(merged[map] as Map<string | number, number>, seen[map]);
  }
  for (const { seen, captureOffset, realms } of sources)
    for (const claim of seen.neighbours.claims.values()) {
      const moved = { ...claim, realm: realms[claim.realm]!, capture: claim.capture + captureOffset };
      if (claim.own !== undefined) moved.own = { ...claim.own, capture: claim.own.capture + captureOffset };
      if (claim.last !== undefined) moved.last = { ...claim.last, capture: claim.last.capture + captureOffset };
      merged.neighbours.add(moved);
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

function addDistances(merged: Observation, source: Source): void {
  const { distances } = merged.flows;
  const realmOf = (realm: number) => source.realms[realm]!;
  const addressOf = (index: number) => source.addresses[index]!;
  for (const [key, ttls] of source.seen.flows.distances.answers)
    distances.answered(movedKey(key, addressOf, realmOf), ttls);
  for (const [key, sums] of source.seen.identified.senders.by)
    merged.identified.senders.add(movedKey(key, addressOf, realmOf), sums);
  for (const [key, hop] of source.seen.flows.hops.known) merged.flows.hops.note(movedKey(key, addressOf, realmOf), hop);
  merged.flows.ttls.merge(source.seen.flows.ttls, realmOf);
  for (const reset of source.seen.flows.distances.resets) {
    const v6 = ((reset.meta >>> 8) & 0xff) === 6;
    distances.add({
      ...reset,
      low: v6 ? addressOf(reset.low) : reset.low,
      high: v6 ? addressOf(reset.high) : reset.high,
      meta: (reset.meta & 0xffff) | (realmOf(reset.meta >>> 16) << 16),
      capture: reset.capture + source.captureOffset,
    });
  }
}
