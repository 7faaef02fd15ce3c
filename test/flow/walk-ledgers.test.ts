/** What the compiled walk leaves to the long way, and what it must not: one by one, what the properties seldom meet. */
import test from "ava";
import type { Frame } from "../../src/capture/frame.ts";
import type { Observation } from "../../src/observe/observation.ts";
import { writePcap } from "../support/capture-writer.ts";
import { START_SEC } from "../support/frames.ts";
import { whileLimits } from "../support/limits.ts";
import { adu } from "../support/reads.ts";
import { connection, type Line } from "../support/talk.ts";
import { everything, exchange, question, readWalked, series, walked } from "../support/walked.ts";

/** Frames of some connections as a capture; `when` gives each frame's time in microseconds. */
const fileOf = (talks: readonly (readonly Line[])[], when: (frame: number) => number): Uint8Array =>
  writePcap(
    talks
      .flatMap((lines, i) => connection(`192.0.2.1:${40_000 + i}`, "192.0.2.2:502", 0, lines))
      .map(({ buf: data }, i) => {
        const micros = when(i);
        return { data, sec: START_SEC + Math.floor(micros / 1e6), nsec: (micros % 1e6) * 1000 };
      }),
  );

/** The same segment sent again, with another function code. */
function otherwise(old: Frame): Frame {
  const again: Frame = Object.assign(Object.create(old), { buf: old.buf.slice() });
  again.buf[54 + 7] = 6;
  return again;
}

const longWay = (data: Uint8Array): Promise<Observation> => readWalked(data, 1 << 20, { fastPath: false, arena: null });

test.serial(
  "the first answer to a kind of question is kept with its frame, however often it was asked in vain",
  async (t) => {
    const silent = 300; // a register whose question went unanswered once
    const lines: Line[] = [
      ...series(200).flatMap((i) => exchange(i, 1)),
      [">", question(1_000, silent)],
      ...exchange(1_001, 2),
      ...series(100).flatMap((i) => exchange(2_000 + i, 1)),
      ...exchange(5_000, silent),
      ...series(100).flatMap((i) => exchange(6_000 + i, silent)),
    ];
    const data = fileOf([lines], (i) => i * 20);
    const seen = await readWalked(data, 1 << 20, {});
    const { kinds } = seen.identified.details[0]!.operations!;
    const asked = kinds.find(({ target, role }) => role === "request" && target?.includes(`${silent}`));
    t.is(asked?.answerFrame?.frame, 3 + 400 + 1 + 2 + 200 + 2);
    t.deepEqual(everything(seen), everything(await longWay(data)));
  },
);

test.serial("an answer that is older than its question in the same second is nobody's", async (t) => {
  const lines = series(400).flatMap((i) => exchange(i, 1));
  const other = series(5).flatMap((i) => exchange(i, 1));
  const asked = 3 + 2 * 399; // the last question of the first connection; its answer is the frame behind it
  const frames = [lines, other].map((talk, i) => connection(`192.0.2.1:${40_000 + i}`, "192.0.2.2:502", 0, talk));
  const [first, second] = frames;
  const all = [
    ...first!.slice(0, asked + 1).map(({ buf }, i) => ({ buf, micros: 1_000 + i * 20 })),
    // A frame of another connection turns the clock back behind the question, but not behind the answer before it.
    { buf: second![0]!.buf, micros: 1_000 + asked * 20 - 8 },
    { buf: first![asked + 1]!.buf, micros: 1_000 + asked * 20 - 4 },
    ...second!.slice(1).map(({ buf }, i) => ({ buf, micros: 1_000 + asked * 20 + i })),
  ];
  const data = writePcap(all.map(({ buf, micros }) => ({ data: buf, sec: START_SEC, nsec: micros * 1000 })));
  const seen = await readWalked(data, 1 << 20, {});
  t.is(seen.identified.details[0]!.operations!.early.length, 1);
  t.deepEqual(everything(seen), everything(await longWay(data)));
});

test.serial("a question of another second is counted by the walk, and in its second", async (t) => {
  for (const gap of [300_000, 1_900_000]) {
    const data = fileOf([series(500).flatMap((i) => exchange(i, i % 5))], (i) => i * gap);
    let seen: Observation | null = null;
    const frames = await walked(async () => {
      seen = await readWalked(data, 1 << 20, {});
    });
    t.true(frames > 750, `${frames} of 1,003 frames, ${gap} µs apart`);
    t.deepEqual(everything(seen!), everything(await longWay(data)));
  }
});

test.serial("connections that are over make room for others", async (t) => {
  const talks = series(12).map((i) => series(400).flatMap((k) => exchange(k, (i + k) % 5)));
  const data = fileOf(talks, (i) => i * 20);
  const room = 24_000; // for two ledgers and their places
  let seen: Observation | null = null;
  const frames = await whileLimits({ ledgerBytes: room }, () =>
    walked(async () => {
      seen = await readWalked(data, 1 << 20, {});
    }),
  );
  t.true(frames > 12 * 500, `${frames} of ${12 * 803} frames`);
  t.deepEqual(everything(seen!), everything(await longWay(data)));
});

test.serial("what a ledger held goes on where it is given back in the middle of a connection", async (t) => {
  const pending: Line[] = series(6).map((i) => [">", question(9_000 + i, 3)]);
  const back: Line[] = series(6).map((i) => ["<", adu(9_000 + i, 1, Uint8Array.of(3, 2, 0, 7))]);
  const talk = (i: number): Line[] => [...series(300).flatMap((k) => exchange(k, (i + k) % 5)), ...pending];
  const connections = series(6).map((i) =>
    connection(`192.0.2.1:${40_000 + i}`, "192.0.2.2:502", 0, [...talk(i), ...back, ...talk(i).slice(0, 200)]),
  );
  const until = 3 + 606;
  const frames = [
    ...connections.flatMap((all) => all.slice(0, until)),
    ...connections.flatMap((all) => [otherwise(all[until - 1]!), ...all.slice(until)]),
  ];
  const data = writePcap(frames.map(({ buf }, i) => ({ data: buf, sec: START_SEC, nsec: i * 1000 })));
  for (const ledgerBytes of [10_000, 24_000, 50_000]) {
    const seen = await whileLimits({ ledgerBytes }, () => readWalked(data, 1 << 20, {}));
    for (const { operations } of seen.identified.details) t.true(operations!.kinds.some(({ code }) => code === "6"));
    t.deepEqual(everything(seen), everything(await longWay(data)));
  }
});
