/** What fixtures can't show of RTCP: what has to fill a datagram exactly. */
import test from "ava";
import { rtcp } from "../../decoders/rtcp.ts";
import { datagramAt, decodeDatagram } from "../support/decode.ts";
import { concat, hex } from "../support/hex.ts";

const away = datagramAt(40_001, 41_000);
const is = (...parts: Uint8Array[]): boolean => decodeDatagram(rtcp, concat(parts), away).recognised;
const REPORT = hex`80 c9 00 01 00 00 00 07`;

test("packets fill the datagram, a report first", (t) => {
  t.true(is(REPORT));
  t.true(is(REPORT, hex`81 cb 00 01 00 00 00 07`));
  t.false(is(REPORT, hex`00 00 00 00`), "what is left over is none");
  t.false(is(hex`81 cb 00 01 00 00 00 07`, REPORT), "goodbye first");
  t.false(is(hex`81 c9 00 01 00 00 00 07`), "a block that is not there");
  t.false(is(hex`80 c9 00 02 00 00 00 07`), "longer than the datagram");
  t.false(is(hex`a0 c9 00 01 00 00 00 07`, REPORT), "padding that is not at the end");
});

test("of a datagram that was cut nothing is claimed", (t) => {
  t.false(decodeDatagram(rtcp, REPORT, away, 8).recognised);
});

test("encrypted, the index near the end shows it", (t) => {
  const tag = hex`01 02 03 04 05 06 07 08 09 0a`;
  t.true(is(REPORT, hex`80 00 00 05`, tag));
  t.true(is(REPORT, hex`de ad be ef de ad be ef 80 00 00 05`, tag), "with what is encrypted between");
  t.true(is(REPORT, tag, hex`80 00 00 05`), "an index behind its tag");
  t.false(is(REPORT, hex`00 00 00 05`, tag), "not marked");
  t.false(is(hex`81 c9 00 01 00 00 00 07`, hex`80 00 00 05`, tag), "a block that is not there");
});
