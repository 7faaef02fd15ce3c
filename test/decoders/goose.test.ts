/** What fixtures can't show of GOOSE: lengths that lie, other elements, other transports. */
import test from "ava";
import { goose } from "../../decoders/goose.ts";
import type { Context } from "../../src/decode/decoder.ts";
import { datagramAt, decodeDatagram } from "../support/decode.ts";
import { hex } from "../support/hex.ts";

const on: Context = { ...datagramAt(0, 0), transport: "eth", etherType: 0x88b8 };
const EVENT = hex`00 01 00 10 00 00 00 00 61 06 80 04 49 45 44 31`;

test("length, element and control block have to be there", (t) => {
  t.true(decodeDatagram(goose, EVENT, on).recognised);
  t.false(decodeDatagram(goose, EVENT, datagramAt(1, 2)).recognised, "nothing that UDP carries");
  for (const [at, byte] of [
    [3, 0x0f],
    [3, 0x11],
    [3, 0],
    [8, 0x62],
    [9, 5],
    [10, 0x81],
  ] as const) {
    const bad = Uint8Array.from(EVENT);
    bad[at] = byte;
    t.false(decodeDatagram(goose, bad, on).recognised, `${byte} at ${at}`);
  }
});

test("who publishes acts on whoever listens", (t) => {
  const { facts } = decodeDatagram(goose, EVENT, on);
  t.like(facts.at(-1), { kind: "operation", class: "control", target: "IED1", id: null });
});
