/** The public views, as other programs see them. */
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import fc from "fast-check";
import type { ConversationRow } from "../../src/report/result.ts";
import type { DriverName, SqlRow } from "../../src/store/driver.ts";
import { expandCompactRow } from "../../src/store/rest.ts";
import { anyCompactRow } from "./arbitrary.ts";
import { conversation, restOf, SAMPLE, save } from "./samples.ts";
import { folder, testEach, withStore } from "./support.ts";
import { CONTRACT, FINDINGS } from "./views.ts";

/** Stores the sample and answers queries over it. */
async function sampled(
  t: ExecutionContext,
  driver: DriverName,
  use: (query: (sql: string) => Promise<Record<string, unknown>[]>) => Promise<void>,
): Promise<void> {
  await withStore(join(await folder(t), "r.sqlite"), { driver }, async (store) => {
    await save(store, SAMPLE);
    await use((sql) => store.query(sql));
  });
}

testEach("every view of the contract has its columns, in its order", async (t, driver) => {
  await sampled(t, driver, async (query) => {
    const views = (await query("SELECT name FROM sqlite_master WHERE type = 'view'")).map(({ name }) => name);
    t.deepEqual(views.sort(), Object.keys(CONTRACT).sort());
    for (const [view, expected] of Object.entries(CONTRACT)) {
      const columns = (await query(`PRAGMA table_info(${view})`)).map(({ name }) => String(name));
      const first = expected.split(" ");
      t.deepEqual(columns.slice(0, first.length), first, view);
      t.is(new Set(columns).size, columns.length, `${view} has a column twice`);
      if (FINDINGS.includes(view)) t.true(columns.includes("waived"), `${view} lacks waived`);
      t.true((await query(`SELECT * FROM ${view}`)).length > 0, `${view} is empty`);
    }
  });
});

testEach("conversations are there once each, judged or not", async (t, driver) => {
  await sampled(t, driver, async (query) => {
    t.deepEqual(await query("SELECT * FROM conversation_verdicts WHERE conversation_id = 'deadbeef00000007'"), [
      {
        run_id: 1,
        conversation_id: "deadbeef00000007",
        realm: "default",
        initiator: "10.0.0.1",
        responder: "255.1.2.3",
        transport: "udp",
        port: 53,
        app: "dns",
        inner_app: null,
        server_name: null,
        peer_name: "ns.example.net",
        outcome: "answered",
        verdict: "unrelated",
        model: null,
        rule_id: null,
        reason_code: "no-role",
        reason: null,
        evidence:
          '{"support":[],"support_count":0,"against":[],"against_count":0,"clauses":[],"initiator_by":"dns-qr","nearest":null}',
        flows: 2,
        packets: 4,
        bytes: 3_000_000_000,
        first_seen: "2023-11-14T22:13:20.000042Z",
        last_seen: "2023-11-14T22:13:21.999999Z",
        waived: null,
        hint: null,
        names: '[{"name":"ns.example.net","source":"dns","capture_id":1,"frame":3}]',
        outcomes: '{"answered":2}',
        fields: null,
        rules: null,
        expectation: null,
        found: null,
      },
    ]);
    t.deepEqual(
      await query(
        "SELECT conversation_id, initiator, responder, port, server_name, first_seen FROM conversation_verdicts WHERE transport = 'eth'",
      ),
      [
        {
          conversation_id: "00000000ffffffff",
          initiator: "02:00:00:00:00:01",
          responder: "01:80:c2:00:00:0e",
          port: null,
          server_name: null,
          first_seen: "1970-01-01T00:00:00.000000Z",
        },
      ],
    );
    t.deepEqual(
      await query("SELECT verdict, count(*) AS n, sum(bytes) AS bytes FROM conversation_verdicts GROUP BY verdict"),
      [
        { verdict: null, n: 1, bytes: 60 },
        { verdict: "documented", n: 1, bytes: 5_000_000_000 },
        { verdict: "undocumented", n: 1, bytes: 5_000_000_000 },
        { verdict: "unrelated", n: 2, bytes: 3_000_000_200 },
        { verdict: "violation", n: 1, bytes: 5_000_000_000 },
      ],
    );
  });
});

testEach("findings say which rule was near, what was expected, what waives them", async (t, driver) => {
  await sampled(t, driver, async (query) => {
    t.deepEqual(
      await query("SELECT conversation_id, nearest_rule, nearest_model, reason, waived FROM observed_undocumented"),
      [
        {
          conversation_id: "00000000000000cc",
          nearest_rule: "updates",
          nearest_model: "example",
          reason: "No rule covers it.",
          waived: null,
        },
      ],
    );
    t.deepEqual(await query("SELECT rule_id, expectation, found, waived FROM observed_violations"), [
      { rule_id: "updates", expectation: "operations: at most read", found: "write", waived: "until the next release" },
    ]);
    t.deepEqual(await query("SELECT rule_id, status, section, waived FROM documented_missing"), [
      { rule_id: "time", status: "missing", section: "2", waived: null },
    ]);
    t.deepEqual(await query("SELECT count(*) AS n FROM rule_verdicts"), [{ n: 2 }]);
    t.deepEqual(await query("SELECT rule_id, host, status FROM rule_hosts"), [
      { rule_id: "updates", host: "10.20.0.5", status: "met" },
    ]);
  });
});

