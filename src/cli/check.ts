/** `wirepact check CAPTURE… --model NAME|FILE …`: captures held against models. */
import { UsageError } from "../errors.ts";
import { isDate, parseDuration } from "../model/values.ts";
import type { RunOptions } from "../pipeline.ts";
import type { Instant } from "../time.ts";
import { captureArguments, filterAsked, jobsAsked } from "./captures.ts";
import { execute, type ResultOptions } from "./execute.ts";
import { type JudgingOptions, judgingOf } from "./judging.ts";

export interface CheckOptions extends ResultOptions, JudgingOptions {
  strict?: boolean;
  scope: "judged" | "all";
  infer: boolean;
  minSpan: string;
  asOf?: string;
  realm: string[];
}

export async function check(captures: string[], options: CheckOptions): Promise<number> {
  const how = judgedHow(options);
  const list = await captureArguments(captures, options.realm);
  const judging = await judgingOf(options);
  return execute(
    { captures: list, ...judging, ...how, ...jobsAsked(options.jobs), ...(await filterAsked(options.filter)) },
    options,
  );
}

/** How it is judged, as far as neither model nor site says it. */
export function judgedHow(
  options: Pick<CheckOptions, "minSpan" | "asOf" | "strict" | "scope" | "infer">,
): Pick<RunOptions, "scope" | "infer" | "minSpanSec" | "asOf" | "strict"> {
  const minSpanSec = seconds("--min-span", options.minSpan);
  const asOf = options.asOf === undefined ? null : instant("--as-of", options.asOf);
  const { strict = false, scope, infer } = options;
  return { scope, infer, minSpanSec, asOf, strict };
}

function seconds(option: string, text: string): number {
  const ms = parseDuration(text);
  if (ms === null) throw new UsageError(`${option} ${text}: expected a duration such as 5m, 90s or 2h`);
  return ms / 1000;
}

/** A day begins at midnight UTC; a moment is given as `2026-11-20T08:00:00Z`. */
function instant(option: string, text: string): Instant {
  const moment = /^(\d{4}-\d{2}-\d{2})T\d{2}:\d{2}:\d{2}Z$/.exec(text);
  const ms = isDate(moment?.[1] ?? text) ? Date.parse(moment === null ? `${text}T00:00:00Z` : text) : Number.NaN;
  if (Number.isNaN(ms))
    throw new UsageError(
      `${option} ${text}: expected a day of the calendar such as 2026-11-20, or 2026-11-20T08:00:00Z`,
    );
  return { sec: Math.floor(ms / 1000), nsec: 0 };
}
