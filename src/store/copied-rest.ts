/**
 * Conversations that nobody judged, copied from the database that is judged again: their texts are the same whatever they are judged by.
 * A text of which more is judged this time stands as it was too, and beside it, which of its rows count for nothing.
 *
 *     text   [[1,…],⏎[2,…],⏎[3,…]]     its second conversation is judged now, so its mask is     0 1 0
 */
import { isOut, Rest, type RestChunk, ROW_BREAK, withAlike } from "../observe/rest.ts";
import type { RestConversations } from "../report/result.ts";
import { VERSION } from "../version.ts";
import type { SqlRow, SqlValue } from "./driver.ts";
import type { RestHead, RestText, StoredObservation } from "./store.ts";
import { dataAndExact } from "./text.ts";

export const REST_COLUMNS: readonly string[] = [
  ...["seq", "made_by", "left_out", "ends", "verdict", "has_operations", "alike", "data", "exact"],
];

export const MASK_COLUMNS: readonly string[] = ["seq", "masked"];

/** `?1` the run, `?2` the version whose texts can be copied. */
export const STORED_HEADS = `SELECT seq, left_out, ends FROM rest_chunk
WHERE run_id = ?1 AND made_by = ?2 AND exact IS NULL`;
/** Bytes, as a text would be read only to be written. */
export const STORED_TEXT = "SELECT alike, CAST(data AS BLOB) AS data FROM rest_chunk WHERE run_id = ?1 AND seq = ?2";

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

/** Texts of all. They are no other run's to copy: what a run that goes on has may be less than it saw. */
export function* restRows(rest: RestConversations): Generator<SqlValue[]> {
  if (rest instanceof Rest) {
    for (const part of rest.parts()) yield valuesOf(part, part.text(), rest.verdict, null);
    return;
  }
  let seq = 0;
  for (const text of rest.chunks()) yield restValues(seq++, text, rest.verdict ?? null);
}

/** A text of conversations that nobody judged, as `RestConversations.chunks` has them. */
export function restValues(seq: number, text: string, verdict: string | null): SqlValue[] {
  return valuesOf({ seq, leftOut: null, ends: null }, text, verdict, null);
}

/** Likewise of a run that is whole, as bytes of text where they are storable as they are: nobody has to make a text of them. */
export function* wholeRows(rest: RestConversations): Generator<SqlValue[]> {
  if (rest instanceof Rest) for (const part of rest.parts()) yield madeRow(rest, part);
  else yield* restRows(rest);
}

function madeRow(rest: Rest, part: RestChunk): SqlValue[] {
  const madeBy = rest.isPlain ? VERSION : null;
  const text = part.bytes();
  return text.hasEscapes && (text.rows.includes(ESCAPE) || text.alike.includes(ESCAPE))
    ? valuesOf(part, part.text(), rest.verdict, madeBy)
    : bytesValues(part, part.leftOut, text, text.hasOperations, rest.verdict, madeBy);
}
/** Without it a JSON text is storable (`storableJson`). */
const ESCAPE = "\\u";

function valuesOf(
  { seq, leftOut, ends }: Pick<RestChunk, "seq" | "leftOut"> & { ends: string | null },
  text: string,
  verdict: string | null,
  madeBy: string | null,
): SqlValue[] {
  const [data, exact] = dataAndExact(text);
  // Inside a JSON string the quotes would be escaped, so this is the property and no text off the wire.
  const hasOperations = /"operations"\s*:\s*\[\s*\{/.test(data);
  return [seq, madeBy, leftOut, ends, verdict, hasOperations ? 1 : 0, null, data, exact];
}

/** Whether they say what they say whatever they are judged by. */
export function canBeCopied(rest: RestConversations): rest is Rest {
  return rest instanceof Rest && rest.isPlain;
}

/**
 * As `restRows`, taken from the database where it has them, as bytes of text. `canCopy`: of those that are to be copied the numbers
 * alone. `masks` gets what is to stand beside them.
 */
export async function* copiedRows(
  rest: Rest,
  stored: StoredObservation,
  canCopy: boolean,
  masks: SqlValue[][],
): AsyncGenerator<SqlValue[] | number> {
  const heads = await stored.restHeads();
  for (const part of rest.parts()) {
    const head = heads.get(part.seq);
    const mask = head?.ends === part.ends ? maskOf(part, head) : null;
    if (head === undefined || mask === null) {
      yield madeRow(rest, part);
      continue;
    }
    if (mask.includes(MASKED)) masks.push([part.seq, mask]);
    if (canCopy) {
      yield part.seq;
      continue;
    }
    const text = await stored.restText(part.seq);
    yield bytesValues(part, head.leftOut, text, bufferOf(text.rows).includes(OPERATIONS), rest.verdict, VERSION);
  }
}

/** As `valuesOf`, of bytes of a text that is storable. */
function bytesValues(
  { seq, ends }: RestChunk,
  leftOut: Uint8Array | null,
  { rows, alike }: RestText,
  hasOperations: boolean,
  verdict: string | null,
  madeBy: string | null,
): SqlValue[] {
  return [seq, madeBy, leftOut, ends, verdict, hasOperations ? 1 : 0, alike, bufferOf(rows), null];
}
const bufferOf = (rows: Uint8Array): Buffer => Buffer.from(rows.buffer, rows.byteOffset, rows.byteLength);
/** As `JSON.stringify` writes it. */
const OPERATIONS = '"operations":[{';

/**
 * A byte for each row of a stored text, `MASKED` where it is judged now; null where the text is to be made anew: it lacks one that is
 * not judged now, or hardly any of it would count, and who reads it would look through the others each time.
 */
function maskOf({ leftOut, count, size }: RestChunk, { leftOut: lacking }: RestHead): Uint8Array | null {
  const mask = new Uint8Array(size);
  let rows = 0;
  let counted = 0;
  for (let i = 0; i < size; i++) {
    if (lacking !== null && isOut(lacking, i)) continue;
    const isMasked = leftOut !== null && isOut(leftOut, i);
    mask[rows++] = isMasked ? MASKED : 0;
    if (!isMasked) counted++;
  }
  return counted < count || counted < rows * LEAST_COUNTED ? null : mask.subarray(0, rows);
}
const MASKED = 1;
const LEAST_COUNTED = 1 / 4;

/** A text of rows that say all of it themselves, of those that count. */
export function textOf({ text, alike, masked }: SqlRow): string {
  const rows = masked instanceof Uint8Array ? unmasked(String(text), masked) : String(text);
  return typeof alike === "string" ? withAlike(rows, alike) : rows;
}

/** What is left of a text without the rows that are masked. */
function unmasked(text: string, mask: Uint8Array): string {
  const rows = text.slice(1, -1).split(ROW_BREAK);
  return `[${rows.filter((_, i) => mask[i] !== MASKED).join(ROW_BREAK)}]`;
}
