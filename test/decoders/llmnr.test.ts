/** What fixtures can't show of LLMNR: what tells it from DNS where no port does. */
import test from "ava";
import { dns } from "../../decoders/dns.ts";
import { llmnr } from "../../decoders/llmnr.ts";
import { datagramAt, decodeDatagram } from "../support/decode.ts";
import { hex } from "../support/hex.ts";

const QUERY = hex`12 34 00 00  00 01 00 00 00 00 00 00  03 67 77 37 00  00 01 00 01`;
const with_ = (at: number, byte: number): Uint8Array => {
  const changed = Uint8Array.from(QUERY);
  changed[at] = byte;
  return changed;
};

test("away from its port a name of one label without recursion is its own", (t) => {
  const away = datagramAt(40_001, 41_000);
  t.true(decodeDatagram(llmnr, QUERY, away).recognised);
  t.false(decodeDatagram(dns, QUERY, away).recognised);
  const recursive = with_(2, 1);
  t.false(decodeDatagram(llmnr, recursive, away).recognised);
  t.true(decodeDatagram(dns, recursive, away).recognised);
  t.true(decodeDatagram(dns, QUERY, datagramAt(40_001, 53)).recognised, "on DNS's port it is DNS");
});

test("flags that are not of LLMNR, a response code in a question, two questions", (t) => {
  const at = datagramAt(40_001, 5355);
  t.true(decodeDatagram(llmnr, QUERY, at).recognised);
  t.false(decodeDatagram(llmnr, with_(2, 0x28), at).recognised, "opcode 5");
  t.false(decodeDatagram(llmnr, with_(3, 0x20), at).recognised, "a bit that has to be zero");
  t.false(decodeDatagram(llmnr, with_(3, 0x03), at).recognised, "rcode 3");
  t.false(decodeDatagram(llmnr, with_(5, 2), at).recognised, "two questions");
});

test("conflict and tentative are said", (t) => {
  const said = decodeDatagram(llmnr, with_(2, 0x05), datagramAt(40_001, 5355));
  t.deepEqual(
    said.facts.flatMap((f) => (f.kind === "field" ? [f.field] : [])),
    ["llmnr.conflict", "llmnr.tentative"],
  );
});
