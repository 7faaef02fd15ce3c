/** Writes one run: its row first, then its parts in transactions of bounded size, at last the run's end. */
import { setImmediate } from "node:timers/promises";
import { lookupRowsOf } from "../report/lookup-rows.ts";
import { PackedRows, packedOf } from "../report/packed-rows.ts";
import type { RestConversations, RunInfo, RunResult } from "../report/result.ts";
import { CHUNK_COLUMNS, LOOKUP_COLUMNS, lookupChunks, ruleChunks } from "./chunks.ts";
import {
  CONVERSATION_COLUMNS,
  CONVERSATION_INDEX,
  CONVERSATION_TABLE,
  type ConversationBatch,
  conversationBatches,
  INSERT_AT_ONCE,
  KIND_FIELDS,
  KIND_TABLE,
} from "./conversation-table.ts";
import { copiedLookups, lookupsToJudge } from "./copied-lookups.ts";
import { copyScript, DETACH, SOURCE, textsScript } from "./copied-parts.ts";
import { canBeCopied, copiedRows, MASK_COLUMNS, REST_COLUMNS, wholeRows } from "./copied-rest.ts";
import type { Driver, SqlValue } from "./driver.ts";
import { fileAt } from "./select.ts";
import {
  type ObservationPart,
  type ObservationParts,
  type RunWriter,
  type StoredObservation,
  StoreError,
} from "./store.ts";
import { ASSET, CAPTURE, RUN, type Table } from "./tables.ts";
import type { Transactions } from "./transactions.ts";

/**
 * About how many bytes go into one transaction: what waits in memory, what the -wal file grows by, and for how long
 * another writer waits. Larger was not faster (2 to 64 MiB, a million conversations): rows are made while others are written.
 */
const BATCH_BYTES = 2 << 20;
/** Without a write-ahead log each transaction is synced by itself. */
const SYNCED_BYTES = 16 << 20;
/** Batches that may wait while one is written, which may be an observation. */
const WAITING = 4;
const WAITING_SYNCED = 2;
/** An observation up to this size is written in one transaction while it is judged, which takes some 6 ms a megabyte. */
const BEGUN_BYTES = 16 << 20;
/** What a row weighs beside its texts. */
const ROW_BYTES = 200;

/** Puts the run's row there, status `running`, so that other processes see it from the start. */
export async function startRun(
  path: string,
  driver: Driver,
  transactions: Transactions,
  run: RunInfo,
): Promise<RunWriter> {
  const runId = await transactions.run(() => insertRun(driver, run));
  return new SqliteRunWriter(path, driver, transactions, runId, run);
}

/** The run's row, status `running`; the caller has begun the transaction. Returns its id. */
export async function insertRun(driver: Driver, run: RunInfo): Promise<number> {
  const values = RUN.encode({ ...run, status: "running", quality: {}, rest_count: null });
  const marks = RUN.columns.map(() => "?").join(", ");
  const sql = `INSERT INTO run (${RUN.columns.join(", ")}) VALUES (${marks}) RETURNING run_id`;
  const [row] = await driver.all(sql, values);
  return Number(row?.run_id);
}

class SqliteRunWriter implements RunWriter {
  readonly runId: number;
  readonly #path: string;
  readonly #driver: Driver;
  readonly #transactions: Transactions;
  #started = false;
  #begun = false;
  /** Of an observation that was too large to begin with: the parts that were made for that, and those behind them. */
  #prepared: Iterable<SqlValue[]> | null = null;
  /** Whether the database that they are copied from is attached. */
  #attached = false;
  /** Bytes of a transaction, and how many of those may be written or wait for it. */
  #atOnce = { bytes: BATCH_BYTES, waiting: WAITING };
  /** Goes back to a write-ahead log: whoever reads meanwhile need not wait for it. */
  #log: (() => Promise<unknown>) | null = null;
  /** Under way where they are read from elsewhere. */
  #copying: Promise<void> | null = null;
  /** The batches that are being written or wait for it, oldest first. */
  readonly #writing: Promise<void>[] = [];
  #waiting = 0;
  /** What goes into the next transaction, and its bytes: of a small run all, because each begins and ends in turns of two threads. */
  #gathered: (() => Promise<void>)[] = [];
  #gatheredBytes = 0;

  /** Of what nobody judged. */
  readonly #verdict: "unrelated" | null;

