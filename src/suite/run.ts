/** Runs a suite's cases, several at once, and holds what was found against what is expected. */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { UsageError } from "../errors.ts";
import { type Finding, findingsOf } from "../report/findings.ts";
import type { RunResult } from "../report/result.ts";
import { type Accepted, type Comparison, compare, readExpectation, refuseUnknownRules } from "./expect.ts";
import type { Suite, SuiteCase } from "./read.ts";
import type { CaseAnswer, CaseTask } from "./worker.ts";

/** Seen from this folder and from that of the bundled program's pieces, which is beside it. */
const WORKER = new URL("../suite/worker.js", import.meta.url);

export interface CaseRun {
  case: SuiteCase;
  /**
   * `passed`: every finding is accepted, and everything accepted is found. `failed`: not so, or nothing could be judged.
   * `error`: a capture could not be read to its end.
   */
  outcome: "passed" | "failed" | "error";
  /** Sentences: why it did not pass. */
  why: string[];
  result: RunResult;
  findings: Finding[];
  comparison: Comparison;
  accepted: Accepted[];
  /** The exit code that `check` would have had. */
  exitCode: number;
  seconds: number;
}

export interface SuiteOptions {
  /** What a case is held against unless the suite says otherwise. */
  judging: Omit<CaseTask["judging"], "site">;
  how: CaseTask["how"];
  /** Threads; as many as there are cores, unless given. */
  jobs?: number | undefined;
}

/**
 * In the suite's order, whatever the order in which they end. Expectations are read first: what is wrong in one rejects
 * with UsageError before a capture is opened, as does a model or site that does not load.
 */
export async function runSuite(suite: Suite, options: SuiteOptions): Promise<CaseRun[]> {
  const expectations = await Promise.all(suite.cases.map(({ expect }) => readExpectation(expect)));
  const how = { ...options.how, strict: options.how.strict || suite.strict };
  const models = options.judging.models.length > 0 ? options.judging.models : suite.models;
  const tasks = suite.cases.map(
    ({ captures, site }): CaseTask => ({ captures, judging: { ...options.judging, models, site }, how }),
  );
  const answers = await answerAll(tasks, Math.min(options.jobs ?? availableParallelism(), tasks.length));
  return suite.cases.map((one, i) => judgeCase(one, answers[i]!, expectations[i]!, how.strict));
}

function judgeCase(one: SuiteCase, answer: CaseAnswer, accepted: Accepted[], strict: boolean): CaseRun {
  if ("error" in answer) {
    if (answer.usage) throw new UsageError(`case ${one.name}: ${answer.error}`);
    throw new Error(`case ${one.name}: ${answer.error}`);
  }
  const result: RunResult = { ...answer.result, rest: NOT_KEPT };
  refuseUnknownRules(accepted, result, one.expect);
  const findings = findingsOf(result, strict);
  const comparison = compare(findings, accepted);
  const { exitCode, seconds } = answer;
  return {
    case: one,
    ...verdictOf(comparison, result, exitCode),
    result,
    findings,
    comparison,
    accepted,
    exitCode,
    seconds,
  };
}

/** Exit code 4 fails a case even where nothing was expected: a capture that shows nothing proves nothing. */
function verdictOf(comparison: Comparison, result: RunResult, exitCode: number): Pick<CaseRun, "outcome" | "why"> {
  const damaged = result.captures.filter((capture) => capture.damage !== null);
  if (damaged.length > 0) return { outcome: "error", why: damaged.map(({ path, damage }) => `${path}: ${damage}`) };
  const { unexpected, gone, unexplained } = comparison;
  const why = [
    ...(exitCode === 4 ? ["Nothing could be judged: no host of a role was seen, or no rule could be evaluated."] : []),
    ...counted(unexpected.length, "finding that nobody has accepted", "findings that nobody has accepted"),
    ...counted(gone.length, "accepted finding is not there any more", "accepted findings are not there any more"),
    ...counted(unexplained.length, "finding is accepted without a reason", "findings are accepted without a reason"),
  ];
  return { outcome: why.length === 0 ? "passed" : "failed", why };
}

function counted(count: number, one: string, many: string): string[] {
  return count === 0 ? [] : [`${count} ${count === 1 ? one : many}.`];
}

const NOT_KEPT: RunResult["rest"] = { count: 0, rows: () => [], chunks: () => [] };

/** Each thread takes the next case until there is none; one that dies takes only its own case with it. */
async function answerAll(tasks: readonly CaseTask[], jobs: number): Promise<CaseAnswer[]> {
  const answers: CaseAnswer[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    let worker: Worker | null = null;
    while (next < tasks.length) {
      const i = next++;
      worker ??= new Worker(WORKER);
      const { answer, alive } = await ask(worker, tasks[i]!);
      answers[i] = answer;
      if (!alive) worker = null;
    }
    await worker?.terminate();
  };
  await Promise.all(Array.from({ length: Math.max(1, jobs) }, lane));
  return answers;
}

function ask(worker: Worker, task: CaseTask): Promise<{ answer: CaseAnswer; alive: boolean }> {
  return new Promise((resolve) => {
    const done = (answer: CaseAnswer, alive: boolean): void => {
      worker.off("message", onMessage);
      worker.off("error", onError);
      worker.off("exit", onExit);
      resolve({ answer, alive });
    };
    const onMessage = (answer: CaseAnswer): void => done(answer, true);
    const onError = (error: Error): void => done({ error: error.message, usage: false }, false);
    const onExit = (): void => done({ error: "its thread ended before it was done", usage: false }, false);
    worker.on("message", onMessage);
    worker.on("error", onError);
    worker.on("exit", onExit);
    worker.postMessage(task);
  });
}
