/** A suite's outcome in its forms: for people, and for the CI systems that read JUnit, SARIF, TAP or JSON. */

import { describeAccepted } from "../suite/expect.ts";
import type { CaseRun } from "../suite/run.ts";
import { jsonText } from "./json.ts";
import { findingCase, junitText, type TestSuite } from "./junit.ts";
import { Page } from "./page.ts";
import type { Pen } from "./pen.ts";
import { safe } from "./safe.ts";
import { sarifText } from "./sarif.ts";
import type { SuiteForm } from "./suite-words.ts";
import { FrameNames, plural } from "./words.ts";

export function suiteReport(name: string, runs: readonly CaseRun[], form: SuiteForm, pen: Pen): Iterable<string> {
  switch (form) {
    case "text":
      return [textPage(name, runs, pen)];
    case "json":
      return jsonDocument(name, runs);
    case "junit":
      return junitText(name, runs.map(junitSuite));
    case "sarif":
      return sarifText(runs.map((run) => ({ ...sarifRun(run), id: `${name}/${run.case.name}/` })));
    case "tap":
      return tapLines(runs);
  }
}

function textPage(name: string, runs: readonly CaseRun[], pen: Pen): string {
  const page = new Page(pen);
  const open = runs.filter((run) => run.outcome !== "passed");
  const cases = plural(runs.length, "case");
  const mark = open.length === 0 ? pen.glyphs.good : pen.glyphs.bad;
  const paint = open.length === 0 ? pen.green : pen.red;
  const title =
    open.length === 0 ? `${mark} ${name}: ALL PASSED` : `${mark} ${name}: ${open.length} OF ${cases} FAILED`;
  page.hang({ text: title, paint }, open.length === 0 ? cases : "", { indent: 0 });
  for (const run of runs) printCase(page, run, pen);
  return page.toString();
}

function printCase(page: Page, run: CaseRun, pen: Pen): void {
  const { outcome, why, comparison, result } = run;
  const good = outcome === "passed";
  const release = run.case.release === null ? "" : `release ${run.case.release}, `;
  const accepted =
    comparison.accepted.length === 0 ? "" : `, ${plural(comparison.accepted.length, "finding")} accepted`;
  const says = good ? `${release}passed${accepted}` : `${release}${why.join(" ")}`;
  page.blank();
  const mark = good ? pen.glyphs.good : pen.glyphs.bad;
  page.hang({ text: `${mark} ${run.case.name}`, paint: good ? pen.green : pen.red }, says);
  const frames = new FrameNames(result.captures);
  for (const { verdict, title, reason, frames: shown } of comparison.unexpected) {
    page.hang({ text: `+ ${verdict}`, paint: pen.red }, title, { indent: 4 });
    const where = shown.length === 0 ? "" : ` [${frames.list(shown)}]`;
    page.text(`${reason}${where}`, { indent: 6 });
  }
  for (const entry of comparison.gone)
    page.hang({ text: "- gone", paint: pen.yellow }, `${describeAccepted(entry)} (${entry.why})`, { indent: 4 });
  for (const entry of comparison.unexplained)
    page.hang({ text: "? no reason", paint: pen.yellow }, `${describeAccepted(entry)}: say why (line ${entry.line})`, {
      indent: 4,
    });
  for (const warning of result.run.warnings) page.text(warning, { indent: 4, paint: pen.yellow });
}

function* jsonDocument(name: string, runs: readonly CaseRun[]): Generator<string> {
  yield `{"suite":${jsonText(name)},"cases":[`;
  for (const [i, run] of runs.entries()) {
    const { comparison, outcome, why, result, exitCode } = run;
    yield `${i === 0 ? "" : ","}\n${jsonText({
      name: run.case.name,
      release: run.case.release,
      outcome,
      why,
      exit_code: exitCode,
      captures: result.captures.map((capture) => capture.path),
      findings: comparison.unexpected.map(({ row: _row, ...finding }) => finding),
      accepted: comparison.accepted.map(({ finding: { row: _row, ...finding }, why }) => ({ ...finding, why })),
      waived: run.findings.filter((one) => one.waived !== null).map(({ row: _row, ...finding }) => finding),
      gone: comparison.gone,
      unexplained: comparison.unexplained,
      warnings: result.run.warnings,
    })}`;
  }
  yield "]}\n";
}

/** A case is a test suite; its test cases are the findings, or one that passes. */
function junitSuite(run: CaseRun): TestSuite {
  const { comparison, result, seconds } = run;
  const frames = new FrameNames(result.captures);
  const { name, release } = run.case;
  const classname = release === null ? name : `release ${release}`;
  const bare = { classname, type: "", says: "", details: [] as string[] };
  const cases = [
    { ...bare, name: `${name}: as accepted`, ...caseOutcome(run), details: run.why.slice(1), seconds },
    ...comparison.unexpected.map((finding) => ({ ...findingCase(finding, frames), classname })),
    ...comparison.accepted.map(({ finding, why }) => {
      const one = findingCase(finding, frames);
      return { ...one, classname, outcome: "skipped" as const, says: `Accepted: ${why}` };
    }),
    ...run.findings
      .filter((one) => one.waived !== null)
      .map((finding) => ({ ...findingCase(finding, frames), classname })),
    ...comparison.gone.map((entry) => ({
      ...bare,
      name: describeAccepted(entry),
      outcome: "failed" as const,
      type: "gone",
      says: `Accepted (${entry.why}), and not there any more.`,
    })),
  ];
  const properties: Record<string, string> = { captures: result.captures.map((capture) => capture.path).join(" ") };
  if (release !== null) properties.release = release;
  return { name, timestamp: result.run.first_time?.slice(0, 19) ?? null, properties, cases };
}

/** What the case's own line says; findings have lines of their own. */
function caseOutcome({ outcome, why }: CaseRun): {
  outcome: "passed" | "failed" | "error";
  type: string;
  says: string;
} {
  return { outcome, type: outcome === "error" ? "unreadable" : "findings", says: why[0] ?? "" };
}

/** What is accepted is no problem to be shown: suppressed, with its reason. */
function sarifRun({ result, findings, comparison }: CaseRun) {
  const reasons = new Map(comparison.accepted.map(({ finding, why }) => [finding, why]));
  return { result, findings: findings.map((one) => ({ ...one, waived: one.waived ?? reasons.get(one) ?? null })) };
}

/** TAP version 14, a point a case, with a YAML block where it did not pass. */
function* tapLines(runs: readonly CaseRun[]): Generator<string> {
  yield `TAP version 14\n1..${runs.length}\n`;
  for (const [i, run] of runs.entries()) {
    const good = run.outcome === "passed";
    yield `${good ? "ok" : "not ok"} ${i + 1} - ${safe(run.case.name).replace(/[\\#]/g, "\\$&")}\n`;
    if (good) continue;
    const { unexpected, gone } = run.comparison;
    yield "  ---\n";
    yield `  message: ${jsonText(run.why.join(" "))}\n`;
    if (run.case.release !== null) yield `  release: ${jsonText(run.case.release)}\n`;
    if (unexpected.length > 0) yield "  findings:\n";
    for (const { verdict, title, reason } of unexpected) yield `    - ${jsonText(`${verdict}: ${title}. ${reason}`)}\n`;
    if (gone.length > 0) yield "  gone:\n";
    for (const entry of gone) yield `    - ${jsonText(describeAccepted(entry))}\n`;
    yield "  ...\n";
  }
}
