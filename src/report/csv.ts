/**
 * Comma-separated values (RFC 4180): CRLF behind each row, quotes where a cell needs them, a header line.
 *
 * Text off the wire stays text: control characters are escaped, and a cell that a spreadsheet would run as a formula
 * begins with an apostrophe.
 */
import { judgedRows } from "./packed-rows.ts";
import type { ConversationRow, LookupRow, RuleRow, RunResult } from "./result.ts";
import { safe } from "./safe.ts";

export type Cell = string | number | null;

/** A row with its line end. Null is an empty cell. */
export function csvLine(cells: readonly Cell[]): string {
  return `${cells.map(csvCell).join(",")}\r\n`;
}

function csvCell(value: Cell): string {
  if (value === null) return "";
  if (typeof value === "number") return String(value);
  const text = safe(value);
  const inert = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}

/** What a row is about: one table holds conversations, rules and look-ups, so that it opens as one sheet. */
const COLUMNS = [
  ...(["kind", "verdict", "waived", "model", "rule_id", "initiator", "responder", "name"] as const),
  ...(["transport", "port", "app", "inner_app", "outcome", "reason_code", "reason"] as const),
  ...(["nearest_model", "nearest_rule", "expectation", "found", "flows", "packets", "bytes"] as const),
  ...(["first_seen", "last_seen", "document", "section", "realm", "conversation_id"] as const),
];
type Row = Partial<Record<(typeof COLUMNS)[number], Cell>>;

/** The result as rows: every conversation, every rule of the models, every look-up. */
export function* csvReport(result: RunResult): Generator<string, void, undefined> {
  yield csvLine(COLUMNS);
  for (const row of judgedRows(result)) yield line(conversation(row));
  for (const row of result.rest.rows()) yield line(conversation(row));
  for (const row of result.rules) yield line(rule(row));
  for (const row of result.lookups) yield line(lookup(row));
}

function line(row: Row): string {
  return csvLine(COLUMNS.map((column) => row[column] ?? null));
}

function conversation(row: ConversationRow): Row {
  const { evidence, names: _names, rules: _rules, fields: _fields, ...rest } = row;
  const nearest = evidence?.nearest ?? null;
  return {
    ...pick(rest),
    kind: "conversation",
    name: row.server_name ?? row.peer_name,
    nearest_model: nearest?.model ?? null,
    nearest_rule: nearest?.rule_id ?? null,
  };
}

function rule(row: RuleRow): Row {
  return {
    ...pick(row),
    kind: "rule",
    verdict: row.status,
    initiator: row.from_role,
    responder: row.to_endpoint,
    port: row.ports === "" ? null : row.ports,
  };
}

function lookup(row: LookupRow): Row {
  const { realm, client, server, name, verdict, result } = row;
  return { kind: "lookup", realm, verdict, initiator: client, responder: server, name, app: "dns", outcome: result };
}

/** The columns that a row of the result has under the same word. */
function pick(row: object): Row {
  const values = row as Record<string, unknown>;
  const cells: Row = {};
  for (const column of COLUMNS) {
    const value = values[column];
    if (typeof value === "string" || typeof value === "number") cells[column] = value;
  }
  return cells;
}
