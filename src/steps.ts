/** Long work in steps: a generator that yields wherever it may pause, to be run at once or with turns for all else. */
import { setImmediate } from "node:timers/promises";
import { nowMs } from "./time.ts";

export type Steps<Result> = Generator<void, Result, void>;

export function atOnce<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** Signals and timers get their turn every `turnMs`; null where `givenUp` says after one that nobody wants the rest. */
export async function inTurns<Result>(
  steps: Steps<Result>,
  turnMs: number,
  givenUp: () => boolean,
): Promise<Result | null> {
  for (let turn = nowMs(); ; ) {
    const step = steps.next();
    if (step.done === true) return step.value;
    if (nowMs() - turn < turnMs) continue;
    await setImmediate();
    if (givenUp()) return null;
    turn = nowMs();
  }
}
