/** What fixtures can't show of DCP: cyclic data on the same Ethernet type, blocks that lie, other transports. */
import test from "ava";
import { profinetDcp } from "../../decoders/profinet-dcp.ts";
import type { Context } from "../../src/decode/decoder.ts";
import { datagramAt, decodeDatagram } from "../support/decode.ts";
import { hex } from "../support/hex.ts";

const on: Context = { ...datagramAt(0, 0), transport: "eth", etherType: 0x8892 };
const SET = hex`fe fd 04 00 00 00 00 01 00 00 00 0a 02 02 00 05 00 01 61 62 63 00 00 00`;

test("cyclic data, time, and services that are not the frame id's", (t) => {
  t.true(decodeDatagram(profinetDcp, SET, on).recognised);
  t.false(decodeDatagram(profinetDcp, SET, datagramAt(1, 2)).recognised, "nothing that UDP carries");
  for (const [at, byte] of [
    [0, 0xc0],
    [1, 0xfe],
    [1, 0xfc],
    [2, 5],
    [2, 6],
    [3, 2],
  ] as const) {
    const other = Uint8Array.from(SET);
    other[at] = byte;
    t.false(decodeDatagram(profinetDcp, other, on).recognised, `${byte} at ${at}`);
  }
});

test("blocks have to fill the length", (t) => {
  for (const [at, byte] of [
    [11, 0x0e],
    [11, 0x08],
    [15, 0x40],
    [14, 1],
  ] as const) {
    const bad = Uint8Array.from(SET);
    bad[at] = byte;
    t.false(decodeDatagram(profinetDcp, bad, on).recognised, `${byte} at ${at}`);
  }
});

test("a Set that does several things is as strong as the strongest", (t) => {
  const classes = (bytes: Uint8Array) =>
    decodeDatagram(profinetDcp, bytes, on).facts.flatMap((f) => (f.kind === "operation" ? [f.class] : []));
  const head = hex`fe fd 04 00 00 00 00 01 00 00 00 0e`;
  t.deepEqual(classes(hex`${head} 02 02 00 04 00 01 61 62 05 02 00 02 00 00`), ["write"]);
  t.deepEqual(classes(hex`${head} 02 02 00 04 00 01 61 62 05 03 00 02 00 00`), ["control"]);
});
