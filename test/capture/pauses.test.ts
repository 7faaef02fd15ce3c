import test from "ava";
import { commonPauses, PAUSE_SEC, pausedWithin } from "../../src/capture/pauses.ts";
import { Tally } from "../../src/capture/tally.ts";

function tally(...seconds: number[]): Tally {
  const capture = new Tally("test.pcap", "default");
  for (const sec of seconds) capture.count(sec, 0, 60, 60);
  return capture;
}

test("more than twenty minutes without a packet are a pause, whatever the order of the frames around it", (t) => {
  t.deepEqual(tally(0, PAUSE_SEC).pauses, []);
  t.deepEqual(tally(0, 5, PAUSE_SEC + 6).pauses, [{ fromSec: 5, toSec: PAUSE_SEC + 6 }]);
  t.deepEqual(tally(5, 0, PAUSE_SEC + 6, 3).pauses, [{ fromSec: 5, toSec: PAUSE_SEC + 6 }]);
});

test("where another capture saw something, there was no pause", (t) => {
  const holed = tally(0, 3 * PAUSE_SEC);
  t.deepEqual(commonPauses([holed]), [{ fromSec: 0, toSec: 3 * PAUSE_SEC }]);
  t.deepEqual(commonPauses([holed, tally(PAUSE_SEC, 2 * PAUSE_SEC)]), []);
  t.deepEqual(commonPauses([holed, tally(PAUSE_SEC, PAUSE_SEC + 1)]), [
    { fromSec: PAUSE_SEC + 1, toSec: 3 * PAUSE_SEC },
  ]);
  t.deepEqual(commonPauses([tally(0, 1), tally(2 * PAUSE_SEC, 2 * PAUSE_SEC + 1)]), [
    { fromSec: 1, toSec: 2 * PAUSE_SEC },
  ]);
  t.deepEqual(commonPauses([tally()]), []);
});

test("only what lies in a time is taken off it", (t) => {
  const pauses = [{ fromSec: 100, toSec: 200 }];
  t.is(pausedWithin(pauses, 0, 300), 100);
  t.is(pausedWithin(pauses, 150, 300), 50);
  t.is(pausedWithin(pauses, 200, 300), 0);
});
