import test from "ava";
import { makeProgress, progressLine } from "../../src/progress.ts";

const STATE = { packets: 6_200_000, bytesRead: 1_200_000_000, bytesTotal: 2_900_000_000, conversations: 812 };

function recorder(isTTY: boolean): { written: string[]; isTTY: boolean; columns: number; write(text: string): void } {
  const written: string[] = [];
  return { written, isTTY, columns: 120, write: (text) => written.push(text) };
}

test("nothing is drawn in the first second, then a few times a second, and it goes away", (t) => {
  let time = 0;
  const output = recorder(true);
  const progress = makeProgress(
    () => output,
    () => time,
  );
  for (time = 0; time < 1000; time += 10) progress.update(STATE);
  t.deepEqual(output.written, []);
  for (time = 1000; time < 2000; time += 10) progress.update(STATE);
  t.is(output.written.length, 4);
  progress.end();
  t.is(output.written.at(-1), "\r\x1b[K");
});

test("short work and pipes see nothing at all", (t) => {
  const quick = recorder(true);
  makeProgress(
    () => quick,
    () => 0,
  ).end();
  t.deepEqual(quick.written, []);
  let time = 0;
  const pipe = recorder(false);
  const progress = makeProgress(
    () => pipe,
    () => time,
  );
  for (time = 0; time < 9000; time += 100) progress.update(STATE);
  progress.end();
  t.deepEqual(pipe.written, []);
});

test("the line has percent, rate and time left, where they can be known", (t) => {
  t.is(
    progressLine(STATE, 2),
    "   41 %  1.2 GB of 2.9 GB, 6,200,000 packets, 3,100,000 a second, 812 conversations, 3 s left",
  );
  t.is(
    progressLine({ ...STATE, bytesTotal: null }, 2),
    "  1.2 GB read, 6,200,000 packets, 3,100,000 a second, 812 conversations",
  );
});

test("the line never grows beyond the terminal", (t) => {
  let time = 0;
  const output = { ...recorder(true), columns: 30 };
  const progress = makeProgress(
    () => output,
    () => time,
  );
  time = 1500;
  progress.update(STATE);
  t.true((output.written[0] ?? "").replace("\r", "").replace("\x1b[K", "").length < 30);
});
