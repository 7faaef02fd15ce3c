/** Small scenes held to the promises of "Proof, not absence" in every part of them. */
import { type Judged, judgeFrames, keyOf, type Trial } from "../support/judged.ts";
import { brokenPromises } from "../support/promises.ts";
import { someOf } from "../support/some.ts";

/**
 * Parts of a scene that are tried, beside all that lack or keep two frames at most: the same in each run. Of eight frames that is
 * every part; of more, a promise that hangs on seven of them at once is tried with each way these can be there or not, more likely
 * than not. `WIREPACT_ALL=1` tries every part of all.
 */
const MOST = 200;
const FEW = 2;

/** Sets of frames deleted, and the first that breaks a promise. */
export function brokenBySomePart(trial: Trial, whole: Judged): string[] {
  const { frames } = trial;
  if (frames.length > 14) throw new Error(`${frames.length} frames have too many parts`);
  const all = Array.from({ length: 1 << frames.length }, (_, kept) => kept);
  const isEdge = (kept: number): boolean => Math.min(ones(kept), frames.length - ones(kept)) <= FEW;
  const parts = [
    ...all.filter(isEdge),
    ...someOf(
      all.filter((kept) => !isEdge(kept)),
      MOST,
      `${frames.length} frames`,
    ),
  ];
  for (const kept of parts) {
    const part = frames.filter((_, i) => (kept & (1 << i)) !== 0);
    const deleted = new Set(frames.filter((_, i) => (kept & (1 << i)) === 0).map(keyOf));
    const broken = brokenPromises(whole, judgeFrames(trial, part), deleted);
    if (broken.length > 0) return [`without ${[...deleted].join(" ")}`, ...broken];
  }
  return [];
}

function ones(bits: number): number {
  let count = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) count++;
  return count;
}
