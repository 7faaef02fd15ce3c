// Stamps: what a step was done from, so that it is done again only when that has changed.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./run.mjs";

/** SHA-256 over names and contents of these files and folders (recursively, sorted); a path that is not there counts as empty. */
export function hashOf(paths, root = ROOT) {
  const hash = createHash("sha256");
  const add = (path) => {
    const file = join(root, path);
    if (!existsSync(file)) return;
    if (statSync(file).isDirectory()) {
      for (const name of readdirSync(file).sort()) add(`${path}/${name}`);
      return;
    }
    const bytes = readFileSync(file);
    hash.update(`${path}\0${bytes.length}\0`).update(bytes);
  };
  for (const path of paths) add(path);
  return hash.digest("hex");
}

/** What installed packages depend on: the lockfile, what package.json asks for, and the Node that native code was built for. */
export function installStamp() {
  const { dependencies, devDependencies, optionalDependencies, allowScripts } = JSON.parse(
    readFileSync(join(ROOT, "package.json"), "utf8"),
  );
  const asked = JSON.stringify({ dependencies, devDependencies, optionalDependencies, allowScripts });
  return {
    lockfile: hashOf(["package-lock.json"]),
    asked: createHash("sha256").update(asked).digest("hex"),
    abi: process.versions.modules,
    platform: `${process.platform}-${process.arch}`,
  };
}

/** What the build depends on; bench/ without the captures that it makes, which are gigabytes. */
export function buildStamp() {
  const bench = readdirSync(join(ROOT, "bench")).filter((name) => name !== "data");
  const others = [
    "src",
    "decoders",
    "test",
    "rules",
    "tsconfig.json",
    "scripts/compile-models.mjs",
    "scripts/compile-walk.mjs",
    "scripts/bundle.mjs",
    "package-lock.json",
  ];
  return { sources: hashOf([...others, ...bench.sort().map((name) => `bench/${name}`)]) };
}

export const writeStamp = (file, stamp) => writeFileSync(file, `${JSON.stringify(stamp, null, 2)}\n`);

/** Whether `file` holds exactly this stamp. */
export function isStamped(file, stamp) {
  try {
    return readFileSync(file, "utf8") === `${JSON.stringify(stamp, null, 2)}\n`;
  } catch {
    return false;
  }
}
