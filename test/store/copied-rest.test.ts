/** Conversations that nobody judged, copied from where another run put them: as if they had been written anew, whoever was judged then and now. */
import test from "ava";
import fc from "fast-check";
import { describe } from "../../src/conform/conform.ts";
import { Conversations } from "../../src/observe/conversations.ts";
import { DnsEvidence } from "../../src/observe/dns-evidence.ts";
import { DocumentedPorts } from "../../src/observe/documented-ports.ts";
import { Rest } from "../../src/observe/rest.ts";
import { LookupRows } from "../../src/report/lookup-rows.ts";
import type { LookupRow } from "../../src/report/result.ts";
import { LOOKUP_COLUMNS, lookupChunks } from "../../src/store/chunks.ts";
import { copiedLookups, lookupHeads, lookupsToJudge } from "../../src/store/copied-lookups.ts";
import { canBeCopied, copiedRows, REST_COLUMNS, restRows, textOf, wholeRows } from "../../src/store/copied-rest.ts";
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
    const row: SqlRow = Object.fromEntries(
      REST_COLUMNS.map((column, i) => [column, i === DATA ? String(values[i]) : values[i]!]),
    );
    bySeq.set(Number(row.seq), row);
  }
  return bySeq;
}

const DATA = REST_COLUMNS.indexOf("data");

/** Of a text what counts of it, and whose it is. */
function counting(masks: readonly SqlValue[][]): (row: SqlValue[]) => unknown {
  const bySeq = new Map(masks.map(([seq, mask]) => [seq!, mask as Uint8Array])); // as they are made
  return ([seq, , , ends, verdict, , alike = null, data]) => {
    const text = textOf({ text: String(data), alike, masked: bySeq.get(seq!) ?? null });
    return [seq, ends, verdict, text];
  };
}

/** As a database gives those that may be copied. */
function sourceOf(rows: Map<number, SqlRow>, lookups: readonly SqlRow[] = []): StoredObservation {
  const own = [...rows].filter(([, { made_by, exact }]) => made_by !== null && exact === null);
  return {
    path: "",
    run: 1,
    async *[Symbol.asyncIterator]() {},
    close: async () => {},
    restHeads: async () =>
      new Map(own.map(([seq, row]) => [seq, { leftOut: row.left_out as Uint8Array | null, ends: String(row.ends) }])), // as it was put in
    restText: async (seq) => {
      const { data, alike } = rows.get(seq)!;
      return { rows: Buffer.from(String(data)), alike: alike as string | null }; // as it was put in
    },
    lookupHeads: () => lookupHeads(Promise.resolve(lookups.filter(({ made_by }) => made_by !== null))),
    lookupText: async (seq) => Buffer.from(String(lookups[seq]!.data)),
  };
}

const judged = fc.oneof(
  fc.constant([]),
  fc.uniqueArray(fc.nat(all.count - 1), { maxLength: 30 }),
  fc.tuple(fc.nat(all.count), fc.nat(all.count)).map(([from, to]) => {
    return Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
  }),
);

test("copied texts say what would be written", async (t) => {
  t.true(all.count > 2_000);
  let [whole, masked, anew] = [0, 0, 0];
  const same = fc.asyncProperty(judged, judged, fc.boolean(), async (then, now, canCopy) => {
    const before = stored(wholeRows(new Rest(all, dns, then, null, true)));
    const rest = new Rest(all, dns, now, "unrelated", true);
    const copied: SqlValue[][] = [];
    const masks: SqlValue[][] = [];
    for await (const row of copiedRows(rest, sourceOf(before), canCopy, masks)) {
      const seq = typeof row === "number" ? row : Number(row[0]);
      const copy = REST_COLUMNS.map((column) =>
        column === "verdict" ? "unrelated" : (before.get(seq)?.[column] ?? null),
      ); // as SQLite copies it
      const made = typeof row === "number" ? copy : row.map((value, i) => (i === DATA ? String(value) : value));
      if (typeof row === "number") whole++;
      else if (made[DATA] !== copy[DATA]) anew++;
      else t.deepEqual(made, copy);
      copied.push(made);
    }
    masked += masks.length;
    t.deepEqual(copied.map(counting(masks)), [...restRows(rest)].map(counting([])));
  });
  await fc.assert(same, { numRuns: 25 });
  t.true(whole > 0 && masked > 0 && anew > 0);
});

