import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import test, { type ExecutionContext } from "ava";

/** The set-up's parts are plain modules outside the build; the shapes here are what their own comments promise. */
interface System {
  compareVersions(a: string, b: string): number;
  nodeHasSqlite(version?: string): boolean;
  headersFolder(execPath: string, version: string): string | null;
  missingBuildTools(path?: string): string[];
}
interface Stamp {
  hashOf(paths: string[], root: string): string;
  isStamped(file: string, stamp: object): boolean;
  writeStamp(file: string, stamp: object): void;
}
interface Run {
  wordsOf(line: string): string[];
  quoted(word: string): string;
  which(program: string, path: string): string | null;
  runLogged(
    command: string,
    args: string[],
    options: { log: string; say(line: string): void },
  ): Promise<{ code: number; tail: string[] }>;
}
interface Failures {
  failuresIn(text: string): string[][];
  shortly(failures: string[][]): string[];
}
const part = (name: string): Promise<unknown> => import(pathToFileURL(`scripts/lib/${name}.mjs`).href);
const system = (await part("system")) as System; // `as`: a module without types, see above
const stamp = (await part("stamp")) as Stamp;
const run = (await part("run")) as Run;
const failures = (await import(pathToFileURL("scripts/failures.mjs").href)) as Failures; // `as`: see above

function folder(t: ExecutionContext): string {
  const path = mkdtempSync(join(tmpdir(), "wirepact set-up "));
  t.teardown(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

test("versions compare as numbers, part by part", (t) => {
  t.true(system.compareVersions("20.9.0", "20.17.0") < 0);
  t.true(system.compareVersions("v22.0.0", "20.17.0") > 0);
  t.is(system.compareVersions("20.17.0", "20.17"), 0);
  t.deepEqual(["20.20.2", "22.12.0", "22.13.0", "24.0.0"].map(system.nodeHasSqlite), [false, false, true, true]);
});

test("build tools are looked for on PATH and named as packages", (t) => {
  const bin = folder(t);
  t.deepEqual(system.missingBuildTools(bin), ["python3", "make", "g++"]);
  for (const name of ["python3", "make"]) writeFileSync(join(bin, name), "");
  t.deepEqual(system.missingBuildTools(bin), ["g++"]);
  writeFileSync(join(bin, "clang++"), "");
  t.deepEqual(system.missingBuildTools(bin), []);
});

test("Node's headers count only where they are of this very version", (t) => {
  const prefix = folder(t);
  const node = join(prefix, "bin/node");
  t.is(system.headersFolder(node, "20.17.0"), null);
  mkdirSync(join(prefix, "include/node"), { recursive: true });
  const defines = "#define NODE_MAJOR_VERSION 20\n#define NODE_MINOR_VERSION 17\n#define NODE_PATCH_VERSION 0\n";
  writeFileSync(join(prefix, "include/node/node_version.h"), defines);
  t.is(system.headersFolder(node, "20.17.0"), prefix);
  t.is(system.headersFolder(node, "20.17.1"), null);
});

test("a hash over sources changes with a name, with a byte and with a file that is gone", (t) => {
  const root = folder(t);
  mkdirSync(join(root, "src/deep"), { recursive: true });
  writeFileSync(join(root, "src/deep/a.ts"), "one");
  const first = stamp.hashOf(["src"], root);
  const hashes = [first];
  t.is(stamp.hashOf(["src", "not-there"], root), first);
  writeFileSync(join(root, "src/deep/a.ts"), "two");
  hashes.push(stamp.hashOf(["src"], root));
  writeFileSync(join(root, "src/b.ts"), "two");
  hashes.push(stamp.hashOf(["src"], root));
  rmSync(join(root, "src/deep"), { recursive: true });
  hashes.push(stamp.hashOf(["src"], root));
  t.is(new Set(hashes).size, 4);
});

test("a stamp holds only for exactly what it was written for", (t) => {
  const file = join(folder(t), "stamp");
  t.false(stamp.isStamped(file, { abi: "115" }));
  stamp.writeStamp(file, { abi: "115" });
  t.true(stamp.isStamped(file, { abi: "115" }));
  t.false(stamp.isStamped(file, { abi: "127" }));
});

test("a command line is split as a shell would, and quoted where a shell needs it", (t) => {
  const line = `check a.pcap --bind "gateway=10.20.0.5" --set 'note=two words'`;
  t.deepEqual(run.wordsOf(line), ["check", "a.pcap", "--bind", "gateway=10.20.0.5", "--set", "note=two words"]);
  t.is(run.quoted("gateway=10.20.0.5"), "gateway=10.20.0.5");
  t.is(run.quoted("it's *"), `'it'\\''s *'`);
});

test("a failing command gives its exit code and its last lines; one that is not there gives 127", async (t) => {
  const log = join(folder(t), "log");
  const quiet = { log, say: () => {} };
  const program = "console.log('first'); console.error('the cause'); process.exit(3)";
  const failed = await run.runLogged(process.execPath, ["-e", program], quiet);
  t.is(failed.code, 3);
  t.deepEqual([...failed.tail].sort(), ["first", "the cause"]);
  const absent = await run.runLogged(`${log}-no-such-program`, [], quiet);
  t.is(absent.code, 127);
  t.regex(absent.tail.join("\n"), /no-such-program/);
});

/** As ava prints it: while it runs, and of each failed test once more behind a line of dashes. */
const FAILED_RUN = `
  ✘ [fail]: a › differs message of mine
    ℹ a log
  ✔ a › fine

  Uncaught exception in dist/test/b.test.js

  Error: at load

  ✘ dist/test/b.test.js exited with a non-zero exit code: 1
  ─

  a › differs
  dist/test/a.test.js:3

   3: t.deepEqual(one, other);

  Difference (- actual, + expected):

  - 3
  + 4



  a › throws

  Error: first

  ─

  2 tests failed
  1 uncaught exception
`;

test("of a long run of tests the end of the log says what failed and why, and of many the first", (t) => {
  const found = failures.failuresIn(FAILED_RUN);
  t.deepEqual(
    found.map(([title = ""]) => title.trim()),
    ["a › differs", "a › throws", "Uncaught exception in dist/test/b.test.js"],
  );
  t.is(found[0]?.at(-1), "  + 4");
  t.deepEqual(found[2]?.slice(1), ["  Error: at load", "  ✘ dist/test/b.test.js exited with a non-zero exit code: 1"]);
  t.deepEqual(failures.failuresIn("  ✔ a › fine\n  ─\n\n  1 test passed\n"), []);
  const many = failures.shortly(Array.from({ length: 100 }, (_, i) => [`test ${i}`, ...Array(50).fill("why")]));
  t.true(many.length < 160 && many.includes("test 7") && many.includes("and 92 more:") && many.includes("test 8"));
});

test("a program is found on the path that is given, and nowhere else", (t) => {
  const bin = folder(t);
  writeFileSync(join(bin, "tool"), "");
  chmodSync(join(bin, "tool"), 0o755);
  t.is(run.which("tool", `/no-such-folder:${bin}`), join(bin, "tool"));
  t.is(run.which("tool", "/no-such-folder"), null);
});
