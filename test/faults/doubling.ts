/**
 * `node dist/test/faults/doubling.js [--frames N] [--only WORD]`: attacks of N frames and of twice as many, read and
 * described; how much more processor time the second takes. What is linear takes twice; more than 2.2 times says that
 * the work of a packet grows with those before it. Each is measured in turns, and the least time counts. Counted, and so without the
 * machine's noise, the same stands in `test/caps/doubling.test.ts`, which can't see what is done within a call of the system's.
 */
import { parseArgs } from "node:util";
import type { Frame } from "../../src/capture/frame.ts";
import { describe } from "../../src/conform/conform.ts";
import { collectAssets } from "../../src/observe/assets.ts";
import { atEnd } from "../../src/observe/ends.ts";
import { numbered } from "../support/frames.ts";
import { observe } from "../support/observe.ts";
import { ATTACKS } from "./attacks.ts";

const MOST = 2.2;
const TURNS = 4;

const { values } = parseArgs({
  options: { frames: { type: "string", default: "20000" }, only: { type: "string", default: "" } },
});
const frames = Number(values.frames);
let failed = 0;
for (const [name, attack] of Object.entries(ATTACKS)) {
  if (!name.includes(values.only)) continue;
  const once = numbered(attack(frames));
  const twice = numbered(attack(2 * frames));
  let [least, most] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let turn = 0; turn < TURNS; turn++) {
    least = Math.min(least, spent(once));
    most = Math.min(most, spent(twice));
  }
  const ratio = most / least;
  if (ratio > MOST) failed++;
  console.log(
    `${name.padEnd(42)} ${least.toFixed(0).padStart(6)} ms ${most.toFixed(0).padStart(6)} ms  ${ratio.toFixed(2)}`,
  );
}
process.exitCode = failed === 0 ? 0 : 1;

/** Milliseconds of the processor's time. */
function spent(capture: readonly Frame[]): number {
  const begun = process.cpuUsage();
  const { conversations, rest } = describe(atEnd(observe(capture)));
  collectAssets(conversations);
  for (const _ of rest.rows());
  return process.cpuUsage(begun).user / 1_000;
}
