/**
 * What changes no verdict: frames moved among their neighbours, copies on other paths, other segments, the traffic of
 * others, other addresses for the same hosts, either side of a TAP first, and the same capture given as slices in any order.
 * Tried on every case's capture; seeds are fixed, and other in each case. Copies come on one path a case, its neighbours' on the
 * others; `WIREPACT_ALL=1` tries all of them.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import fc from "fast-check";
import type { Frame } from "../../src/capture/frame.ts";
import { run } from "../../src/pipeline.ts";
import { writePcap } from "../support/capture-writer.ts";
import {
  changes,
  isSetBack,
  judgedResult,
  judgeFrames,
  packetOf,
  readTrial,
  type Trial,
  verdictsOf,
} from "../support/judged.ts";
import { copyFrame } from "../support/observe.ts";
import { renamed, renamedText } from "../support/renamed.ts";
import { betweenOthers, coalesced, copyOf, PATHS, split } from "../support/retouch.ts";
import { TRY_ALL } from "../support/some.ts";
import { readCases } from "./case.ts";

const SEED = 20_260_302;
const SET_BACK = "SKIPPED: its clock is set back, and this puts frames in the order of their times";
/** Frames that all runs of one property on one case may show to an observer. */
const BUDGET = 500;
const MOST_RUNS = TRY_ALL ? 5 : 2;

const cases = readCases();
const trials = new Map<string, Promise<Trial>>();
const trialOf = (name: string): Promise<Trial> => {
  const known = trials.get(name) ?? readTrial(cases.find((one) => one.name === name)!);
  trials.set(name, known);
  return known;
};

/** What is said of a trial's frames as they are, with reasons and without: the same for all that is tried on it. */
interface Whole {
  said: Record<string, string>;
  verdicts: Record<string, string>;
}
const wholes = new WeakMap<Trial, Whole>();
function wholeOf(trial: Trial): Whole {
  const known = wholes.get(trial);
  if (known !== undefined) return known;
  const judged = judgeFrames(trial, trial.frames);
  const whole = { said: verdictsOf(judged), verdicts: verdictsOf(judged, false) };
  wholes.set(trial, whole);
  return whole;
}

