import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import test, { type ExecutionContext } from "ava";
import type { RunResult } from "../../src/report/result.ts";
import { openStore } from "../../src/store/open.ts";
import { hasHarmful } from "../report/plain.ts";
import { lookup, result, rollout, runInfo, undocumented } from "../report/sample.ts";
import { scratch, wirepact } from "./command.ts";

/** A database with these runs, in a folder of its own. */
async function database(t: ExecutionContext, runs: RunResult[]): Promise<string> {
  const cwd = scratch(t);
  const store = await openStore(join(cwd, "runs.sqlite"));
  for (const run of runs) await (await store.startRun(run.run)).write(run, []);
  await store.close();
  return cwd;
}

const json = (text: string): RunResult => JSON.parse(text) as RunResult;

test("a stored run is printed again, in any form", async (t) => {
  const cwd = await database(t, [rollout()]);
  const text = await wirepact(["report", "runs.sqlite"], { cwd });
  t.is(text.code, 0, "whatever the run found");
  t.regex(
    text.stdout,
    /^✗ NOT AS DOCUMENTED {2}2 undocumented conversations, 1 violation, 1 rule blocked, 1 rule missing/,
  );
  t.regex(text.stdout, /wirepact explain runs\.sqlite/);
  const printed = json((await wirepact(["report", "runs.sqlite", "--format", "json"], { cwd })).stdout);
  t.is(printed.rules.length, rollout().rules.length);
});

test("the newest run, or the one that is named", async (t) => {
  const second = result({
    run: runInfo({ started_at: "2026-11-22T10:00:00.000000Z", command: "wirepact check second.pcap" }),
  });
  const cwd = await database(t, [rollout(), second]);
  t.regex((await wirepact(["report", "runs.sqlite"], { cwd })).stdout, /^✓ AS DOCUMENTED/);
  t.regex((await wirepact(["report", "runs.sqlite@1"], { cwd })).stdout, /^✗ NOT AS DOCUMENTED/);
  const none = await wirepact(["report", "runs.sqlite@9"], { cwd });
  t.is(none.code, 2);
  t.regex(none.stderr, /no run 9; there are 1, 2/);
});

test("explain tells of conversations and rules, and helps with ids it does not know", async (t) => {
  const cwd = await database(t, [rollout()]);
  const conversation = await wirepact(["explain", "runs.sqlite", "81d2c4b6a"], { cwd });
  t.is(conversation.code, 0);
  t.regex(conversation.stdout, /CONVERSATION 81d2c4b6a8907f6e/);
  t.regex(
    (await wirepact(["explain", "runs.sqlite@1", "opswat-sdp/gateway-stun-us"], { cwd })).stdout,
    /RULE opswat-sdp\/gateway-stun-us {2}missing/,
  );
  const unrelated = await wirepact(["explain", "runs.sqlite", "eeeeeeee"], { cwd });
  t.is(unrelated.code, 0, unrelated.stderr);
  const several = await wirepact(["explain", "runs.sqlite", "81d2"], { cwd });
  t.is(several.code, 2);
  t.regex(several.stderr, /81d2c4b6a8907f6e, 81d2c4b6ffff0000/);
  const typo = await wirepact(["explain", "runs.sqlite", "gateway-stun-su"], { cwd });
  t.is(typo.code, 2);
  t.regex(typo.stderr, /Did you mean gateway-stun-us\?/);
});

test("colours and width follow the environment", async (t) => {
  const cwd = await database(t, [rollout()]);
  t.false(hasHarmful((await wirepact(["report", "runs.sqlite"], { cwd })).stdout), "a pipe has no colours");
  t.true((await wirepact(["report", "runs.sqlite"], { cwd, env: { FORCE_COLOR: "1" } })).stdout.includes("\x1b[31m"));
  const narrow = await wirepact(["report", "runs.sqlite"], { cwd, env: { COLUMNS: "60" } });
  t.true(narrow.stdout.split("\n").every((line) => line.length <= 60 || line.startsWith("  wirepact ")));
});

test("--out replaces a file whole, keeps a link a link, and leaves nothing beside it", async (t) => {
  const cwd = await database(t, [rollout()]);
  writeFileSync(join(cwd, "report.json"), "old");
  symlinkSync("report.json", join(cwd, "link.json"));
  const ran = await wirepact(["report", "runs.sqlite", "--format", "json", "--out", "link.json"], { cwd });
  t.deepEqual([ran.code, ran.stdout], [0, ""]);
  t.true(lstatSync(join(cwd, "link.json")).isSymbolicLink());
  t.is(json(readFileSync(join(cwd, "report.json"), "utf8")).captures.length, 1);
  t.deepEqual(
    readdirSync(cwd).filter((name) => name.includes("part")),
    [],
  );
});

test("--out never replaces the database it is made from, nor a device", async (t) => {
  const cwd = await database(t, [rollout()]);
  t.is((await wirepact(["report", "runs.sqlite", "--out", "./runs.sqlite"], { cwd })).code, 2);
  t.is((await wirepact(["report", "runs.sqlite", "--out", "/dev/null"], { cwd })).code, 0);
  t.true(lstatSync("/dev/null").isCharacterDevice());
});

test("a failed report leaves the old one as it was", async (t) => {
  const cwd = scratch(t);
  writeFileSync(join(cwd, "report.txt"), "old");
  mkdirSync(join(cwd, "db"));
  t.is((await wirepact(["report", "none.sqlite", "--out", "report.txt"], { cwd })).code, 2);
  t.is(readFileSync(join(cwd, "report.txt"), "utf8"), "old");
  t.false(existsSync(join(cwd, "none.sqlite")));
});

test("a reader that goes away is no failure", async (t) => {
  const many = Array.from({ length: 3000 }, (_, i) =>
    undocumented({ conversation_id: String(i).padStart(16, "0"), server_name: `n${i}.example.com` }),
  );
  const cwd = await database(t, [result({ judged: many, lookups: [lookup()] })]);
  const main = fileURLToPath(new URL("../../src/main.js", import.meta.url));
  const child = spawn(process.execPath, [main, "report", "runs.sqlite", "--format", "json"], { cwd });
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  await once(child.stdout, "data");
  child.stdout.destroy();
  const [code] = (await once(child, "close")) as [number];
  t.is(code, 0, stderr);
  t.is(stderr, "");
});

test("a full disk is a failure", async (t) => {
  if (!existsSync("/dev/full")) return void t.pass();
  const cwd = await database(t, [rollout()]);
  const ran = await wirepact(["report", "runs.sqlite", "--out", "/dev/full"], { cwd });
  t.is(ran.code, 5);
  t.regex(ran.stderr, /no space is left/);
});
