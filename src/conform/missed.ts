/** Rules that do not cover a flow: what speaks against them is told of it, and the nearest of them, where none covers it. */
import type { FrameRef } from "../report/result.ts";
import type { Candidate } from "./candidates.ts";
import type { Judges } from "./judge.ts";
import type { Subject } from "./subject.ts";
import type { SubjectFlow } from "./subject-flow.ts";
import { clausesOf, type Tried, tryRule } from "./trial.ts";

/** Of the rules in question, model by model, all that fail, in order. `tries`: those that were tried already. */
export function missedOf(
  subject: Subject,
  flow: SubjectFlow,
  judges: Judges,
  asked: readonly (readonly Candidate[])[],
  tries: readonly Tried[],
): Tried[] {
  const missed: Tried[] = [];
  let next = 0;
  for (const [i, loaded] of judges.models.entries())
    for (const { rule } of asked[i]!) {
      if (subject.goesByPort && rule.apps !== null) continue;
      const known = tries[next]?.rule === rule ? tries[next++] : undefined;
      const tried = known ?? tryRule(loaded, rule, subject, flow, judges.context);
      if (known === undefined || isMissed(known)) missed.push(tried);
    }
  return missed;
}

/** True where a rule does not cover it. Most fail by one of these, the ones that are told soonest first. */
export function isMissed(tried: Tried): boolean {
  return (
    tried.over.result === "failed" ||
    tried.when.result === "failed" ||
    tried.who.result === "failed" ||
    tried.app.result === "failed" ||
    tried.whom.result === "failed"
  );
}

/** Frames that speak against rules which fail. They say something only where one of a rule's two ends is really there. */
export function addAgainst(missed: readonly Tried[], subject: Subject, against: FrameRef[]): FrameRef[] {
  if (subject.initiatorRoles.length === 0 && subject.responderRoles.length === 0) return against;
  for (const tried of missed) {
    if (tried.who.result !== "proved") continue;
    for (const clause of clausesOf(tried)) for (const ref of clause.against) against.push(ref);
  }
  return against;
}
