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

interface Asked {
  seconds: Map<number, number>;
  /** Beginning and end of each flow, and how many of its questions were on their way at once. */
  spans: { from: number; to: number; atOnce: number }[];
}

const KNOWN = new WeakMap<Conversations, ReadonlyMap<string, Pace>>();

/** Of the ends of a conversation's first flow; null where nothing was asked there. */
export function paceOf(all: Conversations, conversation: number): Pace | null {
  let paces = KNOWN.get(all);
  if (paces === undefined) {
    paces = allPaces(all);
    KNOWN.set(all, paces);
  }
  const view = all.view();
  for (const flow of all.flowsOf(conversation)) return paces.get(keyOf(view.move(flow))) ?? null;
  return null;
}

function allPaces(all: Conversations): Map<string, Pace> {
  const view = all.view();
  const asked = new Map<string, Asked>();
  for (const flow of flowsSaying(all.seen, "operation")) {
    if (all.gathered.has(flow)) continue; // whoever answers asks nothing
    const { seconds, runs } = operationsOf(all, view.move(flow).detail);
    if (seconds.size === 0) continue;
    const key = keyOf(view);
    const of = asked.get(key) ?? { seconds: new Map<number, number>(), spans: [] };
    asked.set(key, of);
    for (const [sec, count] of seconds) of.seconds.set(sec, (of.seconds.get(sec) ?? 0) + count);
    const from = view.firstSec + view.firstNsec / 1e9;
    of.spans.push({ from, to: view.lastSec + view.lastNsec / 1e9, atOnce: runs.longest });
  }
  const paces = new Map<string, Pace>();
  for (const [key, { seconds, spans }] of asked) {
    let perSecond = 0;
    for (const count of seconds.values()) if (count > perSecond) perSecond = count;
    paces.set(key, { perSecond, atOnce: mostAtOnce(spans) });
  }
  return paces;
}

function keyOf(view: FlowView): string {
  const { dir } = view.initiator();
  return `${view.realm} ${view.family} ${view.address(dir)} ${view.address(1 - dir)}`;
}

function mostAtOnce(spans: Asked["spans"]): number {
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
