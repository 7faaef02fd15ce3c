/**
 * No attack makes a packet's work grow with those before it: twice the input is at most 2.2 times the work, counted and not
 * timed, so the same on every machine. `test/faults/doubling.ts` has the times.
 */

import { gzipSync } from "node:zlib";
import test from "ava";
import { describe } from "../../src/conform/conform.ts";
import { collectAssets } from "../../src/observe/assets.ts";
import { atEnd } from "../../src/observe/ends.ts";
import { ATTACKS } from "../faults/attacks.ts";
import { writePcap } from "../support/capture-writer.ts";
import { numbered, START_SEC } from "../support/frames.ts";
import { observe } from "../support/observe.ts";
import { readBytes } from "../support/read-captures.ts";
import { workOf } from "../support/work.ts";

const MOST = 2.2;
/** What is done once for any capture is counted too. */
const LEAST = 1.2;
const FRAMES = 1_000;

for (const [name, attack] of Object.entries(ATTACKS)) {
  test.serial(`twice as much of it is twice the work: ${name}`, async (t) => {
    const work = (frames: number): Promise<number> => {
      const capture = numbered(attack(frames));
      return workOf(() => {
        const { conversations, rest } = describe(atEnd(observe(capture)));
        collectAssets(conversations);
        for (const _ of rest.rows());
      });
    };
    await work(2 * FRAMES); // what is done once, and what is remembered of what was seen before
    const [once, twice] = [await work(FRAMES), await work(2 * FRAMES)];
    t.true(twice / once > LEAST && twice / once <= MOST, `${once} and ${twice}: ${(twice / once).toFixed(2)} times`);
    t.log(`${(twice / once).toFixed(2)} times`);
  });
}

test.serial("twice as much of it is twice the work: a gzip bomb", async (t) => {
  const bomb = (frames: number): Uint8Array =>
    gzipSync(writePcap(Array.from({ length: frames }, () => ({ data: new Uint8Array(60), sec: START_SEC, nsec: 0 }))));
  const work = (frames: number): Promise<number> => {
    const file = bomb(frames);
    t.true(file.length < frames * 10, "it is one");
    return workOf(() => readBytes(file));
  };
  await work(1_000);
  const [once, twice] = [await work(10_000), await work(20_000)];
  t.true(twice / once > LEAST && twice / once <= MOST, `${once} and ${twice}: ${(twice / once).toFixed(2)} times`);
});
