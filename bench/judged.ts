/**
 * What judging again costs: a database of so many conversations of an office (`judged-session.ts`) is read, judged by a model of
 * eight rules, stored with its verdicts and reported, as `check DATABASE` does it. All hosts of the office play a role, or a share of them.
 *
 *     node dist/bench/judged.js [CONVERSATIONS [RUNS [SHARE]]]
 *
 * Target: a million in 10 s, and 5 s of it for the database, within 1.5 GB. Each run is a process of its own.
 */
import { spawnSync } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { FORMAT } from "../src/observe/codec.ts";
import { SCHEMA_VERSION } from "../src/store/schema.ts";
import { hostsOf, MODEL, OfficeWriter } from "./judged-session.ts";
import { median } from "./measure.ts";
import { CLI } from "./peers.ts";

const FOLDER = "bench/data";
const MODEL_FILE = `${FOLDER}/office.yaml`;
const STORED = `${FOLDER}/judged-again.sqlite`;

const [conversations = 1_000_000, runs = 3, share = 1] = process.argv.slice(2).map(Number);

/** The database to judge; made from a capture of the session unless it is there. */
function input(): string {
  const database = `${FOLDER}/office-${conversations}-schema${SCHEMA_VERSION}-edition${FORMAT}.sqlite`;
  if (existsSync(database)) return database;
  const capture = `${FOLDER}/office-${conversations}.pcap`;
  const unfinished = `${database}.part`;
  const file = openSync(capture, "w");
  new OfficeWriter(file).write(conversations);
  closeSync(file);
  remove(unfinished);
  const made = spawnSync(process.execPath, [CLI, "observe", capture, "--db", unfinished], { stdio: "ignore" });
  if (made.status !== 0) throw new Error(`observe: exit ${made.status}`);
  rmSync(capture);
  renameSync(unfinished, database);
  return database;
}

function remove(database: string): void {
  for (const end of ["", "-wal", "-shm", "-journal"]) rmSync(database + end, { force: true });
}

mkdirSync(FOLDER, { recursive: true });
writeFileSync(MODEL_FILE, MODEL);
const database = input();
const measured: { seconds: number; megabytes: number }[] = [];
for (let run = 0; run < runs; run++) {
  remove(STORED);
  const options = [
    "--model",
    MODEL_FILE,
    "--bind",
    `host=${hostsOf(conversations, share)}`,
    "--set",
    "region=us",
    "--db",
    STORED,
    "--verbose",
  ];
  const started = performance.now();
  const { status, stderr } = spawnSync(process.execPath, [CLI, "check", database, ...options], {
    stdio: ["ignore", "ignore", "pipe"],
    encoding: "utf8",
  });
  const seconds = (performance.now() - started) / 1000;
  if (status !== 1) throw new Error(`exit ${status}: ${stderr.slice(-2_000)}`);
  const told = stderr.split("\n").filter((line) => / in \d|of memory/.test(line));
  const memory = /at most ([\d.]+) (MB|GB)/.exec(stderr);
  const megabytes = Number(memory?.[1]) * (memory?.[2] === "GB" ? 1_000 : 1);
  measured.push({ seconds, megabytes });
  for (const line of told) console.log(line.replace(/^wirepact: /, "  "));
}
const seconds = median(measured.map((one) => one.seconds));
const megabytes = Math.max(...measured.map((one) => one.megabytes));
const stored = Math.round(statSync(STORED).size / 1e6);
console.log(
  `${conversations} conversations, ${share === 1 ? "all" : `${share * 100} %`} of them judged: ${seconds.toFixed(1)} s (target 10), at most ${megabytes} MB (target 1500), ${stored} MB stored`,
);
remove(STORED);
