#!/usr/bin/env node
// The package as a user gets it: packed, installed from its tarball in an empty folder elsewhere, run on the bundled case and
// its answer held against that of this tree, used from TypeScript and JavaScript on every Node that is promised. `npm run check-package`; --npm CLI tries another npm (path of its npm-cli.js).
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { DEMO, demoArguments } from "./lib/demo.mjs";
import { nodeOf, VERSIONS } from "./lib/nodes.mjs";
import { childEnv, npm, ROOT } from "./lib/run.mjs";
import { headersFolder, nodeHasSqlite } from "./lib/system.mjs";

/** Files that must be in the tarball, and what must not: whatever only the project's own work needs. */
const MUST_HOLD = [
  "package.json",
  "README.md",
  "LICENSE",
  "CHANGELOG.md",
  "ARCHITECTURE.md",
  "dist/src/main.cjs",
  "dist/src/main.js",
  "dist/src/index.js",
  "dist/src/index.d.ts",
  "dist/src/flow/walk.wasm",
  "dist/decoders/index.js",
  "dist/schemas/run.json",
  "dist/schemas/model.json",
  "rules/opswat-sdp.yaml",
];
const MUST_NOT_HOLD =
  /^(?:test|fixtures|bench|scripts|src|decoders|docs)\/|^dist\/(?:test|bench)\/|^\.|\.pcap|\.sqlite/;

const { values } = parseArgs({ options: { npm: { type: "string" } } });
const npmCli = values.npm ? { command: process.execPath, args: [values.npm] } : npm();
const folder = mkdtempSync(join(tmpdir(), "wirepact-package-"));
let problems = 0;

/** One line a check; what went wrong below it. */
function check(what, problem) {
  console.log(`package: ${problem ? "FAILED" : "ok"}: ${what}${problem ? `\n  ${problem}` : ""}`);
  if (problem) problems++;
}

function run(command, args, cwd, more = {}) {
  const headers = headersFolder();
  const env = childEnv({ ...more, ...(headers && { npm_package_config_node_gyp_nodedir: headers }) });
  return spawnSync(command, args, {
    cwd,
    env,
    encoding: "utf8",
    maxBuffer: 1 << 28,
    stdio: ["ignore", "pipe", "pipe"],
  });
}
const runNpm = (args, cwd, more) =>
  run(npmCli.command, [...npmCli.args, ...args, "--no-audit", "--no-fund"], cwd, more);
const lastLines = ({ stdout, stderr, error }) =>
  error?.message ?? `${stdout}${stderr}`.trim().split("\n").slice(-15).join("\n  ");

/** Packs into the folder; the tarball's path, or null where it can't be packed. */
function pack() {
  const result = runNpm(["pack", "--json", "--ignore-scripts", "--pack-destination", folder], ROOT);
  if (result.status !== 0) {
    check("npm pack", lastLines(result));
    return null;
  }
  const told = JSON.parse(result.stdout); // an array, and from npm 12 on an object by package name
  const [{ filename, files }] = Array.isArray(told) ? told : Object.values(told);
  const paths = files.map(({ path }) => path);
  const lacks = MUST_HOLD.filter((path) => !paths.includes(path));
  const toomuch = paths.filter((path) => MUST_NOT_HOLD.test(path));
  check(`${filename} holds what it should`, lacks.length ? `it lacks ${lacks.join(", ")}` : null);
  check("and nothing else", toomuch.length ? `it also holds ${toomuch.slice(0, 10).join(", ")}` : null);
  return join(folder, filename);
}

/**
 * Where sqlite3's install script looks for a prebuilt binary of its version, it finds this tree's: set-up has shown that it can be built,
 * which takes two minutes. Of another version it is fetched or built, as ever.
 */
