import test from "ava";
import { atOnce, inTurns, type Steps } from "../src/steps.ts";

function* counting(to: number): Steps<number> {
  let count = 0;
  for (; count < to; count++) yield;
  return count;
}

test("the same result at once and in turns; what nobody wants any more is given up", async (t) => {
  t.is(atOnce(counting(1000)), 1000);
  t.is(await inTurns(counting(1000), 0, () => false), 1000);
  let asked = 0;
  t.is(await inTurns(counting(1000), 0, () => ++asked === 10), null);
  t.is(asked, 10);
});
