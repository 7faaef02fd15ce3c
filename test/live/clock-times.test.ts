/** Of a pair's exchanges of NTP those that are let go of change nothing that the others prove. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import fc from "fast-check";
import { MadeUp } from "../../bench/made-up.ts";
import { runMadeUp } from "../../bench/made-up-run.ts";
import { ENOUGH, provedOffset, provedWithin } from "../../src/conform/clocks.ts";
import { loadJudging } from "../../src/judging.ts";
import { ClockTimes } from "../../src/live/clock-times.ts";
import type { Exchange } from "../../src/observe/exchanges.ts";
import { openStore } from "../../src/store/open.ts";
import { scratch } from "../cli/command.ts";

const exchange = fc
  .record({ middle: fc.integer({ min: -90, max: 90 }), wide: fc.integer({ min: 0, max: 9 }) })
  .map(({ middle, wide }): Exchange => {
    const asked = { sec: 0, ahead: 0, capture: 0 };
    return { least: middle - wide, most: middle + wide, frames: [], asked };
  });

test("what they prove together stays", (t) => {
  fc.assert(
    fc.property(fc.array(exchange, { maxLength: 60 }), fc.integer({ min: ENOUGH, max: 9 }), (all, first) => {
      const times = new ClockTimes(first);
      const told = all.filter((one) => times.tell("pair", [one]));
      t.is(provedOffset(told), provedOffset(all));
      for (const sec of [0, 5, 30, 80]) t.is(provedWithin(told, sec), provedWithin(all, sec));
    }),
  );
});

test("of the same exchange again and again the first few are kept, of each pair", (t) => {
  const times = new ClockTimes(5);
  const one: Exchange = { least: -2, most: 1, frames: [], asked: { sec: 0, ahead: 0, capture: 0 } };
  for (const pair of ["a", "b"])
    t.is(Array.from({ length: 100 }, () => times.tell(pair, [one])).filter(Boolean).length, 5);
});

const START_MS = 1_780_000_000_000;
const APART_MS = 2_000;
/** Seconds between 1900 and 1970 (RFC 5905, section 6). */
const SINCE_1900 = 2_208_988_800;
const NTP = 123;

/** RFC 5905, section 7.3: a client's question, or the server's answer 4 ms later, by clocks that agree. */
function message(number: number): Uint8Array {
  const bytes = new Uint8Array(48);
  const view = new DataView(bytes.buffer);
  const isAnswer = number % 2 === 1;
  bytes.set(isAnswer ? [0x24, 2] : [0x23, 0]);
  const stamp = (at: number, ms: number): void => {
    view.setUint32(at, Math.floor(ms / 1000) + SINCE_1900);
    view.setUint32(at + 4, ((ms % 1000) / 1000) * 2 ** 32);
  };
  const asked = timeMs(number - (number % 2));
  if (isAnswer)
    for (const [at, ms] of [
      [24, asked],
      [32, asked + 2],
      [40, asked + 2],
    ] as const)
      stamp(at, ms);
  else stamp(40, asked);
  return bytes;
}

/** Round trips differ a little, as they do. */
function timeMs(number: number): number {
  const asked = START_MS + Math.floor(number / 2) * APART_MS;
  return number % 2 === 0 ? asked : asked + 4 + ((number >> 1) % 7);
}

test("a client that asks from a new port each time: memory holds the first, the rule all of them", async (t) => {
  const talk = {
    far: () => 0x0a4d_00ff,
    farPort: NTP,
    port: (number: number) => 20_000 + (number >> 1),
    answers: (number: number) => number % 2 === 1,
    ...{ timeMs, payload: message },
  };
  const [end, step] = [8_000, 400];
  const source = new MadeUp(talk, step);
  const model = join(scratch(t), "time.yaml");
  const rule =
    "{ id: time, from: host, to: anyone, over: udp/123, app: ntp, requirement: optional, cite: { section: 1 } }";
  writeFileSync(
    model,
    `wirepact: 1\nmodel: time\ndocument: { title: T }\nroles: { host: { about: h } }\nrules:\n  - ${rule}\n`,
  );
  const judging = await loadJudging({
    ...{ models: [model], site: null, bind: ["host=10.77.0.2"], set: [], background: true },
  });
  const store = await openStore(join(scratch(t), "time.sqlite"));
  let most = 0;
  const { result } = await runMadeUp(store, {
    ...{ source, end, step, judging, attic: true, checkpointMs: 1, ageMs: 0 },
    due: (_result, seen) => {
      most = Math.max(most, seen.identified.details.length);
    },
  });
  await store.close();
  t.is(result.quality.packets, end);
  t.deepEqual(
    result.judged.map(({ verdict, flows, packets }) => [verdict, flows, packets]),
    [["documented", end / 2, end]],
  );
  t.true(most < 1_000, `${most}`);
});
