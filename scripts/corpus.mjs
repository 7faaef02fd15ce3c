#!/usr/bin/env node
// `npm run corpus`: holds `wirepact observe` against the expected answers of third-party captures. They and the ruler stand
// beside the project, not in it; where they are not there this is skipped, aloud. Every difference must be in
// test/corpus-known.tsv with its reason, and every row there must still be one: a new difference fails, and so does a mended
// one that is still listed. Further arguments go to the ruler: `npm run corpus -- --only quic` (rows of others then wait).
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { matchDifferences, parseDifferences, parseKnown } from "./lib/corpus-known.mjs";
import { ROOT } from "./lib/run.mjs";

const RULER = "../shared/captures/score.mjs";
const DIFFERENCES = ".cache/corpus-differences.tsv";
const KNOWN = "test/corpus-known.tsv";

const known = parseKnown(readFileSync(join(ROOT, KNOWN), "utf8"));
if (!existsSync(join(ROOT, RULER))) {
  console.log(`corpus: SKIPPED, ${RULER} is not here: nothing was compared with third-party captures`);
  process.exit(0);
}
mkdirSync(join(ROOT, ".cache"), { recursive: true });
rmSync(join(ROOT, DIFFERENCES), { force: true });
const more = process.argv.slice(2);
const { status } = spawnSync(
  process.execPath,
  [RULER, "--command", "node dist/src/main.js", "--jobs", "2", "--differences", DIFFERENCES, ...more],
  { cwd: ROOT, stdio: ["ignore", "inherit", "inherit"] },
);
if (status !== 0 || !existsSync(join(ROOT, DIFFERENCES))) {
  console.log(`corpus: the ruler ended with ${status}, so nothing was compared`);
  process.exit(1);
}
const differences = parseDifferences(readFileSync(join(ROOT, DIFFERENCES), "utf8"));
const { fresh, unused } = matchDifferences(differences, known);
const whole = !more.includes("--only") && !more.includes("--limit");
for (const row of fresh) console.log(`new: ${row.join("\t")}`);
if (whole)
  for (const row of unused) console.log(`no longer a difference, to be taken out of ${KNOWN}: ${row.join("\t")}`);
const gone = whole ? unused.length : 0;
console.log(
  `corpus: ${differences.length} differences (${DIFFERENCES}), ${differences.length - fresh.length} known with their reason, ` +
    `${fresh.length} new; ${gone} rows of ${KNOWN} without one`,
);
process.exit(fresh.length + gone === 0 ? 0 : 1);
