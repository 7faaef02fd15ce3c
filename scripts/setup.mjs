#!/usr/bin/env node
// Makes a fresh clone ready to run: checks Node, installs what package-lock.json names, builds. What is done already is not
// done again, so a second run takes a second. Only Node's own modules, since nothing else is there yet.
//
//   node scripts/setup.mjs            before `npm start` and `npm run bench`
//   node scripts/setup.mjs --tests    before `npm test`: also sees to the programs that tests compare with
//   node scripts/setup.mjs --build    no more than what a build needs: sqlite3, which takes longest, waits for the next run
//
// As root on Debian or Ubuntu it installs missing system packages with apt-get; WIREPACT_SYSTEM_PACKAGES=no forbids that.
// Any failure ends it with exit code 1, the failing command's last lines and what to do.
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { childEnv, elapsed, npm, ROOT, runLogged, which } from "./lib/run.mjs";
import { buildStamp, installStamp, isStamped, writeStamp } from "./lib/stamp.mjs";
import {
  aptInstall,
  compareVersions,
  headersFolder,
  installHint,
  isDebian,
  mayInstall,
  missingBuildTools,
  nodeHasSqlite,
  OLDEST_NODE,
  sqlite3Trouble,
} from "./lib/system.mjs";

const INSTALL_STAMP = join(ROOT, "node_modules/.wirepact-setup");
const DATABASE_STAMP = join(ROOT, "node_modules/.wirepact-database");
const BUILD_STAMP = join(ROOT, "dist/.wirepact-build");
/** Programs that tests and the bench compare with; each is also the name of its Debian package. */
const TEST_PROGRAMS = ["tshark", "tcpdump"];
/** The browser that opens the HTML report in tests. A Debian package only: Ubuntu's is an empty one that asks for snap. */
const BROWSERS = ["chromium", "chromium-browser", "google-chrome"];

const say = (line) => console.log(`setup: ${line}`);
const logFile = (name) => join(ROOT, ".cache/setup", `${name}.log`);

/** Why the set-up can't go on. Said at its end, so that what runs beside it is not left alone amid its work. */
class Stopped extends Error {}

/** Ends the set-up: what failed, the last lines of what it printed, and what to do about it. */
function stop(what, { tail = [], log, todo }) {
  const lines = [`setup: FAILED: ${what}`, ...tail.filter((text) => text.trim()).map((line) => `  | ${line}`)];
  if (log) lines.push(`setup: all of its output is in ${relative(ROOT, log)}`);
  throw new Stopped([...lines, `setup: what to do: ${todo}`].join("\n"));
}

function checkNode() {
  if (compareVersions(process.versions.node, OLDEST_NODE) >= 0) return;
  stop(`this is Node ${process.versions.node}; Wirepact needs ${OLDEST_NODE} or newer`, {
    todo: "install a current Node (https://nodejs.org/en/download) and run the command again",
  });
}

/** A compiler matters only where Node has no SQLite of its own and no prebuilt `sqlite3` can be had: then it is fetched, or named. */
async function seeToBuildTools() {
  const missing = missingBuildTools();
  if (missing.length === 0) return;
  if (!mayInstall()) {
    say(
      `not here: ${missing.join(", ")}. They are needed only if no prebuilt sqlite3 can be had (${installHint(missing)})`,
    );
    return;
  }
  say(`installing ${missing.join(", ")} with apt-get: sqlite3 may have to be built from source`);
  const log = logFile("apt-build-tools");
  const { code, tail } = await aptInstall(missing, { log, say });
  if (code !== 0)
    stop("apt-get could not install them", {
      tail,
      log,
      todo: `${installHint(missing)}, then run the command again; or use Node 22.13 or newer`,
    });
}

/** All packages, of which none runs a script of its own: sqlite3, the only one that has to, is built apart. */
async function installPackages() {
  const stamp = installStamp();
  if (isStamped(INSTALL_STAMP, stamp)) return say("packages are as package-lock.json has them");
  const started = Date.now();
  say(`npm ci: installing what package-lock.json names, for Node ${process.versions.node}`);
  const log = logFile("npm-ci");
  const flags = [
    "--include=dev",
    "--include=optional",
    "--ignore-scripts",
    "--prefer-offline",
    "--no-audit",
    "--no-fund",
  ];
  const { code, tail } = await runNpm(["ci", ...flags], { log });
  if (code === 127) stop("npm can't be started", { tail, todo: "install npm (it comes with Node), or put it on PATH" });
  if (code !== 0)
    stop("npm ci", {
      tail,
      log,
      todo: "see the lines above; a registry that can't be reached or a full disk is the usual cause",
    });
  writeStamp(INSTALL_STAMP, stamp);
  say(`packages installed in ${elapsed(started)}`);
}

function runNpm(words, options) {
  const { command, args } = npm();
  return runLogged(command, [...args, ...words], { say, env: childEnv(), ...options });
}

/** Has sqlite3 fetch its prebuilt binary, or build itself; true where it had not been done before. */
async function buildDatabase() {
  const stamp = installStamp();
  if (isStamped(DATABASE_STAMP, stamp)) return false;
  if (sqlite3Trouble() === null) {
    writeStamp(DATABASE_STAMP, stamp);
    return false;
  }
  if (!nodeHasSqlite()) await seeToBuildTools();
  const started = Date.now();
  say("npm rebuild sqlite3 (a minute or two where it has to be built from source)");
  const log = logFile("sqlite3");
  await rebuildDatabase(log);
  checkDatabase(log);
  writeStamp(DATABASE_STAMP, stamp);
  say(`sqlite3 seen to in ${elapsed(started)}`);
  return true;
}

