#!/usr/bin/env node
// `npm run corpus`: holds `wirepact observe` against the expected answers of third-party captures. They stand beside the
// project, not in it; where they are not there this is skipped, aloud. Floors: test/corpus-floor.tsv, which only rise.
// Further arguments go to the ruler: `npm run corpus -- --only quic`.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./lib/run.mjs";

const RULER = "../shared/captures/score.mjs";
const DIFFERENCES = ".cache/corpus-differences.tsv";

if (!existsSync(join(ROOT, RULER))) {
  console.log(`corpus: SKIPPED, ${RULER} is not here: nothing was compared with third-party captures`);
  process.exit(0);
}
const more = process.argv.slice(2);
const floor = more.includes("--only") || more.includes("--limit") ? [] : ["--floor", "test/corpus-floor.tsv"]; // floors are for the whole
mkdirSync(join(ROOT, ".cache"), { recursive: true });
const { status } = spawnSync(
  process.execPath,
  [RULER, "--command", "node dist/src/main.js", ...floor, "--differences", DIFFERENCES, ...more],
  { cwd: ROOT, stdio: ["ignore", "inherit", "inherit"] },
);
console.log(`corpus: every difference is in ${DIFFERENCES}`);
process.exit(status ?? 1);
