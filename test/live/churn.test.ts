/** A scaled run over ever new hosts, against a real database: what `bench/churn.ts` does for an hour of traffic. */
import { join } from "node:path";
import test from "ava";
import { MadeUp, senderJudged } from "../../bench/made-up.ts";
import { HOW, runMadeUp } from "../../bench/made-up-run.ts";
import { run } from "../../src/pipeline.ts";
import { openStore } from "../../src/store/open.ts";
import { scratch } from "../cli/command.ts";

const PER_SECOND = 2;
const SECONDS = 1500;
const SECONDS_A_CHECKPOINT = 100;
/** Each tenth conversation is one of ten minutes ago. */
const LATER_SEC = 600;
const STAY = 100;

function conversation(number: number): number {
  const old = number - LATER_SEC * PER_SECOND;
  return number % 10 === 0 && old >= 0 ? old + 1 : number;
}

test("ever new hosts: memory holds the last minutes, the database all, each finding told once", async (t) => {
  const talk = {
    far: (number: number) => 0x0b00_0000 + conversation(number),
    port: () => 20_000,
    timeMs: (number: number) => 1_700_000_000_000 + (number * 1000) / PER_SECOND,
  };
  const source = new MadeUp(talk, SECONDS_A_CHECKPOINT * PER_SECOND);
  const end = SECONDS * PER_SECOND;
  const db = join(scratch(t), "churn.sqlite");
  const store = await openStore(db);
  const told: string[] = [];
  let rows = 0;
  let came = 0;
  const judging = await senderJudged();
  const { result, seen, moves, exitCode, keeper } = await runMadeUp(store, {
    ...{ source, end, step: SECONDS_A_CHECKPOINT * PER_SECOND, judging, attic: { stay: STAY }, checkpointMs: 1 },
    told: (found) => {
      for (const { kind, row } of found)
        if (kind === "undocumented" && "conversation_id" in row) told.push(row.conversation_id);
    },
    due: (_result, seen, moves) => {
      rows = Math.max(rows, seen.flows.table.count);
      came += moves?.back.length ?? 0;
    },
  });
  await keeper.checkpoint(result, seen, moves);
  const all = new Set(Array.from({ length: end }, (_, number) => conversation(number)));
  t.is(exitCode, 1);
  t.true((result.departed?.judged ?? 0) > all.size / 2, JSON.stringify(result.departed));
  t.is(result.judged.length + (result.departed?.judged ?? 0), all.size);
  t.is(result.quality.conversations, all.size);
  // Five minutes until a flow of UDP is over, and three checkpoints until a finding is told.
  t.true(rows < (300 + 4 * SECONDS_A_CHECKPOINT) * PER_SECOND * 1.2, `${rows}`);
  t.true(came > 0, `${came}`);
  t.is(told.length, new Set(told).size);
  const stored = await store.read();
  t.is(stored.judged.length, all.size);
  t.is(
    stored.judged.reduce((sum, { packets }) => sum + packets, 0),
    end,
  );
  await store.close();
  const again = await run({ captures: [{ path: db }], ...judging, ...HOW });
  const row = (c: (typeof stored.judged)[number]): string =>
    [c.conversation_id, c.verdict, c.reason_code, c.flows, c.packets, c.first_seen, c.last_seen].join(" ");
  t.deepEqual(again.result.judged.map(row).sort(), stored.judged.map(row).sort());
});

for (const isBound of [true, false]) {
  test(`loaded anew with its hosts ${isBound ? "bound" : "unbound"}: what had left memory is judged by that as all else`, async (t) => {
    const talk = {
      far: (number: number) => 0x0b00_0000 + number,
      port: () => 20_000,
      timeMs: (number: number) => 1_700_000_000_000 + number * 2000,
    };
    const db = join(scratch(t), "anew.sqlite");
    const store = await openStore(db);
    const bound = await senderJudged();
    const nobody = { ...bound, bindings: { ...bound.bindings, bindings: [] } };
    const [before, after] = isBound ? [nobody, bound] : [bound, nobody];
    const [end, step] = [500, 50];
    let left = 0;
    let frames = 0;
    const { result, seen, moves, keeper } = await runMadeUp(store, {
      ...{ source: new MadeUp(talk, step), end, step, judging: before, attic: { stay: STAY }, checkpointMs: 1 },
      due: (result, seen) => {
        frames = seen.frames;
        if (frames === end - step) left = (result.departed?.judged ?? 0) + (result.departed?.rest ?? 0);
      },
      reloaded: () => (frames >= end - step ? after : null),
    });
    await keeper.checkpoint(result, seen, moves);
    t.true(left > end / 4, `${left}`);
    t.is(result.quality.judged_before, 0);
    const stored = await store.read();
    await store.close();
    t.is(stored.judged.length, isBound ? end : 0);
    const again = await run({ captures: [{ path: db }], ...after, ...HOW });
    const row = (c: (typeof stored.judged)[number]): string => [c.conversation_id, c.verdict, c.reason].join(" ");
    t.deepEqual(again.result.judged.map(row).sort(), stored.judged.map(row).sort());
    const rule = (r: (typeof stored.rules)[number]): string => [r.rule_id, r.status, r.reason].join(" ");
    t.deepEqual(again.result.rules.map(rule), stored.rules.map(rule));
  });
}
