/** The library as a program uses it: nothing but what `src/index.ts` exports. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import * as wirepact from "../../src/index.ts";
import { wirepact as command } from "../cli/command.ts";

const CASE = "fixtures/cases/rollout";
const ROLLOUT: wirepact.CheckOptions = {
  captures: [`${CASE}/rollout.pcap`],
  models: ["opswat-sdp"],
  bind: { gateway: "10.20.0.5", client: ["10.30.0.0/16"] },
  set: { region: "us", platform: "aws" },
};

/** The result as JSON, without what no two runs share. */
function told(result: wirepact.RunResult): Record<string, unknown> {
  // `as`: our own JSON
  const value = JSON.parse([...wirepact.jsonReport(result)].join("")) as Record<string, Record<string, unknown>>;
  for (const field of ["run_id", "started_at", "command"]) delete value.run![field];
  return value;
}

test("check says what the command says", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "wirepact-library-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const words = readFileSync(`${CASE}/command`, "utf8").trim().split(/\s+/);
  words[1] = `${CASE}/${words[1]}`;
  const ran = await command([...words, "--format", "json", "--db", join(folder, "a.sqlite")]);
  const { result, exitCode } = await wirepact.check(ROLLOUT);
  t.is(exitCode, 1);
  t.is(ran.code, 1, ran.stderr);
  const theirs = JSON.parse(ran.stdout) as Record<string, Record<string, unknown>>; // `as`: our own JSON
  for (const field of ["run_id", "started_at", "command"]) delete theirs.run![field];
  t.deepEqual(told(result), theirs);
  t.is(result.run.command, "wirepact.check");
});

test("findings are plain data, and pages are made of them", async (t) => {
  const { result } = await wirepact.check(ROLLOUT);
  const drift = wirepact.driftOf(result, false);
  t.deepEqual(
    drift.undocumented.map((c) => c.server_name ?? c.app).sort(),
    ["api-eu.sdp.opswat.com", "ntp", "stun", "telemetry.example.com"].sort(),
  );
  t.deepEqual(
    drift.rules.map((rule) => [rule.rule_id, rule.status]),
    [["client-cognito-us", "missing"]],
  );
  t.is(wirepact.exitCodeOf(result, false), 1);
  t.is(wirepact.headline(result).title, "NOT AS DOCUMENTED");
  const page = wirepact.textReport(result, { width: 80 });
  t.true(page.includes("telemetry.example.com"));
  t.false(page.includes("\x1b"), "no colours unless asked for");
  t.true(wirepact.textReport(result, { color: true }).includes("\x1b["));
  const [first] = drift.undocumented;
  t.true(wirepact.explain(result, first!.conversation_id).includes(first!.responder));
  t.true(wirepact.explain(result, "opswat-sdp/client-cognito-us").includes("missing"));
  t.throws(() => wirepact.explain(result, "client-cognito-eus"), {
    instanceOf: wirepact.UsageError,
    message: /client-cognito-us/,
  });
});

test("strict and waiver dates are options, not verdicts", async (t) => {
  const strict = await wirepact.check({ ...ROLLOUT, strict: true });
  const plain = await wirepact.check({ ...ROLLOUT, asOf: new Date("2026-11-20T00:00:00Z") });
  t.deepEqual(
    strict.result.judged.map((c) => c.verdict),
    plain.result.judged.map((c) => c.verdict),
  );
  t.true(wirepact.driftOf(strict.result, true).count > wirepact.driftOf(plain.result, false).count);
});

test("models and sites that are read once serve many checks", async (t) => {
  const model = await wirepact.readModel("opswat-sdp");
  const again = await wirepact.check({ ...ROLLOUT, models: [model] });
  t.deepEqual(told(again.result), told((await wirepact.check(ROLLOUT)).result));
  const site = await wirepact.readSite("fixtures/cases/waived/site.yaml");
  t.true(site.waive.length > 0);
  const bound = wirepact.bindRoles([model], null, ["gateway=10.20.0.5"], ["region=us"]);
  t.deepEqual(bound.problems, []);
  t.is(bound.parameters.get("opswat-sdp")?.get("region")?.value, "us");
  t.deepEqual(wirepact.bindRoles([model], null, ["gatway=10.20.0.5"], []).problems.length, 1);
});

