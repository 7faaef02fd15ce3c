/**
 * What a large model costs: `check` of the same capture with 10 rules and with 10,000, in turns.
 *
 *     node dist/bench/rules.js [SCALE] [RUNS]
 *
 * Measured are whole runs, from process start to end: reading the model, judging, storing and printing 10,000 rules among
 * it. The rules are read from a YAML file as a user's are:
 *
 *     mixed     names, wildcards, addresses, prefixes and ports; one host is judged
 *     crowded   10,000 names on one port; all hosts are judged, and what they open to that port shows no name, so that it
 *               could be each of the rules
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { FIRST_SERVER_PORT, GATEWAY, makeInput } from "./inputs.ts";
import { type Measurement, measure, median, warm } from "./measure.ts";
import { CLI } from "./peers.ts";

const FOLDER = "bench/data";
const DATABASE = `${FOLDER}/rules.sqlite`;
const SIZES = [10, 10_000];
/** Times what 10 rules cost. */
const TARGET = 1.2;

interface RuleParts {
  endpoint: string;
  over: string;
  app: string;
}

const KINDS: Readonly<Record<string, { bind: string; ruleOf: (i: number) => RuleParts }>> = {
  mixed: { bind: GATEWAY, ruleOf: mixedRule },
  crowded: { bind: "198.18.0.0/16", ruleOf: crowdedRule },
};

const scale = Number(process.argv[2] ?? 0.25);
const runs = Number(process.argv[3] ?? 5);
mkdirSync(FOLDER, { recursive: true });
const capture = makeInput("small", scale, FOLDER);
await warm(capture);

for (const [kind, { bind, ruleOf }] of Object.entries(KINDS)) {
  const found: Measurement[][] = SIZES.map(() => []);
  for (let run = 0; run < runs; run++) {
    for (const [i, size] of SIZES.entries()) {
      const path = `${FOLDER}/rules-${kind}-${size}.yaml`;
      writeFileSync(path, modelOf(size, ruleOf));
      for (const end of ["", "-wal", "-shm", "-journal"]) rmSync(DATABASE + end, { force: true });
      const options = ["--model", path, "--bind", `gateway=${bind}`, "--db", DATABASE];
      const result = await measure([process.execPath, CLI, "check", capture, ...options]);
      if (result.exitCode > 1 && result.exitCode !== 4) throw new Error(`exit ${result.exitCode}: ${result.lastWords}`);
      found[i]!.push(result);
    }
  }
  const seconds = found.map((results) => median(results.map((result) => result.seconds)));
  for (const [i, size] of SIZES.entries()) console.log(`${kind}, ${size} rules: ${seconds[i]!.toFixed(2)} s`);
  const ratio = seconds[1]! / seconds[0]!;
  console.log(`${kind}: ${ratio.toFixed(2)} × (target: at most ${TARGET} ×), scale ${scale}, medians of ${runs}`);
}

function modelOf(count: number, ruleOf: (i: number) => RuleParts): string {
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

function crowdedRule(i: number): RuleParts {
  return { endpoint: `hosts: [h${i}.example.com]`, over: `tcp/${FIRST_SERVER_PORT}`, app: "any" };
}

function mixedRule(i: number): RuleParts {
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
