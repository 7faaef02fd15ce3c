/** Live runs over a source that plays a file: no rights, no network. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { loadJudging } from "../../src/judging.ts";
import type { LiveCounts, LiveSource } from "../../src/live/engine.ts";
import { type FindingKind, FindingLog } from "../../src/live/findings.ts";
import { closeKilledRuns, Keeper } from "../../src/live/keeper.ts";
import { type LiveHooks, type LiveOptions, runLive } from "../../src/live/run.ts";
import type { Observation } from "../../src/observe/observation.ts";
import { run } from "../../src/pipeline.ts";
import type { RunResult } from "../../src/report/result.ts";
import { chooseDriver } from "../../src/store/connect.ts";
import { openStore } from "../../src/store/open.ts";
import { scratch } from "../cli/command.ts";

const ROLLOUT = "fixtures/cases/rollout/rollout.pcap";
const HOW = {
  scope: "judged",
  infer: true,
  minSpanSec: 300,
  asOf: null,
  strict: false,
  command: "wirepact live",
} as const;

/** A file's bytes in pieces, and then nothing until it is stopped; or its end, where it is gone. */
class Played implements LiveSource {
  readonly interface = "played0";
  readonly size = null;
  readonly cut = false;
  bytesRead = 0;
  onNotice = (): void => {};
  readonly gone: string | null;
  readonly #bytes: Uint8Array;
  readonly #piece: number;
  #stop: () => void = () => {};
  readonly #stopped: Promise<void>;

