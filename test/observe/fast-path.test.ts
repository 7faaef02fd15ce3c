import test from "ava";
import { FastPath } from "../../src/flow/fast.ts";
import { countersOf } from "../../src/observe/codec.ts";
import type { Observation } from "../../src/observe/observation.ts";
import { caseCaptures, observe, observeFile, readFrames, told } from "../support/observe.ts";

/** Beside what people read: every count, and every row word for word. */
function everything(seen: Observation): unknown {
  const { table } = seen.flows;
  return { told: told(seen), counters: countersOf(seen), rows: table.chunks.map((chunk) => [...chunk]) };
}

for (const path of caseCaptures()) {
  test(`${path}: the short ways and the long way see the same`, async (t) => {
    const frames = await readFrames(path);
    const long = observe(frames, { fastPath: false, watch: 0 });
    const expected = JSON.stringify(everything(long));
    t.is(JSON.stringify(everything(observe(frames, { watch: 0 }))), expected);
    const read = await observeFile(path, { watch: 0 });
    t.is(JSON.stringify(everything(read)), expected);
    t.is(read.captures[0]!.packets, frames.length);
  });
}

test.serial("the short ways are taken at all", async (t) => {
  const { run, take } = FastPath.prototype;
  let taken = 0;
  let walked = 0;
  FastPath.prototype.take = function (frame, realm) {
    const short = take.call(this, frame, realm);
    if (short) taken++;
    return short;
  };
  FastPath.prototype.run = function (records, realm, most, frames) {
    const count = run.call(this, records, realm, most, frames);
    walked += count;
    return count;
  };
  try {
    for (const path of caseCaptures()) {
      observe(await readFrames(path), { watch: 0 });
      await observeFile(path, { watch: 0 });
    }
  } finally {
    Object.assign(FastPath.prototype, { run, take });
  }
  t.true(taken > 300, `${taken} packets`);
  t.true(walked > 300, `${walked} packets`);
});
