/**
 * What kinds of facts flows say, by flow: most packets of a network are of flows of which nothing is said, and most
 * flows that say something say nothing of what one pass looks for. Read once for a judgement, for all passes.
 */
import { FACT_BITS, kindsOf } from "../decode/details.ts";
import type { Fact } from "../decode/facts.ts";
import * as R from "../flow/row.ts";
import type { Observation } from "./observation.ts";

export class Said {
  /** Flows with a detail, in order, and of each the kinds of its facts, as bits. */
  readonly flows: Int32Array;
  readonly #kinds: Uint16Array;
  /** The same by detail: of all flows that have it. */
  readonly #ofDetails: Uint16Array;
  /** The kinds of all. */
  readonly #any: number;

  constructor(seen: Observation) {
    this.flows = flowsWithDetail(seen);
    this.#kinds = new Uint16Array(this.flows.length);
    const { details } = seen.identified;
    this.#ofDetails = new Uint16Array(details.length);
    const { table } = seen.flows;
    let any = 0;
    for (let i = 0; i < this.flows.length; i++) {
      const flow = this.flows[i]!;
      const index = table.rows(flow)[table.at(flow) + R.DETAIL]! - 1;
      const kinds = kindsOf(seen.ends?.get(flow)?.detail ?? details[index]!);
      this.#kinds[i] = kinds;
      this.#ofDetails[index]! |= kinds;
      any |= kinds;
    }
    this.#any = any;
  }

  /** What a flow may say of whose row this is the DETAIL word: one of several that share it may say less. */
  of(detail: number): number {
    return detail === 0 ? 0 : (this.#ofDetails[detail - 1] ?? ANYTHING);
  }

  /** Flows that say something of these kinds (bits), in order. */
  saying(kinds: number): Int32Array {
    if ((this.#any & kinds) === 0) return NO_FLOWS;
    const found = new Int32Array(this.flows.length);
    let count = 0;
    for (let i = 0; i < found.length; i++) if ((this.#kinds[i]! & kinds) !== 0) found[count++] = this.flows[i]!;
    return found.subarray(0, count);
  }
}
const NO_FLOWS = new Int32Array(0);
const ANYTHING = 0xffff;

/** Flows that say something of one of these kinds, in order. */
export function flowsSaying(seen: Observation, ...kinds: Fact["kind"][]): Int32Array {
  const bits = kinds.reduce((all, kind) => all | FACT_BITS[kind], 0);
  return (seen.said ?? new Said(seen)).saying(bits);
}

/**
 * The flows of which something was said, in order: most packets of a network are of others, and whoever looks for facts
 * need not look at those. (Ten passes over 100,000 flows of which nobody said anything took 60 ms.)
 */
export function flowsWithDetail({ flows: { table } }: Observation): Int32Array {
  const found = new Int32Array(table.count);
  let count = 0;
  for (let flow = 0; flow < table.count; flow++) {
    if (table.rows(flow)[table.at(flow) + R.DETAIL] !== 0) found[count++] = flow;
  }
  return found.subarray(0, count);
}
