/**
 * The driver over the `sqlite3` package: an optional dependency, for a Node without its own SQLite.
 *
 * Each call crosses into a thread pool and back, which costs more than SQLite's own work for a small row; so rows go in
 * many a statement.
 */
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type Connect, type Driver, type SqlRow, type SqlValue, storeFailure } from "./driver.ts";

/** As much of the package as is used. Written down here so that the project compiles where it is not installed. */
interface Sqlite3 {
  readonly OPEN_READONLY: number;
  readonly OPEN_READWRITE: number;
  readonly OPEN_CREATE: number;
  readonly OPEN_URI: number;
  readonly Database: new (path: string, mode: number, done: Done<void>) => Database;
}
interface Database {
  exec(sql: string, done: Done<void>): void;
  all(sql: string, parameters: readonly SqlValue[], done: Done<SqlRow[]>): void;
  prepare(sql: string, done: Done<void>): Statement;
  close(done: Done<void>): void;
}
interface Statement {
  run(parameters: readonly SqlValue[], done: Done<void>): void;
  finalize(done: Done<void>): void;
}
type Done<T> = (error: Error | null, value: T) => void;

/** Rows of one INSERT. Measured flat from 50 to 1,000 rows of 20 columns; 64 × 40 columns is far below SQLite's 32,766 parameters. */
const ROWS_A_STATEMENT = 64;

/** Opens `path`, making it where it is not there (unless `readOnly`). Rejects where the package cannot be loaded. */
export async function sqlite3(): Promise<Connect> {
  // Not a literal, so that the compiler does not ask for the package's types.
  const name: string = "sqlite3";
  const library = ((await import(name)) as { default: Sqlite3 }).default;
  return async (path, readOnly) => {
    // URIs for what is attached: a path of ours is absolute, and so is none.
    const mode = readOnly ? library.OPEN_READONLY : library.OPEN_READWRITE | library.OPEN_CREATE | library.OPEN_URI;
    try {
      const db = await new Promise<Database>((resolve, reject) => {
        const opened: Database = new library.Database(path, mode, (error) => (error ? reject(error) : resolve(opened)));
      });
      return new Sqlite3Driver(path, db);
    } catch (error) {
      throw storeFailure(path, error);
    }
  };
}

class Sqlite3Driver implements Driver {
  readonly name = "sqlite3";
  readonly pull = null;
  readonly #path: string;
  readonly #db: Database;

  constructor(path: string, db: Database) {
    this.#path = path;
    this.#db = db;
  }

  exec(sql: string): Promise<void> {
    return this.#call((done) => this.#db.exec(sql, done));
  }

  all(sql: string, parameters: readonly SqlValue[] = []): Promise<SqlRow[]> {
    return this.#call((done) => this.#db.all(sql, parameters.map(bindable), done));
  }

  readonly attach = async (path: string, schema: string): Promise<void> => {
    await this.all(`ATTACH ? AS ${schema}`, [`${pathToFileURL(resolve(path)).href}?mode=ro`]);
  };

  async insert(
    table: string,
    columns: readonly string[],
    rows: readonly (readonly SqlValue[])[],
    underWay = (): void => {},
  ): Promise<void> {
    const into = `INSERT INTO ${table} (${columns.join(", ")}) VALUES `;
    const one = `(${columns.map(() => "?").join(", ")})`;
    const whole = rows.length - (rows.length % ROWS_A_STATEMENT);
    const last = whole < rows.length;
    if (whole > 0) await this.#insertBy(into, one, ROWS_A_STATEMENT, rows.slice(0, whole), last ? undefined : underWay);
    if (last) await this.#insertBy(into, one, rows.length - whole, rows.slice(whole), underWay);
  }

  /** `rows` holds a multiple of `size` rows. */
  async #insertBy(
    into: string,
    one: string,
    size: number,
    rows: readonly (readonly SqlValue[])[],
    underWay = (): void => {},
  ): Promise<void> {
    const sql = into + Array.from({ length: size }, () => one).join(", ");
    let statement: Statement | undefined;
    await this.#call<void>((done) => {
      statement = this.#db.prepare(sql, done);
    });
    if (statement === undefined) return;
    const prepared = statement;
    try {
      for (let from = 0; from < rows.length; from += size) {
        const values = rows
          .slice(from, from + size)
          .flat()
          .map(bindable);
        const running = this.#call<void>((done) => prepared.run(values, done));
        if (from + size >= rows.length) underWay();
        await running;
      }
    } finally {
      // An open statement would keep the database from closing.
      await new Promise<void>((resolve) => prepared.finalize(() => resolve()));
    }
  }

  close(): Promise<void> {
    return this.#call((done) => this.#db.close(done));
  }

  #call<T>(start: (done: Done<T>) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      start((error, value) => (error ? reject(storeFailure(this.#path, error)) : resolve(value)));
    });
  }
}

/** The package knows bytes only as Buffers. */
function bindable(value: SqlValue): SqlValue {
  return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : value;
}
