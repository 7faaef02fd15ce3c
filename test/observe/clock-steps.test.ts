/** What tells a clock that was set back from frames that changed places: properties, on times alone. */
import test from "ava";
import fc from "fast-check";
import { ClockSteps, STEP_FRAMES } from "../../src/observe/clock-steps.ts";

const newCounts = () => ({ clockSteps: 0, clockJumps: 0, clockBackSec: 0 });

function countsOf(times: readonly number[]): ReturnType<typeof newCounts> {
  const counts = newCounts();
  const clock = new ClockSteps(counts);
  for (const time of times) clock.frame(0, Math.floor(time / 1000), (time % 1000) * 1e6);
  return counts;
}

/** Times in milliseconds, each later than the one before by one of these gaps. */
const rising = (from: number, gaps: readonly number[]): number[] => {
  let time = from;
  return gaps.map((gap) => {
    time += gap;
    return time;
  });
};

/** Every element moved by up to so many places. */
const moved = <T>(all: readonly T[], by: readonly number[]): T[] =>
  all
    .map((one, i) => ({ one, place: i + by[i % by.length]! }))
    .sort((a, b) => a.place - b.place)
    .map(({ one }) => one);

const gaps = (least: number) =>
  fc.array(fc.oneof(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 900_000 })), {
    minLength: least,
    maxLength: least + 60,
  });
const moves = fc.array(fc.double({ min: 0, max: 3.3, noNaN: true }), { minLength: 1, maxLength: 40 });
const START = 1_700_000_000_000;

test("frames moved among their neighbours are no step, however far apart they are", (t) => {
  fc.assert(
    fc.property(gaps(1), moves, (between, by) => {
      t.is(countsOf(moved(rising(START, between), by)).clockJumps, 0);
    }),
  );
});

/** Times between which a clock was set, and what really passed. Forward steps are taken back again in the end. */
const stepped = fc
  .array(fc.record({ between: gaps(3 * STEP_FRAMES), by: fc.integer({ min: -9_000_000, max: 4_000_000 }) }), {
    minLength: 1,
    maxLength: 5,
  })
  .map((parts) => {
    const times: number[] = [];
    let offset = 0;
    let passed = 0;
    for (const [i, { between, by }] of parts.entries()) {
      if (i > 0) offset = i === parts.length - 1 ? Math.min(0, offset + by) : offset + by;
      for (const gap of between) {
        passed += times.length === 0 ? 0 : gap;
        times.push(START + passed + offset);
      }
    }
    return { times, passed, steps: parts.length - 1 };
  });

test("what lies between the first and the last time, less the steps back, is no more than what passed", (t) => {
  fc.assert(
    fc.property(stepped, moves, ({ times, passed, steps }, by) => {
      const { clockBackSec } = countsOf(moved(times, by));
      const span = times.reduce((a, b) => Math.max(a, b)) - times.reduce((a, b) => Math.min(a, b));
      // A step of less than a second is none; and where time has caught up, moved frames hide one of a place or three.
      t.true(span / 1000 - clockBackSec <= passed / 1000 + steps);
    }),
  );
});

test("frames that are told at once count as one by one", (t) => {
  fc.assert(
    fc.property(stepped, moves, fc.infiniteStream(fc.integer({ min: 0, max: 40 })), ({ times }, by, sizes) => {
      const all = moved(times, by);
      const counts = newCounts();
      const clock = new ClockSteps(counts);
      for (let i = 0; i < all.length; ) {
        const [sec, nsec] = [Math.floor(all[i]! / 1000), (all[i]! % 1000) * 1e6];
        clock.frame(0, sec, nsec);
        i++;
        const most = Math.min(sizes.next().value as number, clock.room);
        let ran = 0;
        while (ran < most && i + ran < all.length && all[i + ran]! >= all[i + ran - 1]!) ran++;
        if (ran === 0) continue;
        i += ran;
        clock.ran(ran, Math.floor(all[i - 1]! / 1000), (all[i - 1]! % 1000) * 1e6);
      }
      t.deepEqual(counts, countsOf(all));
    }),
  );
});

test("each capture has a clock of its own", (t) => {
  const counts = newCounts();
  const clock = new ClockSteps(counts);
  for (let i = 0; i < 100; i++) {
    clock.frame(0, 1_000 + i, 0);
    clock.frame(1, 500 + i, 0);
  }
  t.deepEqual(counts, newCounts());
});

test("a frame before all others, far from the beginning, is a step by itself; near the beginning it is none", (t) => {
  const times = rising(
    START,
    Array.from({ length: 40 }, () => 1_000),
  );
  t.like(countsOf([...times, 0]), { clockJumps: 1, clockBackSec: START / 1000 + 40 });
  t.like(countsOf([...times.slice(0, 3), START - 60_000, ...times.slice(3)]), { clockJumps: 0 });
});

test("a step by an hour is told with its size; how much it was is never told as less", (t) => {
  const before = rising(
    START,
    Array.from({ length: 100 }, () => 500),
  );
  const after = rising(
    before.at(-1)! - 3_600_000,
    Array.from({ length: 100 }, () => 500),
  );
  t.deepEqual(countsOf([...before, ...after]), { clockSteps: 1, clockJumps: 1, clockBackSec: 3_600 });
});
