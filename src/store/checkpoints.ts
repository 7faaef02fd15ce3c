/**
 * Writes a run that goes on: the whole of it each time, in one transaction, so that a reader never sees half of it. Of judged
 * conversations what has changed is written (`written-rows.ts`); where nothing in one but counts has, what it has alike with others
 * stays.
 */
import { setImmediate } from "node:timers/promises";
import { VALUE } from "../report/kind-text.ts";
import { Kinds } from "../report/kinds.ts";
import { PackedRows } from "../report/packed-rows.ts";
import type { RunResult } from "../report/result.ts";
import { LOOKUP_COLUMNS, lookupChunks } from "./chunks.ts";
import { CONVERSATION_TABLE, conversationBatches, KIND_TABLE, KINDS_A_RUN } from "./conversation-table.ts";
import { REST_COLUMNS, restRows, restValues } from "./copied-rest.ts";
import type { Driver, SqlValue } from "./driver.ts";
import { type CheckpointWriter, DEPARTED, FIRST_DEPARTED, type Moves, type PartChange } from "./store.ts";
import type { Transactions } from "./transactions.ts";
import { insertConversations, insertRun, LOOKUPS, PART_COLUMNS, REST, resultTables, updateRun } from "./writer.ts";
import { type Difference, WrittenRows } from "./written-rows.ts";

const NO_MOVES: Moves = { leave: [], back: [] };
/** Rows handed to the driver at once. */
const BATCH = 1_000;

/** Bytes of rows handed to the driver at once. */
const BATCH_BYTES = 1 << 20;
/** Kinds after which others are begun, and those that no row is of any more are deleted. */
const MOST_KINDS = 8_192;

/**
 * One text for many rows: a parameter costs more than what SQLite does with it. Only the counts themselves: to put the rest together
 * again takes three times as long. The index, lest it goes through all rows for each.
 */
const UPDATE_COUNTS = `UPDATE ${CONVERSATION_TABLE} INDEXED BY conversation_id
SET data = json_set(data, '$[${VALUE.last}]', json_extract(c.value, '$[1]'),
  '$[${VALUE.packets}]', json_extract(c.value, '$[2]'), '$[${VALUE.bytes}]', json_extract(c.value, '$[3]'))
FROM json_each(?) AS c
WHERE ${CONVERSATION_TABLE}.conversation_id = json_extract(c.value, '$[0]') AND ${CONVERSATION_TABLE}.run_id = ?`;

export class SqliteCheckpoints implements CheckpointWriter {
  runId: number | null = null;
  readonly #driver: Driver;
  readonly #transactions: Transactions;
  /** Parts that are in the database, as `kind seq`. */
  #parts = new Set<string>();
  /** Judged conversations that are in the database. */
  readonly #judged = new WrittenRows();
  #kinds = new Kinds();
  /** Numbers of kinds that are in the database. */
  #written = new Set<number>();
  /** Of judged conversations those whose whole rows are in the database too, because columns cannot show them as they are. */
  #exact = new Set<string>();
  /** True where rows stand in the database that no result has any more. */
  #departed = false;

  constructor(driver: Driver, transactions: Transactions) {
    this.#driver = driver;
    this.#transactions = transactions;
  }

