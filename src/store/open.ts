/** Opens a database, or makes it, and refuses clearly what is none of ours. */
import { accessSync, constants } from "node:fs";
import { dirname, resolve } from "node:path";
import { CaptureError } from "../errors.ts";
import { chooseDriver } from "./connect.ts";
import type { Driver, DriverName } from "./driver.ts";
import { APPLICATION_ID, PAGE_SIZE, SCHEMA, SCHEMA_VERSION } from "./schema.ts";
import { fileAt } from "./select.ts";
import { SqliteStore } from "./sqlite-store.ts";
import { type Store, StoreError } from "./store.ts";
import { Transactions } from "./transactions.ts";

export interface OpenOptions {
  /** Default: Node's own SQLite where it is there, else the `sqlite3` package. */
  driver?: DriverName;
  /** For reports: never makes or changes a file. */
  readOnly?: boolean;
  /** Milliseconds to wait for another writer, 5,000 by default: its batches take far less. */
  busyTimeoutMs?: number;
  /** Called when the file is open, and a driver with a thread of its own is at work on it. */
  underWay?: () => void;
}

/**
 * Opens the database at `path`, making it where it is not there (unless `readOnly`). Many processes may read while one
 * writes; several may write in turn, each its own run. What a killed process committed stays.
 *
 * Throws StoreError where there is no SQLite, the file is no database, another program's, of another schema version or
 * locked, or its place cannot be written.
 */
export async function openStore(path: string, options: OpenOptions = {}): Promise<Store> {
  const readOnly = options.readOnly ?? false;
  const connect = await chooseDriver(options.driver);
  const isNew = checkPlace(path, readOnly);
  // Absolute, because SQLite takes a path that begins with `file:` for a URI.
  const db = await connect(resolve(path), readOnly);
  try {
    const timeout = `PRAGMA busy_timeout = ${options.busyTimeoutMs ?? 5000};`;
    const first = db.exec(isNew ? timeout + MAKE : timeout);
    options.underWay?.();
    if (!isNew) await first;
    if (!isNew || !(await isMade(db, first))) await prepare(db, path, readOnly);
    return new SqliteStore(path, db, readOnly);
  } catch (error) {
    await db.close().catch(() => undefined);
    throw error;
  }
}

/**
 * A database that is read, as a capture is: where it is damaged, half written or of a newer version it is an input that
 * cannot be read (CaptureError, exit code 3), and nothing that was to be stored is lost.
 */
export async function openInput(path: string): Promise<Store> {
  try {
    return await openStore(path, { readOnly: true });
  } catch (error) {
    throw error instanceof StoreError ? new CaptureError(error.message) : error;
  }
}

/** What the file system can say is said in its words; SQLite knows only "unable to open". True: nothing is there yet. */
function checkPlace(path: string, readOnly: boolean): boolean {
  const found = fileAt(path);
  if (found?.isDirectory()) throw new StoreError(`${path} is a folder: name a file in it`);
  if (found !== null && !found.isFile()) throw new StoreError(`${path} is not a file: a database needs one`);
  if (readOnly) {
    if (found === null) throw new StoreError(`${path} does not exist: name a database that Wirepact wrote`);
    return false;
  }
  const folder = dirname(resolve(path));
  if (fileAt(folder) === null) {
    throw new StoreError(
      `${path} cannot be made: its folder ${folder} does not exist; make it, or name another file with --db FILE`,
    );
  }
  for (const place of found === null ? [folder] : [path, folder]) {
    if (!isWritable(place)) {
      throw new StoreError(
        `${path} cannot be written: ${place} is read-only for this user; SQLite writes the file and beside it. ` +
          "Give permission, or write elsewhere with --db FILE",
      );
    }
  }
  return found === null || found.size === 0;
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * A new database in one turn of the driver's thread, which has its time while this one loads the rest of the program; step by step it
 * would wait for it at each. Fails where somebody else has made one meanwhile or there can be no write-ahead log; then nothing of it is there.
 */
const MAKE = `PRAGMA page_size = ${PAGE_SIZE};
PRAGMA journal_mode = WAL;
BEGIN IMMEDIATE;
SELECT CASE WHEN count(*) > 0 OR (SELECT journal_mode FROM pragma_journal_mode) <> 'wal' THEN json('not new: ' || count(*)) END
  FROM sqlite_master;
${SCHEMA}
COMMIT;
PRAGMA synchronous = NORMAL;`;

async function isMade(db: Driver, first: Promise<void>): Promise<boolean> {
  try {
    await first;
    return true;
  } catch {
    await db.exec("ROLLBACK").catch(() => undefined); // it may have come as far as to begin
    return false;
  }
}

async function prepare(db: Driver, path: string, readOnly: boolean): Promise<void> {
  const empty = await checkIdentity(db, path);
  if (readOnly) {
    if (empty) throw new StoreError(`${path} is empty: name a database that Wirepact wrote`);
    return;
  }
  if (empty) await db.exec(`PRAGMA page_size = ${PAGE_SIZE};`);
  await chooseJournal(db);
  if (!empty) return;
  await new Transactions(db).run(async () => {
    // Another process may have made it since.
    if (await checkIdentity(db, path)) await db.exec(SCHEMA);
  });
}

/** Whether the database is new. Throws where it is not one that this version reads. */
async function checkIdentity(db: Driver, path: string): Promise<boolean> {
  const [row] = await db.all(
    "SELECT (SELECT count(*) FROM sqlite_master) AS things, " +
      "(SELECT application_id FROM pragma_application_id) AS application, " +
      "(SELECT user_version FROM pragma_user_version) AS version",
  );
  const version = Number(row?.version);
  if (row?.application !== APPLICATION_ID) {
    if (row?.things === 0 && row.application === 0) return true;
    throw new StoreError(`${path} is the database of another program: name another file with --db FILE`);
  }
  if (version > SCHEMA_VERSION) {
    throw new StoreError(
      `${path} was written by a newer Wirepact (schema ${version}; this one reads ${SCHEMA_VERSION}): ` +
        "upgrade Wirepact, or name another file with --db FILE",
    );
  }
  if (version < SCHEMA_VERSION) {
    throw new StoreError(
      `${path} was written by an older Wirepact (schema ${version}; this one reads ${SCHEMA_VERSION}): ` +
        "read it with that version, or make it anew from its captures with --db FILE",
    );
  }
  return false;
}

/**
 * A write-ahead log lets others read while a run is written, and survives a killed process; there a sync at each
 * checkpoint keeps the file whole through a power cut. Where the file system has no shared memory for it (some network
 * shares), or another process keeps the file busy, a rollback journal does, which needs a sync at each commit.
 */
async function chooseJournal(db: Driver): Promise<void> {
  const mode = await db.all("PRAGMA journal_mode = WAL").catch(() => []);
  await db.exec(`PRAGMA synchronous = ${mode[0]?.journal_mode === "wal" ? "NORMAL" : "FULL"};`);
}
