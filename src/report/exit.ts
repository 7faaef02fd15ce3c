/** The exit code of a judged run, by the published contract: the first that applies of 3, 1, 4, 0. */
import { driftOf } from "./drift.ts";
import type { RunResult } from "./result.ts";

export type RunExitCode = 0 | 1 | 3 | 4;

/**
 * - 3: a capture could not be read or is damaged before its last record (a cut last record is no damage).
 * - 1: drift; with `strict` also what is not proved.
 * - 4: nothing could be judged. A run without a model judges nothing on purpose: 0.
 * - 0: something could be judged, and there is no drift.
 *
 * 2 (usage) and 5 (internal and storage failures) are no property of a result.
 */
export function exitCodeOf(result: RunResult, strict: boolean): RunExitCode {
  if (result.captures.some((capture) => capture.damage !== null)) return 3;
  if (result.run.models.length === 0) return 0;
  if (driftOf(result, strict).count > 0) return 1;
  return whyNothingJudged(result) === null ? 0 : 4;
}

/** Why nothing could be judged, as a sentence; null where something could. */
export function whyNothingJudged(result: RunResult): string | null {
  const { bindings } = result.run;
  if (bindings.length === 0)
    return "No bound or inferred host was seen: no role is bound to a host, and the traffic singles none out.";
  if (!bindings.some((binding) => binding.seen))
    return "No bound or inferred host was seen: none that is bound to a role appears in the capture.";
  if (result.rules.every((rule) => rule.status === "not-evaluable"))
    return "No rule could be evaluated from this capture.";
  return null;
}
