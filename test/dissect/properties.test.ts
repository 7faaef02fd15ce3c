/** What holds for any bytes: no exception, nothing outside of the frame, nothing left over, bounded depth. */

import test from "ava";
import fc from "fast-check";
import { LINK_TYPES } from "../../src/dissect/dissect.ts";
import { LIMITS } from "../../src/limits.ts";
import { Bench, dissected } from "../support/dissect.ts";
import { SAMPLES } from "./samples.ts";

const linkTypes = Object.entries(LINK_TYPES)
  .filter(([, { read }]) => read)
  .map(([number]) => Number(number));

test("random bytes under every link type", (t) => {
  const bench = new Bench();
  const frames = fc.tuple(fc.constantFrom(...linkTypes), fc.uint8Array({ maxLength: 160 }), fc.nat(2000));
  fc.assert(
    fc.property(frames, ([linkType, data, more]) => {
      bench.line(data, { linkType, wireLen: data.length + more });
      t.true(bench.packet.depth <= LIMITS.layers);
    }),
    { numRuns: 3000 },
  );
});

test("frames with some of their bytes changed, and cut", (t) => {
  const bench = new Bench();
  const change = fc.tuple(fc.nat(200), fc.integer({ min: 0, max: 255 }));
  fc.assert(
    fc.property(
      fc.constantFrom(...SAMPLES),
      fc.array(change, { maxLength: 6 }),
      fc.nat(200),
      ({ frame, linkType }, changes, cut) => {
        const data = frame.slice();
        for (const [at, value] of changes) data[at % data.length] = value;
        const options = { linkType, wireLen: data.length };
        const part = data.subarray(0, Math.max(0, data.length - cut));
        const fresh = dissected(part, options);
        t.is(dissected(part, { ...options, around: 0xff }), fresh);
        if (!/fragment/.test(fresh)) t.is(bench.line(part, options), fresh);
      },
    ),
    { numRuns: 3000 },
  );
});

test("a link type's name is there for each that is read, and read for no other", (t) => {
  for (const [number, { name, read }] of Object.entries(LINK_TYPES)) {
    t.true(name.length > 2);
    const line = dissected(new Uint8Array(64), { linkType: Number(number) });
    t.is(line === "link-unsupported", !read, name);
  }
  for (const { linkType } of SAMPLES) t.true(LINK_TYPES[linkType]?.read);
});
