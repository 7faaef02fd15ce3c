/** What fixtures can't show of DHCP: any port, BOOTP without the cookie, overloaded fields, relays. */
import test from "ava";
import { dhcp } from "../../decoders/dhcp.ts";
import { datagramAt, decodeDatagram, type Outcome } from "../support/decode.ts";
import { concat, hex } from "../support/hex.ts";

const HEAD = hex`01 01 06 00  12 34 56 78  00 00 00 00  00 00 00 00  00 00 00 00  00 00 00 00`;
const message = (options: Uint8Array, relay = hex`00 00 00 00`): Uint8Array =>
  concat([HEAD, relay, hex`02 00 00 00 00 07`, new Uint8Array(10 + 192), options]);
const DISCOVER = hex`63 82 53 63  35 01 01  0c 03 67 77 37  ff`;
const away = datagramAt(40_001, 41_000);
const fields = (said: Outcome): Record<string, unknown> =>
  Object.fromEntries(said.facts.flatMap((f) => (f.kind === "field" ? [[f.field, f.value]] : [])));

test("the cookie proves it on any port, and nothing else does", (t) => {
  t.true(decodeDatagram(dhcp, message(DISCOVER), away).recognised);
  const other = message(DISCOVER);
  other[236] = 0x62;
  t.false(decodeDatagram(dhcp, other, away).recognised);
});

test("BOOTP counts on DHCP's ports only", (t) => {
  const bootp = message(new Uint8Array(64));
  t.is(fields(decodeDatagram(dhcp, bootp, datagramAt(68, 67)))["dhcp.type"], "BOOTREQUEST");
  t.false(decodeDatagram(dhcp, bootp, away).recognised);
  t.false(decodeDatagram(dhcp, bootp, datagramAt(40_001, 67)).recognised);
});

test("options go on where the file's name would be", (t) => {
  const overloaded = message(hex`63 82 53 63  35 01 05  34 01 01  ff`);
  overloaded[0] = 2;
  overloaded.set(hex`36 04 0a 14 00 01 ff`, 108);
  t.is(fields(decodeDatagram(dhcp, overloaded, away))["dhcp.server"], "10.20.0.1");
});

test("a host's name is the sender's, but for a relay's", (t) => {
  const assets = (bytes: Uint8Array): number =>
    decodeDatagram(dhcp, bytes, away).facts.filter((f) => f.kind === "asset").length;
  t.is(assets(message(DISCOVER)), 1);
  t.is(assets(message(DISCOVER, hex`0a 14 00 01`)), 0);
});

test("an option that is longer than the message is a problem, and the rest is kept", (t) => {
  const said = decodeDatagram(dhcp, message(hex`63 82 53 63  35 01 01  0c 30 67 77`), away);
  t.is(fields(said)["dhcp.type"], "DISCOVER");
  t.true(said.facts.some((f) => f.kind === "problem" && f.what === "malformed"));
});