testEach("operations of judged and of other conversations are in one view", async (t, driver) => {
  await sampled(t, driver, async (query) => {
    const operation = {
      protocol: "modbus",
      role: "request",
      code: "6",
      class: "write",
      target: "register 40",
      count: 3,
      failed: 1,
      unanswered: 0,
      first_frame: 77,
      first_capture_id: 1,
    };
    t.deepEqual(
      await query(
        "SELECT conversation_id, protocol, role, code, class, target, count, failed, unanswered, first_frame, first_capture_id FROM operations",
      ),
      [
        { conversation_id: "00000000000000bb", ...operation },
        { conversation_id: "0000000100000002", ...operation },
      ],
    );
  });
});

testEach("quality keeps numbers and texts apart; runs and captures say what was read", async (t, driver) => {
  await sampled(t, driver, async (query) => {
    t.deepEqual(await query("SELECT measure, value, typeof(value) AS type FROM capture_quality"), [
      { measure: "packets", value: 100, type: "integer" },
      { measure: "bytes", value: 5_000_000_000, type: "integer" },
      { measure: "drops", value: null, type: "null" },
      { measure: "first_time", value: "2026-03-01T08:00:00.000000Z", type: "text" },
      { measure: "ratio", value: 0.5, type: "real" },
    ]);
    const [run] = await query("SELECT * FROM runs");
    t.is(run?.status, "finished");
    t.is(run?.site, null);
    t.is(run?.models, JSON.stringify(SAMPLE.run.models));
    t.deepEqual(await query("SELECT packets, bytes, typeof(bytes) AS type, cut FROM captures"), [
      { packets: 100, bytes: 5_000_000_000, type: "integer", cut: 1 },
    ]);
    t.deepEqual(await query("SELECT realm, name, result, answers FROM lookups"), [
      { realm: "plant", name: "gone.example.com", result: "NXDOMAIN", answers: "[]" },
    ]);
  });
});

testEach("integers beyond 31 and 32 bits are integers, to the last one that a number holds", async (t, driver) => {
  await withStore(join(await folder(t), "r.sqlite"), { driver }, async (store) => {
    const sizes = [2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 53 - 1];
    await save(store, { ...SAMPLE, judged: sizes.map((bytes) => conversation({ bytes })), rest: restOf([]) });
    t.deepEqual(
      await store.query("SELECT bytes, typeof(bytes) AS type FROM conversation_verdicts"),
      sizes.map((bytes) => ({ bytes, type: "integer" })),
    );
  });
});

testEach("unjudged conversations look in the view as they do in a result", async (t, driver) => {
  await withStore(join(await folder(t), "r.sqlite"), { driver }, async (store) => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyCompactRow, { maxLength: 4 }), async (rows) => {
        const run = await save(store, { ...SAMPLE, judged: [], rest: restOf(rows, 3) });
        const shown = await store.query("SELECT * FROM conversation_verdicts WHERE run_id = ?", [run]);
        t.deepEqual(
          shown,
          rows.map((row) => asShown(run, expandCompactRow(row))),
        );
      }),
      { numRuns: 60 },
    );
  });
});

/** The view's row for a conversation: text escaped, nothing NULL, lists as JSON. */
function asShown(run: number, row: ConversationRow): SqlRow {
  const { operations: _elsewhere, ...columns } = row;
  const shown: SqlRow = { run_id: run };
  for (const [column, value] of Object.entries(columns)) {
    if (typeof value === "string") shown[column] = value === "" ? null : escaped(value);
    else if (typeof value !== "object" || value === null) shown[column] = value as number | null;
    else if (Object.keys(value).length === 0) shown[column] = null;
    else shown[column] = JSON.stringify(value, (_key, inner) => (typeof inner === "string" ? escaped(inner) : inner));
  }
  if (row.evidence?.initiator_by === "") shown.evidence = null;
  if (Object.keys(row.fields).length > 0) {
    shown.fields = JSON.stringify(
      Object.fromEntries(
        Object.entries(row.fields).map(([key, values]) => [
          escaped(key),
          values.map((value) => (typeof value === "string" ? escaped(value) : value)),
        ]),
      ),
    );
  }
  return shown;
}

/** Unit by unit, unlike the pattern that the store uses. */
function escaped(text: string): string {
  return Array.from(text, (character) => {
    const code = character.codePointAt(0)!;
    return code === 0 || (code >= 0xd800 && code <= 0xdfff) ? `\\u${code.toString(16).padStart(4, "0")}` : character;
  }).join("");
}
