/**
 * Look-ups of hosts that play no role, copied from the database that is judged again: in a text of a thousand of which no client is
 * judged, and none was, nothing is said that could be otherwise now. Of the others the rows are judged anew.
 */
import type { LookupRows } from "../report/lookup-rows.ts";
import type { LookupRow } from "../report/result.ts";
import { lookupsOf, lookupValues } from "./chunks.ts";
import { clientPrint } from "./client-prints.ts";
import type { SqlValue } from "./driver.ts";
import type { LookupHead, StoredObservation } from "./store.ts";

/** `?1` the run, `?2` the version whose texts can be copied. */
export const STORED_LOOKUPS = `SELECT seq, clients, has_verdicts FROM lookup_chunk
WHERE run_id = ?1 AND made_by = ?2 AND exact IS NULL ORDER BY seq`;
export const LOOKUP_TEXT = "SELECT CAST(data AS BLOB) AS data FROM lookup_chunk WHERE run_id = ?1 AND seq = ?2";

export async function lookupHeads(rows: Promise<readonly Record<string, unknown>[]>): Promise<LookupHead[]> {
  const heads: LookupHead[] = [];
  for (const { seq, clients, has_verdicts } of await rows) {
    const bytes = clients instanceof Uint8Array ? new Uint8Array(clients) : new Uint8Array(0); // of its own, so aligned
    heads.push({ seq: Number(seq), clients: new Uint32Array(bytes.buffer), isJudged: Number(has_verdicts) !== 0 });
  }
  return heads;
}

/** Which of the stored texts are to be judged anew; null where it is less work, or the only way, to write all of them. */
export async function lookupsToJudge(
  rows: LookupRows,
  stored: StoredObservation,
): Promise<Map<number, boolean> | null> {
  if (!rows.isPlain || rows.anew === null) return null;
  const heads = await stored.lookupHeads();
  const judged = new Set(rows.judged.map(({ realm, client }) => clientPrint(realm, client)));
  const anew = new Map<number, boolean>();
  let count = 0;
  for (const [i, { seq, clients, isJudged }] of heads.entries()) {
    if (seq !== i) return null; // one is missing: another version's, or with texts that SQLite can't carry
    const isAnew = isJudged || clients.some((client) => judged.has(client));
    if (isAnew) count++;
    anew.set(seq, isAnew);
  }
  return heads.length === 0 || count > heads.length / 2 ? null : anew;
}

/** `canCopy`: of those that are to be copied as they stand the numbers alone. */
export async function* copiedLookups(
  rows: LookupRows,
  stored: StoredObservation,
  toJudge: ReadonlyMap<number, boolean>,
  canCopy: boolean,
): AsyncGenerator<SqlValue[] | number> {
  for (const [seq, isAnew] of toJudge) {
    if (!isAnew && canCopy) yield seq;
    else yield lookupValues(seq, judgedAnew(rows, Buffer.from(await stored.lookupText(seq)).toString()), true);
  }
}

function judgedAnew({ anew }: LookupRows, text: string): LookupRow[] {
  return lookupsOf(text, null).map((row) => anew!(row));
}
