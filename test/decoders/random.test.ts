/** Bytes that mean nothing are recognised nowhere, and nothing makes a decoder throw anything but its fault. */
import test from "ava";
import fc from "fast-check";
import { DECODERS } from "../../decoders/index.ts";
import { datagramAt, decodeDatagram, decodeStream, streamAt } from "../support/decode.ts";
import { type Fixture, fixturesOf } from "../support/decoder-fixtures.ts";

const bytes = fc.uint8Array({ minLength: 1, maxLength: 200 });

for (const decoder of DECODERS) {
  test(`${decoder.id}: random bytes are not recognised off its port`, (t) => {
    const runs = { numRuns: 2000 };
    fc.assert(
      fc.property(bytes, fc.integer({ min: 0, max: 1000 }), (b, cutOff) => {
        return !decodeDatagram(decoder, b, datagramAt(40_001, 41_002), cutOff).recognised;
      }),
      runs,
    );
    for (const fromStart of [true, false]) {
      const at = { ...streamAt(40_001, 41_002), fromStart };
      fc.assert(
        fc.property(bytes, (b) => !decodeStream(decoder, b, at).recognised),
        runs,
      );
    }
    t.pass();
  });

  test(`${decoder.id}: random bytes behind a true beginning`, (t) => {
    // The hardest strangers share the first bytes: one byte of a true message, and the length of one.
    // Where a service of LLC stands in an EtherType's place, that number is the proof: no stranger has it.
    const proved = (f: Fixture): boolean => (f.at.etherType ?? 0x0600) < 0x0600;
    for (const fixture of fixturesOf(decoder.id).filter(
      (f) => f.bytes.length >= 12 && f.expected !== "" && !proved(f),
    )) {
      const read = fixture.at.transport === "tcp" ? decodeStream : decodeDatagram;
      const at = { udp: datagramAt(40_001, 41_002), tcp: streamAt(40_001, 41_002), sctp: fixture.at, eth: fixture.at }[
        fixture.at.transport
      ];
      const tail = fc.uint8Array({ minLength: fixture.bytes.length - 1, maxLength: fixture.bytes.length - 1 });
      fc.assert(
        fc.property(
          tail,
          (rest) =>
            !read(decoder, Uint8Array.of(fixture.bytes[0]!, ...rest), { ...at, sec: fixture.at.sec }).recognised,
        ),
        { numRuns: 30 },
      );
    }
    t.pass();
  });

  test(`${decoder.id}: a message with one byte changed is read without harm`, (t) => {
    const fixtures = fixturesOf(decoder.id);
    fc.assert(
      fc.property(fc.constantFrom(...fixtures), fc.nat(), fc.integer({ min: 0, max: 255 }), (fixture, where, value) => {
        const changed = Uint8Array.from(fixture.bytes);
        changed[where % changed.length] = value;
        const read = fixture.at.transport === "tcp" ? decodeStream : decodeDatagram;
        return read(decoder, changed, fixture.at).taken <= changed.length;
      }),
      { numRuns: 2000 },
    );
    t.pass();
  });
}
