/** What fixtures can't show of RDP: refusals, requests that are other protocols' of X.224, the opening over UDP. */
import test from "ava";
import { rdp } from "../../decoders/rdp.ts";
import { datagramAt, decodeDatagram, decodeStream, streamAt } from "../support/decode.ts";
import { ascii, concat, hex } from "../support/hex.ts";

const at = streamAt(40_001, 41_000);
const packet = (code: number, ...parts: Uint8Array[]) => {
  const rest = concat(parts);
  return concat([Uint8Array.of(3, 0, 0, 11 + rest.length, 6 + rest.length, code), new Uint8Array(5), rest]);
};

test("a failure is the server's word, with its name", (t) => {
  const { facts } = decodeStream(rdp, packet(0xd0, hex`03 00 08 00 05 00 00 00`), at);
  t.true(facts.some((fact) => fact.kind === "fault" && fact.text === "CredSSP required by server"));
  t.true(facts.some((fact) => fact.kind === "message" && fact.failed === true));
});

test("a bare request or confirm is any protocol's of X.224, unless the other side is known", (t) => {
  t.false(decodeStream(rdp, packet(0xe0), at).recognised);
  t.false(decodeStream(rdp, packet(0xd0), at).recognised);
  t.true(decodeStream(rdp, packet(0xd0), { ...at, peerStarted: true }).recognised);
  t.false(decodeStream(rdp, packet(0xe0, hex`c1 02 01 00 c2 02 01 02 c0 01 0a`), at).recognised, "S7's");
});

test("a routing token, and a line that is none", (t) => {
  const { facts } = decodeStream(rdp, packet(0xe0, ascii("Cookie: msts=3640205228.15629.0000\r\n")), at);
  t.true(facts.some((fact) => fact.kind === "field" && fact.field === "rdp.token"));
  t.false(decodeStream(rdp, packet(0xe0, ascii("Cookie: session=1\r\n")), at).recognised);
});

test("protocols that nobody defined are none", (t) => {
  t.false(decodeStream(rdp, packet(0xe0, hex`01 00 08 00 00 01 00 00`), at).recognised);
});

const opening = (acknowledged: string, flags: string, mtu = "04d0") => {
  const bytes = new Uint8Array(1232);
  bytes.set(hex(`${acknowledged} 0040 ${flags} 0102 0304 ${mtu} ${mtu}`));
  return bytes;
};

test("the opening over UDP: a question, its answer, and what only has its size", (t) => {
  const over = datagramAt(40_001, 41_000);
  const question = decodeDatagram(rdp, opening("ffff ffff", "0001"), over);
  const answer = decodeDatagram(rdp, opening("0102 0304", "0005"), over);
  const id = (said: typeof question) => said.facts.flatMap((fact) => (fact.kind === "message" ? [fact.id] : []));
  t.deepEqual(id(question), id(answer));
  t.false(decodeDatagram(rdp, opening("ffff ffff", "0005"), over).recognised);
  t.false(decodeDatagram(rdp, opening("ffff ffff", "0001", "05dc"), over).recognised);
  t.false(decodeDatagram(rdp, opening("ffff ffff", "0001").fill(1, 1000), over).recognised);
});