  constructor(path: string, driver: Driver, transactions: Transactions, runId: number, run: RunInfo) {
    this.#path = path;
    this.#verdict = run.models.length === 0 ? null : "unrelated";
    this.#driver = driver;
    this.#transactions = transactions;
    this.runId = runId;
  }

  async begin(observation: ObservationParts): Promise<void> {
    if (this.#started || this.#begun || this.#copying !== null)
      throw new StoreError(`run ${this.runId} has been begun already`);
    const { attach } = this.#driver;
    if ("restText" in observation && attach !== null && !isSameFile(observation.path, this.#path)) {
      await this.#transactions.alone(() => attach(observation.path, SOURCE));
      this.#attached = true;
      await this.#writeOnce();
      const script = [await copyScript(this.#driver, observation, this.runId)];
      const verdict = this.#verdict;
      for (const table of [LOOKUPS, REST] as const)
        script.push(await textsScript(this.#driver, observation, this.runId, { table, ...TEXTS[table], verdict }));
      this.#copying = this.#transactions.alone(() => this.#driver.exec(script.join("\n")));
      this.#copying.catch(() => undefined); // told where it is waited for
      return;
    }
    if (!(Symbol.iterator in observation)) {
      this.#copying = this.#batches("observation", PART_COLUMNS, partRows(observation));
      this.#copying.catch(() => undefined); // told where it is waited for
      return;
    }
    const parts = observation[Symbol.iterator]();
    const made: SqlValue[][] = [];
    let bytes = 0;
    for (let next = parts.next(); next.done !== true; next = parts.next()) {
      const row = partRow(next.value);
      made.push(row);
      bytes += weigh(row);
      if (bytes > BEGUN_BYTES) {
        this.#prepared = andThen(made, parts);
        return;
      }
    }
    const rows = made.map((row) => [this.runId, ...row]);
    this.#begun = true;
    await new Promise<void>((underWay) => {
      const columns = ["run_id", ...PART_COLUMNS];
      this.#write(() => this.#driver.insert("observation", columns, rows, underWay)).then(underWay, underWay);
    });
  }

  /**
   * In a database that holds nothing but this run hundreds of megabytes need not go through a write-ahead log, which writes each page
   * twice. A rollback journal is as safe; others that read meanwhile may have to wait for a batch. Whoever has it open keeps the log.
   */
  async #writeOnce(): Promise<void> {
    const [runs] = await this.#driver.all("SELECT count(*) AS count FROM run");
    if (Number(runs?.count) !== 1) return;
    const journal = (mode: string) => (): Promise<void> => this.#driver.exec(`PRAGMA main.journal_mode = ${mode}`);
    await this.#transactions.alone(journal("DELETE")).catch(() => undefined);
    this.#log = () => this.#transactions.alone(journal("WAL")).catch(() => undefined);
    this.#atOnce = { bytes: SYNCED_BYTES, waiting: WAITING_SYNCED };
  }

  /** A result whose status is still `running` ends as `finished`: it is all there. */
  async write(result: RunResult, observation: ObservationParts, meanwhile: () => void = () => {}): Promise<void> {
    if (this.#started) throw new StoreError(`run ${this.runId} has been written already`);
    this.#started = true;
    await this.#copying;
    if (this.#prepared !== null) await this.#writeOnce();
    for (const { name, columns, rows } of resultTables(result)) await this.#batches(name, columns, rows);
    const stored = "restText" in observation ? observation : null;
    try {
      await this.#lookups(result, stored);
      await this.#rest(result.rest, stored);
    } finally {
      await stored?.close();
    }
    await this.#conversations(packedOf(result) ?? PackedRows.of(result.judged));
    if (this.#copying === null && !this.#begun)
      await this.#batches("observation", PART_COLUMNS, this.#prepared ?? partRows(observation));
    if (this.#attached || this.#writing.length > 0) {
      this.#writeGathered(); // what was copied is taken out by it
      meanwhile();
    }
    await Promise.all(this.#writing);
    await this.#detach();
    this.#gathered.push(async () => {
      await this.#driver.exec(CONVERSATION_INDEX);
      await updateRun(this.#driver, this.runId, result);
    });
    await this.#writeGathered();
    await this.#log?.();
  }

  /** In a transaction of its own, behind those that are there. What goes wrong is told where it is waited for. */
  #write(body: () => Promise<void>): Promise<void> {
    const writing = this.#transactions.run(body);
    writing.catch(() => undefined);
    this.#writing.push(writing);
    return writing;
  }

  async fail(status: "interrupted" | "failed"): Promise<void> {
    await this.#copying?.catch(() => undefined);
    await this.#detach().catch(() => undefined);
    await this.#writeGathered().catch(() => undefined);
    await this.#transactions.run(() =>
      this.#driver.all("UPDATE run SET status = ? WHERE run_id = ? AND status = 'running'", [status, this.runId]),
    );
  }

  /**
   * Inserts rows of values, the run's id before each. While batches are written the next is made, of whatever table:
   * making them takes as long as writing them, and a driver that works in a thread of its own does both at once.
   */
  async #batches(
    table: string,
    columns: readonly string[],
    rows: Iterable<SqlValue[]> | AsyncIterable<SqlValue[]>,
  ): Promise<void> {
    const all = ["run_id", ...columns];
    let batch: SqlValue[][] = [];
    let bytes = 0;
    const flush = async (): Promise<void> => {
      const full = batch;
      const size = bytes;
      batch = [];
      bytes = 0;
      await this.#inTurn(size, () => this.#driver.insert(table, all, full));
    };
    for await (const row of rows) {
      batch.push([this.runId, ...row]);
      bytes += weigh(row);
      if (bytes >= BATCH_BYTES) await flush();
    }
    if (batch.length > 0) await flush();
  }

  async #rest(rest: RestConversations, stored: StoredObservation | null): Promise<void> {
    if (stored === null || !canBeCopied(rest)) return this.#anew(REST, wholeRows(rest));
    const masks: SqlValue[][] = [];
    await this.#texts(REST, copiedRows(rest, stored, this.#attached, masks));
    await this.#batches(MASKS, MASK_COLUMNS, masks);
  }

  async #lookups(result: RunResult, stored: StoredObservation | null): Promise<void> {
    const lookups = lookupRowsOf(result);
    const toJudge = lookups === null || stored === null ? null : await lookupsToJudge(lookups, stored);
    if (lookups === null || stored === null || toJudge === null)
      await this.#anew(LOOKUPS, lookupChunks(result.lookups, lookups?.isPlain === true));
    else await this.#texts(LOOKUPS, copiedLookups(lookups, stored, toJudge, this.#attached));
  }

  /** All texts of a table, in place of those that were copied. */
  async #anew(table: keyof typeof TEXTS, rows: Iterable<SqlValue[]>): Promise<void> {
    if (this.#attached) await this.#takeOut(table, []);
    for (const row of rows) await this.#text(table, row);
  }

  /** Texts, and numbers of those that were copied and are as they should be. What else was copied is taken out again. */
  async #texts(table: keyof typeof TEXTS, rows: AsyncIterable<SqlValue[] | number>): Promise<void> {
    const told: number[] = [];
    for await (const row of rows) {
      told.push(typeof row === "number" ? row : Number(row[0]));
      if (typeof row !== "number") await this.#text(table, row);
    }
    if (this.#attached) await this.#takeOut(table, told);
  }

  /** One text, in place of what was copied. Its bytes need not be decoded before. */
  async #text(table: keyof typeof TEXTS, row: SqlValue[]): Promise<void> {
    const { columns } = TEXTS[table];
    const marks = columns.map((column) => (column === "data" ? "CAST(? AS TEXT)" : "?"));
    const sql = `INSERT OR REPLACE INTO ${table} (run_id, ${columns.join(", ")}) VALUES (?, ${marks.join(", ")})`;
    await this.#inTurn(weigh(row), async () => void (await this.#driver.all(sql, [this.runId, ...row])));
  }

  /** Of what was copied of a table all but these. */
  async #takeOut(table: keyof typeof TEXTS, but: readonly number[]): Promise<void> {
    const sql = `DELETE FROM ${table} WHERE run_id = ? AND seq NOT IN (SELECT value FROM json_each(?))`;
    await this.#inTurn(0, async () => void (await this.#driver.all(sql, [this.runId, JSON.stringify(but)])));
  }

  async #detach(): Promise<void> {
    if (this.#attached) await this.#transactions.alone(() => this.#driver.exec(DETACH));
    this.#attached = false;
  }

  async #conversations(packed: PackedRows): Promise<void> {
    for (const batch of conversationBatches(this.runId, packed, new Set(), BATCH_BYTES))
      await this.#inTurn(batch.bytes, () => insertConversations(this.#driver, this.runId, batch));
  }

