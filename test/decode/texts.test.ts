import test from "ava";
import fc from "fast-check";
import { escapeBytes } from "../../src/decode/cursor.ts";
import { nameOf, sameText, textOf } from "../../src/decode/texts.ts";

/** Names, and anything. */
const bytes = fc.oneof(
  fc.domain().map((name) => Buffer.from(name)),
  fc.string({ maxLength: 200 }).map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 200 }),
);

test("texts are those of escapeBytes, wherever they stand and however often they come", (t) => {
  const property = fc.property(fc.array(bytes, { maxLength: 8 }), fc.nat(3), (all, before) => {
    for (const one of [...all, ...all]) {
      const buf = Buffer.concat([Buffer.alloc(before, 0x61), one]);
      const expected = escapeBytes(one, 0, one.length);
      t.is(textOf(buf, before, buf.length), expected);
      t.is(nameOf(buf, before, buf.length), expected.toLowerCase());
    }
  });
  fc.assert(property);
});

test("of texts that share a slot each is its own", (t) => {
  const names = Array.from({ length: 100_000 }, (_, i) => Buffer.from(`host-${i}.example.com`));
  t.true(names.every((name) => sameText(name, 0, name.length) === name.toString()));
  t.true(names.every((name) => sameText(name, 0, name.length) === name.toString()));
});
