/**
 * Conversations that nobody judged, copied from the database that is judged again: their texts are the same whatever they are judged by,
 * and a text of which more is judged this time is copied without those.
 *
 *     stored   [[1,…],⏎[2,…],⏎[3,…]]     its second conversation is judged now:     [[1,…],⏎[3,…]]
 */
import { isOut, Rest, type RestChunk, ROW_BREAK } from "../observe/rest.ts";
import type { RestConversations } from "../report/result.ts";
import { VERSION } from "../version.ts";
import type { SqlValue } from "./driver.ts";
import type { RestHead, StoredObservation } from "./store.ts";
import { dataAndExact } from "./text.ts";

export const REST_COLUMNS: readonly string[] = [
  ...["seq", "made_by", "left_out", "ends", "verdict", "has_operations", "data", "exact"],
];

/** `?1` the run, `?2` the version whose texts can be copied. */
export const STORED_HEADS = `SELECT seq, left_out, ends FROM rest_chunk
WHERE run_id = ?1 AND made_by = ?2 AND exact IS NULL`;
/** Bytes, as a text would be read only to be written. */
export const STORED_TEXT = "SELECT CAST(data AS BLOB) AS data FROM rest_chunk WHERE run_id = ?1 AND seq = ?2";

export async function restHeads(rows: Promise<readonly Record<string, unknown>[]>): Promise<Map<number, RestHead>> {
  const heads = new Map<number, RestHead>();
  for (const { seq, left_out, ends } of await rows)
    heads.set(Number(seq), { leftOut: left_out instanceof Uint8Array ? left_out : null, ends: String(ends) });
  return heads;
}

/** What copies texts of a table in SQL, with the run and the verdict of all that they get. */
export function copyTexts(
  schema: string,
  table: string,
  columns: readonly string[],
  run: string,
  verdict: string,
): string {
  const values = columns.map((column) => (column === "verdict" ? verdict : column));
  return `INSERT INTO ${table} (run_id, ${columns.join(", ")})
SELECT ${run}, ${values.join(", ")} FROM ${schema}.${table}`;
}

/** Chunks that are copied as they stand. `?1` the run, `?2` the verdict of all, `?3` the run in `schema`, `?4` their numbers in JSON. */
export const insertCopies = (schema: string, table: string, columns: readonly string[]): string =>
  `${copyTexts(schema, table, columns, "?1", "?2")}
WHERE run_id = ?3 AND seq IN (SELECT value FROM json_each(?4))`;

/** Texts of all. They are no other run's to copy unless it is `isWhole`: what a run that goes on has may be less than it saw. */
export function* restRows(rest: RestConversations, isWhole: boolean): Generator<SqlValue[]> {
  if (rest instanceof Rest) {
    for (const part of rest.parts()) yield madeRow(rest, part, isWhole);
    return;
  }
  let seq = 0;
  for (const text of rest.chunks()) yield restValues(seq++, text, rest.verdict ?? null);
}

/** A text of conversations that nobody judged, as `RestConversations.chunks` has them. */
export function restValues(seq: number, text: string, verdict: string | null): SqlValue[] {
  return valuesOf({ seq, leftOut: null, ends: null }, text, verdict, null);
}

function madeRow(rest: Rest, part: RestChunk, isWhole: boolean): SqlValue[] {
  return valuesOf(part, part.text(), rest.verdict, isWhole && rest.isPlain ? VERSION : null);
}

function valuesOf(
  { seq, leftOut, ends }: Pick<RestChunk, "seq" | "leftOut"> & { ends: string | null },
  text: string,
  verdict: string | null,
  madeBy: string | null,
): SqlValue[] {
  const [data, exact] = dataAndExact(text);
  // Inside a JSON string the quotes would be escaped, so this is the property and no text off the wire.
  const hasOperations = /"operations"\s*:\s*\[\s*\{/.test(data);
  return [seq, madeBy, leftOut, ends, verdict, hasOperations ? 1 : 0, data, exact];
}

/** Whether they say what they say whatever they are judged by. */
export function canBeCopied(rest: RestConversations): rest is Rest {
  return rest instanceof Rest && rest.isPlain;
}

/** As `restRows`, taken from the database where it has them, as bytes of text. `canCopy`: of those that are to be copied as they stand the numbers alone. */
export async function* copiedRows(
  rest: Rest,
  stored: StoredObservation,
  canCopy: boolean,
): AsyncGenerator<SqlValue[] | number> {
  const heads = await stored.restHeads();
  /** Whose text is read while the one before is looked at. */
  let waiting: Shortened | null = null;
  for (const part of rest.parts()) {
    const head = heads.get(part.seq);
    const isThere = head?.ends === part.ends;
    const isCopy = isThere && canCopy && isSame(head.leftOut, part.leftOut);
    const asked: Shortened | null = isThere && !isCopy ? { part, head, text: stored.restText(part.seq) } : null;
    asked?.text.catch(() => {}); // told when its turn comes
    if (waiting !== null) yield await shortened(rest, waiting);
    waiting = asked;
    if (isCopy) yield part.seq;
    else if (asked === null) yield madeRow(rest, part, true);
  }
  if (waiting !== null) yield await shortened(rest, waiting);
}

/** A text of which some rows may be judged now. */
interface Shortened {
  part: RestChunk;
  head: RestHead;
  text: Promise<Uint8Array>;
}

async function shortened(rest: Rest, { part, head, text }: Shortened): Promise<SqlValue[]> {
  const { buffer, byteOffset, byteLength } = await text;
  const left = fewer(part, head, Buffer.from(buffer, byteOffset, byteLength));
  return left === null ? madeRow(rest, part, true) : bytesValues(part, left, rest.verdict);
}

/** As `valuesOf`, of a text that is storable: it was stored. */
function bytesValues({ seq, leftOut, ends }: RestChunk, text: Buffer, verdict: string | null): SqlValue[] {
  return [seq, VERSION, leftOut, ends, verdict, text.includes(OPERATIONS) ? 1 : 0, text, null];
}
/** As `JSON.stringify` writes it. */
const OPERATIONS = '"operations":[{';

/** The rows of a text that are not left out now; null where one was left out then and is not now. As bytes: most stay as they are. */
function fewer({ leftOut, count }: RestChunk, before: RestHead, text: Buffer): Buffer | null {
  const kept = Buffer.allocUnsafe(text.length);
  let length = text.copy(kept, 0, 0, 1); // the bracket
  let rows = 0;
  /** Where what is kept, and not copied yet, begins. */
  let begin = 1;
  for (let i = 0, at = 1; at < text.length; i++) {
    const isThere = before.leftOut === null || !isOut(before.leftOut, i);
    const isKept = leftOut === null || !isOut(leftOut, i);
    if (isKept && !isThere) return null;
    if (!isThere) continue;
    const lineBreak = text.indexOf(LINE_BREAK, at);
    const next = lineBreak < 0 ? text.length : lineBreak + 1;
    if (isKept) rows++;
    else {
      length += text.copy(kept, length, begin, at);
      begin = next;
    }
    at = next;
  }
  if (rows !== count) return null;
  length += text.copy(kept, length, begin);
  if (begin < text.length) return kept.subarray(0, length);
  length -= ROW_BREAK.length; // the last is left out
  return kept.subarray(0, length + kept.write("]", length));
}
const LINE_BREAK = ROW_BREAK.charCodeAt(ROW_BREAK.length - 1);

function isSame(a: Uint8Array | null, b: Uint8Array | null): boolean {
  return a === null || b === null ? a === b : Buffer.compare(a, b) === 0;
}
