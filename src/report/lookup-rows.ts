/**
 * Look-ups of a result. Those of hosts that play a role are there from the beginning; of a busy network they are few, and all others
 * say the same whoever plays which role, so their rows are made when somebody asks for all of them.
 */
import { once } from "../once.ts";
import type { LookupRow, RunResult } from "./result.ts";

export class LookupRows {
  /** Those with a verdict other than `unrelated`, in order. */
  readonly judged: readonly LookupRow[];
  /** All of them, in order. */
  readonly all: () => LookupRow[];
  /** A row of another run over the same observation, as it is judged now; null where the times of look-ups decide. */
  readonly anew: ((row: LookupRow) => LookupRow) | null;
  /** True where there are the same, in the same order, whatever they are judged by. */
  readonly isPlain: boolean;

  constructor(
    judged: readonly LookupRow[],
    all: () => LookupRow[],
    anew: ((row: LookupRow) => LookupRow) | null,
    isPlain: boolean,
  ) {
    this.judged = judged;
    this.all = once(all);
    this.anew = anew;
    this.isPlain = isPlain;
  }
}

type Told = Pick<RunResult, "lookups">;

/** A copy of a result has the rows. */
const ROWS = new WeakMap<Told, LookupRows>();

/** The same result, with its look-ups. */
export function withLookups<Result extends object>(
  result: Result,
  rows: LookupRows | LookupRow[],
): Result & { lookups: LookupRow[] } {
  if (!(rows instanceof LookupRows)) return Object.assign(result, { lookups: rows });
  const told = Object.defineProperty(result, "lookups", { enumerable: true, configurable: true, get: rows.all });
  const whole = told as Result & { lookups: LookupRow[] }; // as it was just defined
  ROWS.set(whole, rows);
  return whole;
}

/** Null where its rows are as they are. */
export function lookupRowsOf(result: Told): LookupRows | null {
  return ROWS.get(result) ?? null;
}

/** Names that a judged host asked for and no document has. */
export function undocumentedLookups(result: Told): LookupRow[] {
  return (lookupRowsOf(result)?.judged ?? result.lookups).filter(({ verdict }) => verdict === "undocumented");
}
