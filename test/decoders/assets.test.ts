/**
 * What devices say of themselves, by protocol: over all fixtures of a decoder, and where no program at hand says it, by hand.
 * Who loses one of these loses a column of the list of devices.
 */
import test from "ava";
import { bacnet } from "../../decoders/bacnet.ts";
import { DECODERS } from "../../decoders/index.ts";
import type { AssetFact } from "../../src/decode/facts.ts";
import { datagramAt, decodeDatagram } from "../support/decode.ts";
import { fixturesOf } from "../support/decoder-fixtures.ts";
import { ascii, concat, hex } from "../support/hex.ts";
import { u16 } from "../support/packets.ts";

const SAID: Readonly<Record<string, string>> = {
  bacnet: "location name product vendor version",
  s7comm: "name order-code product serial vendor version",
  "s7comm-plus": "order-code version",
  enip: "kind product serial vendor version",
  snmp: "location name product vendor",
  "profinet-dcp": "kind name product vendor",
  "profinet-cm": "location name order-code product serial vendor version",
  modbus: "name order-code product vendor version",
  melsec: "product",
  http: "product",
  dnp3: "product serial vendor version",
  fins: "product version",
  "hart-ip": "name serial version",
  mms: "product vendor version",
  opcua: "name product vendor version",
};

for (const [decoder, expected] of Object.entries(SAID)) {
  test(`${decoder}: ${expected}`, (t) => {
    t.true(DECODERS.some(({ id }) => id === decoder));
    const said = fixturesOf(decoder).flatMap((each) => [...each.expected.matchAll(/^asset .*?what=([a-z-]+)/gm)]);
    t.deepEqual([...new Set(said.map(([, what]) => what))].sort(), expected.split(" "));
  });
}

/** A device's answer to ReadProperty, with a text. */
const answers = (property: number, text: string): AssetFact[] => {
  const value = concat([hex`75`, Uint8Array.of(1 + text.length, 0), ascii(text)]);
  const apdu = concat([hex`30 01 0c 0c 02 00 00 07 1a`, u16(property), hex`3e`, value, hex`3f`]);
  const bytes = concat([hex`81 0a`, u16(6 + apdu.length), hex`01 00`, apdu]);
  return decodeDatagram(bacnet, bytes, datagramAt(47_808, 47_808)).facts.filter((fact) => fact.kind === "asset");
};

test("a BACnet device's serial number, firmware and place", (t) => {
  const said = [
    [372, "SN-123"],
    [44, "2.1.0"],
    [58, "Roof"],
  ] as const;
  t.deepEqual(
    said.flatMap(([property, text]) => answers(property, text).map(({ what, value }) => `${what} ${value}`)),
    ["serial SN-123", "version 2.1.0", "location Roof"],
  );
});
