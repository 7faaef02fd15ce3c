/** Live runs on a wire of their own, with real servers and clients, and what may go wrong with interfaces and rights. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { RunResult } from "../../src/report/result.ts";
import { wirepact } from "../cli/command.ts";
import { type Schema, violations } from "../report/schema-check.ts";
import { labTest } from "./lab.ts";
import { end, MODEL, READING, scene, stored } from "./scene.ts";

const SCHEMA = JSON.parse(readFileSync("src/report/schema.json", "utf8")) as Schema;

/** Verdicts as people compare them: whom, what was judged, and why. */
function verdicts(result: RunResult): unknown {
  const conversations = result.judged.map((c) => [
    c.initiator,
    c.responder,
    c.transport,
    c.port,
    c.app,
    c.server_name,
    c.verdict,
    c.reason_code,
  ]);
  const rules = result.rules.map((rule) => [rule.rule_id, rule.status, rule.reason_code]);
  return { conversations: conversations.map((row) => row.join(" ")).sort(), rules };
}

for (const engine of ["libpcap", "child"]) {
  labTest(`the same verdicts as check on what tcpdump wrote: ${engine}`, async (t) => {
    const { lab, folder, db } = scene(t, engine);
    const servers = await lab.servers();
    const pcap = join(folder, "same.pcap");
    const tcpdump = lab.tool(["tcpdump", "-i", "eth0", "-U", "-Z", "root", "-w", pcap]);
    await tcpdump.says(/listening/);
    const live = lab.wirepact(["live", "-i", "eth0", ...MODEL, "--engine", engine, "--db", db, "--format", "json"]);
    await live.says(READING);
    await lab.talk("api-us.sdp.opswat.com", "telemetry.example.com");
    await live.says(/"event":"finding","kind":"undocumented"/);
    t.is(await end(live), 1);
    await end(tcpdump);
    await end(servers, "SIGTERM");

    const lines = live.stdout
      .trim()
      .split("\n")
      .map(
        (line) =>
          JSON.parse(line) as {
            event: string;
            kind?: "undocumented" | "lookup" | "rule";
            server_name?: string;
            run: RunResult["run"];
            quality: RunResult["quality"];
          },
      );
    const found = lines.filter(({ event }) => event === "finding");
    t.true(found.some(({ kind, server_name }) => kind === "undocumented" && server_name === "telemetry.example.com"));
    for (const { event: _event, kind, ...row } of found) {
      const wanted = SCHEMA.$defs?.[kind === "rule" || kind === "lookup" ? kind : "conversation"];
      t.deepEqual(violations(SCHEMA, row, wanted), []);
    }
    t.is(lines.at(-1)?.event, "end");
    t.is(lines.at(-1)?.quality.drops, 0);
    t.is(lines.at(-1)?.run.status, "finished");

    const other = join(folder, "check.sqlite");
    const checked = await wirepact(["check", pcap, ...MODEL, "--db", other]);
    t.is(checked.code, 1);
    const [seen, read] = [await stored(db), await stored(other)];
    t.deepEqual(verdicts(seen), verdicts(read));
    t.is(seen.judged.find((c) => c.server_name === "api-us.sdp.opswat.com")?.verdict, "documented");
    t.is(seen.judged.find((c) => c.server_name === "telemetry.example.com")?.verdict, "undocumented");
    t.is(seen.quality.packets, read.quality.packets);
    t.is(seen.captures[0]?.first_time?.slice(0, 23), read.captures[0]?.first_time?.slice(0, 23));
  });
}

labTest("the packets of a finding are kept, and a filter holds", async (t) => {
  const { lab, folder, db } = scene(t, "keep");
  const servers = await lab.servers();
  const kept = join(folder, "kept");
  const words = ["live", "-i", "eth0", ...MODEL, "-f", "not port 53", "--db", db, "--keep-packets", kept];
  const live = lab.wirepact(words);
  await live.says(READING);
  await lab.talk("telemetry.example.com");
  await live.says(/undocumented {2}/);
  t.is(await end(live), 1);
  await end(servers, "SIGTERM");
  const [file = ""] = readdirSync(kept).filter((name) => name.startsWith("undocumented-"));
  const again = await wirepact(["observe", join(kept, file), "--db", join(folder, "kept.sqlite"), "--format", "json"]);
  const { conversations } = JSON.parse(again.stdout) as { conversations: { server_name: string | null }[] };
  t.true(conversations.some(({ server_name }) => server_name === "telemetry.example.com"));
  t.true(readFileSync(join(kept, file)).includes("undocumented"));
  t.false((await stored(db)).lookups.length > 0);
});

labTest("an interface that goes down and up again, and one that gets another name: it goes on", async (t) => {
  const { lab, db } = scene(t, "down");
  const servers = await lab.servers();
  const live = lab.wirepact(["live", "-i", "eth0", ...MODEL, "--db", db]);
  await live.says(READING);
  lab.ip("link", "set", "eth0", "down");
  await live.says(/eth0: the link went down; waiting/);
  lab.up();
  await lab.talk("telemetry.example.com");
  await live.says(/the link is up again/);
  lab.ip("link", "set", "eth0", "down");
  lab.ip("link", "set", "eth0", "name", "lan7");
  await live.says(/eth0 is called lan7 now/);
  t.is(await end(live), 1, live.stderr);
  await end(servers, "SIGTERM");
  t.is((await stored(db)).judged.find((c) => c.server_name === "telemetry.example.com")?.verdict, "undocumented");
});

