/** `wirepact observe CAPTURE…`: what is on the wire, without a model. */
import { unjudged } from "../judging.ts";
import { captureArguments, filterAsked, jobsAsked } from "./captures.ts";
import { execute, type ResultOptions } from "./execute.ts";

export interface ObserveOptions extends ResultOptions {
  realm: string[];
}

export async function observe(captures: string[], options: ObserveOptions): Promise<number> {
  const list = await captureArguments(captures, options.realm);
  return execute(
    { captures: list, ...unjudged(), ...jobsAsked(options.jobs), ...(await filterAsked(options.filter)) },
    options,
  );
}
