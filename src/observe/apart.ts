/** Operations of a flow while a merge puts a later piece behind it. */
import type { FlowDetail } from "../decode/details.ts";
import type { Sighting } from "../decode/facts.ts";
import type { OperationTally } from "../decode/tally.ts";
import type { FrameOrder } from "./frame-order.ts";
import type { Observation } from "./observation.ts";

/**
 * While a later piece's facts are put behind a flow's own: operations that were counted by kind stand between the two, so
 * the later ones are kept apart, brought into the order of time, and counted behind them.
 */
export class Apart {
  readonly #detail: FlowDetail;
  readonly #identified: Observation["identified"];
  /** Facts from before the count; null where there is none. */
  readonly #before: Sighting[] | null;
  readonly #counted: OperationTally | null;

  constructor(detail: FlowDetail, identified: Observation["identified"]) {
    this.#detail = detail;
    this.#identified = identified;
    this.#counted = detail.operations;
    this.#before = detail.operations === null ? null : detail.sightings;
    if (this.#before !== null) detail.sightings = [];
    detail.operations = null;
    identified.tallies = false;
  }

  join(later: OperationTally | null, order: FrameOrder): void {
    const detail = this.#detail;
    this.#identified.tallies = true;
    detail.sightings.sort(order);
    if (this.#before === null || this.#counted === null) {
      detail.operations = later;
      return;
    }
    const before = this.#before;
    for (const sighting of detail.sightings) {
      const { fact, dir, capture, frame, sec, nsec } = sighting;
      if (fact.kind === "operation") this.#counted.add(fact, dir, capture, frame, sec, nsec);
      else before.push(sighting);
    }
    detail.sightings = before;
    detail.operations = this.#counted;
    if (later !== null) this.#counted.append(later);
  }
}

/** What two points counted of one flow: as whoever saw more counted it, with what only the other saw. Both are used up. */
export function united(a: OperationTally | null, b: OperationTally | null): OperationTally | null {
  if (a === null || b === null) return a ?? b;
  const [more, less] = weight(b) > weight(a) ? [b, a] : [a, b];
  more.unite(less);
  return more;
}

/** How much a count has seen. */
function weight(tally: OperationTally | null): number {
  return tally === null ? 0 : tally.kinds.reduce((sum, kind) => sum + kind.count, 0);
}
