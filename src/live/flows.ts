/** What is asked of a flow by all who take it, or what was said in it, out of a run's memory. */
import type { FlowDetail } from "../decode/details.ts";
import * as R from "../flow/row.ts";
import type { Conversations } from "../observe/conversations.ts";
import type { FlowView } from "../observe/flow-view.ts";
import type { Observation } from "../observe/observation.ts";

/** The time of the last packet, in seconds since 1970. */
export function latestSec({ captures }: Observation): number {
  return captures.reduce((latest, capture) => Math.max(latest, capture.lastSec), 0);
}

/** All that was said in it was read, and stands in its sightings. */
export function isReadWhole({ operations, dropped, undecoded, cut }: FlowDetail): boolean {
  return operations === null && dropped === 0 && undecoded === 0 && cut === null;
}

/** Which flows are part of others, or of several conversations. */
export class Ties {
  readonly #all: Conversations;
  /** Flows that lead to others. */
  readonly #leading: ReadonlySet<number>;

  constructor(all: Conversations) {
    this.#all = all;
    this.#leading = new Set([...all.hiddenChannels.values(), ...all.copies.values()]);
  }

  /** `view` is at the flow. */
  has({ flow, state }: FlowView): boolean {
    const all = this.#all;
    if ((state & R.S_REPEAT) !== 0 || all.folds.has(flow) || all.answeredBy.has(flow) || all.copies.has(flow))
      return true;
    return all.hiddenChannels.has(flow) || this.#leading.has(flow) || all.conversationsOf(flow).length > 1;
  }
}
