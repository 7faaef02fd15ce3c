import test from "ava";
import fc from "fast-check";
import { Holes } from "../../src/flow/holes.ts";
import { CapCounter } from "../../src/limits.ts";

const at = (n: number): number => n | 0;

test("a hole that nothing fills is left", (t) => {
  const holes = new Holes(new CapCounter());
  holes.open(1, 100, 200);
  holes.late(1, 300, 400);
  holes.late(2, 100, 200);
  t.is(holes.left, 1, "neither what stands elsewhere nor another stream fills it");
});

test("in whatever pieces they come, segments that cover a hole from its ends fill it, over the wrap too", (t) => {
  const cuts = fc.uniqueArray(fc.integer({ min: 1, max: 999 }), { maxLength: 8 });
  fc.assert(
    fc.property(fc.constantFrom(0, 0x7fff_ff00, -500), cuts, fc.boolean(), (start, inner, backwards) => {
      const holes = new Holes(new CapCounter());
      holes.open(7, at(start), at(start + 1_000));
      const edges = [0, ...inner.sort((a, b) => a - b), 1_000];
      const pieces = edges.slice(1).map((end, i): [number, number] => [edges[i]!, end]);
      if (backwards) pieces.reverse();
      for (const [i, [from, to]] of pieces.entries()) {
        if (holes.left !== 1) throw new Error(`filled before piece ${i}`);
        holes.late(7, at(start + from), at(start + to));
      }
      return holes.left === 0;
    }),
  );
  t.pass();
});