test("a model of one's own, by its path", async (t) => {
  const model = await wirepact.readModel("rules/opswat-sdp.yaml");
  const shipped = await wirepact.readModel("opswat-sdp");
  t.deepEqual(
    model.rules.map((rule) => rule.id),
    shipped.rules.map((rule) => rule.id),
  );
  t.is(model.source, "rules/opswat-sdp.yaml");
});

test("observe judges nothing", async (t) => {
  const { result, exitCode } = await wirepact.observe({ captures: [`${CASE}/rollout.pcap`] });
  t.is(exitCode, 0);
  t.deepEqual(result.rules, []);
  const rows = [...result.judged, ...result.rest.rows()];
  t.true(rows.length > 0);
  t.true(rows.every((c) => c.verdict === null));
  t.true(rows.some((c) => c.server_name === "telemetry.example.com"));
});

test("runs at the same time do not know of one another", async (t) => {
  const eu: wirepact.CheckOptions = { ...ROLLOUT, set: { region: "eu", platform: "aws" } };
  const alone = [told((await wirepact.check(ROLLOUT)).result), told((await wirepact.check(eu)).result)];
  const together = await Promise.all([wirepact.check(ROLLOUT), wirepact.check(eu)]);
  t.deepEqual(
    together.map(({ result }) => told(result)),
    alone,
  );
  t.notDeepEqual(alone[0], alone[1]);
});

test("a store keeps runs and gives them back", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "wirepact-library-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const outcome = await wirepact.check(ROLLOUT);
  const store = await wirepact.openStore(join(folder, "runs.sqlite"));
  t.is(await wirepact.storeRun(store, outcome), 1);
  t.is(outcome.result.run.run_id, 1);
  t.is(await wirepact.storeRun(store, await wirepact.observe(ROLLOUT)), 2);
  const rows = await store.query("SELECT server_name FROM observed_undocumented WHERE run_id = ?", [1]);
  t.is(rows.length, wirepact.driftOf(outcome.result, false).undocumented.length);
  const { judged, rules, lookups, captures, quality } = await store.read(1);
  t.deepEqual(judged, outcome.result.judged);
  t.deepEqual(rules, outcome.result.rules);
  t.deepEqual(lookups, outcome.result.lookups);
  t.deepEqual(captures, outcome.result.captures);
  t.deepEqual(quality, outcome.result.quality);
  await store.close();
});

test("what is wrong is said before anything is read", async (t) => {
  const wrong = (change: Partial<wirepact.CheckOptions>) =>
    t.throwsAsync(wirepact.check({ ...ROLLOUT, ...change }), { instanceOf: wirepact.UsageError });
  t.regex((await wrong({ models: ["opswat-spd"] }))!.message, /did you mean "opswat-sdp"/);
  t.regex((await wrong({ models: [] }))!.message, /no model/);
  t.regex((await wrong({ bind: { gatway: "10.20.0.5" } }))!.message, /gateway/);
  t.regex((await wrong({ set: { regoin: "us" } }))!.message, /region/);
  t.regex((await wrong({ minSpanSec: Number.NaN }))!.message, /minSpanSec/);
  t.regex((await wrong({ asOf: new Date("nonsense") }))!.message, /asOf/);
  t.regex((await wrong({ captures: [] }))!.message, /captures/);
  const several = await t.throwsAsync(
    wirepact.check({ ...ROLLOUT, bind: { gateway: "10.20.0.555" }, set: { region: "mars" } }),
    { instanceOf: wirepact.ProblemsError },
  );
  t.is(several!.problems.length, 2, "all at once");
});

