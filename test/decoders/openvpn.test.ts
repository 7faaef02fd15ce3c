/** What fixtures can't show of OpenVPN: resets that are none, and the time that a wrapped one carries. */
import test from "ava";
import { openvpn } from "../../decoders/openvpn.ts";
import { datagramAt, decodeDatagram, decodeStream, streamAt } from "../support/decode.ts";
import { concat, hex } from "../support/hex.ts";

const away = datagramAt(40_001, 41_000);
const RESET = hex`38 01 02 03 04 05 06 07 08 00 00 00 00 00`;
const signed = (time: number): Uint8Array => {
  const bytes = concat([
    RESET.subarray(0, 9),
    new Uint8Array(20).fill(7),
    hex`00 00 00 01 00 00 00 00`,
    RESET.subarray(9),
  ]);
  new DataView(bytes.buffer).setUint32(33, time);
  return bytes;
};

test("a reset is of its length, with zeros where ids begin", (t) => {
  t.true(decodeDatagram(openvpn, RESET, away).recognised);
  for (const [at, byte] of [
    [0, 0x20],
    [0, 0x39],
    [9, 2],
    [13, 1],
  ] as const) {
    const bad = Uint8Array.from(RESET);
    bad[at] = byte;
    t.false(decodeDatagram(openvpn, bad, away).recognised, `${byte} at ${at}`);
  }
  t.false(decodeDatagram(openvpn, concat([RESET, hex`00`]), away).recognised);
});

test("a signed one was sent about now", (t) => {
  t.true(decodeDatagram(openvpn, signed(away.sec - 3600), away).recognised);
  t.false(decodeDatagram(openvpn, signed(away.sec - 9e7), away).recognised);
});

test("the rest is known by the flow that a reset opened", (t) => {
  const data = concat([hex`48 00 00 01`, new Uint8Array(60)]);
  t.false(decodeDatagram(openvpn, data, away).recognised);
  t.true(decodeDatagram(openvpn, data, { ...away, peerStarted: true }).recognised);
});

test("over TCP behind its length", (t) => {
  t.true(decodeStream(openvpn, concat([hex`00 0e`, RESET]), streamAt(40_001, 41_000)).recognised);
  t.false(decodeStream(openvpn, concat([hex`00 0f`, RESET, hex`00`]), streamAt(40_001, 1194)).recognised);
});

test("encrypted whole, the packet id and the time are left", (t) => {
  const wrapped = (id: number, rest: number): boolean => {
    const bytes = concat([RESET.subarray(0, 9), new Uint8Array(8 + 32 + rest).fill(7)]);
    new DataView(bytes.buffer).setUint32(9, id);
    new DataView(bytes.buffer).setUint32(13, away.sec);
    return decodeDatagram(openvpn, bytes, away).recognised;
  };
  t.true(wrapped(1, 5));
  t.true(wrapped(0x0f000001, 5));
  t.true(wrapped(1, 11), "with what is said early");
  t.false(wrapped(2, 5));
  t.false(wrapped(1, 6));
});
