/** What fixtures can't show of DHCPv6: what has to hold away from its ports, and relays within relays. */
import test from "ava";
import { dhcpv6 } from "../../decoders/dhcpv6.ts";
import { datagramAt, decodeDatagram, type Outcome } from "../support/decode.ts";
import { concat, hex } from "../support/hex.ts";

const CLIENT_ID = hex`00 01 00 0a 00 03 00 01 02 00 00 00 00 07`;
const SOLICIT = concat([hex`01 12 34 56`, CLIENT_ID, hex`00 08 00 02 00 00`]);
const away = datagramAt(40_001, 41_000);
const on = datagramAt(546, 547);

const relayed = (inner: Uint8Array): Uint8Array =>
  concat([hex`0c 00`, new Uint8Array(32), hex`00 09 00`, Uint8Array.of(inner.length), inner]);
const value = (said: Outcome, field: string): unknown =>
  said.facts.flatMap((f) => (f.kind === "field" && f.field === field ? [f.value] : []))[0];

test("away from its ports somebody has to say who they are, in options that fill the message", (t) => {
  t.true(decodeDatagram(dhcpv6, SOLICIT, away).recognised);
  t.false(decodeDatagram(dhcpv6, hex`01 12 34 56 00 08 00 02 00 00`, away).recognised, "nobody");
  t.true(decodeDatagram(dhcpv6, hex`0b 12 34 56 00 08 00 02 00 00`, on).recognised, "on them nobody needs to");
  t.false(decodeDatagram(dhcpv6, concat([SOLICIT, hex`00`]), away).recognised, "a byte left over");
  t.false(decodeDatagram(dhcpv6, concat([SOLICIT, hex`03 00 00 00`]), away).recognised, "an option that nobody knows");
});

test("a relay's message is told with the one inside", (t) => {
  const said = decodeDatagram(dhcpv6, relayed(relayed(SOLICIT)), on);
  t.is(value(said, "dhcpv6.relayed"), "RELAY-FORW");
  t.is(value(said, "dhcpv6.type"), "SOLICIT");
  t.is(value(said, "dhcpv6.client-mac"), "02:00:00:00:00:07");
  t.is(said.facts.filter((f) => f.kind === "role").length, 1);
});

test("relays within relays end", (t) => {
  let bytes: Uint8Array = hex`01 12 34 56`;
  for (let i = 0; i < 6; i++) bytes = relayed(bytes);
  t.false(decodeDatagram(dhcpv6, bytes, on).facts.some((f) => f.kind === "problem"));
  let deep: Uint8Array = hex`01 12 34 56`;
  for (let i = 0; i < 10; i++) {
    deep = concat([
      hex`0c 00`,
      new Uint8Array(32),
      hex`00 09`,
      Uint8Array.of(deep.length >> 8, deep.length & 255),
      deep,
    ]);
  }
  t.true(decodeDatagram(dhcpv6, deep, on).facts.some((f) => f.kind === "problem"));
});