for (const [i, { name, args }] of cases.entries()) {
  // A case that judges another case's capture again would only try the same frames.
  if (!args.some((word) => !word.includes("/") && word.includes(".pcap"))) continue;

  test(`${name}: frames moved among their neighbours`, async (t) => {
    const trial = await trialOf(name);
    unchanged(trial, fc.infiniteStream(fc.integer({ min: 0, max: 3 })), (frames, steps) => {
      const places = frames.map((frame, i) => ({ frame, place: i + next(steps) * 1.1 }));
      return places.sort((a, b) => a.place - b.place).map(({ frame }) => frame);
    });
    t.pass();
  });

  for (const path of TRY_ALL ? PATHS : [PATHS[i % PATHS.length]!]) {
    test(`${name}: copies on another path (${path})`, async (t) => {
      const trial = await trialOf(name);
      if (isSetBack(trial)) {
        t.log(SET_BACK);
        return t.pass();
      }
      unchanged(trial, fc.infiniteStream(fc.integer({ min: -1, max: 4_900 })), (frames, delays) => {
        const more = frames.flatMap((frame) => {
          const delay = next(delays);
          const copy = delay < 0 ? null : copyOf(frame, path, delay);
          return copy === null ? [frame] : [frame, copy];
        });
        return more.sort((a, b) => a.sec - b.sec || a.nsec - b.nsec);
      });
      t.pass();
    });
  }

  test(`${name}: other segments`, async (t) => {
    const trial = await trialOf(name);
    unchanged(trial, fc.infiniteStream(fc.integer({ min: 1, max: 700 })), (frames, sizes) => {
      const pieces = frames.flatMap((frame) => split(frame, [next(sizes), next(sizes), next(sizes)]));
      return next(sizes) % 2 === 0 ? pieces : coalesced(pieces, 2 + (next(sizes) % 5));
    });
    const whole = wholeOf(trial).said;
    const joined = coalesced(trial.frames, 40);
    t.deepEqual(changes(whole, verdictsOf(judgeFrames(trial, joined))), []);
  });

  test(`${name}: one byte a segment`, async (t) => {
    const trial = await trialOf(name);
    // That a hello was sent again is told by octets that can't be headers alone, and of these segments nearly all could: it stays open.
    if (name === "hello-dropped") return t.pass();
    const whole = wholeOf(trial).said;
    const every = Array.from({ length: 400 }, (_, i) => i + 1);
    const pieces = trial.frames.slice(0, 150).flatMap((frame) => split(frame, every));
    const after = judgeFrames(trial, [...pieces, ...trial.frames.slice(150)]);
    t.deepEqual(changes(whole, verdictsOf(after)), []);
  });

  test(`${name}: the traffic of others`, async (t) => {
    const trial = await trialOf(name);
    if (isSetBack(trial)) {
      t.log(SET_BACK);
      return t.pass();
    }
    const whole = wholeOf(trial).verdicts;
    const [first, last] = [trial.frames[0]!, trial.frames.at(-1)!];
    const theirs = (await trialOf("rollout")).frames
      .filter((frame) => frame.sec >= first.sec && frame.sec < last.sec)
      .flatMap((frame) => betweenOthers(frame) ?? [])
      .map((frame) => Object.assign(copyFrame(frame), { capture: 0 }));
    const all = [...trial.frames, ...theirs].sort((a, b) => a.sec - b.sec || a.nsec - b.nsec);
    const after = verdictsOf(judgeFrames(trial, all), false);
    const said = Object.fromEntries(Object.entries(after).filter(([what]) => what in whole));
    t.deepEqual(changes(whole, said), []);
  });

  test(`${name}: other addresses for its hosts`, async (t) => {
    const trial = await trialOf(name);
    const other = renamed(trial);
    const said = (one: Trial): string[] =>
      Object.values(wholeOf(one).verdicts)
        .map((verdict) => renamedText(JSON.stringify(verdict)))
        .sort();
    t.deepEqual(said(other), said(trial));
  });

  test(`${name}: the two sides of a TAP, either one first`, async (t) => {
    const trial = await trialOf(name);
    if (trial.captures.length > 1 || isSetBack(trial)) {
      t.log(isSetBack(trial) ? SET_BACK : "SKIPPED: several files");
      return t.pass();
    }
    const whole = wholeOf(trial).verdicts;
    for (const order of [
      [0, 1],
      [1, 0],
    ]) {
      const { frames, captures } = asSides(trial, order);
      const after = verdictsOf(judgeFrames({ ...trial, captures }, frames), false);
      t.deepEqual(changes(whole, after), [], `in the order ${order.join()}`);
    }
  });

  test(`${name}: slices in any order`, async (t) => {
    const trial = await trialOf(name);
    // Nor do slices have the count of dropped packets that stands at the end of the whole.
    const ended = trial.captures.some(({ cut, damage, drops }) => cut || damage !== null || (drops ?? 0) > 0);
    if (trial.captures.length > 1 || ended || isSetBack(trial)) {
      t.log(isSetBack(trial) ? SET_BACK : "SKIPPED: several files, or one that ends amid a record or counts drops");
      return t.pass();
    }
    const whole = wholeOf(trial).said;
    const folder = mkdtempSync(join(tmpdir(), "wirepact-slices-"));
    try {
      const third = Math.ceil(trial.frames.length / 3);
      const paths = [0, 1, 2].map((i) => {
        const path = join(folder, `${i}.pcap`);
        writeFileSync(path, pcapOf(trial.frames.slice(i * third, (i + 1) * third)));
        return path;
      });
      for (const order of [
        [0, 1, 2],
        [2, 0, 1],
        [1, 2, 0],
      ]) {
        const captures = order.map((i) => ({ path: paths[i]! }));
        const { result } = await run({ ...trial.options, captures });
        t.deepEqual(changes(whole, verdictsOf(judgedResult(result))), [], `in the order ${order.join()}`);
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

/** The frames by direction, each a capture of its own, as a reader gives them: in time order across the captures. */
function asSides({ frames, captures }: Trial, order: readonly number[]): Pick<Trial, "frames" | "captures"> {
  const sides = order.flatMap((side, capture) => {
    const own = frames.filter((frame) => sideOf(frame) === side);
    return own.map((frame, i) => Object.assign(copyFrame(frame), { capture, number: i + 1 }));
  });
  sides.sort((a, b) => a.sec - b.sec || a.nsec - b.nsec);
  return { frames: sides, captures: order.map((side) => ({ ...captures[0]!, path: `side ${side}` })) };
}

/** Which fibre: that of the lower address, and of what has none, or of the higher one. */
function sideOf(frame: Frame): 0 | 1 {
  const p = packetOf(frame);
  if (p === null) return 0;
  const length = p.family === 4 ? 4 : 16;
  const [src, dst] = [p.srcOff, p.dstOff].map((off) => Buffer.from(p.buf.subarray(off, off + length)));
  return src!.compare(dst!) < 0 ? 0 : 1;
}

/** The verdicts of a trial's frames, however they are changed. */
function unchanged(
  trial: Trial,
  numbers: fc.Arbitrary<Iterator<number>>,
  change: (frames: readonly Frame[], numbers: Iterator<number>) => Frame[],
): void {
  const whole = wholeOf(trial).said;
  fc.assert(
    fc.property(numbers, (stream) => {
      const after = verdictsOf(judgeFrames(trial, change(trial.frames, stream)));
      const different = changes(whole, after);
      if (different.length > 0) throw new Error(different.join("\n"));
    }),
    {
      numRuns: Math.max(1, Math.min(MOST_RUNS, Math.floor(BUDGET / trial.frames.length))),
      seed: SEED + cases.findIndex(({ name }) => name === trial.name),
      includeErrorInReport: true,
    },
  );
}

function next(numbers: Iterator<number>): number {
  return numbers.next().value as number;
}

function pcapOf(frames: readonly Frame[]): Uint8Array {
  const linkType = frames[0]?.linkType ?? 1;
  const data = (frame: Frame) => frame.buf.subarray(frame.off, frame.off + frame.capLen);
  return writePcap(
    frames.map((frame) => ({ data: data(frame), sec: frame.sec, nsec: frame.nsec, wireLen: frame.wireLen })),
    { nanos: true, linkType },
  );
}
