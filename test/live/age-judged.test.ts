/**
 * Flows that fall silent and are kept in less are judged as if they had stayed: each case's traffic comes three times, hours
 * apart, once to an observer that ages and is judged meanwhile, and once to one that does neither.
 */
import test from "ava";
import { KeptJudgements } from "../../src/conform/kept.ts";
import { Ager } from "../../src/live/age.ts";
import { judge, judgeInSteps } from "../../src/pipeline.ts";
import type { RunResult } from "../../src/report/result.ts";
import { atOnce } from "../../src/steps.ts";
import { readCases } from "../e2e/case.ts";
import { equal } from "../support/equal.ts";
import { readTrial } from "../support/judged.ts";
import { observeAgain } from "./again.ts";

const GROUPS = /^22[4-9]\.|^23\d\.|^ff|\.255$/;

/** What people act on; of equal flows only the first one's frames are left, and what they say of names. */
function verdicts({ judged, rest, rules, lookups }: RunResult): unknown {
  const counts = [...judged, ...rest.rows()].map((c) =>
    [c.conversation_id, c.verdict, c.rule_id, c.reason_code, c.outcome, c.flows, c.packets, c.bytes, c.last_seen].join(
      " ",
    ),
  );
  return {
    counts: counts.sort(),
    rules: rules.map((rule) => [rule.rule_id, rule.status, rule.reason_code].join(" ")),
    // A group's answer is found by its time, which the first of several equal ones has.
    lookups: lookups
      .filter(({ server }) => !GROUPS.test(server))
      .map((one) => [one.client, one.name, one.type, one.result, one.verdict, one.count].join(" "))
      .sort(),
  };
}

for (const one of readCases().filter(({ args }) => args[0] === "check")) {
  test.serial(`${one.name}: aged out and back is judged as never aged`, async (t) => {
    const trial = await readTrial(one);
    const options = { ...trial.options, infer: true };
    const whole = await observeAgain(trial, () => {});
    let ager: Ager | null = null;
    const kept = new KeptJudgements();
    const every = Math.max(17, Math.floor(trial.frames.length / 3));
    let frames = 0;
    const aged = await observeAgain(trial, (seen) => {
      ager ??= new Ager(seen, 0);
      if (++frames % every !== 0) return;
      atOnce(judgeInSteps(seen, options, "", false, kept));
      ager.age(kept.documented);
    });
    const expected = verdicts(judge(whole, options, "", false));
    equal(t, verdicts(judge(aged, options, "", false)), expected);
    equal(t, verdicts(atOnce(judgeInSteps(aged, options, "", false, kept))), expected);
  });
}
