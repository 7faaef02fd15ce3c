import test from "ava";
import { FastPath } from "../../src/flow/fast.ts";
import { countersOf } from "../../src/observe/codec.ts";
import { caseCaptures, observe, readFrames, told } from "../support/observe.ts";

/** Beside what people read: every count, and every row word for word. */
function everything(seen: ReturnType<typeof observe>): unknown {
  const { table } = seen.flows;
  return { told: told(seen), counters: countersOf(seen), rows: table.chunks.map((chunk) => [...chunk]) };
}

for (const path of caseCaptures()) {
  test(`${path}: the short way and the long way see the same`, async (t) => {
    const frames = await readFrames(path);
    const long = everything(observe(frames, { fastPath: false, watch: 0 }));
    t.is(JSON.stringify(everything(observe(frames, { watch: 0 }))), JSON.stringify(long));
  });
}

test.serial("the short way is taken at all", async (t) => {
  const take = FastPath.prototype.take;
  let taken = 0;
  FastPath.prototype.take = function (frame, realm) {
    const short = take.call(this, frame, realm);
    if (short) taken++;
    return short;
  };
  try {
    for (const path of caseCaptures()) observe(await readFrames(path), { watch: 0 });
  } finally {
    FastPath.prototype.take = take;
  }
  t.true(taken > 300, `${taken} packets`);
});
