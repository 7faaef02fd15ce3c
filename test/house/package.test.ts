import { existsSync, readFileSync } from "node:fs";
import test from "ava";

interface Manifest {
  version: string;
  engines: { node: string };
  scripts: Record<string, string>;
  dependencies: Record<string, string>;
  optionalDependencies: Record<string, string>;
  devDependencies: Record<string, string>;
  allowScripts: Record<string, boolean>;
  bin: Record<string, string>;
}
const manifest = JSON.parse(readFileSync("package.json", "utf8")) as Manifest; // `as`: JSON of a known file

test("every file that an npm script runs is there", (t) => {
  for (const [name, command] of Object.entries(manifest.scripts)) {
    for (const [, file] of command.matchAll(/\bnode (\S+)/g)) t.true(existsSync(file!), `${name}: ${file}`);
  }
});

test("no script runs at install time: a consumer's npm would ask about it, and a clone would build twice", (t) => {
  for (const name of ["prepare", "prepublish", "preinstall", "install", "postinstall"])
    t.false(name in manifest.scripts);
});

test("only sqlite3 may build at install time", (t) => {
  t.deepEqual(manifest.allowScripts, { esbuild: false, koffi: false, sqlite3: true }); // koffi's binaries are in the registry
  t.true("sqlite3" in manifest.optionalDependencies);
});

test("versions are exact, so that a fresh clone is the same one tomorrow", (t) => {
  const all = { ...manifest.dependencies, ...manifest.optionalDependencies, ...manifest.devDependencies };
  for (const [name, version] of Object.entries(all)) t.regex(version, /^\d+\.\d+\.\d+$/, name);
});

test("the oldest Node is the same everywhere that it is named", (t) => {
  const oldest = manifest.engines.node.replace(">=", "");
  t.regex(
    readFileSync("scripts/lib/system.mjs", "utf8"),
    new RegExp(`OLDEST_NODE = "${oldest.replaceAll(".", "\\.")}(\\.0)?"`),
  );
});

test("the command starts with a line that makes it runnable", (t) => {
  t.regex(readFileSync(manifest.bin.wirepact!, "utf8"), /^#!\/usr\/bin\/env node\n/);
});

test("corpus floors are measures with percents; reading whole stays at 100, and next to nothing is invented", (t) => {
  const lines = readFileSync("test/corpus-floor.tsv", "utf8").trimEnd().split("\n");
  const floors = new Map(lines.map((line): [string, number] => [line.split("\t")[0]!, Number(line.split("\t")[1])]));
  t.is(floors.size, lines.length, "each measure once");
  for (const [measure, least] of floors) t.true(least > 0 && least <= 100, measure);
  for (const measure of ["read: no crash, no hang", "read: a result", "read: every packet"])
    t.is(floors.get(measure), 100);
  // Three names count as invented that are there: HTTP on port 22 and HTTP/2 on an odd port, where tshark reads by the port.
  t.true(floors.get("name: not invented")! >= 99.3);
});
