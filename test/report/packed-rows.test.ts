/** Rows packed are the rows that they were. */
import assert from "node:assert/strict";
import test from "ava";
import fc from "fast-check";
import { unwaivedGroups } from "../../src/report/groups.ts";
import { Kinds } from "../../src/report/kinds.ts";
import { compareConversations } from "../../src/report/order.ts";
import { firstUnwaived, PackedRows, unwaivedCount, waivedOf, withJudged } from "../../src/report/packed-rows.ts";
import type { ConversationRow, RunResult } from "../../src/report/result.ts";
import { idLength } from "../../src/report/summary.ts";
import { anyConversation } from "../store/arbitrary.ts";
import { conversation } from "../store/samples.ts";

const ID = fc.stringMatching(/^[0-9a-f]{16}$/);
const TIME = fc
  .date({ min: new Date(0), max: new Date("2100-01-01"), noInvalidDate: true })
  .map((date) => date.toISOString());
const time = fc.tuple(TIME, fc.nat(999)).map(([text, us]) => text.replace("Z", `${String(us).padStart(3, "0")}Z`));
/** Names and ends as they are, and as somebody would send them who knows how they are kept. */
const name = fc.constantFrom(
  ...[
    "a.example.com",
    "aaaa",
    "10.0.0.5",
    "443",
    "443",
    "\x05",
    "\u0007\u0001",
    "\\u0005",
    '"a"',
    "é.example",
    "😀😀",
    "null",
  ],
);

/** A row whose sentences speak of its ends, its peer and its port. */
const telling = fc
  .record({
    ...{ row: anyConversation, id: ID, first: time, last: time, timed: fc.boolean(), named: fc.boolean() },
    ...{ initiator: name, responder: name, server: name, peer: name, port: fc.nat(65_535) },
  })
  .map(({ row, id, first, last, timed, named, initiator, responder, server, peer, port }): ConversationRow => {
    const says = `${initiator} asked ${responder}${peer} for ${server} over ${row.transport}/${port}: ${peer}`;
    const times = timed ? { first_seen: first, last_seen: last } : {};
    if (!named) return { ...row, ...times, conversation_id: id };
    const { support = [], clauses = [] } = row.evidence ?? {};
    const evidence = row.evidence && {
      ...row.evidence,
      support: support.map((frame) => ({ ...frame, what: says })),
      support_count: support.length,
      clauses: clauses.map((clause) => ({ ...clause, says })),
    };
    const names = row.names.map((one, i) => ({ ...one, name: [peer, server, says][i % 3]! }));
    const told = { initiator, responder, server_name: server, peer_name: peer, port, reason: says, found: peer, names };
    return { ...row, ...times, ...told, evidence, conversation_id: id };
  });

test("any rows are the same again, told in any order", (t) => {
  const known = new Kinds(7);
  fc.assert(
    fc.property(fc.array(telling, { maxLength: 6 }), (rows) => {
      const packed = PackedRows.of(rows, known);
      assert.deepStrictEqual([...packed.rows()], rows);
    }),
    { numRuns: 400 },
  );
  t.pass();
});

test("what a report asks of judged conversations is the same of packed ones", (t) => {
  const verdicts = ["undocumented", "violation", "inconclusive"] as const;
  /** Many that are alike, and some that are waived. */
  const finding = fc
    .record({ row: telling, like: fc.nat(2), verdict: fc.constantFrom(...verdicts), waived: fc.boolean() })
    .map(({ row, like, verdict, waived }) => ({
      ...(like === 0 ? row : conversation({ ...pick(row), found: like === 1 ? row.found : null })),
      verdict,
      waived: waived && verdict !== "inconclusive" ? "accepted" : null,
    }));
  fc.assert(
    fc.property(fc.array(finding, { maxLength: 12 }), (some) => {
      const rows = [...some].sort(compareConversations);
      const plain = { judged: rows } as RunResult;
      const result = withJudged(PackedRows.of(rows), {}) as RunResult;
      const told = (of: RunResult) => [
        verdicts.map((verdict) => [
          unwaivedGroups(of, verdict).groups.map(({ first, count, initiators }) => [first, count, initiators]),
          unwaivedCount(of, verdict),
          unwaivedGroups(of, verdict).names,
          firstUnwaived(of, verdict),
        ]),
        waivedOf(of),
        idLength(of),
      ];
      assert.deepStrictEqual(told(result), told(plain));
    }),
    { numRuns: 300 },
  );
  t.pass();
});

/** What conversations of one kind differ in. */
function pick({
  conversation_id,
  first_seen,
  last_seen,
  initiator,
  responder,
  server_name,
  peer_name,
}: ConversationRow) {
  return { conversation_id, first_seen, last_seen, initiator, responder, server_name, peer_name };
}

test("what differs in names, ends, frames, times and counts alone is of one kind", (t) => {
  const rows = Array.from({ length: 100 }, (_, i) => {
    const [initiator, responder, name] = [`10.0.0.${i}`, `198.51.100.${i}`, `host${i}.example.com`];
    return conversation({
      ...{ initiator, responder, port: 1_000 + i, server_name: name, peer_name: name, packets: i, flows: 2 + (i % 3) },
      reason: `the client asked for ${name}`,
      names: [{ name, source: "tls-sni", capture_id: 0, frame: i }],
      outcomes: { established: 2 + (i % 3) },
      evidence: {
        support: [{ capture_id: 0, frame: i, what: `DNS gave ${responder} to ${initiator} for ${name}` }],
        support_count: 1,
        against: [],
        against_count: 0,
        clauses: [{ clause: "over", result: "proved", says: `tcp/${1_000 + i}` }],
        initiator_by: "syn",
        nearest: null,
      },
    });
  });
  const packed = PackedRows.of(rows);
  t.is(packed.kinds.end, 1);
  t.deepEqual([...packed.rows()], rows);
});

test("after very many pieces of text kinds are begun anew, and stay what they are", (t) => {
  const says = (i: number) =>
    Array.from({ length: 16 }, (_, k) => ({ capture_id: 0, frame: k, what: `${i} and ${k}` }));
  const evidence = conversation().evidence!;
  const rows = Array.from({ length: 5_000 }, (_, i) => conversation({ evidence: { ...evidence, support: says(i) } }));
  const packed = PackedRows.of([...rows, ...rows.slice(0, 2)]);
  t.is(packed.kinds.end, rows.length + 2);
  for (const i of [0, 1, 4_000, 4_999, 5_000, 5_001]) t.deepEqual(packed.row(i), rows[i % rows.length]);
});

test("in the order of a result: by their beginning, then by id", (t) => {
  const at = (first_seen: string, id: string) => conversation({ first_seen, conversation_id: id.padStart(16, "0") });
  const times = [
    "2026-03-01T08:00:00.000002Z",
    "2026-03-01T08:00:00.000001Z",
    "2026-03-01T07:59:59.999999Z",
    "@99999999999.000000000",
  ];
  const rows = times.flatMap((time) => [at(time, "b"), at(time, "a")]);
  const packed = PackedRows.of(rows);
  packed.sort();
  const sorted = [...rows].sort((a, b) =>
    a.first_seen !== b.first_seen
      ? a.first_seen < b.first_seen
        ? -1
        : 1
      : a.conversation_id < b.conversation_id
        ? -1
        : 1,
  );
  t.deepEqual([...packed.rows()], sorted);
});
