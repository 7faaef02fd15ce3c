/**
 * A flow that asks for others, and those that fold into it (`observe/folds.ts`): a search and its answers, a control connection
 * and its data channels. They are one thing, a cluster, because what each says is told by the others' times, ports and ids.
 *
 *     searches at 9:00   Q1 ─▶ group   A1 ◀─ device   B1 ◀─ other device
 *     searches at 9:02   Q2 ─▶ group   A2 ◀─ device   B2 ◀─ other device     over and alike: Q2 stands in Q1's row, A2 in A1's, B2 in B1's
 */
import * as R from "../flow/row.ts";
import type { FlowView } from "../observe/flow-view.ts";
import { type Fold, findFolds } from "../observe/folds.ts";
import type { Observation } from "../observe/observation.ts";
import { flowsSaying } from "../observe/said.ts";
import { clusterText, rowKey } from "./alike.ts";
import { isReadWhole } from "./flows.ts";

/** Flows of one cluster; of more of them the rows stay. */
const MOST_FLOWS = 256;
/** Packets of one row: far from where a count would overflow. */
const MOST_PACKETS = 1 << 30;
/** Seconds within which a group's answer is its question's (`observe/group-answers.ts`). */
const SOON_SEC = 10;
/** Told by their order over all flows: who has an address. */
const IN_ORDER = /^dhcp/;

export class Clusters {
  readonly folds: ReadonlyMap<number, Fold>;
  /** By flow of a cluster that is over: the one in whose row it is counted. */
  readonly standsIn = new Map<number, number>();
  readonly #whole = new Set<number>();
  readonly #view: FlowView;

  /** `isOver`: moves `view` to the flow. */
  constructor(seen: Observation, view: FlowView, isOver: (flow: number) => boolean) {
    this.#view = view;
    const asking = [...flowsSaying(seen, "expect-flow")].filter((flow) => this.#asks(flow));
    this.folds = asking.length === 0 ? NO_FOLDS : findFolds(seen);
    const members = new Map<number, number[]>(asking.map((flow) => [flow, []]));
    for (const [flow, { into }] of this.folds) members.get(into)?.push(flow);
    const first = new Map<string, readonly number[]>();
    for (const [root, answers] of members) {
      if (this.folds.has(root) || answers.length >= MOST_FLOWS || ![root, ...answers].every(isOver)) continue;
      const found = this.#alike(root, answers);
      if (found === null) continue;
      for (const flow of found.flows) this.#whole.add(flow);
      const there = first.get(found.key);
      if (there === undefined) first.set(found.key, found.flows);
      // A row is written to its own place or before it, so whoever stands for others comes first.
      else if (there.every((flow, i) => flow < found.flows[i]!))
        for (const [i, flow] of found.flows.entries()) this.standsIn.set(flow, there[i]!);
    }
  }

  /** Part of a cluster that is over and known as a whole. */
  isWhole(flow: number): boolean {
    return this.#whole.has(flow);
  }

  #asks(flow: number): boolean {
    return this.#view
      .move(flow)
      .detail!.sightings.some(({ fact }) => fact.kind === "expect-flow" && fact.announced !== true);
  }

  /** What makes it equal to another, and its flows in an order that is the same in both; null where one of them tells more. */
  #alike(root: number, answers: readonly number[]): { key: string; flows: number[] } | null {
    const asked = this.#view.move(root).firstSec;
    const keys = new Map<number, string>();
    for (const flow of [root, ...answers]) {
      const view = this.#view.move(flow);
      const { detail } = view;
      if ((view.state & R.S_REPEAT) !== 0 || view.packets(0) + view.packets(1) > MOST_PACKETS) return null;
      if (detail !== null && !isReadWhole(detail)) return null;
      if (detail?.sightings.some(({ fact }) => fact.kind === "field" && IN_ORDER.test(fact.field))) return null;
      const soon = view.firstSec - asked < SOON_SEC;
      keys.set(flow, `${rowKey(view)}|${soon}|${detail === null ? "" : clusterText(detail)}`);
    }
    const sorted = [...answers].sort((a, b) => compare(keys.get(a)!, keys.get(b)!) || a - b);
    const flows = [root, ...sorted];
    return { key: flows.map((flow) => keys.get(flow)!).join("\n"), flows };
  }
}

const NO_FOLDS: ReadonlyMap<number, Fold> = new Map();

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
