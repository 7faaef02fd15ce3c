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
