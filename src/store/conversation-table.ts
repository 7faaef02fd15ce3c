/**
 * Judged conversations: a row each of what is its own, and a row for what many have alike, its kind (`report/kinds.ts`). The
 * views put both together. Rows go into the database many at once, as one parameter that SQLite cuts up: a million take a tenth of
 * the time and of the room that their texts took.
 */
import { Kind, type Pieces, type Values } from "../report/kind-rows.ts";
import { KIND_COLUMNS, type KindColumn, VALUE } from "../report/kind-text.ts";
import type { Kinds } from "../report/kinds.ts";
import { ID_CHARS, type PackedRows } from "../report/packed-rows.ts";
import type { ConversationRow, Verdict } from "../report/result.ts";
import { RowText } from "../row-text.ts";
import type { SqlRow, SqlValue } from "./driver.ts";
import { storable, storableValue } from "./text.ts";

export const CONVERSATION_TABLE = "conversation";
export const KIND_TABLE = "kind";

/** As numbers they take a fifth of the room, here and in the index; 0 where there is none. */
const VERDICTS: readonly (Verdict | null)[] = [
  null,
  "documented",
  "violation",
  "undocumented",
  "inconclusive",
  "unrelated",
  "ignored",
];

/**
 * `data` is a JSON array: the places of `VALUE`, then what fills further gaps. `exact` holds the row's JSON where anything of it had
 * to be made storable, else NULL.
 */
export const CONVERSATION_SQL = `CREATE TABLE ${CONVERSATION_TABLE} (
  run_id INTEGER NOT NULL,
  conversation_id TEXT,
  verdict INTEGER,
  kind INTEGER NOT NULL,
  data TEXT NOT NULL,
  exact TEXT
);`;

/** Kinds of a run are numbered from its id times this: a whole key is one number, and no run has another's. */
export const KINDS_A_RUN = 2 ** 32;
const NEAREST = ["nearest_rule", "nearest_model"] as const;

/**
 * A column with gaps is a blob. A JSON array has what stands between them and the places in `data` of what fills them; a number is
 * the place of what fills the whole column.
 */
export const KIND_SQL = `CREATE TABLE ${KIND_TABLE} (
  kind INTEGER PRIMARY KEY,
${[...KIND_COLUMNS, ...NEAREST].map((column) => `  ${column} TEXT`).join(",\n")}
);`;
export const KIND_FIELDS: readonly string[] = ["kind", ...KIND_COLUMNS, ...NEAREST];

/**
 * By id. Made when the first run is whole: put in one by one, a million ids in no order would take longer than their rows.
 * Whoever reads before that finds the same, more slowly.
 */
export const CONVERSATION_INDEX = `CREATE INDEX IF NOT EXISTS conversation_id ON ${CONVERSATION_TABLE}(conversation_id, run_id);`;

/** Columns of kinds that are JSON; all others are texts. */
const JSON_COLUMNS: ReadonlySet<KindColumn> = new Set([
  "evidence",
  "names",
  "operations",
  "outcomes",
  "fields",
  "rules",
]);

/** The columns of a kind as its table has them. */
export function kindValues(run: number, number: number, kind: Kind): SqlValue[] {
  const values = KIND_COLUMNS.map((column, i) => columnValue(kind.columns[i]!, JSON_COLUMNS.has(column)));
  const nearest = kind.row("", []).evidence?.nearest ?? null;
  return [run * KINDS_A_RUN + number, ...values, nearest?.rule_id ?? null, nearest?.model ?? null];
}

function columnValue(pieces: Pieces, isJson: boolean): SqlValue {
  const [only = ""] = pieces;
  if (pieces.length === 1) return only === "null" ? null : isJson ? String(only) : JSON.parse(String(only));
  const [before, place, after] = pieces;
  if (pieces.length === 3 && before === after) return Buffer.from(String(place));
  if (isJson) return Buffer.from(JSON.stringify(pieces));
  // Quotes stand around the whole; inside of them nothing is escaped where there are gaps.
  const inside = [...pieces];
  inside[0] = String(inside[0]).slice(1);
  inside[inside.length - 1] = String(inside.at(-1)).slice(0, -1);
  return Buffer.from(JSON.stringify(inside));
}

export function decodeKind(stored: SqlRow): Kind {
  return new Kind(KIND_COLUMNS.map((column) => piecesOf(stored[column] ?? null, JSON_COLUMNS.has(column))));
}

