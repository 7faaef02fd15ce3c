/** What NTP's exchanges say of two clocks, and what they leave open. */
import test from "ava";
import { type Exchange, provedOffset, provedWithin } from "../../src/conform/clocks.ts";

/** Three exchanges by which the client's clock is ahead by so many seconds, seen right beside it: a round trip of 20 ms. */
const ahead = (sec: number): Exchange[] =>
  [0, 1, 2].map(() => ({ least: -sec - 0.01 - 1, most: -sec + 0.01, frames: [] }));

test("an offset below the limit is within it, though the way that nobody sees might add to it", (t) => {
  t.true(provedWithin(ahead(2), 3));
  t.is(Math.abs(provedOffset(ahead(2))) > 3, false);
});

test("beyond the limit it is not within it, and for a while not surely beyond it either", (t) => {
  t.false(provedWithin(ahead(3.6), 3));
  t.false(provedWithin(ahead(20), 3));
  t.true(Math.abs(provedOffset(ahead(20))) > 3);
});

test("two exchanges show nothing", (t) => {
  t.false(provedWithin(ahead(0).slice(1), 3));
});
