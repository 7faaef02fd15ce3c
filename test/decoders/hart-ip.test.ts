/** What fixtures can't show of HART-IP: sums that do not hold, warnings that are no failures, short messages. */
import test from "ava";
import { hartIp } from "../../decoders/hart-ip.ts";
import { datagramAt, decodeDatagram, decodeStream, streamAt } from "../support/decode.ts";
import { concat, hex } from "../support/hex.ts";

const on = datagramAt(40_001, 5094);
const away = datagramAt(40_001, 40_002);
/** A message with a PDU, whose sum holds. */
function pdu(type: number, bytes: Uint8Array): Uint8Array {
  const sum = bytes.reduce((all, byte) => all ^ byte, 0);
  return concat([
    hex`01`,
    Uint8Array.of(type),
    hex`03 00 00 01 00`,
    Uint8Array.of(bytes.length + 9),
    bytes,
    Uint8Array.of(sum),
  ]);
}

test("a sum that holds proves it anywhere; a session's message needs the port", (t) => {
  const read = pdu(0, hex`82 26 06 01 02 03 03 00`);
  t.true(decodeDatagram(hartIp, read, away).recognised);
  const bad = Uint8Array.from(read);
  bad[10] = 0x55;
  t.false(decodeDatagram(hartIp, bad, on).recognised);
  const close = hex`01 00 01 00 00 01 00 08`;
  t.true(decodeDatagram(hartIp, close, on).recognised);
  t.false(decodeDatagram(hartIp, close, away).recognised);
});

test("a warning is no failure, an error is one, and so is a broken line", (t) => {
  const failed = (code: number) =>
    decodeDatagram(hartIp, pdu(1, concat([hex`86 26 06 01 02 03 22 02`, Uint8Array.of(code, 0)])), on).facts.some(
      (f) => f.kind === "operation" && f.class === "write" && f.failed,
    );
  for (const code of [0, 8, 30, 100]) t.false(failed(code), String(code));
  for (const code of [2, 7, 16, 64, 0x88]) t.true(failed(code), String(code));
});

test("a command that no table knows is unknown", (t) => {
  const { facts } = decodeDatagram(hartIp, pdu(0, hex`82 26 06 01 02 03 f0 00`), on);
  t.true(facts.some((f) => f.kind === "operation" && f.code === "240" && f.class === "unknown"));
});

test("within a session a request whose sum does not hold is told, and what follows it is read", (t) => {
  const bad = Uint8Array.from(pdu(0, hex`82 26 06 01 02 03 23 00`));
  bad[bad.length - 1]! ^= 1;
  const stream = concat([hex`01 00 02 00 00 01 00 08`, bad, pdu(0, hex`82 26 06 01 02 03 2a 00`)]);
  const { facts } = decodeStream(hartIp, stream, streamAt(40_001, 5094));
  t.deepEqual(
    facts.flatMap((f) => (f.kind === "operation" ? [f.class] : [])),
    ["session", "write", "control"],
  );
  t.is(facts.filter((f) => f.kind === "problem").length, 1);
  t.false(decodeStream(hartIp, bad, streamAt(40_001, 5094)).recognised, "it begins nothing");
});

test("a tag of six bits a character names the device", (t) => {
  const tagged = (tag: Uint8Array) =>
    decodeDatagram(
      hartIp,
      pdu(1, concat([hex`86 26 06 01 02 03 0d 17 00 00`, tag, new Uint8Array(15)])),
      on,
    ).facts.flatMap((f) => (f.kind === "asset" ? [`${f.what} ${f.value}`] : []));
  t.deepEqual(tagged(hex`50 9b 71 df 1e 20`), ["name TI-1718"]);
  t.deepEqual(tagged(hex`82 08 20 82 08 20`), [], "blanks");
});
