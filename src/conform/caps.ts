/**
 * What a cap that was reached means for verdicts. Where it may have kept something from being read, what was read proves
 * nothing by itself, and nothing may be missed: the verdict says which cap it was.
 *
 *     one flow         it is not `documented` (`FlowDetail.cut`)
 *     whole packets    they may have been anybody's: nothing is `documented`, and no rule is judged but by what breaks it
 *     ICMP errors      a flow that wants no answer may have been refused all the same
 */
import type { Cap } from "../limits.ts";
import type { Expectation } from "../model/types.ts";
import type { Observation } from "../observe/observation.ts";
import { capsOf } from "../observe/quality.ts";
import { type Clause, unproved } from "./clause.ts";
import type { SubjectFlow } from "./subject-flow.ts";

/** Caps beyond which packets are part of no flow. */
const HIDING: readonly Cap[] = ["layers", "fragmentDatagrams", "fragmentBytes", "fragmentHoles", "flows", "addresses"];

const WHAT_NEXT = "capture for a shorter time, or less of it with -f";

export interface CapsReached {
  /** As a clause of every rule, where whole packets were left out; null where none were. */
  packets: Clause | null;
  /** The same for flows that want no answer. */
  errors: Clause | null;
}

export const NO_CAPS: CapsReached = { packets: null, errors: null };

export function capsReached(seen: Observation): CapsReached {
  const caps = capsOf(seen);
  const hiding = HIDING.filter((cap) => (caps.get(cap) ?? 0) > 0);
  return {
    packets:
      hiding.length === 0 ? null : clause(`packets were left out, and whose they were is not known`, hiding.join(", ")),
    errors: caps.has("quotes") ? clause("more ICMP errors came than are kept", "quotes") : null,
  };
}

/** What of a flow was not read, as a clause of each rule that could cover it; null where nothing is known to lack. */
export function cutClause(flow: SubjectFlow, silent: boolean, { packets, errors }: CapsReached): Clause | null {
  if (flow.cut !== null) return clause("not all that was said was read", flow.cut);
  if (errors !== null && flow.connectionless && (silent || flow.answered === 0)) return errors;
  return packets;
}

/** An expectation that every message of a flow counts for, where some found no room. */
export function unkeptClause(expectation: Expectation, { dropped }: SubjectFlow): Clause | null {
  if (dropped === 0 || !FOR_EVERY_MESSAGE.has(expectation.kind)) return null;
  return clause(`${expectation.text}: ${dropped} facts of it found no room`, "factsPerFlow");
}

const FOR_EVERY_MESSAGE: ReadonlySet<Expectation["kind"]> = new Set(["field", "content-type", "ntp-offset"]);

function clause(says: string, cap: string): Clause {
  return unproved("expect", "cap-reached", `a limit of Wirepact was reached (${cap}): ${says}`, WHAT_NEXT);
}
