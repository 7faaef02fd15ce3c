/** How live runs end, and what is left of them: by one signal or two, killed, and models or sites loaded anew meanwhile. */
import { copyFileSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { openStore } from "../../src/store/open.ts";
import { wirepact } from "../cli/command.ts";
import { labTest, MAIN } from "./lab.ts";
import { end, MODEL, READING, scene, stored } from "./scene.ts";

/** Its runs' states; the file itself is asked whether it is whole. */
async function whole(t: ExecutionContext, db: string): Promise<string[]> {
  const store = await openStore(db, { readOnly: true });
  t.deepEqual(await store.query("PRAGMA integrity_check"), [{ integrity_check: "ok" }]);
  const states = (await store.runs()).map(({ status }) => status);
  await store.close();
  return states;
}

labTest("a second signal ends it at once, and the database is whole", async (t) => {
  const { lab, db } = scene(t, "twice");
  const servers = await lab.servers();
  const live = lab.wirepact(["live", "-i", "eth0", ...MODEL, "--db", db, "--checkpoint", "200ms"]);
  await live.says(READING);
  await lab.talk("telemetry.example.com");
  await live.says(/undocumented {2}/);
  // Two of one kind that come at once are one to the system.
  live.child.kill("SIGINT");
  live.child.kill("SIGTERM");
  t.is(await live.ended, 5);
  await end(servers, "SIGTERM");
  t.false(live.stdout.includes("telemetry.example.com")); // no report any more
  await whole(t, db);
});

labTest("a site or a model that breaks while it runs: where and why is said, and the old one goes on", async (t) => {
  const { lab, folder, db } = scene(t, "reload");
  const servers = await lab.servers();
  const model = join(folder, "model.yaml");
  const site = join(folder, "site.yaml");
  copyFileSync("rules/opswat-sdp.yaml", model);
  const words = `models: [model.yaml]\nset: { region: us, platform: aws }\nroles:\n  gateway: 10.20.0.5\n`;
  writeFileSync(site, words);
  const live = lab.wirepact(["live", "-i", "eth0", "--site", site, "--db", db]);
  await live.says(READING);
  writeFileSync(site, `${words}  gatewy: 10.20.0.6\n`);
  live.child.kill("SIGHUP");
  await live.says(/stay as they were:\n.*site\.yaml:5:\d+: /);
  writeFileSync(site, words);
  writeFileSync(model, "wirepact: 1\nname: [\n");
  live.child.kill("SIGHUP");
  await live.says(/stay as they were:\n.*model\.yaml:\d+:\d+: /);
  await lab.talk("api-us.sdp.opswat.com", "telemetry.example.com");
  await live.says(/undocumented {2}.*telemetry/);
  copyFileSync("rules/opswat-sdp.yaml", model);
  writeFileSync(site, `${words}waive:\n  - { what: { to: telemetry.example.com }, why: agreed }\n`);
  live.child.kill("SIGHUP");
  await live.says(/loaded anew/);
  await end(live);
  await end(servers, "SIGTERM");
  const { judged } = await stored(db);
  const far = judged.find((c) => c.server_name === "telemetry.example.com");
  t.deepEqual([far?.verdict, far?.waived], ["undocumented", "agreed"]);
  t.is(judged.find((c) => c.server_name === "api-us.sdp.opswat.com")?.verdict, "documented");
});

labTest(
  "a role that is unbound while no packet comes: the database says so, and other realms are refused",
  async (t) => {
    const { lab, folder, db } = scene(t, "unbound");
    const servers = await lab.servers();
    const site = join(folder, "site.yaml");
    const words = `models: [opswat-sdp]\nset: { region: us, platform: aws }\nroles:\n  gateway:`;
    writeFileSync(site, `${words} 10.20.0.5\n`);
    const live = lab.wirepact(["live", "-i", "eth0", "--site", site, "--db", db, "--checkpoint", "200ms"]);
    await live.says(READING);
    await lab.talk("telemetry.example.com");
    await live.says(/undocumented {2}.*telemetry/);
    writeFileSync(site, `${words} 10.20.0.5\nrealms:\n  - { name: plant, vlans: [5] }\n`);
    live.child.kill("SIGHUP");
    await live.says(/stay as they were:\n.*realms: is another than when the run began/);
    writeFileSync(site, `${words} 10.20.0.77\n`);
    live.child.kill("SIGHUP");
    await live.says(/no longer: undocumented {2}.*telemetry/);
    t.is(await end(live), 4);
    await end(servers, "SIGTERM");
    t.deepEqual((await stored(db)).judged, []);
  },
);

labTest("a killed run keeps its last checkpoint; the next one says so, and how both are judged as one", async (t) => {
  const { lab, db } = scene(t, "killed");
  const servers = await lab.servers();
  const words = ["live", "-i", "eth0", ...MODEL, "--db", db, "--checkpoint", "200ms"];
  const live = lab.wirepact(words);
  await live.says(READING);
  await lab.talk("telemetry.example.com");
  await live.says(/rule |undocumented {2}/);
  const reader = await openStore(db, { readOnly: true });
  const seen = "SELECT count(*) AS n FROM observed_undocumented WHERE server_name = 'telemetry.example.com'";
  for (let tries = 0; (await reader.query(seen))[0]?.n !== 1; tries++) {
    t.true(tries < 100);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  t.is((await reader.runs())[0]?.status, "running");
  await reader.close();
  await end(live, "SIGKILL");
  await whole(t, db);

  const how = ["--no-infer", "--min-span", "6m"];
  const next = lab.wirepact([...words, ...how]);
  await next.says(READING);
  t.regex(next.stderr, /run 1 of .* was killed: what it saw until \d{4}-.* is there\. A new run goes on from here/);
  await lab.talk("api-us.sdp.opswat.com");
  await next.says(/This is run 2/);
  await end(next);
  await end(servers, "SIGTERM");
  t.deepEqual(await whole(t, db), ["interrupted", "finished"]);

  const [, command = ""] = /As one with what was killed: wirepact (.*)/.exec(next.stderr) ?? [];
  t.is(command, ["check", `${db}@1`, `${db}@2`, ...MODEL, ...how].join(" "));
  const both = await wirepact([...command.split(" "), "--db", `${db}.2`, "--format", "json"]);
  t.is(both.code, 1);
  const { conversations } = JSON.parse(both.stdout) as { conversations: { server_name: string; verdict: string }[] };
  const verdict = (name: string): string | undefined =>
    conversations.find(({ server_name }) => server_name === name)?.verdict;
  t.is(verdict("telemetry.example.com"), "undocumented"); // of the run that was killed
  t.is(verdict("api-us.sdp.opswat.com"), "documented"); // of the next one
});

const SCRIPT = "/usr/bin/script";
const terminal = existsSync(SCRIPT);
if (!terminal) process.stderr.write("live: the test with a terminal is skipped: script is not installed (bsdutils)\n");

(terminal ? labTest : test.skip)("its terminal is closed: it ends, and the run is whole", async (t) => {
  const { lab, db } = scene(t, "terminal");
  const servers = await lab.servers();
  const words = [process.execPath, MAIN, "live", "-i", "eth0", ...MODEL, "--db", db];
  const live = lab.tool([SCRIPT, "-qefc", words.map((word) => `'${word}'`).join(" "), "/dev/null"]);
  await live.says(READING);
  await lab.talk("telemetry.example.com");
  await live.says(/undocumented {2}/);
  t.regex(live.stdout, /packets\/s .* lost .* conversations? /);
  await end(live, "SIGKILL");
  await end(servers, "SIGTERM");
  await lab.left();
  t.deepEqual(await whole(t, db), ["finished"]);
});

/** How far the newest checkpoint reaches; nothing where none was written. */
async function written(db: string): Promise<{ packets: number; last_time: string }> {
  const store = await openStore(db, { readOnly: true });
  const [row] = await store.query("SELECT last_time, (SELECT sum(packets) FROM captures) AS packets FROM runs");
  await store.close();
  return { packets: Number(row?.packets ?? 0), last_time: String(row?.last_time ?? "") };
}

labTest(
  "stopped and let go on: what came meanwhile is read or counted as lost, and the run ends as others do",
  async (t) => {
    const { lab, db } = scene(t, "stopped");
    const servers = await lab.servers();
    const live = lab.wirepact(["live", "-i", "eth0", ...MODEL, "--db", db, "--checkpoint", "200ms"]);
    await live.says(READING);
    live.child.kill("SIGSTOP");
    await lab.talk("telemetry.example.com");
    live.child.kill("SIGCONT");
    await live.says(/rule |undocumented {2}/);
    t.is(await end(live), 1);
    await end(servers, "SIGTERM");
    t.deepEqual(await whole(t, db), ["finished"]);
    const { judged, quality } = await stored(db);
    t.true(judged.some((c) => c.server_name === "telemetry.example.com") || Number(quality.drops) > 0);
  },
);

for (const looks of [0, 1, 3, 10]) {
  labTest(`killed at any moment the database is whole, and what it had stays: after ${looks} looks`, async (t) => {
    const { lab, db } = scene(t, `kill${looks}`);
    const servers = await lab.servers();
    const live = lab.wirepact(["live", "-i", "eth0", ...MODEL, "--db", db, "--checkpoint", "1ms"]);
    await live.says(READING);
    // With each look-up another checkpoint is due, so that one is being written most of the time.
    for (let i = 0; i < looks; i++) await lab.talk("telemetry.example.com");
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 300));
    const before = await written(db);
    await end(live, "SIGKILL");
    await end(servers, "SIGTERM");
    const states = await whole(t, db);
    t.true(states.length <= 1 && states.every((state) => state === "running"), states.join());
    const after = await written(db);
    t.true(after.packets >= before.packets && after.last_time >= before.last_time, JSON.stringify([before, after]));
    if (states.length === 0) return;
    const again = await wirepact(["observe", `${db}@1`, "--db", `${db}.2`, "--format", "json"]);
    t.is(again.code, 0, again.stderr);
  });
}
