import test from "ava";
import fc from "fast-check";
import { commonPauses, PAUSE_SEC, pausedWithin } from "../../src/capture/pauses.ts";
import { Tally } from "../../src/capture/tally.ts";

function tally(...seconds: number[]): Tally {
  const capture = new Tally("test.pcap", "default");
  for (const sec of seconds) capture.count(sec, 0, 60, 60);
  return capture;
}

test("more than twenty minutes without a packet are a pause, whatever the order of the frames around it", (t) => {
  t.deepEqual(tally(0, PAUSE_SEC).pauses, []);
  t.deepEqual(tally(0, 5, PAUSE_SEC + 6).pauses, [{ fromSec: 5, toSec: PAUSE_SEC + 6 }]);
  t.deepEqual(tally(5, 0, PAUSE_SEC + 6, 3).pauses, [{ fromSec: 5, toSec: PAUSE_SEC + 6 }]);
});

const apart = (times: readonly number[]) => {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted.flatMap((toSec, i) => {
    const fromSec = i === 0 ? toSec : sorted[i - 1]!;
    return toSec - fromSec > PAUSE_SEC ? [{ fromSec, toSec }] : [];
  });
};

test("pauses are what lies between the times of the frames, in whatever order they stand, told one by one or in runs", (t) => {
  const run = fc.record({ at: fc.nat(40 * PAUSE_SEC), steps: fc.array(fc.nat(PAUSE_SEC), { maxLength: 8 }) });
  fc.assert(
    fc.property(fc.array(run, { minLength: 1, maxLength: 30 }), (runs) => {
      const lists = runs.map(({ at, steps }) => {
        let sec = at;
        return [at, ...steps.map((step) => (sec += step))];
      });
      const one = tally(...lists.flat());
      const many = tally(lists[0]![0]!);
      for (const times of [lists[0]!.slice(1), ...lists.slice(1)])
        if (times.length > 0) many.countMany(times.length, 60 * times.length, 0, times[0]!, 0, times.at(-1)!, 0);
      t.deepEqual(one.pauses, apart(lists.flat()));
      t.deepEqual(many, one);
    }),
  );
});

test("of more pauses than are kept apart what lies between counts as one", (t) => {
  const times = Array.from({ length: 5_000 }, (_, i) => 2 * PAUSE_SEC * i);
  for (const order of [times, [...times].reverse()]) {
    const { pauses, firstSec, lastSec } = tally(...order);
    t.is(pauses.length, 4_096);
    t.is(pausedWithin(pauses, firstSec, lastSec), lastSec - firstSec);
  }
});

test("where another capture saw something, there was no pause", (t) => {
  const holed = tally(0, 3 * PAUSE_SEC);
  t.deepEqual(commonPauses([holed]), [{ fromSec: 0, toSec: 3 * PAUSE_SEC }]);
  t.deepEqual(commonPauses([holed, tally(PAUSE_SEC, 2 * PAUSE_SEC)]), []);
  t.deepEqual(commonPauses([holed, tally(PAUSE_SEC, PAUSE_SEC + 1)]), [
    { fromSec: PAUSE_SEC + 1, toSec: 3 * PAUSE_SEC },
  ]);
  t.deepEqual(commonPauses([tally(0, 1), tally(2 * PAUSE_SEC, 2 * PAUSE_SEC + 1)]), [
    { fromSec: 1, toSec: 2 * PAUSE_SEC },
  ]);
  t.deepEqual(commonPauses([tally()]), []);
});

test("only what lies in a time is taken off it", (t) => {
  const pauses = [{ fromSec: 100, toSec: 200 }];
  t.is(pausedWithin(pauses, 0, 300), 100);
  t.is(pausedWithin(pauses, 150, 300), 50);
  t.is(pausedWithin(pauses, 200, 300), 0);
});
