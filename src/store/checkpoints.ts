/**
 * Writes a run that goes on: the whole of it each time, in one transaction, so that a reader never sees half of it. A judged
 * conversation's row that is the same object as at the last checkpoint stands there already.
 */
import { setImmediate } from "node:timers/promises";
import type { ConversationRow, RunResult } from "../report/result.ts";
import type { Driver, SqlValue } from "./driver.ts";
import type { CheckpointWriter, PartChange } from "./store.ts";
import { CONVERSATION } from "./tables.ts";
import type { Transactions } from "./transactions.ts";
import { PART_COLUMNS, resultTables, updateRun } from "./writer.ts";

/** Rows handed to the driver at once. */
const BATCH = 1_000;

export class SqliteCheckpoints implements CheckpointWriter {
  readonly runId: number;
  readonly #driver: Driver;
  readonly #transactions: Transactions;
  /** Parts that are in the database, as `kind seq`. */
  #parts = new Set<string>();
  /** Judged conversations that are in the database, by id. */
  #judged = new Map<string, ConversationRow>();

  constructor(driver: Driver, transactions: Transactions, runId: number) {
    this.#driver = driver;
    this.#transactions = transactions;
    this.runId = runId;
  }

  async checkpoint(result: RunResult, parts: Iterable<PartChange>, signal?: AbortSignal): Promise<void> {
    this.#parts = await this.#transactions.run(async () => {
      const changed = await this.#makeRoom(result.judged);
      for (const { name, columns, rows } of resultTables(result, changed)) {
        if (name !== CONVERSATION.name) await this.#driver.all(`DELETE FROM ${name} WHERE run_id = ?`, [this.runId]);
        await this.#insert(name, columns, rows, signal);
      }
      const written = await this.#writeParts(parts);
      await updateRun(this.#driver, this.runId, result, result.run.status);
      return written;
    });
    this.#judged = new Map(result.judged.map((row) => [row.conversation_id, row]));
  }

  /** Deletes judged conversations that are gone or changed; returns those that are to be written. */
  async #makeRoom(judged: readonly ConversationRow[]): Promise<readonly ConversationRow[]> {
    if (this.#judged.size === 0) return judged;
    const stale = new Set(this.#judged.keys());
    const changed: ConversationRow[] = [];
    for (const row of judged) {
      if (this.#judged.get(row.conversation_id) === row) stale.delete(row.conversation_id);
      else changed.push(row);
    }
    if (stale.size * 2 > this.#judged.size) {
      await this.#driver.all(`DELETE FROM ${CONVERSATION.name} WHERE run_id = ?`, [this.runId]);
      return judged;
    }
    const ids = [...stale];
    for (let from = 0; from < ids.length; from += BATCH) {
      const some = ids.slice(from, from + BATCH);
      const marks = some.map(() => "?").join();
      const sql = `DELETE FROM ${CONVERSATION.name} WHERE run_id = ? AND conversation_id IN (${marks})`;
      await this.#driver.all(sql, [this.runId, ...some]);
    }
    return changed;
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
      await setImmediate(); // a driver may be synchronous, and a signal must not wait for the whole of it
      signal?.throwIfAborted();
    }
    if (batch.length > 0) await this.#driver.insert(table, ["run_id", ...columns], batch);
  }
}
