/** What fixtures can't show of WireGuard: data, which count three in a row or in a flow that is known. */
import test from "ava";
import { wireguard } from "../../decoders/wireguard.ts";
import { datagramAt, decodeDatagram } from "../support/decode.ts";
import { ascii, concat, hex } from "../support/hex.ts";

const away = datagramAt(40_001, 41_000);
const data = (counter: number, receiver = 7): Uint8Array =>
  concat([hex`04 00 00 00`, Uint8Array.of(receiver, 8, 9, 10, counter, 0, 0, 0, 0, 0, 0, 0), new Uint8Array(32)]);

test("data count three in a row, to one receiver, with counters that rise by little", (t) => {
  const after = (here: Uint8Array, ...before: Uint8Array[]): string => {
    const said = decodeDatagram(wireguard, here, { ...away, before });
    return said.recognised ? "yes" : said.end;
  };
  t.is(after(data(1)), "more");
  t.is(after(data(2), data(1)), "more");
  t.is(after(data(9), data(1), data(2)), "yes");
  t.is(after(data(3), data(1), data(3)), "none");
  t.is(after(data(200), data(1), data(2)), "none");
  t.is(after(data(3, 8), data(1), data(2)), "none");
  t.is(after(data(9), ascii("what another decoder wanted kept"), data(1), data(2)), "yes");
});

test("in a flow that is known one is enough, if its length is one of data", (t) => {
  t.true(decodeDatagram(wireguard, data(1), { ...away, peerStarted: true }).recognised);
  t.false(decodeDatagram(wireguard, data(1).subarray(0, -1), { ...away, peerStarted: true }).recognised);
});

test("a handshake is of its one length, and of keys that are random", (t) => {
  const initiation = (length: number, fill: (i: number) => number): boolean => {
    const bytes = Uint8Array.from({ length }, (_, i) => fill(i));
    bytes.set(hex`01 00 00 00`);
    return decodeDatagram(wireguard, bytes, away).recognised;
  };
  t.true(initiation(148, (i) => (i * 37) & 255));
  t.false(initiation(149, (i) => (i * 37) & 255));
  t.false(initiation(148, () => 0));
});
