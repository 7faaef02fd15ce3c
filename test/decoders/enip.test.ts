/** What fixtures can't show of EtherNet/IP: what only seems to be it, messages within messages, and CIP that lies. */
import test from "ava";
import { enip } from "../../decoders/enip.ts";
import { datagramAt, decodeDatagram, decodeStream, streamAt } from "../support/decode.ts";
import { concat, hex } from "../support/hex.ts";

const on = streamAt(50_001, 44_818);
const away = streamAt(50_001, 40_999);

const le16 = (n: number): Uint8Array => Uint8Array.of(n & 0xff, n >> 8);
/** A message with these bytes behind its header. */
const message = (command: number, body: Uint8Array): Uint8Array =>
  concat([
    le16(command),
    le16(body.length),
    hex`0d 0c 0b 0a 00 00 00 00`,
    new Uint8Array(8).fill(7),
    new Uint8Array(4),
    body,
  ]);
/** SendRRData with a CIP message. */
const rr = (cip: Uint8Array): Uint8Array =>
  message(0x6f, concat([hex`00 00 00 00 0a 00 02 00 00 00 00 00 b2 00`, le16(cip.length), cip]));
const operations = (bytes: Uint8Array) =>
  decodeStream(enip, bytes, on).facts.flatMap((f) => (f.kind === "operation" && f.protocol !== "enip" ? [f] : []));

test("0x4c reads a tag, a template, begins a download, or is unknown: the path says which", (t) => {
  for (const [path, class_] of [
    [hex`04 91 05 4c 65 76 65 6c 00`, "read"],
    [hex`02 20 6b 24 01`, "read"],
    [hex`02 20 6c 24 01`, "read"],
    [hex`02 20 37 24 01`, "program"],
    [hex`02 20 8e 24 01`, "unknown"],
    [hex`04 20 8e 24 01 20 6b 24 01`, "unknown"],
    [hex`02 f0 00 24 01`, "unknown"],
    [hex`00`, "unknown"],
  ] as const) {
    const found = operations(rr(concat([hex`4c`, path])));
    t.deepEqual(
      found.map((o) => o.class),
      [class_],
    );
  }
});

test("a path longer than its message is no CIP: the carrier is unknown, never a session alone", (t) => {
  const { facts } = decodeStream(enip, rr(hex`4c 40 20 6b 24 01`), on);
  t.deepEqual(
    facts.flatMap((f) => (f.kind === "operation" ? [`${f.protocol} ${f.class}`] : [])),
    ["enip unknown"],
  );
});

test("offsets that point nowhere, backwards, or into each other end the reading with a problem", (t) => {
  for (const offsets of [hex`02 00 06 00 04 00`, hex`02 00 06 00 ff 00`, hex`02 00 09 00 0a 00`, hex`ff ff 06 00`]) {
    const { facts } = decodeStream(enip, rr(concat([hex`0a 02 20 02 24 01`, offsets, hex`01 02 20 01 24 01 00`])), on);
    t.true(facts.some((f) => f.kind === "problem" && f.what === "malformed"));
  }
});

test("messages within messages end somewhere", (t) => {
  let cip = hex`01 02 20 01 24 01`;
  for (let i = 0; i < 40; i++) cip = concat([hex`0a 02 20 02 24 01 01 00 04 00`, cip]);
  const { facts } = decodeStream(enip, rr(cip), on);
  t.true(facts.some((f) => f.kind === "problem"));
  t.true(facts.length < 12);
});

test("on a strange port zeros behind a byte are nothing, and a body has to be items", (t) => {
  t.true(decodeStream(enip, message(0x63, new Uint8Array(0)), on).recognised);
  t.false(decodeStream(enip, message(0x63, new Uint8Array(0)), away).recognised);
  t.false(decodeStream(enip, message(0x6f, new Uint8Array(20).fill(9)), away).recognised);
  t.true(decodeStream(enip, rr(hex`01 02 20 01 24 01`), away).recognised);
});

test("what is not I/O on its port", (t) => {
  const at = datagramAt(2222, 2222);
  const io = hex`02 00 02 80 08 00 01 00 00 00 02 00 00 00 b1 00 04 00 01 00 02 00`;
  t.true(decodeDatagram(enip, io, at).recognised);
  t.false(decodeDatagram(enip, io.subarray(0, 21), at).recognised);
  t.false(decodeDatagram(enip, hex`48 49 54 46 4c 4f 57`, at).recognised);
});

test("an unknown command behind known ones is told, and unknown", (t) => {
  const { facts } = decodeStream(enip, concat([rr(hex`01 02 20 01 24 01`), message(0x99, hex`01 02`)]), on);
  t.like(facts.at(-1), { kind: "operation", protocol: "enip", code: "153", class: "unknown" });
});

test("PCCC's address: numbers of one byte or three, elements within, files of types that have no letter", (t) => {
  const target = (address: Uint8Array, fn = 0xaa) => {
    const cip = concat([hex`4b 02 20 67 24 01  07 4d 00 21 43 65 87  0f 00 01 00`, Uint8Array.of(fn), address]);
    const items = concat([hex`00 00 00 00 05 00 02 00 00 00 00 00 b2 00`, Uint8Array.of(cip.length, 0), cip]);
    const head = hex`6f 00 ${items.length} 00 07 00 00 00 00 00 00 00 01 02 03 04 05 06 07 08 00 00 00 00`;
    const { facts } = decodeStream(enip, concat([head, items]), streamAt(40_001, 44_818));
    return facts.flatMap((f) => (f.kind === "operation" && f.protocol === "pccc" ? [f.target] : []));
  };
  t.deepEqual(target(hex`02 07 89 0a 00 07 00`), ["N7:10"]);
  t.deepEqual(target(hex`02 ff 2c 01 89 ff 00 01 00 07 00`), ["N300:256"]);
  t.deepEqual(target(hex`02 04 86 00 01 07 00`), ["T4:0.1"]);
  t.deepEqual(target(hex`02 04 86 03`, 0xa1), ["T4:3"]);
  t.deepEqual(target(hex`02 04 a0 03`, 0xa1), ["type 0xa0 file 4:3"]);
  for (const short of [hex``, hex`02`, hex`02 07`, hex`02 07 89`, hex`02 07 89 ff 0a`])
    t.deepEqual(target(short), [null], "what is not all there has no target, and is told");
  t.deepEqual(target(hex`02 07`, 0x01), [null], "a function on no such address");
});

test("a session's end has no answer, and what a message carries is no question more", (t) => {
  const said = (bytes: Uint8Array) =>
    decodeStream(enip, bytes, on).facts.flatMap((f) =>
      f.kind === "operation"
        ? [`${f.protocol} ${f.code} ${f.id === null ? "-" : "id"}${f.within ? " within" : ""}`]
        : [],
    );
  t.deepEqual(said(message(0x66, new Uint8Array(0))), ["enip 102 -"]);
  t.deepEqual(said(rr(hex`0e 03 20 01 24 01 30 07`)), ["enip 111 id", "cip 14 id within"]);
});

test("a refused service says why", (t) => {
  const why = (status: number) => operations(rr(Uint8Array.of(0x90, 0, status, 0))).map((o) => o.answer ?? null);
  t.deepEqual(why(0x0e), ["status 0x0e, attribute not settable"]);
  t.deepEqual(why(0xd0), ["status 0xd0"]);
  t.deepEqual(why(0), [null]);
});
