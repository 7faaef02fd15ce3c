/** What fixtures can't show of STUN: what is taken for it without a cookie, and channels where nothing else speaks for them. */
import test from "ava";
import { stun } from "../../decoders/stun.ts";
import { datagramAt, decodeDatagram, decodeStream, streamAt } from "../support/decode.ts";
import { ascii, concat, hex } from "../support/hex.ts";

const ELSEWHERE = datagramAt(40_001, 41_002);
const COOKIE = hex`21 12 a4 42`;
const ID = hex`01 02 03 04 05 06 07 08 09 0a 0b 0c`;

test("with a cookie lengths and attributes have to agree", (t) => {
  const of = (...parts: Uint8Array[]): boolean => decodeDatagram(stun, concat(parts), ELSEWHERE).recognised;
  t.true(of(hex`00 01 00 00`, COOKIE, ID));
  t.false(of(hex`00 01 00 04`, COOKIE, ID), "a length that is not there");
  t.false(of(hex`00 01 00 00`, COOKIE, ID, hex`00`), "a byte left over");
  t.false(of(hex`00 01 00 08`, COOKIE, ID, hex`80 22 00 40 61 62 63 64`), "an attribute beyond the end");
  t.false(of(hex`80 01 00 00`, COOKIE, ID), "the first two bits are zero");
  t.false(of(hex`00 01 00 07`, COOKIE, ID, hex`80 22 00 03 61 62 63`), "a length that is no multiple of four");
});

test("classic STUN has few marks, and each has to be right", (t) => {
  const random = hex`6f 1a 93 c4 05 b7 e8 2d 71 fe 4c 90 a3 58 d6 0b`;
  const of = (head: Uint8Array, id: Uint8Array, rest = hex``, at = ELSEWHERE): boolean =>
    decodeDatagram(stun, concat([head, id, rest]), at).recognised;
  t.true(of(hex`00 01 00 00`, random), "a bare request with a random id");
  t.false(of(hex`00 01 00 00`, new Uint8Array(16)), "zeros");
  t.false(of(hex`00 01 00 00`, ascii("aaaaaaaabbbbbbbb")), "an id that is not random");
  t.false(of(hex`00 03 00 00`, random), "a method that came with the cookie");
  t.false(of(hex`01 01 00 00`, random), "a response without an address");
  t.false(of(hex`00 01 00 08`, random, hex`00 03 00 04 00 00 00`), "short");
  t.false(of(hex`00 01 00 08`, random, hex`00 24 00 04 00 00 00 00`), "an attribute that came with the cookie");
  t.false(of(hex`01 01 00 08`, random, hex`00 01 00 04 00 01 02 03`), "an address of four bytes");
  t.false(decodeStream(stun, concat([hex`00 01 00 00`, random]), streamAt(40_001, 3478)).recognised, "never over TCP");
});

test("channel data are known by the port alone", (t) => {
  const data = concat([hex`40 01 00 05`, ascii("hello")]);
  t.true(decodeDatagram(stun, data, datagramAt(40_001, 3478)).recognised);
  t.true(decodeDatagram(stun, concat([data, new Uint8Array(3)]), datagramAt(3478, 40_001)).recognised, "padded");
  t.false(decodeDatagram(stun, concat([data, new Uint8Array(1)]), datagramAt(3478, 40_001)).recognised);
  t.false(decodeDatagram(stun, data, ELSEWHERE).recognised);
  t.false(decodeStream(stun, data, streamAt(40_001, 3478)).recognised, "a stream never begins with it");
});

test("unknown methods and errors print", (t) => {
  const said = decodeDatagram(
    stun,
    concat([hex`01 1d 00 0c`, COOKIE, ID, hex`00 09 00 08 00 00 06 63 6f 6f 70 73`]),
    ELSEWHERE,
  );
  t.true(said.facts.some((f) => f.kind === "field" && f.field === "stun.method" && f.value === "0x00d"));
  t.deepEqual(
    said.facts.find((f) => f.kind === "fault"),
    { kind: "fault", what: "stun-error", code: 699, text: "oops" },
  );
});
