/**
 * What a large model costs: `check` of the same capture with 10 rules and with 10,000, in turns.
 *
 *     node dist/bench/rules.js [SCALE] [RUNS]
 *
 * Measured are whole runs, from process start to end: reading the model, judging, storing and printing 10,000 rules among
 * it. The rules are a mixture of names, wildcards, addresses, prefixes and ports, read from a YAML file as a user's are.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { GATEWAY, makeInput } from "./inputs.ts";
import { type Measurement, measure, median, warm } from "./measure.ts";
import { CLI } from "./peers.ts";

const FOLDER = "bench/data";
const DATABASE = `${FOLDER}/rules.sqlite`;
const SIZES = [10, 10_000];
/** Times what 10 rules cost. */
const TARGET = 2;

const scale = Number(process.argv[2] ?? 0.25);
const runs = Number(process.argv[3] ?? 5);
mkdirSync(FOLDER, { recursive: true });
const capture = makeInput("small", scale, FOLDER);
await warm(capture);

const found: Measurement[][] = SIZES.map(() => []);
for (let run = 0; run < runs; run++) {
  for (const [i, size] of SIZES.entries()) {
    const path = `${FOLDER}/rules-${size}.yaml`;
    writeFileSync(path, modelOf(size));
    for (const end of ["", "-wal", "-shm", "-journal"]) rmSync(DATABASE + end, { force: true });
    const options = ["--model", path, "--bind", `gateway=${GATEWAY}`, "--db", DATABASE];
    const result = await measure([process.execPath, CLI, "check", capture, ...options]);
    if (result.exitCode > 1 && result.exitCode !== 4) throw new Error(`exit ${result.exitCode}: ${result.lastWords}`);
    found[i]!.push(result);
  }
}
const seconds = found.map((results) => median(results.map((result) => result.seconds)));
for (const [i, size] of SIZES.entries()) console.log(`${size} rules: ${seconds[i]!.toFixed(2)} s`);
const ratio = seconds[1]! / seconds[0]!;
console.log(`${ratio.toFixed(2)} × (target: at most ${TARGET} ×), scale ${scale}, medians of ${runs}`);

function modelOf(count: number): string {
  const endpoints: string[] = [];
  const rules: string[] = [];
  for (let i = 0; i < count; i++) {
    const { endpoint, over, app } = ruleOf(i);
    endpoints.push(`  e${i}: { ${endpoint} }`);
    rules.push(
      `  - { id: r${i}, from: gateway, to: e${i}, over: ${over}, app: ${app}, requirement: optional, cite: { section: "${i}" } }`,
    );
  }
  const head = ["wirepact: 1", "model: wide", "document: { title: Wide }", "roles: { gateway: { about: the host } }"];
  return [...head, "endpoints:", ...endpoints, "rules:", ...rules, ""].join("\n");
}

function ruleOf(i: number): { endpoint: string; over: string; app: string } {
  const [high, low] = [(i / 200) & 255, i % 200];
  switch (i % 5) {
    case 0:
      return { endpoint: `hosts: [h${i}.example.com]`, over: "tcp/443", app: "tls" };
    case 1:
      return { endpoint: `hosts: ["*.s${i}.example.net"]`, over: "tcp/443", app: "tls" };
    case 2:
      return { endpoint: `addresses: [203.${high}.${low}.7]`, over: `udp/${1024 + i}`, app: "any" };
    case 3:
      return { endpoint: `addresses: [198.${high}.${low}.0/24]`, over: `tcp/${2000 + i}`, app: "any" };
    default:
      return {
        endpoint: `hosts: [m${i}.example.org], addresses: [192.${high}.${low}.9]`,
        over: '"tcp/80,443"',
        app: "[http, tls]",
      };
  }
}
