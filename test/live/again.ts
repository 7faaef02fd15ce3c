/** A case's capture that comes again and again, hours apart, for what becomes of a run that goes on. */
import { DECODERS } from "../../decoders/index.ts";
import type { Frame } from "../../src/capture/frame.ts";
import { type Observation, Observer } from "../../src/observe/observation.ts";
import type { Trial } from "../support/judged.ts";

const TIMES = 3;
const APART_SEC = 3 * 3600;

/** What an observer sees of it. `each`: what happens behind every frame. */
export async function observeAgain(
  trial: Trial,
  each: (seen: Observation) => void | Promise<void>,
): Promise<Observation> {
  const captures = trial.captures.map((info) => ({ ...info, lastSec: 0 }));
  const observer = new Observer(captures, DECODERS);
  for (let time = 0; time < TIMES; time++) {
    for (const frame of trial.frames) {
      const later: Frame = Object.assign(Object.create(Object.getPrototypeOf(frame) as object) as Frame, frame);
      later.sec += time * APART_SEC;
      const capture = captures[later.capture]!;
      capture.lastSec = Math.max(capture.lastSec, later.sec);
      observer.frame(later);
      await each(observer.observation);
    }
  }
  return observer.observation;
}
