/** What fixtures can't show of LDAP: messages longer than any buffer, holes in them, and what its kin write. */
import test from "ava";
import { ldap } from "../../decoders/ldap.ts";
import { Cursor } from "../../src/decode/cursor.ts";
import { type Context, STREAM_DONE } from "../../src/decode/decoder.ts";
import type { Fact } from "../../src/decode/facts.ts";
import { datagramAt, decodeDatagram, decodeStream, streamAt } from "../support/decode.ts";
import { concat, hex } from "../support/hex.ts";

const SERVER = streamAt(389, 40_001);
/** An entry of 16 MiB: its head, and the first of what is in it. */
const LONG_ENTRY = hex`30 84 01 00 00 0b 02 01 02 64 84 01 00 00 02 04 00 30`;
const LONG_LEFT = 6 + 0x0100_000b - LONG_ENTRY.length;
const DONE = hex`30 0c 02 01 02 65 07 0a 01 00 04 00 04 00`;

/** One direction as the driver feeds it, without holding what was taken. */
function feed(pieces: readonly { bytes: Uint8Array; lost?: number }[]): { facts: Fact[]; results: number[] } {
  const at: Context = { ...SERVER, state: 0 };
  const facts: Fact[] = [];
  const results: number[] = [];
  for (const { bytes, lost = 0 } of pieces) {
    at.lost = lost;
    let off = 0;
    while (off < bytes.length) {
      const taken = ldap.stream!(new Cursor().set(bytes, off, bytes.length - off), (fact) => facts.push(fact), at);
      if (taken < 0) return { facts, results: [...results, taken] };
      at.started = true;
      at.lost = 0;
      off += taken;
    }
    results.push(off);
  }
  return { facts, results };
}
const responses = (facts: Fact[]): number => facts.filter((f) => f.kind === "message" && f.what === "response").length;

test("an entry of 16 MiB is passed over piece by piece", (t) => {
  const block = new Uint8Array(LONG_LEFT / 5);
  t.is(block.length * 5, LONG_LEFT);
  const { facts } = feed([
    { bytes: LONG_ENTRY },
    ...Array.from({ length: 5 }, () => ({ bytes: block })),
    { bytes: DONE },
  ]);
  t.is(responses(facts), 1);
});

test("bytes lost within an entry are counted as passed over; more than that ends the direction", (t) => {
  const block = new Uint8Array(1000);
  const rest = { bytes: concat([block, DONE]), lost: LONG_LEFT - block.length };
  t.is(responses(feed([{ bytes: LONG_ENTRY }, rest]).facts), 1);
  t.is(feed([{ bytes: LONG_ENTRY }, { bytes: block, lost: LONG_LEFT }]).results.at(-1), STREAM_DONE);
});

test("what SNMP, Kerberos and other ASN.1 write is none", (t) => {
  for (const bytes of [
    hex`30 26 02 01 01 04 06 70 75 62 6c 69 63 a0 19 02 04 01 02 03 04 02 01 00 02 01 00 30 0b 30 09 06 05 2b 06 01 02 01 05 00`,
    hex`6a 0c 30 0a a1 03 02 01 05 a2 03 02 01 0a`,
    hex`30 0c 02 01 02 65 07 04 01 00 04 00 04 00`,
    hex`30 0c 02 01 02 7f 07 0a 01 00 04 00 04 00`,
    hex`30 0c 02 05 01 02 03 04 05 42 00 00 00 00`,
    hex`30 80 02 01 02 65 07 0a 01 00 04 00 04 00`,
  ]) {
    t.false(decodeStream(ldap, bytes, SERVER).recognised);
    t.false(decodeDatagram(ldap, bytes, datagramAt(40_001, 389)).recognised);
  }
});

test("a length beyond the datagram is none, unless the capture cut it", (t) => {
  const whole = hex`30 10 02 01 02 65 07 0a 01 00 04 00 04 00`;
  t.false(decodeDatagram(ldap, whole, datagramAt(389, 40_001)).recognised);
  t.true(decodeDatagram(ldap, whole, datagramAt(389, 40_001), 4).recognised);
});
