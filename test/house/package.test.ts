import { existsSync, readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
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

interface CorpusKnown {
  parseKnown: (text: string) => { row: string[] }[];
  matchDifferences: (
    differences: readonly string[][],
    known: readonly { row: string[] }[],
  ) => { fresh: string[][]; unused: string[][] };
}
// `as`: a script's module has no types.
const corpusKnown = async (): Promise<CorpusKnown> =>
  (await import(pathToFileURL("scripts/lib/corpus-known.mjs").href)) as CorpusKnown;

test("every difference that the corpus may have names one measure and its reason, and reading whole is none of them", async (t) => {
  const { parseKnown } = await corpusKnown();
  const known = parseKnown(readFileSync("test/corpus-known.tsv", "utf8"));
  t.true(known.length > 0);
  for (const { row } of known) {
    t.false(row[0]!.includes("*") || row[0]!.startsWith("read:"), row.join("\t"));
    t.true(row[4]!.trim().length > 10, row.join("\t"));
  }
  t.throws(() => parseKnown("measure\tcapture\texpected\tsaid\treason\na\tb\tc\td\t "), { message: /no reason/ });
  t.throws(() => parseKnown("measure\tcapture\texpected\tsaid\treason\na\tb\tc\td"), { message: /line 2/ });
});

test("differences of the corpus: a new one is told, and a row that no longer holds any", async (t) => {
  const { parseKnown, matchDifferences } = await corpusKnown();
  const known = parseKnown(
    "measure\tcapture\texpected\tsaid\treason\nname\t*\tudp * a.b:1 x\tno name\twhy\napp\tone.pcap\tq\ts\twhy\n",
  );
  const differences = [
    ["name", "two.pcap", "udp 10.0.0.1 a.b:1 x", "no name"],
    ["name", "two.pcap", "udp 10.0.0.1 aXb:1 x", "no name"],
    ["name", "two.pcap", "udp 10.0.0.1 a.b:1 x", "another"],
  ];
  const { fresh, unused } = matchDifferences(differences, known);
  t.deepEqual(fresh, differences.slice(1));
  t.deepEqual(unused, [["app", "one.pcap", "q", "s", "why"]]);
});
