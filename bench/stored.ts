/**
 * What it costs to store a run: so many conversations of an office (`judged-session.ts`) are checked into a new database, from their capture
 * and from the database that this made, once with nobody judged and once with all. What counts is from the end of judging to the end of
 * the process, the report among it, and a count of each view right after.
 *
 *     node dist/bench/stored.js [CONVERSATIONS [RUNS]]
 *
 * Target: a million in 5 s, and the views there at once.
 */
import { spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { openStore } from "../src/store/open.ts";
import { hostsOf, MODEL, OfficeWriter } from "./judged-session.ts";
import { median } from "./measure.ts";
import { CLI } from "./peers.ts";

const FOLDER = "bench/data";
const MODEL_FILE = `${FOLDER}/office.yaml`;
const STORED = `${FOLDER}/stored.sqlite`;
/** Of the capture with nobody judged: what is judged again. */
const FIRST = `${FOLDER}/stored-first.sqlite`;
/** The line that a verbose run says when it has judged. */
const JUDGED = /read and judged in /;

const [conversations = 1_000_000, runs = 3] = process.argv.slice(2).map(Number);

/** The capture of the session, made unless it is there. */
function input(): string {
  const capture = `${FOLDER}/office-${conversations}-session1.pcap`;
  if (existsSync(capture)) return capture;
  const file = openSync(`${capture}.part`, "w");
  new OfficeWriter(file).write(conversations);
  closeSync(file);
  renameSync(`${capture}.part`, capture);
  return capture;
}

function remove(database: string): void {
  for (const end of ["", "-wal", "-shm", "-journal"]) rmSync(database + end, { force: true });
}

/** Seconds from the end of judging to the end of the process. */
function store(input: string, hosts: string): Promise<number> {
  const options = ["--model", MODEL_FILE, "--bind", `host=${hosts}`, "--set", "region=us", "--db", STORED, "--verbose"];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CLI, "check", input, ...options], { stdio: ["ignore", "ignore", "pipe"] });
    let judged = 0;
    let last = "";
    createInterface({ input: child.stderr }).on("line", (line) => {
      if (JUDGED.test(line)) judged = performance.now();
      last = line;
    });
    child.on("error", reject).on("close", (code) => {
      if (judged === 0) reject(new Error(`exit ${code}: ${last}`));
      else resolve((performance.now() - judged) / 1000);
    });
  });
}

/** Each view counted, in a process that has just opened the database: what takes the longest, and the whole. */
async function query(): Promise<{ slowest: string; seconds: number }> {
  const began = performance.now();
  const database = await openStore(STORED, { readOnly: true });
  const told: { view: string; rows: number; seconds: number }[] = [];
  for (const { name } of await database.query("SELECT name FROM sqlite_master WHERE type = 'view'")) {
    const started = performance.now();
    const [counted] = await database.query(`SELECT count(*) AS n FROM ${name}`);
    told.push({ view: String(name), rows: Number(counted?.n), seconds: (performance.now() - started) / 1000 });
  }
  await database.close();
  const longest = told.sort((a, b) => b.seconds - a.seconds).slice(0, 3);
  const slowest = longest.map(({ view, rows, seconds }) => `${view} ${seconds.toFixed(2)} s (${rows})`).join(", ");
  return { slowest, seconds: (performance.now() - began) / 1000 };
}

remove(FIRST); // of another edition, where an earlier run was ended
mkdirSync(FOLDER, { recursive: true });
writeFileSync(MODEL_FILE, MODEL);
const capture = input();
const ALL = hostsOf(conversations, 1);
const NOBODY = "192.0.2.1";
const FORMS = [
  { from: "capture", input: capture, who: "nobody", hosts: NOBODY },
  { from: "database", input: FIRST, who: "nobody", hosts: NOBODY },
  { from: "capture", input: capture, who: "all", hosts: ALL },
  { from: "database", input: FIRST, who: "all", hosts: ALL },
];
for (const { from, input, who, hosts } of FORMS) {
  const stored: number[] = [];
  const queried: number[] = [];
  let slowest = "";
  for (let run = 0; run < runs; run++) {
    remove(STORED);
    stored.push(await store(input, hosts));
    const views = await query();
    queried.push(views.seconds);
    slowest = views.slowest;
  }
  const size = Math.round(statSync(STORED).size / 1e6);
  console.log(
    `${conversations} conversations of a ${from}, ${who} judged: stored, reported and closed ${median(stored).toFixed(1)} s behind ` +
      `judging (target 5), ${size} MB; all views counted in ${median(queried).toFixed(1)} s, of it ${slowest}`,
  );
  if (!existsSync(FIRST)) renameSync(STORED, FIRST);
}
for (const database of [STORED, FIRST]) remove(database);
