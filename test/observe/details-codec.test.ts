/** What flows said, as bytes and back. */
import test from "ava";
import fc from "fast-check";
import { DECODERS } from "../../decoders/index.ts";
import { claimsOf } from "../../src/decode/claims.ts";
import { type FlowDetail, isLeft, kindsOf, newDetail, waits } from "../../src/decode/details.ts";
import type { Fact, Sighting } from "../../src/decode/facts.ts";
import { leftOpenings } from "../../src/decode/openings.ts";
import { Stream } from "../../src/flow/stream.ts";
import { DetailsReader, ownDetails, packDetails } from "../../src/observe/details-codec.ts";
import { partsOfFlow } from "../../src/observe/parts.ts";
import { ServerNames, sentName } from "../../src/observe/server-names.ts";
import { NumberReader, NumberWriter } from "../../src/observe/varint.ts";

const LARGEST = 2 ** 52 - 1;

test("numbers of any size, one behind the other", (t) => {
  const any = fc.array(
    fc.oneof(
      fc.nat(300),
      fc.nat(),
      fc.maxSafeNat().map((n) => n % LARGEST),
    ),
  );
  fc.assert(
    fc.property(any, fc.array(fc.boolean()), (numbers, negative) => {
      const writer = new NumberWriter();
      for (const [i, number] of numbers.entries()) {
        writer.write(number);
        writer.writeSigned(negative[i] === true ? -number : number);
      }
      const reader = new NumberReader(writer.take());
      for (const [i, number] of numbers.entries()) {
        if (reader.read() !== number) return false;
        if (reader.readSigned() !== (negative[i] === true ? 0 - number : number)) return false;
      }
      return reader.read() === 0; // behind the last
    }),
  );
  t.pass();
});

const anyName = fc.oneof(fc.constantFrom("a.test", "b.test"), fc.string());
const anyFact: fc.Arbitrary<Fact> = fc.oneof(
  fc.constant<Fact>({ kind: "up" }),
  fc.record({
    kind: fc.constant("name" as const),
    source: fc.constantFrom("tls-sni" as const, "http-host" as const, "certificate" as const),
    name: anyName,
  }),
  fc.record({
    kind: fc.constant("role" as const),
    sender: fc.constantFrom("client" as const, "server" as const),
    why: fc.constantFrom("TLS 1.3 hello", "SSL 2 hello", "no TLS hello"),
  }),
  fc.record({
    ...{ kind: fc.constant("fault" as const), what: fc.constantFrom("tls-alert", "http-status") },
    ...{ code: fc.nat(255), text: fc.string() },
  }),
  fc.record({
    kind: fc.constant("field" as const),
    field: fc.string(),
    value: fc.oneof(
      fc.string(),
      fc.nat(),
      fc.double({ noDefaultInfinity: true, noNaN: true }).map((n) => n + 0),
    ),
  }),
  fc.record({
    kind: fc.constant("message" as const),
    what: fc.constant("request" as const),
    id: fc.oneof(
      fc.string({ unit: "binary" }),
      fc.nat().map(String),
      fc.constantFrom("", "00", "\ud800", "1234567890"),
    ),
  }),
  fc.record({ kind: fc.constant("query" as const), id: fc.nat(65_535), name: anyName, type: fc.constant("A") }),
  fc.record({
    kind: fc.constant("answer" as const),
    id: fc.nat(65_535),
    name: anyName,
    type: fc.constant("A"),
    rcode: fc.constant("NOERROR"),
    partial: fc.boolean(),
    records: fc.array(
      fc.record(
        { name: anyName, type: fc.string(), ttl: fc.nat(2 ** 32 - 1), data: anyName, echPublicName: anyName },
        { requiredKeys: ["name", "type", "ttl", "data"] },
      ),
      { maxLength: 4 },
    ),
  }),
  // More to it than such facts have, and in another order.
  fc.record({ note: fc.string(), kind: fc.constant("inner" as const), app: fc.string() }),
  fc.record({ kind: fc.constant("problem" as const), what: fc.constant("cut" as const), why: fc.string() }),
);
const anySighting: fc.Arbitrary<Sighting> = fc.record({
  fact: anyFact,
  dir: fc.constantFrom(0 as const, 1 as const),
  capture: fc.nat(3),
  frame: fc.oneof(fc.nat(100), fc.nat(2 ** 32 - 1)),
  sec: fc.oneof(fc.constant(1_780_000_000), fc.nat(2 ** 32 - 1)),
  nsec: fc.oneof(
    fc.nat(999_999).map((us) => us * 1_000),
    fc.nat(999_999_999),
  ),
});

test("what any flows said comes back, in messages of several facts as well", (t) => {
  // Each sighting once more under another fact: one message said both.
  const message = fc
    .tuple(anySighting, fc.array(anyFact, { maxLength: 3 }))
    .map(([one, more]) => [one, ...more.map((fact) => ({ ...one, fact }))]);
  const flows = fc.array(
    fc.array(message, { maxLength: 30 }).map((said) => said.flat()),
    { maxLength: 8 },
  );
  fc.assert(
    fc.property(flows, (all) => {
      const details = all.map((sightings) => ({ ...newDetail(), sightings }));
      const part = packDetails(details);
      const stored = new DetailsReader().read(part);
      t.deepEqual(
        stored.map(({ sightings }) => sightings),
        all,
      );
      t.deepEqual(stored.map(kindsOf), details.map(kindsOf));
      t.deepEqual(stored.map(claimsOf), details.map(claimsOf));
      for (const dir of [0, 1] as const) {
        const [names, others] = [new ServerNames(), new ServerNames()];
        const numbers = (all: readonly FlowDetail[], from: ServerNames) => all.map((one) => sentName(one, dir, from));
        t.deepEqual(numbers(stored, names), numbers(details, others));
        t.deepEqual(numbers(stored, names), numbers(details, others)); // as they are known now
        t.deepEqual(names.all, others.all);
        const parts = (one: FlowDetail) => partsOfFlow(one, dir);
        t.deepEqual(stored.map(parts), details.map(parts));
      }
      t.deepEqual(packDetails(stored), part);
      t.deepEqual(
        ownDetails(part).map(({ sightings }) => sightings),
        all,
      );
      const texts = (one: { sightings: Sighting[] }) => JSON.stringify(one.sightings.map(({ fact }) => fact));
      t.deepEqual(stored.map(texts), details.map(texts)); // properties in their order
    }),
    { numRuns: 200 },
  );
});