function prebuilt() {
  const from = join(ROOT, "node_modules/sqlite3");
  const binary = "build/Release/node_sqlite3.node";
  if (!existsSync(join(from, binary))) return {};
  const { version, binary: described } = JSON.parse(readFileSync(join(from, "package.json"), "utf8"));
  for (const api of described?.napi_versions ?? []) {
    const name = `sqlite3-v${version}-napi-v${api}-${process.platform}-${process.arch}.tar.gz`;
    run("tar", ["-czf", join(folder, name), "-C", from, binary], folder);
  }
  return { npm_config_sqlite3_local_prebuilds: folder };
}

/** Installs as a user does. Where Node has SQLite, sqlite3's install script is left out, as npm 12 leaves it out by itself. */
function install(tarball) {
  const home = join(folder, "user");
  mkdirSync(home);
  writeFileSync(
    join(home, "package.json"),
    JSON.stringify({ private: true, type: "module", allowScripts: { sqlite3: true } }),
  );
  const started = Date.now();
  const result = runNpm(["install", tarball, ...(nodeHasSqlite() ? ["--ignore-scripts"] : [])], home, prebuilt());
  const cli = join(home, "node_modules/wirepact/dist/src/main.js");
  const problem = result.status === 0 && existsSync(cli) ? null : lastLines(result);
  check(`npm install of the tarball in an empty folder (${Math.round((Date.now() - started) / 1000)} s)`, problem);
  return problem ? null : { home, cli };
}

/** The JSON answer to the bundled case, without what no two runs share; null where there is none. */
function answer(cli, name, node = process.execPath, more = []) {
  const args = [cli, ...demoArguments(), "--format", "json", "--db", join(folder, `${name}.sqlite`), ...more];
  const result = run(node, args, join(ROOT, DEMO));
  if (![0, 1].includes(result.status)) {
    const ended = result.signal ?? `exit code ${result.status}`;
    check(`wirepact check on the bundled case, ${name}`, `${ended}: ${lastLines(result)}`);
    return null;
  }
  const value = JSON.parse(result.stdout);
  delete value.run.run_id;
  delete value.run.started_at;
  delete value.run.command;
  return { code: result.status, text: JSON.stringify(value) };
}

/** The installed program on every Node that can be had here, whichever of them built it. */
function compareAnswers(cli) {
  const ours = answer(join(ROOT, "dist/src/main.js"), "in this tree");
  if (!ours) return;
  for (const version of new Set([process.versions.node, ...VERSIONS])) {
    const node = nodeOf(version);
    if (node === null) continue;
    for (const [how, more] of Object.entries({ "": [], " with three threads": ["--jobs", "3"] })) {
      const theirs = answer(cli, `installed, on Node ${version}${how}`, node, more);
      if (theirs)
        check(
          `check on the bundled case on Node ${version}${how} says what it says in this tree`,
          difference(ours, theirs),
        );
    }
  }
}

/** Null where two answers are one. */
function difference(ours, theirs) {
  if (ours.text === theirs.text && ours.code === theirs.code) return null;
  let at = 0;
  while (at < ours.text.length && ours.text[at] === theirs.text[at]) at++;
  const [here, there] = [ours, theirs].map(({ text }) => text.slice(at, at + 80));
  return `exit ${theirs.code} against ${ours.code}; from character ${at}: ${there} against ${here}`;
}

/** What each Node has a driver of its own for. (Threads are tried by the bundled case; all tests on each Node take too long here.) */
const OF_NODE = ["roundtrip", "crash"].map((tests) => `dist/test/store/${tests}.test.js`);

/** Its tests on every Node that did not run them anyway. */
function tryTests() {
  for (const version of VERSIONS.filter((one) => one.split(".")[0] !== process.versions.node.split(".")[0])) {
    const node = nodeOf(version);
    if (node === null || !existsSync(join(ROOT, "dist/test/store"))) continue;
    const ran = run(node, [join(ROOT, "node_modules/ava/entrypoints/cli.mjs"), ...OF_NODE], ROOT);
    check(`tests of databases on Node ${version}`, ran.status === 0 ? null : lastLines(ran));
  }
}

