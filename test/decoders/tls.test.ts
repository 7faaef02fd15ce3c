/** What fixtures can't show of TLS: bytes that only look like it, alerts under protection, suites and their secrecy. */
import test from "ava";
import { DECODERS } from "../../decoders/index.ts";
import { cipherForwardSecrecy, cipherName } from "../../decoders/shared/tls-ciphers.ts";
import { alertName, alpnApp } from "../../decoders/shared/tls-codes.ts";
import { tls } from "../../decoders/tls.ts";
import { decodeStream, streamAt } from "../support/decode.ts";
import { fixturesOf } from "../support/decoder-fixtures.ts";
import { ascii, concat, hex } from "../support/hex.ts";

const MID = { ...streamAt(40_001, 443), fromStart: false };
const hello = fixturesOf("tls").find((f) => f.file.endsWith("untrusted13.md"))!;
/** The hello's record without the alert that follows it. */
const HELLO = hello.bytes.subarray(0, 5 + ((hello.bytes[3]! << 8) | hello.bytes[4]!));
const CCS = hex`14 03 03 00 01 01`;
const record = (length: number): Uint8Array =>
  concat([Uint8Array.of(23, 3, 3, length >> 8, length & 255), new Uint8Array(length).fill(0xa7)]);
const kinds = (bytes: Uint8Array): string[] =>
  decodeStream(tls, bytes, streamAt(40_001, 443))
    .facts.map((f) => f.kind)
    .filter((kind) => kind === "up" || kind === "fault");

test("the first protected record tells a handshake's end from an alert", (t) => {
  t.deepEqual(kinds(concat([HELLO, CCS, record(53)])), ["up"], "Finished with SHA-256");
  t.deepEqual(kinds(concat([HELLO, record(69)])), ["up"], "Finished with SHA-384, no change of cipher");
  t.deepEqual(kinds(concat([HELLO, CCS, record(19)])), ["fault"], "an alert's two bytes");
  t.deepEqual(kinds(concat([HELLO, CCS, record(11)])), ["fault"], "the same with CCM_8");
  t.deepEqual(
    kinds(concat([HELLO, CCS, hex`15 03 03 00 1a`, new Uint8Array(26)])),
    ["fault"],
    "TLS 1.2, instead of Finished",
  );
  t.deepEqual(kinds(concat([HELLO, CCS])), [], "nothing behind it: nothing to claim");
});

test("amid a connection records are believed where they hold together", (t) => {
  const cases: [string, Uint8Array, boolean][] = [
    ["one record to the end", record(64), true],
    ["two records", concat([record(64), record(64)]), true],
    ["a record and the next one's header", concat([record(64), hex`17 03 03 00 40`]), true],
    ["a record and something else", concat([record(64), hex`17 04 03 00 40`]), false],
    ["a handshake record", concat([hex`16 03 03 00 28`, new Uint8Array(40).fill(0x99)]), true],
  ];
  for (const [what, bytes, expected] of cases) t.is(decodeStream(tls, bytes, MID).recognised, expected, what);
  t.is(decodeStream(tls, record(64).subarray(0, 40), MID).end, "more");
  t.false(decodeStream(tls, record(64), streamAt(40_001, 443)).recognised, "no connection begins with data");
});

test("a change of cipher without a record behind it, and no record behind a hello", (t) => {
  t.is(decodeStream(tls, concat([HELLO, CCS, ascii("plain text")]), streamAt(40_001, 443)).end, "bad");
  t.is(decodeStream(tls, concat([HELLO, ascii("plain text")]), streamAt(40_001, 443)).end, "bad");
});

test("bytes that look like TLS and are not", (t) => {
  const cases: [string, Uint8Array][] = [
    ["a handshake of 2^24 bytes", hex`16 03 01 00 20 01 ff ff ff 03 03 00 00 00 00 00 00`],
    ["a record beyond the longest", hex`16 03 01 ff ff 01 00 01 fc 03 03`],
    ["a version of nobody", hex`16 03 09 00 20 01 00 00 1c 03 03`],
    [
      "a session id of 200 bytes",
      concat([hex`16 03 01 00 2b 01 00 00 27 03 03`, new Uint8Array(32), hex`c8 00 00 00 00`]),
    ],
    ["an alert of no level", hex`15 03 03 00 02 07 28`],
    ["an SSL 2.0 hello whose lengths don't add up", hex`80 2e 01 00 02 00 15 00 00 00 10 01 00 80 07 00 c0 03 00 80`],
  ];
  for (const [what, bytes] of cases) t.false(decodeStream(tls, bytes, streamAt(40_001, 443)).recognised, what);
});

test("a hello in pieces of one byte a record", (t) => {
  const message = HELLO.subarray(5);
  const records = concat([...message].map((byte) => Uint8Array.of(22, 3, 1, 0, 1, byte)));
  const one = decodeStream(tls, HELLO, streamAt(40_001, 443)).facts;
  t.deepEqual(decodeStream(tls, records, streamAt(40_001, 443)).facts, one);
});

test("suites and codes have their standard names", (t) => {
  t.deepEqual([0x002f, 0x1301, 0xc02f, 0xcca8, 0x009e, 0x00ff, 0x5600, 0xc0ac, 0xeaea].map(cipherName), [
    "TLS_RSA_WITH_AES_128_CBC_SHA",
    "TLS_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_EMPTY_RENEGOTIATION_INFO_SCSV",
    "TLS_FALLBACK_SCSV",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CCM",
    "0xeaea",
  ]);
  t.deepEqual([0x002f, 0x0031, 0xc004, 0xc02f, 0x009e, 0x0034, 0x1301, 0xeaea].map(cipherForwardSecrecy), [
    false,
    false,
    false,
    true,
    true,
    true,
    null,
    null,
  ]);
  t.is(alertName(40), "handshake_failure");
  t.is(alertName(99), "alert 99");
});

