/**
 * The compiled walk against the long way, where it counts what devices are asked: connections of plain reads with something
 * else among them, read into an arena. What was said, counted and kept must be the same in everything.
 */
import test from "ava";
import fc from "fast-check";
import type { Frame } from "../../src/capture/frame.ts";
import { ALL_LANES } from "../../src/flow/lanes.ts";
import { LIMITS } from "../../src/limits.ts";
import type { Observation } from "../../src/observe/observation.ts";
import { writePcap } from "../support/capture-writer.ts";
import { START_SEC } from "../support/frames.ts";
import { hex } from "../support/hex.ts";
import { whileLimits } from "../support/limits.ts";
import { adu, exchanges, fated, linesOf, PLAIN, type Said, said } from "../support/reads.ts";
import { connection, type Line } from "../support/talk.ts";
import { everything, exchange, question, readWalked, reply, series, walked } from "../support/walked.ts";

/**
 * Connections of one sensor, one frame of each in turn, without the first `missing`; each `gaps` microseconds after the one
 * before. Some of them are cut to `snap` bytes.
 */
function capture(
  talks: readonly (readonly Said[])[],
  missing: number,
  gaps: readonly number[],
  snap: number,
): Uint8Array {
  const queues = talks.map((all, i) => {
    const to = `192.0.2.${i % 2 === 0 ? 2 + i : 200 + i}:502`;
    return fated(connection(`192.0.2.100:${40_000 + i}`, to, 0, [...PLAIN, ...linesOf(all)]), all).slice(missing);
  });
  const longest = Math.max(...queues.map((queue) => queue.length));
  const frames = Array.from({ length: longest }, (_, i) => queues.flatMap((queue) => queue[i] ?? [])).flat();
  let micros = START_SEC * 1e6;
  return writePcap(
    frames.map((frame: Frame, i) => {
      micros += gaps[i % gaps.length]!;
      const sec = Math.floor(micros / 1e6);
      const data = i % 97 === 96 ? frame.buf.subarray(0, snap) : frame.buf;
      return { data, sec, nsec: (micros - sec * 1e6) * 1000, wireLen: frame.buf.length };
    }),
  );
}

test.serial("what the walk counts of operations is what the long way counts", async (t) => {
  const talk = fc
    .array(fc.oneof(exchanges, fc.array(said, { maxLength: 3 })), { maxLength: 8 })
    .map((all) => all.flat());
  const gap = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(1, 20, 900) },
    fc.constantFrom(0, 400_000, 1_500_000, 11_000_000, 400_000_000, -1, -2_000_000),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(talk, { minLength: 1, maxLength: 3 }),
      fc.constantFrom(0, 3),
      fc.array(gap, { minLength: 1, maxLength: 40 }),
      fc.constantFrom(60, 64, 200),
      fc.constantFrom(1000, 1 << 20),
      fc.constantFrom(ALL_LANES, 0x00ff),
      fc.constantFrom(0, 1 << 14, LIMITS.ledgerBytes),
      fc.constantFrom(0, 20_000),
      async (talks, missing, gaps, snap, size, lanes, ledgerBytes, watch) => {
        const data = capture(talks, missing, gaps, snap);
        const short = await whileLimits({ ledgerBytes }, () => readWalked(data, size, { lanes, watch }));
        t.deepEqual(
          everything(short),
          everything(await readWalked(data, size, { lanes, watch, fastPath: false, arena: null })),
        );
      },
    ),
    { numRuns: 60 },
  );
});

const fileOf = (lines: readonly Line[], gap: number): Uint8Array =>
  writePcap(
    connection("192.0.2.1:40000", "192.0.2.2:502", 0, lines).map(({ buf: data }, i) => {
      return { data, sec: START_SEC + Math.floor((i * gap) / 1e6), nsec: ((i * gap) % 1e6) * 1000 };
    }),
  );

