/** A run that goes on judges only what has changed: after each piece of a capture the result is the same as judged anew. */
import test, { type ExecutionContext } from "ava";
import fc from "fast-check";
import { DECODERS } from "../../decoders/index.ts";
import { KeptJudgements } from "../../src/conform/kept.ts";
import { Ager } from "../../src/live/age.ts";
import { Observer } from "../../src/observe/observation.ts";
import { judge, judgeInSteps, type RunOptions } from "../../src/pipeline.ts";
import type { RunResult } from "../../src/report/result.ts";
import { atOnce } from "../../src/steps.ts";
import { readCases } from "../e2e/case.ts";
import { equal } from "../support/equal.ts";
import { readTrial, type Trial } from "../support/judged.ts";
import { TRY_ALL } from "../support/some.ts";

function told({ run, judged, rest, rules, lookups }: RunResult): unknown {
  const { bindings, warnings } = run;
  return structuredClone({ bindings, warnings, judged, rest: [...rest.rows()], rules, lookups });
}

/**
 * Feeds a trial's frames up to each cut and judges there twice. `fold`: flows are gone through and numbered anew between.
 * `turned`: what came later is fed first, as from a second interface, so that evidence comes for what was judged before.
 */
function goesOn(t: ExecutionContext, trial: Trial, cuts: number[], fold: boolean, turned: boolean): void {
  const half = trial.frames.length >>> 1;
  const frames = turned ? [...trial.frames.slice(half), ...trial.frames.slice(0, half)] : trial.frames;
  const captures = trial.captures.map((info) => ({ ...info }));
  const observer = new Observer(captures, DECODERS);
  const ager = new Ager(observer.observation, 0);
  const kept = new KeptJudgements();
  const options: RunOptions = { ...trial.options, infer: true };
  let at = 0;
  for (const cut of [...cuts, half, frames.length, frames.length].sort((a, b) => a - b)) {
    for (; at < cut; at++) observer.frame(frames[at]!);
    const anew = told(judge(observer.observation, options, "", false));
    const result = atOnce(judgeInSteps(observer.observation, options, "", false, kept));
    equal(t, told(result), anew);
    if (fold) ager.age();
  }
  if (fold) return; // of equal flows only the first one's frames are left
  const once = new Observer(trial.captures, DECODERS);
  for (const frame of frames) once.frame(frame);
  const whole = told(judge(once.observation, options, "", false));
  equal(t, told(atOnce(judgeInSteps(observer.observation, options, "", false, kept))), whole);
}

/** Whether flows are folded, and whether evidence comes late: a case is tried in two of these ways, its neighbour in the others. */
const WAYS = [
  [false, false],
  [true, true],
  [false, true],
  [true, false],
] as const;

for (const [i, one] of readCases()
  .filter(({ args }) => args[0] === "check")
  .entries()) {
  test.serial(`${one.name}: what has not changed is not judged again, and nothing else is said`, async (t) => {
    const trial = await readTrial(one);
    const cut = fc.array(fc.nat(trial.frames.length), { minLength: 1, maxLength: 4 });
    const seed = (fc.readConfigureGlobal().seed ?? 0) + i;
    for (const [fold, turned] of TRY_ALL ? WAYS : WAYS.slice(2 * (i % 2), 2 * (i % 2) + 2))
      fc.assert(
        fc.property(cut, (cuts) => goesOn(t, trial, cuts, fold, turned)),
        { numRuns: 1, seed },
      );
    t.pass();
  });
}
