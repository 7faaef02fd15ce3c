/**
 * Judged conversations. What is looked for, and what further packets change, stands in columns of its own; all else is one
 * JSON text, an array in the order of `PACKED`, that the views take apart. A value bound costs as much as a hundred bytes of
 * text: a million conversations take a quarter of the time that 35 columns took.
 */
import type { ConversationRow } from "../report/result.ts";
import type { SqlRow, SqlValue } from "./driver.ts";
import { storable, storableJson } from "./text.ts";

/** Out of the evidence, because a view of findings shows them as columns. */
interface Nearest {
  nearest_rule: string | null;
  nearest_model: string | null;
}

type Apart = "conversation_id" | "verdict" | "packets" | "bytes" | "last_seen";
type Packed = Exclude<keyof ConversationRow, Apart> | keyof Nearest;

/** The compiler holds this list to the row: a field that is added there and forgotten here does not compile. */
const PLACES: Readonly<Record<Packed, number>> = {
  realm: 0,
  initiator: 1,
  responder: 2,
  transport: 3,
  port: 4,
  app: 5,
  inner_app: 6,
  server_name: 7,
  peer_name: 8,
  outcome: 9,
  model: 10,
  rule_id: 11,
  reason_code: 12,
  reason: 13,
  evidence: 14,
  flows: 15,
  first_seen: 16,
  waived: 17,
  hint: 18,
  names: 19,
  operations: 20,
  outcomes: 21,
  fields: 22,
  rules: 23,
  expectation: 24,
  found: 25,
  nearest_rule: 26,
  nearest_model: 27,
};

export const CONVERSATION_TABLE = "conversation";
export const CONVERSATION_COLUMNS: readonly string[] = [
  "conversation_id",
  "verdict",
  "packets",
  "bytes",
  "last_seen",
  "data",
  "exact",
];

/** `exact` holds, by column, what had to be made storable; NULL where nothing had. */
export const CONVERSATION_SQL = `CREATE TABLE ${CONVERSATION_TABLE} (
  run_id INTEGER NOT NULL,
  conversation_id TEXT,
  verdict TEXT,
  packets INTEGER,
  bytes INTEGER,
  last_seen TEXT,
  data TEXT NOT NULL,
  exact TEXT
);`;

/**
 * By id. Made when the first run is whole: put in one by one, a million ids in no order would take longer than their rows.
 * Whoever reads before that finds the same, more slowly.
 */
export const CONVERSATION_INDEX = `CREATE INDEX IF NOT EXISTS conversation_id ON ${CONVERSATION_TABLE}(conversation_id, run_id);`;

/** A packed column in SQL: NULL for an empty text, since nothing was observed. */
export function packedColumn(column: string): string {
  // `column` is one of `Packed`: the views are written by hand and tested.
  const place = PLACES[column as Packed];
  return place === undefined ? column : `NULLIF(json_extract(data, '$[${place}]'), '')`;
}

export function encodeConversation(row: ConversationRow): SqlValue[] {
  const { conversation_id, verdict, packets, bytes, last_seen } = row;
  const text = JSON.stringify(packed(row));
  const data = storableJson(text);
  const [id, last] = [shown(conversation_id), shown(last_seen)];
  let exact: string | null = null;
  if (data !== text || id !== conversation_id || last !== last_seen)
    exact = JSON.stringify({ conversation_id, last_seen, data: data === text ? null : text });
  return [id, verdict, packets, bytes, last, data, exact];
}

/** In the order of `PLACES`. */
function packed(row: ConversationRow): unknown[] {
  const nearest = row.evidence?.nearest ?? null;
  return [
    row.realm,
    row.initiator,
    row.responder,
    row.transport,
    row.port,
    row.app,
    row.inner_app,
    row.server_name,
    row.peer_name,
    row.outcome,
    row.model,
    row.rule_id,
    row.reason_code,
    row.reason,
    row.evidence,
    row.flows,
    row.first_seen,
    row.waived,
    row.hint,
    row.names,
    row.operations,
    row.outcomes,
    row.fields,
    row.rules,
    row.expectation,
    row.found,
    nearest?.rule_id ?? null,
    nearest?.model ?? null,
  ];
}

/** NULL for an empty text: the views promise that for what was not observed. */
function shown(text: string): string | null {
  return text === "" ? null : storable(text);
}

export function decodeConversation(stored: SqlRow): ConversationRow {
  const exact = typeof stored.exact === "string" ? JSON.parse(stored.exact) : null;
  const values = JSON.parse(String(exact?.data ?? stored.data)) as unknown[];
  const of = (column: Packed): unknown => values[PLACES[column]];
  // Written by `encodeConversation` from a row, value by value.
  return {
    conversation_id: exact?.conversation_id ?? stored.conversation_id,
    realm: of("realm"),
    initiator: of("initiator"),
    responder: of("responder"),
    transport: of("transport"),
    port: of("port"),
    app: of("app"),
    inner_app: of("inner_app"),
    server_name: of("server_name"),
    peer_name: of("peer_name"),
    outcome: of("outcome"),
    verdict: stored.verdict ?? null,
    model: of("model"),
    rule_id: of("rule_id"),
    reason_code: of("reason_code"),
    reason: of("reason"),
    evidence: of("evidence"),
    flows: of("flows"),
    packets: stored.packets,
    bytes: stored.bytes,
    first_seen: of("first_seen"),
    last_seen: exact?.last_seen ?? stored.last_seen,
    waived: of("waived"),
    hint: of("hint"),
    names: of("names"),
    operations: of("operations"),
    outcomes: of("outcomes"),
    fields: of("fields"),
    rules: of("rules"),
    expectation: of("expectation"),
    found: of("found"),
  } as ConversationRow;
}

/** True where two rows have the same values, the very same lists and objects, but for what further packets change. */
export function isSameButCounts(a: ConversationRow, b: ConversationRow): boolean {
  if (a.conversation_id !== b.conversation_id || a.verdict !== b.verdict) return false;
  const [one, other] = [packed(a), packed(b)];
  return one.every((value, place) => value === other[place]);
}
