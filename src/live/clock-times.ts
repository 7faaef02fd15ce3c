/**
 * Exchanges of NTP, of which a run of weeks sees ever new ones, many from a port of their own: each says other times, so none
 * equals another. Of a pair of hosts the first count, and those that decide by how much their clocks are apart: what is left
 * out changes neither what is proved to be exceeded nor what is proved to hold (`conform/clocks.ts`).
 */
import { ENOUGH, exchangesOfFlow, farthestOf } from "../conform/clocks.ts";
import type { FlowDetail } from "../decode/details.ts";
import type { Fact } from "../decode/facts.ts";
import type { Exchange } from "../observe/exchanges.ts";

/** Exchanges of one pair that keep their times whatever they say: two clients are also compared by when they asked. */
const FIRST = 64;
/** Pairs that are known; beyond it they begin anew. */
const MOST_PAIRS = 65_536;

interface Pair {
  count: number;
  /** The largest lower bounds, the smallest upper ones, and how far the clocks may be apart. */
  least: number[];
  most: number[];
  lowest: number;
  highest: number;
}

export class ClockTimes {
  readonly #pairs = new Map<string, Pair>();
  readonly #first: number;

  /** `first`: for tests. */
  constructor(first = FIRST) {
    this.#first = first;
  }

  /** What a flow between two hosts says, without its times where they tell nothing new. */
  thin(hosts: string, detail: FlowDetail): void {
    const { sightings } = detail;
    const exchanges = ([0, 1] as const).flatMap((there) => exchangesOfFlow({ sightings, there }).exchanges);
    if (!this.tell(hosts, exchanges)) detail.sightings = sightings.filter(({ fact }) => !isTime(fact));
  }

  /** True where one of them is among the first of its pair, or decides something. */
  tell(hosts: string, exchanges: readonly Exchange[]): boolean {
    const pair = this.#pairs.get(hosts) ?? { count: 0, least: [], most: [], lowest: Infinity, highest: -Infinity };
    if (this.#pairs.size >= MOST_PAIRS) this.#pairs.clear();
    this.#pairs.set(hosts, pair);
    let tells = pair.count < this.#first;
    pair.count++;
    for (const one of exchanges) {
      const farthest = farthestOf(one);
      tells = isAmong(pair.least, -one.least) || tells;
      tells = isAmong(pair.most, one.most) || tells;
      tells ||= farthest < pair.lowest || farthest > pair.highest;
      pair.lowest = Math.min(pair.lowest, farthest);
      pair.highest = Math.max(pair.highest, farthest);
    }
    return tells;
  }
}

/** Puts a number among the `ENOUGH` smallest, where it is one of them. */
function isAmong(smallest: number[], value: number): boolean {
  if (smallest.length === ENOUGH && value >= smallest.at(-1)!) return false;
  smallest.push(value);
  smallest.sort((a, b) => a - b);
  smallest.splice(ENOUGH);
  return true;
}

function isTime(fact: Fact): boolean {
  return fact.kind === "field" && (fact.field === "ntp.receive" || fact.field === "ntp.transmit");
}
