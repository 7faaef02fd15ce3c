/** Conversations that nobody judged, copied from where another run put them: as if they had been written anew, whoever was judged then and now. */
import test from "ava";
import fc from "fast-check";
import { describe } from "../../src/conform/conform.ts";
import { Conversations } from "../../src/observe/conversations.ts";
import { DnsEvidence } from "../../src/observe/dns-evidence.ts";
import { DocumentedPorts } from "../../src/observe/documented-ports.ts";
import { Rest } from "../../src/observe/rest.ts";
import { copiedRows, copySource, REST_COLUMNS, restRows } from "../../src/store/copied-rest.ts";
import type { SqlRow, SqlValue } from "../../src/store/driver.ts";
import type { StoredObservation } from "../../src/store/store.ts";
import { tcpFrame, udpFrame } from "../support/frames.ts";
import { ascii } from "../support/hex.ts";
import { observe } from "../support/observe.ts";
import { clientHello, lookUp, tlsConnection } from "../support/talk.ts";

const COUNT = 2_300;
const frames = Array.from({ length: COUNT }, (_, i) => {
  const host = `10.0.${i >>> 8}.${i & 255}`;
  const from = `${host}:40000`;
  if (i % 7 === 0) return lookUp(host, "10.9.9.9", `n${i}.example`, ["192.0.2.1"], i * 20);
  const name = i % 3 === 0 ? "],[.example" : null;
  return name === null && i % 2 === 0
    ? [udpFrame({ from, to: "10.9.9.9:9999", ms: i * 20, data: ascii("?") })]
    : tlsConnection(from, "10.9.9.9:443", i * 20, clientHello(name));
}).flat();
const seen = observe(frames);
const all = new Conversations(seen);
const dns = new DnsEvidence(seen);

/** Rows as a database has them, by columns. */
function stored(rows: Iterable<SqlValue[]>): Map<number, SqlRow> {
  const bySeq = new Map<number, SqlRow>();
  for (const values of rows) {
    const row: SqlRow = Object.fromEntries(REST_COLUMNS.map((column, i) => [column, values[i]!]));
    bySeq.set(Number(row.seq), row);
  }
  return bySeq;
}

/** As a database gives those that may be copied. */
function sourceOf(rows: Map<number, SqlRow>): StoredObservation {
  const own = [...rows].filter(([, { made_by, exact }]) => made_by !== null && exact === null);
  return {
    path: "",
    run: 1,
    async *[Symbol.asyncIterator]() {},
    close: async () => {},
    restHeads: async () =>
      new Map(own.map(([seq, row]) => [seq, { leftOut: row.left_out as Uint8Array | null, ends: String(row.ends) }])), // as it was put in
    restText: async (seq) => Buffer.from(String(rows.get(seq)!.data)),
  };
}

const judged = fc.oneof(
  fc.constant([]),
  fc.uniqueArray(fc.nat(all.count - 1), { maxLength: 30 }),
  fc.tuple(fc.nat(all.count), fc.nat(all.count)).map(([from, to]) => {
    return Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
  }),
);

test("copied texts are those that would be written", async (t) => {
  t.true(all.count > 2_000);
  let whole = 0;
  let fewer = 0;
  const same = fc.asyncProperty(judged, judged, fc.boolean(), async (then, now, canCopy) => {
    const before = stored(restRows(new Rest(all, dns, then, null, true), true));
    const rest = new Rest(all, dns, now, "unrelated", true);
    const copied: SqlValue[][] = [];
    for await (const row of copiedRows(rest, sourceOf(before), canCopy)) {
      if (typeof row === "number") {
        whole++;
        copied.push(REST_COLUMNS.map((column) => (column === "verdict" ? "unrelated" : before.get(row)![column]!)));
      } else {
        if (before.get(Number(row[0]))?.left_out === null && row[2] !== null) fewer++;
        copied.push(row);
      }
    }
    t.deepEqual(copied, [...restRows(rest, true)]);
  });
  await fc.assert(same, { numRuns: 25 });
  t.true(whole > 0 && fewer > 0);
});

test("texts of another order are not taken", async (t) => {
  const before = stored(restRows(new Rest(all, dns, [], null, true), true));
  const [first, second] = [before.get(0)!, before.get(1)!];
  before.set(0, { ...second, seq: 0 }).set(1, { ...first, seq: 1 });
  const rest = new Rest(all, dns, [1_500], null, true);
  const texts: SqlValue[] = [];
  for await (const row of copiedRows(rest, sourceOf(before), true)) texts.push(typeof row === "number" ? row : row[6]!);
  t.deepEqual(
    texts,
    [...restRows(rest, true)].map((row) => (row[0] === 2 ? 2 : row[6]!)),
  );
});

test("nothing is copied of what models or the site decide, nor of a run that goes on", (t) => {
  const underWay = observe([
    tcpFrame({ from: "10.0.0.1:700", to: "10.0.0.2:9000", flags: "A", seq: 5, ms: 0, data: ascii("x") }),
    tcpFrame({ from: "10.0.0.2:9000", to: "10.0.0.1:700", flags: "A", seq: 9, ms: 1, data: ascii("y") }),
  ]);
  const ports = (port: number): DocumentedPorts => {
    const documented = new DocumentedPorts();
    const range = { first: port, last: port, parameter: null };
    documented.add({ transport: "tcp", ports: [range], direction: null } as never, () => null); // all that is read of it
    return documented;
  };
  t.true(new Conversations(underWay, ports(700)).isPlain());
  t.false(new Conversations(underWay, ports(9_000)).isPlain());
  const { rest } = describe(underWay);
  t.not(copySource(rest, sourceOf(new Map())), null);
  t.is(copySource(new Rest(all, dns, [], null), sourceOf(new Map())), null);
  t.deepEqual(
    [...restRows(rest, false)].map(([, madeBy]) => madeBy),
    [null],
  );
});
