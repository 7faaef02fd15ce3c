/** What ended flows from outside: ICMP errors that quote a packet of theirs, and resets of the far end. */
import type { Reset } from "../flow/distances.ts";
import * as R from "../flow/row.ts";
import { tableOf } from "../flow/table.ts";
import { FlowView } from "./flow-view.ts";
import type { Observation } from "./observation.ts";

/** By flow: indices of the quotes that are about it, the newest flow of their key that had begun by then; their rows are marked. */
export function quotedFlows(seen: Observation): Map<number, number[]> {
  const quoted = new Map<number, number[]>();
  const { table, quotes } = seen.flows;
  const began = new FlowView(seen);
  const newestOf = table.newestOf(quotes);
  const older = olderFlows(seen, newestOf, began);
  quotes.forEach(({ sec, nsec, dir }, index) => {
    const newest = newestOf[index]!;
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
  const flows = table.newestOf(distances.resets);
  for (const [i, reset] of distances.resets.entries()) if (flows[i]! >= 0) resets.set(flows[i]!, reset);
  return resets;
}

/** By the newest flow of a key that somebody quotes, one a quote: all flows of that key, in order. */
function olderFlows({ flows }: Observation, newestOf: Int32Array, view: FlowView): Map<number, number[]> {
  const all = new Map<number, number[]>();
  const { table, quotes } = flows;
  if (quotes.length === 0) return all;
  const [asked, places] = tableOf(quotes);
  const lists = Array.from({ length: asked.count }, (): number[] => []);
  for (let flow = 0; flow < table.count; flow++) lists[asked.keyOf(table.rows(flow), table.at(flow))]?.push(flow);
  for (const [i, place] of places.entries()) all.set(newestOf[i]!, lists[place]!);
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
