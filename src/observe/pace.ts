/**
 * How fast one host asks another, whatever over: questions in the busiest second, and how many were on their way at once.
 * The first is counted; the second is at most that many, because connections that overlap need not wait at the same moment.
 */
import type { Conversations } from "./conversations.ts";
import type { FlowView } from "./flow-view.ts";
import { operationsOf } from "./operations.ts";
import { flowsSaying } from "./said.ts";

export interface Pace {
  perSecond: number;
  atOnce: number;
}

/** Beginning and end of a flow, and how many of its questions were on their way at once. */
interface Span {
  from: number;
  to: number;
  atOnce: number;
}

/** Of each pair that asks anything the flows in which it may have, and its pace once somebody asked for it: most are nobody's. */
interface Pair {
  flows: number[];
  pace: Pace | null | undefined;
}

const KNOWN = new WeakMap<Conversations, ReadonlyMap<string, Pair>>();

/** Of the ends of a conversation's first flow; null where nothing was asked there. */
export function paceOf(all: Conversations, conversation: number): Pace | null {
  let pairs = KNOWN.get(all);
  if (pairs === undefined) {
    pairs = allPairs(all);
    KNOWN.set(all, pairs);
  }
  const view = all.view();
  for (const flow of all.flowsOf(conversation)) {
    const pair = pairs.get(keyOf(view.move(flow)));
    if (pair === undefined) return null;
    if (pair.pace === undefined) pair.pace = paceIn(all, pair.flows);
    return pair.pace;
  }
  return null;
}

function allPairs(all: Conversations): Map<string, Pair> {
  const view = all.view();
  const pairs = new Map<string, Pair>();
  for (const flow of flowsSaying(all.seen, "operation")) {
    if (all.gathered.has(flow)) continue; // whoever answers asks nothing
    const key = keyOf(view.move(flow));
    const known = pairs.get(key);
    if (known === undefined) pairs.set(key, { flows: [flow], pace: undefined });
    else known.flows.push(flow);
  }
  return pairs;
}

function paceIn(all: Conversations, flows: readonly number[]): Pace | null {
  const view = all.view();
  const seconds = new Map<number, number>();
  const spans: Span[] = [];
  for (const flow of flows) {
    const asked = operationsOf(all, view.move(flow).detail);
    if (asked.seconds.size === 0) continue;
    for (const [sec, count] of asked.seconds) seconds.set(sec, (seconds.get(sec) ?? 0) + count);
    const from = view.firstSec + view.firstNsec / 1e9;
    spans.push({ from, to: view.lastSec + view.lastNsec / 1e9, atOnce: asked.runs.longest });
  }
  if (spans.length === 0) return null;
  let perSecond = 0;
  for (const count of seconds.values()) if (count > perSecond) perSecond = count;
  return { perSecond, atOnce: mostAtOnce(spans) };
}

function keyOf(view: FlowView): string {
  const { dir } = view.initiator();
  return `${view.realm} ${view.family} ${view.address(dir)} ${view.address(1 - dir)}`;
}

function mostAtOnce(spans: readonly Span[]): number {
  const steps = spans.flatMap(({ from, to, atOnce }) => [
    { at: from, by: atOnce },
    { at: to, by: -atOnce },
  ]);
  // Where one ends and another begins at the same moment, both were there.
  steps.sort((a, b) => a.at - b.at || b.by - a.by);
  let now = 0;
  let most = 0;
  for (const { by } of steps) {
    now += by;
    if (now > most) most = now;
  }
  return most;
}
