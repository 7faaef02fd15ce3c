/** What fixtures can't show of OPC UA: every service's class, what is protected, heads that lie. */
import test from "ava";
import { opcua } from "../../decoders/opcua.ts";
import { requestOf, SERVICES } from "../../decoders/shared/opcua-codes.ts";
import { decodeStream, type Outcome, streamAt } from "../support/decode.ts";
import { ascii, concat, hex } from "../support/hex.ts";

const le = (n: number): Uint8Array => Uint8Array.of(n, n >>> 8, n >>> 16, n >>> 24);
const frame = (type: string, body: Uint8Array): Uint8Array => concat([ascii(type), le(8 + body.length), body]);
const HEADER = hex`00 00  00 00 00 00 00 00 00 00  01 00 00 00  00 00 00 00  ff ff ff ff  00 00 00 00  00 00 00`;
const message = (type: Uint8Array, body = HEADER): Uint8Array =>
  frame("MSGF", concat([le(7), le(1), le(51), le(9), type, body]));
const service = (id: number, ...more: Uint8Array[]): Uint8Array =>
  message(concat([hex`01 00`, le(id).slice(0, 2)]), concat([HEADER, ...more]));
const away = streamAt(40_001, 41_000);
const classes = (said: Outcome): string[] => said.facts.flatMap((f) => (f.kind === "operation" ? [f.class] : []));
const first = (bytes: Uint8Array): string => classes(decodeStream(opcua, bytes, away))[0]!;

test("each service is of its class, and its answer is told from it", (t) => {
  for (const [id, [, class_]] of SERVICES) {
    t.is(first(service(id, new Uint8Array(16))), class_, `${id}`);
    t.is(requestOf(id + (id > 12_000 ? 1 : 3)), id);
  }
  t.is(requestOf(400), 0);
});

test("reading nothing but build information identifies", (t) => {
  const node = (id: number): Uint8Array =>
    concat([hex`01 00`, le(id).slice(0, 2), hex`0d 00 00 00 ff ff ff ff 00 00 ff ff ff ff`]);
  const read = (...ids: number[]): Uint8Array => service(631, new Uint8Array(12), le(ids.length), ...ids.map(node));
  t.is(first(read(2256)), "identify");
  t.is(first(read(2260, 2264)), "identify");
  t.is(first(read(2260, 2259)), "read");
  t.is(first(read()), "read");
});

test("a call controls, unless it is the one method that only asks", (t) => {
  const call = (method: number): Uint8Array =>
    service(712, le(1), hex`01 00 cd 08`, hex`01 00`, le(method).slice(0, 2), le(0));
  t.is(first(call(11_492)), "read");
  t.is(first(call(11_493)), "control");
});

test("what does not begin with a service is unknown: protected, or somebody's own", (t) => {
  for (const type of [hex`8f 31 aa 07`, hex`01 02 77 02`, hex`01 00 ff ff`]) t.is(first(message(type)), "unknown");
});

test("a message of several chunks is told once", (t) => {
  const open = concat([ascii("MSGC"), service(673, le(1)).slice(4)]);
  const rest = message(hex`01 00 77 02`);
  t.deepEqual(classes(decodeStream(opcua, concat([open, rest, service(631, new Uint8Array(16))]), away)), [
    "write",
    "read",
  ]);
});

test("a service whose body lies keeps its class, and the next message is read", (t) => {
  const liar = service(673, le(1), hex`3f 3f 3f`);
  t.deepEqual(classes(decodeStream(opcua, concat([liar, service(527, new Uint8Array(24))]), away)), ["write", "read"]);
});

test("heads that only begin alike are not taken", (t) => {
  const hello = (url: string): Uint8Array => frame("HELF", concat([new Uint8Array(20), le(url.length), ascii(url)]));
  t.true(decodeStream(opcua, hello("opc.tcp://gw7.rollout.example:4840"), away).recognised);
  t.false(decodeStream(opcua, hello("hello world"), streamAt(40_001, 4840)).recognised);
  t.false(decodeStream(opcua, ascii("HELO mail.rollout.example\r\n"), streamAt(40_001, 25)).recognised);
  t.false(decodeStream(opcua, concat([ascii("MSGF"), le(0x7fff_ffff), HEADER]), away).recognised);
  t.false(decodeStream(opcua, frame("MSGX", HEADER), away).recognised);
});
