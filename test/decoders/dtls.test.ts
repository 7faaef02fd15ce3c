/** What fixtures can't show of DTLS: hellos over datagrams, protection as it begins, and bytes that only look like it. */
import test from "ava";
import { dtls } from "../../decoders/dtls.ts";
import { Cursor } from "../../src/decode/cursor.ts";
import { DATAGRAM_DONE, DATAGRAM_MORE, type DatagramResult } from "../../src/decode/decoder.ts";
import type { Fact } from "../../src/decode/facts.ts";
import { datagramAt, decodeDatagram } from "../support/decode.ts";
import { fixturesOf } from "../support/decoder-fixtures.ts";
import { concat, hex } from "../support/hex.ts";

const AT = datagramAt(40_001, 41_002);
/** Bytes of a record's header. */
const HEADER = 13;

function record(type: number, epoch: number, fragment: Uint8Array): Uint8Array {
  const length = fragment.length;
  return concat([Uint8Array.of(type, 0xfe, 0xfd, 0, epoch, 0, 0, 0, 0, 0, 0, length >> 8, length & 255), fragment]);
}
/** A piece of a ClientHello. */
function piece(body: Uint8Array, from: number, to: number, seq = 0): Uint8Array {
  const numbers = [body.length, from, to - from].map((n) => Uint8Array.of(0, n >> 8, n & 255));
  const head = concat([Uint8Array.of(1), numbers[0]!, Uint8Array.of(0, seq), numbers[1]!, numbers[2]!]);
  return record(22, 0, concat([head, body.subarray(from, to)]));
}
/** The body of openssl's hello, without its record's and its handshake's header. */
const BODY = fixturesOf("dtls")
  .find((f) => f.file.endsWith("/dtls12.md") && f.title === "ClientHello")!
  .bytes.subarray(13 + 12);

function direction(datagrams: readonly Uint8Array[], peerStarted = false) {
  const facts: Fact[] = [];
  const results: DatagramResult[] = [];
  let before: Uint8Array[] = [];
  for (const bytes of datagrams) {
    const at = { ...AT, before, peerStarted };
    const result = dtls.datagram!(new Cursor().set(bytes, 0, bytes.length), (fact) => facts.push(fact), at);
    results.push(result);
    before = result === DATAGRAM_MORE ? [...before, bytes] : [];
  }
  return { facts, results };
}
const names = (facts: readonly Fact[]): string[] => facts.flatMap((f) => (f.kind === "name" ? [f.name] : []));

test("a hello in pieces over several datagrams, in any order and with doubles", (t) => {
  const [a, b, c] = [piece(BODY, 0, 50), piece(BODY, 50, 90), piece(BODY, 90, BODY.length)];
  for (const datagrams of [
    [a, b, c],
    [c, a, b],
    [a, a, c, b],
    [concat([a, c]), b],
    [piece(BODY, 0, 70), c, b],
  ]) {
    const { facts, results } = direction(datagrams);
    t.deepEqual(names(facts), ["gw7.rollout.example"]);
    t.deepEqual(results, [...new Array(datagrams.length - 1).fill(DATAGRAM_MORE), true]);
  }
});

test("pieces of another hello fill no gap", (t) => {
  const { facts } = direction([piece(BODY, 0, 50, 0), piece(BODY, 50, BODY.length, 1)]);
  t.deepEqual(facts, []);
});

test("the first protected record is up, and the next one ends the direction", (t) => {
  const finished = concat([record(20, 0, hex`01`), record(22, 1, new Uint8Array(40))]);
  t.deepEqual(direction([finished]), { facts: [{ kind: "up" }], results: [true] });
  t.deepEqual(direction([record(23, 1, new Uint8Array(20))]).results, [true]);
  const next = (bytes: Uint8Array) =>
    dtls.datagram!(new Cursor().set(bytes, 0, bytes.length), () => t.fail(), { ...AT, state: 1 });
  t.deepEqual(
    [next(finished), next(record(20, 0, hex`01`)), next(new Uint8Array(40).fill(0x80))],
    [DATAGRAM_DONE, true, false],
  );
  t.deepEqual(direction([record(20, 0, hex`01`)]), { facts: [], results: [true] }, "a change of cipher alone");
});

