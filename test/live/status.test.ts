/** What people see of a live run while it runs. */
import test from "ava";
import { LiveScreen, statusLine } from "../../src/live/status.ts";

const STATUS = {
  seconds: 3720,
  packets: 365_006_400,
  packetsPerSecond: 98_120,
  dropped: 7,
  droppedByInterface: 2,
  flows: 9,
};

test("the status line: rate, losses, conversations, findings", (t) => {
  t.is(
    statusLine(STATUS, 12_404, 3),
    "  1 h 2 min  98,120 packets/s (365,006,400)  9 lost  12,404 conversations  3 findings",
  );
  t.regex(statusLine({ ...STATUS, dropped: null }, 1, 1), / {2}losses unknown {2}1 conversation {2}1 finding$/);
});

test("it is as wide as the terminal, and as others where a terminal does not say how wide it is", (t) => {
  for (const [columns, wide] of [
    [40, 39],
    [0, 79],
    [undefined, 79],
  ] as const) {
    const written: string[] = [];
    const screen = new LiveScreen({
      ...{ isTTY: true, write: (text: string) => written.push(text) },
      ...(columns === undefined ? {} : { columns }),
    });
    screen.status("x".repeat(200));
    screen.line("found");
    t.deepEqual(written, [`\r${"x".repeat(wide)}\x1b[K`, "\r\x1b[K", "found\n"]);
  }
});

test("where there is no terminal, lines alone", (t) => {
  const written: string[] = [];
  const screen = new LiveScreen({ write: (text) => written.push(text) });
  screen.status("12 packets/s");
  screen.line("found");
  t.deepEqual(written, ["found\n"]);
});
