/**
 * Judging again: each case that judges another case's capture by another binding, site or model does the same with a
 * database of that capture in its place, and must come to what is expected of the capture.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import test, { type ExecutionContext } from "ava";
import { type Case, differences, type Expected, inShapeOf, type Printed, readCases } from "./case.ts";

const MAIN = fileURLToPath(new URL("../../src/main.js", import.meta.url));
const isElsewhere = (word: string): boolean => /^\.\.\/.*\.pcap(?:ng)?$/.test(word);
const again = readCases().filter(({ args }) => args.some(isElsewhere));

for (const one of again) {
  test.serial(`${one.name}: from a database`, (t) => {
    const folder = mkdtempSync(join(tmpdir(), "wirepact-again-"));
    try {
      const stored = one.args.filter(isElsewhere).map((path, i) => {
        const database = join(folder, `${i}.sqlite`);
        wirepact(t, one, ["observe", path, "--db", database]);
        return database;
      });
      const args = one.args.map((word) => (isElsewhere(word) ? stored.shift()! : word));
      const done = wirepact(t, one, [...args, "--format", "json", "--db", join(folder, "again.sqlite")]);
      const expected = withoutText(one.expected);
      const shown = inShapeOf(expected, JSON.parse(done.stdout) as Printed, done.status ?? -1, "");
      t.deepEqual(differences(expected, shown), []);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

test("there are cases that judge again", (t) => {
  t.true(again.length > 15, `${again.length}`);
});

function wirepact(t: ExecutionContext, { folder }: Case, args: string[]) {
  const done = spawnSync(process.execPath, [MAIN, ...args], { cwd: resolve(folder), encoding: "utf8" });
  t.not(done.stdout, "", `nothing was printed, and on standard error: ${done.stderr}`);
  return done;
}

/** What the text report says is asked of the capture's own run. */
function withoutText({ says: _says, unsaid: _unsaid, ...rest }: Expected): Expected {
  return rest;
}
