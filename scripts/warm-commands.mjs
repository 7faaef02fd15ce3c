#!/usr/bin/env node
/**
 * Runs `check` once on a small capture and keeps what V8 has compiled for it, so that starts need not compile it again. Part
 * of `bundle.mjs`, in a process of its own.
 *
 *     node scripts/warm-commands.mjs SRC      SRC: where the bundled program is, such as dist/src
 */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const src = resolve(process.argv[2]);
const folder = mkdtempSync(join(tmpdir(), "wirepact-build-"));
for (const name of readdirSync(join(src, "cli"))) if (name.endsWith(".cache")) rmSync(join(src, "cli", name));
try {
  const capture = join(root, "fixtures/cases/good-us/good-us.pcap");
  const judged = ["--model", "opswat-sdp", "--bind", "gateway=10.20.0.5", "--db", join(folder, "run.sqlite")];
  process.argv = [process.execPath, join(src, "main.js"), "check", capture, ...judged];
  const { scripts, main } = createRequire(import.meta.url)(join(src, "cli/loader.cjs"));
  await main();
  // What V8 compiled is taken only by a V8 with the same flags, and `check` has set one (`memory.ts`).
  setFlagsFromString("--allocation-site-pretenuring");
  for (const [name, script] of Object.entries(scripts))
    writeFileSync(join(src, "cli", `${name}.${process.version}-${process.arch}.cache`), script.createCachedData());
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = 0; // what the capture shows is not the build's failure
