/** What fixtures can't show of RADIUS: lengths that have to agree, padding on its ports, passwords that are kept. */
import test from "ava";
import { radius } from "../../decoders/radius.ts";
import { datagramAt, decodeDatagram } from "../support/decode.ts";
import { concat, hex } from "../support/hex.ts";

const REQUEST = concat([
  hex`01 07 00 2d`,
  new Uint8Array(16).fill(7),
  hex`01 05 67 77 37`,
  hex`02 14`,
  new Uint8Array(18).fill(0x41),
]);
const on = datagramAt(40_001, 1812);
const away = datagramAt(40_001, 41_000);
REQUEST[3] = REQUEST.length;

test("away from its ports the length is the datagram's and something is asked", (t) => {
  t.true(decodeDatagram(radius, REQUEST, away).recognised);
  const padded = concat([REQUEST, new Uint8Array(3)]);
  t.true(decodeDatagram(radius, padded, on).recognised, "what is behind the length is padding");
  t.false(decodeDatagram(radius, padded, away).recognised);
  const bare = concat([hex`05 07 00 14`, new Uint8Array(16)]);
  t.true(decodeDatagram(radius, bare, on).recognised);
  t.false(decodeDatagram(radius, bare, away).recognised);
});

test("attributes that do not fill it, codes that are none", (t) => {
  for (const [at, byte] of [
    [21, 6],
    [21, 1],
    [20, 0],
    [0, 99],
    [3, REQUEST.length + 1],
  ] as const) {
    const bad = Uint8Array.from(REQUEST);
    bad[at] = byte;
    t.false(decodeDatagram(radius, bad, on).recognised, `${byte} at ${at}`);
  }
});

test("the password is never told", (t) => {
  const { facts } = decodeDatagram(radius, REQUEST, on);
  t.true(facts.some((f) => f.kind === "field" && f.value === "gw7"));
  t.false(JSON.stringify(facts).includes("AAAA"));
});
