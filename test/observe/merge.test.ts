import test from "ava";
import fc from "fast-check";
import { DECODERS } from "../../decoders/index.ts";
import type { Frame } from "../../src/capture/frame.ts";
import { decodeObservation, encodeObservation } from "../../src/observe/codec.ts";
import { mergeObservations } from "../../src/observe/merge.ts";
import { caseCaptures, observe, readFrames, told } from "../support/observe.ts";
import { someOf, TRY_ALL } from "../support/some.ts";

function slices(frames: readonly Frame[], cuts: readonly number[]): Frame[][] {
  const places = [...new Set(cuts)].sort((a, b) => a - b);
  return [0, ...places]
    .map((from, i) => frames.slice(from, places[i] ?? frames.length))
    .filter((slice) => slice.length > 0);
}

for (const path of caseCaptures()) {
  test(`${path}: slices observed apart and merged are the whole`, async (t) => {
    const frames = await readFrames(path);
    t.true(frames.length > 0);
    const whole = told(observe(frames));
    fc.assert(
      fc.property(fc.array(fc.nat(frames.length), { minLength: 1, maxLength: 4 }), (cuts) => {
        const parts = slices(frames, cuts).map((slice) => observe(slice));
        return JSON.stringify(told(mergeObservations(parts, DECODERS))) === JSON.stringify(whole);
      }),
      { numRuns: Math.max(2, Math.min(TRY_ALL ? 10 : 4, Math.floor(600 / frames.length))) },
    );
  });

  // Where a cut does harm it does so in many captures: of each some are tried, of each others.
  test(`${path}: a single cut`, async (t) => {
    const frames = (await readFrames(path)).slice(0, 80);
    const whole = told(observe(frames));
    t.true(whole.conversations.length > 0);
    const cuts = Array.from(frames.keys()).slice(1);
    for (const cut of someOf(cuts, 20, path)) {
      const parts = [observe(frames.slice(0, cut)), observe(frames.slice(cut))];
      const merged = told(mergeObservations(parts, DECODERS));
      if (JSON.stringify(merged) !== JSON.stringify(whole)) t.deepEqual(merged, whole, `cut before frame ${cut + 1}`);
    }
  });
}

test("merging is commutative, associative and idempotent", async (t) => {
  const frames = await readFrames("fixtures/cases/rollout/rollout.pcap");
  const [a, b, c] = [
    observe(frames.slice(0, 300)),
    observe(frames.slice(300, 600)),
    observe(frames.slice(600)),
  ] as const;
  const whole = told(observe(frames));
  const merge = (...parts: Parameters<typeof mergeObservations>[0]) => mergeObservations(parts, DECODERS);
  t.deepEqual(told(merge(c, a, b)), whole);
  t.deepEqual(told(merge(merge(a, b), c)), whole);
  t.deepEqual(told(merge(a, merge(b, c))), whole);
  t.deepEqual(told(merge(a, b, c, b, a)), whole);
});

test("an observation is the same after it was stored", async (t) => {
  const frames = await readFrames("fixtures/cases/rollout/rollout.pcap");
  const seen = observe(frames);
  const again = await decodeObservation([...encodeObservation(seen)], DECODERS);
  t.deepEqual(told(again), told(seen));
  // A half stored in the middle of things goes on where it stopped.
  const first = await decodeObservation([...encodeObservation(observe(frames.slice(0, 211)))], DECODERS);
  t.deepEqual(told(mergeObservations([first, observe(frames.slice(211))], DECODERS)), told(seen));
});
