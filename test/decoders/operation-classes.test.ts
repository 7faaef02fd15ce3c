/**
 * Every code of every protocol that asks something of a device, held against `operation-classes.tsv`: a second reading of
 * the specifications, code by code. Whoever changes a class, or adds a code, changes it there too; nothing is written by a program.
 */
import { readFileSync } from "node:fs";
import test from "ava";
import { PROFILE_CLASSES } from "../../src/report/profile.ts";
import { TABLES } from "../support/operation-tables.ts";

const LINES = readFileSync("test/decoders/operation-classes.tsv", "utf8").trim().split("\n").slice(1);
const KNOWN = new Map(
  LINES.map((line): [string, string] => {
    const [table, code, class_, name] = line.split("\t");
    return [`${table}\t${code}`, `${class_}\t${name}`];
  }),
);

for (const { name, codes, meaning } of TABLES) {
  test(`${name}: each code has its name and its class, every other is unknown`, (t) => {
    const wrong: string[] = [];
    for (const code of codes) {
      const [said, class_] = meaning(code as never) ?? ["", "unknown"];
      const expected = KNOWN.get(`${name}\t${code}`);
      if (expected === undefined ? class_ !== "unknown" : expected !== `${class_}\t${said}`)
        wrong.push(`${code}: ${class_} ${said}, expected ${expected ?? "unknown"}`);
    }
    t.deepEqual(wrong, []);
  });
}

test("the list names no code that no protocol has, and no class that there is none", (t) => {
  const codes = new Set(TABLES.flatMap(({ name, codes }) => [...codes].map((code) => `${name}\t${code}`)));
  t.deepEqual(
    [...KNOWN.keys()].filter((code) => !codes.has(code)),
    [],
  );
  for (const said of KNOWN.values())
    t.true(
      PROFILE_CLASSES.some((class_) => said.startsWith(`${class_}\t`)),
      said,
    );
});
