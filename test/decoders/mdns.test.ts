/** What fixtures can't show of mDNS: the same bytes on other ports, and what DNS keeps for itself. */
import test from "ava";
import { dns } from "../../decoders/dns.ts";
import { mdns } from "../../decoders/mdns.ts";
import { datagramAt, decodeDatagram } from "../support/decode.ts";
import { concat, hex } from "../support/hex.ts";

const LOCAL = hex`00 00 00 00  00 01 00 00 00 00 00 00  03 67 77 37 05 6c 6f 63 61 6c 00  00 01 80 01`;
const OTHER = hex`00 00 00 00  00 01 00 00 00 00 00 00  03 67 77 37 07 65 78 61 6d 70 6c 65 00  00 01 00 01`;

test("away from its port names of .local are its own, and DNS leaves them to it", (t) => {
  const away = datagramAt(40_001, 41_000);
  t.true(decodeDatagram(mdns, LOCAL, away).recognised);
  t.false(decodeDatagram(dns, LOCAL, away).recognised);
  t.false(decodeDatagram(mdns, OTHER, away).recognised);
  t.true(decodeDatagram(dns, OTHER, away).recognised);
  t.true(decodeDatagram(mdns, OTHER, datagramAt(5353, 5353)).recognised, "on its port any name is");
});

test("on its port what is no message is none", (t) => {
  const at = datagramAt(5353, 5353);
  t.false(decodeDatagram(mdns, new Uint8Array(64), at).recognised, "nothing asked");
  t.false(decodeDatagram(mdns, LOCAL.subarray(0, 20), at).recognised, "a name that does not end");
  const update = Uint8Array.from(LOCAL);
  update[2] = 0x28;
  t.false(decodeDatagram(mdns, update, at).recognised, "another opcode");
});

test("a question from another port waits for its answer, one to the group does not", (t) => {
  const what = (senderPort: number): unknown[] =>
    decodeDatagram(mdns, LOCAL, datagramAt(senderPort, 5353)).facts.flatMap((f) =>
      f.kind === "message" ? [f.what] : [],
    );
  t.deepEqual(what(40_001), ["request"]);
  t.deepEqual(what(5353), ["oneway"]);
});

test("who asks whether a name is free looks nothing up", (t) => {
  const probe = concat([LOCAL, hex`c0 0c  00 01 00 01  00 00 00 78  00 04 0a 14 00 05`]);
  probe[9] = 1; // the record that it would take stands in the authority section
  const said = decodeDatagram(mdns, probe, datagramAt(5353, 5353));
  t.deepEqual(
    said.facts.map((f) => f.kind),
    ["role", "field", "message"],
  );
});
