/** Questions and answers in flows of their own: what was asked and answered alike stands in the rows of the first, and is judged as if it did not. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { BINDINGS, KINDS, KINDS_MODEL } from "../../bench/made-up-kinds.ts";
import { loadJudging } from "../../src/judging.ts";
import { Ager } from "../../src/live/age.ts";
import { judge } from "../../src/pipeline.ts";
import type { RunResult } from "../../src/report/result.ts";
import { scratch } from "../cli/command.ts";
import { EPISODES, observed } from "./episodes.ts";
import { verdicts } from "./shelf.ts";

for (const name of ["ssdp-again", "llmnr-found"]) {
  test(`${name}: rows stay few, and verdicts are the same`, async (t) => {
    const { episode } = KINDS[name]!;
    const model = join(scratch(t), "churn.yaml");
    writeFileSync(model, KINDS_MODEL);
    const judging = await loadJudging({ models: [model], site: null, bind: BINDINGS, set: [], background: true });
    const how = { scope: "judged" as const, infer: true, minSpanSec: 300, asOf: null, strict: false };
    const task = { ...judging, ...how, captures: [], command: "" };
    let ager: Ager | null = null;
    const whole = await observed(episode, async () => {});
    const aged = await observed(episode, async (seen) => {
      ager ??= new Ager(seen, 0);
      ager.age();
    });
    t.true(whole.flows.table.count >= 2 * EPISODES);
    t.true(aged.flows.table.count < EPISODES, `${aged.flows.table.count} rows`);
    const [own, expected] = [judge(aged, task, "", false), judge(whole, task, "", false)];
    t.deepEqual(verdicts(own), verdicts(expected));
    t.deepEqual(lookedUp(own), lookedUp(expected));
  });
}

/** Those of a group too: each question has its own answer. */
function lookedUp({ lookups }: RunResult): string[] {
  return lookups.map(({ client, name, type, result, count }) => [client, name, type, result, count].join(" ")).sort();
}
