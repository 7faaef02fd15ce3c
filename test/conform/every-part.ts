/** Small scenes held to the promises of "Proof, not absence" in every part of them. */
import { type Judged, judgeFrames, keyOf, type Trial } from "../support/judged.ts";
import { brokenPromises } from "../support/promises.ts";

/** Every set of frames deleted, and the first that breaks a promise. */
export function brokenBySomePart(trial: Trial, whole: Judged): string[] {
  const { frames } = trial;
  if (frames.length > 14) throw new Error(`${frames.length} frames have too many parts`);
  for (let kept = 0; kept < 1 << frames.length; kept++) {
    const part = frames.filter((_, i) => (kept & (1 << i)) !== 0);
    const deleted = new Set(frames.filter((_, i) => (kept & (1 << i)) === 0).map(keyOf));
    const broken = brokenPromises(whole, judgeFrames(trial, part), deleted);
    if (broken.length > 0) return [`without ${[...deleted].join(" ")}`, ...broken];
  }
  return [];
}
