#!/usr/bin/env node
// Writes docs/api.md from the build's declarations: `npm run api` (after a build). `--check` only says whether it is current.
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { apiPage } from "./lib/api-page.mjs";
import { ROOT } from "./lib/run.mjs";

const { values } = parseArgs({ options: { check: { type: "boolean" }, built: { type: "string", default: "dist" } } });
const file = join(ROOT, "docs/api.md");
const page = apiPage(resolve(ROOT, values.built), join(ROOT, "src/index.ts"));
if (!values.check) writeFileSync(file, page);
else if (readFileSync(file, "utf8") !== page) {
  console.error("docs/api.md is not what the declarations say: npm run api");
  process.exit(1);
}
