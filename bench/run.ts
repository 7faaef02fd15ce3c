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
import { type Measurement, measure, median, memoryMethod, warm } from "./measure.ts";
import { CLI, check, DATABASE, isHere, PEERS, type Peer, TCPDUMP, WIREPACT } from "./peers.ts";

const FOLDER = "bench/data";
const STARTUP_RUNS = 15;
/** The targets of the full form, and the ceiling of the quick one: far above them, since a small input hides little. */
const TARGET_RATIO = 2.5;
const TARGET_PEAK_MB = 200;
const TARGET_STARTUP_MS = 150;
const QUICK = { scale: 0.05, runs: 3, ceiling: 10 };

interface Outcome {
  peer: Peer;
  frames: number;
  runs: Measurement[];
}

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
const startMs = await startUp();
for (const name of names) await compare(name);
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

/** What a start costs: medians over a 100-packet capture, less an empty program's. Returns milliseconds of the former. */
async function startUp(): Promise<number> {
  const tiny = makeTinyInput(FOLDER);
  const commands: [string, string[]][] = [
    ["node empty.mjs", [process.execPath, "bench/peers/empty.mjs"]],
    ["wirepact --help", [process.execPath, CLI, "--help"]],
    ["wirepact check, 100 packets", check(tiny)],
  ];
  const times = new Map<string, number[]>(commands.map(([what]) => [what, []]));
  for (let i = 0; i < (options.quick ? 5 : STARTUP_RUNS); i++) {
    for (const [what, command] of commands) {
      removeDatabase();
      const { seconds, exitCode, lastWords } = await measure(command);
      if (exitCode > 1 && i === 0) problems.push(`${what}: exit ${exitCode}: ${lastWords}`);
      times.get(what)?.push(seconds * 1_000);
    }
  }
  const [empty, help, whole] = commands.map(([what]) => median(times.get(what) ?? []));
  console.log(
    `\nstart-up: empty program ${ms(empty!)}, --help ${ms(help! - empty!)} more, ` +
      `check of 100 packets ${ms(whole! - empty!)} more (target: at most ${TARGET_STARTUP_MS} ms more)`,
  );
  return whole!;
}

/** One capture: each program in turn, `runs` times over, then the table. */
async function compare(name: InputName): Promise<void> {
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
  judge(name, outcomes);
}

function printTable(outcomes: readonly Outcome[]): void {
  const yardstick = nsPerFrame(outcomes.find(({ peer }) => peer === TCPDUMP));
  const head = ["program", "wall s", "Mpkt/s", "× tcpdump", "peak MB", "runs", "what it does"];
  const rows = outcomes
    .filter((outcome) => outcome.runs.length > 0)
    .map((outcome) => {
      const seconds = median(outcome.runs.map((run) => run.seconds));
      const peaks = outcome.runs.map((run) => run.peakMB).filter((peak) => peak !== null);
      const part = outcome.peer.share === 1 ? "" : ` (on ${outcome.peer.share} of it)`;
      return [
        outcome.peer.name,
        seconds.toFixed(2),
        (outcome.frames / seconds / 1e6).toFixed(2),
        (nsPerFrame(outcome) / yardstick).toFixed(2),
        peaks.length > 0 ? Math.max(...peaks).toFixed(0) : "?",
        String(outcome.runs.length),
        outcome.peer.does + part,
      ];
    });
  const widths = head.map((title, i) => Math.max(...[head, ...rows].map((row) => row[i]?.length ?? 0), title.length));
  const last = head.length - 1;
  const line = (row: readonly string[]): string =>
    `  ${row.map((cell, i) => (i === 0 || i === last ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join("  ")}`.trimEnd();
  for (const row of [head, ...rows]) console.log(line(row));
}

/** Says how Wirepact stands to its targets, and with a ceiling fails where it is exceeded. */
function judge(name: InputName, outcomes: readonly Outcome[]): void {
  const ours = outcomes.find(({ peer }) => peer === WIREPACT);
  const yardstick = outcomes.find(({ peer }) => peer === TCPDUMP);
  if (!ours?.runs.length || !yardstick?.runs.length) {
    console.log("  no ratio: it takes both wirepact and tcpdump");
    return;
  }
  const theirs = median(yardstick.runs.map((run) => run.seconds));
  const seconds = median(ours.runs.map((run) => run.seconds));
  const ratio = seconds / theirs;
  const net = Math.max(0, seconds - startMs / 1_000) / theirs;
  const peak = Math.max(...ours.runs.map((run) => run.peakMB ?? 0));
  console.log(
    `  wirepact: ${ratio.toFixed(2)} × tcpdump, ${net.toFixed(2)} × without its start; ` +
      `${peak.toFixed(0)} MB (targets at full scale: ${TARGET_RATIO} ×, ${TARGET_PEAK_MB} MB)`,
  );
  if (ceiling !== null && net > ceiling)
    problems.push(`${name}: ${net.toFixed(2)} × tcpdump without the start-up, above the ceiling of ${ceiling}`);
}

function nsPerFrame(outcome: Outcome | undefined): number {
  return outcome ? (median(outcome.runs.map((run) => run.seconds)) / outcome.frames) * 1e9 : Number.NaN;
}

function removeDatabase(): void {
  for (const end of ["", "-wal", "-shm", "-journal"]) rmSync(DATABASE + end, { force: true });
}

function ms(value: number): string {
  return `${value.toFixed(0)} ms`;
}

function positive(option: string, text: string | undefined, otherwise: number): number {
  const value = text === undefined ? otherwise : Number(text);
  if (value > 0) return value;
  console.error(`bench: ${option} takes a number above 0, not '${text}'`);
  process.exit(2);
}