test("DTLS 1.3's short header counts in a known connection and behind a hello", (t) => {
  const short = concat([hex`2e 12 34 00 18`, new Uint8Array(24)]);
  t.deepEqual(direction([short]).results, [false]);
  t.deepEqual(direction([short], true), { facts: [{ kind: "up" }], results: [true] });
  const { facts, results } = direction([concat([piece(BODY, 0, BODY.length), short])]);
  t.deepEqual(names(facts), ["gw7.rollout.example"]);
  t.deepEqual(results, [true]);
});

test("bytes that look like DTLS and are not", (t) => {
  const hello = piece(BODY, 0, BODY.length);
  const cases: [string, Uint8Array][] = [
    ["bytes behind the record", concat([hello, hex`01 02 03`])],
    ["a record longer than its datagram", hello.subarray(0, hello.length - 1)],
    ["an empty record", record(22, 0, new Uint8Array(0))],
    ["an alert of no level", record(21, 0, hex`07 28`)],
    [
      "a piece that reaches behind its message",
      record(22, 0, concat([hex`01 00 00 02 00 00 00 00 01 00 00 02`, hex`03 03`])),
    ],
    ["a version of TLS", concat([hex`16 03 03`, hello.subarray(3)])],
  ];
  for (const [what, bytes] of cases) t.false(decodeDatagram(dtls, bytes, AT).recognised, what);
});

/** The server's flight in fragments of 256 bytes: its hello with the certificate's beginning, more, and its end. */
const FLIGHT = fixturesOf("dtls")
  .filter((f) => f.file.endsWith("/certificate.md"))
  .map(({ bytes }) => bytes);

test("a certificate over several datagrams is the server's where its hello came before it", (t) => {
  t.is(FLIGHT.length, 3);
  const { facts, results } = direction(FLIGHT);
  t.deepEqual(facts.at(-1), { kind: "name", source: "certificate", name: "gw7.rollout.example" });
  t.deepEqual(results, [DATAGRAM_MORE, DATAGRAM_MORE, true]);
  const orphans = direction(FLIGHT.slice(1));
  t.deepEqual(orphans, { facts: [], results: ["more", "more"] }, "a client's may look like that");
  const again = direction([FLIGHT[0]!, FLIGHT[0]!, FLIGHT[2]!, FLIGHT[1]!]);
  t.deepEqual(again.results, [DATAGRAM_MORE, DATAGRAM_MORE, DATAGRAM_MORE, true]);
  t.deepEqual(names(again.facts), ["gw7.rollout.example"]);
});

test("nobody waits for a certificate that does not come", (t) => {
  const [hello] = FLIGHT;
  const endOfHello = HEADER + ((hello![HEADER - 2]! << 8) | hello![HEADER - 1]!);
  const alone = hello!.subarray(0, endOfHello);
  const done = record(22, 0, hex`0e 00 00 00 00 02 00 00 00 00 00 00`);
  t.deepEqual(direction([alone, done]).results, [DATAGRAM_MORE, true], "keys that both knew before");
  const finished = concat([record(20, 0, hex`01`), record(22, 1, new Uint8Array(40))]);
  t.deepEqual(direction([alone, finished]).results, [DATAGRAM_MORE, true], "a session of before");
  const lost = direction(Array.from({ length: 13 }, () => alone));
  t.deepEqual(lost.results.lastIndexOf(DATAGRAM_MORE), 11, "no more than so many are kept for it");
  const other = FLIGHT[1]!.slice();
  other[other.length - 1]! ^= 1;
  t.deepEqual(names(direction([hello!, other, FLIGHT[1]!, FLIGHT[2]!]).facts), [], "pieces that disagree name nobody");
});
