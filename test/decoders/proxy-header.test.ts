/** What stands before a first message: a load balancer's header in both versions, and empty lines. */
import test from "ava";
import { http } from "../../decoders/http.ts";
import { http2 } from "../../decoders/http2.ts";
import { looksLikeProxyHeader, readProxyHeader } from "../../decoders/shared/proxy-header.ts";
import { tls } from "../../decoders/tls.ts";
import { Cursor, Fault } from "../../src/decode/cursor.ts";
import { decodeStream, streamAt } from "../support/decode.ts";
import { ascii, concat, hex } from "../support/hex.ts";

const AT = streamAt(40_001, 41_002);
const GET = ascii("GET /status HTTP/1.1\r\nHost: gw7.example\r\n\r\n");
const SIGNATURE = hex`0d 0a 0d 0a 00 0d 0a 51 55 49 54 0a`;

function read(bytes: Uint8Array): string | null | "short" | "bad" {
  try {
    const c = new Cursor().set(bytes, 0, bytes.length);
    const source = readProxyHeader(c);
    return source === null || c.left === 0 ? source : "bad";
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault;
    return fault.what === "short" ? "short" : "bad";
  }
}

const HEADERS: [string, Uint8Array, string][] = [
  ["version 1, IPv4", ascii("PROXY TCP4 192.0.2.7 198.51.100.1 40112 443\r\n"), "192.0.2.7:40112"],
  ["version 1, IPv6", ascii("PROXY TCP6 2001:DB8::7 2001:db8::1 40112 443\r\n"), "[2001:db8::7]:40112"],
  ["version 1, unknown", ascii("PROXY UNKNOWN\r\n"), ""],
  ["version 1, unknown with words", ascii("PROXY UNKNOWN ff:: ff:: 1 2\r\n"), ""],
  ["version 2, IPv4", concat([SIGNATURE, hex`21 11 00 0c c0 00 02 07 c6 33 64 01 9c b0 01 bb`]), "192.0.2.7:40112"],
  [
    "version 2, IPv6, with a type and value behind",
    concat([
      SIGNATURE,
      hex`21 21 00 29 20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 07`,
      hex`20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 01 9c b0 01 bb 01 00 02 68 32`,
    ]),
    "[2001:db8::7]:40112",
  ],
  ["version 2, the balancer's own", concat([SIGNATURE, hex`20 00 00 00`]), ""],
  ["version 2, of a path", concat([SIGNATURE, hex`21 31 00 02 41 42`]), ""],
];

test("a header says for whom, at every length it waits for its end", (t) => {
  for (const [what, bytes, source] of HEADERS) {
    t.is(read(bytes), source, what);
    for (let length = 1; length < bytes.length; length++) {
      const part = bytes.subarray(0, length);
      t.true(looksLikeProxyHeader(part, 0, length), `${what} at ${length}`);
      t.is(read(part), "short", `${what} at ${length}`);
    }
    const facts = decodeStream(http, concat([bytes, GET]), AT).facts;
    t.is(facts.filter((fact) => fact.kind === "name" && fact.name === "gw7.example").length, 1, what);
    const said = facts.flatMap((fact) =>
      fact.kind === "field" && fact.field === "http.proxied-for" ? [fact.value] : [],
    );
    t.deepEqual(said, source === "" ? [] : [source], what);
  }
});

test("what is no header leaves the connection to others", (t) => {
  const cases: [string, Uint8Array][] = [
    ["a port of six digits", ascii("PROXY TCP4 192.0.2.7 198.51.100.1 401120 443\r\n")],
    ["no family", ascii("PROXY 192.0.2.7 198.51.100.1 40112 443\r\n")],
    ["a bare line feed", ascii("PROXY UNKNOWN\n")],
    ["a line that is too long", ascii(`PROXY UNKNOWN ${"x".repeat(120)}\r\n`)],
    ["version 3", concat([SIGNATURE, hex`31 11 00 00`])],
  ];
  for (const [what, bytes] of cases) {
    t.is(read(bytes), null, what);
    for (const decoder of [http, http2, tls])
      t.false(decodeStream(decoder, concat([bytes, GET]), AT).recognised, `${what}: ${decoder.id}`);
  }
  t.is(read(concat([SIGNATURE, hex`21 11 00 04 c0 00 02 07`])), "bad", "addresses longer than their length");
});

test("a header alone claims nothing, and neither does one before another protocol", (t) => {
  const [, header] = HEADERS[0]!;
  for (const decoder of [http, http2, tls]) {
    t.is(decodeStream(decoder, header, AT).end, "more", decoder.id);
    t.false(decodeStream(decoder, concat([header, ascii("EHLO gw7.example\r\n")]), AT).recognised, decoder.id);
  }
});

test("empty lines before a first request are passed over, before an answer they are not", (t) => {
  for (const lines of ["\r\n", "\n", "\r\n\r\n"]) {
    const { recognised, taken } = decodeStream(http, concat([ascii(lines), GET]), AT);
    t.deepEqual([recognised, taken], [true, lines.length + GET.length]);
  }
  t.true(decodeStream(http, concat([HEADERS[0]![1], ascii("\r\n"), GET]), AT).recognised);
  t.false(decodeStream(http, ascii("\r\nHTTP/1.1 200 OK\r\n\r\n"), AT).recognised);
  t.false(decodeStream(http, concat([ascii("\r\n".repeat(5)), GET]), AT).recognised);
  t.false(decodeStream(http, ascii("\r\n\r\n"), AT).recognised);
});