  #writeGathered(): Promise<void> {
    const [bodies, size] = [this.#gathered, this.#gatheredBytes];
    this.#gathered = [];
    this.#gatheredBytes = 0;
    return this.#write(async () => {
      for (const body of bodies) await body();
      this.#waiting -= size;
    });
  }

  /** Writes so many bytes as soon as those before are written; returns when more may wait. */
  async #inTurn(size: number, body: () => Promise<void>): Promise<void> {
    while (this.#waiting > this.#atOnce.bytes * this.#atOnce.waiting) await this.#writing.shift();
    this.#waiting += size;
    this.#gatheredBytes += size;
    this.#gathered.push(body);
    if (this.#gatheredBytes >= this.#atOnce.bytes) this.#writeGathered();
    // A synchronous driver would otherwise keep signals and progress waiting until the end.
    await setImmediate();
  }
}

/** Kinds, then the rows that need them. The caller has begun the transaction. */
export async function insertConversations(driver: Driver, run: number, batch: ConversationBatch): Promise<void> {
  const { kinds, rows, others } = batch;
  if (kinds.length > 0) await driver.insert(KIND_TABLE, KIND_FIELDS, kinds);
  if (rows !== null) await driver.all(INSERT_AT_ONCE, [run, rows.bytes, rows.places]);
  const columns = ["run_id", ...CONVERSATION_COLUMNS];
  if (others.length > 0)
    await driver.insert(
      CONVERSATION_TABLE,
      columns,
      others.map((values) => [run, ...values]),
    );
}

