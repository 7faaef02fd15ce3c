/** What fixtures can't show of S7comm-plus: where a function does something decides, fragments, bytes that look like it. */
import test from "ava";
import { s7commPlus } from "../../decoders/s7comm-plus.ts";
import { decodeStream, type Outcome, streamAt } from "../support/decode.ts";
import { concat, hex } from "../support/hex.ts";

const tpkt = (...parts: Uint8Array[]): Uint8Array => {
  const body = concat(parts);
  return concat([Uint8Array.of(3, 0, 0, 7 + body.length, 2, 0xf0, 0x80), body]);
};
const word = (n: number): Uint8Array => Uint8Array.of(n >>> 24, n >>> 16, n >>> 8, n);
const SESSION = 0x3be;
function request(
  code: number,
  object: number,
  session = SESSION,
  trailer = hex`72 02 00 00`,
  rest = hex``,
): Uint8Array {
  const head = concat([hex`31 00 00`, word(code).slice(2), hex`00 00 00 07`, word(session), hex`34`, word(object)]);
  const data = concat([head, rest]);
  return tpkt(Uint8Array.of(0x72, 2, 0, data.length), data, trailer);
}
const away = streamAt(40_001, 41_000);
const classes = (said: Outcome): string[] => said.facts.flatMap((f) => (f.kind === "operation" ? [f.class] : []));
const classOf = (...message: Parameters<typeof request>): string =>
  classes(decodeStream(s7commPlus, request(...message), away))[0]!;

test("where it does something decides what a function does", (t) => {
  t.is(classOf(0x0542, SESSION), "session");
  t.is(classOf(0x0542, 0), "write");
  t.is(classOf(0x04f2, 0x34), "control");
  t.is(classOf(0x04f2, 0x8a7e0000), "write");
  t.is(classOf(0x04ca, 0x11d, 0x120), "session");
  t.is(classOf(0x04ca, SESSION), "unknown", "of which class nobody can see");
  t.is(classOf(0x04ca, 3), "program");
  t.is(classOf(0x04ca, 0x11d), "unknown");
  t.is(classOf(0x04d4, SESSION), "session");
  t.is(classOf(0x04d4, 0x8a320001), "unknown");
});

test("in a session only a subscription reads; any other object that is created there is unknown", (t) => {
  const created = (rest: Uint8Array): string => classOf(0x04ca, SESSION, SESSION, hex`72 02 00 00`, rest);
  t.is(created(hex`00 04 00  00 00 00 00  a1 00 00 00 d3 87 69 00 00`), "read");
  t.is(created(hex`00 04 81 00  00 00 00 00  a1 00 00 00 d3 87 69 00 00`), "read");
  t.is(created(hex`00 04 00  00 00 00 00  a1 00 00 00 d3 87 6a 00 00`), "unknown");
  t.is(created(hex`00 04 00  00 00 00 00  a3 00 00 00 d3 87 69 00 00`), "unknown");
  t.is(created(hex`00 0a 00  00 00 00 00  a1 00 00 00 d3 87 69 00 00`), "unknown");
});

test("a write that ends before its object is unknown, and so is a function that nobody knows", (t) => {
  const cut = tpkt(hex`72 02 00 0e  31 00 00 05 42 00 00 00 07 00 00 03 be 34  72 02 00 00`);
  t.deepEqual(classes(decodeStream(s7commPlus, cut, away)), ["unknown"]);
  t.is(classOf(0x0999, 0), "unknown");
});

test("a PDU without its trailer goes on in the next one, which asks nothing new", (t) => {
  const first = request(0x0586, 0x32, SESSION, hex``);
  const rest = tpkt(hex`72 02 00 04  31 31 31 31  72 02 00 00`);
  t.deepEqual(classes(decodeStream(s7commPlus, concat([first, rest, request(0x054c, 0)]), away)), ["read", "read"]);
});

test("TLS behind the first messages is unknown, and anything else contradicts", (t) => {
  const said = decodeStream(
    s7commPlus,
    concat([request(0x054c, 0), tpkt(hex`17 03 03 00 01 00`), tpkt(hex`55 55`)]),
    away,
  );
  t.deepEqual(classes(said), ["read", "unknown", "unknown"]);
});

test("bytes that only begin alike are not taken", (t) => {
  for (const body of [hex`72 04 00 02 31 00`, hex`72 01 00 02 30 00`, hex`72 ff 00 00`, hex`73 01 00 02 31 00`])
    t.false(decodeStream(s7commPlus, tpkt(body), streamAt(40_001, 102)).recognised);
});
