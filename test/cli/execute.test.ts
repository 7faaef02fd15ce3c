import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { execute, type Pipeline, type ResultOptions, type Task } from "../../src/cli/execute.ts";
import { unjudged } from "../../src/judging.ts";
import type { RunOptions } from "../../src/pipeline.ts";
import type { RunResult } from "../../src/report/result.ts";
import { openStore } from "../../src/store/open.ts";
import { result, rollout, runInfo } from "../report/sample.ts";
import { scratch } from "./command.ts";

const TASK: Task = {
  captures: [{ path: "span.pcap" }],
  ...unjudged(),
  infer: true,
  minSpanSec: 300,
};

/** A pipeline that found this, and what it was asked. */
function found(value: RunResult, exitCode: 0 | 1 | 3 | 4, asked: RunOptions[] = []): () => Promise<Pipeline> {
  return async () => async (options) => {
    await options.ready;
    asked.push(options);
    return { result: value, observation: () => [{ kind: "flows", seq: 0, data: new Uint8Array([1, 2, 3]) }], exitCode };
  };
}

function options(
  t: ExecutionContext,
  change: Partial<ResultOptions> = {},
): ResultOptions & { out: string; db: string } {
  const cwd = scratch(t);
  return { format: "json", out: join(cwd, "report"), db: join(cwd, "runs.sqlite"), ...change };
}

for (const code of [0, 1, 3, 4] as const) {
  test(`exit code ${code} is the pipeline's; the run is stored and printed`, async (t) => {
    const where = options(t);
    t.is(await execute(TASK, where, found(rollout(), code)), code);
    const printed = JSON.parse(readFileSync(where.out, "utf8")) as RunResult;
    t.is(printed.run.run_id, 1);
    const store = await openStore(where.db, { readOnly: true });
    t.is((await store.read()).rules.length, rollout().rules.length);
    await store.close();
  });
}

test("the pipeline is given the task as it is, and the command as typed", async (t) => {
  const asked: RunOptions[] = [];
  await execute(TASK, options(t), found(rollout(), 0, asked));
  const [given] = asked;
  t.deepEqual(given?.captures, TASK.captures);
  t.is(given?.minSpanSec, 300);
  t.regex(given?.command ?? "", /^wirepact\b/);
  t.false(given?.signal?.aborted);
});

test("runs of one database are kept side by side", async (t) => {
  const where = options(t);
  await execute(TASK, where, found(rollout(), 1));
  await execute(TASK, where, found(result(), 0));
  t.is((JSON.parse(readFileSync(where.out, "utf8")) as RunResult).run.run_id, 2);
});

test("a database that was asked for and does not open ends it before anything is read", async (t) => {
  const where = options(t);
  const asked: RunOptions[] = [];
  const db = join(where.db, "..", "none", "runs.sqlite");
  await t.throwsAsync(execute(TASK, { ...where, db }, found(rollout(), 0, asked)), { name: "StoreError" });
  t.deepEqual(asked, []);
  t.false(existsSync(where.out));
});

test("where storing fails, the report comes all the same and the exit code is 5", async (t) => {
  const where = options(t);
  const broken = found(rollout(), 1);
  const code = await execute(TASK, where, async () => async (asked) => {
    const outcome = await (await broken())(asked);
    return {
      ...outcome,
      observation: function* () {
        yield { kind: "flows", seq: 0, data: new Uint8Array(1) };
        throw new Error("the disk went away");
      },
    };
  });
  t.is(code, 5);
  t.is((JSON.parse(readFileSync(where.out, "utf8")) as RunResult).run.exit_code, 1);
});

test("the text report names the database that it can be explained from", async (t) => {
  const where = options(t, { format: "text" });
  await execute(TASK, where, found(rollout(), 1));
  t.true(readFileSync(where.out, "utf8").includes(`wirepact explain ${where.db} `));
});

test("results never go over what they are made from", async (t) => {
  const where = options(t);
  const folder = join(where.db, "..", "in");
  mkdirSync(folder);
  const site = join(folder, "site.yaml");
  writeFileSync(site, "models: []");
  const task: Task = {
    ...TASK,
    site: {
      source: site,
      models: [],
      roles: {},
      set: {},
      outside: {},
      hosts: {},
      ranges: {},
      timezone: "UTC",
      vxlan: [],
      waive: [],
    },
  };
  await t.throwsAsync(execute(task, { ...where, out: site }, found(rollout(), 0)), { name: "UsageError" });
  await t.throwsAsync(execute(task, { ...where, out: where.db }, found(rollout(), 0)), { name: "UsageError" });
  t.is(readFileSync(site, "utf8"), "models: []");
});

test("an empty result is printed whole", async (t) => {
  const where = options(t);
  const empty = result({
    run: runInfo({ exit_code: 3 }),
    captures: [],
    judged: [],
    rules: [],
    quality: { packets: 0 },
  });
  t.is(await execute(TASK, where, found(empty, 3)), 3);
  t.deepEqual((JSON.parse(readFileSync(where.out, "utf8")) as { conversations: unknown[] }).conversations, []);
});