/** The rows of a result, table by table, as values without the run's id; but for conversations and look-ups. */
export function resultTables(
  result: RunResult,
): { name: string; columns: readonly string[]; rows: Iterable<SqlValue[]> }[] {
  const table = <Row extends object>(of: Table<Row>, rows: Iterable<Row>) => ({
    name: of.name,
    columns: of.columns,
    rows: encodeAll(of, rows),
  });
  return [
    table(CAPTURE, result.captures),
    { name: "rule_chunk", columns: CHUNK_COLUMNS, rows: ruleChunks(result.rules) },
    table(ASSET, result.assets),
  ];
}

export const PART_COLUMNS: readonly string[] = ["kind", "seq", "data"];
export const REST = "rest_chunk";
export const LOOKUPS = "lookup_chunk";
const MASKS = "rest_mask";
/** Tables of texts, which a run over a stored observation copies. */
const TEXTS = { [REST]: { columns: REST_COLUMNS }, [LOOKUPS]: { columns: LOOKUP_COLUMNS } } as const;

/** The run's own row; the caller has begun the transaction. A status that is still `running` becomes `finished`, unless one is given. */
export async function updateRun(
  driver: Driver,
  runId: number,
  result: RunResult,
  status: RunInfo["status"] = result.run.status === "running" ? "finished" : result.run.status,
): Promise<void> {
  const row = {
    ...result.run,
    status,
    quality: result.quality,
    rest_count: result.rest.count + (result.departed?.rest ?? 0),
  };
  const sql = `UPDATE run SET ${RUN.columns.map((column) => `${column} = ?`).join(", ")} WHERE run_id = ?`;
  await driver.all(sql, [...RUN.encode(row), runId]);
}

function isSameFile(a: string, b: string): boolean {
  const [one, other] = [fileAt(a), fileAt(b)];
  return one !== null && other !== null && one.ino === other.ino && one.dev === other.dev;
}

function weigh(row: readonly SqlValue[]): number {
  let bytes = ROW_BYTES;
  for (const value of row) {
    if (typeof value === "string") bytes += value.length;
    else if (value instanceof Uint8Array) bytes += value.byteLength;
  }
  return bytes;
}

function* encodeAll<Row extends object>(table: Table<Row>, rows: Iterable<Row>): Iterable<SqlValue[]> {
  for (const row of rows) yield table.encode(row);
}

const partRow = ({ kind, seq, data }: ObservationPart): SqlValue[] => [kind, seq, data];

async function* partRows(observation: ObservationParts): AsyncIterable<SqlValue[]> {
  for await (const part of observation) yield partRow(part);
}

function* andThen(rows: readonly SqlValue[][], parts: Iterator<ObservationPart>): Iterable<SqlValue[]> {
  yield* rows;
  for (let next = parts.next(); next.done !== true; next = parts.next()) yield partRow(next.value);
}