  constructor(bytes: Uint8Array, piece: number, gone: string | null = null) {
    this.#bytes = bytes;
    this.#piece = piece;
    this.gone = gone;
    this.#stopped = new Promise((resolve) => {
      this.#stop = resolve;
    });
  }
  async read(into: Uint8Array, at: number, length: number): Promise<number> {
    const count = Math.min(length, this.#piece, this.#bytes.length - this.bytesRead);
    if (count === 0 && this.gone === null) await this.#stopped;
    into.set(this.#bytes.subarray(this.bytesRead, this.bytesRead + count), at);
    this.bytesRead += count;
    return count;
  }
  counts(): LiveCounts {
    return { dropped: 7, droppedByInterface: 2 };
  }
  stop(): void {
    this.#stop();
  }
  async close(): Promise<void> {
    this.#stop();
  }
}

async function judging(): Promise<Awaited<ReturnType<typeof loadJudging>>> {
  const bind = ["gateway=10.20.0.5", "client=10.30.0.0/16"];
  return loadJudging({
    models: ["opswat-sdp"],
    site: null,
    bind,
    set: ["region=us", "platform=aws"],
    background: true,
  });
}

const QUIET: LiveHooks = {
  status: () => {},
  notice: () => {},
  judged: () => {},
  checkpoint: async () => true,
  attic: null,
  frame: null,
  reloaded: () => null,
  judgesAll: () => "wirepact check live.sqlite",
};

async function options(sources: LiveSource[], change: Partial<LiveOptions> = {}): Promise<LiveOptions> {
  const engine = { name: "libpcap", limits: "it is only played" } as const;
  const rest = { engine, realm: null, forMs: null, count: null, checkpointMs: 60_000, hooks: QUIET };
  return { ...(await judging()), ...HOW, sources, ...rest, ...change };
}

function verdicts({ judged, rules }: RunResult): unknown {
  return [
    judged.map((c) => [c.conversation_id, c.verdict, c.reason, c.packets]),
    rules.map((r) => [r.rule_id, r.status]),
  ];
}

test("the same judgement as of the file, in pieces of any size; losses are the source's", async (t) => {
  const file = await run({ captures: [{ path: ROLLOUT }], ...(await judging()), ...HOW });
  for (const piece of [100, 4096, 1 << 20]) {
    const stop = new AbortController();
    const hooks: LiveHooks = { ...QUIET, status: ({ packets }) => void (packets === 939 && stop.abort()) };
    const live = await runLive(
      await options([new Played(readFileSync(ROLLOUT), piece)], { hooks, signal: stop.signal }),
    );
    t.is(live.result.quality.packets, 939);
    t.is(live.result.quality.drops, 7);
    t.is(live.result.quality.interface_drops, 2);
    t.is(live.result.quality.engine, "libpcap");
    t.true(live.result.run.warnings.includes("it is only played"));
    t.is(live.result.run.status, "finished");
    t.deepEqual(
      live.result.judged.map((c) => [c.conversation_id, c.verdict, c.reason_code]).sort(),
      file.result.judged.map((c) => [c.conversation_id, c.verdict, c.reason_code]).sort(),
    );
  }
});

test("an interface that is gone: what was read is judged, exit code 3", async (t) => {
  const live = await runLive(
    await options([new Played(readFileSync(ROLLOUT), 4096, "The interface played0 was removed")]),
  );
  t.is(live.exitCode, 3);
  t.regex(live.result.captures[0]?.damage ?? "", /played0 was removed\. What came before was read/);
  t.true(live.result.judged.some((c) => c.verdict === "undocumented"));
});

test("where memory runs low, reading ends, and what was read is judged: exit code 3", async (t) => {
  let looks = 0;
  const heap = { low: () => (++looks > 1 ? "Reading ended here, because memory runs low" : null) };
  const live = await runLive(await options([new Played(readFileSync(ROLLOUT), 4096)], { heap }));
  t.is(live.exitCode, 3);
  t.regex(live.result.captures[0]?.damage ?? "", /memory runs low/);
  t.is(live.result.quality.packets, 939);
  t.true(live.result.judged.some((c) => c.verdict === "undocumented"));
  t.false(live.result.rules.some((rule) => rule.status === "missing"));
});

test("it ends by itself after so many packets", async (t) => {
  const live = await runLive(await options([new Played(readFileSync(ROLLOUT), 4096)], { count: 100 }));
  t.is(live.result.quality.packets, 100);
});

test("times that step back are counted, and nothing else changes", async (t) => {
  const bytes = new Uint8Array(readFileSync(ROLLOUT));
  const view = new DataView(bytes.buffer);
  // The clock is set back by two hours in the middle of the capture.
  let number = 0;
  for (let at = 24; at < bytes.length; at += 16 + view.getUint32(at + 8, true)) {
    if (++number > 500) view.setUint32(at, view.getUint32(at, true) - 7200, true);
  }
  const live = await runLive(await options([new Played(bytes, 4096, "It ended")]));
  t.is(live.result.quality.packets, 939);
  t.is(live.result.quality.time_reversed, 1);
  t.true(live.result.judged.length > 0);
});

test("models loaded anew are what is judged against from then on", async (t) => {
  const bare = {
    models: [],
    background: null,
    site: null,
    bindings: { bindings: [], parameters: new Map(), problems: [] },
  };
  const hooks: LiveHooks = { ...QUIET, reloaded: () => bare };
  const live = await runLive(await options([new Played(readFileSync(ROLLOUT), 4096, "It ended")], { hooks }));
  t.deepEqual(live.result.run.models, []);
});

async function seen(t: ExecutionContext): Promise<{ db: string; result: RunResult; seen: Observation }> {
  const live = await runLive(await options([new Played(readFileSync(ROLLOUT), 4096, "It ended")]));
  return { db: join(scratch(t), "live.sqlite"), result: live.result, seen: live.seen };
}

test("a checkpoint is written whole, again and again, and judged again like the capture", async (t) => {
  const { db, result, seen: observation } = await seen(t);
  const store = await openStore(db);
  const keeper = new Keeper(store);
  await keeper.checkpoint({ ...result, run: { ...result.run, status: "running" } }, observation);
  const others = await openStore(db, { readOnly: true });
  t.is((await others.runs())[0]?.status, "running");
  t.deepEqual(verdicts(await others.read(1)), verdicts(result));
  await keeper.checkpoint(result, observation);
  await others.close();
  await store.close();
  const again = await run({ captures: [{ path: db }], ...(await judging()), ...HOW });
  t.deepEqual(verdicts(again.result), verdicts(result));
});

test("a database that another program has locked: the last checkpoint stands, and the next one is whole", async (t) => {
  const { db, result, seen: observation } = await seen(t);
  const store = await openStore(db, { busyTimeoutMs: 20 });
  const keeper = new Keeper(store);
  await keeper.checkpoint({ ...result, judged: [] }, observation);
  const other = await (await chooseDriver())(db, false);
  await other.exec("BEGIN IMMEDIATE");
  await t.throwsAsync(keeper.checkpoint(result, observation), {
    name: "StoreError",
    message: /locked by another program/,
  });
  t.is((await store.read(1)).judged.length, 0);
  await other.exec("ROLLBACK");
  await other.close();
  await keeper.checkpoint(result, observation);
  t.deepEqual(verdicts(await store.read(1)), verdicts(result));
  await store.close();
});

test("a run whose process lives is not called killed", async (t) => {
  const { db, result, seen: observation } = await seen(t);
  const store = await openStore(db);
  const running = { ...result, run: { ...result.run, status: "running" as const } };
  await new Keeper(store).checkpoint(running, observation);
  t.deepEqual(await closeKilledRuns(store), []);
  t.is((await store.runs())[0]?.status, "running");
  await store.close();
});

test("findings are told once they have stood, once each, and taken back where they no longer stand", async (t) => {
  const { result } = await run({ captures: [{ path: ROLLOUT }], ...(await judging()), ...HOW });
  const log = new FindingLog(false);
  const kinds = (list: { kind: FindingKind }[]): string => [...new Set(list.map(({ kind }) => kind))].sort().join(" ");
  t.is(log.judged(result, false, false).found.length, 0);
  t.is(log.judged(result, false, false).found.length, 0);
  const third = log.judged(result, false, false);
  t.is(kinds(third.found), "undocumented"); // a missing rule waits for a checkpoint
  t.is(kinds(log.judged(result, true, false).found), "rule");
  t.deepEqual(log.judged(result, true, true), { found: [], withdrawn: [] });
  const [first, ...others] = result.judged.filter((c) => c.verdict === "undocumented");
  const without = { ...result, judged: result.judged.filter((c) => c !== first) };
  const { withdrawn } = log.judged(without, false, false);
  t.deepEqual(
    withdrawn.map(({ kind, row }) => [kind, row]),
    [["undocumented", first]],
  );
  t.true(others.length > 0);
});
