/** Asking the index instead of walking every rule changes nothing that is said. */
import test from "ava";
import fc from "fast-check";
import { RuleIndex, type Wanted } from "../../src/conform/candidates.ts";
import { loadJudging } from "../../src/judging.ts";
import { loadModel } from "../../src/model/index.ts";
import type { Model } from "../../src/model/types.ts";
import { judge, run } from "../../src/pipeline.ts";
import type { RunResult } from "../../src/report/result.ts";
import { readCases } from "../e2e/case.ts";
import { observeFrames, optionsOf, readTrial } from "../support/judged.ts";

const { candidates } = RuleIndex.prototype;

/** What is said where every rule is tried by itself. */
async function tryingAll<Value>(tell: () => Value | Promise<Value>): Promise<Value> {
  RuleIndex.prototype.candidates = function () {
    return this.rules.map((rule) => ({ rule, alike: null }));
  };
  try {
    return await tell();
  } finally {
    RuleIndex.prototype.candidates = candidates;
  }
}

/** Frames against rules that have nothing in common with a conversation are noise, which the index leaves out. */
function saidOf({ judged, rules }: RunResult): unknown {
  return {
    judged: judged.map(({ evidence, ...row }) => ({ ...row, clauses: evidence?.clauses, nearest: evidence?.nearest })),
    rules,
  };
}

for (const one of readCases().filter(({ args }) => args[0] === "check")) {
  test.serial(`${one.name}: with the index and without it`, async (t) => {
    const options = { ...(await optionsOf(one)), infer: !one.args.includes("--no-infer") };
    const tell = async () => saidOf((await run(options)).result);
    t.deepEqual(await tell(), await tryingAll(tell));
  });
}

/** Endpoints of which the captures below show some by name, by address, by another host's DNS, or not at all. */
const ENDPOINTS = [
  "hosts: [api-us.sdp.opswat.com]",
  "hosts: [API-EU.sdp.opswat.com, one.example.com]",
  'hosts: ["*.sdp.opswat.com"]',
  'hosts: ["**.example.org"]',
  "hosts: [two.example.com]",
  "hosts: [0.amazon.pool.ntp.org], pool: true",
  "hosts: [telemetry.example.com, www.example.org]",
  "hosts: [three.example.com], need: any",
  "hosts: [four.example.com], addresses: [198.51.100.0/24]",
  "hosts: [$given]",
  "hosts: [$missing]",
  "addresses: [198.51.100.0-198.51.100.255]",
  "addresses: [203.0.113.0/24]",
  "addresses: [192.0.2.1]",
  "hosts: [five.example.com], role: server",
  "hosts: [six.example.com], ranges: cloud",
];
const OVERS = [
  "tcp/443",
  '"tcp/443,8443"',
  "tcp/444",
  "tcp/445",
  "udp/443",
  "udp/123",
  "tcp",
  "tcp/1-2000",
  "tcp/$port",
];
const REST = [
  "app: tls, requirement: required",
  "app: tls, requirement: optional",
  "app: any, requirement: required",
  "app: [http, ntp], requirement: required",
  "app: tls, requirement: required, expect: { tls.version: at least 1.3 }",
  "app: tls, requirement: required, when: { region: us }",
  "app: tls, requirement: required, when: { region: eu }",
  "app: any, requirement: forbidden",
  "app: any, requirement: retired, last-day: 2020-01-01",
];

/** Rules that are alike in all manners. */
const wide = fc
  .array(
    fc.record({
      from: fc.constantFrom("gateway", "client", "server"),
      to: fc.nat(ENDPOINTS.length),
      over: fc.constantFrom(...OVERS),
      rest: fc.constantFrom(...REST),
    }),
    { minLength: 1, maxLength: 60, size: "max" },
  )
  .map((rules) =>
    [
      "wirepact: 1",
      "model: wide",
      "document: { title: Wide }",
      "parameters:",
      "  region: { values: [us, eu] }",
      "  given: { type: name }",
      "  missing: { type: name }",
      "  port: { type: port }",
      "roles: { gateway: { about: g }, client: { about: c }, server: { about: s } }",
      "endpoints:",
      ...ENDPOINTS.map((endpoint, i) => `  e${i}: { ${endpoint} }`),
      "rules:",
      ...rules.map(({ from, to, over, rest }, i) => {
        const end = to === ENDPOINTS.length ? "server" : `e${to}`;
        return `  - { id: r${i}, from: ${from}, to: ${end}, over: ${over}, ${rest}, cite: { section: S } }`;
      }),
    ].join("\n"),
  );

for (const name of ["rollout", "no-dns", "one-direction", "mid-stream", "other-hosts-dns", "nxdomain-moved"]) {
  const one = readCases().find((other) => other.name === name)!;
  test.serial(`${name}: many rules that are alike, each by itself and one for all`, async (t) => {
    const { frames, captures, options } = await readTrial(one);
    const seen = observeFrames({ captures }, frames);
    await fc.assert(
      fc.asyncProperty(wide, async (text) => {
        const model = modelOf(text);
        const bind = ["gateway=10.20.0.5", "client=10.30.0.0/16"];
        const set = ["region=us", "given=seven.example.com"];
        const judging = await loadJudging({ models: [model], site: null, bind, set, background: true });
        const tell = () => saidOf(judge(seen, { ...options, ...judging }, "", false));
        t.deepEqual(tell(), await tryingAll(tell));
      }),
      { numRuns: 15 },
    );
  });
}

function modelOf(text: string): Model {
  const { model, problems } = loadModel(text, "wide.yaml");
  if (model === null) throw new Error(problems.map(({ message }) => message).join("\n"));
  return model;
}

const WANTED: Wanted = { ports: [443], names: [], addresses: [], roles: [] };

function manyRules(count: number): Model {
  const endpoints = Array.from({ length: count }, (_, i) => `  e${i}: { hosts: [h${i}.example.com] }`);
  const rules = Array.from(
    { length: count },
    (_, i) =>
      `  - { id: r${i}, from: client, to: e${i}, over: tcp/${1024 + i}, app: any, requirement: required, cite: { section: S } }`,
  );
  const text = [
    "wirepact: 1",
    "model: many",
    "document: { title: Many }",
    "roles: { client: { about: c } }",
    "endpoints:",
    ...endpoints,
    "rules:",
    ...rules,
  ].join("\n");
  return modelOf(text);
}

test("of many rules few are looked at: by port, by name, by address", (t) => {
  const index = new RuleIndex(manyRules(500), () => null);
  const ids = (wanted: Partial<Wanted>) => index.candidates({ ...WANTED, ...wanted }).map(({ rule }) => rule.id);
  t.deepEqual(ids({ ports: [1030] }), ["r6"]);
  t.deepEqual(ids({ ports: [1030], names: ["h7.example.com", "other.example.com"] }), ["r6", "r7"]);
  t.deepEqual(ids({ ports: [80] }), []);
});