labTest("an interface that is removed: what was read is judged and stored, exit code 3", async (t) => {
  const { lab, db } = scene(t, "gone");
  const servers = await lab.servers();
  const live = lab.wirepact(["live", "-i", "eth0", ...MODEL, "--db", db]);
  await live.says(READING);
  await lab.talk("telemetry.example.com");
  await live.says(/undocumented {2}/); // what waits in the kernel goes with the interface
  lab.ip("link", "del", "eth0");
  // It is put back at once: another interface under the same name, which is not taken for the one that was read.
  lab.wire();
  t.is(await live.ended, 3);
  t.regex(live.stderr, /eth0 was removed while it was read.* only a new run has the rights to open it/s);
  await end(servers, "SIGTERM");
  const result = await stored(db);
  t.regex(result.captures[0]?.damage ?? "", /eth0 was removed/);
  t.is(result.judged.find((c) => c.server_name === "telemetry.example.com")?.verdict, "undocumented");
  t.notRegex(live.stderr, /at .*\.js:\d+/);
});

labTest("interfaces that cannot be read: exit code 3 and what to do", async (t) => {
  const { lab, folder } = scene(t, "refused");
  const none = lab.wirepact(["live", "-i", "eth9"], { cwd: folder });
  t.is(await none.ended, 3);
  t.regex(none.stderr, /no interface eth9; did you mean eth0\?/);
  const nobody = lab.wirepact(["live", "-i", "eth0"], { cwd: folder, uid: 65_534 });
  t.is(await nobody.ended, 3);
  t.regex(nobody.stderr, /^ {2}sudo setcap cap_net_raw,cap_net_admin\+eip /m);
  lab.ip("link", "set", "eth0", "down");
  const down = lab.wirepact(["live", "-i", "eth0"], { cwd: folder });
  t.is(await down.ended, 3);
  t.regex(down.stderr, /eth0 is down: ip link set eth0 up/);
  t.false(existsSync(join(folder, "wirepact.sqlite")));
});

labTest("started as root it becomes another user, who gains no rights any more", async (t) => {
  const { lab, db } = scene(t, "user");
  const live = lab.wirepact(["live", "-i", "eth0", "--user", "nobody", "--db", db]);
  await live.says(READING);
  const status = readFileSync(`/proc/${live.child.pid}/status`, "utf8");
  t.regex(status, /^Uid:\t65534\t65534\t65534\t65534$/m);
  t.regex(status, /^Groups:\t65534 $/m);
  t.regex(status, /^CapEff:\t0+$/m);
  t.regex(status, /^NoNewPrivs:\t1$/m);
  t.is(await end(live, "SIGTERM"), 0);
  t.is((await stored(db)).run.status, "finished");
});

labTest("as another user it still ends the child that captures for it, which is root's", async (t) => {
  const { lab, db } = scene(t, "user-child");
  const live = lab.wirepact(["live", "-i", "eth0", "--engine", "child", "--user", "nobody", "--db", db]);
  await live.says(READING);
  await lab.flood("10.20.0.53", 100);
  t.is(await end(live), 0, live.stderr);
  t.is((await stored(db)).run.status, "finished");
  await lab.left();
});

labTest("where a run is killed, nothing goes on capturing for it", async (t) => {
  const { lab, db } = scene(t, "orphan");
  const live = lab.wirepact(["live", "-i", "eth0", "--engine", "child", "--db", db]);
  await live.says(READING);
  t.is(await end(live, "SIGKILL"), null);
  await lab.left();
});

labTest("the child that captures is killed: what it handed over is judged and stored, exit code 3", async (t) => {
  const { lab, db } = scene(t, "child-killed");
  const servers = await lab.servers();
  const live = lab.wirepact(["live", "-i", "eth0", ...MODEL, "--engine", "child", "--db", db]);
  await live.says(READING);
  await lab.talk("telemetry.example.com");
  await live.says(/undocumented {2}/);
  lab.kill(/^tcpdump/, "SIGKILL");
  t.is(await live.ended, 3);
  await end(servers, "SIGTERM");
  t.regex(live.stderr, /tcpdump on eth0 ended by itself: signal 9 ended it/);
  const { captures, judged } = await stored(db);
  t.regex(captures[0]?.damage ?? "", /signal 9 ended it\. What came before was read/);
  t.is(judged.find((c) => c.server_name === "telemetry.example.com")?.verdict, "undocumented");
});

labTest("whoever reads its lines goes away: it ends, and the run is whole", async (t) => {
  const { lab, db } = scene(t, "pipe");
  const servers = await lab.servers();
  const live = lab.wirepact(["live", "-i", "eth0", ...MODEL, "--db", db, "--format", "json"]);
  await live.says(READING);
  live.child.stdout?.destroy();
  await lab.talk("telemetry.example.com");
  t.is(await live.ended, 1);
  await end(servers, "SIGTERM");
  t.is((await stored(db)).run.status, "finished");
  t.notRegex(live.stderr, /EPIPE/);
});
