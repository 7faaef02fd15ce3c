/** What fixtures can't show of MELSEC: frames that prove too little, lengths that lie, letters that are no numbers. */
import test from "ava";
import { melsec } from "../../decoders/melsec.ts";
import { datagramAt, decodeDatagram, decodeStream, streamAt } from "../support/decode.ts";
import { ascii, concat, hex } from "../support/hex.ts";

const on = streamAt(50_001, 5007);
const away = streamAt(50_001, 40_999);
const READ = hex`50 00 00 ff ff 03 00 0c 00 10 00 01 04 00 00 64 00 00 a8 0a 00`;
const changed = (at: number, ...bytes: number[]): Uint8Array => {
  const copy = Uint8Array.from(READ);
  copy.set(bytes, at);
  return copy;
};

test("a known command proves a frame anywhere; an unknown one, and an answer, need the port", (t) => {
  t.true(decodeStream(melsec, READ, away).recognised);
  const unknown = changed(11, 0x99, 0x88);
  t.false(decodeStream(melsec, unknown, away).recognised);
  t.true(decodeStream(melsec, unknown, on).recognised);
  const answer = hex`d0 00 00 ff ff 03 00 02 00 00 00`;
  t.false(decodeStream(melsec, answer, away).recognised);
  t.true(decodeStream(melsec, answer, { ...away, peerStarted: true }).recognised);
});

test("lengths that are too short or too long", (t) => {
  t.false(decodeStream(melsec, changed(7, 5, 0), on).recognised);
  t.false(decodeStream(melsec, changed(7, 0xff, 0xff), on).recognised);
  t.false(decodeDatagram(melsec, changed(7, 0x0b, 0), datagramAt(50_001, 5007)).recognised);
});

test("letters that are no hexadecimal numbers", (t) => {
  t.true(decodeStream(melsec, ascii("500000FF03FF000018001004010000D*0001000002"), away).recognised);
  t.false(decodeStream(melsec, ascii("500000FF03FF00001x001004010000D*0001000002"), on).recognised);
  t.false(decodeStream(melsec, ascii("500000FF03FF00001800100x010000D*0001000002"), on).recognised);
  t.false(decodeStream(melsec, ascii("5000 EUR paid to nobody at all, thank you"), on).recognised);
});

test("a device in letters is named, in its own base; small letters are letters", (t) => {
  const targets = (device: string) =>
    decodeStream(melsec, ascii(`500000FF03FF000018001004010000${device}`), streamAt(50_000, 5_008)).facts.flatMap(
      (f) => (f.kind === "operation" ? [f.target] : []),
    );
  t.deepEqual(targets("D*0001000002"), ["D100×2"]);
  t.deepEqual(targets("Y*00001f000a"), ["Y1F×10"]);
  t.deepEqual(targets("ZR0000100001"), ["ZR10"]);
  t.deepEqual(targets("D*00001F0001"), [null], "words are counted in tens");
  t.deepEqual(targets("??0000100001"), [null]);
});

test("a search is four bytes, on its ports alone", (t) => {
  t.true(decodeDatagram(melsec, hex`5a 00 00 ff`, datagramAt(50_001, 5560)).recognised);
  t.false(decodeDatagram(melsec, hex`5a 00 00 ff`, datagramAt(50_001, 5559)).recognised);
  t.false(decodeDatagram(melsec, hex`5a 00 00 ff 00`, datagramAt(50_001, 5560)).recognised);
});

test("words that only resemble a model are none", (t) => {
  const assets = (data: Uint8Array) =>
    decodeStream(melsec, concat([hex`d0 00 00 ff ff 03 00 14 00 00 00`, data, hex`68 02`]), on).facts.filter(
      (f) => f.kind === "asset",
    ).length;
  t.is(assets(ascii("Q03UDECPU       ")), 1);
  t.is(assets(ascii("QUIET PLEASE    ")), 0);
  t.is(assets(new Uint8Array(16)), 0);
  const letters = concat([ascii("D00000FF03FF0000180000"), ascii("L26CPU-BT       0542")]);
  t.true(decodeStream(melsec, letters, on).facts.some((f) => f.kind === "asset" && f.value === "L26CPU-BT"));
});

test("requests name their devices: one by one, in blocks, and in the longer form", (t) => {
  const target = (rest: Uint8Array) =>
    decodeStream(
      melsec,
      concat([hex`50 00 00 ff ff 03 00`, Uint8Array.of(rest.length + 2, 0), hex`10 00`, rest]),
      on,
    ).facts.flatMap((f) => (f.kind === "operation" ? [f.target] : []))[0];
  t.is(target(hex`01 04 00 00 64 00 00 a8 0a 00`), "D100×10");
  t.is(target(hex`01 14 02 00 64 00 00 00 a8 00 01 00 07 00`), "D100", "a number of four bytes");
  t.is(target(hex`03 04 00 00 02 01 00 00 00 a8 1f 00 00 9c dc 05 00 90`), "D0,X1F,M1500");
  t.is(target(hex`02 14 00 00 01 01 00 00 00 a8 50 05 dc 05 00 90 01 00 00 00`), "D0,M1500");
  t.is(target(hex`02 14 01 00 02 32 00 00 90 00 2f 00 00 9d 01`), "M50,Y2F");
  t.is(target(hex`06 14 00 00 01 01 00 00 00 a8 02 00 08 00 30 28 00 01 00 90 01 00 0a 00`), "D0×2,M256");
  t.is(target(hex`03 04 00 00 c8 00 00 00 00 a8`), "D0,…", "fewer than it claims");
  t.is(target(hex`01 04 80 00 00 00 64 00 00 a8 0a 00`), null, "other devices choose");
  t.is(target(hex`02 10 00 00`), null);
});
