/**
 * The parts of an observation from one database to another, and texts of what nobody judged there, by SQLite itself: in its own thread,
 * whatever this one does meanwhile. As many at once as others can wait for. Most texts are the same when all is judged, and those that
 * are not are taken out again.
 */
import { VERSION } from "../version.ts";
import { copyTexts } from "./copied-rest.ts";
import type { Driver } from "./driver.ts";
import { FIRST_DEPARTED, type StoredObservation } from "./store.ts";

/** What the other database is called in statements. */
export const SOURCE = "source";
export const DETACH = `DETACH ${SOURCE}`;
const BATCH_BYTES = 16 << 20;
/** Texts of a thousand conversations, of some 400 bytes each. */
const TEXTS_A_BATCH = 32;

/** Statements that copy all parts of a run that the driver has attached, each batch in a transaction of its own. */
export async function copyScript(driver: Driver, { run: from }: StoredObservation, to: number): Promise<string> {
  const sizes = `SELECT rowid AS place, length(data) AS bytes FROM ${SOURCE}.observation WHERE run_id = ? ORDER BY rowid`;
  const statements: string[] = [];
  let first = -1;
  let bytes = 0;
  const copy = (last: number): void => {
    if (first < 0) return;
    statements.push(
      `BEGIN IMMEDIATE; INSERT INTO observation (run_id, kind, seq, data)
SELECT ${to}, kind, seq, data FROM ${SOURCE}.observation WHERE run_id = ${from} AND rowid BETWEEN ${first} AND ${last} ORDER BY rowid; COMMIT;`,
    );
    first = -1;
    bytes = 0;
  };
  let last = -1;
  for (const row of await driver.all(sizes, [from])) {
    last = Number(row.place);
    if (first < 0) first = last;
    bytes += Number(row.bytes);
    if (bytes >= BATCH_BYTES) copy(last);
  }
  copy(last);
  return statements.join("\n");
}

/** Statements that copy the texts of a table that another run can have, with this verdict of all. */
export async function textsScript(
  driver: Driver,
  { run: from }: StoredObservation,
  to: number,
  { table, columns, verdict }: { table: string; columns: readonly string[]; verdict: string | null },
): Promise<string> {
  const sql = `SELECT seq FROM ${SOURCE}.${table} WHERE run_id = ? AND seq < ${FIRST_DEPARTED} ORDER BY seq`;
  const seqs = (await driver.all(sql, [from])).map(({ seq }) => Number(seq));
  const told = verdict === null ? "NULL" : quoted(verdict);
  const copy = copyTexts(SOURCE, table, columns, String(to), told);
  const statements: string[] = [];
  for (let i = 0; i < seqs.length; i += TEXTS_A_BATCH) {
    const last = seqs[Math.min(i + TEXTS_A_BATCH, seqs.length) - 1]!;
    statements.push(
      `BEGIN IMMEDIATE; ${copy}
WHERE run_id = ${from} AND seq BETWEEN ${seqs[i]!} AND ${last}
AND made_by = ${quoted(VERSION)} AND exact IS NULL; COMMIT;`,
    );
  }
  return statements.join("\n");
}

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
