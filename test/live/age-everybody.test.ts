/** A question to everybody and its answers that come again hours later: aged, they are told and judged as if they had stayed. */
import test from "ava";
import { KeptJudgements } from "../../src/conform/kept.ts";
import { Ager } from "../../src/live/age.ts";
import { judge, judgeInSteps } from "../../src/pipeline.ts";
import type { RunResult } from "../../src/report/result.ts";
import { atOnce } from "../../src/steps.ts";
import { answer, ask, most, STRANGER, TALKS } from "../conform/asked-scenes.ts";
import { HOST, PEER, trialOf } from "../conform/scene.ts";
import { observeAgain } from "./again.ts";

function told({ judged, rest, rules }: RunResult): unknown {
  return {
    conversations: [...judged, ...rest.rows()].map((c) => [
      [c.initiator, c.responder, c.app, c.verdict, c.rule_id, c.reason_code, c.outcome, c.flows, c.packets, c.bytes],
      c.operations.map(({ role, operation, count, sender_address }) => [role, operation, count, sender_address]),
    ]),
    rules: rules.map(({ rule_id, status, reason_code }) => [rule_id, status, reason_code]),
  };
}

for (const talk of TALKS) {
  // Its searches are kept each by itself, and of equal answers the first one's time: only that search is seen to be answered.
  if (talk.app === "ssdp") continue;
  test(`${talk.app}: asked of everybody every three hours`, async (t) => {
    const { app, over } = talk;
    const expect = most(talk) === "" ? {} : { expect: { operations: `at most ${most(talk)}` } };
    const trial = await trialOf({
      rules: [{ id: "r", to: "peer", over, app, ...expect }],
      bind: [`host=${HOST}`, `peer=${PEER}`],
      frames: [ask(talk), answer(talk), answer(talk, STRANGER, HOST, 60)],
    });
    const whole = await observeAgain(trial, () => {});
    const kept = new KeptJudgements();
    let ager: Ager | null = null;
    const aged = await observeAgain(trial, (seen) => {
      ager ??= new Ager(seen, 0);
      atOnce(judgeInSteps(seen, trial.options, "", false, kept));
      ager.age(kept.documented);
    });
    const expected = told(judge(whole, trial.options, "", false));
    t.deepEqual(told(judge(aged, trial.options, "", false)), expected);
    t.deepEqual(told(atOnce(judgeInSteps(aged, trial.options, "", false, kept))), expected);
  });
}
