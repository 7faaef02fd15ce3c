/**
 * The tables behind the views that hold one row for each value of a result, and how such a value becomes a row.
 *
 * A table is written down as its columns' kinds. The compiler derives them from the result's own types, so a field added
 * to a result and forgotten here does not compile. Lists and objects are JSON text.
 */
import type { AssetRow, CaptureRow, Quality, RunInfo } from "../report/result.ts";
import type { SqlRow, SqlValue } from "./driver.ts";
import { storable, storableJson } from "./text.ts";

type ColumnKind = "text" | "integer" | "boolean" | "json";
type KindOf<V> = [V] extends [boolean]
  ? "boolean"
  : [V] extends [string | null]
    ? "text"
    : [V] extends [number | null]
      ? "integer"
      : "json";
type KindsOf<Row> = { readonly [K in keyof Row]: KindOf<Row[K]> };

/** INTEGER also makes integers of the doubles that node:sqlite binds for every number. */
const SQL_TYPE: Record<ColumnKind, string> = { text: "TEXT", integer: "INTEGER", boolean: "INTEGER", json: "TEXT" };

export class Table<Row extends object> {
  readonly name: string;
  /** Names in the order of `encode`'s values. */
  readonly columns: readonly string[];
  readonly #kinds: readonly [keyof Row & string, ColumnKind][];

  constructor(name: string, kinds: KindsOf<Row>) {
    this.name = name;
    this.#kinds = Object.entries(kinds) as [keyof Row & string, ColumnKind][];
    this.columns = [...this.#kinds.map(([column]) => column), "exact"];
  }

  /** The table's SQL; `key` declares `run_id`. */
  create(key: string): string {
    const columns = this.#kinds.map(([column, kind]) => `  ${column} ${SQL_TYPE[kind]}`);
    return `CREATE TABLE ${this.name} (\n  ${key},\n${columns.join(",\n")},\n  exact TEXT\n);`;
  }

  /**
   * A row's values. What a column cannot show as it is (text that is not storable; an empty text, since the views
   * promise NULL for what was not observed) is kept whole in `exact`, a JSON object by column, NULL where not needed.
   */
  encode(row: Row): SqlValue[] {
    const values: SqlValue[] = [];
    let exact: Record<string, unknown> | null = null;
    for (const [column, kind] of this.#kinds) {
      const value = row[column];
      const original = kind === "json" && value !== null ? JSON.stringify(value) : value;
      const stored = encodeValue(original, kind);
      values.push(stored);
      if (typeof original === "string" && stored !== original) {
        exact ??= {};
        exact[column] = value;
      }
    }
    values.push(exact === null ? null : JSON.stringify(exact));
    return values;
  }

  decode(stored: SqlRow): Row {
    const row: Record<string, unknown> = {};
    for (const [column, kind] of this.#kinds) {
      const value = stored[column] ?? null;
      if (kind === "boolean") row[column] = value === 1;
      else if (kind === "json" && typeof value === "string") row[column] = JSON.parse(value);
      else row[column] = value;
    }
    if (typeof stored.exact === "string") Object.assign(row, JSON.parse(stored.exact));
    // The columns were written from a Row by `encode`, whose kinds the compiler has checked.
    return row as Row;
  }
}

function encodeValue(value: unknown, kind: ColumnKind): SqlValue {
  switch (kind) {
    case "text":
      return typeof value === "string" && value !== "" ? storable(value) : null;
    case "json":
      return typeof value === "string" ? storableJson(value) : null;
    case "integer":
      return typeof value === "number" ? value : null;
    case "boolean":
      return value === true ? 1 : 0;
  }
}

/** A run, with what there is one of in each. `rest_count` is null until the run's result is whole. */
export type StoredRun = Omit<RunInfo, "run_id"> & { quality: Quality; rest_count: number | null };

export const RUN = new Table<StoredRun>("run", {
  status: "text",
  started_at: "text",
  command: "text",
  wirepact: "text",
  models: "json",
  site: "text",
  first_time: "text",
  last_time: "text",
  exit_code: "integer",
  warnings: "json",
  bindings: "json",
  parameters: "json",
  quality: "json",
  rest_count: "integer",
});

export const CAPTURE = new Table<CaptureRow>("capture", {
  capture_id: "integer",
  path: "text",
  realm: "text",
  parts: "json",
  format: "text",
  packets: "integer",
  bytes: "integer",
  drops: "integer",
  cut: "boolean",
  damage: "text",
  first_time: "text",
  last_time: "text",
});

export const ASSET = new Table<AssetRow>("asset", {
  address: "text",
  kind: "text",
  vendor: "text",
  product: "text",
  version: "text",
  serial: "text",
  name: "text",
  source: "text",
  first_seen: "text",
  last_seen: "text",
  realm: "text",
  mac: "text",
  order_code: "text",
  location: "text",
  how: "text",
  first_frame: "integer",
  first_capture_id: "integer",
});
