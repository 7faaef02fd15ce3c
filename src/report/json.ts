/**
 * The JSON form: one document, `{ wirepact, run, captures, conversations, rules, assets, lookups, quality }`, with the
 * fields of the views. It is handed out in pieces, because conversations may be millions: no string ever holds more than
 * a piece and one row.
 */
import { judgedRows } from "./packed-rows.ts";
import type { ConversationRow, RunResult } from "./result.ts";

/** Characters of a piece: large enough that writing costs little, small enough that a slow reader holds nothing up. */
const PIECE = 64 << 10;

/** The document's text, a row a line (so that `grep`, `diff` and line-wise tools have something to hold on to). */
export function* jsonReport(result: RunResult): Generator<string, void, undefined> {
  let piece = "";
  for (const text of parts(result)) {
    piece += text;
    if (piece.length >= PIECE) {
      yield piece;
      piece = "";
    }
  }
  yield piece;
}

const HARMFUL = /[\p{C}\p{Zl}\p{Zp}]/gu;

/**
 * JSON escapes only control characters below U+0020; others (C1, bidirectional overrides) would act on a terminal that
 * the document is shown on, so they are escaped as well. They can stand in strings only: the value stays the same.
 */
export function jsonText(value: unknown): string {
  return JSON.stringify(value).replace(HARMFUL, (char) => {
    let escaped = "";
    for (let i = 0; i < char.length; i++) escaped += `\\u${char.charCodeAt(i).toString(16).padStart(4, "0")}`;
    return escaped;
  });
}

function* parts(result: RunResult): Generator<string, void, undefined> {
  yield `{"wirepact":${jsonText(result.run.wirepact)},\n"run":${jsonText(result.run)},\n`;
  yield* array("captures", result.captures);
  yield* array("conversations", conversations(result));
  yield* array("rules", result.rules);
  yield* array("assets", result.assets);
  yield* array("lookups", result.lookups);
  yield `"quality":${jsonText(result.quality)}}\n`;
}

function* conversations(result: RunResult): Generator<object, void, undefined> {
  for (const row of judgedRows(result)) yield jsonConversation(row);
  for (const row of result.rest.rows()) yield jsonConversation(row);
}

/** A conversation with its nearest miss as the views have it, beside the whole of it in the evidence. */
export function jsonConversation(row: ConversationRow): object {
  const nearest = row.evidence?.nearest;
  return { ...row, nearest_rule: nearest?.rule_id ?? null, nearest_model: nearest?.model ?? null };
}

function* array(name: string, rows: Iterable<object>): Generator<string, void, undefined> {
  yield `"${name}":[`;
  let first = true;
  for (const row of rows) {
    yield `${first ? "" : ","}\n${jsonText(row)}`;
    first = false;
  }
  yield "],\n";
}
