/**
 * What an operation costs: five million Modbus requests with their answers through `check`, beside tshark.
 *
 *     node dist/bench/modbus.js [--requests 1000000] [--runs 3]
 *
 * 50 devices are asked by one master for an hour and a half, 20 times a second each, over a connection that stays open: the
 * reads that it repeats (20 of them a device), and one write in the middle of all. One thread reads it. tshark gets a part of
 * it. The figure that counts is the ratio of requests a second: seconds drift with machine and day. What a start costs is in
 * it, so it grows with the capture; `--requests` shows how.
 */
import { spawnSync } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, renameSync, rmSync } from "node:fs";
import { parseArgs } from "node:util";
import { type Measurement, measure, median, warm } from "./measure.ts";
import { DEVICES, frameOfWrite, ModbusWriter } from "./modbus-session.ts";

const CLI = new URL("../src/main.js", import.meta.url).pathname;
const FOLDER = "bench/data";
const DATABASE = `${FOLDER}/modbus.sqlite`;
const REQUESTS = "5000000";
const TSHARK_REQUESTS = 200_000;
const TARGET = { requests: 1_000_000, tshark: 100 };
const EDITION = 2;

const { values } = parseArgs({
  options: { requests: { type: "string", default: REQUESTS }, runs: { type: "string", default: "3" } },
});
const runs = Number(values.runs);
mkdirSync(FOLDER, { recursive: true });

const whole = makeCapture(Number(values.requests));
const part = makeCapture(Math.min(Number(values.requests), TSHARK_REQUESTS));
const model = [
  "--model",
  "opswat-md-ot-security",
  "--bind",
  "network-sensor=10.20.0.5",
  "--bind",
  "device=10.30.0.0/16",
];
const check = [process.execPath, CLI, "check", whole.path, ...model, "--db", DATABASE, "--jobs", "1"];
const tshark = ["tshark", "-r", part.path, "-Y", "modbus", "-T", "fields", "-e", "modbus.func_code"];
const hasTshark = spawnSync("tshark", ["--version"]).status === 0;

for (const { path } of [whole, part]) await warm(path);
const ours: Measurement[] = [];
const theirs: Measurement[] = [];
for (let run = 0; run < runs; run++) {
  rmSync(DATABASE, { force: true });
  ours.push(await measure(check));
  if (hasTshark) theirs.push(await measure(tshark));
}
rmSync(DATABASE, { force: true });
const failed = ours.find(({ exitCode }) => exitCode !== 1); // the write is drift
if (failed !== undefined) fail(`check exits ${failed.exitCode}: ${failed.lastWords}`);
const said = spawnSync(check[0]!, check.slice(1), { encoding: "utf8" }).stdout.replace(/\s+/g, " ");
const named = `write single register (write) of unit 1 holding register 40, once, first in frame ${whole.writeFrame},`;
if (!said.includes(named)) fail(`it does not say: ${named}`);
rmSync(DATABASE, { force: true });
const rate = (requests: number, of: readonly Measurement[]): number =>
  requests / median(of.map(({ cpuSeconds, seconds }) => Math.min(cpuSeconds ?? seconds, seconds)));
const own = rate(whole.requests, ours);
console.log(
  `${whole.requests.toLocaleString("en")} requests, medians of ${runs}, processor or wall time, whichever is kinder`,
);
console.log(
  `  wirepact check  ${Math.round(own).toLocaleString("en")} requests/s, target ${TARGET.requests.toLocaleString("en")}`,
);
if (!hasTshark) console.log("  not here: tshark");
else {
  const peer = rate(part.requests, theirs);
  console.log(
    `  tshark          ${Math.round(peer).toLocaleString("en")} requests/s on ${part.requests.toLocaleString("en")} of them`,
  );
  console.log(`  ratio           ${(own / peer).toFixed(0)} ×, target ${TARGET.tshark} ×`);
}

function fail(why: string): void {
  console.error(`bench: FAILED: ${why}`);
  process.exitCode = 1;
}

/** A capture of so many requests with their answers; kept, because it is the same every time. */
function makeCapture(requests: number): { path: string; requests: number; writeFrame: number } {
  const each = Math.max(1, Math.round(requests / DEVICES));
  const path = `${FOLDER}/modbus-${each * DEVICES}-edition${EDITION}.pcap`;
  if (!existsSync(path)) {
    const file = openSync(`${path}.part`, "w");
    new ModbusWriter(file).session(each);
    closeSync(file);
    renameSync(`${path}.part`, path);
  }
  return { path, requests: each * DEVICES, writeFrame: frameOfWrite(each) };
}
