/**
 * A process that fuzzes one target: `child.js TARGET FROM COUNT CAREFUL`. What it says goes line by line to standard output
 * before it is done, so that whoever started it knows where it died: `at N FRAMES` (those done), `ok FRAMES`, `failed N WHY`.
 * `child.js --try FILE` tries one kept input: exit code 0, or 1 and why.
 */
import { readFileSync, writeSync } from "node:fs";
import { readInput } from "./kept.ts";
import { Random } from "./random.ts";
import { MEMORY_ALLOWED } from "./target.ts";
import { targetNamed } from "./targets.ts";

const [name = "", from = "0", count = "1", careful = ""] = process.argv.slice(2);
const say = (line: string): void => void writeSync(1, `${line}\n`);
const why = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : `thrown: ${String(error)}`;

if (name === "--try") {
  const input = readInput(readFileSync(from, "utf8"));
  const target = await targetNamed(input.target);
  try {
    await target.try(input);
  } catch (error) {
    say(why(error));
    process.exit(1);
  }
} else {
  const target = await targetNamed(name);
  let frames = 0;
  say(`at ${from} 0`);
  for (let number = Number(from); number < Number(from) + Number(count); number++) {
    if (careful !== "") say(`at ${number} ${frames}`);
    try {
      frames += await target.try(await target.make(new Random(`${name}:${number}`)));
    } catch (error) {
      say(`failed ${number} ${JSON.stringify(why(error))}`);
    }
    if (number % target.batch === 0) {
      say(`at ${number + 1} ${frames}`);
      const held = process.memoryUsage().rss;
      if (held > MEMORY_ALLOWED) {
        say(`failed ${number} ${JSON.stringify(`${held} bytes held, at most ${MEMORY_ALLOWED} are allowed`)}`);
        break;
      }
    }
  }
  say(`ok ${frames}`);
}
