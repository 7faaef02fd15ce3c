/**
 * The parts of an observation from one database to another, by SQLite itself: in its own thread, whatever this one does meanwhile.
 * As many at once as others can wait for.
 */
import type { Driver } from "./driver.ts";
import type { StoredObservation } from "./store.ts";

/** What the other database is called in statements. */
export const SOURCE = "source";
export const DETACH = `DETACH ${SOURCE}`;
const BATCH_BYTES = 16 << 20;

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
