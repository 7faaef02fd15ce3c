#!/usr/bin/env node
/**
 * Compiles the loop over common packets, `src/flow/wasm/walk.ts`, to `OUT/src/flow/walk.wasm`.
 *
 *     node scripts/compile-walk.mjs [OUT]      OUT: where tsc wrote to, `dist` unless given
 */
import { mkdirSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const target = join(resolve(process.argv[2] ?? join(root, "dist")), "src/flow/walk.wasm");
mkdirSync(dirname(target), { recursive: true });
const { error, stderr } = await asc.main(
  [
    "src/flow/wasm/walk.ts",
    "--baseDir",
    root,
    "--outFile",
    relative(root, target),
    "-O3",
    "--noAssert",
    // No heap and no strings: the memory is the arena's, and what lies where in it is told by the arena.
    "--runtime",
    "stub",
    "--importMemory",
    // What the arena is: `flow/arena.ts` says why.
    "--sharedMemory",
    "--enable",
    "threads",
    "--initialMemory",
    "1",
    "--maximumMemory",
    "49152",
    "--use",
    "abort=",
  ],
  {},
);
if (error) {
  console.error(stderr.toString());
  process.exit(1);
}
