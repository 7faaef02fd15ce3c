/**
 * `node dist/test/caps/doubled.js`: the work of each attack's input and of twice as much, counted; a line of JSON each, for
 * `doubling.test.ts`. A process of its own, because whoever counts has nothing optimized from then on.
 */
import { gzipSync } from "node:zlib";
import { describe } from "../../src/conform/conform.ts";
import { collectAssets } from "../../src/observe/assets.ts";
import { atEnd } from "../../src/observe/ends.ts";
import { ATTACKS } from "../faults/attacks.ts";
import { writePcap } from "../support/capture-writer.ts";
import { numbered, START_SEC } from "../support/frames.ts";
import { observe } from "../support/observe.ts";
import { readBytes } from "../support/read-captures.ts";
import { workOf } from "../support/work.ts";

/** Of the lesser of the two. */
const FRAMES = 1_000;
const BOMB_FRAMES = 10_000;

export interface Doubled {
  name: string;
  once: number;
  twice: number;
}

for (const [name, attack] of Object.entries(ATTACKS)) {
  const work = (frames: number): Promise<number> => {
    const capture = numbered(attack(frames));
    return workOf(() => {
      const { conversations, rest } = describe(atEnd(observe(capture)));
      collectAssets(conversations);
      for (const _ of rest.rows());
    });
  };
  await work(2 * FRAMES); // what is done once, and what is remembered of what was seen before
  say({ name, once: await work(FRAMES), twice: await work(2 * FRAMES) });
}

const unpack = (frames: number): Promise<number> => {
  const file = bomb(frames);
  if (file.length >= frames * 10) throw new Error("no bomb: it is not packed small");
  return workOf(() => readBytes(file));
};
await unpack(1_000);
say({ name: "a gzip bomb", once: await unpack(BOMB_FRAMES), twice: await unpack(2 * BOMB_FRAMES) });

function bomb(frames: number): Uint8Array {
  const all = Array.from({ length: frames }, () => ({ data: new Uint8Array(60), sec: START_SEC, nsec: 0 }));
  return gzipSync(writePcap(all));
}

function say(doubled: Doubled): void {
  console.log(JSON.stringify(doubled));
}
