import test from "ava";
import fc from "fast-check";
import { DECODERS } from "../../decoders/index.ts";
import { holds } from "../../src/decode/forms.ts";
import { fixturesOf } from "../support/decoder-fixtures.ts";

for (const decoder of DECODERS) {
  const { opens, looksDatagram, looksStream } = decoder;
  const looks = [
    ["datagram", looksDatagram?.bind(decoder)],
    ["stream", looksStream?.bind(decoder)],
  ] as const;
  for (const [kind, look] of looks) {
    const set = opens?.[kind];
    if (set === undefined) continue;

    test(`${decoder.id}: no ${kind} is looked at and begins with a byte that is not among those it opens with`, (t) => {
      const messages = fixturesOf(decoder.id).map((fixture) => fixture.bytes);
      const real = messages.length === 0 ? fc.constant(new Uint8Array(1)) : fc.constantFrom(...messages);
      const anything = fc.oneof(fc.uint8Array({ minLength: 1, maxLength: 64 }), real);
      t.notThrows(() =>
        fc.assert(
          fc.property(anything, fc.nat(255), fc.integer({ min: 1, max: 64 }), (message, first, length) => {
            const bytes = message.slice(0, Math.max(1, length));
            bytes[0] = first;
            return look?.(bytes, 0, bytes.length) !== true || holds(set, first);
          }),
          { numRuns: 2_000 },
        ),
      );
    });
  }
}
