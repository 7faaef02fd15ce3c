/**
 * `npm run bench`: Wirepact and its peers over the same captures, in turns, in one session. Absolute times drift from
 * machine to machine and from day to day; the ratios of one run are what counts. See bench/README.md.
 *
 *     npm run bench -- [--scale 0.1] [--runs 5] [--only small|mix] [--quick] [--ceiling RATIO]
 */
import { spawnSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { type InputName, makeInput, makeTinyInput, megabytes, sizeOf } from "./inputs.ts";
import { type Measurement, measure, memoryMethod, warm } from "./measure.ts";
import { CLI, check, DATABASE, isHere, PEERS, TCPDUMP, WIREPACT } from "./peers.ts";
import { type Outcome, printTable, type Summary, summarize } from "./table.ts";

const FOLDER = "bench/data";
const STARTUP_RUNS = 15;
/** The targets of the full form; the ceiling of the quick one is far above them, since a short run is mostly warming up. */
const TARGET_RATIO = 2.5;
const TARGET_PEAK_MB = 200;
const TARGET_STARTUP_MS = 150;
const QUICK = { scale: 0.25, runs: 3, ceiling: 10 };

const { values: options } = parseArgs({
  options: {
    scale: { type: "string" },
    runs: { type: "string" },
    only: { type: "string" },
    quick: { type: "boolean", default: false },
    ceiling: { type: "string" },
  },
});
const scale = positive("--scale", options.scale, options.quick ? QUICK.scale : 1);
const runs = positive("--runs", options.runs, options.quick ? QUICK.runs : 5);
const ceiling = options.quick || options.ceiling ? positive("--ceiling", options.ceiling, QUICK.ceiling) : null;
const names: InputName[] = options.only === "small" ? ["small"] : options.only === "mix" ? ["mix"] : ["small", "mix"];

const here = PEERS.filter((peer) => isHere(peer) && (peer.quick || !options.quick));
const missing = PEERS.filter((peer) => !isHere(peer) && (peer.quick || !options.quick));
const problems: string[] = [];

console.log(`Node ${process.versions.node}, ${cpus().length} × ${cpus()[0]?.model ?? "unknown processor"}`);
console.log(`medians of up to ${runs} interleaved runs, page cache warm; peak memory by ${memoryMethod()}`);
for (const peer of missing)
  console.log(
    `not here: ${peer.name} (apt-get install ${peer.needs?.debian}, or your system's package of ${peer.needs?.program})`,
  );

makeSureItWorks();
const start = await startUp();
for (const name of names) await compare(name, start);
rmSync(DATABASE, { force: true });
for (const problem of problems) console.log(`bench: FAILED: ${problem}`);
process.exitCode = problems.length > 0 ? 1 : 0;

/** Before anything is timed: a program that stops at once would be the fastest of all. */
function makeSureItWorks(): void {
  const [program, ...args] = [...check(makeTinyInput(FOLDER)), "--format", "json"];
  const { stdout, stderr } = spawnSync(program!, args, { encoding: "utf8" });
  removeDatabase();
  if (/"packets":\s*100\b/.test(stdout)) return;
  console.error(`bench: wirepact does not read its 100 packets: ${stderr.trim().split("\n").slice(-3).join("\n")}`);
  process.exit(1);
}

/** What a start costs: medians over a 100-packet capture, less an empty program's. Returns the former. */
async function startUp(): Promise<Summary> {
  const commands = [
    [process.execPath, "bench/peers/empty.mjs"],
    [process.execPath, CLI, "--help"],
    check(makeTinyInput(FOLDER)),
  ];
  const runs: Measurement[][] = commands.map(() => []);
  for (let i = 0; i < (options.quick ? 5 : STARTUP_RUNS); i++) {
    for (const [at, command] of commands.entries()) {
      removeDatabase();
      runs[at]!.push(await measure(command));
    }
  }
  const [empty, help, whole] = runs.map(summarize);
  const more = (than: Summary): string => `${((than.seconds - empty!.seconds) * 1_000).toFixed(0)} ms more`;
  console.log(
    `\nstart-up: an empty program takes ${(empty!.seconds * 1_000).toFixed(0)} ms, --help ${more(help!)}, ` +
      `check of 100 packets ${more(whole!)} (target: at most ${TARGET_STARTUP_MS} ms more)`,
  );
  return whole!;
}

/** One capture: each program in turn, `runs` times over, then the table. */
async function compare(name: InputName, start: Summary): Promise<void> {
  console.log(`\nmaking or reusing ${name} …`);
  const outcomes: Outcome[] = [];
  const captures = new Map<number, string>();
  for (const peer of here) {
    const share = scale * peer.share;
    if (!captures.has(share)) captures.set(share, makeInput(name, share, FOLDER));
    outcomes.push({ peer, frames: sizeOf(name, share).frames, runs: [] });
  }
  for (const capture of captures.values()) await warm(capture);
  for (let run = 0; run < runs; run++) {
    for (const outcome of outcomes) {
      if (run >= outcome.peer.runs) continue;
      removeDatabase();
      const result = await measure(outcome.peer.command(captures.get(scale * outcome.peer.share)!));
      const done =
        outcome.peer.succeeds.includes(result.exitCode) && (outcome.peer !== WIREPACT || existsSync(DATABASE));
      if (done) outcome.runs.push(result);
      else if (run === 0)
        problems.push(`${outcome.peer.name} on ${name}: exit ${result.exitCode}: ${result.lastWords}`);
    }
  }
  const { frames, flows } = sizeOf(name, scale);
  const size = megabytes(captures.get(scale)!).toFixed(0);
  console.log(`${name}: ${frames.toLocaleString("en")} frames, ${flows.toLocaleString("en")} flows, ${size} MB`);
  printTable(outcomes);
  judge(name, outcomes, start);
}

/** Says how Wirepact stands to its targets, and with a ceiling fails where it is exceeded. */
function judge(name: InputName, outcomes: readonly Outcome[], start: Summary): void {
  const ours = summarize(outcomes.find(({ peer }) => peer === WIREPACT)?.runs ?? []);
  const theirs = summarize(outcomes.find(({ peer }) => peer === TCPDUMP)?.runs ?? []);
  const ratio = ours.seconds / theirs.seconds;
  if (Number.isNaN(ratio)) {
    console.log("  no ratio: it takes both wirepact and tcpdump");
    return;
  }
  // Other work on the machine stretches wall time, V8's helper threads add processor time: the kinder of the two counts.
  const byWall = (ours.seconds - start.seconds) / theirs.seconds;
  const byCpu = (ours.cpuSeconds - start.cpuSeconds) / theirs.cpuSeconds;
  const net = Number.isFinite(byCpu) ? Math.min(byWall, byCpu) : byWall;
  console.log(
    `  wirepact: ${ratio.toFixed(2)} × tcpdump, ${net.toFixed(2)} × without its start; ` +
      `targets at full scale: ${TARGET_RATIO} ×, ${TARGET_PEAK_MB} MB`,
  );
  if (ceiling !== null && net > ceiling)
    problems.push(`${name}: ${net.toFixed(2)} × tcpdump without the start-up, above the ceiling of ${ceiling}`);
}

function removeDatabase(): void {
  for (const end of ["", "-wal", "-shm", "-journal"]) rmSync(DATABASE + end, { force: true });
}

function positive(option: string, text: string | undefined, otherwise: number): number {
  const value = text === undefined ? otherwise : Number(text);
  if (value > 0) return value;
  console.error(`bench: ${option} takes a number above 0, not '${text}'`);
  process.exit(2);
}
