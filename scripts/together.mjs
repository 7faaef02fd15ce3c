#!/usr/bin/env node
/**
 * Runs ava on all compiled tests, with small files put together: a file's own thread, ava in it and the program's modules cost it
 * a second of the processor's time, which is more than most files take.
 *
 *     dist/together/decoders-1.test.js     the tests of some files of one folder; titles have the file's name before them
 *
 * What has hooks, starts programs or changes what its neighbours see (`LIMITS`, the environment) stays by itself, and so does
 * what takes its time: ava runs as many files at once as there are cores. Words after it go to ava; where they name a file, that
 * one runs as it is.
 *
 *     node scripts/together.mjs [WORDS...]
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { ROOT } from "./lib/run.mjs";

const TESTS = "dist/test";
const TOGETHER = "dist/together";
const FOLDERS = ["conform", "decode", "decoders", "dissect", "flow", "model", "observe", "report"];
/** Files to one, at most. */
const MOST = 24;
/** Seconds by itself, each of them. */
const LONG = [
  "conform/bad-input",
  "conform/candidates",
  "conform/hidden-write-protocols",
  "conform/kept",
  "conform/long-http",
  "conform/promises",
  "conform/proxy",
  "conform/remembered",
  "decoders/fixtures",
  "decoders/random",
  "observe/fast-path",
  "observe/merge",
  "observe/merge-twice",
  "observe/seam-streams",
  "observe/union",
].map((name) => `${name}.test.js`);
const ALONE =
  /\btest\.(?:serial\.)?(?:before|after)|node:(?:child_process|worker_threads)|\/limits\.js"|process\.(?:env|chdir)|globalThis/;

/** `ava` for one file: what it declares has its name in front, or two files could not have tests of one title. */
const shim = (name) => `import test from "ava";
const KINDS = ["serial", "only", "skip", "failing", "todo"];
const titled = (declare) => new Proxy(declare, {
  apply: (_, self, [title, ...rest]) => Reflect.apply(declare, self, [${JSON.stringify(name)} + " › " + title, ...rest]),
  get: (_, key) => (KINDS.includes(key) ? titled(declare[key]) : declare[key]),
});
export default titled(test);
`;

const inOne = {
  name: "in-one",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^ava$/ }, ({ path, importer }) =>
      importer.endsWith(".test.js")
        ? { path: basename(importer, ".test.js"), namespace: "ava" }
        : { path, external: true },
    );
    onLoad({ filter: /./, namespace: "ava" }, ({ path }) => ({ contents: shim(path), resolveDir: ROOT }));
    // Files that stand beside a module are found from where it stood.
    onLoad({ filter: /\.js$/, namespace: "file" }, ({ path }) => ({
      contents: readFileSync(path, "utf8").replaceAll("import.meta.url", JSON.stringify(pathToFileURL(path).href)),
    }));
  },
};

/** Lists of files by what they are to be called together. */
function groups() {
  const all = new Map();
  for (const folder of FOLDERS) {
    const names = readdirSync(join(ROOT, TESTS, folder))
      .filter((name) => name.endsWith(".test.js"))
      .map((name) => `${folder}/${name}`)
      .filter((name) => !LONG.includes(name) && !ALONE.test(readFileSync(join(ROOT, TESTS, name), "utf8")));
    const parts = Math.ceil(names.length / MOST);
    for (let part = 0; part < parts; part++)
      all.set(
        `${folder}-${part + 1}`,
        names.filter((_, i) => i % parts === part),
      );
  }
  return all;
}

async function putTogether() {
  rmSync(join(ROOT, TOGETHER), { recursive: true, force: true });
  mkdirSync(join(ROOT, TOGETHER), { recursive: true });
  const all = groups();
  const entryPoints = [...all].map(([name, files]) => {
    const path = join(ROOT, TOGETHER, `${name}.list.js`);
    writeFileSync(path, files.map((file) => `import "../test/${file}";\n`).join(""));
    return { in: path, out: `${name}.test` };
  });
  await build({
    entryPoints,
    outdir: join(ROOT, TOGETHER),
    bundle: true,
    platform: "node",
    target: "node20.17",
    format: "esm",
    packages: "external",
    plugins: [inOne],
    logLevel: "warning",
  });
  for (const { in: path } of entryPoints) rmSync(path);
  return [...all.values()].flat().map((file) => `${TESTS}/${file}`);
}

const words = process.argv.slice(2);
const isNamed = words.some((word) => word.endsWith(".js"));
const together = isNamed ? [] : await putTogether();
const { status } = spawnSync(process.execPath, [join(ROOT, "node_modules/ava/entrypoints/cli.mjs"), ...words], {
  cwd: ROOT,
  stdio: "inherit",
  env: { ...process.env, WIREPACT_TOGETHER: together.join(",") },
});
process.exitCode = status ?? 1;
