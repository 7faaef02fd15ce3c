/** The commands on real captures, through the compiled main: exit codes, forms, and what stays in the database. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import test, { type ExecutionContext } from "ava";
import type { RunResult } from "../../src/report/result.ts";
import { openStore } from "../../src/store/open.ts";
import { type Schema, violations } from "../report/schema-check.ts";
import { type Ran, type RunOptions, scratch, wirepact } from "./command.ts";

const ROLLOUT = resolve("fixtures/cases/rollout/rollout.pcap");
const DAMAGED = resolve("fixtures/cases/damaged/damaged.pcap");
const MODEL = ["--model", "opswat-sdp", "--bind", "gateway=10.20.0.5", "--set", "region=us"];
const SCHEMA = JSON.parse(readFileSync("src/report/schema.json", "utf8")) as Schema;

type Printed = Omit<RunResult, "judged" | "rest"> & { conversations: RunResult["judged"] };

function parsed(ran: Ran): Printed {
  return JSON.parse(ran.stdout) as Printed;
}

async function run(t: ExecutionContext, args: string[], options: RunOptions = {}): Promise<Ran & { cwd: string }> {
  const cwd = options.cwd ?? scratch(t);
  return { ...(await wirepact(args, { cwd, ...options })), cwd };
}

test("check finds drift, says so, and keeps the run", async (t) => {
  const ran = await run(t, ["check", ROLLOUT, ...MODEL]);
  t.is(ran.code, 1, ran.stderr);
  t.regex(ran.stdout, /^✗ NOT AS DOCUMENTED/);
  t.regex(ran.stdout, /UNDOCUMENTED[\s\S]*telemetry\.example\.com/);
  t.is(ran.stderr, "", "nothing but the report, and no progress in a pipe");
  const id = /wirepact explain wirepact\.sqlite (\S+)/.exec(ran.stdout)?.[1] ?? "";
  const explained = await run(t, ["explain", "wirepact.sqlite", id], { cwd: ran.cwd });
  t.is(explained.code, 0, explained.stderr);
  t.regex(explained.stdout, /frame\.number in \{\d/);
});

test("the JSON of check is valid against the schema, equal to the stored run's, and has the same verdicts as the views", async (t) => {
  const ran = await run(t, ["check", ROLLOUT, ...MODEL, "--format", "json"]);
  const printed = parsed(ran);
  t.deepEqual(violations(SCHEMA, printed), []);
  t.is(printed.run.exit_code, ran.code);
  const again = parsed(await run(t, ["report", "wirepact.sqlite", "--format", "json"], { cwd: ran.cwd }));
  t.deepEqual(violations(SCHEMA, again), []);
  const byId = (document: Printed): Map<string, unknown> =>
    new Map(document.conversations.map((c) => [c.conversation_id, [c.verdict, c.rule_id, c.bytes, c.first_seen]]));
  t.deepEqual(byId(again), byId(printed));
  t.deepEqual(again.rules, printed.rules);
  const store = await openStore(join(ran.cwd, "wirepact.sqlite"), { readOnly: true });
  const rows = await store.query("SELECT conversation_id FROM observed_undocumented");
  await store.close();
  t.deepEqual(
    rows.map((row) => row.conversation_id).sort(),
    printed.conversations
      .filter((c) => c.verdict === "undocumented")
      .map((c) => c.conversation_id)
      .sort(),
  );
});

test("observe judges nothing and exits 0", async (t) => {
  const ran = await run(t, ["observe", ROLLOUT, "--format", "json"]);
  t.is(ran.code, 0, ran.stderr);
  const printed = parsed(ran);
  t.deepEqual(violations(SCHEMA, printed), []);
  t.true(printed.conversations.length > 10);
  t.true(printed.conversations.every((c) => c.verdict === null));
  t.is(printed.quality.packets, printed.captures[0]?.packets);
  t.regex((await run(t, ["observe", ROLLOUT])).stdout, /^✓ ON THE WIRE {2}\d+ conversations/);
});

test("standard input is a capture like a file", async (t) => {
  const piped = parsed(await run(t, ["observe", "-", "--format", "json"], { input: readFileSync(ROLLOUT) }));
  const read = parsed(await run(t, ["observe", ROLLOUT, "--format", "json"]));
  t.is(piped.captures[0]?.path, "-");
  t.deepEqual(piped.conversations, read.conversations);
});

test("a damaged capture exits 3, and what was read before is judged, stored and told", async (t) => {
  const ran = await run(t, ["check", DAMAGED, ...MODEL]);
  t.is(ran.code, 3, ran.stderr);
  t.regex(ran.stdout, /^✗ CAPTURE NOT READ/);
  t.true(existsSync(join(ran.cwd, "wirepact.sqlite")));
  const printed = parsed(await run(t, ["report", "wirepact.sqlite", "--format", "json"], { cwd: ran.cwd }));
  t.truthy(printed.captures[0]?.damage);
});

test("what is no capture exits 3 and says what it is; the JSON is there and empty", async (t) => {
  const cwd = scratch(t);
  writeFileSync(join(cwd, "notes.txt"), "Dear diary, today I captured nothing.\n");
  writeFileSync(join(cwd, "empty.pcap"), "");
  for (const name of ["notes.txt", "empty.pcap", "none.pcap", "."]) {
    const ran = await run(t, ["observe", name, "--format", "json", "--db", `${name.replace(".", "_")}.sqlite`], {
      cwd,
    });
    t.is(ran.code, 3, `${name}: ${ran.stderr}`);
    const printed = parsed(ran);
    t.deepEqual(violations(SCHEMA, printed), [], name);
    t.is(printed.quality.packets, 0, name);
    t.truthy(printed.captures[0]?.damage, name);
    t.notRegex(ran.stderr, /^\s+at /m);
  }
});

test("the wrong host does not pass", async (t) => {
  const ran = await run(t, ["check", ROLLOUT, "--model", "opswat-sdp", "--bind", "gateway=10.99.99.99", "--no-infer"]);
  t.is(ran.code, 4, ran.stdout);
  t.regex(ran.stdout, /^\? NOTHING COULD BE JUDGED/);
});

test("the default database that can't be written is a warning; the report comes", async (t) => {
  const cwd = scratch(t);
  writeFileSync(join(cwd, "wirepact.sqlite"), "someone's notes, by an unlucky name");
  const ran = await run(t, ["observe", ROLLOUT], { cwd });
  t.is(ran.code, 0, ran.stderr);
  t.regex(ran.stderr, /warning: nothing is stored/);
  t.regex(ran.stdout, /ON THE WIRE/);
  t.notRegex(ran.stdout, /wirepact report/, "no command names a database that is none");
  t.is(readFileSync(join(cwd, "wirepact.sqlite"), "utf8"), "someone's notes, by an unlucky name");
});

test("a site file says the same as options do", async (t) => {
  const cwd = scratch(t);
  writeFileSync(join(cwd, "site.yaml"), "models: [opswat-sdp]\nroles: { gateway: [10.20.0.5] }\nset: { region: us }\n");
  const bySite = parsed(await run(t, ["check", ROLLOUT, "--site", "site.yaml", "--format", "json"], { cwd }));
  const byOptions = parsed(await run(t, ["check", ROLLOUT, ...MODEL, "--format", "json"], { cwd }));
  const verdicts = (document: Printed): unknown[] =>
    document.conversations.map((c) => [c.conversation_id, c.verdict, c.rule_id]);
  t.deepEqual(verdicts(bySite), verdicts(byOptions));
  t.is(bySite.run.site, "site.yaml");
});

test("strict counts what is not proved, and a stored strict run is told so again", async (t) => {
  const capture = resolve("fixtures/cases/no-dns/no-dns.pcap");
  const settings = [...MODEL, "--set", "platform=aws"];
  const lenient = await run(t, ["check", capture, ...settings]);
  t.is(lenient.code, 0, lenient.stdout);
  t.regex(lenient.stdout, /^✓ NO DRIFT FOUND .*could not/);
  const strict = await run(t, ["check", capture, ...settings, "--strict"]);
  t.is(strict.code, 1);
  t.regex(strict.stdout, /^✗ NOT AS DOCUMENTED .*not proved/);
  t.is((await run(t, ["report", "wirepact.sqlite"], { cwd: strict.cwd })).stdout, strict.stdout);
});

test("a database that is judged again leaves what was observed as it stands, in another database and in its own", async (t) => {
  const { cwd, code } = await run(t, ["check", ROLLOUT, ...MODEL, "--db", "first.sqlite", "--format", "json"]);
  t.is(code, 1);
  const parts = async (path: string, number: number): Promise<unknown[]> => {
    const store = await openStore(join(cwd, path), { readOnly: true });
    const found: unknown[] = [];
    for await (const part of store.readObservation(number)) found.push(part);
    await store.close();
    return found;
  };
  const first = await parts("first.sqlite", 1);
  t.true(first.length > 2);
  for (const [into, number] of [
    ["second.sqlite", 1],
    ["first.sqlite", 2],
  ] as const) {
    const again = await run(t, ["check", "first.sqlite@1", ...MODEL, "--db", into], { cwd });
    t.is(again.code, 1, again.stderr);
    t.deepEqual(await parts(into, number), first);
  }
});
