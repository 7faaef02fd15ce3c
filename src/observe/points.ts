/**
 * Which observations are slices of one capture point, and which saw the same at once: a second sensor, or the same capture
 * given again, as a file, a copy or a database.
 *
 *     time       ─────────────────────────▶
 *     monday     ├─────────┤┆                 slices of one point follow one another: their pieces are joined
 *     tuesday               ┆├─────────┤
 *     both days  ├─────────────────────┤      another point: what it saw is united with that, and its counts never added
 */
import type { Edge, Edges } from "../flow/copies.ts";
import { compareInstants, type Instant } from "../time.ts";
import type { Observation } from "./observation.ts";

/** Captures that overlap by less than this are slices of one, cut where frames were a little out of order. */
const SLICE_OVERLAP_SEC = 1;

/** The time span of an observation's captures; null where nothing was read. */
interface Span {
  seen: Observation;
  begin: Instant;
  end: Instant;
}

/** Every observation once, those of one capture point together, oldest first; what has no times stands with the first. */
export function pointsOf(observations: readonly Observation[]): Observation[][] {
  const points: Span[][] = [];
  const timeless: Observation[] = [];
  const spans = observations.flatMap((seen) => {
    const span = spanOf(seen);
    if (span === null) timeless.push(seen);
    return span ?? [];
  });
  for (const span of spans.sort((a, b) => compareInstants(a.begin, b.begin) || compareInstants(a.end, b.end))) {
    // Of several that it may go on for, that which ended just before is likeliest to be its own.
    const sinceEnd = (point: readonly Span[]): number =>
      Math.min(...point.map(({ end }) => Math.abs(secondsBetween(end, span.begin))));
    const [before] = points
      .filter((point) => !point.some((other) => seeTheSame(other, span)))
      .sort((a, b) => sinceEnd(a) - sinceEnd(b));
    if (before === undefined) points.push([span]);
    else before.push(span);
  }
  const [first = [], ...others] = points.map((point) => point.map(({ seen }) => seen));
  return [[...first, ...timeless], ...others];
}

function spanOf(seen: Observation): Span | null {
  const read = seen.captures.filter(({ packets }) => packets > 0);
  if (read.length === 0) return null;
  const begins = read.map(({ firstSec, firstNsec }) => ({ sec: firstSec, nsec: firstNsec })).sort(compareInstants);
  const ends = read.map(({ lastSec, lastNsec }) => ({ sec: lastSec, nsec: lastNsec })).sort(compareInstants);
  return { seen, begin: begins[0]!, end: ends.at(-1)! };
}

function secondsBetween(from: Instant, to: Instant): number {
  return to.sec - from.sec + (to.nsec - from.nsec) / 1e9;
}

/** By their times; of short ones, which may be slices that were cut amid frames out of order, by a packet that both have. */
function seeTheSame(a: Span, b: Span): boolean {
  const from = compareInstants(a.begin, b.begin) > 0 ? a.begin : b.begin;
  const to = compareInstants(a.end, b.end) < 0 ? a.end : b.end;
  const overlap = secondsBetween(from, to);
  if (overlap > SLICE_OVERLAP_SEC) return true;
  if (overlap < 0) return false;
  const { heads, tails } = a.seen.flows.watch;
  const others = b.seen.flows.watch;
  return sharesOne(heads, others.heads) || sharesOne(tails, others.tails);
}

/** A print holds what the packet is and which path it took: with its time it is no other packet's. */
function sharesOne(mine: Edges, theirs: Edges): boolean {
  const nameOf = ({ print, sec, nsec }: Edge, key: number): string => `${key & 1} ${print} ${sec} ${nsec}`;
  const known = new Set<string>();
  for (const [key, edges] of mine) for (const edge of edges) known.add(nameOf(edge, key));
  for (const [key, edges] of theirs) if (edges.some((edge) => known.has(nameOf(edge, key)))) return true;
  return false;
}
