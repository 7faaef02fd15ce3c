/** The driver over Node's own SQLite: 22.13 and later have it without a flag. */
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { type Connect, type Driver, type SqlRow, type SqlValue, storeFailure } from "./driver.ts";

type NodeSqlite = typeof import("node:sqlite");

/**
 * `node:sqlite`, or null where this Node has none.
 *
 * Loading it announces an ExperimentalWarning, which would reach every user's stderr. It is announced synchronously
 * through `process.emitWarning`, so that function is replaced for exactly the one synchronous call, and only that
 * warning is dropped.
 */
export function loadNodeSqlite(): NodeSqlite | null {
  const announce = process.emitWarning;
  const quiet = (...words: [string | Error, ...unknown[]]): void => {
    const [warning, kind] = words;
    if (kind === "ExperimentalWarning" && String(warning).startsWith("SQLite")) return;
    Reflect.apply(announce, process, words);
  };
  process.emitWarning = quiet;
  try {
    return process.getBuiltinModule("node:sqlite") ?? null;
  } finally {
    process.emitWarning = announce;
  }
}

/** Opens `path`, making it where it is not there (unless `readOnly`). Null where this Node has no SQLite. */
export function nodeSqlite(): Connect | null {
  const library = loadNodeSqlite();
  if (library === null) return null;
  return async (path, readOnly) => {
    try {
      return new NodeSqliteDriver(path, new library.DatabaseSync(path, { readOnly }));
    } catch (error) {
      throw storeFailure(path, error);
    }
  };
}

class NodeSqliteDriver implements Driver {
  readonly name = "node:sqlite";
  readonly attach = null;
  readonly #path: string;
  readonly #db: DatabaseSync;
  /** Insert statements by their text: preparing one costs as much as several rows. */
  readonly #inserts = new Map<string, StatementSync>();

  constructor(path: string, db: DatabaseSync) {
    this.#path = path;
    this.#db = db;
  }

  async exec(sql: string): Promise<void> {
    this.#guard(() => this.#db.exec(sql));
  }

  async all(sql: string, parameters: readonly SqlValue[] = []): Promise<SqlRow[]> {
    return this.pull(sql, parameters);
  }

  readonly pull = (sql: string, parameters: readonly SqlValue[]): SqlRow[] =>
    this.#guard(() => {
      const rows = this.#db.prepare(sql).all(...(parameters as readonly SQLInputValue[]));
      // Rows come without a prototype; callers get ordinary objects from both drivers.
      return rows.map((row) => ({ ...row }) as SqlRow);
    });

  /** Here `underWay` needs no call: when the promise is there, the rows are. */
  async insert(table: string, columns: readonly string[], rows: readonly (readonly SqlValue[])[]): Promise<void> {
    this.#guard(() => {
      const sql = `INSERT INTO ${table} (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`;
      let statement = this.#inserts.get(sql);
      if (statement === undefined) {
        statement = this.#db.prepare(sql);
        this.#inserts.set(sql, statement);
      }
      for (const row of rows) statement.run(...row);
    });
  }

  async close(): Promise<void> {
    this.#inserts.clear();
    this.#guard(() => this.#db.close());
  }

  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw storeFailure(this.#path, error);
    }
  }
}
