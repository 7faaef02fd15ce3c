import test from "ava";
import { canHold, conditionParameters, describeCondition, evaluateCondition } from "../../src/model/conditions.ts";
import type { Condition, Parameter } from "../../src/model/types.ts";
import { compareVersions, isDate, isVersion, parseDuration } from "../../src/model/values.ts";

const is = (parameter: string, ...values: string[]): Condition => ({ op: "is", parameter, values });
const version = (compare: "<" | "<=" | ">" | ">=" | "=", text: string): Condition => ({
  op: "version",
  parameter: "v",
  compare,
  version: text,
});
const not = (of: Condition): Condition => ({ op: "not", of });
const and = (...of: Condition[]): Condition => ({ op: "and", of });
const or = (...of: Condition[]): Condition => ({ op: "or", of });

const CASES: [condition: Condition | null, given: Record<string, string>, result: boolean | string, words: string][] = [
  [null, {}, true, ""],
  [is("region", "us"), { region: "us" }, true, "region is us"],
  [is("region", "us"), { region: "eu" }, false, "region is us"],
  [is("region", "us"), {}, "region", "region is us"],
  [is("region", "us", "eu"), { region: "eu" }, true, "region is us or eu"],
  [not(is("region", "us")), { region: "us" }, false, "not (region is us)"],
  [not(is("region", "us")), {}, "region", "not (region is us)"],
  // A false part decides `and`, a true one `or`, whatever is missing beside it.
  [and(is("a", "1"), is("b", "2")), { b: "3" }, false, "a is 1 and b is 2"],
  [and(is("a", "1"), is("b", "2")), { b: "2" }, "a", "a is 1 and b is 2"],
  [or(is("a", "1"), is("b", "2")), { b: "2" }, true, "a is 1 or b is 2"],
  [or(is("a", "1"), is("b", "2")), { b: "3" }, "a", "a is 1 or b is 2"],
  [and(is("a", "1"), or(is("b", "2"), is("c", "3"))), { a: "1", c: "3" }, true, "a is 1 and (b is 2 or c is 3)"],
  [version("<", "3.5.0"), { v: "3.4.9" }, true, "v is below 3.5.0"],
  [version("<", "3.5.0"), { v: "3.10" }, false, "v is below 3.5.0"],
  [version(">=", "3.5.0"), { v: "3.5" }, true, "v is at least 3.5.0"],
  [version("<=", "3.5"), { v: "3.5.0.1" }, false, "v is at most 3.5"],
  [version(">", "3.5"), { v: "4" }, true, "v is above 3.5"],
  [version("=", "3.5"), { v: "3.5.0" }, true, "v is exactly 3.5"],
];
for (const [condition, given, result, words] of CASES) {
  test(`${words || "no condition"} with ${JSON.stringify(given)}`, (t) => {
    const found = evaluateCondition(condition, (name) => given[name] ?? null);
    t.deepEqual(found, typeof result === "string" ? { missing: result } : result);
    if (condition !== null) t.is(describeCondition(condition), words);
  });
}

test("the parameters of a condition, each once", (t) => {
  t.deepEqual(conditionParameters(and(is("b", "1"), not(or(is("a", "1"), version("<", "1"), is("b", "2"))))), [
    "b",
    "a",
    "v",
  ]);
  t.deepEqual(conditionParameters(null), []);
});

const PARAMETERS: Parameter[] = [
  { name: "a", about: null, type: "choice", values: ["1", "2"], default: null },
  { name: "v", about: null, type: "version", values: [], default: null },
  { name: "p", about: null, type: "port", values: [], default: null },
];
for (const [condition, possible] of [
  [is("a", "1"), true],
  [and(is("a", "1"), is("a", "2")), false],
  [not(is("a", "1", "2")), false],
  [and(version(">", "3.5"), version("<", "3.6")), true],
  [and(version(">", "3.5"), version("<=", "3.5.0")), false],
  [and(version(">=", "3.5"), version("<=", "3.5.0")), true],
  [and(version("<", "1"), version("<", "2")), true],
  [and(is("p", "80"), is("p", "81")), false],
  [not(is("p", "80")), true],
] as const) {
  test(`${describeCondition(condition)} can ${possible ? "" : "never "}hold`, (t) => {
    t.is(canHold(condition, PARAMETERS), possible);
  });
}

test("versions, durations, days", (t) => {
  t.true(compareVersions("3.10", "3.9") > 0);
  t.is(compareVersions("3", "3.0.0"), 0);
  t.deepEqual(["3.5.0", "10", "v3", "3.", "", "3.5-rc1"].map(isVersion), [true, true, false, false, false, false]);
  t.deepEqual(["24h", "3 s", "500ms", "1.5 min", "7 d", "0 s", "5", "-1 s", "1 year"].map(parseDuration), [
    86_400_000,
    3000,
    500,
    90_000,
    604_800_000,
    null,
    null,
    null,
    null,
  ]);
  t.deepEqual(["2024-02-29", "2025-02-29", "2025-13-01", "25-1-1"].map(isDate), [true, false, false, false]);
});
