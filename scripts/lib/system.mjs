// What this machine has and lacks: Node's version and headers, the tools of a native build, the programs of the tests.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { capture, childEnv, runLogged, which } from "./run.mjs";

/** The oldest Node that Wirepact runs on; `engines` in package.json says the same. */
export const OLDEST_NODE = "20.17.0";
/** From here on Node brings SQLite itself, without a flag. */
const NODE_WITH_SQLITE = "22.13.0";

/** Compares versions part by part as numbers: below 0, 0, above 0. */
export function compareVersions(a, b) {
  const [x, y] = [a, b].map((version) =>
    version
      .replace(/^v/, "")
      .split(".")
      .map((part) => Number.parseInt(part, 10) || 0),
  );
  for (let i = 0; i < 3; i++) if ((x[i] ?? 0) !== (y[i] ?? 0)) return (x[i] ?? 0) - (y[i] ?? 0);
  return 0;
}

export const nodeHasSqlite = (version = process.versions.node) => compareVersions(version, NODE_WITH_SQLITE) >= 0;

/**
 * The folder that node-gyp takes as `nodedir`: the running Node's prefix, where the headers of exactly this version stand
 * under include/node. Null where they don't: node-gyp then downloads them.
 */
export function headersFolder(execPath = process.execPath, version = process.versions.node) {
  const prefix = dirname(dirname(execPath));
  const header = join(prefix, "include/node/node_version.h");
  if (!existsSync(header)) return null;
  const text = readFileSync(header, "utf8");
  const number = (word) => text.match(new RegExp(`#define NODE_${word}_VERSION (\\d+)`))?.[1];
  return [number("MAJOR"), number("MINOR"), number("PATCH")].join(".") === version ? prefix : null;
}

/** Which of the tools that node-gyp needs are not on `path`: names of Debian's packages. */
export function missingBuildTools(path = process.env.PATH ?? "") {
  const has = (...programs) => programs.some((program) => which(program, path));
  const missing = [];
  if (!has("python3", "python")) missing.push("python3");
  if (!has("make", "gmake")) missing.push("make");
  if (!has("g++", "c++", "clang++")) missing.push("g++");
  return missing;
}

/** How a person installs these Debian packages on this machine, as a command or a sentence. */
export function installHint(packages) {
  const sudo = process.getuid?.() === 0 ? "" : "sudo ";
  if (which("apt-get")) return `${sudo}apt-get install -y ${packages.join(" ")}`;
  if (which("apk")) return `${sudo}apk add ${packages.join(" ")}`;
  if (which("dnf"))
    return `${sudo}dnf install -y ${packages.join(" ").replace("g++", "gcc-c++").replace("tshark", "wireshark-cli")}`;
  if (which("brew")) return `brew install ${packages.join(" ").replace("g++", "gcc").replace("tshark", "wireshark")}`;
  return `install ${packages.join(", ")} with your system's package manager`;
}

/** Debian itself, not what was made of it. */
export function isDebian(file = "/etc/os-release") {
  return existsSync(file) && /^ID=debian$/m.test(readFileSync(file, "utf8"));
}

/** Whether we may install system packages: root, with apt-get, and not forbidden by WIREPACT_SYSTEM_PACKAGES=no. */
export function mayInstall() {
  return process.getuid?.() === 0 && which("apt-get") !== null && process.env.WIREPACT_SYSTEM_PACKAGES !== "no";
}

/**
 * Installs Debian packages without a question asked: debconf takes its defaults, and a dead mirror ends it in a minute.
 * @returns {Promise<{ code: number, tail: string[] }>} of the step that failed, or of the last one
 */
export async function aptInstall(packages, { log, say }) {
  const env = childEnv({ DEBIAN_FRONTEND: "noninteractive", DEBIAN_PRIORITY: "critical" });
  const options = ["-o", "Acquire::Retries=1", "-o", "Acquire::http::Timeout=20", "-o", "DPkg::Lock::Timeout=120"];
  const update = await runLogged("apt-get", [...options, "update"], { log, say, env });
  if (update.code !== 0) return update;
  return runLogged("apt-get", [...options, "install", "-y", "--no-install-recommends", ...packages], { log, say, env });
}

/** Whether `sqlite3` is built for this Node: null where it loads, else the first line of its complaint. */
export function sqlite3Trouble() {
  const script =
    "try { require('sqlite3'); console.log('ok') } catch (e) { console.log(String(e.message).split('\\n')[0]) }";
  const says = capture(process.execPath, ["-e", script]);
  return says === "ok" ? null : (says ?? "it ends Node at once");
}