test.serial("most reads are counted by the walk, and one write among them is not", async (t) => {
  const write: Line[] = [
    [">", adu(7, 1, hex`06 00 28 00 07`)],
    ["<", adu(7, 1, hex`06 00 28 00 07`)],
  ];
  const lines = [
    ...series(2_000).flatMap((i) => exchange(i, i % 20)),
    ...write,
    ...series(2_000).flatMap((i) => exchange(i, i % 20)),
  ];
  const data = fileOf(lines, 20);
  let seen: Observation | null = null;
  const frames = await walked(async () => {
    seen = await readWalked(data, 1 << 16, {});
  });
  t.true(frames > 7_500, `${frames} of 8,005 frames`);
  const { kinds } = seen!.identified.details[0]!.operations!;
  t.deepEqual(
    kinds.filter(({ code }) => code === "6").map(({ role, count, frames }) => [role, count, frames[0]?.frame]),
    [
      ["request", 1, 4_004],
      ["response", 1, 4_005],
    ],
  );
  t.deepEqual(everything(seen!), everything(await readWalked(data, 1 << 16, { fastPath: false, arena: null })));
});

test.serial("pipelines, answers out of turn, devices that never answer, many targets and long days", async (t) => {
  const pipe = (depth: number, turned: boolean): Line[] =>
    series(100).flatMap((round): Line[] => {
      const ids = series(depth).map((i) => round * depth + i);
      const back = turned ? [...ids].reverse() : ids;
      return [...ids.map((i): Line => [">", question(i, i % 5)]), ...back.map((i): Line => ["<", reply(i)])];
    });
  const talks: [Line[], number][] = [
    [pipe(4, false), 20],
    [pipe(16, false), 20],
    [pipe(3, true), 20],
    [[...pipe(1, false), ...series(1_500).map((i): Line => [">", question(i, 1)])], 20],
    [series(3_000).flatMap((i) => exchange(i, i % 1_200)), 20],
    [series(600).flatMap((i) => exchange(i, i % 5)), 700_000],
    [series(10_000).flatMap((i) => exchange(i, i % 3)), 1],
  ];
  for (const [lines, gap] of talks) {
    const data = fileOf(lines, gap);
    const long = everything(await readWalked(data, 1 << 20, { fastPath: false, arena: null }));
    t.deepEqual(everything(await readWalked(data, 1 << 20, {})), long);
  }
});

test.serial(
  "of a side that is heard late the first segments are kept for a slice before, whoever reads the others",
  async (t) => {
    const lines: Line[] = [
      ...series(100).map((i): Line => [">", question(i, 1)]),
      ...series(30).flatMap((i) => exchange(i, 1)),
    ];
    const frames = connection("192.0.2.1:40000", "192.0.2.2:502", 0, lines).slice(3);
    const data = writePcap(frames.map(({ buf }, i) => ({ data: buf, sec: START_SEC, nsec: i * 1000 })));
    const seen = await readWalked(data, 1 << 20, {});
    t.is(seen.identified.details[0]!.heads[1]?.length, LIMITS.identifySegments);
    t.deepEqual(everything(seen), everything(await readWalked(data, 1 << 20, { fastPath: false, arena: null })));
  },
);

test.serial("what was read last is held against what is sent again, whoever read it", async (t) => {
  for (const after of series(15)) {
    const frames = connection(
      "192.0.2.1:40000",
      "192.0.2.2:502",
      0,
      series(300 + after * 9).flatMap((i) => exchange(i, 7)),
    );
    const old = frames[frames.length - 2 * after - 2]!;
    const again: Frame = Object.assign(Object.create(old), { buf: old.buf.slice() });
    again.buf[54 + 7] = 6; // the question was a read; now it would be a write
    const data = writePcap(
      [...frames, again].map(({ buf, capLen }, i) => ({
        data: buf.subarray(0, capLen),
        sec: START_SEC,
        nsec: i * 1000,
      })),
    );
    const seen = everything(await readWalked(data, 1 << 20, {}));
    t.deepEqual(seen, everything(await readWalked(data, 1 << 20, { fastPath: false, arena: null })));
    t.true(JSON.stringify(seen).includes('"6"'), `${after} questions before`);
  }
});