/** The command that npm links, and the library as a program imports it. */
function tryFaces({ home }) {
  const help = run(join(home, "node_modules/.bin/wirepact"), ["--help"], home);
  check("wirepact --help", help.status === 0 && /\bcheck\b/.test(help.stdout) ? null : lastLines(help));
  const imported = run(
    process.execPath,
    ["--input-type=module", "-e", "console.log(Object.keys(await import('wirepact')).length)"],
    home,
  );
  check("import of the library", Number(imported.stdout) > 0 ? null : lastLines(imported));
  tryTypes(home);
  if (nodeHasSqlite()) return;
  const driver = run(process.execPath, ["-e", "require('sqlite3')"], home);
  check("sqlite3, which this Node needs for a database", driver.status === 0 ? null : lastLines(driver));
}

const CONSUMER = join(ROOT, "scripts/consumer");

/** Programs as a user writes them: TypeScript that compiles strictly, and mistakes that must not. */
function tryTypes(home) {
  for (const name of ["use.ts", "use.mjs", "misuse.ts"]) cpSync(join(CONSUMER, name), join(home, name));
  const compiler = join(ROOT, "node_modules/typescript/bin/tsc");
  const types = ["--types", "node", "--typeRoots", join(ROOT, "node_modules/@types"), "--pretty", "false"];
  const options = ["--strict", "--skipLibCheck", "false", "--target", "es2022", "--module", "nodenext", ...types];
  const built = run(process.execPath, [compiler, ...options, "--outDir", "built", "use.ts"], home);
  check("a strict program in TypeScript compiles", built.status === 0 ? null : lastLines(built));
  const misused = run(process.execPath, [compiler, ...options, "--noEmit", "misuse.ts"], home);
  const lines = readFileSync(join(home, "misuse.ts"), "utf8").split("\n");
  const wrong = lines.flatMap((line, i) => (line.endsWith("// wrong") ? [i + 1] : []));
  const told = [...misused.stdout.matchAll(/^misuse\.ts\((\d+),/gm)].map(([, line]) => Number(line));
  const missed = wrong.filter((line) => !told.includes(line));
  check("its types see mistakes", missed.length ? `no error in misuse.ts:${missed.join(", :")}` : null);
}

/** Both programs on every Node that is promised; one that cannot be had here is skipped, and said to be. */
function tryNodes(home) {
  const capture = join(ROOT, DEMO, "rollout.pcap");
  const answers = new Set();
  for (const version of new Set([process.versions.node, ...VERSIONS])) {
    const node = nodeOf(version);
    if (node === null) {
      console.log(`package: SKIPPED: Node ${version} cannot be had here`);
      continue;
    }
    for (const [language, program] of [
      ["TypeScript", "built/use.js"],
      ["JavaScript", "use.mjs"],
    ]) {
      const ran = run(node, [program, capture], home);
      check(`a program in ${language} on Node ${version}`, ran.status === 0 ? doubtful(ran.stdout) : lastLines(ran));
      if (ran.status === 0) answers.add(ran.stdout);
    }
  }
  check("all of them say the same", answers.size === 1 ? null : [...answers].join("\n  "));
}

/** What is wrong with what a program printed; null where it is what the bundled case shows. */
function doubtful(text) {
  const { titles, exitCode, rules, own, stopped, refused } = JSON.parse(text);
  const whole = titles.includes("undocumented 203.0.113.40") && titles.includes("missing client-cognito-us");
  return whole && exitCode === 1 && rules > 10 && own && stopped === "interrupted" && refused ? null : text;
}

const tarball = pack();
const user = tarball && install(tarball);
if (user) {
  tryFaces(user);
  tryNodes(user.home);
  compareAnswers(user.cli);
}
tryTests();
rmSync(folder, { recursive: true, force: true });
process.exitCode = problems ? 1 : 0;