test("a capture that cannot be read is told in the result", async (t) => {
  const { result, exitCode } = await wirepact.check({ ...ROLLOUT, captures: ["README.md", "no-such.pcap"] });
  t.is(exitCode, 3);
  t.is(result.captures.length, 2);
  for (const capture of result.captures) t.is(typeof capture.damage, "string", capture.path);
});

test("a signal ends the reading, and what was read is judged", async (t) => {
  const before = await wirepact.check({ ...ROLLOUT, signal: AbortSignal.abort() });
  t.is(before.result.run.status, "interrupted");
  const stop = new AbortController();
  let calls = 0;
  const captures = [`${CASE}/rollout.pcap`, "fixtures/capture/dns.pcap"];
  const { result } = await wirepact.observe({
    captures,
    signal: stop.signal,
    onProgress: () => {
      calls++;
      stop.abort();
    },
  });
  t.is(calls, 1);
  t.is(result.run.status, "interrupted");
  t.is((await wirepact.observe({ captures })).result.run.status, "finished");
});

test("findings one by one: all of them, and none that the result has not", async (t) => {
  const run = wirepact.check(ROLLOUT);
  const seen: wirepact.Finding[] = [];
  for await (const finding of run) seen.push(finding);
  const { result } = await run;
  t.deepEqual(seen, wirepact.findingsOf(result, false));
  t.true(seen.length >= 5);
  t.true(seen.every(({ title, reason, frames }) => title !== "" && reason !== "" && Array.isArray(frames)));
  for await (const _none of wirepact.observe(ROLLOUT)) t.fail("nothing is judged without a model");
  const wrong = wirepact.check({ ...ROLLOUT, models: ["no-such"] });
  const error = await t.throwsAsync(
    (async () => {
      for await (const _none of wrong) t.fail();
    })(),
  );
  t.true(error instanceof wirepact.UsageError);
});

test("a loop over findings ends where the caller leaves it, and a signal ends the reading before it", async (t) => {
  let count = 0;
  for await (const _one of wirepact.check(ROLLOUT)) if (++count === 2) break;
  t.is(count, 2);
  const stopped = wirepact.check({ ...ROLLOUT, signal: AbortSignal.abort() });
  for await (const finding of stopped) t.not(finding.verdict, "missing", "what was not read cannot be missed");
  t.is((await stopped).result.run.status, "interrupted");
});

test("models are the caller's: changing one changes no other", async (t) => {
  const mine = await wirepact.readModel("opswat-sdp");
  mine.rules.length = 0;
  t.true((await wirepact.readModel("opswat-sdp")).rules.length > 0);
  t.is((await wirepact.check(ROLLOUT)).exitCode, 1);
});

test("every form of a report", async (t) => {
  const { result } = await wirepact.check(ROLLOUT);
  for (const form of wirepact.FORM_NAMES)
    t.true([...(await wirepact.report(result, form))].join("").includes("telemetry.example.com"), form);
  t.deepEqual(wirepact.diffOf(result, result).differences, []);
});

test("it prints nothing, and leaves nothing that keeps a process alive", (t) => {
  const code = `
    const { check } = await import(${JSON.stringify(new URL("../../src/index.js", import.meta.url).href)});
    await check(${JSON.stringify(ROLLOUT)});
  `;
  const ran = spawnSync(process.execPath, ["--input-type=module", "-e", code], { encoding: "utf8" });
  t.deepEqual([ran.status, ran.stdout, ran.stderr], [0, "", ""]);
});

test("decoders, models, schema and version are there to be listed", (t) => {
  const manifest = JSON.parse(readFileSync("package.json", "utf8")) as { version: string }; // `as`: JSON of a known file
  t.is(wirepact.VERSION, manifest.version);
  t.true(["dns", "ntp", "stun", "tls"].every((id) => wirepact.DECODERS.some((decoder) => decoder.id === id)));
  t.true(wirepact.shippedModels().some(({ name }) => name === "opswat-sdp"));
  t.is(typeof wirepact.modelSchema(), "object");
});