/** In a folder with spaces it is built elsewhere and moved: its own build splits paths at spaces. */
async function rebuildDatabase(log) {
  const headers = headersFolder();
  // node-gyp's own settings: npm would pass `npm_config_nodedir` on too, but warns of it.
  const env = childEnv({ JOBS: "2", ...(headers && { npm_package_config_node_gyp_nodedir: headers }) });
  const options = { log, env, onLine: describeInstall };
  const words = ["rebuild", "sqlite3", "--foreground-scripts", "--no-audit", "--no-fund"];
  if (!/\s/.test(ROOT)) return runNpm(words, options);
  const cwd = mkdtempSync(join(tmpdir(), "wirepact-"));
  for (const name of ["package.json", "package-lock.json", "node_modules"])
    cpSync(join(ROOT, name), join(cwd, name), { recursive: true, verbatimSymlinks: true });
  const result = await runNpm(words, { ...options, cwd });
  const built = "node_modules/sqlite3/build";
  if (existsSync(join(cwd, built))) cpSync(join(cwd, built), join(ROOT, built), { recursive: true });
  rmSync(cwd, { recursive: true, force: true });
  return result;
}

/** Words for what npm is at, from what it prints; undefined where the line says nothing new. */
function describeInstall(line) {
  if (/^> sqlite3@.* install/.test(line)) return "asking for a prebuilt one";
  if (/gyp (info|http)|node-gyp rebuild/.test(line)) return "building it from source";
  return undefined;
}

/** Either SQLite is in Node, or the `sqlite3` package must load: where Node has, nobody needs the package. */
function checkDatabase(log) {
  const trouble = sqlite3Trouble();
  if (trouble === null) return;
  if (nodeHasSqlite())
    return say("the optional package sqlite3 did not build; no harm: this Node has SQLite of its own");
  const missing = missingBuildTools();
  const orNode = "or use Node 22.13 or newer, which needs no compiler";
  if (missing.length) {
    const cause = `it has to be built from source here, which needs ${missing.join(", ")}`;
    stop(`the package sqlite3 is not there: ${cause}`, {
      log,
      todo: `${installHint(missing)}, then run the command again; ${orNode}`,
    });
  }
  const errors = readFileSync(log, "utf8")
    .split("\n")
    .filter((line) => /\berror\b|ERR!/.test(line));
  stop(`the package sqlite3 does not load: ${trouble}`, {
    tail: errors.slice(0, 12),
    log,
    todo: `mend what its build says; ${orNode}`,
  });
}

async function build() {
  const stamp = buildStamp();
  if (isStamped(BUILD_STAMP, stamp) && existsSync(join(ROOT, "dist/src/main.js")))
    return say("dist/ is newer than its sources");
  const started = Date.now();
  say("npm run build: TypeScript to dist/, models to JSON");
  rmSync(join(ROOT, "dist"), { recursive: true, force: true }); // or the output of a source that is gone would stay, tests included
  const log = logFile("build");
  const { code, tail } = await runNpm(["run", "build"], { log });
  if (code !== 0)
    stop("npm run build", { tail, log, todo: "mend what the lines above name, then run the command again" });
  writeStamp(BUILD_STAMP, stamp);
  say(`built in ${elapsed(started)}`);
}

/** What V8 compiled in a run without a database lacks what stores: the build's last step once more. */
async function warmAgain() {
  const log = logFile("warm");
  const { code, tail } = await runLogged(process.execPath, ["scripts/warm-commands.mjs", "dist/src"], { log, say });
  if (code !== 0) stop("scripts/warm-commands.mjs", { tail, log, todo: "mend what the lines above name" });
}

/** Second opinions for the tests. Without them the tests that need them are skipped, and say so. */
async function seeToTestPrograms() {
  await seeTo(TEST_PROGRAMS.filter((program) => !which(program)));
  if (BROWSERS.some((program) => which(program))) return;
  if (isDebian()) return seeTo(["chromium"]);
  say("not here: Chromium or Chrome; tests that open the HTML report in a browser will be skipped, and say so");
}

async function seeTo(missing) {
  if (missing.length === 0) return;
  const without = `tests that need ${missing.join(" and ")} will be skipped, and say so`;
  if (!mayInstall()) return say(`not here: ${missing.join(", ")}; ${without}. To have them: ${installHint(missing)}`);
  say(`installing ${missing.join(", ")} with apt-get, which tests need`);
  const { code } = await aptInstall(missing, { log: logFile(`apt-${missing[0]}`), say });
  if (code !== 0) say(`apt-get could not (see .cache/setup/apt-${missing[0]}.log); ${without}`);
}

async function setUp() {
  checkNode();
  await installPackages();
  if (process.argv.includes("--build")) return build();
  // Both at once: the one is mostly a compiler that works for a minute or two on one core.
  const both = await Promise.allSettled([buildDatabase(), build()]);
  for (const { reason } of both) if (reason !== undefined) throw reason;
  if (both[0].value && !nodeHasSqlite()) await warmAgain();
  if (process.argv.includes("--tests")) await seeToTestPrograms();
}

await setUp().catch((error) => {
  if (!(error instanceof Stopped)) throw error;
  console.error(error.message);
  process.exitCode = 1;
});
