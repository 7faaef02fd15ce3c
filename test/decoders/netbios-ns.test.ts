/** What fixtures can't show of the NetBIOS name service: its names on any port, and names that are none. */
import test from "ava";
import { dns } from "../../decoders/dns.ts";
import { netbiosNs } from "../../decoders/netbios-ns.ts";
import { datagramAt, decodeDatagram } from "../support/decode.ts";
import { ascii, concat, hex } from "../support/hex.ts";

const query = (name: string, type = 0x20): Uint8Array =>
  concat([hex`12 34 01 10  00 01 00 00 00 00 00 00  20`, ascii(name), hex`00 00`, Uint8Array.of(type), hex`00 01`]);
/** `FILES`, padded, the kind 20. */
const FILES = `EGEJEMEFFD${"CA".repeat(11)}`;

test("its names prove it on whatever port, and DNS leaves them to it", (t) => {
  const bytes = query(FILES);
  const away = datagramAt(40_001, 41_000);
  const said = decodeDatagram(netbiosNs, bytes, away);
  t.true(said.facts.some((f) => f.kind === "query" && f.name === "files<20>" && f.type === "NB"));
  t.false(decodeDatagram(dns, bytes, away).recognised);
});

test("a label that is no NetBIOS name is none, on its port too", (t) => {
  for (const port of [137, 41_000]) {
    t.false(decodeDatagram(netbiosNs, query("EGEJEMEFFD".padEnd(32, "Z")), datagramAt(137, port)).recognised);
    t.false(decodeDatagram(netbiosNs, query("gateway-of-the-rollout.example.."), datagramAt(137, port)).recognised);
  }
});

test("a type that is not NetBIOS's counts on its port only", (t) => {
  t.true(decodeDatagram(netbiosNs, query(FILES, 0x1c), datagramAt(137, 137)).recognised);
  t.false(decodeDatagram(netbiosNs, query(FILES, 0x1c), datagramAt(40_001, 41_000)).recognised);
});

test("who asks everybody waits for nobody in particular", (t) => {
  const what = (bytes: Uint8Array): unknown[] =>
    decodeDatagram(netbiosNs, bytes, datagramAt(137, 137)).facts.flatMap((f) => (f.kind === "message" ? [f.what] : []));
  t.deepEqual(what(query(FILES)), ["oneway"]);
  const direct = query(FILES);
  direct[3] = 0;
  t.deepEqual(what(direct), ["request"]);
});
