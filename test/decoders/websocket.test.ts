/** What fixtures can't show of WebSocket: how its frames are told from chance, and how they are read for others. */
import test from "ava";
import { readFrameHead, readPayload } from "../../decoders/shared/websocket-frame.ts";
import { websocket } from "../../decoders/websocket.ts";
import { Cursor } from "../../src/decode/cursor.ts";
import { decodeStream, streamAt } from "../support/decode.ts";
import { ascii, concat, hex } from "../support/hex.ts";

const MID = { ...streamAt(40_001, 41_002), fromStart: false };
const plain = (text: string): Uint8Array => concat([Uint8Array.of(0x81, text.length), ascii(text)]);
const head = (bytes: Uint8Array) => readFrameHead(new Cursor().set(bytes, 0, bytes.length));

test("frames have one side's mask, fill the bytes, and hold text enough", (t) => {
  const cases: [string, Uint8Array, boolean][] = [
    ["one text", plain("how is the gateway?"), true],
    ["two texts", concat([plain("how is it?"), plain("how is the gateway?")]), true],
    ["a text too short to prove it", plain("how?"), false],
    ["a text and a masked one", concat([plain("how is the gateway?"), hex`81 80 01 02 03 04`]), false],
    ["a text and half of one", concat([plain("how is the gateway?"), hex`81 40 41`]), false],
    ["control codes in a text", plain("how is\x00 the gateway?"), false],
    ["a reserved bit", concat([hex`a1`, plain("how is the gateway?").subarray(1)]), false],
    ["a reserved opcode", concat([hex`83`, plain("how is the gateway?").subarray(1)]), false],
  ];
  for (const [what, bytes, expected] of cases) t.is(decodeStream(websocket, bytes, MID).recognised, expected, what);
});

test("lengths take their shortest form", (t) => {
  t.is(head(hex`82 7e 01 00`)?.length, 256);
  t.is(head(hex`82 7f 00 00 00 00 00 01 00 00`)?.length, 65_536);
  t.is(head(hex`82 7e 00 7d`), null);
  t.is(head(hex`82 7f 00 00 00 00 00 00 ff ff`), null);
  t.is(head(hex`82 7f ff ff ff ff ff ff ff ff`), null);
  t.is(head(hex`89 7e 00 80`), null, "a control frame of 128 bytes");
  t.is(head(hex`09 00`), null, "a control frame in pieces");
});

test("RFC 6455 section 5.7: a masked text", (t) => {
  const bytes = hex`81 85 37 fa 21 3d 7f 9f 4d 51 58`;
  const c = new Cursor().set(bytes, 0, bytes.length);
  const frame = readFrameHead(c);
  t.true(frame?.masked && frame.final && !frame.compressed);
  t.deepEqual(frame === null ? null : readPayload(c, frame), ascii("Hello"));
  t.deepEqual(bytes, hex`81 85 37 fa 21 3d 7f 9f 4d 51 58`, "the bytes themselves stay as they are");
});

test("a message that is compressed is said to be; a close says why, if it does", (t) => {
  const values = (...parts: Uint8Array[]) =>
    decodeStream(websocket, concat([plain("how is the gateway?"), ...parts]), MID).facts.flatMap((f) =>
      f.kind === "field" ? [f.value] : [],
    );
  t.deepEqual(values(hex`c1 02 4a 04`), ["text", "permessage-deflate"]);
  t.deepEqual(values(hex`89 00 88 02 03 f3`), ["text", "ping", "close", 1011]);
  t.deepEqual(values(hex`88 00`), ["text", "close"]);
});
