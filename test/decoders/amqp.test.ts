/** What fixtures can't show of AMQP: older versions, connections that are joined, frames without their end. */
import test from "ava";
import { amqp } from "../../decoders/amqp.ts";
import { decodeStream, streamAt } from "../support/decode.ts";
import { ascii, concat, hex } from "../support/hex.ts";

const at = streamAt(40_001, 41_000);
const joined = { ...at, fromStart: false };
const header = (...bytes: number[]) => concat([ascii("AMQP"), Uint8Array.from(bytes)]);
const HEARTBEAT = hex`08 00 00 00 00 00 00 ce`;

test("headers of every version, and of none", (t) => {
  for (const [bytes, version] of [
    [header(0, 0, 9, 1), "0-9-1"],
    [header(1, 1, 0, 9), "0-9"],
    [header(1, 1, 8, 0), "0-8"],
    [header(3, 1, 0, 0), "1.0"],
  ] as const) {
    const { facts } = decodeStream(amqp, bytes, at);
    t.true(
      facts.some((fact) => fact.kind === "field" && fact.value === version),
      version,
    );
  }
  for (const bytes of [header(0, 0, 9, 0), header(9, 1, 0, 0), header(0, 2, 0, 0)])
    t.false(decodeStream(amqp, bytes, at).recognised);
});

test("of version 1.0 the header is both sides': nobody is client by it", (t) => {
  const { facts } = decodeStream(amqp, header(0, 1, 0, 0), at);
  t.false(facts.some((fact) => fact.kind === "role"));
});

test("a server that lets nobody in refuses; what it closes later, and what a client closes, is no refusal", (t) => {
  const back = streamAt(41_000, 40_001);
  const start = hex`01 00 00 00 00 00 12 00 0a 00 0a 00 09 00 00 00 00 00 00 00 00 00 00 00 00 ce`;
  const opened = hex`01 00 00 00 00 00 05 00 0a 00 29 00 ce`;
  const close = hex`01 00 00 00 00 00 11 00 0a 00 32 01 93 06 72 65 66 75 73 65 00 00 00 00 ce`;
  const outcome = (code: number) =>
    concat([header(3, 1, 0, 0), hex`00 00 00 10 02 01 00 00 00 53 44 c0 03 01 50`, Uint8Array.of(code)]);
  for (const [what, bytes, refused] of [
    ["before it is opened", concat([start, close]), "amqp-close refuse"],
    ["once it was open", concat([start, opened, close]), undefined],
    ["SASL: auth", outcome(1), "amqp-sasl SASL auth"],
    ["SASL: ok", outcome(0), undefined],
  ] as const) {
    const { facts, end } = decodeStream(amqp, bytes, back);
    const fault = facts.find((fact) => fact.kind === "fault");
    t.is(fault === undefined ? undefined : `${fault.what} ${fault.text}`, refused, what);
    t.is(
      facts.some((fact) => fact.kind === "message" && fact.failed === true),
      refused !== undefined,
      what,
    );
    t.not(end, "bad", what);
  }
  const client = decodeStream(amqp, concat([header(0, 0, 9, 1), close]), at);
  t.false(client.facts.some(({ kind }) => kind === "fault"));
});

test("joined at a heartbeat or at a method, with the end mark at its place", (t) => {
  const get = concat([hex`01 00 01 00 00 00 0d 00 3c 00 46 00 00 05`, ascii("queue"), hex`00 ce`]);
  for (const bytes of [HEARTBEAT, get]) {
    t.true(decodeStream(amqp, bytes, joined).recognised);
    t.false(decodeStream(amqp, bytes, at).recognised, "not where a connection begins");
    const open = Uint8Array.from(bytes);
    open[open.length - 1] = 0;
    t.false(decodeStream(amqp, open, joined).recognised);
  }
});

test("contents are passed over, and a frame without its end ends the direction", (t) => {
  const body = concat([hex`03 00 01 00 00 00 06`, ascii("secret"), hex`ce`]);
  const { facts, end } = decodeStream(amqp, concat([HEARTBEAT, body, HEARTBEAT]), joined);
  t.false(JSON.stringify(facts).includes("secret"));
  t.is(end, "none");
  t.is(decodeStream(amqp, concat([HEARTBEAT, ascii("GET / HTTP/1.1")]), joined).end, "bad");
});