test("application protocols map to decoders' ids, or stay as they are", (t) => {
  t.deepEqual(["h2", "http/1.1", "mqtt", "dot", "acme-tls/1"].map(alpnApp), [
    "http2",
    "http",
    "mqtt",
    "dns",
    "acme-tls/1",
  ]);
  t.deepEqual(["h3-29", "h2-14", "doq-i03", "doq-x"].map(alpnApp), ["http3", "http2", "dns", "doq-x"]);
  t.true(DECODERS.some((d) => d.id === alpnApp("dot")));
});

const der = (tag: number, ...parts: Uint8Array[]): Uint8Array => {
  const value = concat(parts);
  return concat([Uint8Array.of(tag, 0x82, value.length >> 8, value.length & 255), value]);
};
const subject = (name: string): Uint8Array =>
  der(0x30, der(0x31, der(0x30, der(0x06, hex`55 04 03`), der(0x0c, ascii(name)))));
const altNames = (...names: Uint8Array[]): Uint8Array =>
  der(0xa3, der(0x30, der(0x30, der(0x06, hex`55 1d 11`), hex`01 01 ff`, der(0x04, der(0x30, ...names)))));

/** A certificate's shape, its algorithms and key left empty. */
function certificateOf(name: string, ...extensions: Uint8Array[]): Uint8Array {
  const empty = der(0x30);
  const body = der(
    0x30,
    der(0xa0, hex`02 01 02`),
    hex`02 01 07`,
    empty,
    empty,
    empty,
    subject(name),
    empty,
    ...extensions,
  );
  return der(0x30, body, empty, hex`03 01 00`);
}

const length3 = (bytes: Uint8Array): Uint8Array => Uint8Array.of(0, bytes.length >> 8, bytes.length & 255);
/** A handshake message of the type. */
const said = (type: number, body: Uint8Array): Uint8Array => concat([Uint8Array.of(type), length3(body), body]);
const SERVER12 = said(2, concat([hex`03 03`, new Uint8Array(32).fill(9), hex`00 c0 2f 00`]));
const messageOf = (der: Uint8Array): Uint8Array =>
  said(11, concat([length3(concat([der, new Uint8Array(3)])), length3(der), der]));
/** Handshake bytes in records of at most `most` bytes. */
function records(bytes: Uint8Array, most: number): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += most) {
    const part = bytes.slice(at, at + most);
    parts.push(Uint8Array.of(22, 3, 3, part.length >> 8, part.length & 255), part);
  }
  return concat(parts);
}
const certified = (bytes: Uint8Array): string[] =>
  decodeStream(tls, bytes, streamAt(443, 40_001)).facts.flatMap((fact) =>
    fact.kind === "name" ? [`${fact.source} ${fact.name}`] : [],
  );

test("a certificate's names: alternative ones, else a common name that reads like a host's", (t) => {
  const dns = (name: string): Uint8Array => der(0x82, ascii(name));
  const cases: [Uint8Array, string[]][] = [
    [certificateOf("gw7.rollout.example"), ["gw7.rollout.example"]],
    [certificateOf("Rollout Gateway 7"), []],
    [
      certificateOf(
        "other.example",
        altNames(dns("GW7.rollout.example"), der(0x87, hex`0a 00 00 07`), dns("*.rollout.example")),
      ),
      ["gw7.rollout.example", "*.rollout.example"],
    ],
    [certificateOf("gw7.rollout.example", altNames(dns("no name at all"))), ["gw7.rollout.example"]],
    [
      certificateOf("", altNames(...Array.from({ length: 40 }, (_, i) => dns(`h${i}.example`)))),
      Array.from({ length: 16 }, (_, i) => `h${i}.example`),
    ],
  ];
  for (const [bytes, names] of cases) {
    const handshake = concat([SERVER12, messageOf(bytes), said(14, new Uint8Array(0))]);
    const told = names.map((name) => `certificate ${name}`);
    for (const most of [0x4000, SERVER12.length, 60, 17])
      t.deepEqual(certified(records(handshake, most)), told, `${names} in ${most}`);
  }
});

test("a certificate that breaks off names what stands before, and of a client's nothing is told", (t) => {
  const whole = certificateOf("gw7.rollout.example");
  for (let cut = 0; cut < whole.length; cut++) {
    const names = certified(records(concat([SERVER12, messageOf(whole.slice(0, cut))]), 0x4000));
    t.true(
      names.every((name) => name === "certificate gw7.rollout.example"),
      `${cut}`,
    );
  }
  t.deepEqual(certified(records(concat([SERVER12, messageOf(whole)]), 0x4000)), ["certificate gw7.rollout.example"]);
  t.deepEqual(
    certified(concat([HELLO, records(messageOf(whole), 0x4000)])).filter((name) => name.startsWith("cert")),
    [],
  );
});

test("a further path of a connection begins with a change of cipher and protected records", (t) => {
  const first = (bytes: Uint8Array): string =>
    JSON.stringify(decodeStream(tls, bytes, streamAt(40_001, 443)).facts.map(({ kind }) => kind));
  t.is(first(concat([CCS, record(64)])), '["up"]');
  t.is(first(CCS), "[]");
  t.is(first(record(64)), "[]");
});