  async checkpoint(
    result: RunResult,
    parts: Iterable<PartChange>,
    { leave, back }: Moves = NO_MOVES,
    signal?: AbortSignal,
    meanwhile?: () => void,
  ): Promise<void> {
    this.#departed ||= leave.length > 0;
    const left = leave.flatMap(({ row }) => (typeof row === "object" && row !== null ? [row] : []));
    const before = this.runId;
    const [kinds, written] = this.#kindsToWrite();
    const difference = this.#judged.compare(result.judged, left, this.#exact);
    // Where most are to be written anew they are deleted all at once, those that have left excepted: nobody has their rows.
    const isAnew = !this.#departed && difference.stale.length * 2 > this.#judged.size;
    const changed = isAnew ? result.judged : difference.changed;
    const write = async (): Promise<Set<string>> => {
      // With its first checkpoint and not before: a run that is killed earlier has left nothing.
      const runId = before ?? (await insertRun(this.#driver, result.run));
      this.runId = runId;
      await this.#takeBack(back);
      if (isAnew) await this.#driver.all(`DELETE FROM ${CONVERSATION_TABLE} WHERE run_id = ?`, [runId]);
      else await this.#makeRoom(difference, signal, meanwhile);
      for (const batch of conversationBatches(runId, PackedRows.of(changed, kinds), written, BATCH_BYTES)) {
        await insertConversations(this.#driver, runId, batch);
        for (const [id, , , , exact] of batch.others) if (exact !== null) this.#exact.add(String(id));
        await turn(signal);
      }
      if (kinds.first > this.#kinds.first) await this.#sweep(runId, kinds.first);
      const lookups = { name: LOOKUPS, columns: LOOKUP_COLUMNS, rows: lookupChunks(result.lookups, false) };
      for (const { name, columns, rows } of [...resultTables(result), lookups]) {
        await this.#driver.all(`DELETE FROM ${name} WHERE run_id = ?`, [this.runId]);
        await this.#insert(name, columns, rows, signal);
      }
      await this.#driver.all(`DELETE FROM ${REST} WHERE run_id = ? AND seq < ?`, [this.runId, FIRST_DEPARTED]);
      await this.#insert(REST, REST_COLUMNS, restRows(result.rest), signal);
      await this.#depart(leave, signal);
      const there = await this.#writeParts(parts);
      await updateRun(this.#driver, runId, result, result.run.status);
      return there;
    };
    try {
      this.#parts = await this.#transactions.run(write);
    } catch (error) {
      this.runId = before;
      throw error;
    }
    this.#kinds = kinds;
    this.#written = written;
    this.#judged.stand(difference);
  }

  /** Kinds to go on with, which a checkpoint that fails leaves as they were: others where there are very many. */
  #kindsToWrite(): [Kinds, Set<number>] {
    if (this.#written.size < MOST_KINDS) return [this.#kinds, new Set(this.#written)];
    return [new Kinds(this.#kinds.end), new Set()];
  }

  /** Deletes kinds before `first` that no row is of. */
  async #sweep(run: number, first: number): Promise<void> {
    const from = run * KINDS_A_RUN;
    const used = `SELECT ? + kind FROM ${CONVERSATION_TABLE} WHERE run_id = ?`;
    const sql = `DELETE FROM ${KIND_TABLE} WHERE kind >= ? AND kind < ? AND kind NOT IN (${used})`;
    await this.#driver.all(sql, [from, from + first, from, run]);
  }

  async departed(seqs: readonly number[] | null): Promise<Uint8Array[]> {
    const all = "SELECT data FROM observation WHERE run_id = ? AND kind = ?";
    const rows =
      seqs === null
        ? await this.#driver.all(`${all} ORDER BY seq`, [this.runId, DEPARTED])
        : await this.#driver.all(`${all} AND seq IN (SELECT value FROM json_each(?))`, [
            this.runId,
            DEPARTED,
            JSON.stringify(seqs),
          ]);
    return rows.flatMap(({ data }) => (data instanceof Uint8Array ? [data] : []));
  }

  /** What has come back is written as all else is, so nothing of it stays where it stood. */
  async #takeBack(back: Moves["back"]): Promise<void> {
    for (const some of batches(back)) {
      const seqs = JSON.stringify(some.map(({ seq }) => seq));
      const ids = JSON.stringify(some.map(({ id }) => id));
      const among = "IN (SELECT value FROM json_each(?))";
      await this.#driver.all(`DELETE FROM observation WHERE run_id = ? AND kind = ? AND seq ${among}`, [
        this.runId,
        DEPARTED,
        seqs,
      ]);
      await this.#driver.all(`DELETE FROM ${REST} WHERE run_id = ? AND seq ${among}`, [this.runId, seqs]);
      await this.#driver.all(`DELETE FROM ${CONVERSATION_TABLE} WHERE run_id = ? AND conversation_id ${among}`, [
        this.runId,
        ids,
      ]);
    }
  }

  /** Parts of conversations that leave, and the texts of those that nobody judged. */
  async #depart(leave: Moves["leave"], signal?: AbortSignal): Promise<void> {
    const parts = leave.map(({ seq, part }): SqlValue[] => [DEPARTED, seq, part]);
    await this.#insert("observation", PART_COLUMNS, parts, signal);
    const texts = leave.flatMap(({ seq, row }) => (typeof row === "string" ? [restValues(seq, row, "unrelated")] : []));
    await this.#insert(REST, REST_COLUMNS, texts, signal);
  }

  /** Deletes judged conversations that are gone or changed, and writes counts where nothing else has changed. */
  async #makeRoom({ stale, counts }: Difference, signal?: AbortSignal, meanwhile?: () => void): Promise<void> {
    for (const ids of batches(stale)) {
      const marks = ids.map(() => "?").join();
      const sql = `DELETE FROM ${CONVERSATION_TABLE} WHERE run_id = ? AND conversation_id IN (${marks})`;
      await this.#driver.all(sql, [this.runId, ...ids]);
    }
    const update = (texts: string): Promise<unknown> => this.#driver.all(UPDATE_COUNTS, [texts, this.runId]);
    if (meanwhile === undefined) {
      for (const texts of counts) {
        await update(texts);
        await turn(signal);
      }
      return;
    }
    // A driver with a thread of its own has all of it to do by now. None may come behind the transaction's end, so all are waited for.
    const under = counts.map(update);
    meanwhile();
    for (const ended of await Promise.allSettled(under)) if (ended.status === "rejected") throw ended.reason;
  }

  /** A changed part keeps its row's place: parts are read back in the order in which they were first written. */
  async #writeParts(parts: Iterable<PartChange>): Promise<Set<string>> {
    const there = new Set<string>();
    for (const { kind, seq, data } of parts) {
      const key = `${kind} ${seq}`;
      there.add(key);
      if (data === null) continue;
      if (this.#parts.has(key)) {
        const sql = "UPDATE observation SET data = ? WHERE run_id = ? AND kind = ? AND seq = ?";
        await this.#driver.all(sql, [data, this.runId, kind, seq]);
      } else {
        await this.#insert("observation", PART_COLUMNS, [[kind, seq, data]]);
      }
    }
    for (const key of this.#parts) {
      if (there.has(key)) continue;
      const [kind = "", seq = ""] = key.split(" ");
      const sql = "DELETE FROM observation WHERE run_id = ? AND kind = ? AND seq = ?";
      await this.#driver.all(sql, [this.runId, kind, Number(seq)]);
    }
    return there;
  }

  async #insert(
    table: string,
    columns: readonly string[],
    rows: Iterable<SqlValue[]>,
    signal?: AbortSignal,
  ): Promise<void> {
    let batch: SqlValue[][] = [];
    for (const row of rows) {
      batch.push([this.runId, ...row]);
      if (batch.length < BATCH) continue;
      await this.#driver.insert(table, ["run_id", ...columns], batch);
      batch = [];
      await turn(signal);
    }
    if (batch.length > 0) await this.#driver.insert(table, ["run_id", ...columns], batch);
  }
}

/** A driver may be synchronous, and a signal must not wait for the whole of it. */
async function turn(signal?: AbortSignal): Promise<void> {
  await setImmediate();
  signal?.throwIfAborted();
}

function* batches<Item>(items: readonly Item[]): Generator<readonly Item[]> {
  for (let from = 0; from < items.length; from += BATCH) yield items.slice(from, from + BATCH);
}
