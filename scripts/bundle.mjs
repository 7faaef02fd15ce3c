#!/usr/bin/env node
/**
 * Puts the program's modules together: `dist/src/main.js` and what its commands load, in a few files under
 * `dist/src/chunks/`. Finding and reading hundreds of small modules is half of what a start costs. Runs after `tsc`, over
 * what it has written; the library (`dist/src/index.js`) and all other modules stay as they are.
 *
 *     node scripts/bundle.mjs [OUT]      OUT: where tsc wrote to, `dist` unless given
 */
import { rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const src = join(resolve(process.argv[2] ?? join(root, "dist")), "src");
rmSync(join(src, "chunks"), { recursive: true, force: true });
await build({
  // All but the first are the modules that other threads begin with.
  entryPoints: [join(src, "main.js"), join(src, "jobs/helper.js"), join(src, "suite/worker.js")],
  outdir: src,
  outbase: src,
  // Beside the folders of the modules, so that a path relative to one of them is right in a chunk too.
  chunkNames: "chunks/[name]-[hash]",
  allowOverwrite: true,
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20.17",
  packages: "external",
  minifyWhitespace: true, // half the bytes to be read and scanned; names stay, for stacks
  logLevel: "warning",
});
