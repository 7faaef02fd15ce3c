/** What ended flows from outside: ICMP errors that quote a packet of theirs, and resets of the far end. */
import type { Reset } from "../flow/distances.ts";
import type { Quote } from "../flow/quotes.ts";
import * as R from "../flow/row.ts";
import { FlowView } from "./flow-view.ts";
import type { Observation } from "./observation.ts";

/** By flow: indices of the quotes that are about it, the newest flow of their key that had begun by then; their rows are marked. */
export function quotedFlows(seen: Observation): Map<number, number[]> {
  const quoted = new Map<number, number[]>();
  const { table, quotes } = seen.flows;
  const began = new FlowView(seen);
  const older = olderFlows(seen, quotes, began);
  quotes.forEach((quote, index) => {
    const { low, high, ports, meta, sec, nsec, dir } = quote;
    const newest = table.find(low, high, ports, meta);
    if (newest < 0) return;
    // By their times: one that had left a live run stands behind newer ones.
    let flow = newest;
    let [latestSec, latestNsec] = [-1, 0];
    for (const one of older.get(newest) ?? []) {
      const { firstSec, firstNsec } = began.move(one);
      if (firstSec > sec || (firstSec === sec && firstNsec > nsec)) continue;
      if (firstSec < latestSec || (firstSec === latestSec && firstNsec < latestNsec)) continue;
      flow = one;
      [latestSec, latestNsec] = [firstSec, firstNsec];
    }
    const known = quoted.get(flow);
    if (known === undefined) quoted.set(flow, [index]);
    else known.push(index);
    table.rows(flow)[table.at(flow) + R.STATE]! |= R.S_QUOTED << dir;
  });
  return quoted;
}

/** By flow: the reset of the far end that ended it. */
export function resetFlows({ flows: { table, distances } }: Observation): Map<number, Reset> {
  const resets = new Map<number, Reset>();
  for (const reset of distances.resets) {
    const flow = table.find(reset.low, reset.high, reset.ports, reset.meta);
    if (flow >= 0) resets.set(flow, reset);
  }
  return resets;
}

/** By the newest flow of a key that somebody quotes: all flows of that key, in order; nothing where there is one alone. */
function olderFlows({ flows }: Observation, quotes: readonly Quote[], view: FlowView): Map<number, number[]> {
  const all = new Map<number, number[]>();
  if (quotes.length === 0) return all;
  const { table } = flows;
  const asked = new Set(quotes.map(({ low, high, ports, meta }) => table.find(low, high, ports, meta)));
  for (let flow = 0; flow < table.count; flow++) {
    const row = table.rows(flow);
    const at = table.at(flow);
    const newest = table.find(row[at + R.LOW]!, row[at + R.HIGH]!, row[at + R.PORTS]!, row[at + R.META]!);
    if (!asked.has(newest)) continue;
    const known = all.get(newest);
    if (known === undefined) all.set(newest, [flow]);
    else known.push(flow);
  }
  const began = (flow: number): readonly [number, number] => {
    const { firstSec, firstNsec } = view.move(flow);
    return [firstSec, firstNsec];
  };
  // One that came back from a database stands behind younger ones.
  for (const list of all.values())
    if (list.length > 1)
      list.sort((a, b) => {
        const [[sec, nsec], [otherSec, otherNsec]] = [began(a), began(b)];
        return sec - otherSec || nsec - otherNsec;
      });
  return all;
}
