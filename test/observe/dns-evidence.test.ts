/** What DNS said, to whom and until when: lifetimes, aliases, and what a look-up came to. */
import test from "ava";
import type { Frame } from "../../src/capture/frame.ts";
import { aliasesOf } from "../../src/observe/dns-answers.ts";
import { DnsEvidence } from "../../src/observe/dns-evidence.ts";
import { collectLookups } from "../../src/observe/lookups.ts";
import { numbered, START_SEC, udpFrame } from "../support/frames.ts";
import { observe } from "../support/observe.ts";
import { dnsAnswer, dnsQuery, lookUp, type RecordToWrite } from "../support/talk.ts";

const CLIENT = "10.0.0.1";
const SERVER = "10.0.0.53";
const ADDRESS = "192.0.2.1";
const DAY = 86_400;

const a = (name: string, data = ADDRESS, ttl = 60): RecordToWrite => ({ name, type: "A", data, ttl });
const alias = (name: string, data: string): RecordToWrite => ({ name, type: "CNAME", data });
const asked = (name: string, records: readonly RecordToWrite[], ms = 0): [Frame, Frame] =>
  lookUp(CLIENT, SERVER, name, [], ms, records);

/** Names under which this client knows the address, so many seconds after the start. */
function named(
  frames: readonly Frame[],
  afterSec: number,
  options: { client?: string; address?: string } = {},
): string[] {
  const { client = CLIENT, address = ADDRESS } = options;
  const dns = new DnsEvidence(observe(numbered(frames)));
  return dns.namesOf(0, address, new Set([client]), START_SEC + afterSec, 0).own.map(({ name }) => name);
}

test("an answer holds from the moment it was given", (t) => {
  const frames = asked("a.example", [a("a.example")], 10_000);
  t.deepEqual(named(frames, 9), []);
  t.deepEqual(named(frames, 10), [], "given 2 ms later");
  t.deepEqual(named(frames, 11), ["a.example"]);
});

test("an answer holds from its question on, where the clock of who saw it is behind", (t) => {
  const [question, answer] = asked("a.example", [a("a.example")], 10_000);
  const frames = [{ ...answer, sec: answer.sec - 3 }, question];
  t.deepEqual(named(frames, 9), []);
  t.deepEqual(named(frames, 10), ["a.example"]);
});

for (const [ttl, lasts] of [
  [0, DAY],
  [60, DAY],
  [DAY, DAY + 300],
  [3 * DAY, 3 * DAY + 300],
  [0xffff_ffff, 10 * DAY],
] as const) {
  test(`a lifetime of ${ttl} s lasts ${lasts} s`, (t) => {
    const frames = asked("a.example", [a("a.example", ADDRESS, ttl)]);
    t.deepEqual(named(frames, lasts), ["a.example"]);
    if (ttl < 0xffff_ffff) t.deepEqual(named(frames, lasts + 1), []);
  });
}

const ALIASES: Record<string, { records: RecordToWrite[]; names: string[] }> = {
  none: { records: [a("a.example")], names: ["a.example"] },
  one: { records: [alias("a.example", "b.example"), a("b.example")], names: ["a.example", "b.example"] },
  "a chain": {
    records: [alias("a.example", "b.example"), alias("b.example", "c.example"), a("c.example")],
    names: ["a.example", "b.example", "c.example"],
  },
  "a chain out of order": {
    records: [a("c.example"), alias("b.example", "c.example"), alias("a.example", "b.example")],
    names: ["a.example", "b.example", "c.example"],
  },
  "to itself": { records: [alias("a.example", "a.example"), a("a.example")], names: ["a.example"] },
  "in a circle": {
    records: [alias("a.example", "b.example"), alias("b.example", "a.example"), a("b.example")],
    names: ["a.example", "b.example"],
  },
  "of somebody else": { records: [alias("x.example", "y.example"), a("a.example")], names: ["a.example"] },
};
for (const [what, { records, names }] of Object.entries(ALIASES)) {
  test(`aliases: ${what}`, (t) => {
    const dns = new DnsEvidence(observe(numbered(asked("a.example", records))));
    const { own } = dns.namesOf(0, ADDRESS, new Set([CLIENT]), START_SEC + 1, 0);
    t.deepEqual(
      own.flatMap(({ name, aliases }) => [name, ...aliases]),
      names,
    );
  });
}

test("a chain of a thousand aliases ends", (t) => {
  const records = Array.from({ length: 1_000 }, (_, i) => ({
    name: `n${i}`,
    type: "CNAME",
    data: `n${(i + 1) % 1_000}`,
    ttl: 1,
  }));
  t.is(aliasesOf("n0", records).size, 1_000);
});

test("an address of a name that was not asked for, nor an alias, is nobody's", (t) => {
  t.deepEqual(named(asked("a.example", [a("evil.example")]), 1), []);
});

