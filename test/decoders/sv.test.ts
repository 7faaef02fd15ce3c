/** What fixtures can't show of sampled values: lengths that lie, samples without an id, other transports. */
import test from "ava";
import { sv } from "../../decoders/sv.ts";
import type { Context } from "../../src/decode/decoder.ts";
import { datagramAt, decodeDatagram } from "../support/decode.ts";
import { hex } from "../support/hex.ts";

const on: Context = { ...datagramAt(0, 0), transport: "eth", etherType: 0x88ba };
const FRAME = hex`40 00 00 17 00 00 00 00 60 0d 80 01 01 a2 08 30 06 80 04 4d 55 30 31`;

test("length, elements and a sample's id have to be there", (t) => {
  t.true(decodeDatagram(sv, FRAME, on).recognised);
  t.false(decodeDatagram(sv, FRAME, datagramAt(1, 2)).recognised, "nothing that UDP carries");
  for (const [at, byte] of [
    [3, 0x16],
    [3, 0x18],
    [8, 0x61],
    [10, 0x81],
    [13, 0xa3],
    [15, 0x31],
    [17, 0x82],
  ] as const) {
    const bad = Uint8Array.from(FRAME);
    bad[at] = byte;
    t.false(decodeDatagram(sv, bad, on).recognised, `${byte} at ${at}`);
  }
});

test("it is named after its first sample", (t) => {
  t.like(decodeDatagram(sv, FRAME, on).facts.at(-1), { kind: "operation", class: "control", target: "MU01" });
});
