/**
 * Each kind of churn (`bench/made-up-kinds.ts`), slowly: what has left a run's memory counts for rules' statuses, sentences
 * and totals as if it had stayed.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { BINDINGS, KINDS, KINDS_MODEL } from "../../bench/made-up-kinds.ts";
import { loadJudging } from "../../src/judging.ts";
import type { Observation } from "../../src/observe/observation.ts";
import { judge } from "../../src/pipeline.ts";
import type { RunResult } from "../../src/report/result.ts";
import { scratch } from "../cli/command.ts";
import { EPISODES, observed } from "./episodes.ts";
import { LettingGo, verdicts } from "./shelf.ts";

/** Of whose conversations nothing leaves: their flows are never over, or others' verdicts rest on each. */
const STAYING: ReadonlySet<string> = new Set([
  "arp",
  "dhcp",
  "ssdp",
  "llmnr",
  "ssdp-again",
  "llmnr-found",
  "mdns-again",
]);
/** Of which what was said leaves: a third of it is left at most. */
const FORGETTING: ReadonlySet<string> = new Set(["mdns", "mdns-again", "ssdp"]);
/** What an error was, of flows that are over, a run does not keep. */
const AN_ERROR = /ICMP [a-z ]+ from [\d.]+|an ICMP error/;

for (const [name, { about, episode }] of Object.entries(KINDS)) {
  test(`${name}: ${about}`, async (t) => {
    const model = join(scratch(t), "churn.yaml");
    writeFileSync(model, KINDS_MODEL);
    const judging = await loadJudging({ models: [model], site: null, bind: BINDINGS, set: [], background: true });
    const options = { ...judging, scope: "judged" as const, infer: true, minSpanSec: 300, asOf: null, strict: false };
    const task = { ...options, captures: [], command: "" };
    const run = new LettingGo(task);
    const whole = await observed(episode, async () => {});
    const seen = await observed(episode, (now) => run.letGo(now));
    await run.isAs(t, seen, judge(whole, task, "", false), withReasons);
    t.is(run.shelf.most > EPISODES / 4, !STAYING.has(name), `${run.shelf.most} left`);
    if (FORGETTING.has(name)) t.true(factsOf(seen) < factsOf(whole) / 3, `${factsOf(seen)} of ${factsOf(whole)} facts`);
  });
}

/** What is loaded anew, once all conversations of the kind that it speaks of have left, and what is said of its rules then. */
const LOADED_ANEW: Readonly<Record<string, { model: string; bind: string[]; rule: string }>> = {
  "a required rule is not missing": { model: KINDS_MODEL, bind: BINDINGS, rule: "cloud" },
  "a rule that is forbidden now is not untouched": {
    model: `${KINDS_MODEL}  - { id: new, from: sensor, to: role:device, over: tcp/9999, app: any, requirement: forbidden, cite: { section: h } }\n`,
    ...{ bind: BINDINGS, rule: "new" },
  },
  "a host that is bound now did appear": {
    ...{ model: KINDS_MODEL, bind: ["sensor=100.64.0.0", BINDINGS[1]!], rule: "read" },
  },
};

for (const [says, { model: text, bind, rule }] of Object.entries(LOADED_ANEW)) {
  test(`loaded anew, of more conversations that had left than can come back: ${says}`, async (t) => {
    const model = join(scratch(t), "churn.yaml");
    const load = (words: string, bind: string[]) => {
      writeFileSync(model, words);
      return loadJudging({ models: [model], site: null, bind, set: [], background: true });
    };
    const how = { scope: "judged" as const, infer: true, minSpanSec: 300, asOf: null, strict: false };
    const task = { ...(await load(KINDS_MODEL, BINDINGS)), ...how, captures: [], command: "" };
    const run = new LettingGo(task, 0);
    // Strangers from the first on, so that one of them can be bound later; the sensor among them at first.
    const episode = (n: number) => (n % 2 === 0 || n > EPISODES / 2 ? KINDS.strangers! : KINDS.strange!).episode(n);
    const seen = await observed(episode, (now) => run.letGo(now));
    const code = async () => (await run.settled(seen)).rules.find(({ rule_id }) => rule_id === rule)?.reason_code;
    t.not(await code(), "judged-before");
    const [, rest] = [await run.letGo(seen), run.shelf.rows.size];
    const says = await run.judgeBy({ ...task, ...(await load(text, bind)) }, seen);
    t.is(says.length, 1);
    t.regex(
      says[0]!,
      new RegExp(
        `^${rest} conversations \\([1-9][0-9]* of them judged\\) had left memory and keep the verdicts by .*: churn\\.$`,
      ),
    );
    t.is(await code(), "judged-before");
    t.deepEqual([...seen.departed!.uses], []);
  });
}

const factsOf = ({ identified }: Observation): number =>
  identified.details.reduce((sum, { sightings }) => sum + sightings.length, 0);

function withReasons(result: RunResult, gone?: Parameters<typeof verdicts>[1]): ReturnType<typeof verdicts> {
  const said = verdicts(result, gone);
  return {
    ...said,
    rules: result.rules.map(
      ({ rule_id, status, reason, conversations }) =>
        `${rule_id} ${status} ${conversations}: ${reason.replace(AN_ERROR, "ICMP")}`,
    ),
  };
}
