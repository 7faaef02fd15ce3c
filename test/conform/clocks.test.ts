/** What NTP's exchanges say of two clocks, and what they leave open. */
import test from "ava";
import { provedApartInCapture, provedOffset, provedWithin } from "../../src/conform/clocks.ts";
import type { Exchange } from "../../src/observe/exchanges.ts";

/** Three exchanges by which the client's clock is ahead by so many seconds, seen right beside it: a round trip of 20 ms. */
const ahead = (sec: number): Exchange[] => asking(sec, [0, 60, 120]);

/** The same, asked at these times of the capture's clock. */
function asking(sec: number, times: readonly number[]): Exchange[] {
  return times.map((time) => ({
    least: -sec - 0.01 - 1,
    most: -sec + 0.01,
    frames: [],
    asked: { sec: time, ahead: -sec + 0.005, capture: 0 },
  }));
}

test("an offset below the limit is within it, though the way that nobody sees might add to it", (t) => {
  t.true(provedWithin(ahead(2), 3));
  t.is(Math.abs(provedOffset(ahead(2))) > 3, false);
});

test("beyond the limit it is not within it, and for a while not surely beyond it either", (t) => {
  t.false(provedWithin(ahead(3.6), 3));
  t.false(provedWithin(ahead(20), 3));
  t.true(Math.abs(provedOffset(ahead(20))) > 3);
});

test("of an answer that was long on its way the middle proves nothing", (t) => {
  const slow = ahead(2).map((one) => ({ ...one, least: one.least - 2, most: one.most + 2 }));
  t.false(provedWithin(slow, 3));
  t.true(provedWithin(slow, 4.1));
  t.is(provedOffset(slow), 0);
});

test("two exchanges show nothing", (t) => {
  t.false(provedWithin(ahead(0).slice(1), 3));
});

test("two clients without a common server are held against the clock of the capture that saw both", (t) => {
  const times = [0, 100, 200, 300];
  const right = asking(
    0,
    times.map((sec) => sec + 10),
  );
  t.is(
    Math.round(provedApartInCapture(asking(12, times), right, 5)),
    11,
    "a second less, for the way that nobody sees",
  );
  t.is(Math.round(provedApartInCapture(asking(-12, times), right, 5)), -11);
  t.is(provedApartInCapture(asking(5.5, times), right, 5), 0);
  t.is(provedApartInCapture(asking(12, times.slice(0, 2)), right.slice(0, 2), 5), 0, "fewer than three pairs");
});

test("a capture whose clock was set between the questions of one and those of the other proves nothing", (t) => {
  t.is(provedApartInCapture(asking(0, [0, 1, 2, 3]), asking(12, [100, 101, 102, 103]), 5), 0);
});

test("what several captures say is not mixed: each has a clock of its own", (t) => {
  const elsewhere = asking(0, [5, 105, 205]).map((one) => ({ ...one, asked: { ...one.asked, capture: 1 } }));
  t.is(provedApartInCapture(asking(12, [0, 100, 200]), elsewhere, 5), 0);
});
