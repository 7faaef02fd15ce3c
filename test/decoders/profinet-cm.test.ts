/** What fixtures can't show of PROFINET's context management: other interfaces, other ports, blocks that lie. */
import test from "ava";
import { profinetCm } from "../../decoders/profinet-cm.ts";
import { datagramAt, decodeDatagram } from "../support/decode.ts";
import { fixturesOf } from "../support/decoder-fixtures.ts";

const on = datagramAt(49_153, 34_964);
const away = datagramAt(49_153, 49_154);
const fixture = (title: string): Uint8Array => fixturesOf("profinet-cm").find((f) => f.title === title)!.bytes;
const changed = (bytes: Uint8Array, at: number, ...values: number[]): Uint8Array => {
  const copy = Uint8Array.from(bytes);
  copy.set(values, at);
  return copy;
};
const operations = (bytes: Uint8Array) =>
  decodeDatagram(profinetCm, bytes, on).facts.flatMap((f) => (f.kind === "operation" ? [`${f.code} ${f.class}`] : []));

test("another interface of DCE/RPC is not PROFINET's, the mapper's counts on the port only", (t) => {
  const connect = fixture("a controller connects");
  t.true(decodeDatagram(profinetCm, connect, away).recognised);
  t.false(decodeDatagram(profinetCm, changed(connect, 24, 0x12), on).recognised);
  const lookup = fixture("ept_lookup");
  t.true(decodeDatagram(profinetCm, lookup, on).recognised);
  t.false(decodeDatagram(profinetCm, lookup, away).recognised);
});

test("a device answers a look-up from a port of its own; what comes from 135 is another mapper's", (t) => {
  const answer = fixture("an endpoint");
  t.true(decodeDatagram(profinetCm, answer, datagramAt(49_155, 49_153)).recognised);
  t.false(decodeDatagram(profinetCm, answer, datagramAt(135, 49_153)).recognised);
});

test("a supervisor's access is a session only without an IO connection", (t) => {
  const access = fixture("a supervisor connects to read records");
  t.deepEqual(operations(access), ["0 session"]);
  // The first block's kind and properties stand behind 80 + 20 + 6 bytes.
  t.deepEqual(operations(changed(access, 106, 0, 1)), ["0 control"]);
  t.deepEqual(operations(changed(access, 148, 0, 0, 0, 0)), ["0 control"]);
});

test("a block that is longer than its message ends the reading with a problem, and the operation is not lost", (t) => {
  const { facts, recognised } = decodeDatagram(profinetCm, changed(fixture("read I&M0"), 102, 0xff, 0xff), on);
  t.true(recognised);
  t.true(facts.some((f) => f.kind === "problem"));
  t.true(facts.some((f) => f.kind === "operation" && f.class === "read"));
});

test("a length beyond the datagram is none of ours", (t) => {
  t.false(decodeDatagram(profinetCm, changed(fixture("release"), 74, 0xff), on).recognised);
});

test("a header of reading makes a write and a control no less", (t) => {
  const read = fixture("read I&M0");
  t.deepEqual(operations(read), ["2 identify"]);
  for (const [code, said] of [
    [3, "3 write"],
    [4, "4 control"],
  ] as const)
    t.deepEqual(operations(changed(read, 68, 0, code)), [said]);
});
