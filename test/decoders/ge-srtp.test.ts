/** What fixtures can't show of GE-SRTP: zeros that open nothing, kinds and parts that are none. */
import test from "ava";
import { geSrtp } from "../../decoders/ge-srtp.ts";
import { decodeStream, streamAt } from "../support/decode.ts";
import { concat } from "../support/hex.ts";

const on = streamAt(50_001, 18_245);
const away = streamAt(50_001, 40_999);
/** A short request for a service. */
function request(service: number): Uint8Array {
  const bytes = new Uint8Array(56);
  bytes.set([2, 0, 6, 0]);
  bytes[31] = 0xc0;
  bytes.set([1, 1, service], 40);
  return bytes;
}
const classes = (bytes: Uint8Array) =>
  decodeStream(geSrtp, bytes, on).facts.flatMap((f) => (f.kind === "operation" ? [f.class] : []));

test("zeros open on the port, and nowhere else", (t) => {
  t.true(decodeStream(geSrtp, new Uint8Array(56), on).recognised);
  t.false(decodeStream(geSrtp, new Uint8Array(56), away).recognised);
  const almost = new Uint8Array(56);
  almost[50] = 1;
  t.false(decodeStream(geSrtp, almost, on).recognised);
  t.true(decodeStream(geSrtp, request(4), away).recognised, "a request proves itself");
});

test("kinds that are none, and a part beyond the last", (t) => {
  for (const [at, byte] of [
    [1, 1],
    [31, 0],
    [31, 0xd4],
    [40, 2],
    [40, 0],
  ] as const) {
    const bad = request(4);
    bad[at] = byte;
    t.false(decodeStream(geSrtp, bad, on).recognised, `${byte} at ${at}`);
  }
});

test("requests one behind another; what no table knows is unknown", (t) => {
  t.deepEqual(classes(concat([request(4), request(7), request(0x23), request(0x40), request(0x99)])), [
    "read",
    "write",
    "control",
    "program",
    "unknown",
  ]);
});
