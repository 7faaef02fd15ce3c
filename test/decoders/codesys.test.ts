/** What fixtures can't show of CODESYS: headers that prove too little, lengths that lie, what is secured. */
import test from "ava";
import { codesys } from "../../decoders/codesys.ts";
import { datagramAt, decodeDatagram, decodeStream, streamAt } from "../support/decode.ts";
import { fixturesOf } from "../support/decoder-fixtures.ts";
import { hex } from "../support/hex.ts";

const fixture = (title: string): Uint8Array => fixturesOf("codesys").find((f) => f.title === title)!.bytes;
const away = streamAt(40_001, 40_002);

test("a datagram counts on the ports, or behind others", (t) => {
  const bytes = fixture("who is there");
  t.true(decodeDatagram(codesys, bytes, datagramAt(1743, 1740)).recognised);
  t.false(decodeDatagram(codesys, bytes, datagramAt(1744, 1739)).recognised);
  const other = Uint8Array.from(bytes);
  other[3] = 9;
  t.false(decodeDatagram(codesys, other, datagramAt(1743, 1740)).recognised);
});

test("the magic proves it on any port, the length has to be one", (t) => {
  const bytes = fixture("open a channel");
  t.true(decodeStream(codesys, bytes, away).recognised);
  for (const length of [0, 13, 0xff]) {
    const bad = Uint8Array.from(bytes);
    bad.set([length, length === 0xff ? 0xff : 0], 4);
    t.false(decodeStream(codesys, bad, away).recognised, String(length));
  }
  t.false(decodeStream(codesys, hex`00 01 17 e9 20 00 00 00`, away).recognised);
});

test("what is secured is unknown, whatever its numbers would mean in clear", (t) => {
  const classes = (title: string) =>
    decodeStream(codesys, fixture(title), away).facts.flatMap((f) => (f.kind === "operation" ? [f.class] : []));
  t.deepEqual(classes("secured"), ["unknown"]);
  t.deepEqual(classes("which device, and acknowledged"), ["identify", "session"]);
});

test("a channel's end has its reason, unless it is none", (t) => {
  const closed = (reason: number) => {
    const bytes = hex`c5 6b 40 40 00 21 00 03 0a 2d 00 05 c4 00 01 01 00 00 00 00 07 00 00 00`;
    bytes[22] = reason;
    return decodeDatagram(codesys, bytes, datagramAt(1743, 1740)).facts.filter((f) => f.kind === "field");
  };
  t.deepEqual(closed(0), []);
  t.deepEqual(closed(3), [{ kind: "field", field: "codesys.close-reason", value: 3 }]);
});

test("a node whose names are longer than its message says what stands before them", (t) => {
  const bytes = Uint8Array.from(fixture("a controller"));
  bytes.set([0xff, 0xff], 26);
  const { facts } = decodeDatagram(codesys, bytes, datagramAt(1740, 1743));
  t.deepEqual(
    facts.flatMap((f) => (f.kind === "asset" ? [f.value] : [])),
    ["5.15.4.0"],
  );
  t.true(facts.some((f) => f.kind === "problem" && f.what === "malformed"));
});
