#!/usr/bin/env node
/**
 * Puts the program's modules together, because finding, reading and compiling hundreds of small ones is most of a start:
 *
 *     dist/src/main.js              the command line alone: what --help loads
 *     dist/src/cli/commands.cjs     all commands in one file; a part of it runs when it is first asked for
 *     dist/src/cli/commands.cache   what V8 has compiled of it in a first run of `check`, for the Node that built it;
 *                                   another Node refuses it, and compiles
 *     dist/src/cli/commands.js      what loads the two
 *     dist/src/jobs/helper.js, dist/src/suite/worker.js    what other threads begin with: the same file
 *
 * Runs after `tsc`, over what it has written; the library (`dist/src/index.js`) and all other modules stay as they are.
 *
 *     node scripts/bundle.mjs [OUT]      OUT: where tsc wrote to, `dist` unless given
 */
import { execFileSync } from "node:child_process";
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const src = join(resolve(process.argv[2] ?? join(root, "dist")), "src");

const common = {
  bundle: true,
  platform: "node",
  target: "node20.17",
  packages: "external",
  minifyWhitespace: true, // half the bytes to be read and scanned; names stay, for stacks
  minifySyntax: true,
  logLevel: "warning",
  write: false,
};

/** What `main.js` loads when a command is called is found in the commands' file; what those load is none of its own. */
const commandsApart = {
  name: "commands-apart",
  setup({ onResolve }) {
    onResolve({ filter: /^\.\.?\/.*\.js$/ }, ({ kind, path, resolveDir }) =>
      kind === "dynamic-import"
        ? { path: `./${relative(src, resolve(resolveDir, path)).replaceAll("\\", "/")}`, external: true }
        : undefined,
    );
  },
};

async function bundled(options) {
  const { outputFiles } = await build({ ...common, ...options });
  return outputFiles[0].text;
}

const files = readdirSync(join(src, "cli")).filter((name) => /^[\w-]+\.js$/.test(name) && name !== "commands.js");
const loaders = files.map((name) => `${JSON.stringify(`./cli/${name}`)}: () => import("./${name}")`);
/** What other threads begin with. */
const THREADS = ["../jobs/helper.js", "../suite/worker.js"];
for (const path of THREADS) loaders.push(`${JSON.stringify(path)}: () => import("${path}")`);
const contents = `const all = { ${loaders.join(", ")} };\nexport const load = (path) => all[path]();\n`;

/** Loads the commands; `script` is for who makes the cache. */
const LOADER = `import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { Script } from "node:vm";

const file = new URL("commands.cjs", import.meta.url);
let cachedData;
try {
  cachedData = readFileSync(new URL("commands.cache", import.meta.url));
} catch {}
export const script = new Script(readFileSync(file, "latin1"), { filename: fileURLToPath(file), cachedData });
const module = { exports: {} };
script.runInThisContext()(module, module.exports, createRequire(file), import.meta.url);
export const load = module.exports.load;
`;
/** What a start would say of the cache. */
const ACCEPTED = `import { script } from ${JSON.stringify(pathToFileURL(join(src, "cli/commands.js")).href)};
process.stdout.write(String(script.cachedDataRejected === false));`;
const THREAD = (path) => `import { load } from "../cli/commands.js";\nawait load(${JSON.stringify(path)});\n`;

// All are read before any is written: they are made of what tsc wrote.
const main = await bundled({ entryPoints: [join(src, "main.js")], plugins: [commandsApart], format: "esm" });
const commands = await bundled({
  stdin: { contents, resolveDir: join(src, "cli"), sourcefile: "commands.js" },
  format: "cjs",
  charset: "ascii", // one byte a letter, which is read at once
  define: { "import.meta.url": "__url" },
  supported: { "dynamic-import": false },
});

const apart = main.replace(/import\("(\.\/cli\/[\w-]+\.js)"\)/g, 'import("./cli/commands.js").then((c)=>c.load("$1"))');
writeFileSync(join(src, "main.js"), apart);
// In a template esbuild leaves letters beyond ASCII as they are; an escape means the same there (nothing looks at `raw`).
const ascii = commands.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
writeFileSync(join(src, "cli/commands.cjs"), `(function(module,exports,require,__url){${ascii}\n})`);
writeFileSync(join(src, "cli/commands.js"), LOADER);
for (const path of THREADS) writeFileSync(join(src, "cli", path), THREAD(path));
rmSync(join(src, "cli/commands.cache"), { force: true });
execFileSync(process.execPath, [join(root, "scripts/warm-commands.mjs"), src], {
  stdio: ["ignore", "ignore", "inherit"],
});
const taken = execFileSync(process.execPath, ["--input-type=module", "-e", ACCEPTED], { encoding: "utf8" });
if (taken !== "true")
  throw new Error(`V8 refuses ${join(src, "cli/commands.cache")}, so that every start would compile anew`);
