#!/usr/bin/env node
// `npm start`: the main job on the bundled capture, with the very command line that a user would type.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DEMO, demoArgumentsFromRoot } from "./lib/demo.mjs";
import { quoted, ROOT } from "./lib/run.mjs";

const CLI = "dist/src/main.js";
const DATABASE = ".cache/demo/wirepact.sqlite";

if (!existsSync(join(ROOT, DEMO, "command"))) {
  console.error(
    `start: ${DEMO}/ is not here; this is for a clone of the project. Installed, the command is: wirepact check --help`,
  );
  process.exit(1);
}
const words = [CLI, ...demoArgumentsFromRoot(), "--db", DATABASE];
rmSync(join(ROOT, ".cache/demo"), { recursive: true, force: true }); // each start shows one run
mkdirSync(join(ROOT, ".cache/demo"), { recursive: true });

console.log(`\nAn hour at a rollout, held against the vendor's document. In this folder you would type:\n`);
console.log(`  node ${words.map(quoted).join(" ")}\n`);
const { status, signal, error } = spawnSync(process.execPath, words, { cwd: ROOT, stdio: "inherit" });
if (error || signal) {
  console.error(`start: wirepact did not end by itself: ${error?.message ?? signal}`);
  process.exit(1);
}

console.log(`\nIt ended with exit code ${status}: ${meaning(status)}`);
if (status > 1) process.exit(status);
console.log(`
Look further (where the report says wirepact, type node ${CLI}; installed, it is wirepact):
  node ${CLI} report ${DATABASE}
  sqlite3 ${DATABASE} 'SELECT * FROM observed_undocumented'
On a capture of your own:
  node ${CLI} check span.pcap --model opswat-sdp --bind gateway=10.20.0.5`);

/** What the contract says of an exit code. */
function meaning(code) {
  const meanings = {
    0: "no drift.",
    1: "drift was found, which here is the expected answer; a build in CI would stop at it.",
    2: "wrong usage, or a model or site that does not load.",
    3: "a capture could not be read.",
    4: "nothing could be judged.",
    5: "an internal or storage failure.",
  };
  return meanings[code] ?? "which is none of Wirepact's own.";
}
