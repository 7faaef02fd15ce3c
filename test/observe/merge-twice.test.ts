/** Merging is idempotent: what is given twice, as a capture, as a copy of it or as a database made of either, counts once. */
import test from "ava";
import { DECODERS } from "../../decoders/index.ts";
import type { Frame } from "../../src/capture/frame.ts";
import { mergeObservations } from "../../src/observe/merge.ts";
import type { Observation } from "../../src/observe/observation.ts";
import { numbered, udpFrame } from "../support/frames.ts";
import { caseCaptures, copyFrame, observe, readFrames, told } from "../support/observe.ts";

/** A flow's first 64 operations are kept one by one, and what two points counted beyond that is not told apart. */
const MOST_FRAMES = 120;

/** Its clock leaps back, and an observation's span says nothing of what is in it. */
const CAPTURES = caseCaptures().filter((path) => !path.includes("clock-set-back"));

/** Every way in which the members of a list can follow one another. */
function orders<T>(all: readonly T[]): T[][] {
  return all.length < 2
    ? [[...all]]
    : all.flatMap((one, i) => orders(all.toSpliced(i, 1)).map((rest) => [one, ...rest]));
}

const merge = (...parts: Observation[]): Observation => mergeObservations(parts, DECODERS);

for (const path of CAPTURES) {
  test(`${path}: beside itself and its copy, read at once`, async (t) => {
    const frames = (await readFrames(path)).slice(0, MOST_FRAMES);
    const once = observe(frames);
    const twice = observe(frames.flatMap((frame) => [frame, frame]));
    const { conversations } = told(twice);
    for (const order of orders([once, twice])) t.deepEqual(told(merge(...order)).conversations, conversations);
    t.deepEqual(told(merge(once, merge(once, twice), twice)).conversations, conversations);
  });

  test(`${path}: beside its own slices`, async (t) => {
    const frames = (await readFrames(path)).slice(0, MOST_FRAMES);
    const middle = frames.length >> 1;
    const parts = [observe(frames), observe(frames.slice(0, middle)), observe(frames.slice(middle))] as const;
    const whole = told(parts[0]);
    for (const order of orders(parts)) t.deepEqual(told(merge(...order)), whole);
    t.deepEqual(told(merge(parts[2], merge(parts[0], parts[1]))), whole);
  });
}

/** Two programs on one interface, of which one keeps microseconds, or two sensors: the same message is never at the same nanosecond. */
for (const [what, later] of [
  ["cut to microseconds", (nsec: number) => nsec - (nsec % 1000)],
  ["two milliseconds late", (nsec: number) => nsec + 2_000_000],
] as const) {
  test(`beside a sensor whose times are ${what}: what was asked counts once`, async (t) => {
    const frames = (await readFrames("fixtures/cases/rollout/rollout.pcap")).map((frame, i) => {
      frame.nsec = (frame.nsec - (frame.nsec % 1000) + (i % 999) + 1) % 990_000_000;
      return frame;
    });
    const others = frames.map((frame) => {
      const other = copyFrame(frame);
      other.nsec = later(frame.nsec);
      return other;
    });
    const once = told(observe(frames)).lookups;
    t.true(once.length > 3);
    t.deepEqual(told(merge(observe(frames), observe(others))).lookups, once);
  });
}

test("a write that only one of two points saw is not lost among what the other counted", (t) => {
  const ask = (second: number, code: number): Frame =>
    udpFrame({
      ...{ from: "10.0.0.1:40000", to: "10.0.0.2:502", ms: second * 1_000, id: second },
      data: Uint8Array.of(0, second, 0, 0, 0, 6, 1, code, 0, 0, 0, 1),
    });
  const asked = (from: number, to: number, code = 3): Frame[] =>
    Array.from({ length: to - from }, (_, i) => ask(from + i, code));
  const few = observe(numbered([...asked(100, 200), ask(200, 6)]));
  const many = observe(numbered(asked(0, 190)));
  for (const both of [merge(many, few), merge(few, many)])
    t.true(both.identified.details[0]!.operations!.kinds.some((kind) => kind.class === "write"));
});
