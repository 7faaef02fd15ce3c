/** A kind of churn (`bench/made-up-kinds.ts`) as an observer sees it, slowly, and what happens to that meanwhile. */
import { MadeUpFrames } from "../../bench/made-up-frames.ts";
import { BEGAN_MS } from "../../bench/made-up-kinds.ts";
import { DECODERS } from "../../decoders/index.ts";
import { NEXT_FRAME } from "../../src/capture/frame.ts";
import { CapCounter } from "../../src/limits.ts";
import { LiveReader } from "../../src/live/reader.ts";
import { type Observation, Observer } from "../../src/observe/observation.ts";

export const EPISODES = 60;
/** Of the packets' time, between two of them; and between two checkpoints. */
const APART_SEC = 40;
const AT_ONCE = 7;
/** `each`: behind so many episodes. */
export async function observed(
  episode: (number: number) => Uint8Array[],
  each: (seen: Observation) => Promise<void>,
): Promise<Observation> {
  const frames = episode(0).length;
  const end = EPISODES * frames;
  const source = new MadeUpFrames({ episode, frames, perSecond: 1 / APART_SEC, beganMs: BEGAN_MS }, AT_ONCE * frames);
  const caps = new CapCounter();
  const reader = await LiveReader.open([source], "default", [], caps);
  const observer = new Observer(reader.captures, DECODERS, caps);
  while (observer.observation.frames < end) {
    await reader.more();
    while (reader.next() === NEXT_FRAME) observer.frame(reader.frame);
    if (observer.observation.frames < source.due) continue;
    await each(observer.observation);
    source.due = Math.min(end, source.due + AT_ONCE * frames);
  }
  return observer.observation;
}
