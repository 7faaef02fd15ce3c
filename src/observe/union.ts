/**
 * The observations of threads that read the same captures and shared their flows by lanes (see `flow/lanes.ts`), as the
 * one that a single thread would have made.
 *
 * A flow is whole in one of them, so nothing is joined: rows are put in the order in which their flows began, counts of
 * flows are added, and what belongs to no flow was counted by each and is taken from the first. (`merge.ts` is for
 * observations of different captures.)
 */
import type { Edges } from "../flow/copies.ts";
import { movedKey, type Reset } from "../flow/distances.ts";
import { laneOfRow } from "../flow/lanes.ts";
import * as R from "../flow/row.ts";
import { CapCounter } from "../limits.ts";
import { countersOf, setCounters } from "./codec.ts";
import { newObservation, type Observation } from "./observation.ts";

/** Counters of frames, which every thread has counted whole; all others are of flows. */
const OF_FRAMES = new Set([
  ...["frames", "clockSteps", "clockJumps", "clockBackSec"],
  ...["fragmentsIncomplete", "fragmentOverlaps"],
]);

/** One thread's observation, and where its flows and addresses stand in the whole one. */
interface Share {
  seen: Observation;
  addresses: Int32Array;
  flows: Int32Array;
  /** Where its details begin among all: they stay together, so that what is encoded of them stays true. */
  details: number;
  /** The next flow to be taken. */
  next: number;
}

/** The first has lane 0. What it is made from may be used up. */
export function uniteShares(observations: readonly Observation[]): Observation {
  const first = observations[0]!;
  const caps = new CapCounter();
  const whole = newObservation(first.captures, first.realms, first.decoders, caps, false);
  whole.notPackets = first.notPackets;
  whole.etherTypes = first.etherTypes;
  whole.linkTypes = first.linkTypes;
  whole.neighbours = first.neighbours;
  whole.fragments = first.fragments;
  whole.flows.watch.keptTails = new Map();
  for (const { neighbours } of observations.slice(1))
    for (const claim of neighbours.claims.values()) whole.neighbours.add(claim);
  const shares = observations.map((seen) => shareOf(whole, seen));
  for (;;) {
    const oldest = earliest(shares);
    if (oldest === null) break;
    takeFlow(whole, oldest);
  }
  const sums = countersOf(first);
  for (const share of shares) {
    const { seen } = share;
    if (seen !== first)
      for (const [name, value] of Object.entries(countersOf(seen))) if (!OF_FRAMES.has(name)) sums[name]! += value;
    for (const [cap, hits] of seen.caps.hits) caps.hit(cap, hits);
    const { repeatsOf, watch } = whole.flows;
    for (const [key, repeats] of seen.flows.repeatsOf) repeatsOf.set(keyOf(share, key), repeats);
    takeEdges(share, seen.flows.watch.heads, watch.heads);
    takeEdges(share, seen.flows.watch.tails, watch.keptTails!);
  }
  setCounters(whole, sums);
  for (const { seen, addresses } of shares) {
    const { distances, hops, ttls } = seen.flows;
    const address = (index: number) => addresses[index]!;
    const same = (realm: number) => realm;
    for (const [key, ttls] of distances.answers) whole.flows.distances.answered(movedKey(key, address, same), ttls);
    for (const [key, sums] of seen.identified.senders.by)
      whole.identified.senders.add(movedKey(key, address, same), sums);
    for (const [key, hop] of hops.known) whole.flows.hops.note(movedKey(key, address, same), hop);
    whole.flows.ttls.merge(ttls, same);
  }
  for (const reset of shares.flatMap(resetsOf).sort((a, b) => a.order - b.order)) whole.flows.distances.add(reset);
  whole.flows.quotes.push(...shares.flatMap((share) => quotesOf(share)).sort((a, b) => a.order - b.order));
  return whole;
}

function shareOf(whole: Observation, seen: Observation): Share {
  const { ipv6, table } = seen.flows;
  const addresses = new Int32Array(ipv6.count);
  for (let i = 0; i < ipv6.count; i++) {
    addresses[i] = whole.flows.ipv6.of(ipv6.word(i, 0), ipv6.word(i, 1), ipv6.word(i, 2), ipv6.word(i, 3));
  }
  const { details } = whole.identified;
  const first = details.length;
  for (const detail of seen.identified.details) details.push(detail);
  return { seen, addresses, flows: new Int32Array(table.count), details: first, next: 0 };
}

/** The share whose next flow began first; null where all have been taken. */
function earliest(shares: readonly Share[]): Share | null {
  let found: Share | null = null;
  let least = 0;
  for (const share of shares) {
    const { table } = share.seen.flows;
    if (share.next === table.count) continue;
    const born = table.rows(share.next)[table.at(share.next) + R.BORN]!;
    // Modulo 2 ** 32: of two that are waiting at the same time the difference says which is older.
    const later = (born - least) | 0;
    if (found !== null && (later > 0 || (later === 0 && laneOf(share) > laneOf(found)))) continue;
    found = share;
    least = born;
  }
  return found;
}

/** The lane of its next flow: those that begin with one frame, a tunnel and what is in it, are taken in this order. */
function laneOf({ seen, next }: Share): number {
  const { ipv6, table } = seen.flows;
  return laneOfRow(table.rows(next), table.at(next), ipv6);
}

function takeFlow(whole: Observation, share: Share): void {
  const { seen } = share;
  const flow = share.next++;
  const from = seen.flows.table.rows(flow);
  const fromAt = seen.flows.table.at(flow);
  const meta = from[fromAt + R.META]!;
  const numbered = ((meta >>> 8) & 0xff) !== 4;
  const low = numbered ? share.addresses[from[fromAt + R.LOW]!]! : from[fromAt + R.LOW]!;
  const high = numbered ? share.addresses[from[fromAt + R.HIGH]!]! : from[fromAt + R.HIGH]!;
  const { table } = whole.flows;
  const added = table.add(low, high, from[fromAt + R.PORTS]!, meta);
  share.flows[flow] = added;
  if (added < 0) {
    whole.caps.hit("flows");
    return;
  }
  const row = table.rows(added);
  const at = table.at(added);
  R.copyRow(from, fromAt, row, at);
  row[at + R.LOW] = low;
  row[at + R.HIGH] = high;
  if (row[at + R.DETAIL] !== 0) row[at + R.DETAIL]! += share.details;
}

/** A flow's direction in the whole observation. */
function keyOf(share: Share, key: number): number {
  return share.flows[key >>> 1]! * 2 + (key & 1);
}

function takeEdges(share: Share, from: Edges, into: Edges): void {
  for (const [key, edges] of from) into.set(keyOf(share, key), edges);
}

function resetsOf({ seen, addresses }: Share): Reset[] {
  return seen.flows.distances.resets.map((reset) => {
    if (((reset.meta >>> 8) & 0xff) === 4) return reset;
    return { ...reset, low: addresses[reset.low]!, high: addresses[reset.high]! };
  });
}

function quotesOf({ seen, addresses }: Share): Observation["flows"]["quotes"] {
  return seen.flows.quotes.map((quote) => {
    if (((quote.meta >>> 8) & 0xff) === 4) return quote;
    const [low, high, sender] = [addresses[quote.low]!, addresses[quote.high]!, addresses[quote.sender]!];
    return { ...quote, low, high, sender };
  });
}
