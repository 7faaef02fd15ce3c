/** MQTT inside WebSocket, however its packets lie in frames: facts are those of the same packets by themselves. */
import test from "ava";
import fc from "fast-check";
import { http } from "../../decoders/http.ts";
import { mqtt } from "../../decoders/mqtt.ts";
import { websocket } from "../../decoders/websocket.ts";
import type { Fact } from "../../src/decode/facts.ts";
import { decodeStream, streamAt } from "../support/decode.ts";
import { fixturesOf } from "../support/decoder-fixtures.ts";
import { ascii, concat, hex } from "../support/hex.ts";

const AT = streamAt(40_001, 41_002);
const MID = { ...AT, fromStart: false };
const CLIENT = ascii(
  "GET /mqtt HTTP/1.1\r\nHost: gw7\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n",
);
const SERVER = ascii("HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n");

/** A frame around a payload; masked where a key is given. */
function frame(payload: Uint8Array, key: Uint8Array | null, opcode = 2, final = true): Uint8Array {
  const { length } = payload;
  const mask = key === null ? 0 : 0x80;
  const size =
    length < 126
      ? [mask | length]
      : length < 65_536
        ? [mask | 126, length >> 8, length & 255]
        : [mask | 127, 0, 0, 0, 0, 0, length >> 16, (length >> 8) & 255, length & 255];
  const body = key === null ? payload : payload.map((byte, i) => byte ^ key[i & 3]!);
  return concat([Uint8Array.of((final ? 0x80 : 0) | opcode, ...size), ...(key === null ? [] : [key]), body]);
}
/** Bytes in frames of these lengths; the last one repeats. */
function frames(bytes: Uint8Array, lengths: readonly number[], key: Uint8Array | null): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const length = lengths[Math.min(i, lengths.length - 1)]!;
    parts.push(frame(bytes.subarray(at, at + length), key));
    if (i % 3 === 1) parts.push(frame(ascii("are you there?"), key, 9));
    at += length;
  }
  return concat(parts);
}

const string = (text: string): Uint8Array => concat([Uint8Array.of(text.length >> 8, text.length & 255), ascii(text)]);
/** A packet of which what it publishes is this long. */
function publish(topic: string, length: number): Uint8Array {
  let rest = 2 + topic.length + length;
  const sizes: number[] = [];
  do {
    sizes.push((rest % 128) + (rest >= 128 ? 128 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return concat([Uint8Array.of(0x30, ...sizes), string(topic), new Uint8Array(length).fill(0x78)]);
}
const CONNECT = concat([hex`10 0f`, string("MQTT"), hex`04 02 00 3c`, string("gw7")]);

const ofMqtt = (facts: readonly Fact[]): Fact[] => {
  const inner = facts.findLastIndex((fact) => fact.kind === "inner" && fact.app === "mqtt");
  return inner < 0 ? [] : facts.slice(inner + 1);
};

const streams = fixturesOf("mqtt").filter(({ at }) => at.transport === "tcp" && at.fromStart);

test("packets say in frames of any length, behind an upgrade, what they say by themselves", (t) => {
  t.true(streams.length > 3);
  const key = fc.option(fc.uint8Array({ minLength: 4, maxLength: 4 }));
  const lengths = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 12 });
  const pieces = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 8 });
  const property = fc.property(fc.constantFrom(...streams), lengths, pieces, key, ({ bytes }, lengths, pieces, key) => {
    const { facts } = decodeStream(mqtt, bytes, { ...AT, peerStarted: true });
    const head = bytes[0] === 0x10 ? CLIENT : SERVER;
    const framed = concat([head, frames(bytes, lengths, key)]);
    const inside = decodeStream(http, framed, AT, 0, 0, pieces);
    t.deepEqual(ofMqtt(inside.facts), facts);
    t.is(inside.taken, framed.length);
  });
  t.notThrows(() => fc.assert(property, { numRuns: 300 }));
});

test("what is published is passed over, in one frame or in several", (t) => {
  const packets = [CONNECT, publish("gw7/log", 200_000), publish("gw7/last", 3)];
  const key = hex`01 02 03 04`;
  const told = (bytes: Uint8Array): unknown[] =>
    decodeStream(http, concat([CLIENT, bytes]), AT, 0, 0, [1460]).facts.flatMap((fact) =>
      fact.kind === "operation" && fact.protocol === "mqtt" ? [fact.target] : [],
    );
  t.deepEqual(told(concat(packets.map((packet) => frame(packet, key)))), ["gw7/log", "gw7/last"]);
  t.deepEqual(told(frames(concat(packets), [CONNECT.length, 12, 50_000], key)), ["gw7/log", "gw7/last"]);
  t.deepEqual(told(concat([frame(packets[0]!, key), frame(concat(packets.slice(1)), key)])), ["gw7/log", "gw7/last"]);
});

test("other messages in WebSocket are named and not read", (t) => {
  const cases: [string, Uint8Array][] = [
    ["text", frame(ascii("how is the gateway?"), null, 1)],
    ["binary", frame(hex`08 96 01 12 07`, null)],
    ["a CONNECT of something else", frame(concat([hex`10 0f`, string("MQTX"), hex`04 02 00 3c`, string("gw7")]), null)],
    ["compressed", Uint8Array.of(0xc2, ...frame(CONNECT, null).subarray(1))],
  ];
  for (const [what, bytes] of cases) {
    const { facts, end } = decodeStream(http, concat([CLIENT, bytes]), AT);
    t.deepEqual(facts.at(-1), { kind: "inner", app: "websocket" }, what);
    t.is(end, "done", what);
  }
});

test("a packet without its end in many frames is waited for no longer", (t) => {
  const long = concat([hex`82 80 40`, new Uint8Array(8_100)]);
  const { facts } = decodeStream(
    http,
    concat([CLIENT, frame(CONNECT, null), frames(long, [1], null)]),
    AT,
    0,
    0,
    [700],
  );
  const last = facts.at(-1);
  t.is(last?.kind, "problem");
  t.true(last?.kind === "problem" && last.why.includes("64 frames"));
});

test("amid a connection a topic proves it, and a part of a frame does not", (t) => {
  const key = hex`a1 b2 c3 d4`;
  const bytes = frame(publish("gw7/log", 20), key);
  const { facts } = decodeStream(websocket, concat([bytes, frame(publish("gw7/last", 3), key)]), MID);
  t.deepEqual(facts[0], { kind: "inner", app: "mqtt" });
  t.false(decodeStream(websocket, bytes.subarray(0, 12), MID).recognised);
  t.false(decodeStream(websocket, bytes, AT).recognised, "a connection begins with HTTP");
  t.false(decodeStream(websocket, frame(hex`90 03 00 01 00`, key), MID).recognised, "a SUBACK may be anything");
});
