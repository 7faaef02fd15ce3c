/**
 * JUnit XML, as Jenkins and GitLab read it: what was captured, every rule of the documents, and every conversation that
 * is a finding, each as a test case.
 *
 * A rule that is met passes, one that is a finding fails, one that nothing can be said of is skipped. Waived findings are
 * skipped, with the waiver's reason.
 */
import { driftOf, wasStrict } from "./drift.ts";
import { whyNothingJudged } from "./exit.ts";
import { type Finding, findingsOf, ofRule } from "./findings.ts";
import type { RuleRow, RunResult } from "./result.ts";
import { FrameNames, number } from "./words.ts";
import { element, opening, xmlLines, xmlText } from "./xml.ts";

export type CaseOutcome = "passed" | "failed" | "error" | "skipped";
export interface TestCase {
  name: string;
  classname: string;
  outcome: CaseOutcome;
  /** The kind of failure, and its first line. */
  type: string;
  says: string;
  details: string[];
  /** Measured time; left out where there is none, so that equal runs give equal texts. */
  seconds?: number;
}
export interface TestSuite {
  name: string;
  timestamp: string | null;
  properties: Record<string, string>;
  cases: TestCase[];
}

export function* junitReport(result: RunResult): Generator<string, void, undefined> {
  yield* junitText("wirepact", suitesOf(result));
}

/** The document; totals are counted here. */
export function* junitText(name: string, suites: readonly TestSuite[]): Generator<string, void, undefined> {
  const all = suites.flatMap((suite) => suite.cases);
  yield '<?xml version="1.0" encoding="UTF-8"?>\n';
  const { skipped: _skipped, ...totals } = counts(all);
  yield `${opening("testsuites", { name, ...totals })}\n`;
  for (const suite of suites) {
    const properties = Object.entries(suite.properties).map(([key, value]) =>
      element("property", { name: key, value }),
    );
    yield element("testsuite", { name: suite.name, ...counts(suite.cases), timestamp: suite.timestamp }, [
      ...(properties.length === 0 ? [] : [element("properties", {}, properties)]),
      ...suite.cases.map(testCase),
    ]);
  }
  yield "</testsuites>\n";
}

function counts(cases: readonly TestCase[]): Record<"tests" | "failures" | "errors" | "skipped", number> {
  const of = (outcome: CaseOutcome): number => cases.filter((one) => one.outcome === outcome).length;
  return { tests: cases.length, failures: of("failed"), errors: of("error"), skipped: of("skipped") };
}

function testCase(one: TestCase): string {
  const { name, classname, outcome, type, says, details, seconds } = one;
  const attributes = { classname, name, time: seconds === undefined ? null : seconds.toFixed(3) };
  const body = xmlLines([says, ...details]);
  switch (outcome) {
    case "passed":
      return element("testcase", attributes);
    case "skipped":
      return element("testcase", attributes, [element("skipped", {}, [xmlText(says)])]);
    case "failed":
      return element("testcase", attributes, [element("failure", { type, message: says }, [body])]);
    case "error":
      return element("testcase", attributes, [element("error", { type, message: says }, [body])]);
  }
}

function suitesOf(result: RunResult): TestSuite[] {
  const { run } = result;
  const strict = wasStrict(result);
  const timestamp = run.first_time?.slice(0, 19) ?? null;
  const findings = findingsOf(result, strict);
  const frames = new FrameNames(result.captures);
  const suites = [{ name: "captures", timestamp, properties: {}, cases: captureCases(result) }];
  if (run.models.length > 0)
    suites.push({ name: "conversations", timestamp, properties: {}, cases: conversationCases(findings, frames) });
  const counted = new Set(driftOf(result, strict).unevaluable);
  for (const { name, source, document } of run.models) {
    const rules = result.rules.filter((rule) => rule.model === name);
    const cases = rules.map((rule) => ruleCase(rule, counted.has(rule), frames));
    suites.push({ name, timestamp, properties: { document, source }, cases });
  }
  return suites;
}

/** What could be read, and that it was enough to judge by. */
function captureCases(result: RunResult): TestCase[] {
  const cases = result.captures.map(({ path, packets, damage }): TestCase => {
    const read = `${number(packets)} packets were read`;
    const failed = { outcome: "error" as const, type: "unreadable", says: damage ?? "", details: [read] };
    const fine = { outcome: "passed" as const, type: "", says: "", details: [] };
    return { name: `${path} can be read to its end`, classname: "captures", ...(damage === null ? fine : failed) };
  });
  const nothing = result.run.models.length === 0 ? null : whyNothingJudged(result);
  cases.push({
    name: "something could be judged",
    classname: "captures",
    outcome: nothing === null ? "passed" : "error",
    type: "nothing-judged",
    says: nothing ?? "",
    details: [],
  });
  return cases;
}

/** One case for each finding; where there is none, one that passes says so. */
function conversationCases(findings: readonly Finding[], frames: FrameNames): TestCase[] {
  const cases = findings.filter((finding) => finding.kind !== "rule").map((finding) => findingCase(finding, frames));
  if (cases.some((one) => one.outcome === "failed")) return cases;
  const fine = { outcome: "passed" as const, type: "", says: "", details: [] };
  return [{ name: "no conversation is a finding", classname: "conversations", ...fine }, ...cases];
}

export function findingCase(finding: Finding, frames: FrameNames): TestCase {
  const { title, verdict, reason, waived, frames: shown } = finding;
  const details = shown.length === 0 ? [] : [`Frames: ${frames.list(shown, 8)}`];
  const classname = finding.kind === "rule" ? (finding.model ?? "rules") : "conversations";
  if (waived !== null)
    return { name: title, classname, outcome: "skipped", type: verdict, says: `Waived: ${waived}`, details };
  return { name: title, classname, outcome: "failed", type: verdict, says: `${verdict}: ${reason}`, details };
}

function ruleCase(rule: RuleRow, unevaluable: boolean, frames: FrameNames): TestCase {
  const finding = ofRule(rule);
  switch (rule.status) {
    case "met":
      return { name: finding.title, classname: rule.model, outcome: "passed", type: "", says: "", details: [] };
    case "unused":
    case "not-evaluable":
      if (unevaluable && rule.waived === null) return findingCase(finding, frames);
      return {
        name: finding.title,
        classname: rule.model,
        outcome: "skipped",
        type: rule.status,
        says: `${rule.status}: ${finding.reason}`,
        details: [],
      };
    default: {
      const one = findingCase(finding, frames);
      one.details.push(`Document: ${rule.document}, ${rule.section}`);
      return one;
    }
  }
}
