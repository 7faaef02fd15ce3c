import test from "ava";
import fc from "fast-check";
import { RowText } from "../src/row-text.ts";

test("numbers and words come out as JSON has them, however many", (t) => {
  const part = fc.oneof(
    fc.integer({ min: 0, max: 0xffffffff }),
    fc.constantFrom(0, 9, 10, 99_999, 100_000, 999_999_999, 0xffffffff),
    fc.string({ unit: fc.constantFrom("a", "[", '"', "~", " "), maxLength: 20 }),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 400 }), fc.integer({ min: 1, max: 80 }), (parts, times) => {
      const text = new RowText();
      for (let i = 0; i < times; i++)
        for (const one of parts)
          if (typeof one === "number") text.number(one);
          else text.ascii(one);
      const expected = parts.map((one) => (typeof one === "number" ? `${one},` : one)).join("");
      t.true(text.take() === expected.repeat(times));
      t.is(text.take(), "");
    }),
    { numRuns: 50 },
  );
});

test("its memory grows with what it is given", (t) => {
  const text = new RowText();
  for (let i = 0; i < 100_000; i++) text.number(4_000_000_000 + i);
  const parts = text.take().split(",");
  t.is(parts.length, 100_001);
  t.is(parts[99_999], "4000099999");
});
