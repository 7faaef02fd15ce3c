/** Bursts of datagrams, counted while reading and joined over cuts, held against counting them by their times. */
import test from "ava";
import fc from "fast-check";
import { DECODERS } from "../../decoders/index.ts";
import { largestBurst } from "../../src/flow/bursts.ts";
import { BURST_GAP_SEC, FIRST, LAST, S_HOLE, STATE } from "../../src/flow/row.ts";
import { mergeObservations } from "../../src/observe/merge.ts";
import type { Observation } from "../../src/observe/observation.ts";
import { numbered, START_SEC, udpFrame } from "../support/frames.ts";
import { ascii } from "../support/hex.ts";
import { observe } from "../support/observe.ts";

const ENDS = ["10.0.0.1:40000", "10.0.0.2:9000"] as const;

/** Packets of a direction's largest burst, from their times alone. */
function byTimes(times: readonly number[]): number {
  let largest = 0;
  let here = 0;
  for (const [i, ms] of times.entries()) {
    here = i > 0 && ms - times[i - 1]! < BURST_GAP_SEC * 1_000 ? here + 1 : 1;
    largest = Math.max(largest, here);
  }
  return largest;
}

function counted(seen: Observation): number[][] {
  const { table } = seen.flows;
  return Array.from({ length: table.count }, (_, flow) =>
    ([0, 1] as const).map((dir) => largestBurst(table.rows(flow), table.at(flow), dir)),
  );
}

const packets = fc.array(
  fc.record({ gapMs: fc.constantFrom(5, 400, 9_999, 10_000, 10_001, 25_000), back: fc.boolean() }),
  { minLength: 1, maxLength: 30 },
);

test("a direction's largest burst is what its packets' times say, whole or in slices", (t) => {
  fc.assert(
    fc.property(packets, fc.array(fc.nat(30), { maxLength: 3 }), fc.boolean(), (list, cuts, fastPath) => {
      let ms = 0;
      const times: [number[], number[]] = [[], []];
      const frames = numbered(
        list.map(({ gapMs, back }, i) => {
          ms += gapMs;
          times[back ? 1 : 0].push(ms);
          const [from, to] = back ? [ENDS[1], ENDS[0]] : ENDS;
          return udpFrame({ from, to, ms, data: ascii(`packet ${i}`) });
        }),
      );
      const wanted = [times.map(byTimes)];
      t.deepEqual(counted(observe(frames, { fastPath, watch: 0 })), wanted);
      const places = [0, ...[...new Set(cuts)].filter((cut) => cut > 0 && cut < frames.length).sort((a, b) => a - b)];
      const slices = places.map((from, i) => observe(frames.slice(from, places[i + 1] ?? frames.length)));
      t.deepEqual(counted(mergeObservations(slices, DECODERS)), wanted);
    }),
  );
});

test("of what two points saw at once the larger burst counts, and where each saw more than the other nobody knows how large", (t) => {
  const seen = (...seconds: number[]): Observation =>
    observe(
      numbered(seconds.map((s) => udpFrame({ from: ENDS[0], to: ENDS[1], ms: s * 1_000, data: ascii(`packet ${s}`) }))),
    );
  const united = (a: Observation, b: Observation): (number | boolean)[] => {
    const row = mergeObservations([a, b], DECODERS).flows.table.rows(0);
    return [largestBurst(row, 0, 0), (row[STATE]! & S_HOLE) !== 0, row[FIRST]! - START_SEC, row[LAST]! - START_SEC];
  };
  const [most, rest] = [seen(0, 15, 30, 45), seen(30, 45, 60, 61)];
  for (const [a, b] of [
    [most, rest],
    [rest, most],
  ] as const)
    t.deepEqual(united(a, b), [2, true, 0, 61]);
  t.deepEqual(united(most, seen(15, 30)), [1, false, 0, 45], "the one saw all of the other");
  t.deepEqual(united(rest, seen(30, 45, 60, 61)), [2, false, 30, 61]);
});
