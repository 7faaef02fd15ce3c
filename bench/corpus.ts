/**
 * What dissecting many real captures costs: `check` of a folder of them in one run, beside tshark, which takes one at a time.
 *
 *     node dist/bench/corpus.js [--folder ../shared/captures] [--parts 4] [--share 1]
 *
 * tshark prints the protocols of each packet and the names in it. In turns: a part of tshark's captures, `check` of all of
 * them, the next part. Processor time counts, so that other work on the machine disturbs both alike; starts are part of it,
 * because whoever has many captures pays them. `--share 0.1` takes every tenth capture, for both.
 */
import { readFileSync, rmSync } from "node:fs";
import { parseArgs } from "node:util";
import { capturesOf, tsharkFields } from "./corpus-peers.ts";
import { type Measurement, measure, median } from "./measure.ts";

const CLI = new URL("../src/main.js", import.meta.url).pathname;
const DATABASE = "bench/data/corpus.sqlite";
const TARGET = 50;

const { values } = parseArgs({
  options: {
    folder: { type: "string", default: "../shared/captures" },
    parts: { type: "string", default: "4" },
    share: { type: "string", default: "1" },
  },
});
const parts = Number(values.parts);
const share = Number(values.share);

const captures = capturesOf(values.folder, share);
for (const path of captures) readFileSync(path); // into the page cache

const check = ["check", ...captures, "--model", "opswat-sdp", "--db", DATABASE];

const ours: Measurement[] = [];
let theirs = 0;
let theirWall = 0;
for (let part = 0; part < parts; part++) {
  rmSync(DATABASE, { force: true });
  ours.push(await measure([process.execPath, CLI, ...check]));
  for (const path of captures.filter((_, i) => i % parts === part)) {
    const run = await measure(tsharkFields(path));
    theirs += cpuOf(run);
    theirWall += run.seconds;
  }
}
rmSync(DATABASE, { force: true });
const empty = await measure(["tshark", "--version"]);
const failed = ours.find(({ exitCode }) => ![0, 1, 3, 4].includes(exitCode));
if (failed !== undefined) {
  console.error(`bench: FAILED: check exits ${failed.exitCode}: ${failed.lastWords}`);
  process.exitCode = 1;
}
const mine = median(ours.map(cpuOf));
const ratio = theirs / mine;
console.log(`${captures.length} captures of ${values.folder}, ${process.version}; processor seconds, starts included`);
console.log(
  `  wirepact check, one run   ${mine.toFixed(2).padStart(8)}   median of ${ours.map((run) => cpuOf(run).toFixed(1)).join(", ")}`,
);
console.log(
  `  tshark, one a capture     ${theirs.toFixed(2).padStart(8)}   ${theirWall.toFixed(0)} s by the clock; an empty start ${cpuOf(empty).toFixed(2)}`,
);
console.log(`  ${ratio.toFixed(1)} × (target: at least ${TARGET})${ratio >= TARGET ? "" : ": not reached"}`);

function cpuOf({ cpuSeconds, seconds }: Measurement): number {
  return cpuSeconds ?? seconds;
}
