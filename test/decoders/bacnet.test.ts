/** What fixtures can't show of BACnet: lengths that lie, parameters that can't be read, texts that are none. */
import test from "ava";
import { bacnet } from "../../decoders/bacnet.ts";
import { datagramAt, decodeDatagram } from "../support/decode.ts";
import { concat, hex } from "../support/hex.ts";

const on = datagramAt(47_808, 47_808);
const away = datagramAt(40_001, 40_002);
/** A request or an answer in a datagram of the right length. */
const unicast = (apdu: Uint8Array): Uint8Array =>
  concat([hex`81 0a`, Uint8Array.of(0, apdu.length + 6), hex`01 04`, apdu]);
const facts = (apdu: Uint8Array) => decodeDatagram(bacnet, unicast(apdu), on).facts;

test("the length is the datagram's, the version 1, reserved bits are not set", (t) => {
  const whoIs = hex`81 0b 00 08 01 00 10 08`;
  t.true(decodeDatagram(bacnet, whoIs, away).recognised);
  for (const [at, byte] of [
    [0, 0x83],
    [1, 0x0d],
    [3, 9],
    [3, 7],
    [4, 2],
    [5, 0x40],
  ] as const) {
    const bad = Uint8Array.from(whoIs);
    bad[at] = byte;
    t.false(decodeDatagram(bacnet, bad, on).recognised, `${byte} at ${at}`);
  }
});

test("six bytes prove nothing on a strange port", (t) => {
  t.true(decodeDatagram(bacnet, hex`81 05 00 06 00 3c`, on).recognised);
  t.false(decodeDatagram(bacnet, hex`81 05 00 06 00 3c`, away).recognised);
  t.true(decodeDatagram(bacnet, hex`81 05 00 06 00 3c`, { ...away, peerStarted: true }).recognised);
});

test("a write whose parameters can't be read is a write, and a problem", (t) => {
  const said = facts(hex`00 05 01 0f 0c 00 40`);
  t.true(said.some((f) => f.kind === "operation" && f.class === "write" && f.target === null));
  t.true(said.some((f) => f.kind === "problem" && f.what === "malformed"));
});

test("an empty application layer, and types that are none", (t) => {
  t.false(decodeDatagram(bacnet, hex`81 0a 00 0b 01 20 00 0d 01 3d ff`, on).recognised);
  t.false(decodeDatagram(bacnet, unicast(hex`f0 01 02`), on).recognised);
});

test("reading what identifies is not the same as reading it and more", (t) => {
  const read = (properties: Uint8Array) => {
    const found = facts(concat([hex`02 05 01 0e 0c 02 00 04 d2 1e`, properties, hex`1f`]));
    return found.flatMap((f) => (f.kind === "operation" ? [f.class] : []));
  };
  t.deepEqual(read(hex`09 46 09 79`), ["identify"]);
  t.deepEqual(read(hex`09 46 09 79 09 70`), ["read"]);
  t.deepEqual(read(hex``), ["read"]);
});

test("lists of lists end where the message ends", (t) => {
  const said = facts(concat([hex`02 05 01 10 0c 00 40 00 03 1e 09 55 2e`, new Uint8Array(200).fill(0x2e)]));
  t.true(said.some((f) => f.kind === "operation" && f.class === "write"));
  t.true(said.some((f) => f.kind === "problem"));
});

test("a name is read in the alphabets that devices write it in; of another one it is none", (t) => {
  const named = (text: Uint8Array) =>
    facts(concat([hex`30 01 0c 0c 02 00 04 d2 19 4d 3e`, text, hex`3f`])).flatMap((f) =>
      f.kind === "asset" ? [f.value] : [],
    );
  t.deepEqual(named(hex`75 05 00 41 48 55 31`), ["AHU1"]);
  t.deepEqual(named(hex`75 07 04 00 41 00 48 00 e4`), ["AH\\u00e4"]);
  t.deepEqual(named(hex`75 05 05 4b fc 68 6c`), ["K\\xfchl"]);
  t.deepEqual(named(hex`75 07 01 03 52 41 48 55 31`), []);
  t.deepEqual(named(hex`21 05`), []);
});

test("an answer in segments is read as far as its first one goes", (t) => {
  const whole = hex`0c 02 00 04 d2 1e 29 79 4e 75 05 00 41 43 4d 45 4f 29 46 4e 75 06 00 50 4c 43 2d 39 4f 1f`;
  const said = (length: number) => facts(concat([hex`3c 01 00 04 0e`, whole.subarray(0, length)]));
  const assets = (length: number) => said(length).flatMap((f) => (f.kind === "asset" ? [`${f.what} ${f.value}`] : []));
  t.deepEqual(assets(whole.length), ["vendor ACME", "product PLC-9"]);
  t.deepEqual(assets(20), ["vendor ACME"]);
  t.deepEqual(assets(12), []);
  t.false(said(20).some((f) => f.kind === "problem"));
  t.true(
    facts(concat([hex`30 01 0e`, whole.subarray(0, 20)])).some((f) => f.kind === "problem"),
    "one that ends early",
  );
});

test("a refusal says why, in a list too", (t) => {
  const why = (apdu: Uint8Array) => facts(apdu).flatMap((f) => (f.kind === "operation" ? [f.answer ?? null] : []))[0];
  t.is(why(hex`50 01 0f 91 02 91 28`), "property: write-access-denied");
  t.is(why(hex`50 01 10 0e 91 01 91 1f 0f`), "object: unknown-object");
  t.is(why(hex`50 01 0f 91 09 91 fe`), "class 9: code 254");
  t.is(why(hex`60 01 09`), "reject: unrecognized-service");
  t.is(why(hex`71 01 04`), "abort: segmentation-not-supported");
  t.is(why(hex`50 01 0f`), null);
});
