import * as R from "../flow/row.ts";
import type { Observation } from "./observation.ts";

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
