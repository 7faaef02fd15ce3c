/**
 * The JSON form: one document, `{ wirepact, run, captures, conversations, rules, assets, lookups, quality }`, with the
 * fields of the views. It is handed out in pieces, because conversations may be millions: no string ever holds more than
 * a piece and one row.
 */
import type { RunResult } from "./result.ts";

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

function* parts(result: RunResult): Generator<string, void, undefined> {
  yield `{"wirepact":${JSON.stringify(result.run.wirepact)},\n"run":${JSON.stringify(result.run)},\n`;
  yield* array("captures", result.captures);
  yield* array("conversations", conversations(result));
  yield* array("rules", result.rules);
  yield* array("assets", result.assets);
  yield* array("lookups", result.lookups);
  yield `"quality":${JSON.stringify(result.quality)}}\n`;
}

function* conversations(result: RunResult): Generator<object, void, undefined> {
  yield* result.judged;
  yield* result.rest.rows();
}

function* array(name: string, rows: Iterable<object>): Generator<string, void, undefined> {
  yield `"${name}":[`;
  let first = true;
  for (const row of rows) {
    yield `${first ? "" : ","}\n${JSON.stringify(row)}`;
    first = false;
  }
  yield "],\n";
}
