/** What fixtures can't show of DCE/RPC: the other byte order, fragments, refusals, PROFINET's calls. */
import test from "ava";
import { dcerpc } from "../../decoders/dcerpc.ts";
import { datagramAt, decodeDatagram, decodeStream, streamAt } from "../support/decode.ts";
import { concat, hex } from "../support/hex.ts";

const at = streamAt(40_001, 41_000);
const values = (facts: readonly { kind: string }[], field: string) =>
  facts.flatMap((fact) => ("field" in fact && fact.field === field && "value" in fact ? [fact.value] : []));

test("a bind with the highest byte first", (t) => {
  const bind = hex`05 00 0b 03 00 00 00 00 00 48 00 00 00 00 00 01
    16 d0 16 d0 00 00 00 00 01 00 00 00
    00 00 01 00 e1 af 83 08 5d 1f 11 c9 91 a4 08 00 2b 14 a0 fa 00 03 00 00
    8a 88 5d 04 1c eb 11 c9 9f e8 08 00 2b 10 48 60 00 00 00 02`;
  const { facts } = decodeStream(dcerpc, bind, at);
  t.deepEqual(values(facts, "dcerpc.service"), ["epmapper"]);
});

test("a call's later fragments are no calls of their own", (t) => {
  const request = (flags: number) =>
    concat([Uint8Array.of(5, 0, 0, flags), hex`10 00 00 00 18 00 00 00 07 00 00 00`, new Uint8Array(8)]);
  const { facts } = decodeStream(dcerpc, concat([request(1), request(0), request(2), request(3)]), at);
  t.is(facts.filter((fact) => fact.kind === "message").length, 2);
});

test("a fault and a refused bind say why, and fail", (t) => {
  const fault = hex`05 00 03 23 10 00 00 00 20 00 00 00 07 00 00 00  20 00 00 00 00 00 00 00 05 00 00 00 00 00 00 00`;
  const refused = hex`05 00 0d 03 10 00 00 00 18 00 00 00 07 00 00 00  03 00 01 05 00 00 00 00`;
  t.deepEqual(values(decodeStream(dcerpc, fault, at).facts, "dcerpc.fault"), ["0x00000005"]);
  const { facts } = decodeStream(dcerpc, refused, at);
  t.true(facts.some((fact) => fact.kind === "message" && fact.failed === true));
});

test("lengths that contradict each other, and types that nobody defined", (t) => {
  t.false(decodeStream(dcerpc, hex`05 00 00 03 10 00 00 00 0f 00 00 00 07 00 00 00`, at).recognised);
  t.false(decodeStream(dcerpc, hex`05 00 00 03 10 00 00 00 18 00 20 00 07 00 00 00`, at).recognised);
  t.false(decodeStream(dcerpc, hex`05 00 07 03 10 00 00 00 18 00 00 00 07 00 00 00`, at).recognised);
});

test("PROFINET's interfaces are another decoder's", (t) => {
  const call = (name: string) =>
    concat([hex`04 00 28 00 10 00 00 00`, new Uint8Array(16), hex(name), new Uint8Array(40)]);
  const over = datagramAt(40_001, 41_000);
  t.false(decodeDatagram(dcerpc, call("01 00 a0 de 97 6c d1 11 82 71 00 a0 24 42 df 7d"), over).recognised);
  t.true(decodeDatagram(dcerpc, call("c8 4f 32 4b 70 16 d3 01 12 78 5a 47 bf 6e e1 88"), over).recognised);
});
