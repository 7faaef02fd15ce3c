import test from "ava";
import { driftOf } from "../../src/report/drift.ts";
import { exitCodeOf, type RunExitCode } from "../../src/report/exit.ts";
import type { ConversationRow, RuleRow, RunResult } from "../../src/report/result.ts";
import { capture, conversation, lookup, result, rule, runInfo } from "./sample.ts";

const judged = (change: Partial<ConversationRow>): RunResult => result({ judged: [conversation(change)] });
const ruled = (change: Partial<RuleRow>): RunResult =>
  result({ rules: [rule(), rule({ rule_id: "other", ...change })] });

/** What is judged, the exit code, and the exit code under --strict. */
const CASES: [string, RunResult, RunExitCode, RunExitCode][] = [
  ["documented", result(), 0, 0],
  ["undocumented", judged({ verdict: "undocumented" }), 1, 1],
  ["violation", judged({ verdict: "violation" }), 1, 1],
  ["inconclusive", judged({ verdict: "inconclusive" }), 0, 1],
  ["ignored", judged({ verdict: "ignored" }), 0, 0],
  ["unrelated, judged under --scope all", judged({ verdict: "unrelated" }), 0, 0],
  ["undocumented and waived", judged({ verdict: "undocumented", waived: "ticket" }), 0, 0],
  ["inconclusive and waived", judged({ verdict: "inconclusive", waived: "ticket" }), 0, 0],
  ["rule violated", ruled({ status: "violated" }), 1, 1],
  ["rule blocked", ruled({ status: "blocked" }), 1, 1],
  ["rule blocked, optional", ruled({ status: "blocked", requirement: "optional" }), 1, 1],
  ["rule missing", ruled({ status: "missing" }), 1, 1],
  ["rule partial", ruled({ status: "partial" }), 1, 1],
  ["rule missing and waived", ruled({ status: "missing", waived: "ticket" }), 0, 0],
  ["rule unused", ruled({ status: "unused" }), 0, 0],
  ["required rule not evaluable", ruled({ status: "not-evaluable" }), 0, 1],
  ["required rule not evaluable and waived", ruled({ status: "not-evaluable", waived: "ticket" }), 0, 0],
  ["optional rule not evaluable", ruled({ status: "not-evaluable", requirement: "optional" }), 0, 0],
  ["conditional rule not evaluable", ruled({ status: "not-evaluable", requirement: "conditional" }), 0, 1],
  ["rule whose condition is off", ruled({ status: "not-evaluable", reason_code: "condition-off" }), 0, 0],
  ["undocumented look-up", result({ lookups: [lookup()] }), 0, 1],
  ["documented look-up", result({ lookups: [lookup({ verdict: "documented" })] }), 0, 0],
  ["damage", result({ captures: [capture({ damage: "a record of 4 GB at byte 24" })] }), 3, 3],
  ["damage before drift", { ...judged({ verdict: "undocumented" }), captures: [capture({ damage: "bad" })] }, 3, 3],
  ["damage of the second capture", result({ captures: [capture(), capture({ capture_id: 2, damage: "bad" })] }), 3, 3],
  ["cut in the last record", result({ captures: [capture({ cut: true })] }), 0, 0],
  ["no bound host was seen", result({ run: unseen(), judged: [], rules: [rule({ status: "unused" })] }), 4, 4],
  ["no role is bound", result({ run: runInfo({ bindings: [] }), judged: [] }), 4, 4],
  ["no rule was evaluable", result({ rules: [rule({ status: "not-evaluable", requirement: "optional" })] }), 4, 4],
  ["unused rules are evaluable", result({ rules: [rule({ status: "unused" })], judged: [] }), 0, 0],
  ["drift before nothing judged", { ...judged({ verdict: "undocumented" }), run: unseen() }, 1, 1],
  ["observed only", result({ run: runInfo({ models: [], bindings: [] }), judged: [], rules: [] }), 0, 0],
  [
    "observed only, damaged",
    result({ run: runInfo({ models: [] }), rules: [], captures: [capture({ damage: "bad" })] }),
    3,
    3,
  ],
];

function unseen(): RunResult["run"] {
  return runInfo({
    bindings: [{ role: "gateway", model: "opswat-sdp", values: ["10.9.9.9"], how: "given", seen: false }],
  });
}

for (const [title, value, code, strictCode] of CASES) {
  test(`exit code: ${title}`, (t) => {
    t.is(exitCodeOf(value, false), code);
    t.is(exitCodeOf(value, true), strictCode);
  });
}

test("drift is counted finding by finding", (t) => {
  const value = result({
    judged: [
      conversation({ verdict: "undocumented" }),
      conversation({ verdict: "violation" }),
      conversation({ verdict: "inconclusive" }),
    ],
    rules: [rule({ status: "blocked" }), rule({ status: "not-evaluable" })],
    lookups: [lookup()],
  });
  t.is(driftOf(value, false).count, 3);
  t.is(driftOf(value, true).count, 6);
});
