/** What fixtures can't show of FINS: a weak header on other ports, the form of a read that writes, lengths that lie. */
import test from "ava";
import { fins } from "../../decoders/fins.ts";
import { datagramAt, decodeDatagram, decodeStream, streamAt } from "../support/decode.ts";
import { concat, hex } from "../support/hex.ts";

const on = datagramAt(9601, 9600);
const away = datagramAt(40_001, 40_002);
const HEAD = hex`80 00 02 00 01 00 00 7b 00 21`;
const classes = (command: Uint8Array) =>
  decodeDatagram(fins, concat([HEAD, command]), on).facts.flatMap((f) => (f.kind === "operation" ? [f.class] : []));

test("over UDP it counts on its port, or behind others, and with a known command", (t) => {
  const stop = concat([HEAD, hex`04 02`]);
  t.true(decodeDatagram(fins, stop, on).recognised);
  t.false(decodeDatagram(fins, stop, away).recognised);
  t.true(decodeDatagram(fins, stop, { ...away, peerStarted: true }).recognised);
  t.false(decodeDatagram(fins, concat([HEAD, hex`99 02`]), on).recognised);
});

test("reading cycle times may set them back", (t) => {
  t.deepEqual(classes(hex`06 20 01`), ["read"]);
  t.deepEqual(classes(hex`06 20 00`), ["write"]);
  t.deepEqual(classes(hex`06 20 02`), ["write"]);
  t.deepEqual(classes(hex`06 20`), [], "and without its parameter nobody knows");
});

test("over TCP a frame is as long as it says, and no longer than one can be", (t) => {
  const frame = (length: number) =>
    concat([hex`46 49 4e 53 00 00 00`, Uint8Array.of(length), hex`00 00 00 02 00 00 00 00`, HEAD, hex`04 02`]);
  const at = streamAt(40_001, 40_002);
  t.true(decodeStream(fins, frame(20), at).recognised);
  t.is(decodeStream(fins, frame(21), at).end, "more");
  t.false(decodeStream(fins, frame(7), at).recognised);
  t.false(decodeStream(fins, hex`46 49 4e 53 7f 00 00 00 00 00 00 02`, at).recognised);
});