const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.constantFrom(...leftOpenings(DECODERS)).map((first) => Uint8Array.of(first, 0)),
);
const anySegment = fc.record({
  ...{ seq: fc.integer(), bytes: anyBytes, cutOff: fc.nat(9), capture: fc.nat(2) },
  ...{ frame: fc.nat(), sec: fc.nat(), nsec: fc.nat(999_999_999) },
});
const anyStream: fc.Arbitrary<Stream> = fc
  .record({
    ...{
      base: fc.integer(),
      bytes: fc.oneof(fc.constant(new Uint8Array(0)), anyBytes),
      decoder: fc.integer({ min: -1, max: 60 }),
    },
    ...{
      fromStart: fc.boolean(),
      handed: fc.boolean(),
      cutOff: fc.constantFrom(0, 0, 0, 500),
      conflicts: fc.constantFrom(0, 0, 3),
    },
    state: fc.oneof(fc.constant(0), fc.integer(), fc.constant(0.5)),
    ...{ lost: fc.constantFrom(0, 0, 2 ** 31), parts: fc.array(fc.nat(), { maxLength: 3 }) },
    pending: fc.oneof({ weight: 4, arbitrary: fc.constant([]) }, fc.array(anySegment, { maxLength: 2 })),
  })
  .map(({ base, bytes, fromStart, ...others }) =>
    Object.assign(new Stream(base, fromStart), { data: bytes, length: bytes.length, ...others }),
  );

test("what is left of any flows comes back, and whether it waits", (t) => {
  const side = fc.option(anyStream);
  const flow = fc.record({
    streams: fc.tuple(side, side),
    undecoded: fc.constantFrom(0, 0, 7),
    heads: fc.tuple(fc.option(fc.array(anySegment)), fc.constant(null)),
  });
  const left = leftOpenings(DECODERS);
  const isWaiting = (stream: Stream | null): boolean =>
    stream !== null &&
    (stream.pending.length > 0 || !Number.isInteger(stream.state) || (isLeft(stream) && left.has(stream.data[0]!)));
  fc.assert(
    fc.property(fc.array(flow, { maxLength: 6 }), (all) => {
      const details = all.map((one) => ({ ...newDetail(), ...one }));
      const part = packDetails(details);
      const stored = new DetailsReader(DECODERS).read(part);
      for (const [i, one] of stored.entries()) {
        const { streams, undecoded, heads } = one;
        t.deepEqual({ streams, undecoded, heads }, all[i]);
        t.is(waits(one), streams.some(isWaiting));
      }
      t.deepEqual(packDetails(stored), part);
    }),
    { numRuns: 300 },
  );
});

test("a part whose streams are cut, or whose bytes are missing, is refused", (t) => {
  const stream = Object.assign(new Stream(7, true), { data: Uint8Array.of(1, 2, 3), length: 3 });
  const part = packDetails([{ ...newDetail(), streams: [stream, null] }]);
  const lengths = new Uint32Array(part.slice(0, 32).buffer);
  for (const stretch of [STREAMS, BYTES]) {
    const less = Uint32Array.from(lengths, (length, i) => (i === stretch ? length - 1 : length));
    const damaged = Uint8Array.from([...new Uint8Array(less.buffer), ...part.slice(32, -1)]);
    t.throws(() => new DetailsReader().read(damaged), { message: "a part of the observation is damaged" });
  }
});

test("a stream that promises more frames than there are is refused", (t) => {
  const stream = Object.assign(new Stream(7, true), { parts: [101, 102, 103] });
  const part = packDetails([{ ...newDetail(), streams: [null, stream] }]);
  part[Buffer.from(part).indexOf(Buffer.of(3, 101, 102, 103))] = 120;
  t.throws(() => new DetailsReader().read(part), { message: "a part of the observation is damaged" });
});

/** Words of a part's head. */
const [STREAMS, BYTES] = [6, 7];

test("facts that parts share are one object, and no flow's are another's", (t) => {
  const said = (name: string): Sighting => ({
    fact: { kind: "name", source: "certificate", name },
    ...{ dir: 0, capture: 0, frame: 7, sec: 1, nsec: 2 },
  });
  const reader = new DetailsReader();
  const [one] = reader.read(packDetails([{ ...newDetail(), sightings: [said("a.test")] }]));
  const [two, three] = reader.read(
    packDetails([
      { ...newDetail(), sightings: [said("a.test")] },
      { ...newDetail(), sightings: [said("b.test")] },
    ]),
  );
  t.is(one!.sightings[0]!.fact, two!.sightings[0]!.fact);
  t.like(three!.sightings[0]!.fact, { name: "b.test" });
});
