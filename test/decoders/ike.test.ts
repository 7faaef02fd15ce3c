/** What fixtures can't show of IKE: lengths and chains that have to agree, ESP and keep-alives beside it. */
import test from "ava";
import { ike } from "../../decoders/ike.ts";
import { datagramAt, decodeDatagram } from "../support/decode.ts";
import { concat, hex } from "../support/hex.ts";

const NONCE = hex`00 00 00 14 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 10`;
const INIT = concat([
  hex`11 12 13 14 15 16 17 18  00 00 00 00 00 00 00 00  28 20 22 08  00 00 00 00  00 00 00 30`,
  NONCE,
]);
const on = datagramAt(500, 500);

test("version, exchange, flags, length and chain have to agree", (t) => {
  t.true(decodeDatagram(ike, INIT, datagramAt(40_001, 41_000)).recognised);
  for (const [at, byte, why] of [
    [17, 0x30, "version 3"],
    [18, 2, "an exchange of version 1"],
    [19, 0x48, "a flag that does not exist"],
    [27, 0x31, "another length"],
    [16, 12, "a payload of version 1"],
    [31, 0x13, "a payload that ends early"],
    [28, 40, "a payload that is not there"],
  ] as const) {
    const bad = Uint8Array.from(INIT);
    bad[at] = byte;
    t.false(decodeDatagram(ike, bad, on).recognised, why);
  }
});

test("behind four zero bytes it is the same, and what else is on port 4500 is none", (t) => {
  const nat = datagramAt(4500, 4500);
  t.deepEqual(decodeDatagram(ike, concat([hex`00 00 00 00`, INIT]), nat).facts, decodeDatagram(ike, INIT, on).facts);
  t.false(decodeDatagram(ike, hex`ff`, nat).recognised, "a keep-alive");
  t.false(decodeDatagram(ike, concat([hex`c1 02 03 04 00 00 00 01`, NONCE, NONCE]), nat).recognised, "ESP");
});

test("who began is told by the flag, not by the port or the order", (t) => {
  const sender = (flags: number, exchange = 37): unknown => {
    const bytes = Uint8Array.from(INIT);
    bytes[8] = 7; // the responder's SPI
    bytes[18] = exchange;
    bytes[19] = flags;
    return decodeDatagram(ike, bytes, on).facts.flatMap((f) => (f.kind === "role" ? [f.sender] : []))[0];
  };
  t.is(sender(0x08), "client");
  t.is(sender(0x00), "server", "the responder asks");
  t.is(sender(0x28), "client", "the initiator answers");
});
