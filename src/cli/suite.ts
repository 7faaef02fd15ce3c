/** `wirepact suite DIR`: a folder of captures held against their models, and against what was accepted in each. */
import { UsageError } from "../errors.ts";
import { penFor } from "../report/pen.ts";
import { suiteReport } from "../report/suite-forms.ts";
import type { SuiteForm } from "../report/suite-words.ts";
import { acceptAll, compare, expectationText } from "../suite/expect.ts";
import { readSuite, suiteName } from "../suite/read.ts";
import { type CaseRun, runSuite } from "../suite/run.ts";
import { jobsAsked, refuseOverwrite } from "./captures.ts";
import { judgedHow } from "./check.ts";
import { warn } from "./errors.ts";
import { reportOutput } from "./output.ts";

export interface SuiteCommandOptions {
  model: string[];
  bind: string[];
  set: string[];
  background: boolean;
  strict?: boolean;
  scope: "judged" | "all";
  infer: boolean;
  minSpan: string;
  asOf?: string;
  jobs?: string;
  format: SuiteForm;
  out?: string;
  update?: boolean;
  why?: string;
}

/**
 * 0: every case passed. 1: a case failed, one in which nothing could be judged too. 2: wrong usage, a suite, model, site
 * or expectation that does not load. 3: a capture could not be read to its end.
 */
export async function suite(folder: string, options: SuiteCommandOptions): Promise<number> {
  const { update = false, why, model, bind, set, background } = options;
  if (why !== undefined && !update)
    throw new UsageError("--why gives the reason for what --update accepts; say --update too");
  const { jobs } = jobsAsked(options.jobs);
  const how = judgedHow(options);
  const suite = await readSuite(folder);
  const inputs = suite.cases.flatMap((one) => [...one.captures, one.expect, ...(one.site === null ? [] : [one.site])]);
  refuseOverwrite("--out", options.out, inputs);
  const output = await reportOutput(options.out);
  let runs = await runSuite(suite, { judging: { models: model, bind, set, background }, how, jobs });
  if (update) runs = await Promise.all(runs.map((run) => accept(run, why ?? "")));
  await output.write(suiteReport(suiteName(folder), runs, options.format, penFor(output.terminal, process.env)));
  if (runs.some((run) => run.outcome === "error")) return 3;
  return runs.some((run) => run.outcome === "failed") ? 1 : 0;
}

/** Writes what a case's findings are into its expectation; a capture that says nothing, or not all, changes none. */
async function accept(run: CaseRun, why: string): Promise<CaseRun> {
  const accepted = acceptAll(run.findings, run.accepted, why);
  const before = expectationText(run.accepted);
  const after = expectationText(accepted);
  if (run.outcome === "error" || run.exitCode === 4) {
    warn(`${run.case.name}: its expectation is left as it is: ${run.why.join(" ")}`);
    return run;
  }
  if (after === before) return run;
  const output = await reportOutput(run.case.expect);
  await output.write([after]);
  const unexplained = accepted.filter((entry) => entry.why.trim() === "").length;
  warn(
    `${run.case.expect}: written${unexplained === 0 ? "" : `; say why in ${unexplained} place(s)`}. Read the difference before you keep it.`,
  );
  const comparison = compare(run.findings, accepted);
  const open = comparison.unexplained.length;
  return {
    ...run,
    accepted,
    comparison,
    outcome: open === 0 ? "passed" : "failed",
    why: open === 0 ? [] : [`${open} accepted without a reason.`],
  };
}
