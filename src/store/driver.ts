/**
 * What the store asks of a SQLite library: five verbs. Everything that knows the schema sits above this line, so the two
 * drivers stay small and write the same file.
 */
import { StoreError } from "./store.ts";

export type SqlValue = string | number | null | Uint8Array;
export type SqlRow = Record<string, SqlValue>;
export type DriverName = "node:sqlite" | "sqlite3";

/** Every method throws `StoreError` and nothing else where SQLite reports a failure. */
export interface Driver {
  readonly name: DriverName;
  /** Several statements without parameters. */
  exec(sql: string): Promise<void>;
  /** One statement and all its rows, as plain objects. */
  all(sql: string, parameters?: readonly SqlValue[]): Promise<SqlRow[]>;
  /** Many rows into the named columns; the caller has begun the transaction. `underWay`: called when all is out of our hands. */
  insert(
    table: string,
    columns: readonly string[],
    rows: readonly (readonly SqlValue[])[],
    underWay?: () => void,
  ): Promise<void>;
  /** `all` without a promise, where the library can: what lets rows be read lazily inside a plain iterator. */
  readonly pull: ((sql: string, parameters: readonly SqlValue[]) => SqlRow[]) | null;
  /**
   * Lets statements read another database's tables, as `SCHEMA.table`; nothing is ever written to it, nor locked for writing. Null where the
   * library works in this thread: then copying by SQLite itself would only keep it longer.
   */
  readonly attach: ((path: string, schema: string) => Promise<void>) | null;
  close(): Promise<void>;
}

export type Connect = (path: string, readOnly: boolean) => Promise<Driver>;

/** Primary result codes (https://www.sqlite.org/rescode.html) and what a person can do about each. */
const ADVICE = new Map<number, string>([
  [5, "is locked by another program: wait until that is done, or write to another file with --db FILE"],
  [6, "is locked by another part of this program: close the other use of it first"],
  [8, "cannot be written: give write permission to the file and its folder, or write elsewhere with --db FILE"],
  [10, "could not be read or written (the disk reports an error): check the disk, or write elsewhere with --db FILE"],
  [11, "is damaged: keep it for inspection and write to another file with --db FILE"],
  [13, "could not be written because the disk is full: free some space, or write to another disk with --db FILE"],
  [14, "cannot be opened: check that its folder exists and may be written, or write elsewhere with --db FILE"],
  [18, "cannot take a value of this size (SQLite holds at most 1 GB in one)"],
  [23, "cannot be opened: access was denied"],
  [26, "is not a database: name a file that Wirepact wrote, or a new one with --db FILE"],
]);

/** Turns what a SQLite library threw into a message that names the file and says what to do. */
export function storeFailure(path: string, error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const text = error instanceof Error ? error.message : String(error);
  const advice = ADVICE.get(resultCode(error));
  return new StoreError(
    advice === undefined ? `${path}: SQLite says: ${text}` : `${path} ${advice} (SQLite: ${text})`,
    {
      cause: error,
    },
  );
}

/** `errcode` is node:sqlite's word for it, `errno` the sqlite3 package's; the low byte is the primary code. */
function resultCode(error: unknown): number {
  if (typeof error !== "object" || error === null) return 0;
  if ("errcode" in error && typeof error.errcode === "number") return error.errcode & 0xff;
  if ("errno" in error && typeof error.errno === "number") return error.errno & 0xff;
  return 0;
}
