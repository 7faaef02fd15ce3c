/** A scaled run over ever new hosts, against a real database: what `bench/churn.ts` does for an hour of traffic. */
import { join } from "node:path";
import test from "ava";
import { MadeUp, senderJudged } from "../../bench/made-up.ts";
import { FindingLog } from "../../src/live/findings.ts";
import { atticOf, Keeper } from "../../src/live/keeper.ts";
import { type LiveHooks, runLive } from "../../src/live/run.ts";
import { run } from "../../src/pipeline.ts";
import { openStore } from "../../src/store/open.ts";
import { scratch } from "../cli/command.ts";

const PER_SECOND = 2;
const SECONDS = 1500;
const SECONDS_A_CHECKPOINT = 100;
/** Each tenth conversation is one of ten minutes ago. */
const LATER_SEC = 600;
const STAY = 100;
const HOW = { scope: "judged", infer: true, minSpanSec: 300, asOf: null, strict: false, command: "" } as const;

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
  const keeper = new Keeper(store);
  const findings = new FindingLog(false);
  const stop = new AbortController();
  const told: string[] = [];
  let rows = 0;
  let came = 0;
  const hooks: LiveHooks = {
    status: () => {},
    notice: () => {},
    judged: (result, whole) => {
      for (const { kind, row } of findings.judged(result, whole, false).found)
        if (kind === "undocumented" && "conversation_id" in row) told.push(row.conversation_id);
    },
    checkpoint: async (result, seen, moves) => {
      await keeper.checkpoint(result, seen, moves, stop.signal);
      came += moves?.back.length ?? 0;
      if (result.quality.packets !== source.due) return true;
      rows = Math.max(rows, seen.flows.table.count);
      if (source.due >= end) stop.abort();
      else source.due += SECONDS_A_CHECKPOINT * PER_SECOND;
      return true;
    },
    attic: { ...atticOf(keeper, findings), stay: STAY },
    frame: null,
    reloaded: () => null,
  };
  const judging = await senderJudged();
  const { result, seen, moves, exitCode } = await runLive({
    ...{ ...judging, ...HOW, sources: [source], engine: { name: "libpcap", limits: null }, realm: null },
    ...{ forMs: null, count: null, checkpointMs: 1, hooks, signal: stop.signal },
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