/** Look-ups of forty hosts, of which these are judged; each host asks in two of the texts at most. */
function lookupsOf(judged: ReadonlySet<number>, isObserved = false): LookupRow[] {
  return Array.from({ length: 5_300 }, (_, i) => {
    const host = Math.floor(i / 132) % 40;
    const verdict = judged.has(host) ? (i % 5 === 0 ? "undocumented" : "documented") : "unrelated";
    return {
      ...{ realm: "default", client: `10.0.0.${host}`, server: "10.9.9.9", name: `n${i % 5}.example`, type: "A" },
      ...{ result: "NOERROR", answers: ["192.0.2.1"], first_frame: i, first_capture_id: 0, count: 1 },
      verdict: isObserved ? null : verdict,
    };
  });
}

test("copied look-ups are those that would be written", async (t) => {
  const hosts = fc.uniqueArray(fc.nat(39), { maxLength: 6 });
  let [whole, anew] = [0, 0];
  const same = fc.asyncProperty(hosts, hosts, fc.boolean(), fc.boolean(), async (then, now, canCopy, isObserved) => {
    const before = [...lookupChunks(lookupsOf(new Set(then), isObserved), true)].map(
      (values): SqlRow => Object.fromEntries(LOOKUP_COLUMNS.map((column, i) => [column, values[i]!])),
    );
    const all = lookupsOf(new Set(now));
    const verdicts = new Map(all.map((row) => [row.first_frame, row.verdict]));
    const judge = (row: LookupRow): LookupRow => ({ ...row, verdict: verdicts.get(row.first_frame)! });
    const judged = all.filter(({ verdict }) => verdict !== "unrelated");
    const rows = new LookupRows(judged, () => all, judge, true);
    const source = sourceOf(new Map(), before);
    const toJudge = await lookupsToJudge(rows, source);
    if (toJudge === null) return;
    const copied: SqlValue[][] = [];
    for await (const row of copiedLookups(rows, source, toJudge, canCopy)) {
      if (typeof row === "number") {
        whole++;
        copied.push(LOOKUP_COLUMNS.map((column) => (column === "verdict" ? "unrelated" : before[row]![column]!)));
      } else {
        if (toJudge.get(Number(row[0])) === true) anew++;
        copied.push(row);
      }
    }
    t.deepEqual(copied, [...lookupChunks(all, true)]);
  });
  await fc.assert(same, { numRuns: 20 });
  t.true(whole > 0 && anew > 0);
});

test("look-ups are not copied where a text is missing, or what they say depends on the site or the time", async (t) => {
  const all = lookupsOf(new Set());
  const made = (isWhole: boolean): SqlRow[] =>
    [...lookupChunks(all, isWhole)].map((values) =>
      Object.fromEntries(LOOKUP_COLUMNS.map((column, i) => [column, values[i]!])),
    );
  const from = (rows: readonly SqlRow[]): StoredObservation => sourceOf(new Map(), rows);
  const same = (row: LookupRow): LookupRow => row;
  const can = async (rows: LookupRows, source: StoredObservation): Promise<boolean> =>
    (await lookupsToJudge(rows, source)) !== null;
  const plain = new LookupRows([], () => all, same, true);
  t.true(await can(plain, from(made(true))));
  t.false(await can(plain, from(made(false))));
  t.false(await can(plain, from(made(true).toSpliced(2, 1))));
  t.false(await can(new LookupRows([], () => all, same, false), from(made(true))));
  t.false(await can(new LookupRows([], () => all, null, true), from(made(true))));
});

test("texts of another order are not taken", async (t) => {
  const before = stored(wholeRows(new Rest(all, dns, [], null, true)));
  const [first, second] = [before.get(0)!, before.get(1)!];
  before.set(0, { ...second, seq: 0 }).set(1, { ...first, seq: 1 });
  const rest = new Rest(all, dns, [1_500], null, true);
  const texts: SqlValue[] = [];
  for await (const row of copiedRows(rest, sourceOf(before), true, []))
    texts.push(typeof row === "number" ? row : String(row[DATA]));
  t.deepEqual(
    texts,
    [...wholeRows(rest)].map((row) => (row[0] === 2 ? 2 : String(row[DATA]))),
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
  t.true(canBeCopied(rest));
  t.false(canBeCopied(new Rest(all, dns, [], null)));
  t.deepEqual(
    [...restRows(rest)].map(([, madeBy]) => madeBy),
    [null],
  );
});
