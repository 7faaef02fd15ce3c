/**
 * `node dist/test/faults/kills.js [--files 100] [--live 100] [--seed TEXT]`: ends `check` and `live` by SIGKILL at random
 * moments and looks at what is left. After each kill: the database passes `integrity_check`, Wirepact opens it, the
 * finished run that was there before is unchanged, and what a live run saw is there but for its last interval.
 *
 * `live` needs root on Linux, and iproute2: it listens on the loopback of a namespace of its own, where this program asks
 * for a name that tells the time, fifty times a second. Exit code 1 where anything was lost.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { openStore } from "../../src/index.ts";
import { bulkPcap } from "../fuzz/bulk.ts";
import { Random } from "../fuzz/random.ts";
import { fixtureMessages, samplesOf } from "../fuzz/samples.ts";
import { caseCaptures } from "../support/observe.ts";

const MAIN = fileURLToPath(new URL("../../src/main.js", import.meta.url));
const SENDER = fileURLToPath(new URL("./sender.js", import.meta.url));
const MODEL = "--model opswat-sdp --bind gateway=10.20.0.5 --set region=us --set platform=aws".split(" ");
/** Captures whose frames make the one that is read. */
const SOURCES = 12;
const FRAMES = 4_000;
const CHECKPOINT_MS = 500;
/** Milliseconds beyond a checkpoint's interval that a busy machine may need to write one. */
const LATE_MS = 4_000;
/** Kills of files that share a database: it grows with each. */
const SHARED = 20;

const { values } = parseArgs({
  options: {
    files: { type: "string", default: "100" },
    live: { type: "string", default: "100" },
    seed: { type: "string", default: String(Date.now()) },
  },
});
const random = new Random(values.seed);
const folder = mkdtempSync(join(tmpdir(), "wirepact-kills-"));
const count = { kills: 0, lost: 0, running: 0, finished: 0, absent: 0, latestMs: 0 };
try {
  await killChecks(Number(values.files));
  if (Number(values.live) > 0) await killLive(Number(values.live));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`seed ${values.seed}: ${JSON.stringify(count)}`);
process.exitCode = count.lost === 0 ? 0 : 1;

function lost(kill: number, why: string): void {
  count.lost++;
  console.log(`kill ${kill}: ${why}`);
}

async function killChecks(kills: number): Promise<void> {
  const capture = join(folder, "bulk.pcap");
  const sources = await Promise.all(caseCaptures().slice(0, SOURCES).map(samplesOf));
  writeFileSync(capture, bulkPcap(sources, random, fixtureMessages(), FRAMES).bytes);
  let db = "";
  let whole = { conversations: 0, ms: 0 };
  for (let kill = 0; kill < kills; kill++) {
    if (kill % SHARED === 0) {
      db = join(folder, `files-${kill}.sqlite`);
      const begun = Date.now();
      await once(start(["check", capture, ...MODEL, "--db", db]), "close");
      whole = { conversations: await conversations(db), ms: Date.now() - begun };
    }
    const child = start(["check", capture, ...MODEL, "--db", db]);
    const ended = once(child, "close");
    await sleep(random.below(whole.ms * 1.1));
    child.kill("SIGKILL");
    await ended;
    count.kills++;
    const states = await look(kill, db);
    if (states[0] !== "finished") lost(kill, `the run before it is ${states[0]}`);
    else if ((await conversations(db)) !== whole.conversations) lost(kill, "the run before it has changed");
    const last = states.length > 1 ? states.at(-1) : undefined;
    if (last === "running") count.running++;
    else if (last === "finished") count.finished++;
    else count.absent++;
  }
}

async function killLive(kills: number): Promise<void> {
  const space = `kills-${process.pid}`;
  execFileSync("ip", ["netns", "add", space]);
  const within = ["netns", "exec", space];
  execFileSync("ip", ["-n", space, "link", "set", "lo", "up"]);
  const sender = spawn("ip", [...within, process.execPath, SENDER], { stdio: "ignore" });
  try {
    for (let kill = 0; kill < kills; kill++) {
      const db = join(folder, `live-${kill}.sqlite`);
      const words = ["live", "-i", "lo", "--db", db, "--checkpoint", `${CHECKPOINT_MS}ms`];
      const child = spawn("ip", [...within, process.execPath, MAIN, ...words], { stdio: ["ignore", "ignore", "pipe"] });
      const ended = once(child, "close");
      await reads(child);
      const from = Date.now();
      await sleep(random.below(3_000));
      const at = Date.now();
      child.kill("SIGKILL");
      await ended;
      count.kills++;
      const states = existsSync(db) ? await look(kill, db) : [];
      if (states.length > 0) count.running++;
      else count.absent++;
      const seen = states.length === 0 ? [] : await times(db);
      const last = seen.at(-1) ?? from;
      count.latestMs = Math.max(count.latestMs, at - last);
      if (at - last > CHECKPOINT_MS + LATE_MS) lost(kill, `nothing of the last ${at - last} ms is there`);
      const gap = seen.findIndex((time, i) => i > 0 && time - seen[i - 1]! > LATE_MS);
      if (gap > 0) lost(kill, `${seen[gap]! - seen[gap - 1]!} ms are missing before the last interval`);
      rmSync(db, { force: true });
    }
  } finally {
    sender.kill("SIGKILL");
    execFileSync("ip", ["netns", "del", space]);
  }
}

/** Resolves once a live run reads its interface. */
function reads(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = "";
    child.stderr!.on("data", (chunk: Buffer) => {
      said += chunk;
      if (/Reading lo/.test(said)) resolve();
    });
    child.on("close", () => reject(new Error(`live ended early: ${said}`)));
  });
}

function start(words: readonly string[]): ChildProcess {
  return spawn(process.execPath, [MAIN, ...words], { stdio: "ignore" });
}

/** States of its runs; counts it as lost where the database is not whole. */
async function look(kill: number, db: string): Promise<string[]> {
  try {
    const store = await openStore(db);
    const [{ integrity_check: state } = {}] = await store.query("PRAGMA integrity_check");
    if (state !== "ok") lost(kill, `integrity_check: ${state}`);
    const states = (await store.runs()).map(({ status }) => status);
    await store.close();
    return states;
  } catch (error) {
    lost(kill, `it does not open: ${error}`);
    return [];
  }
}

/** Conversations of the first run. */
async function conversations(db: string): Promise<number> {
  const store = await openStore(db, { readOnly: true });
  const { judged, rest } = await store.read(1);
  await store.close();
  return judged.length + rest.count;
}

/** The times that the names tell, sorted. */
async function times(db: string): Promise<number[]> {
  const store = await openStore(db, { readOnly: true });
  const { lookups } = await store.read(1);
  await store.close();
  return lookups
    .map(({ name }) => Number(/^t(\d+)\.example\.com/.exec(name)?.[1]))
    .filter((time) => time > 0)
    .sort((a, b) => a - b);
}
