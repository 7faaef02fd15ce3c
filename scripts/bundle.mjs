#!/usr/bin/env node
/**
 * Puts the program's modules together, because finding, reading and compiling hundreds of small ones is most of a start:
 *
 *     dist/src/main.cjs             what `wirepact` starts, and main.js for who types a path
 *     dist/src/cli/loader.cjs       what loads the two below
 *     dist/src/cli/line.cjs         the command line with commander: what --help loads
 *     dist/src/cli/commands.cjs     all commands in one file; a part of it runs when it is first asked for
 *     dist/src/cli/*.cache          what V8 has compiled of each in a first run of `check`, for the Node that built it and in its
 *                                   name: V8 itself takes what another Node's V8 of the same number made, and crashes
 *     dist/src/jobs/helper.js, dist/src/suite/worker.js    what other threads begin with: the same file of commands
 *
 * Runs after `tsc`, over what it has written; the library (`dist/src/index.js`) and all other modules stay as they are.
 *
 *     node scripts/bundle.mjs [OUT]      OUT: where tsc wrote to, `dist` unless given
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
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

/** What the command line loads when a command is called is found in the commands' file; what those load is none of its own. */
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

/** commander asks for it when it is loaded, and uses it for programs of their own as commands, of which there are none. */
const noChildren = {
  name: "no-children",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:child_process$/ }, ({ path }) => ({ path, namespace: "none" }));
    onLoad({ filter: /./, namespace: "none" }, () => ({ contents: "" }));
  },
};

/** The modules that were put together have one: to make another loads Node's loader of modules after all. */
const ownRequire = {
  name: "own-require",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:module$/ }, ({ path }) => ({ path, namespace: "own-require" }));
    onLoad({ filter: /./, namespace: "own-require" }, () => ({ contents: "exports.createRequire = () => require;" }));
  },
};

/**
 * Each module's beginning is a method of an object, by its file's name. That makes hundreds of shapes of objects, one behind the other;
 * with one name for all they are one.
 */
const alike = (text) => text.replace(/__esm\(\{"[^"]+"\(\)\{/g, "__esm({begin(){");

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

/**
 * Runs a file of the two with what V8 has compiled of it. The loader of modules takes longer than this for each thing that is
 * imported, so nothing is: it is never started, for what Node runs first is of its older kind.
 */
const LOADER = `"use strict";
const { closeSync, fstatSync, openSync, readSync } = require("node:fs");
const { join } = require("node:path");
const { pathToFileURL } = require("node:url");
const { Script } = require("node:vm");
const scripts = {};
let buffer = Buffer.alloc(0);
/** All go through one buffer: memory that is touched for the first time costs as much as what is read into it. */
function read(path) {
  const file = openSync(path);
  const { size } = fstatSync(file);
  if (size > buffer.length) buffer = Buffer.allocUnsafeSlow(size + (size >> 2));
  let length = 0;
  for (let came = 1; came > 0; length += came) came = readSync(file, buffer, length, size - length);
  closeSync(file);
  return buffer.subarray(0, length);
}
function run(name, load) {
  const filename = join(__dirname, name);
  const source = read(filename).toString("latin1");
  let cachedData;
  try {
    cachedData = read(\`\${filename}.\${process.version}-\${process.arch}.cache\`);
  } catch {}
  const script = (scripts[name] = new Script(source, { filename, cachedData }));
  const module = { exports: {} };
  script.runInThisContext()(module, module.exports, require, pathToFileURL(filename).href, load);
  return module.exports;
}
let commands;
const load = async (path) => {
  commands ??= run("commands.cjs");
  buffer = null; // all is read
  return commands.load(path);
};
module.exports = { load, scripts, main: () => run("line.cjs", load).main() };
`;
/** What `wirepact` starts, and what `node dist/src/main.js` does. */
const STARTS = {
  "main.cjs": `#!/usr/bin/env node
require("./cli/loader.cjs").main();
`,
  "main.js": `#!/usr/bin/env node
process.getBuiltinModule("node:module").createRequire(import.meta.url)("./cli/loader.cjs").main();
`,
};
const THREAD = (path) => `const { createRequire } = process.getBuiltinModule("node:module");
await createRequire(import.meta.url)("../cli/loader.cjs").load(${JSON.stringify(path)});
`;
/** What a start would say of the caches. */
const ACCEPTED = `process.argv = [process.execPath, "models", "list"];
const { scripts, main } = require(${JSON.stringify(join(src, "cli/loader.cjs"))});
main().then(() => {
  process.exitCode = Object.values(scripts).filter((script) => script.cachedDataRejected === false).length === 2 ? 0 : 1;
});`;

// All are read before any is written: they are made of what tsc wrote.
const line = await bundled({
  stdin: {
    contents: 'export { main } from "./program/program.js";',
    resolveDir: join(src, "cli"),
    sourcefile: "line.js",
  },
  plugins: [commandsApart, noChildren],
  packages: "bundle",
  format: "cjs",
  charset: "ascii",
});
const commands = await bundled({
  stdin: { contents, resolveDir: join(src, "cli"), sourcefile: "commands.js" },
  plugins: [ownRequire],
  format: "cjs",
  charset: "ascii", // one byte a letter, which is read at once
  define: { "import.meta.url": "__url" },
  supported: { "dynamic-import": false },
});

const apart = line.replace(/import\("(\.\/cli\/[\w-]+\.js)"\)/g, '__load("$1")');
/** A function of what a module of Node's older kind is given. In a template esbuild leaves letters beyond ASCII as they are; an
 * escape means the same there (nothing looks at `raw`). */
const wrapped = (text) => {
  const ascii = text.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return `(function(module,exports,require,__url,__load){${ascii}\n})`;
};
writeFileSync(join(src, "cli/loader.cjs"), LOADER);
for (const [name, text] of Object.entries(STARTS)) writeFileSync(join(src, name), text);
writeFileSync(join(src, "cli/line.cjs"), wrapped(apart));
writeFileSync(join(src, "cli/commands.cjs"), wrapped(alike(commands)));
for (const path of THREADS) writeFileSync(join(src, "cli", path), THREAD(path));
execFileSync(process.execPath, [join(root, "scripts/warm-commands.mjs"), src], {
  stdio: ["ignore", "ignore", "inherit"],
});
try {
  execFileSync(process.execPath, ["-e", ACCEPTED], { stdio: ["ignore", "ignore", "inherit"] });
} catch {
  throw new Error(`V8 refuses ${join(src, "cli/*.cache")}, so that every start would compile anew`);
}
copyFileSync(join(root, "node_modules/commander/LICENSE"), join(src, "cli/line.LICENSE")); // of what is put together with it
