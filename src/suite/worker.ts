/** A thread that judges one case after another. What it answers is plain data: conversations that nobody judged stay here. */
import { parentPort } from "node:worker_threads";
import { UsageError } from "../errors.ts";
import { type JudgingInput, loadJudging } from "../judging.ts";
import { type RunOptions, run } from "../pipeline.ts";
import type { RunResult } from "../report/result.ts";

export interface CaseTask {
  captures: string[];
  judging: JudgingInput & { site: string | null };
  how: Pick<RunOptions, "scope" | "infer" | "minSpanSec" | "asOf" | "strict">;
}
export type CaseAnswer =
  | { result: Omit<RunResult, "rest">; exitCode: number; warnings: string[]; seconds: number }
  | { error: string; usage: boolean };

parentPort?.on("message", (task: CaseTask) => {
  void answer(task).then((value) => parentPort?.postMessage(value));
});

async function answer({ captures, judging, how }: CaseTask): Promise<CaseAnswer> {
  const start = performance.now();
  const warnings: string[] = [];
  try {
    const loaded = await loadJudging(judging, (problem) => warnings.push(problem.message));
    const inputs = captures.map((path) => ({ path }));
    const outcome = await run({ captures: inputs, ...loaded, ...how, jobs: 1, command: "wirepact suite" });
    const { rest: _rest, ...result } = outcome.result;
    return { result, exitCode: outcome.exitCode, warnings, seconds: (performance.now() - start) / 1000 };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error), usage: error instanceof UsageError };
  }
}