test("an answer is the asking client's; to others it is hearsay", (t) => {
  const dns = new DnsEvidence(observe(numbered(asked("a.example", [a("a.example")]))));
  const { own, other } = dns.namesOf(0, ADDRESS, new Set(["10.0.0.2"]), START_SEC + 1, 0);
  t.deepEqual([own.length, other.map(({ client }) => client)], [0, [CLIENT]]);
  t.deepEqual(dns.namesOf(0, ADDRESS, new Set(["10.0.0.2", CLIENT]), START_SEC + 1, 0).own.length, 1);
  t.deepEqual(dns.namesOf(1, ADDRESS, new Set([CLIENT]), START_SEC + 1, 0).own, [], "another realm");
});

test("whole answers within a day before, for contradictions", (t) => {
  const frames = [
    ...asked("a.example", [a("a.example", "192.0.2.1")]),
    ...asked("a.example", [a("a.example", "192.0.2.2")], 60_000),
  ];
  const dns = new DnsEvidence(observe(numbered(frames)));
  const at = (sec: number): string[] =>
    dns.answersFor(0, new Set([CLIENT]), "a.example", START_SEC + sec).flatMap(({ addresses }) => addresses);
  t.deepEqual(at(30), ["192.0.2.1"]);
  t.deepEqual(at(90), ["192.0.2.1", "192.0.2.2"]);
  t.deepEqual(at(DAY + 30), ["192.0.2.2"]);
  const found = dns.addressesOf("a.example");
  t.deepEqual(
    found.map(({ text }) => text),
    ["192.0.2.1", "192.0.2.2"],
  );
  t.true(
    found.every(({ frames }) => frames.length === 2),
    "each with the question and the answer that gave it",
  );
});

// ---- look-ups

const query = (id: number, ms: number, name = "a.example", port = 40_000): Frame =>
  udpFrame({ from: `${CLIENT}:${port}`, to: `${SERVER}:53`, ms, data: dnsQuery(name, { id }) });
const answer = (
  id: number,
  ms: number,
  options: { records?: RecordToWrite[]; rcode?: number; name?: string } = {},
): Frame => {
  const { records = [a("a.example")], rcode = 0, name = "a.example" } = options;
  const data = dnsAnswer(name, records, { id, rcode });
  return udpFrame({ from: `${SERVER}:53`, to: `${CLIENT}:40000`, ms, data });
};

const LOOKUPS: Record<string, { frames: Frame[]; lookups: string[] }> = {
  answered: { frames: [query(1, 0), answer(1, 1)], lookups: ["a.example NOERROR 192.0.2.1 ×1 from 1"] },
  "sent twice, answered once": {
    frames: [query(1, 0), query(1, 1000), answer(1, 1001)],
    lookups: ["a.example NOERROR 192.0.2.1 ×1 from 1"],
  },
  "answered by another id": {
    frames: [query(1, 0), answer(2, 1)],
    lookups: ["a.example NOERROR 192.0.2.1 ×1 from 2", "a.example TIMEOUT  ×1 from 1"],
  },
  "without an answer": { frames: [query(1, 0), query(2, 5)], lookups: ["a.example TIMEOUT  ×2 from 1"] },
  "an answer alone": { frames: [answer(1, 1)], lookups: ["a.example NOERROR 192.0.2.1 ×1 from 1"] },
  "the answer first in the file": {
    frames: [answer(1, 1), query(1, 0)],
    lookups: ["a.example NOERROR 192.0.2.1 ×1 from 2"],
  },
  "no such name": {
    frames: [query(1, 0), answer(1, 1, { records: [], rcode: 3 })],
    lookups: ["a.example NXDOMAIN  ×1 from 1"],
  },
  "no such record": { frames: [query(1, 0), answer(1, 1, { records: [] })], lookups: ["a.example NODATA  ×1 from 1"] },
  "only an alias": {
    frames: [query(1, 0), answer(1, 1, { records: [alias("a.example", "b.example")] })],
    lookups: ["a.example NODATA b.example ×1 from 1"],
  },
  "the server failed": {
    frames: [query(1, 0), answer(1, 1, { records: [], rcode: 2 })],
    lookups: ["a.example SERVFAIL  ×1 from 1"],
  },
  "two at once, answered the other way round": {
    frames: [
      query(1, 0),
      query(2, 1, "b.example"),
      answer(2, 2, { name: "b.example", records: [a("b.example", "192.0.2.9")] }),
      answer(1, 3),
    ],
    lookups: ["a.example NOERROR 192.0.2.1 ×1 from 1", "b.example NOERROR 192.0.2.9 ×1 from 2"],
  },
};
for (const [what, { frames, lookups }] of Object.entries(LOOKUPS)) {
  test(`look-ups: ${what}`, (t) => {
    const found = collectLookups(observe(numbered(frames)));
    const lines = found.map((l) => `${l.name} ${l.result} ${l.answers.join()} ×${l.count} from ${l.frame}`);
    t.deepEqual(lines.sort(), lookups);
  });
}
