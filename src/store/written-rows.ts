/**
 * What a run's judged conversations were when they were last written, and so what is to be written of them next. A run that goes on
 * puts new counts into the rows that it has: counts stand here as they were written, and all else of a row that is the same object is
 * as it was.
 */
import { microseconds } from "../report/kind-text.ts";
import type { ConversationRow } from "../report/result.ts";
import { isSameButCounts } from "./conversation-table.ts";

/** Conversations of which counts alone are written at once. */
const BATCH = 1_000;

interface Written {
  row: ConversationRow;
  /** Below zero where it was never written. */
  packets: number;
  bytes: number;
  last_seen: string;
  /** The comparison that last met it, and its place among those that it was given. */
  turn: number;
  place: number;
}

/** What is to be written, and with it what `stand` needs. */
export interface Difference {
  /** To be written whole. */
  changed: readonly ConversationRow[];
  /** Ids to be deleted before: of those, and of what is gone. */
  stale: readonly string[];
  /** JSON lists, each of many `[id, microseconds from first to last, packets, bytes]`, of which nothing else is to be written. */
  counts: readonly string[];
  /** Both of the above, and where they are known. */
  rows: readonly ConversationRow[];
  known: readonly Written[];
  order: readonly Written[];
  gone: readonly string[];
}

export class WrittenRows {
  readonly #byId = new Map<string, Written>();
  /** As they were last given: most of the next ones come in the same order, and need not be looked up. */
  #order: readonly Written[] = [];
  #turn = 0;

  get size(): number {
    return this.#byId.size;
  }

  /** `left`: written now for the last time. `exact`: ids of those of which counts cannot be written alone. */
  compare(
    judged: readonly ConversationRow[],
    left: readonly ConversationRow[],
    exact: ReadonlySet<string>,
  ): Difference {
    const turn = ++this.#turn;
    const changed: ConversationRow[] = [];
    const stale: string[] = [];
    const counts: string[] = [];
    const rows: ConversationRow[] = [];
    const known: Written[] = [];
    const order: Written[] = [];
    let [at, met] = [0, 0];
    let batch: string[] = [];
    const look = (row: ConversationRow): Written => {
      const next = this.#order[at];
      const before = next?.row === row ? next : this.#byId.get(row.conversation_id);
      if (before !== undefined) {
        at = before.place + 1;
        if (before.turn !== turn) met++;
        before.turn = turn;
        if (before.row === row && isCountedAs(before, row)) return before;
      }
      const written = before ?? { row, packets: -1, bytes: 0, last_seen: "", turn, place: 0 };
      rows.push(row);
      known.push(written);
      const text = before === undefined || exact.has(row.conversation_id) ? null : countsText(before.row, row);
      if (text === null) {
        changed.push(row);
        if (before !== undefined) stale.push(row.conversation_id);
      } else if (batch.push(text) === BATCH) {
        counts.push(`[${batch.join()}]`);
        batch = [];
      }
      return written;
    };
    for (const row of judged) {
      const written = look(row);
      written.place = order.push(written) - 1;
    }
    for (const row of left) look(row);
    if (batch.length > 0) counts.push(`[${batch.join()}]`);
    const gone: string[] = [];
    if (met < this.size) for (const [id, one] of this.#byId) if (one.turn !== turn) gone.push(id);
    stale.push(...gone);
    return { changed, stale, counts, rows, known, order, gone: gone.concat(left.map((row) => row.conversation_id)) };
  }

  /** It was written. */
  stand({ rows, known, order, gone }: Difference): void {
    for (const [i, written] of known.entries()) {
      const row = rows[i]!;
      if (written.packets < 0) this.#byId.set(row.conversation_id, written);
      written.row = row;
      written.packets = row.packets;
      written.bytes = row.bytes;
      written.last_seen = row.last_seen;
    }
    for (const id of gone) this.#byId.delete(id);
    this.#order = order;
  }
}

function isCountedAs(written: Written, { packets, bytes, last_seen }: ConversationRow): boolean {
  return written.packets === packets && written.bytes === bytes && written.last_seen === last_seen;
}

/** Null where more than counts is another, or its times are none that rows have as numbers. */
function countsText(before: ConversationRow, row: ConversationRow): string | null {
  if (before !== row && !isSameButCounts(before, row)) return null;
  const [first, last] = [microseconds(row.first_seen), microseconds(row.last_seen)];
  if (first === null || last === null) return null;
  return `["${row.conversation_id}",${last - first},${row.packets},${row.bytes}]`; // an id is hexadecimal
}
