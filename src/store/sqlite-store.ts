/** The store over a driver: what was written, read back. Writing is in `writer.ts`, opening in `open.ts`. */

import type { Kind } from "../report/kind-rows.ts";
import { compareConversations } from "../report/order.ts";
import type { ConversationRow, LookupRow, RestConversations, RunInfo, RunResult, Verdict } from "../report/result.ts";
import { SqliteCheckpoints } from "./checkpoints.ts";
import { lookupsOf, rulesOf } from "./chunks.ts";
import {
  CONVERSATION_INDEX,
  CONVERSATION_TABLE,
  decodeConversation,
  decodeKind,
  KIND_TABLE,
  KINDS_A_RUN,
} from "./conversation-table.ts";
import { textOf } from "./copied-rest.ts";
import type { Driver, DriverName, SqlRow, SqlValue } from "./driver.ts";
import { ChunkedRest } from "./rest.ts";
import {
  type CheckpointWriter,
  FIRST_DEPARTED,
  type ObservationPart,
  type RunWriter,
  type Store,
  StoreError,
} from "./store.ts";
import { ASSET, CAPTURE, RUN, type Table } from "./tables.ts";
import { Transactions } from "./transactions.ts";
import { startRun } from "./writer.ts";

export class SqliteStore implements Store {
  readonly path: string;
  readonly driver: DriverName;
  readonly #db: Driver;
  readonly #readOnly: boolean;
  readonly #transactions: Transactions;

  constructor(path: string, db: Driver, readOnly: boolean) {
    this.path = path;
    this.driver = db.name;
    this.#db = db;
    this.#readOnly = readOnly;
    this.#transactions = new Transactions(db);
  }

