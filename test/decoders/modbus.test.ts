/** What fixtures can't show of Modbus: functions that only seem harmless, lying lengths, echoes away from the port, RTU. */
import test from "ava";
import { modbus } from "../../decoders/modbus.ts";
import { crc16 } from "../../decoders/shared/modbus-codes.ts";
import type { AssetFact, OperationFact } from "../../src/decode/facts.ts";
import { datagramAt, decodeDatagram, decodeStream, type Outcome, streamAt } from "../support/decode.ts";
import { concat, hex } from "../support/hex.ts";
import { u16 } from "../support/packets.ts";

const adu = (pdu: Uint8Array, transaction = 7, unit = 1): Uint8Array =>
  concat([u16(transaction), u16(0), u16(pdu.length + 1), Uint8Array.of(unit), pdu]);
const rtu = (pdu: Uint8Array, unit = 1): Uint8Array => {
  const body = concat([Uint8Array.of(unit), pdu]);
  const crc = crc16(body, 0, body.length);
  return concat([body, Uint8Array.of(crc & 0xff, crc >> 8)]);
};
const asked = streamAt(40_001, 502);
const answered = streamAt(502, 40_001);
const strange = streamAt(40_001, 41_002);
const operations = (said: Outcome): OperationFact[] => said.facts.filter((fact) => fact.kind === "operation");
const classes = (...pdus: Uint8Array[]): string[] =>
  operations(decodeStream(modbus, concat(pdus.map((pdu) => adu(pdu))), asked)).map((o) => `${o.code} ${o.class}`);
const problems = (said: Outcome): number => said.facts.filter((fact) => fact.kind === "problem").length;
const READ = hex`03 00 28 00 02`;

test("functions have the class of what they do, and unknown ones none", (t) => {
  t.deepEqual(classes(READ, hex`08 00 01 ff 00`, hex`08 00 04 00 00`, hex`08 00 00 12 34`, hex`08 00 13 00 00`), [
    "3 read",
    "8 control",
    "8 control",
    "8 session",
    "8 unknown",
  ]);
  t.deepEqual(
    classes(
      READ,
      hex`5a 00 02`,
      hex`41 00`,
      hex`2b 0e 01 00`,
      hex`2b 0d 00 00`,
      hex`17 00 03 00 01 00 0e 00 01 02 00 ff`,
    ),
    ["3 read", "90 unknown", "65 unknown", "43 identify", "43 unknown", "23 write"],
  );
});

test("a refused write is a write, and its answer says why", (t) => {
  const said = operations(decodeStream(modbus, adu(hex`86 02`), answered))[0]!;
  t.like(said, {
    role: "response",
    code: "6",
    class: "write",
    failed: true,
    answer: "exception 2, illegal data address",
  });
});

test("request and answer share an id that another unit, function or transaction does not have", (t) => {
  const idOf = (bytes: Uint8Array, at = asked): unknown => operations(decodeStream(modbus, bytes, at))[0]!.id;
  t.is(idOf(adu(READ, 9, 3)), idOf(adu(hex`03 04 00 01 00 02`, 9, 3), answered));
  t.is(idOf(adu(READ, 9, 3)), idOf(adu(hex`83 02`, 9, 3), answered));
  const ids = [adu(READ, 9, 3), adu(READ, 9, 4), adu(READ, 8, 3), adu(hex`04 00 28 00 02`, 9, 3)].map((b) => idOf(b));
  t.is(new Set(ids).size, 4);
  t.is(idOf(adu(hex`08 00 04 00 00`)), null, "who is told to be silent does not answer");
});

test("an echo that looks like its request belongs to whoever the connection shows to be the server", (t) => {
  const echo = adu(hex`06 00 28 00 07`);
  const role = (at: typeof asked): unknown => operations(decodeStream(modbus, echo, at))[0]!.role;
  t.is(role(asked), "request");
  t.is(role(answered), "response");
  t.is(role(strange), "request", "who speaks first asks");
  t.is(role({ ...strange, peerStarted: true }), "response");
  // Once a direction has said something certain, its echoes follow.
  const said = decodeStream(modbus, concat([adu(hex`03 04 00 01 00 02`), echo]), strange);
  t.deepEqual(
    operations(said).map((o) => o.role),
    ["response", "response"],
  );
});

