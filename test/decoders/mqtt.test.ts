/** What fixtures can't show of MQTT: brokers heard alone, connections that are joined, passwords, bytes that look like it. */
import test from "ava";
import { mqtt } from "../../decoders/mqtt.ts";
import { decodeStream, streamAt } from "../support/decode.ts";
import { ascii, concat, hex } from "../support/hex.ts";

const at = streamAt(40_001, 41_000);
const CONNACK = hex`20 02 00 00`;
const SUBACK = hex`90 03 00 01 00`;
const string = (value: string) => concat([Uint8Array.of(0, value.length), ascii(value)]);
const packet = (head: number, ...parts: Uint8Array[]) => {
  const body = concat(parts);
  return concat([Uint8Array.of(head, body.length), body]);
};

test("a broker's answer alone is no proof; with another behind it, it is; or behind a CONNECT", (t) => {
  t.like(decodeStream(mqtt, CONNACK, at), { recognised: false, end: "more" });
  t.true(decodeStream(mqtt, concat([CONNACK, SUBACK]), at).recognised);
  t.true(decodeStream(mqtt, CONNACK, { ...at, peerStarted: true }).recognised);
});

test("a refusal is a failed response, with its reason in either version's words", (t) => {
  for (const [bytes, reason] of [
    [hex`20 02 00 05`, "not authorized"],
    [hex`20 03 00 86 00`, "bad user name or password"],
    [hex`20 02 00 63`, "reason 99"],
  ] as const) {
    const { facts } = decodeStream(mqtt, bytes, { ...at, peerStarted: true });
    t.true(facts.some((fact) => fact.kind === "field" && fact.field === "mqtt.reason" && fact.value === reason));
    t.true(facts.some((fact) => fact.kind === "message" && fact.failed === true));
  }
});

test("joined at a topic or a subscription; not where a connection begins with them", (t) => {
  const published = packet(0x30, string("rollout/gw7"), ascii("running"));
  const subscribed = packet(0x82, hex`00 07`, string("alerts/#"), hex`01`);
  for (const bytes of [published, subscribed]) {
    t.true(decodeStream(mqtt, bytes, { ...at, fromStart: false }).recognised);
    t.false(decodeStream(mqtt, bytes, at).recognised);
  }
});

test("topics of wildcards or of bytes that are no text, texts and BER that begin alike", (t) => {
  const joined = { ...at, fromStart: false };
  for (const bytes of [
    packet(0x30, string("rollout/#"), ascii("x")),
    packet(0x30, string("\x01\x02\x03\x04"), ascii("x")),
    ascii("1234567890123456789012345678901234567890123456789012345"),
    hex`30 0c 02 01 01 60 07 02 01 03 04 00 80 00`,
    hex`c0 00`,
  ])
    t.false(decodeStream(mqtt, bytes, joined).recognised);
});

test("passwords and what is published are never told; a will is passed over", (t) => {
  const connect = packet(
    0x10,
    string("MQTT"),
    hex`04 c6 00 3c`,
    string("gw7"),
    string("wills/gw7"),
    string("farewell"),
    string("operator"),
    string("secret"),
  );
  const { facts } = decodeStream(mqtt, concat([connect, packet(0x30, string("t/gw7"), ascii("payload"))]), at);
  const said = JSON.stringify(facts);
  t.true(said.includes("operator") && said.includes("t/gw7"));
  for (const hidden of ["secret", "farewell", "payload"]) t.false(said.includes(hidden), hidden);
});

test("a payload is passed over where the capture lacks a part of it, and no further", (t) => {
  const large = concat([hex`30 90 01`, string("t/gw7"), new Uint8Array(137)]);
  const connect = packet(0x10, string("MQTT"), hex`04 02 00 3c`, string("gw7"));
  const { facts } = decodeStream(mqtt, concat([connect, large, packet(0x30, string("t/gw8"))]), at);
  t.deepEqual(
    facts.flatMap((fact) => (fact.kind === "operation" ? [fact.target] : [])),
    ["t/gw7", "t/gw8"],
  );
});
