#!/usr/bin/env node
// Makes a fresh clone ready to run: checks Node, installs what package-lock.json names, builds. What is done already is not
// done again, so a second run takes a second. Only Node's own modules, since nothing else is there yet.
//
//   node scripts/setup.mjs            before `npm start` and `npm run bench`
//   node scripts/setup.mjs --tests    before `npm test`: also sees to the programs that tests compare with
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
const BUILD_STAMP = join(ROOT, "dist/.wirepact-build");
/** Programs that tests and the bench compare with; each is also the name of its Debian package. */
const TEST_PROGRAMS = ["tshark", "tcpdump"];
/** The browser that opens the HTML report in tests. A Debian package only: Ubuntu's is an empty one that asks for snap. */
const BROWSERS = ["chromium", "chromium-browser", "google-chrome"];

const say = (line) => console.log(`setup: ${line}`);
const logFile = (name) => join(ROOT, ".cache/setup", `${name}.log`);

/** Ends the set-up: what failed, the last lines of what it printed, and what to do about it. */
function stop(what, { tail = [], log, todo }) {
  console.error(`setup: FAILED: ${what}`);
  for (const line of tail.filter((text) => text.trim())) console.error(`  | ${line}`);
  if (log) console.error(`setup: all of its output is in ${relative(ROOT, log)}`);
  console.error(`setup: what to do: ${todo}`);
  process.exit(1);
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

async function installPackages() {
  const stamp = installStamp();
  if (isStamped(INSTALL_STAMP, stamp)) return say("packages are as package-lock.json has them");
  if (!nodeHasSqlite()) await seeToBuildTools();
  const started = Date.now();
  say(`npm ci: installing what package-lock.json names, for Node ${process.versions.node}`);
  say("  (a minute or two where sqlite3 has to be built from source)");
  const log = logFile("npm-ci");
  const { code, tail } = await npmCi(log);
  if (code === 127) stop("npm can't be started", { tail, todo: "install npm (it comes with Node), or put it on PATH" });
  if (code !== 0)
    stop("npm ci", {
      tail,
      log,
      todo: "see the lines above; a registry that can't be reached or a full disk is the usual cause",
    });
  checkDatabase(log);
  writeStamp(INSTALL_STAMP, stamp);
  say(`packages installed in ${elapsed(started)}`);
}

/** Runs `npm ci`. In a folder with spaces it does so elsewhere and moves the result: sqlite3's own build splits paths at spaces. */
async function npmCi(log) {
  const { command, args } = npm();
  const flags = [
    "ci",
    "--include=dev",
    "--include=optional",
    "--prefer-offline",
    "--foreground-scripts",
    "--no-audit",
    "--no-fund",
  ];
  const headers = headersFolder();
  // node-gyp's own setting: npm would pass `npm_config_nodedir` on too, but warns of it.
  const env = childEnv(headers ? { npm_package_config_node_gyp_nodedir: headers } : {});
  const cwd = /\s/.test(ROOT) ? mkdtempSync(join(tmpdir(), "wirepact-")) : ROOT;
  if (cwd !== ROOT) for (const name of ["package.json", "package-lock.json"]) cpSync(join(ROOT, name), join(cwd, name));
  const result = await runLogged(command, [...args, ...flags], { log, say, env, cwd, onLine: describeInstall });
  if (cwd === ROOT) return result;
  if (result.code === 0) {
    rmSync(join(ROOT, "node_modules"), { recursive: true, force: true });
    cpSync(join(cwd, "node_modules"), join(ROOT, "node_modules"), { recursive: true, verbatimSymlinks: true });
  }
  rmSync(cwd, { recursive: true, force: true });
  return result;
}

/** Words for what npm is at, from what it prints; undefined where the line says nothing new. */
function describeInstall(line) {
  if (/^> sqlite3@.* install/.test(line)) return "asking for a prebuilt sqlite3";
  if (/gyp (info|http)|node-gyp rebuild/.test(line)) return "building sqlite3 from source";
  return undefined;
}

/** Either SQLite is in Node, or the `sqlite3` package must load: npm itself forgives a failed build of an optional package. */
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
  const { command, args } = npm();
  const log = logFile("build");
  const { code, tail } = await runLogged(command, [...args, "run", "build"], { log, say, env: childEnv() });
  if (code !== 0)
    stop("npm run build", { tail, log, todo: "mend what the lines above name, then run the command again" });
  writeStamp(BUILD_STAMP, stamp);
  say(`built in ${elapsed(started)}`);
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

checkNode();
await installPackages();
if (process.argv.includes("--tests")) await seeToTestPrograms();
await build();
