/** Asking the index instead of walking every rule changes nothing that is said. */
import test from "ava";
import { RuleIndex, type Wanted } from "../../src/conform/candidates.ts";
import { loadModel } from "../../src/model/index.ts";
import type { Model } from "../../src/model/types.ts";
import { run } from "../../src/pipeline.ts";
import { readCases } from "../e2e/case.ts";
import { optionsOf } from "../support/judged.ts";

const candidates = RuleIndex.prototype.candidates;

for (const one of readCases().filter(({ args }) => args[0] === "check")) {
  test.serial(`${one.name}: with the index and without it`, async (t) => {
    const options = await optionsOf(one);
    const told = async () => {
      const { result } = await run(options);
      // Frames against rules that have nothing in common with a conversation are noise, which the index leaves out.
      const judged = result.judged.map(({ evidence, ...row }) => ({
        ...row,
        clauses: evidence?.clauses,
        nearest: evidence?.nearest,
      }));
      return { judged, rules: result.rules };
    };
    const asked = await told();
    const all = new WeakMap<RuleIndex, Model>();
    RuleIndex.prototype.candidates = function (wanted) {
      const model = [...options.models, options.background].find(
        (m) => m !== null && ownRules(m, candidates.call(this, wanted)),
      );
      if (model !== undefined && model !== null) all.set(this, model);
      return all.get(this)?.rules ?? candidates.call(this, wanted);
    };
    try {
      t.deepEqual(await told(), asked);
    } finally {
      RuleIndex.prototype.candidates = candidates;
    }
  });
}

function ownRules(model: Model, rules: readonly Model["rules"][number][]): boolean {
  return rules.length > 0 && model.rules.includes(rules[0]!);
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
  const { model, problems } = loadModel(text, "many.yaml");
  if (model === null) throw new Error(problems.map(({ message }) => message).join("\n"));
  return model;
}

test("of many rules few are looked at: by port, by name, by address", (t) => {
  const index = new RuleIndex(manyRules(500), () => null);
  const ids = (wanted: Partial<Wanted>) => index.candidates({ ...WANTED, ...wanted }).map((rule) => rule.id);
  t.deepEqual(ids({ ports: [1030] }), ["r6"]);
  t.deepEqual(ids({ ports: [1030], names: ["h7.example.com", "other.example.com"] }), ["r6", "r7"]);
  t.deepEqual(ids({ ports: [80] }), []);
});
