/**
 * Rules and look-ups, a thousand in one JSON text: as rows of their own, 10,000 rules cost more than all else of a short capture, and
 * look-ups of a busy network more than the conversations that they are for.
 */
import type { LookupRow, RuleRow } from "../report/result.ts";
import { VERSION } from "../version.ts";
import { clientPrints } from "./client-prints.ts";
import type { SqlValue } from "./driver.ts";
import { dataAndExact } from "./text.ts";

const ROWS_A_CHUNK = 1_000;

/** `exact` holds the text as it was where `data` had to be made storable, else NULL. */
export const CHUNK_COLUMNS: readonly string[] = ["seq", "data", "exact"];

/** Texts of rules as objects. */
export function* ruleChunks(rules: readonly RuleRow[]): Iterable<SqlValue[]> {
  for (const [seq, rows] of thousands(rules)) yield [seq, ...dataAndExact(JSON.stringify(rows))];
}

export function rulesOf(text: string): RuleRow[] {
  return JSON.parse(text) as RuleRow[]; // as `ruleChunks` wrote it
}

/** A look-up is a list of its values: where each stands. */
export const LOOKUP_PLACE = {
  ...{ realm: 0, client: 1, server: 2, name: 3, type: 4, result: 5 },
  ...{ answers: 6, verdict: 7, first_frame: 8, first_capture_id: 9, count: 10 },
} as const satisfies Record<keyof LookupRow, number>;
const FIELDS = Object.keys(LOOKUP_PLACE) as (keyof LookupRow)[]; // in the order of their places

/** `made_by`: the version whose text it is; NULL where no other run can copy it. `verdict`: of all rows that have none of their own. */
export const LOOKUP_COLUMNS: readonly string[] = [
  ...["seq", "made_by", "verdict", "clients", "has_verdicts", "data", "exact"],
];

/** `isWhole`: another run over the same observation has the same look-ups. */
export function* lookupChunks(lookups: readonly LookupRow[], isWhole: boolean): Iterable<SqlValue[]> {
  for (const [seq, rows] of thousands(lookups)) yield lookupValues(seq, rows, isWhole);
}

/** Most are nobody's, whose verdict stands beside the text: so it says nothing of what they are judged by. */
export function lookupValues(seq: number, rows: readonly LookupRow[], isWhole: boolean): SqlValue[] {
  const alike = rows.every(({ verdict }) => verdict !== null) ? "unrelated" : null;
  let hasVerdicts = 0;
  const values = rows.map((row) => {
    const verdict = row.verdict === alike ? null : row.verdict;
    if (verdict !== null) hasVerdicts = 1;
    return FIELDS.map((field) => (field === "verdict" ? verdict : row[field]));
  });
  const texts = dataAndExact(JSON.stringify(values));
  return [seq, isWhole ? VERSION : null, alike, clientPrints(rows), hasVerdicts, ...texts];
}

/** `verdict`: of those that have none of their own. */
export function lookupsOf(text: string, verdict: LookupRow["verdict"]): LookupRow[] {
  const rows = JSON.parse(text) as unknown[][]; // as `lookupValues` wrote it
  return rows.map((values) => {
    const row = Object.fromEntries(FIELDS.map((field, i) => [field, values[i]])) as unknown as LookupRow;
    row.verdict ??= verdict;
    return row;
  });
}

function* thousands<Row>(rows: readonly Row[]): Iterable<[seq: number, rows: readonly Row[]]> {
  for (let from = 0; from < rows.length; from += ROWS_A_CHUNK)
    yield [from / ROWS_A_CHUNK, rows.slice(from, from + ROWS_A_CHUNK)];
}
