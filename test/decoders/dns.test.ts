/** What fixtures can't show of DNS: other applications on its port, its kin on theirs, names that try to loop. */
import test from "ava";
import fc from "fast-check";
import { dns } from "../../decoders/dns.ts";
import { rcodeName, typeName } from "../../decoders/shared/dns-codes.ts";
import { readName } from "../../decoders/shared/dns-message.ts";
import { Cursor, Fault } from "../../src/decode/cursor.ts";
import { LIMITS } from "../../src/limits.ts";
import { datagramAt, decodeDatagram, decodeStream, streamAt } from "../support/decode.ts";
import { ascii, concat, hex } from "../support/hex.ts";

const QUERY = hex`12 34 01 00  00 01 00 00 00 00 00 00  03 67 77 37 07 65 78 61 6d 70 6c 65 00  00 01 00 01`;

test("the same bytes are DNS on its port and on any other, and not on its kin's", (t) => {
  for (const port of [53, 5300, 41_000])
    t.true(decodeDatagram(dns, QUERY, datagramAt(40_001, port)).recognised, `${port}`);
  for (const port of [5353, 5355, 137])
    t.false(decodeDatagram(dns, QUERY, datagramAt(40_001, port)).recognised, `${port}`);
  t.true(decodeDatagram(dns, QUERY, datagramAt(5353, 53)).recognised, "a resolver may ask from any port");
});

test("other applications on port 53 are none", (t) => {
  const stun = hex`00 01 00 00 21 12 a4 42 01 02 03 04 05 06 07 08 09 0a 0b 0c`;
  const vxlan = hex`08 00 00 00 00 00 25 00 10 00 00 00 0c 01 00 00 51 52 b3 54 e5 08 00 45 00 00 1c 00 01 00 00`;
  for (const bytes of [stun, vxlan, ascii("GET / HTTP/1.1\r\nHost: example\r\n\r\n"), new Uint8Array(64)]) {
    t.false(decodeDatagram(dns, bytes, datagramAt(40_001, 53)).recognised);
  }
  t.false(decodeStream(dns, ascii("GET / HTTP/1.1\r\nHost: example.example\r\n\r\n"), streamAt(40_001, 53)).recognised);
});

test("off its port a message has to be right to its last byte", (t) => {
  const at = datagramAt(40_001, 41_000);
  t.false(decodeDatagram(dns, concat([QUERY, hex`00`]), at).recognised, "a byte left over");
  t.false(decodeDatagram(dns, QUERY.subarray(0, -1), at).recognised, "a byte missing");
  t.false(decodeDatagram(dns, QUERY.subarray(0, -4), at, 4).recognised, "cut before its type");
  const unknownType = Uint8Array.from(QUERY);
  unknownType.set([0xfe, 0xed], QUERY.length - 4);
  t.false(decodeDatagram(dns, unknownType, at).recognised, "type 65261");
  t.true(decodeDatagram(dns, unknownType, datagramAt(40_001, 53)).recognised, "on its port types may be new");
});

test("a stream that holds less than its length says, and one that holds no message", (t) => {
  const whole = concat([hex`00 1d`, QUERY]);
  t.is(decodeStream(dns, whole.subarray(0, 20), streamAt(40_001, 53)).end, "more");
  t.true(decodeStream(dns, whole, streamAt(40_001, 41_000)).recognised);
  t.false(decodeStream(dns, hex`00 05 01 02 03 04 05`, streamAt(40_001, 53)).recognised);
});

test("names end, whatever their pointers say", (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 13, maxLength: 300 }), fc.nat(), (bytes, where) => {
      const c = new Cursor().set(bytes, 0, bytes.length);
      c.pos = 12 + (where % (bytes.length - 12));
      try {
        const name = readName(c);
        return name.length > 0 && c.pos <= bytes.length && !/[^ -~]/.test(name);
      } catch (fault) {
        return fault instanceof Fault;
      }
    }),
  );
  t.pass();
});

test("names that differ read differently", (t) => {
  const label = fc.uint8Array({ minLength: 1, maxLength: 6 });
  const wire = (labels: Uint8Array[]): Uint8Array =>
    concat([new Uint8Array(12), ...labels.flatMap((l) => [Uint8Array.of(l.length), l]), hex`00`]);
  const read = (bytes: Uint8Array): string => {
    const c = new Cursor().set(bytes, 0, bytes.length);
    c.pos = 12;
    return readName(c);
  };
  const lower = (labels: Uint8Array[]): string =>
    labels.map((l) => [...l].map((b) => (b >= 65 && b <= 90 ? b + 32 : b)).join(" ")).join(" . ");
  fc.assert(
    fc.property(fc.array(label, { maxLength: 4 }), fc.array(label, { maxLength: 4 }), (a, b) => {
      return (read(wire(a)) === read(wire(b))) === (lower(a) === lower(b));
    }),
  );
  t.is(read(wire([ascii("a.b"), ascii("C")])), "a\\x2eb.c");
  t.is(read(wire([])), ".");
});

test("more records than the limit: partial, and said", (t) => {
  const count = LIMITS.dnsRecords + 1;
  const head = hex`12 34 81 80  00 01 02 01 00 00 00 00  01 61 00  00 01 00 01`;
  const record = hex`c0 0c 00 01 00 01 00 00 01 2c 00 04 0a 14 00 05`;
  head[6] = count >> 8;
  head[7] = count & 255;
  const said = decodeDatagram(
    dns,
    concat([head, ...Array.from({ length: count }, () => record)]),
    datagramAt(53, 40_001),
  );
  const answer = said.facts.find((fact) => fact.kind === "answer");
  t.true(answer?.kind === "answer" && answer.partial && answer.records.length === LIMITS.dnsRecords);
  t.true(said.facts.some((fact) => fact.kind === "problem" && fact.what === "unsupported"));
});

test("codes have their standard names, unknown ones print", (t) => {
  const types = [1, 28, 33, 41, 46, 64, 65, 99, 109, 249, 255, 257, 32769, 65534];
  t.deepEqual(types.map(typeName), "A AAAA SRV OPT RRSIG SVCB HTTPS SPF EUI64 TKEY ANY CAA DLV TYPE65534".split(" "));
  t.deepEqual(
    [0, 3, 5, 11, 12, 16, 23].map(rcodeName),
    "NOERROR NXDOMAIN REFUSED DSOTYPENI RCODE12 BADVERS BADCOOKIE".split(" "),
  );
});
