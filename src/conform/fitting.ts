/**
 * Of the rules in question for a conversation those that neither their condition nor their ports keep from it: few of many, and
 * the same few for all that ask alike.
 */
import type { Candidate } from "./candidates.ts";
import { conditionOf, type LoadedModel } from "./cover.ts";
import { overClause, overKey } from "./over-clause.ts";
import type { Subject } from "./subject.ts";
import type { SubjectFlow } from "./subject-flow.ts";

/** In their order. `candidates`: a list that the model's index gave; what is found is kept beside it. */
export function fitting(
  loaded: LoadedModel,
  candidates: readonly Candidate[],
  subject: Subject,
  flow: SubjectFlow,
): readonly Candidate[] {
  const key = overKey(loaded, subject, flow);
  let known = FITTING.get(candidates);
  if (known === undefined) {
    known = new Map();
    FITTING.set(candidates, known);
  }
  let found = known.get(key);
  if (found === undefined || key < 0) {
    found = candidates.filter(
      ({ rule }) =>
        conditionOf(loaded, rule).result !== "failed" && overClause(loaded, rule, subject, flow).result !== "failed",
    );
    if (known.size >= MOST_KEYS) known.clear();
    known.set(key, found);
  }
  return found;
}
const FITTING = new WeakMap<readonly Candidate[], Map<number, readonly Candidate[]>>();
/** Ports and transports of one list, which is mostly one port's. */
const MOST_KEYS = 64;