  async startRun(run: RunInfo): Promise<RunWriter> {
    this.#mustWrite();
    return startRun(this.path, this.#db, this.#transactions, run);
  }

  async startCheckpoints(): Promise<CheckpointWriter> {
    this.#mustWrite();
    await this.#transactions.run(() => this.#db.exec(CONVERSATION_INDEX)); // rows are looked up at each checkpoint
    return new SqliteCheckpoints(this.#db, this.#transactions);
  }

  async markInterrupted(run: number): Promise<void> {
    this.#mustWrite();
    const sql = "UPDATE run SET status = 'interrupted' WHERE run_id = ? AND status = 'running'";
    await this.#transactions.run(() => this.#db.all(sql, [run]));
  }

  #mustWrite(): void {
    if (this.#readOnly) throw new StoreError(`${this.path} was opened for reading only: no run can be written to it`);
  }

  async runs(): Promise<{ run_id: number; status: string; started_at: string; command: string }[]> {
    const rows = await this.#db.all("SELECT * FROM run ORDER BY run_id");
    return rows.map((row) => {
      const { status, started_at, command } = RUN.decode(row);
      return { run_id: Number(row.run_id), status, started_at, command };
    });
  }

  /** `rest` reads from the database as it is walked, so it ends with `close`. */
  async read(run?: number): Promise<RunResult> {
    const stored = await this.#run(run);
    const runId = Number(stored.run_id);
    const { quality, rest_count, ...info } = RUN.decode(stored);
    const judged = await this.#judged(runId);
    return {
      run: { run_id: runId, ...info },
      captures: await this.#rows(CAPTURE, runId),
      // A run that goes on writes them as they change.
      judged: judged.sort(compareConversations),
      rest: await this.#rest(runId, rest_count),
      rules: await this.#chunks("rule_chunk", runId, rulesOf),
      lookups: await this.#chunks("lookup_chunk", runId, lookupsOf, "verdict"),
      assets: await this.#rows(ASSET, runId),
      quality,
    };
  }

  /** In the order they were written, some read ahead while one is looked at; conversations that left a live run behind all others. */
  async *readObservation(run: number): AsyncIterable<ObservationPart> {
    await this.#run(run);
    const sizes = `SELECT rowid AS place, length(data) AS bytes FROM observation WHERE run_id = ? ORDER BY seq >= ${FIRST_DEPARTED}, rowid`;
    const batches = batchesOf(await this.#db.all(sizes, [run]));
    const read = async (places: readonly number[]): Promise<SqlRow[]> => {
      const parts = await this.#db.all(PARTS, [JSON.stringify(places)]);
      if (parts.length !== places.length) throw new StoreError(`${this.path} has lost a part of run ${run}`);
      return parts;
    };
    const ahead: Promise<SqlRow[]>[] = [];
    let asked = 0;
    for (let done = 0; done < batches.length; done++) {
      for (; asked < batches.length && asked <= done + AHEAD; asked++) {
        const reading = read(batches[asked]!);
        reading.catch(() => {}); // told when its turn comes, which it may not
        ahead.push(reading);
      }
      for (const { kind, seq, data } of (await ahead.shift()) ?? []) {
        if (!(data instanceof Uint8Array)) throw new StoreError(`${this.path} has lost a part of run ${run}`);
        yield { kind: String(kind), seq: Number(seq), data: plainBytes(data) };
      }
    }
  }

  query(sql: string, parameters: readonly SqlValue[] = []): Promise<SqlRow[]> {
    return this.#db.all(sql, parameters);
  }

  /** What was written is moved from the -wal file into the database, and a single file remains. */
  async close(): Promise<void> {
    if (!this.#readOnly) await this.#fold();
    await this.#db.close();
  }

  /**
   * Back to one plain file, which opens from read-only media too. Refused while another process has the database open:
   * then the -wal file stays beside it, no less complete, and the next writer that closes alone folds it in.
   */
  async #fold(): Promise<void> {
    await this.#db
      .exec("PRAGMA busy_timeout = 0; PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE;")
      .catch(() => undefined);
  }

  async #run(run: number | undefined): Promise<SqlRow> {
    const [found] =
      run === undefined
        ? await this.#db.all("SELECT * FROM run WHERE status = 'finished' ORDER BY run_id DESC LIMIT 1")
        : await this.#db.all("SELECT * FROM run WHERE run_id = ?", [run]);
    if (found !== undefined) return found;
    const runs = (await this.runs()).slice(-10).map(({ run_id, status }) => `${run_id} (${status})`);
    const there = runs.length === 0 ? "it holds none yet" : `the newest are ${runs.join(", ")}`;
    throw new StoreError(`${this.path} has no ${run === undefined ? "finished run" : `run ${run}`}: ${there}`);
  }

  async #judged(runId: number): Promise<ConversationRow[]> {
    const sql = `SELECT * FROM ${CONVERSATION_TABLE} WHERE run_id = ? ORDER BY rowid`;
    const kinds = new Map<number, Kind>();
    const ofRun = `SELECT * FROM ${KIND_TABLE} WHERE kind >= ? AND kind < ?`;
    const from = runId * KINDS_A_RUN;
    for (const stored of await this.#db.all(ofRun, [from, from + KINDS_A_RUN]))
      kinds.set(Number(stored.kind) - from, decodeKind(stored));
    const kindOf = (number: number): Kind => {
      const kind = kinds.get(number);
      if (kind === undefined)
        throw new StoreError(`${this.path} has lost what conversations of run ${runId} have alike`);
      return kind;
    };
    return (await this.#db.all(sql, [runId])).map((stored) => decodeConversation(stored, kindOf));
  }

  async #rows<Row extends object>(table: Table<Row>, runId: number): Promise<Row[]> {
    const rows = await this.#db.all(`SELECT * FROM ${table.name} WHERE run_id = ? ORDER BY rowid`, [runId]);
    return rows.map((row) => table.decode(row));
  }

  /** `verdict`: the column that has it of rows that have none of their own. */
  async #chunks<Row>(
    table: string,
    runId: number,
    rowsOf: (text: string, verdict: LookupRow["verdict"]) => Row[],
    verdict = "NULL",
  ): Promise<Row[]> {
    const sql = `SELECT COALESCE(exact, data) AS text, ${verdict} AS verdict FROM ${table} WHERE run_id = ? ORDER BY seq`;
    const chunks = await this.#db.all(sql, [runId]);
    return chunks.flatMap(({ text, verdict }) => rowsOf(String(text), verdict as LookupRow["verdict"])); // as it was written
  }

  async #rest(runId: number, known: number | null): Promise<RestConversations> {
    const counted = `SELECT sum(json_array_length(data) - COALESCE(length(replace(hex(masked), '0', '')), 0)) AS count
${TEXTS} WHERE c.run_id = ?`;
    const count = known ?? Number((await this.#db.all(counted, [runId]))[0]?.count ?? 0);
    const sql = `SELECT c.seq, COALESCE(exact, data) AS text, alike, masked ${TEXTS} WHERE c.run_id = ? AND c.seq > ? ORDER BY c.seq LIMIT 1`;
    const told = "SELECT verdict FROM rest_chunk WHERE run_id = ? LIMIT 1";
    const verdict = ((await this.#db.all(told, [runId]))[0]?.verdict ?? null) as Verdict | null; // of the rest that was written
    const pull = this.#db.pull;
    if (pull !== null) {
      const texts = function* (): Iterable<string> {
        for (let row = pull(sql, [runId, -1])[0]; row !== undefined; row = pull(sql, [runId, row.seq ?? null])[0])
          yield textOf(row);
      };
      return new ChunkedRest(count, texts, verdict);
    }
    // This library answers only later, and an iterator cannot wait: the texts (not the rows) are held.
    const texts: string[] = [];
    const next = async (seq: SqlValue): Promise<SqlRow | undefined> => (await this.#db.all(sql, [runId, seq]))[0];
    for (let row = await next(-1); row !== undefined; row = await next(row.seq ?? null)) texts.push(textOf(row));
    return new ChunkedRest(count, () => texts, verdict);
  }
}

/** Texts of conversations that nobody judged. */
const TEXTS = "FROM rest_chunk AS c LEFT JOIN rest_mask AS m ON m.run_id = c.run_id AND m.seq = c.seq";

/** One driver gives Buffers; callers get what they wrote. */
function plainBytes(data: Uint8Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

const PARTS = "SELECT kind, seq, data FROM observation WHERE rowid IN (SELECT value FROM json_each(?)) ORDER BY rowid";
/** Bytes of parts that are asked for at once: less, and most of the time goes into asking. */
const BATCH_BYTES = 1 << 20;
/** Batches that are read while one is looked at: behind one that is read the next begins, whatever this thread does. */
const AHEAD = 2;

/** Places of parts in their order, as many as are read at once: none stands before the one before it. */
function batchesOf(sizes: readonly SqlRow[]): number[][] {
  const batches: number[][] = [];
  let bytes = BATCH_BYTES;
  let last = -1;
  for (const row of sizes) {
    const place = Number(row.place);
    if (bytes >= BATCH_BYTES || place < last) {
      batches.push([]);
      bytes = 0;
    }
    batches.at(-1)!.push(place);
    bytes += Number(row.bytes);
    last = place;
  }
  return batches;
}
