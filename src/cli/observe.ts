/** `wirepact observe CAPTURE…`: what is on the wire, without a model. */
import { captureArguments } from "./captures.ts";
import { execute, type ResultOptions } from "./execute.ts";
import { noBindings } from "./judging.ts";

export interface ObserveOptions extends ResultOptions {
  realm: string[];
}

export async function observe(captures: string[], options: ObserveOptions): Promise<number> {
  return execute(
    {
      captures: await captureArguments(captures, options.realm),
      models: [],
      background: null,
      bindings: noBindings(),
      site: null,
      scope: "judged",
      infer: false,
      minSpanSec: 0,
      asOf: null,
      strict: false,
    },
    options,
  );
}
