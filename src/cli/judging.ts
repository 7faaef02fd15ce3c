/** What the command line says of models, site, roles and parameters; warnings go to standard error. */
import { problemLines } from "../errors.ts";
import { type Judging, loadJudging, readModel } from "../judging.ts";
import type { Model, Problem } from "../model/types.ts";
import { warn } from "./errors.ts";

export interface JudgingOptions {
  model: string[];
  site?: string;
  bind: string[];
  set: string[];
  background: boolean;
}

export function judgingOf({ model, site = "", bind, set, background }: JudgingOptions): Promise<Judging> {
  return loadJudging({ models: model, site: site === "" ? null : site, bind, set, background }, warnOf);
}

/** `NAME|FILE`. */
export function modelArgument(word: string): Promise<Model> {
  return readModel(word, { onWarning: warnOf });
}

function warnOf(problem: Problem): void {
  for (const line of problemLines([problem])) warn(line.replace(": warning: ", ": "));
}
