/** What fixtures can't show of MMS: every service's class, controls by name, other users of the same layers. */
import test from "ava";
import { mms } from "../../decoders/mms.ts";
import { variableClass } from "../../decoders/shared/mms-codes.ts";
import { decodeStream, type Outcome, streamAt } from "../support/decode.ts";
import { concat, hex } from "../support/hex.ts";

const element = (tag: readonly number[], ...parts: Uint8Array[]): Uint8Array => {
  const value = concat(parts);
  return concat([Uint8Array.of(...tag, value.length), value]);
};
const tpkt = (...parts: Uint8Array[]): Uint8Array => {
  const body = concat(parts);
  return concat([Uint8Array.of(3, 0, 0, 7 + body.length, 2, 0xf0, 0x80), body]);
};
const data = (pdu: Uint8Array): Uint8Array =>
  tpkt(hex`01 00 01 00`, element([0x61], element([0x30], hex`02 01 03`, element([0xa0], pdu))));
const request = (service: number): Uint8Array => {
  const tag = service < 31 ? [0xa0 | service] : [0xbf, service];
  return data(element([0xa0], hex`02 01 07`, element(tag)));
};
const away = streamAt(40_001, 41_000);
const classes = (said: Outcome): string[] => said.facts.flatMap((f) => (f.kind === "operation" ? [f.class] : []));

test("services are of their class, and what is none is unknown", (t) => {
  const expected: Record<string, number[]> = {
    identify: [2, 71],
    read: [0, 1, 6, 12, 29, 30, 31, 63, 65, 72, 73, 74, 77],
    write: [3, 11, 13, 18, 66, 75, 76, 81],
    control: [19, 20, 40, 41, 42, 43, 44],
    program: [26, 27, 28, 36, 38, 39, 46],
    unknown: [17, 78, 99, 127],
  };
  for (const [class_, services] of Object.entries(expected))
    for (const service of services)
      t.deepEqual(classes(decodeStream(mms, request(service), away)), [class_], `${service}`);
});

test("reading a control's SBO selects it; writing any part of a control commands", (t) => {
  t.is(variableClass(false, ["LD0/CSWI1$CO$Pos$SBO"]), "control");
  t.is(variableClass(false, ["LD0/CSWI1$ST$Pos", "LD0/CSWI1$CO$Pos$SBO"]), "control");
  t.is(variableClass(false, ["ICC/SWITCH7_SBO"]), "control");
  t.is(variableClass(false, ["LD0/CSWI1$CO$Pos"]), "read");
  t.is(variableClass(true, ["LD0/CSWI1$CO$Pos$SBOw"]), "control");
  t.is(variableClass(true, ["LD0/CSWI1$CO"]), "control");
  t.is(variableClass(true, ["LD0/LLN0$SP$OCT"]), "write");
});

test("a read whose names can't be read is unknown, not a read", (t) => {
  const said = decodeStream(mms, concat([request(2), request(4), request(5)]), away);
  t.deepEqual(classes(said), ["identify", "unknown", "unknown"]);
});

test("what runs on the same layers and is no MMS is not taken", (t) => {
  t.false(decodeStream(mms, tpkt(hex`32 01 00 00 00 07 00 02 00 00 04 00`), streamAt(40_001, 102)).recognised);
  t.false(decodeStream(mms, tpkt(hex`7f 65 82 01 90 04 01 01 04 01 01`), streamAt(40_001, 3389)).recognised);
  const other = tpkt(hex`01 00 01 00`, element([0x61], element([0x30], hex`02 01 01`, element([0xa0], hex`62 80`))));
  t.false(decodeStream(mms, other, streamAt(40_001, 102)).recognised);
});

test("lengths that do not agree prove nothing", (t) => {
  const good = request(2);
  for (const at of [12, 14, 19, 21]) {
    const bad = Uint8Array.from(good);
    bad[at]! += 3;
    t.false(decodeStream(mms, bad, away).recognised, `${at}`);
  }
});

test("why a request was refused, in the standard's words; numbers that have none stay numbers", (t) => {
  const fields = (pdu: Uint8Array) =>
    decodeStream(mms, concat([request(2), data(pdu)]), away).facts.flatMap((f) =>
      f.kind === "field" ? [f.value] : [],
    );
  const error = (class_: number, code: number) =>
    element([0xa2], hex`80 01 07`, element([0xa2], element([0xa0], Uint8Array.of(0x80 | class_, 1, code))));
  t.deepEqual(fields(error(7, 2)), ["access/object-non-existent"]);
  t.deepEqual(fields(error(12, 9)), ["others/9"]);
  t.deepEqual(fields(element([0xa4], hex`80 01 07 81 01 01`)), ["confirmed-request/1"]);
  t.deepEqual(fields(element([0xa4], hex`80 01 07`)), []);
  const read = (code: number) =>
    element([0xa1], hex`02 01 07`, element([0xa4], element([0xa1], hex`83 01 01`, Uint8Array.of(0x80, 1, code))));
  t.deepEqual(fields(read(10)), ["object-non-existent"]);
  t.deepEqual(fields(read(99)), ["99"]);
  const unread = decodeStream(
    mms,
    concat([request(2), data(element([0xa1], hex`02 01 07`, element([0xa5], hex`80 00`)))]),
    away,
  );
  t.true(
    unread.facts.some((f) => f.kind === "operation" && f.code === "5" && f.failed),
    "refused, for no reason",
  );
});