function piecesOf(value: SqlValue, isJson: boolean): Pieces {
  if (!(value instanceof Uint8Array)) return [value === null ? "null" : isJson ? String(value) : JSON.stringify(value)];
  const pieces = JSON.parse(Buffer.from(value).toString()) as number | (string | number)[]; // as `columnValue` wrote them
  if (typeof pieces === "number") return isJson ? ["", pieces, ""] : ['"', pieces, '"'];
  if (isJson) return pieces;
  pieces[0] = `"${pieces[0]}`;
  pieces[pieces.length - 1] = `${pieces.at(-1)}"`;
  return pieces;
}

/** In views over both tables, as `c` and `k`: what fills a gap; a column of the kind with its gaps filled; all of them under their names. */
const value = (place: number): string => `json_extract(c.data, '$[${place}]')`;
const whole = (column: string): string => `CASE WHEN typeof(k.${column}) <> 'blob' THEN k.${column}
    WHEN substr(k.${column}, 1, 1) <> X'5B' THEN json_extract(c.data, '$[' || CAST(k.${column} AS TEXT) || ']')
    ELSE (SELECT group_concat(CASE typeof(p.value) WHEN 'integer' THEN json_extract(c.data, '$[' || p.value || ']') ELSE p.value END, '')
      FROM json_each(CAST(k.${column} AS TEXT)) AS p) END`;

/** Of microseconds; a text is a time already. */
const time = (us: string, else_: string): string => `CASE typeof(${value(VALUE.first)}) WHEN 'integer'
    THEN strftime('%Y-%m-%dT%H:%M:%S', (${us}) / 1000000, 'unixepoch') || printf('.%06dZ', (${us}) % 1000000)
    ELSE ${else_} END`;

const COLUMNS: Readonly<Record<string, string>> = {
  run_id: "c.run_id",
  initiator: value(VALUE.initiator),
  responder: value(VALUE.responder),
  port: value(VALUE.port),
  flows: value(VALUE.flows),
  packets: value(VALUE.packets),
  bytes: value(VALUE.bytes),
  first_seen: time(value(VALUE.first), value(VALUE.first)),
  last_seen: time(`${value(VALUE.first)} + ${value(VALUE.last)}`, value(VALUE.last)),
};
/** Never an empty text. */
const NEVER_EMPTY = ["run_id", "port", "flows", "packets", "bytes"];
/** With text of the wire, or of who is at its ends. */
const GAPPED = [
  "server_name",
  "peer_name",
  "reason",
  "evidence",
  "names",
  "operations",
  "outcomes",
  "expectation",
  "found",
];

/** A column of a judged conversation in SQL: NULL for an empty text, since nothing was observed. */
export function conversationColumn(column: string): string {
  if (column === "conversation_id") return "c.conversation_id"; // as it is, for the index
  const sql = COLUMNS[column] ?? (GAPPED.includes(column) ? whole(column) : `k.${column}`);
  return NEVER_EMPTY.includes(column) ? sql : `NULLIF(${sql}, '')`;
}

export const CONVERSATION_FROM = `FROM ${CONVERSATION_TABLE} AS c JOIN ${KIND_TABLE} AS k ON k.kind = c.run_id * ${KINDS_A_RUN} + c.kind`;

/** Of one row what its table's columns hold, without the run. */
export const CONVERSATION_COLUMNS: readonly string[] = ["conversation_id", "verdict", "kind", "data", "exact"];

export function decodeConversation(stored: SqlRow, kindOf: (number: number) => Kind): ConversationRow {
  // Both were written from a row.
  if (typeof stored.exact === "string") return JSON.parse(stored.exact) as ConversationRow;
  const values = JSON.parse(String(stored.data)) as Values;
  return kindOf(Number(stored.kind)).row(String(stored.conversation_id), values);
}

/** A row by itself, as its columns hold it. Its kind may be a new one. */
export function conversationValues(row: ConversationRow, kinds: Kinds): { kind: number; values: SqlValue[] } {
  const text = JSON.stringify(row);
  const shown = text.includes("\\u") ? (storableValue(row) as ConversationRow) : row; // of the same form
  const kind = kinds.pack(shown, SCRATCH);
  const data = SCRATCH.takeBytes().toString();
  const id = row.conversation_id === "" ? null : storable(row.conversation_id);
  const isShown = id !== null && (shown === row || JSON.stringify(shown) === text);
  return { kind, values: [id, codeOf(row.verdict), kind, data, isShown ? null : text] };
}
const SCRATCH = new RowText();

