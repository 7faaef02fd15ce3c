/** What fixtures can't show of SCTP: sums that do not hold, chunks that do not fill, and whole captures of it. */
import test from "ava";
import { sctp } from "../../decoders/sctp.ts";
import { crc32c } from "../../decoders/shared/crc32c.ts";
import { datagramAt, decodeDatagram } from "../support/decode.ts";
import { fixturesOf } from "../support/decoder-fixtures.ts";
import { ascii, concat, hex } from "../support/hex.ts";

const over = { ...datagramAt(40_001, 41_000), transport: "sctp" as const };

test("the checksum of RFC 9260, whose four bytes count as zeros", (t) => {
  t.is(crc32c(ascii("123456789"), 0, 9, 9), 0xe3069283);
  const zeroed = concat([ascii("12"), new Uint8Array(4), ascii("789")]);
  t.is(crc32c(ascii("123456789"), 0, 9, 2), crc32c(zeroed, 0, 9, 9));
});

test("in UDP every bit is held to the sum", (t) => {
  const inUdp = fixturesOf("sctp").filter(({ at }) => at.transport === "udp");
  t.true(inUdp.length > 0);
  for (const { bytes, at } of inUdp)
    for (let i = 0; i < bytes.length; i++) {
      const changed = Uint8Array.from(bytes);
      changed[i]! ^= 1;
      t.false(decodeDatagram(sctp, changed, at).recognised, `byte ${i}`);
    }
});

test("chunks have to fill the packet, with known types and the lengths that these ask for", (t) => {
  t.true(decodeDatagram(sctp, hex`0b 00 00 04 0b 00 00 04`, over).recognised);
  for (const bad of [
    hex`0b 00 00 05`,
    hex`0b 00 00 03`,
    hex`20 00 00 04`,
    hex`0b 00 00 04 00 00 00 08 00 00 00 00`,
    hex`01 00 00 04`,
  ])
    t.false(decodeDatagram(sctp, bad, over).recognised);
});

test("padding of the last chunk may be missing", (t) => {
  t.is(decodeDatagram(sctp, hex`09 00 00 05 aa`, over).recognised, true);
});

test("a protocol without a name is told by its number and claims nothing inside", (t) => {
  const { facts } = decodeDatagram(sctp, hex`00 03 00 11 00 00 00 01 00 00 00 00 00 00 03 e7 61 00 00 00`, over);
  t.true(facts.some((fact) => fact.kind === "field" && fact.value === 999));
  t.false(facts.some((fact) => fact.kind === "inner"));
});
