/**
 * No attack makes a packet's work grow with those before it: twice the input is at most 2.2 times the work, counted and not
 * timed, so the same on every machine. `test/faults/doubling.ts` has the times.
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import test from "ava";
import { ATTACKS } from "../faults/attacks.ts";
import type { Doubled } from "./doubled.ts";

const MOST = 2.2;
/** What is done once for any capture is counted too. */
const LEAST = 1.2;
const COUNTS = fileURLToPath(new URL("doubled.js", import.meta.url));

const counts = new Map<string, Doubled>();

test.before(async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [COUNTS]);
  for (const line of stdout.trim().split("\n")) {
    const doubled = JSON.parse(line) as Doubled;
    counts.set(doubled.name, doubled);
  }
});

for (const name of [...Object.keys(ATTACKS), "a gzip bomb"]) {
  test(`twice as much of it is twice the work: ${name}`, (t) => {
    const { once, twice } = counts.get(name)!;
    t.true(twice / once > LEAST && twice / once <= MOST, `${once} and ${twice}: ${(twice / once).toFixed(2)} times`);
    t.log(`${(twice / once).toFixed(2)} times`);
  });
}
