/** What fixtures can't show of TFTP: transfers on ports of their own, known by three blocks in a row. */
import test from "ava";
import { tftp } from "../../decoders/tftp.ts";
import { datagramAt, decodeDatagram } from "../support/decode.ts";
import { ascii, concat, hex } from "../support/hex.ts";

const away = datagramAt(40_001, 41_000);
const data = (block: number, size = 512): Uint8Array =>
  concat([hex`00 03`, Uint8Array.of(block >> 8, block & 255), new Uint8Array(size)]);

test("one block shows nothing, the third in a row does", (t) => {
  t.is(decodeDatagram(tftp, data(1), away).end, "more");
  const third = decodeDatagram(tftp, data(3), { ...away, before: [data(1), data(2)] });
  t.true(third.recognised);
  t.deepEqual(third.facts, [{ kind: "field", field: "tftp.operation", value: "data" }]);
});

test("blocks out of a row, or of other sizes, are no proof", (t) => {
  const after = (...before: Uint8Array[]): boolean => decodeDatagram(tftp, data(3), { ...away, before }).recognised;
  t.false(after(data(1), data(1)));
  t.false(after(data(1), data(2, 100)));
  t.true(
    decodeDatagram(tftp, data(0), { ...away, before: [data(65_534), data(65_535)] }).recognised,
    "numbers begin again",
  );
});

test("in a flow that is known an acknowledgement counts", (t) => {
  t.false(decodeDatagram(tftp, hex`00 04 00 01`, away).recognised);
  t.true(decodeDatagram(tftp, hex`00 04 00 01`, { ...away, peerStarted: true }).recognised);
  t.false(decodeDatagram(tftp, hex`00 04 00 01 00`, { ...away, peerStarted: true }).recognised);
});

test("requests need a file and a mode that exists", (t) => {
  const ask = (text: string): boolean => decodeDatagram(tftp, concat([hex`00 01`, ascii(text)]), away).recognised;
  t.true(ask("start.cfg\0OCTET\0"));
  t.false(ask("start.cfg\0fast\0"));
  t.false(ask("\0octet\0"));
  t.false(ask("start.cfg\0octet"));
});
