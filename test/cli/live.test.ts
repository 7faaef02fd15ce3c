/** What `wirepact live` refuses before it opens anything. What it does once it reads is in `test/live/`. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { scratch, wirepact } from "./command.ts";

for (const [words, says] of [
  [[], /no interface given; name one with -i/],
  [["-i", "lo", "--for", "soon"], /--for soon: expected a duration/],
  [["-i", "lo", "--count", "0"], /--count 0: expected a whole number above zero/],
  [["-i", "lo", "--snap-length", "20"], /--snap-length 20: expected 64 to 262144/],
  [["-i", "lo", "--buffer-size", "3G"], /--buffer-size 3G: libpcap takes less than 2G/],
  [["-i", "lo", "--buffer-size", "much"], /--buffer-size much: expected a size such as 64M/],
  [["-i", "lo", "--checkpoint", "0s"], /--checkpoint 0s: expected a duration/],
  [["-i", "lo", "--engine", "magic"], /libpcap, child, cap/],
  [["-i", ""], /no interface given; name one with -i/],
  [["-i", "lo", "--realm", "a", "--realm", "b"], /--realm a b: a live run is in one realm/],
  [["-i", "lo", "--realm", "a b"], /--realm a b: a live run is in one realm/],
  [["-i", "lo", "--model", "nothing"], /unknown model "nothing"/],
] as const) {
  test(`refused: live ${words.join(" ")}`, async (t) => {
    const cwd = scratch(t);
    const ran = await wirepact(["live", ...words], { cwd });
    t.is(ran.code, 2, ran.stderr);
    t.regex(ran.stderr, says);
    t.false(existsSync(join(cwd, "wirepact.sqlite")));
  });
}