test("a length that does not fit its function is told, and the operation counts all the same", (t) => {
  const said = decodeStream(modbus, concat([adu(READ), adu(hex`10 00 32 00 03 06 00 01`), adu(READ, 8)]), asked);
  t.deepEqual(
    operations(said).map((o) => o.class),
    ["read", "write", "read"],
  );
  t.is(problems(said), 1);
});

test("bytes that are no message are passed over, and reading goes on behind them", (t) => {
  const said = decodeStream(modbus, concat([adu(READ), hex`ff ff ff ff ff ff ff ff ff`]), asked);
  t.is(operations(said).length, 1);
  t.is(problems(said), 1);
  t.is(said.end, "none");
});

test("serial frames inside TCP need their checksum, and each shape is told by it", (t) => {
  const both = decodeStream(modbus, concat([rtu(READ), rtu(hex`06 00 28 00 07`)]), asked);
  t.deepEqual(
    operations(both).map((o) => `${o.role} ${o.code} ${o.target}`),
    ["request 3 unit 1 holding register 40-41", "request 6 unit 1 holding register 40"],
  );
  t.true(decodeStream(modbus, rtu(READ), strange).recognised);
  const wrong = rtu(READ);
  wrong[7]! ^= 1;
  t.false(decodeStream(modbus, wrong, strange).recognised);
  t.is(operations(decodeStream(modbus, rtu(hex`05 00 03 ff 00`, 0), asked))[0]!.id, null, "nobody answers a broadcast");
});

test("identification tells the device's own words, and a cut one what is there", (t) => {
  const objects = hex`2b 0e 01 01 00 00 02  00 03 41 42 43  01 04 58 2d 31 30`;
  const said = decodeStream(modbus, adu(objects), answered);
  const assets = said.facts.filter((fact): fact is AssetFact => fact.kind === "asset");
  t.deepEqual(
    assets.map(({ what, value, source }) => `${what} ${value} ${source}`),
    ["vendor ABC Modbus 43/14 unit 1", "order-code X-10 Modbus 43/14 unit 1"],
  );
  const server = decodeStream(
    modbus,
    adu(concat([hex`11 0a 01`, new TextEncoder().encode("Pump 7.1"), hex`ff`])),
    answered,
  );
  t.true(server.facts.some((fact) => fact.kind === "asset" && fact.value === "Pump 7.1"));
});

test("over UDP each datagram stands for itself", (t) => {
  const said = decodeDatagram(modbus, adu(READ), datagramAt(40_001, 502));
  t.deepEqual(
    said.facts.map((fact) => fact.kind),
    ["role", "field", "message", "operation"],
  );
  t.false(decodeDatagram(modbus, concat([adu(READ), hex`00`]), datagramAt(40_001, 502)).recognised);
});

test("a read that may be a message of ROC Plus proves nothing on a strange port; what follows it decides", (t) => {
  const strange = streamAt(40_001, 4000);
  const ambiguous = rtu(hex`02 03 04 06 00`);
  const other = hex`01 02 03 04 08 07 1e 2d 0c 0f 03 07 e8 89 0d`;
  t.false(decodeStream(modbus, ambiguous, strange).recognised);
  t.false(decodeStream(modbus, concat([ambiguous, rtu(hex`02 03 04 07 00`), other]), strange).recognised);
  t.deepEqual(
    operations(decodeStream(modbus, concat([ambiguous, rtu(hex`06 00 28 00 07`)]), strange)).map((o) => o.class),
    ["read", "write"],
  );
  t.true(decodeStream(modbus, ambiguous, streamAt(40_001, 502)).recognised, "on its port it is believed");
});

test("a request for several records of files names each", (t) => {
  const target = (pdu: Uint8Array) => operations(decodeStream(modbus, adu(pdu), asked))[0]?.target;
  t.is(target(hex`14 0e 06 00 04 00 01 00 02 06 00 03 00 09 00 01`), "unit 1 file 4 record 1-2, file 3 record 9");
  t.is(
    target(hex`15 14 06 00 04 00 07 00 02 06 af 04 be 06 00 05 00 00 00 01 00 00 00 00`.subarray(0, 22)),
    "unit 1 file 4 record 7-8, file 5 record 0",
  );
});
