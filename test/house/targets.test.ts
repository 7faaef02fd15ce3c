import test from "ava";
import { reached } from "../../bench/targets.ts";

test("a figure is reached at its bound, and nothing is said of what was not measured", (t) => {
  const figure = { measure: "m", unit: "×" };
  t.true(reached({ ...figure, most: 2, found: 2 }));
  t.false(reached({ ...figure, most: 2, found: 2.01 }));
  t.true(reached({ ...figure, least: 3, found: 3 }));
  t.false(reached({ ...figure, least: 3, found: 2.99 }));
  t.is(reached({ ...figure, least: 3, found: null }), null);
  t.is(reached({ ...figure, least: 3, found: Number.NaN }), null);
});
