/** What fixtures can't show of IEC 104: what only seems to read, types on strange ports, frames that are none. */
import test from "ava";
import { iec104 } from "../../decoders/iec104.ts";
import { decodeStream, type Outcome, streamAt } from "../support/decode.ts";
import { concat, hex } from "../support/hex.ts";

/** An I frame: type, count, cause, station 3, objects. */
const frame = (type: number, cause: number, objects: Uint8Array, count = 1): Uint8Array =>
  concat([Uint8Array.of(0x68, objects.length + 10, 0, 0, 0, 0, type, count, cause, 0, 3, 0), objects]);
const interrogation = frame(100, 6, hex`00 00 00  14`);
const away = streamAt(40_001, 41_000);
const classes = (said: Outcome): string[] => said.facts.flatMap((f) => (f.kind === "operation" ? [f.class] : []));

test("an interrogation of counters reads, unless it freezes or resets them", (t) => {
  for (const [qualifier, expected] of [
    [0x05, "read"],
    [0x45, "control"],
    [0x85, "control"],
    [0xc5, "control"],
  ] as const) {
    const said = decodeStream(iec104, frame(101, 6, Uint8Array.of(0, 0, 0, qualifier)), away);
    t.deepEqual(classes(said), [expected]);
  }
});

test("every command is control, whether it selects, executes or cancels", (t) => {
  const sizes: Record<number, number> = { 45: 1, 46: 1, 47: 1, 48: 3, 49: 3, 50: 5, 51: 4, 58: 8, 63: 12, 64: 11 };
  for (const [type, size] of Object.entries(sizes)) {
    for (const cause of [6, 8]) {
      for (const qualifier of [0, 0xff]) {
        const said = decodeStream(
          iec104,
          frame(Number(type), cause, new Uint8Array(3 + size).fill(qualifier, 3)),
          away,
        );
        t.deepEqual(classes(said), ["control"], type);
      }
    }
  }
});

test("a command is asked for whatever cause it claims, and answered by a cause that confirms or refuses", (t) => {
  const command = (cause: number, at = streamAt(40_001, 2404)) =>
    decodeStream(iec104, concat([hex`68 04 07 00 00 00`, frame(45, cause, hex`01 00 00  01`)]), at).facts.flatMap(
      (f) => (f.kind === "operation" && f.code === "45" ? [`${f.role} ${f.class}`] : []),
    );
  for (const cause of [3, 6, 8, 13, 30, 60]) t.deepEqual(command(cause), ["request control"], `${cause}`);
  t.deepEqual(command(3, streamAt(40_001, 41_000)), ["request control"], "who starts commands, on any port");
  for (const cause of [7, 9, 10, 45]) t.deepEqual(command(cause), ["response control"], `${cause}`);
});

test("a type that nobody knows is unknown, and counts on the port or behind others", (t) => {
  const strange = frame(199, 6, hex`00 00 00  01`);
  t.false(decodeStream(iec104, strange, away).recognised);
  t.deepEqual(classes(decodeStream(iec104, strange, streamAt(40_001, 2404))), ["unknown"]);
  t.deepEqual(classes(decodeStream(iec104, concat([interrogation, strange]), away)), ["read", "unknown"]);
});

test("a count that does not agree with the length proves nothing, and is unknown in a stream that is proved", (t) => {
  const liar = frame(45, 6, hex`00 00 00  01`, 2);
  t.false(decodeStream(iec104, liar, away).recognised);
  const said = decodeStream(iec104, concat([interrogation, liar, interrogation]), away);
  t.deepEqual(classes(said), ["read", "unknown", "read"]);
});

test("an acknowledgement alone proves nothing away from the port", (t) => {
  const acknowledges = hex`68 04 01 00 02 00`;
  t.false(decodeStream(iec104, acknowledges, away).recognised);
  t.true(decodeStream(iec104, acknowledges, streamAt(2404, 40_001)).recognised);
  t.true(decodeStream(iec104, concat([acknowledges, interrogation]), streamAt(40_001, 2404)).recognised);
});

test("bytes that only begin alike are another protocol's", (t) => {
  for (const bytes of [hex`68 03 07 00 00 00`, hex`68 04 07 00 00 01`, hex`68 04 17 00 00 00`, hex`68 fe 00 00 00 00`])
    t.false(decodeStream(iec104, bytes, streamAt(40_001, 2404)).recognised);
});

test("who is who is said by the first message that tells it, whatever tests come before", (t) => {
  const roles = (...messages: Uint8Array[]) =>
    decodeStream(iec104, concat(messages), away).facts.flatMap((f) => (f.kind === "role" ? [f.sender] : []));
  const [test, acknowledges] = [hex`68 04 43 00 00 00`, hex`68 04 01 00 02 00`];
  t.deepEqual(roles(test, acknowledges, interrogation, interrogation), ["client"]);
  t.deepEqual(roles(test, hex`68 04 0b 00 00 00`, frame(100, 7, hex`00 00 00  14`)), ["server"]);
});

test("what all stations are asked has no single answer", (t) => {
  const ids = (bytes: Uint8Array) =>
    decodeStream(iec104, bytes, away).facts.flatMap((f) => (f.kind === "operation" ? [f.id] : []));
  const everywhere = Uint8Array.from(interrogation);
  everywhere.set([0xff, 0xff], 10);
  t.deepEqual(ids(everywhere), [null]);
  t.deepEqual(ids(interrogation), ["100/3/0"]);
});
