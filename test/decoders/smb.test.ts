/** What fixtures can't show of SMB: encryption, refusals, where reading ends, sessions without a message. */
import test from "ava";
import { smb } from "../../decoders/smb.ts";
import { decodeStream, streamAt } from "../support/decode.ts";
import { concat, hex } from "../support/hex.ts";

const at = streamAt(40_001, 41_000);
const framed = (message: Uint8Array) =>
  concat([Uint8Array.of(0, 0, message.length >> 8, message.length & 255), message]);
/** A message of version 2: command, flags, status; the body. */
const version2 = (command: number, flags: number, status: Uint8Array, body: Uint8Array) =>
  framed(
    concat([
      hex`fe 53 4d 42 40 00 00 00`,
      status,
      Uint8Array.of(command, 0, 0, 0, flags, 0, 0, 0),
      new Uint8Array(44),
      body,
    ]),
  );
const OK = hex`00 00 00 00`;

test("what is encrypted is said to be, and ends the reading", (t) => {
  const { facts, end } = decodeStream(smb, framed(concat([hex`fd 53 4d 42`, new Uint8Array(80)])), at);
  t.true(facts.some((fact) => fact.kind === "field" && fact.field === "smb.encrypted"));
  t.is(end, "done");
});

test("a share that is refused is a failed response, a login that goes on is none", (t) => {
  const failed = (command: number, status: Uint8Array) =>
    decodeStream(smb, version2(command, 1, status, new Uint8Array(9)), at).facts.some(
      (fact) => fact.kind === "message" && fact.failed === true,
    );
  t.true(failed(3, hex`22 00 00 c0`));
  t.false(failed(1, hex`16 00 00 c0`));
});

test("reading ends where files begin to be read", (t) => {
  const whole = concat([version2(5, 0, OK, new Uint8Array(60)), version2(8, 0, OK, new Uint8Array(60))]);
  t.is(decodeStream(smb, whole, at).end, "done");
});

test("a share's name outside of its message is a fault", (t) => {
  const { facts, end } = decodeStream(smb, version2(3, 0, OK, hex`09 00 00 00 ff 00 40 00`), at);
  t.is(end, "bad");
  t.true(facts.some((fact) => fact.kind === "problem"));
});

test("a session's answer alone is no proof; behind a request it is, or before a message", (t) => {
  const agreed = hex`82 00 00 00`;
  t.like(decodeStream(smb, agreed, at), { recognised: false, end: "more" });
  t.true(decodeStream(smb, agreed, { ...at, peerStarted: true }).recognised);
  t.true(decodeStream(smb, concat([agreed, version2(0, 1, OK, new Uint8Array(8))]), at).recognised);
  t.false(decodeStream(smb, concat([agreed, new Uint8Array(80)]), at).recognised);
});
