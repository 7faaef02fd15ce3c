import { readFileSync } from "node:fs";
import test from "ava";
import { jsonReport } from "../../src/report/json.ts";
import type { ConversationRow, RunResult } from "../../src/report/result.ts";
import { HOSTILE, poisoned } from "./hostile.ts";
import { hasHarmful } from "./plain.ts";
import { NO_REST, result, rollout, runInfo, undocumented } from "./sample.ts";
import { type Schema, violations } from "./schema-check.ts";

const SCHEMA = JSON.parse(readFileSync("src/report/schema.json", "utf8")) as Schema;

function document(value: RunResult): Record<string, unknown> {
  return JSON.parse([...jsonReport(value)].join("")) as Record<string, unknown>;
}

/** A row with the two columns that the view of findings has and the row holds inside its evidence. */
function printed(row: ConversationRow): ConversationRow {
  const nearest = row.evidence?.nearest ?? null;
  return { ...row, ...{ nearest_rule: nearest?.rule_id ?? null, nearest_model: nearest?.model ?? null } };
}

test("the document has the contract's parts, the rows whole", (t) => {
  const value = rollout();
  t.deepEqual(document(value), {
    wirepact: "0.1.0",
    run: value.run,
    captures: value.captures,
    conversations: [...value.judged, ...value.rest.rows()].map(printed),
    rules: value.rules,
    assets: value.assets,
    lookups: value.lookups,
    quality: value.quality,
  } as unknown as Record<string, unknown>);
});

test("where nothing was read the document is empty and whole", (t) => {
  const value = result({
    run: runInfo({ first_time: null, last_time: null }),
    captures: [],
    judged: [],
    rest: NO_REST,
    rules: [],
    quality: { packets: 0 },
  });
  const empty = document(value);
  t.deepEqual([empty.captures, empty.conversations, empty.rules, empty.assets, empty.lookups], [[], [], [], [], []]);
  t.deepEqual(violations(SCHEMA, empty), []);
});

test("it is valid against the schema that ships", (t) => {
  t.deepEqual(violations(SCHEMA, document(rollout())), []);
});

test("the schema has every property that is printed, and finds what is wrong", (t) => {
  // Closed here, open for readers: a property that is printed and not described is a gap in the schema.
  const closed = JSON.parse(JSON.stringify(SCHEMA), (key, value: unknown) => {
    const schema = value as Schema;
    return key !== "properties" && schema?.type === "object" && schema.additionalProperties === undefined
      ? { ...schema, additionalProperties: false }
      : value;
  }) as Schema;
  t.deepEqual(violations(closed, document(rollout())), []);
  const wrong = document(rollout());
  (wrong.conversations as Record<string, unknown>[])[0]!.verdict = "fine";
  (wrong.rules as Record<string, unknown>[])[0]!.extra = 1;
  delete (wrong.captures as Record<string, unknown>[])[0]!.path;
  t.is(violations(closed, wrong).length, 3);
});

test("millions of rows go out piece by piece, made as they are asked for", (t) => {
  let made = 0;
  const rows = function* (): Generator<ConversationRow> {
    for (let i = 0; i < 5000; i++) {
      made++;
      yield undocumented({ conversation_id: String(i).padStart(16, "0") });
    }
  };
  const pieces = jsonReport(result({ judged: [], rest: { count: 5000, rows, chunks: () => [] } }));
  const first = pieces.next();
  t.false(first.done);
  t.true(made < 200, `${made} rows were made for the first piece`);
  let text = String(first.value);
  for (const piece of pieces) {
    t.true(piece.length < 128 * 1024);
    text += piece;
  }
  t.is((JSON.parse(text) as { conversations: unknown[] }).conversations.length, 5000);
});

test("hostile text comes back as it went in", (t) => {
  for (const poison of HOSTILE) {
    const value = poisoned(poison);
    const text = [...jsonReport(value)].join("");
    t.false(hasHarmful(text), JSON.stringify(poison));
    const back = JSON.parse(text) as { conversations: ConversationRow[] };
    t.deepEqual(back.conversations[1], printed(value.judged[1]!));
  }
});
