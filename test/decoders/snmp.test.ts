/** What fixtures can't show of SNMP: classes by object, nesting that lies, secrets that are kept. */
import test from "ava";
import { snmp } from "../../decoders/snmp.ts";
import { datagramAt, decodeDatagram, type Outcome } from "../support/decode.ts";
import { concat, hex } from "../support/hex.ts";

const element = (tag: number, ...parts: Uint8Array[]): Uint8Array => {
  const value = concat(parts);
  return concat([Uint8Array.of(tag, value.length), value]);
};
const SYS_DESCR = hex`06 08 2b 06 01 02 01 01 01 00`;
const IF_DESCR = hex`06 0a 2b 06 01 02 01 02 02 01 02 01`;
const request = (pdu: number, ...oids: Uint8Array[]): Uint8Array =>
  element(
    0x30,
    hex`02 01 01  04 06 73 65 63 72 65 74`,
    element(
      0xa0 | pdu,
      hex`02 02 12 34  02 01 00  02 01 00`,
      element(0x30, ...oids.map((oid) => element(0x30, oid, hex`05 00`))),
    ),
  );
const away = datagramAt(40_001, 41_000);
const classOf = (said: Outcome): unknown => said.facts.flatMap((f) => (f.kind === "operation" ? [f.class] : []))[0];

test("who only asks for the system group or the entity table identifies", (t) => {
  t.is(classOf(decodeDatagram(snmp, request(0, SYS_DESCR), away)), "identify");
  t.is(classOf(decodeDatagram(snmp, request(0, SYS_DESCR, IF_DESCR), away)), "read");
  t.is(classOf(decodeDatagram(snmp, request(5, IF_DESCR), away)), "read");
  t.is(classOf(decodeDatagram(snmp, request(3, SYS_DESCR), away)), "write", "a set is a write, whatever it sets");
});

test("the community is never told", (t) => {
  const said = decodeDatagram(snmp, request(0, SYS_DESCR), away);
  t.true(said.recognised);
  t.false(JSON.stringify(said.facts).includes("secret"));
});

test("lengths that do not agree are no SNMP", (t) => {
  const good = request(0, SYS_DESCR);
  for (const at of [1, 6, 14, 16, 26]) {
    const bad = Uint8Array.from(good);
    bad[at]! += 1;
    t.false(decodeDatagram(snmp, bad, datagramAt(40_001, 161)).recognised, `${at}`);
  }
  t.false(decodeDatagram(snmp, concat([good, hex`00`]), away).recognised);
});

test("versions 0, 1 and 3 are known", (t) => {
  for (const version of [2, 4, 255]) {
    const bytes = request(0, SYS_DESCR);
    bytes[4] = version;
    t.false(decodeDatagram(snmp, bytes, away).recognised, `${version}`);
  }
});

test("sysServices says what kind of device it is, by the layers that it adds up, and a text there says nothing", (t) => {
  const answer = (value: Uint8Array): Uint8Array =>
    element(
      0x30,
      hex`02 01 01  04 06 73 65 63 72 65 74`,
      element(
        0xa2,
        hex`02 02 12 34  02 01 00  02 01 00`,
        element(0x30, element(0x30, hex`06 08 2b 06 01 02 01 01 07 00`, value)),
      ),
    );
  const kinds = (value: Uint8Array): string[] =>
    decodeDatagram(snmp, answer(value), datagramAt(161, 41_000)).facts.flatMap((fact) =>
      fact.kind === "asset" ? [`${fact.what} ${fact.value}`] : [],
    );
  t.deepEqual(kinds(hex`02 01 48`), ["kind host, applications"]);
  t.deepEqual(kinds(hex`02 01 06`), ["kind bridge, router"]);
  for (const nothing of [hex`02 01 00`, hex`04 03 61 62 63`, hex`80 00`, hex`02 04 80 00 00 00`])
    t.deepEqual(kinds(nothing), []);
});

test("an object identifier says whose product it is, and parts of a device stay apart", (t) => {
  const answer = (...bindings: Uint8Array[]) =>
    decodeDatagram(
      snmp,
      element(
        0x30,
        hex`02 01 01  04 06 73 65 63 72 65 74`,
        element(0xa2, hex`02 02 12 34  02 01 00  02 01 00`, element(0x30, ...bindings.map((b) => element(0x30, b)))),
      ),
      away,
    ).facts.flatMap((f) => (f.kind === "asset" ? [`${f.what} ${f.value} (${f.source})`] : []));
  const objectId = hex`06 08 2b 06 01 02 01 01 02 00`;
  t.deepEqual(answer(concat([objectId, hex`06 08 2b 06 01 04 01 a1 69 01`])), ["vendor Siemens (SNMP sysObjectID)"]);
  t.deepEqual(answer(concat([objectId, hex`06 08 2b 06 01 04 01 83 f0 00`])), [
    "vendor IANA enterprise 63488 (SNMP sysObjectID)",
  ]);
  t.deepEqual(answer(concat([objectId, hex`06 03 2b 06 01`])), []);
  const serial = (part: number) =>
    concat([
      hex`06 0c 2b 06 01 02 01 2f 01 01 01 01 0b`,
      Uint8Array.of(part),
      hex`04 02 53`,
      Uint8Array.of(0x30 + part),
    ]);
  t.deepEqual(answer(serial(1), serial(2)), [
    "serial S1 (SNMP entPhysicalSerialNum of part 1)",
    "serial S2 (SNMP entPhysicalSerialNum of part 2)",
  ]);
});

test("nothing answers a notification, and one of which nobody sees what it says is known by where it goes", (t) => {
  const told = (bytes: Uint8Array, from: number, to: number): string[] =>
    decodeDatagram(snmp, bytes, datagramAt(from, to)).facts.flatMap((f) =>
      f.kind === "role"
        ? [f.sender]
        : f.kind === "message"
          ? [f.what]
          : f.kind === "operation"
            ? [`${f.role} ${f.id}`]
            : [],
    );
  const user = element(0x30, hex`04 02 80 00  02 01 01  02 01 01  04 01 75  04 00  04 00`);
  const sealed = (flags: number): Uint8Array =>
    element(
      0x30,
      hex`02 01 03`,
      element(0x30, hex`02 01 07  02 02 7f ff`, Uint8Array.of(4, 1, flags), hex`02 01 03`),
      element(4, user),
      hex`04 08 11 11 11 11 11 11 11 11`,
    );
  t.deepEqual(told(request(7, SYS_DESCR), 41_000, 162), ["client", "oneway", "request null"]);
  t.deepEqual(told(sealed(3), 41_000, 162), ["client", "oneway", "request null"]);
  t.deepEqual(told(sealed(3), 162, 162), ["response", "response 7"], "a notification, or what answers one");
  t.deepEqual(told(sealed(3), 161, 41_000), ["server", "response", "response 7"]);
  t.deepEqual(told(sealed(7), 162, 162), ["client", "request", "request 7"]);
});
