/** `wirepact observe CAPTURE…`: what is on the wire, without a model. */
import { unjudged } from "../judging.ts";
import { captureArguments } from "./captures.ts";
import { execute, type ResultOptions } from "./execute.ts";

export interface ObserveOptions extends ResultOptions {
  realm: string[];
}

export async function observe(captures: string[], options: ObserveOptions): Promise<number> {
  return execute({ captures: await captureArguments(captures, options.realm), ...unjudged() }, options);
}
