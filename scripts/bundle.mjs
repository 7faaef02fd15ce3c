#!/usr/bin/env node
/**
 * Puts the program's modules together, because finding and reading hundreds of small ones is half of what a start costs:
 *
 *     dist/src/main.js            the command line alone: what --help loads
 *     dist/src/cli/commands.js    all commands in one file; a part of it runs when it is first asked for
 *     dist/src/jobs/helper.js, dist/src/suite/worker.js    what other threads begin with
 *
 * Each is whole, so that a start reads one file, not dozens of shared pieces. Runs after `tsc`, over what it has written; the
 * library (`dist/src/index.js`) and all other modules stay as they are.
 *
 *     node scripts/bundle.mjs [OUT]      OUT: where tsc wrote to, `dist` unless given
 */
import { readdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const src = join(resolve(process.argv[2] ?? join(root, "dist")), "src");

const common = {
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20.17",
  packages: "external",
  minifyWhitespace: true, // half the bytes to be read and scanned; names stay, for stacks
  minifySyntax: true,
  logLevel: "warning",
  write: false,
};

/** What `main.js` loads when a command is called is found in the commands' file. */
const commandsApart = {
  name: "commands-apart",
  setup({ onResolve }) {
    onResolve({ filter: /^\.\.?\/.*\.js$/ }, ({ kind, path, resolveDir }) =>
      kind === "dynamic-import" && dirname(resolve(resolveDir, path)) === join(src, "cli")
        ? { path: `./cli/${basename(path)}`, external: true }
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
const contents = `const all = { ${loaders.join(", ")} };\nexport const load = (path) => all[path]();\n`;

// All are read before any is written: they are made of what tsc wrote.
const main = await bundled({ entryPoints: [join(src, "main.js")], plugins: [commandsApart] });
const commands = await bundled({ stdin: { contents, resolveDir: join(src, "cli"), sourcefile: "commands.js" } });
const helper = await bundled({ entryPoints: [join(src, "jobs/helper.js")] });
const worker = await bundled({ entryPoints: [join(src, "suite/worker.js")] });

const apart = main.replace(/import\("(\.\/cli\/[\w-]+\.js)"\)/g, 'import("./cli/commands.js").then((c)=>c.load("$1"))');
writeFileSync(join(src, "main.js"), apart);
writeFileSync(join(src, "cli/commands.js"), commands);
writeFileSync(join(src, "jobs/helper.js"), helper);
writeFileSync(join(src, "suite/worker.js"), worker);
