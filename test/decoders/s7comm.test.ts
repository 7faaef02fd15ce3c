/** What fixtures can't show of S7: what only seems to read, messages that contradict themselves, other users of COTP. */
import test from "ava";
import { s7comm } from "../../decoders/s7comm.ts";
import { Cursor } from "../../src/decode/cursor.ts";
import type { OperationFact } from "../../src/decode/facts.ts";
import { decodeStream, type Outcome, streamAt } from "../support/decode.ts";
import { concat, hex } from "../support/hex.ts";

const tpkt = (...parts: Uint8Array[]): Uint8Array => {
  const body = concat(parts);
  return concat([Uint8Array.of(3, 0, 0, 7 + body.length, 2, 0xf0, 0x80), body]);
};
/** A job, or userdata, with parameters and data. */
const message = (kind: number, parameters: Uint8Array, data: Uint8Array = hex``): Uint8Array =>
  tpkt(Uint8Array.of(0x32, kind, 0, 0, 0, 7, 0, parameters.length, 0, data.length), parameters, data);
const read = message(1, hex`04 01 12 0a 10 02 00 02 00 01 84 00 00 20`);
const away = streamAt(40_001, 41_000);
const operations = (said: Outcome): OperationFact[] =>
  said.facts.flatMap((fact) => (fact.kind === "operation" ? [fact] : []));
const classes = (said: Outcome): string[] => operations(said).map((fact) => fact.class);

test("what is enabled, disabled or deleted is a job, and of its function's class", (t) => {
  for (const [jobFunction, expected] of [
    [2, "read"],
    [8, "write"],
    [9, "write"],
    [12, "program"],
    [99, "unknown"],
  ] as const) {
    for (const subfunction of [13, 14, 15]) {
      const parameters = Uint8Array.of(0, 1, 0x12, 8, 0x12, 0x41, subfunction, 0, 0, 0, 0, 0);
      const data = concat([hex`ff 09 00 06  00 00 00 02`, Uint8Array.of(jobFunction, 1)]);
      t.deepEqual(classes(decodeStream(s7comm, message(7, parameters, data), away)), [expected]);
    }
  }
});

test("a job whose function does not show, and a function that nobody knows, are unknown", (t) => {
  const enable = message(7, hex`00 01 12 08 12 41 0e 00 00 00 00 00`);
  const strange = message(7, hex`00 01 12 04 11 4b 33 00`);
  t.deepEqual(classes(decodeStream(s7comm, concat([enable, strange, message(1, hex`7e`)]), away)), [
    "unknown",
    "unknown",
    "unknown",
  ]);
});

test("a program invocation is of its name's class, and unknown by any other", (t) => {
  const invoke = (name: string): Uint8Array => {
    const text = new TextEncoder().encode(name);
    return message(1, concat([hex`28 00 00 00 00 00 00 fd 00 00`, Uint8Array.of(text.length), text]));
  };
  const said = decodeStream(s7comm, concat(["P_PROGRAM", "_MODU", "_INSE", "_N_FOO_"].map(invoke)), away);
  t.deepEqual(classes(said), ["control", "program", "program", "unknown"]);
});

test("a message that contradicts itself is unknown, and the next one is read", (t) => {
  const liar = tpkt(hex`32 01 00 00 00 08 00 40 00`);
  const other = tpkt(hex`72 01 00 00 ff 00 00 00 00 00`);
  const said = decodeStream(s7comm, concat([read, liar, other, read]), away);
  t.deepEqual(classes(said), ["read", "unknown", "unknown", "read"]);
  t.is(said.facts.filter((fact) => fact.kind === "problem").length, 2);
});

test("bytes that are no TPKT are said once, and reading goes on where one begins again", (t) => {
  const noise = hex`ff ff ff ff ff ff`;
  const said = decodeStream(s7comm, concat([read, noise, noise, read]), away, 0, 0, [
    read.length,
    noise.length,
    noise.length,
    read.length,
  ]);
  t.deepEqual(classes(said), ["read", "read"]);
  t.is(said.facts.filter((fact) => fact.kind === "problem").length, 1);
});

test("behind a hole reading goes on with the first segment that begins a message", (t) => {
  const at = { ...away, started: true, lost: 9, state: 0 };
  const facts: unknown[] = [];
  const rest = hex`0a 10 02 00 02`;
  const cursor = (bytes: Uint8Array) => new Cursor().set(bytes, 0, bytes.length);
  t.is(
    s7comm.stream!(cursor(rest), (fact) => facts.push(fact), at),
    rest.length,
  );
  t.deepEqual(facts, []);
  t.is(
    s7comm.stream!(cursor(read), (fact) => facts.push(fact), { ...at, lost: 0 }),
    read.length,
  );
  t.is(facts.length, 1);
});

test("a message that the capture cut is told as far as it goes", (t) => {
  const said = decodeStream(s7comm, read.slice(0, 18), away, read.length - 18);
  t.true(said.recognised);
  t.true(said.facts.some((fact) => fact.kind === "problem" && fact.what === "cut"));
});

test("a connection alone proves nothing, and neither do other users of COTP", (t) => {
  const connect = hex`03 00 00 16 11 e0 00 00 00 01 00 c0 01 0a c1 02 01 00 c2 02 01 02`;
  t.is(decodeStream(s7comm, connect, streamAt(40_001, 102)).end, "more");
  const mms = tpkt(hex`01 00 01 00 61 03 30 01 00`);
  t.false(decodeStream(s7comm, concat([connect, mms]), streamAt(40_001, 102)).recognised);
  const rdp = hex`03 00 00 13 0e e0 00 00 00 00 00 01 00 08 00 03 00 00 00`;
  t.false(decodeStream(s7comm, concat([rdp, hex`16 03 01 00 10`]), streamAt(40_001, 3389)).recognised);
});

test("a controller's own notices are unknown where somebody sends them to it", (t) => {
  const userdata = (type: number, group: number, subfunction: number): Uint8Array =>
    message(7, Uint8Array.of(0, 1, 0x12, 4, 0x11, (type << 4) | group, subfunction, 0), hex`0a 00 00 00`);
  for (const [group, subfunction] of [
    [0, 0],
    [0, 4],
    [4, 3],
    [4, 5],
    [4, 13],
    [4, 22],
  ] as const)
    t.deepEqual(
      classes(decodeStream(s7comm, userdata(4, group, subfunction), away)),
      ["unknown"],
      `${group}/${subfunction}`,
    );
  t.deepEqual(classes(decodeStream(s7comm, userdata(0, 4, 5), streamAt(102, 41_000))), ["read"], "pushed");
  t.deepEqual(classes(decodeStream(s7comm, userdata(4, 4, 1), away)), ["read"]);
});
