/**
 * Rules and look-ups, a thousand in one JSON text: as rows of their own, 10,000 rules cost more than all else of a short capture, and
 * look-ups of a busy network more than the conversations that they are for.
 */
import type { LookupRow, RuleRow } from "../report/result.ts";
import type { SqlValue } from "./driver.ts";
import { storableJson } from "./text.ts";

const ROWS_A_CHUNK = 1_000;

/** `exact` holds the text as it was where `data` had to be made storable, else NULL. */
export const CHUNK_COLUMNS: readonly string[] = ["seq", "data", "exact"];

/** Texts of rules as objects. */
export function ruleChunks(rules: readonly RuleRow[]): Iterable<SqlValue[]> {
  return chunks(rules, JSON.stringify);
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

export function lookupChunks(lookups: readonly LookupRow[]): Iterable<SqlValue[]> {
  return chunks(lookups, (rows) => JSON.stringify(rows.map((row) => FIELDS.map((field) => row[field]))));
}

export function lookupsOf(text: string): LookupRow[] {
  const rows = JSON.parse(text) as unknown[][]; // as `lookupChunks` wrote it
  return rows.map((values) => Object.fromEntries(FIELDS.map((field, i) => [field, values[i]])) as unknown as LookupRow);
}

function* chunks<Row>(rows: readonly Row[], textOf: (rows: readonly Row[]) => string): Iterable<SqlValue[]> {
  for (let from = 0; from < rows.length; from += ROWS_A_CHUNK) {
    const text = textOf(rows.slice(from, from + ROWS_A_CHUNK));
    const data = storableJson(text);
    yield [from / ROWS_A_CHUNK, data, data === text ? null : text];
  }
}
