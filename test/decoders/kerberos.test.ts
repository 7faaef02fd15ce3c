/** What fixtures can't show of Kerberos: nesting that lies, and other protocols of the same encoding. */
import test from "ava";
import { kerberos } from "../../decoders/kerberos.ts";
import { datagramAt, decodeDatagram, decodeStream, streamAt } from "../support/decode.ts";
import { concat, hex } from "../support/hex.ts";

/** AS-REQ for a ticket of ROLLOUT, no client named. */
const REQUEST = hex`6a 1f 30 1d  a1 03 02 01 05  a2 03 02 01 0a  a4 11 30 0f  a0 02 05 00  a2 09 1b 07 52 4f 4c 4c 4f 55 54`;
const away = datagramAt(40_001, 41_000);

test("the nesting proves it on any port, over UDP and TCP", (t) => {
  const said = decodeDatagram(kerberos, REQUEST, away);
  t.true(said.facts.some((f) => f.kind === "field" && f.field === "kerberos.realm" && f.value === "ROLLOUT"));
  t.true(decodeStream(kerberos, concat([hex`00 00 00 21`, REQUEST]), streamAt(40_001, 41_000)).recognised);
});

test("lengths, version and type have to agree", (t) => {
  for (const [at, byte] of [
    [1, 0x1e],
    [3, 0x1c],
    [8, 4],
    [13, 12],
    [0, 0x6b],
  ] as const) {
    const bad = Uint8Array.from(REQUEST);
    bad[at] = byte;
    t.false(decodeDatagram(kerberos, bad, datagramAt(40_001, 88)).recognised, `${byte} at ${at}`);
  }
  t.false(decodeDatagram(kerberos, concat([REQUEST, hex`00`]), away).recognised);
});

test("LDAP over UDP begins with the same tags and is none", (t) => {
  const cldap = hex`30 25 02 01 01 63 20 04 00 0a 01 00 0a 01 00 02 01 00 02 01 00 01 01 00 87 0b 6f 62 6a 65 63 74 43 6c 61 73 73 30 00`;
  t.false(decodeDatagram(kerberos, cldap, datagramAt(40_001, 88)).recognised);
});
