/** What a disk, a memory or another program does to a run: a clear message, the code of the contract, nothing lost that was there. */
import { spawnSync } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import test, { type ExecutionContext } from "ava";
import { NEXT_FRAME } from "../../src/capture/frame.ts";
import { openCaptures } from "../../src/capture/open.ts";
import { reportError } from "../../src/cli/errors.ts";
import { openStore } from "../../src/store/open.ts";
import { type FrameToWrite, writePcap } from "../support/capture-writer.ts";
import { udpFrame } from "../support/frames.ts";
import { drain } from "../support/read-captures.ts";
import { dnsQuery } from "../support/talk.ts";
import { scratch, wirepact } from "./command.ts";

const MAIN = fileURLToPath(new URL("../../src/main.js", import.meta.url));
const CAPTURE = "fixtures/cases/good-us/good-us.pcap";
const CHECK = ["check", CAPTURE, "--model", "opswat-sdp", "--bind", "gateway=10.20.0.5"];

const mounts =
  process.platform === "linux" &&
  process.getuid?.() === 0 &&
  spawnSync("unshare", ["-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]).status === 0;
const mountTest: (title: string, says: (t: ExecutionContext) => Promise<void> | void) => void = mounts
  ? test
  : (title, _says) => test.skip(`${title} [nothing can be mounted here: root on Linux is needed]`, () => {});

/** Runs lines of shell where `$F` is a folder with a file system of so many bytes; it is gone afterwards. `$W` is Wirepact. */
function onTmpfs(t: ExecutionContext, bytes: number, lines: string) {
  const folder = join(scratch(t), "small");
  mkdirSync(folder);
  const script = `mount -t tmpfs -o size=${bytes} tmpfs "$F" && ${lines}`;
  const env = { ...process.env, F: folder, N: process.execPath, W: MAIN };
  return spawnSync("unshare", ["-m", "sh", "-c", script], { encoding: "utf8", env });
}

mountTest("a disk that fills up while a run is stored: said, reported, and what was there stays", async (t) => {
  const check = `"$N" "$W" ${CHECK.join(" ")} --db "$F/a.sqlite" --format json`;
  const first = onTmpfs(t, 1 << 24, `${check} > /dev/null; stat -c %s "$F/a.sqlite"`);
  const bytes = Number(first.stdout);
  t.true(bytes > 0, first.stderr);
  // Room for one run and a half.
  const kept = `"$N" "$W" report "$F/a.sqlite" --run 1 --format json`;
  const full = onTmpfs(
    t,
    Math.ceil(bytes * 1.6),
    `${check} > /dev/null; ${check} > "$F/../out"; echo $?; ${kept} > "$F/../kept"; echo $?`,
  );
  t.regex(full.stderr, /the disk is full: free some space, or write to another disk with --db FILE/);
  t.is(full.stdout.split("\n")[0], "5");
  t.not(full.stdout.split("\n")[1], "5", "the first run is read as before");
});

test("a pipe that refuses to wait, and a slow reader: all of the report, and no warning", (t) => {
  const output = new URL("../../src/cli/output.js", import.meta.url).href;
  const pieces = 40;
  // A stream of Node's makes a pipe one that refuses to wait.
  const script = `process.stdout; const { write } = await (await import("${output}")).reportOutput();
    await write(Array.from({ length: ${pieces} }, () => "x".repeat(65536)));`;
  const line = '"$0" --input-type=module -e "$1" | { sleep 0.3; wc -c; }';
  const ran = spawnSync("sh", ["-c", line, process.execPath, script], { encoding: "utf8" });
  t.is(ran.stdout.trim(), String(pieces * 65_536));
  t.is(ran.stderr, "");
});

mountTest("a file system that is read-only", async (t) => {
  const ran = onTmpfs(
    t,
    1 << 20,
    `mount -o remount,ro "$F" && "$N" "$W" ${CHECK.join(" ")} --db "$F/a.sqlite"; echo $?`,
  );
  t.regex(ran.stderr, /cannot be written: .* is read-only/);
  t.regex(ran.stdout, /5\n$/);
});

(existsSync("/dev/full") ? test : test.skip)("standard output on a full disk", (t) => {
  const db = join(scratch(t), "a.sqlite");
  const ran = spawnSync("sh", ["-c", `"$0" "$@" > /dev/full`, process.execPath, MAIN, ...CHECK, "--db", db], {
    encoding: "utf8",
  });
  t.is(ran.status, 5);
  t.regex(ran.stderr, /the report could not be written: no space is left/);
});

test("memory that ends: Node stops the program, and the database is whole", async (t) => {
  const db = join(scratch(t), "a.sqlite");
  const before = await wirepact([...CHECK, "--db", db]);
  t.not(before.code, 5, before.stderr);
  const ran = spawnSync(process.execPath, ["--max-old-space-size=8", MAIN, ...CHECK, "--db", db], { encoding: "utf8" });
  t.not(ran.status, before.code, "so little is not enough");
  t.regex(ran.stderr, /out of memory|heap limit/i);
  const store = await openStore(db);
  t.deepEqual(await store.query("PRAGMA integrity_check"), [{ integrity_check: "ok" }]);
  t.is((await store.runs())[0]?.status, "finished");
  await store.close();
});

test("a heap that gets full while a capture is read: what was read is judged, stored and reported, and nothing is missing", async (t) => {
  const folder = scratch(t);
  const [path, db] = [join(folder, "names.pcap"), join(folder, "a.sqlite")];
  const asked = (i: number): FrameToWrite => {
    const { buf, sec, nsec } = udpFrame({
      from: `10.20.0.5:${1_024 + (i % 60_000)}`,
      to: "10.20.0.53:53",
      ms: i * 8,
      data: dnsQuery(`n${i}.example.com`, { id: i & 0xffff }),
    });
    return { data: buf, sec, nsec };
  };
  writeFileSync(path, writePcap(Array.from({ length: 100_000 }, (_, i) => asked(i))));
  const words = ["check", path, ...CHECK.slice(2), "--db", db, "--format", "json"];
  const ran = spawnSync(process.execPath, ["--max-old-space-size=128", MAIN, ...words], {
    encoding: "utf8",
    maxBuffer: 1 << 30,
  });
  t.is(ran.status, 3, ran.stderr);
  const { captures, rules, quality } = JSON.parse(ran.stdout) as {
    captures: { damage: string | null; packets: number }[];
    rules: { status: string }[];
    quality: Record<string, number>;
  };
  t.regex(JSON.stringify(captures), /memory runs low \(\d+ of \d+ MiB\): read less at once, or allow more by /);
  t.true(quality.packets! > 10_000 && quality.packets! < 100_000);
  t.false(rules.some(({ status }) => status === "missing"));
  const store = await openStore(db);
  t.deepEqual(await store.query("PRAGMA integrity_check"), [{ integrity_check: "ok" }]);
  t.is((await store.runs())[0]?.status, "finished");
  await store.close();
});

test("memory that a buffer does not get is said to be memory", (t) => {
  const lines: string[] = [];
  t.is(
    reportError(new RangeError("Array buffer allocation failed"), (line) => lines.push(line)),
    5,
  );
  t.regex(lines[0] ?? "", /there is not enough memory: /);
});

test("a capture that grows while it is read: what has come by its end is read, whole records alone", async (t) => {
  const path = join(scratch(t), "grows.pcap");
  const frame = { data: new Uint8Array(1 << 20) };
  writeFileSync(path, writePcap(new Array(8).fill(frame), { snapLength: 2 << 20 }));
  const reader = await openCaptures([{ path }]);
  t.true(await reader.more());
  let frames = 0;
  while (reader.next() === NEXT_FRAME) frames++;
  const more = writePcap([frame, frame]).subarray(24);
  appendFileSync(path, more.subarray(0, more.length - 1_000));
  t.is(frames + (await drain(reader)).length, 9, "the tenth has not come whole");
  t.true(reader.captures[0]?.cut, "and that is said");
  t.true(statSync(path).size > (reader.captures[0]?.size ?? 0));
});

test("another program's lock on the database", async (t) => {
  const db = join(scratch(t), "a.sqlite");
  await wirepact([...CHECK, "--db", db]);
  const store = await openStore(db);
  await store.query("BEGIN IMMEDIATE");
  const ran = await wirepact([...CHECK, "--db", db, "--format", "json"]);
  await store.query("ROLLBACK");
  await store.close();
  t.is(ran.code, 5);
  t.regex(ran.stderr, /is locked by another program: wait .* --db FILE/);
});

test("a database that is broken, and one of a newer Wirepact, are left as they are", async (t) => {
  const folder = scratch(t);
  const broken = join(folder, "broken.sqlite");
  await wirepact([...CHECK, "--db", broken]);
  const bytes = readFileSync(broken);
  bytes.fill(0xff, 4_096);
  writeFileSync(broken, bytes);
  const ran = await wirepact([...CHECK, "--db", broken]);
  t.is(ran.code, 5);
  t.regex(ran.stderr, /is damaged: keep it/);

  const newer = join(folder, "newer.sqlite");
  await wirepact([...CHECK, "--db", newer]);
  const store = await openStore(newer);
  await store.query("PRAGMA user_version = 9999");
  await store.close();
  const refused = await wirepact([...CHECK, "--db", newer]);
  t.is(refused.code, 5);
  t.regex(refused.stderr, /newer Wirepact \(schema 9999/);
});
