/** What fixtures can't show of TACACS+: connections of several sessions, bodies in clear, bytes that look like it. */
import test from "ava";
import { tacacs } from "../../decoders/tacacs.ts";
import { decodeStream, streamAt } from "../support/decode.ts";
import { concat, hex } from "../support/hex.ts";

const at = streamAt(40_001, 41_000);
const packet = (sequence: number, flags = 0, type = 1, length = 8) =>
  concat([
    Uint8Array.of(0xc1, type, sequence, flags),
    hex`00 00 be ef`,
    Uint8Array.of(0, 0, 0, length),
    new Uint8Array(length),
  ]);

test("one session behind another, and the next step of one", (t) => {
  const { facts } = decodeStream(tacacs, concat([packet(1), packet(3), packet(1, 4, 2)]), at);
  const ids = facts.filter((fact) => fact.kind === "message").map((fact) => fact.kind === "message" && fact.id);
  t.deepEqual(ids, ["beef/1", "beef/3", "beef/1"]);
});

test("a body in clear is said to be, and not told", (t) => {
  const { facts } = decodeStream(tacacs, packet(1, 1), at);
  t.true(facts.some((fact) => fact.kind === "field" && fact.field === "tacacs.protected" && fact.value === "no"));
});

test("a connection begins with the first packet of a session", (t) => {
  t.false(decodeStream(tacacs, packet(5), at).recognised);
  t.true(decodeStream(tacacs, packet(5), { ...at, fromStart: false }).recognised);
});

test("types, flags and lengths that are none, and strangers behind a packet", (t) => {
  for (const bad of [packet(1, 2), packet(1, 0, 4), packet(1, 0, 1, 3), concat([packet(1), hex`16 03 01`])])
    t.false(decodeStream(tacacs, bad, at).recognised);
});