export const verdictCode = (verdict: Verdict): number => VERDICTS.indexOf(verdict);
const codeOf = (verdict: Verdict | null): number | null => (verdict === null ? null : verdictCode(verdict));

/** Many rows as one parameter, and where in it each begins, from 1, as a JSON array. */
export interface RowsAtOnce {
  bytes: Buffer;
  places: string;
}

/** `?1` the run, `?2` and `?3` as above. A blob is cut without a look at what is before. */
export const INSERT_AT_ONCE = `INSERT INTO ${CONVERSATION_TABLE} (run_id, conversation_id, verdict, kind, data)
SELECT ?1, CAST(substr(?2, r.value, ${ID_CHARS}) AS TEXT),
  NULLIF(CAST(substr(?2, r.value + ${ID_CHARS}, 1) AS INTEGER), 0), CAST(substr(?2, r.value + 17, 10) AS INTEGER),
  CAST(substr(?2, r.value + 37, CAST(substr(?2, r.value + 27, 10) AS INTEGER)) AS TEXT)
FROM json_each(?3) AS r`;
const HEAD_CHARS = 37;
const NUMBER_CHARS = 10;

/** Records of rows, one behind the other, with all that is cut from them at places that are known. */
class AtOnce {
  #bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #places: number[] = [];
  size = 0;

  add(packed: PackedRows, number: number): void {
    const rest = packed.sizeOf(number) - ID_CHARS;
    const from = this.size;
    this.size += HEAD_CHARS + rest;
    if (this.size > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(2 * this.size);
      this.#bytes.copy(larger, 0, 0, from);
      this.#bytes = larger;
    }
    this.#places.push(from + 1);
    packed.copy(number, 0, ID_CHARS, this.#bytes, from);
    const code = codeOf(packed.verdictOf(number)) ?? 0;
    const head = `${code}${digits(packed.kindOf(number))}${digits(rest)}`;
    this.#bytes.write(head, from + ID_CHARS, "latin1");
    packed.copy(number, ID_CHARS, ID_CHARS + rest, this.#bytes, from + HEAD_CHARS);
  }

  /** A driver may hold them for a while: the next ones go elsewhere. */
  take(): RowsAtOnce {
    const taken = { bytes: this.#bytes.subarray(0, this.size), places: JSON.stringify(this.#places) };
    this.#bytes = Buffer.allocUnsafeSlow(this.#bytes.length);
    this.#places = [];
    this.size = 0;
    return taken;
  }
}
const FIRST_BYTES = 1 << 20;

/** What is to be written next: kinds, then rows that need them. */
export interface ConversationBatch {
  kinds: SqlValue[][];
  rows: RowsAtOnce | null;
  /** Rows of which something had to be made storable, as their table's columns hold them. */
  others: SqlValue[][];
  bytes: number;
}

/** All rows in order, about `most` bytes a batch. `written`: numbers of the kinds that are in the database; those that are given join them. */
export function* conversationBatches(
  run: number,
  packed: PackedRows,
  written: Set<number>,
  most: number,
): Generator<ConversationBatch> {
  const atOnce = new AtOnce();
  let kinds: SqlValue[][] = [];
  const need = (number: number): void => {
    if (written.has(number)) return;
    written.add(number);
    kinds.push(kindValues(run, number, packed.kind(number)));
  };
  const batch = (others: SqlValue[][]): ConversationBatch => {
    const rows = atOnce.size > 0 ? atOnce.take() : null;
    const taken = { kinds, rows, others, bytes: (rows?.bytes.length ?? 0) + kinds.length * KIND_BYTES };
    kinds = [];
    return taken;
  };
  for (const number of packed.order()) {
    if (packed.isOdd(number)) {
      if (atOnce.size > 0) yield batch([]);
      const { kind, values } = conversationValues(packed.row(number), packed.kinds);
      need(kind);
      yield batch([values]);
    } else {
      need(packed.kindOf(number));
      atOnce.add(packed, number);
      if (atOnce.size + kinds.length * KIND_BYTES >= most) yield batch([]);
    }
  }
  if (atOnce.size > 0) yield batch([]);
}
/** About. */
const KIND_BYTES = 2_000;

const digits = (number: number): string => String(number).padStart(NUMBER_CHARS, "0");

/** True where two rows have the same values, the very same lists and objects, but for what further packets change. */
export function isSameButCounts(a: ConversationRow, b: ConversationRow): boolean {
  return STEADY.every((column) => a[column] === b[column]);
}
const STEADY = ["conversation_id", "initiator", "responder", "port", "flows", "first_seen", ...KIND_COLUMNS] as const;
