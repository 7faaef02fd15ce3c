/** What fixtures can't show of HTTP/2: payloads that are never held, lost bytes, and Huffman's code to its ends. */
import test from "ava";
import { http2 } from "../../decoders/http2.ts";
import { type HeaderField, readBlock } from "../../decoders/shared/hpack.ts";
import { huffmanText } from "../../decoders/shared/hpack-huffman.ts";
import { Cursor, Fault } from "../../src/decode/cursor.ts";
import { type Context, STREAM_DONE } from "../../src/decode/decoder.ts";
import type { Fact } from "../../src/decode/facts.ts";
import { decodeStream, streamAt } from "../support/decode.ts";
import { ascii, concat, hex } from "../support/hex.ts";

const huffman = (bytes: Uint8Array): string | null => huffmanText(bytes, 0, bytes.length);

function block(bytes: Uint8Array): HeaderField[] {
  const fields: HeaderField[] = [];
  readBlock(new Cursor().set(bytes, 0, bytes.length), fields);
  return fields;
}

test("Huffman's code: RFC 7541 appendix C", (t) => {
  t.is(huffman(hex`f1e3 c2e5 f23a 6ba0 ab90 f4ff`), "www.example.com");
  t.is(huffman(hex`a8eb 1064 9cbf`), "no-cache");
  t.is(huffman(hex`d07a be94 1054 d444 a820 0595 040b 8166 e082 a62d 1bff`), "Mon, 21 Oct 2013 20:13:21 GMT");
  t.is(huffman(hex`9d29 ad17 1863 c78f 0b97 c8e9 ae82 ae43 d3`), "https://www.example.com");
  t.is(huffman(hex``), "");
});

test("Huffman's code: padding is ones and less than a byte, and the end of string is no symbol", (t) => {
  t.is(huffman(hex`1f`), "a");
  t.is(huffman(hex`18`), null, "zeros");
  t.is(huffman(hex`1f ff`), null, "a whole byte");
  t.is(huffman(hex`ff ff ff ff`), null, "the end of string");
  t.is(huffman(hex`ff c7`), "\\x00", "a control code is text that can't act");
});

test("entries of earlier blocks stay unknown, those of this one are found", (t) => {
  t.deepEqual(block(hex`40 01 61 01 62 be bf`), [
    { name: "a", value: "b" },
    { name: "a", value: "b" },
    { name: "", value: "" },
  ]);
  t.deepEqual(block(hex`3f e1 1f 7f 03 01 63`), [{ name: "", value: "c" }], "a table size, then a name unknown here");
});

test("header fields that can't be", (t) => {
  for (const bytes of [hex`80`, hex`ff ff ff ff ff ff`, hex`40 05 61`, hex`40 82 1f ff 00`]) {
    t.throws(() => block(bytes), { instanceOf: Fault, any: true }, bytes.join(" "));
  }
  t.throws(() => block(new Uint8Array(300).fill(0x82)), { instanceOf: Fault, any: true }, "300 fields");
});

test("data is passed over, and a frame's beginning that was lost ends the direction", (t) => {
  const facts: Fact[] = [];
  const at: Context = { ...streamAt(40_001, 80), started: true, state: 0, lost: 0 };
  const feed = (bytes: Uint8Array, lost = 0): number => {
    at.lost = lost;
    return http2.stream!(new Cursor().set(bytes, 0, bytes.length), (fact) => facts.push(fact), at);
  };
  t.is(feed(hex`ff ff ff 00 00 00 00 00 01`), 9);
  t.is(at.state, 2 * 0xffffff, "the lowest bit is for DNS inside");
  t.is(feed(new Uint8Array(1000)), 1000);
  t.is(feed(new Uint8Array(100), 0xffffff - 1100), 100);
  t.is(at.state, 0);
  t.is(feed(hex`00 00 02 01 04 00 00 00 05 82 84`), 11);
  t.true(facts.some((fact) => fact.kind === "message" && fact.id === "5"));
  t.is(feed(hex`00 00`, 7), STREAM_DONE);
});

/** A frame of HTTP/2. */
const frame = (type: number, flags: number, payload: Uint8Array, stream = 1) =>
  concat([Uint8Array.of(0, payload.length >> 8, payload.length & 255, type, flags, 0, 0, 0, stream), payload]);
const SETTINGS = frame(4, 0, hex`00 03 00 00 00 64`, 0);
/** `:method POST`, `:path /dns-query`, and a content type that is not indexed. */
const post = (type: string) =>
  frame(1, 4, concat([hex`83 04 0a`, ascii("/dns-query"), hex`0f 10`, Uint8Array.of(type.length), ascii(type)]));
const QUESTION = concat([
  hex`00 00 01 00 00 01 00 00 00 00 00 00 03`,
  ascii("gw7"),
  hex`07`,
  ascii("example"),
  hex`00 00 1c 00 01`,
]);
const questions = (...frames: Uint8Array[]): string[] =>
  decodeStream(http2, concat([SETTINGS, ...frames]), streamAt(40_001, 80)).facts.flatMap((fact) =>
    fact.kind === "query" ? [`${fact.name} ${fact.type}`] : [],
  );

test("DNS inside is read where its media type was said, and only there", (t) => {
  t.deepEqual(questions(post("application/dns-message"), frame(0, 1, QUESTION)), ["gw7.example AAAA"]);
  t.deepEqual(questions(post("application/json"), frame(0, 1, QUESTION)), []);
});

test("DNS inside: padding is left out, every message of the direction is read, other data are passed over", (t) => {
  const padded = frame(0, 9, concat([hex`02`, QUESTION, hex`00 00`]));
  const head = post("application/dns-message");
  t.deepEqual(
    questions(head, frame(0, 1, ascii("no DNS at all, but long enough for it")), padded, frame(0, 1, QUESTION)),
    ["gw7.example AAAA", "gw7.example AAAA"],
  );
  t.deepEqual(questions(head, frame(0, 9, hex`ff 00 00`)), []);
});
