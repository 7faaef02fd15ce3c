/** What fixtures can't show of RTP: rows that are none, several sources in one flow, and when it gives up. */
import test from "ava";
import { rtp } from "../../decoders/rtp.ts";
import { datagramAt, decodeDatagram } from "../support/decode.ts";
import { concat, hex } from "../support/hex.ts";

const away = datagramAt(40_001, 41_000);
const packet = (sequence: number, time = sequence * 160, source = 7, type = 8): Uint8Array => {
  const bytes = concat([hex`80 00 00 00 00 00 00 00 00 00 00 00`, new Uint8Array(20)]);
  const view = new DataView(bytes.buffer);
  view.setUint8(1, type);
  view.setUint16(2, sequence);
  view.setUint32(4, time);
  view.setUint32(8, source);
  return bytes;
};
const judge = (here: Uint8Array, ...before: Uint8Array[]): string => {
  const said = decodeDatagram(rtp, here, { ...away, before });
  return said.recognised ? "yes" : said.end;
};

test("three in a row prove it, not one and not two", (t) => {
  t.is(judge(packet(1)), "more");
  t.is(judge(packet(2), packet(1)), "more");
  t.is(judge(packet(3), packet(1), packet(2)), "yes");
  t.is(judge(packet(12), packet(1), packet(2)), "yes", "some may be lost");
});

test("what does not rise is no row", (t) => {
  t.is(judge(packet(3), packet(1), packet(1)), "none", "the same twice");
  t.is(judge(packet(3), packet(2), packet(1)), "none");
  t.is(judge(packet(500), packet(1), packet(2)), "none", "too far");
  t.is(judge(packet(3, 0), packet(1), packet(2)), "none", "time runs back");
  t.is(judge(packet(3, 480, 0), packet(1), packet(2)), "none", "a source of zero");
});

test("sources that share a flow are told apart, and patience ends", (t) => {
  t.is(judge(packet(3), packet(1), packet(90, 0, 8), packet(2)), "yes");
  t.is(judge(packet(1, 0, 1), packet(1, 0, 2), packet(1, 0, 3), packet(1, 0, 4), packet(1, 0, 5)), "none");
});

test("RTCP's types are none, and in a flow that is known one packet is enough", (t) => {
  t.is(judge(packet(3, 480, 7, 72), packet(1, 160, 7, 72), packet(2, 320, 7, 72)), "none");
  t.true(decodeDatagram(rtp, packet(1), { ...away, peerStarted: true }).recognised);
});
