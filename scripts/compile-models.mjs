#!/usr/bin/env node
/**
 * Compiles every `rules/*.yaml` to `OUT/rules/NAME.json`, and `index.json` with names and titles, so that a shipped model
 * costs `JSON.parse` at run time and no YAML, and `domains.json` with the registrable domains of their names, so that the public
 * suffix list is not loaded for them. Puts the JSON Schemas that the package exports into `OUT/schemas`: `run.json`
 * of what `--format json` prints, `model.json` of model files. Runs after `tsc`; uses the loader that it has just built.
 *
 *     node scripts/compile-models.mjs [OUT]      OUT: where tsc wrote to, `dist` unless given
 */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import psl from "psl";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const out = resolve(process.argv[2] ?? join(root, "dist"));
const { loadModel } = await import(pathToFileURL(join(out, "src/model/load.js")).href);
const { modelSchema } = await import(pathToFileURL(join(out, "src/model/schema.js")).href);

const folder = join(root, "rules");
const target = join(out, "rules");
mkdirSync(target, { recursive: true });

const index = [];
const domains = {};
let failed = false;
for (const file of readdirSync(folder)
  .filter((name) => name.endsWith(".yaml"))
  .sort()) {
  const { model, problems } = loadModel(readFileSync(join(folder, file), "utf8"), `rules/${file}`);
  for (const { source, line, column, severity, message } of problems) {
    console.error(`${source}:${line}:${column}: ${severity}: ${message}`);
  }
  const name = basename(file, ".yaml");
  if (model !== null && model.name !== name) {
    console.error(`rules/${file}: the model is called ${model.name}; expected ${name}, as its file is`);
  }
  if (model === null || model.name !== name) {
    failed = true;
    continue;
  }
  writeFileSync(join(target, `${name}.json`), `${JSON.stringify({ ...model, source: "shipped" })}\n`);
  for (const { labels } of model.endpoints.flatMap(({ hosts }) => hosts)) {
    const host = labels.filter((label) => !label.startsWith("*")).join(".");
    domains[host] = psl.parse(host).domain ?? null;
  }
  const { publisher, product, title } = model.document;
  index.push({ name, title: `${[publisher, product].filter(Boolean).join(" ")}: ${title}` });
}
writeFileSync(join(target, "index.json"), `${JSON.stringify(index, null, 2)}\n`);
writeFileSync(join(target, "domains.json"), `${JSON.stringify(domains)}\n`);
const schemas = join(out, "schemas");
mkdirSync(schemas, { recursive: true });
copyFileSync(join(root, "src/report/schema.json"), join(schemas, "run.json"));
writeFileSync(join(schemas, "model.json"), `${JSON.stringify(modelSchema(), null, 2)}\n`);
if (failed) process.exit(1);
console.log(`compiled ${index.length} models: ${index.map(({ name }) => name).join(", ")}`);
