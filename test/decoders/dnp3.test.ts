/** What fixtures can't show of DNP3: every function's class, sums that are wrong, the two ends' directions. */
import test from "ava";
import { dnp3 } from "../../decoders/dnp3.ts";
import { crc } from "../../decoders/shared/dnp3-codes.ts";
import { datagramAt, decodeDatagram, decodeStream, type Outcome, streamAt } from "../support/decode.ts";
import { ascii, concat, hex } from "../support/hex.ts";

const sum = (bytes: Uint8Array): Uint8Array => {
  const value = crc(bytes, 0, bytes.length);
  return Uint8Array.of(value & 0xff, value >>> 8);
};
/** A link frame from master 1 to outstation 10, or back. */
function link(data: Uint8Array, control = 0xc4): Uint8Array {
  const ends = (control & 0x80) !== 0 ? hex`0a 00 01 00` : hex`01 00 0a 00`;
  const head = concat([Uint8Array.of(5, 0x64, 5 + data.length, control), ends]);
  const parts = [head, sum(head)];
  for (let at = 0; at < data.length; at += 16) parts.push(data.slice(at, at + 16), sum(data.slice(at, at + 16)));
  return concat(parts);
}
const ask = (code: number, objects = hex``): Uint8Array => link(concat([Uint8Array.of(0xc0, 0xc1, code), objects]));
const away = streamAt(40_001, 41_000);
const classes = (said: Outcome): string[] => said.facts.flatMap((f) => (f.kind === "operation" ? [f.class] : []));

test("the check sum is DNP's", (t) => {
  t.is(crc(ascii("123456789"), 0, 9), 0xea82);
});

test("each function is of its class, and what is none is unknown", (t) => {
  const expected: Record<string, number[]> = {
    session: [0, 26, 29],
    read: [1, 23, 28],
    write: [2, 20, 21, 22, 24, 27],
    control: [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 30],
    program: [19, 31],
    unknown: [25, 32, 33, 34, 77, 128],
  };
  for (const [class_, codes] of Object.entries(expected))
    for (const code of codes) t.deepEqual(classes(decodeStream(dnp3, ask(code), away)), [class_], `${code}`);
});

test("who asks for device attributes alone identifies", (t) => {
  t.deepEqual(classes(decodeStream(dnp3, ask(1, hex`00 fa 00 00 00`), away)), ["identify"]);
  t.deepEqual(classes(decodeStream(dnp3, ask(1, hex`00 fa 00 00 00  3c 01 06`), away)), ["read"]);
});

test("a file is opened to read it, or to bring one", (t) => {
  const open = (mode: number): Uint8Array =>
    ask(
      25,
      concat([
        hex`46 03 5b 01  1a 00  1a 00 00 00  00 00 00 00 00 00  00 00  00 00 00 00  00 00 00 00`,
        Uint8Array.of(mode, 0),
        hex`00 04 01 00`,
      ]),
    );
  t.deepEqual(
    [1, 2, 3, 0].map((mode) => classes(decodeStream(dnp3, open(mode), away))[0]),
    ["read", "program", "program", "unknown"],
  );
});

test("a head whose sum is wrong is no DNP3; data whose sum is wrong is a problem", (t) => {
  const bad = ask(1);
  bad[8]! ^= 1;
  t.false(decodeStream(dnp3, bad, streamAt(40_001, 20_000)).recognised);
  const data = ask(13);
  data[data.length - 1]! ^= 1;
  const said = decodeStream(dnp3, data, away);
  t.deepEqual(classes(said), ["control"]);
  t.true(said.facts.some((fact) => fact.kind === "problem"));
});

test("the direction bit says who is master, whoever opened", (t) => {
  const roles = (bytes: Uint8Array): unknown[] =>
    decodeStream(dnp3, bytes, away).facts.flatMap((f) => (f.kind === "role" ? [f.sender] : []));
  t.deepEqual(roles(ask(1)), ["client"]);
  t.deepEqual(roles(link(hex`c0 c1 81 00 00`, 0x44)), ["server"]);
});

test("object headers that lie leave the function told", (t) => {
  for (const objects of [hex`0c 01 28 ff ff 03`, hex`01 02 0f`, hex`3c`, hex`0c 01 17 ff 00`]) {
    const said = decodeStream(dnp3, concat([ask(5, objects), ask(1)]), away);
    t.deepEqual(classes(said), ["control", "read"]);
  }
});

test("several frames in a datagram, and what is behind them", (t) => {
  const said = decodeDatagram(dnp3, concat([ask(1), ask(2), hex`00 00`]), datagramAt(40_001, 41_000));
  t.deepEqual(classes(said), ["read", "write"]);
  t.is(said.facts.filter((fact) => fact.kind === "problem").length, 1);
});

test("resetting the link is a session's, resetting what runs above it is not", (t) => {
  const alone = (control: number): Uint8Array => link(hex``, control);
  t.deepEqual(classes(decodeStream(dnp3, alone(0xc0), away)), ["session"]);
  t.deepEqual(classes(decodeStream(dnp3, alone(0xc1), away)), ["control"]);
});
