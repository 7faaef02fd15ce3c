/**
 * A process that fuzzes one target: `child.js TARGET FROM COUNT CAREFUL`. What it says goes line by line to standard output
 * before it is done, so that whoever started it knows where it died: `at N FRAMES` (those done), `ok FRAMES`, `failed N WHY`.
 * `child.js --try FILE` tries one kept input: exit code 0, or 1 and why.
 */
import { readFileSync, writeSync } from "node:fs";
import { readInput } from "./kept.ts";
import { Random } from "./random.ts";
import { MEMORY_ALLOWED, type Target } from "./target.ts";
import { targetNamed } from "./targets.ts";

type Failed = (number: number, error: unknown) => void;

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
  const end = Number(from) + Number(count);
  const failed = (number: number, error: unknown): void => say(`failed ${number} ${JSON.stringify(why(error))}`);
  let frames = 0;
  say(`at ${from} 0`);
  for (let number = Number(from); number < end; ) {
    if (careful !== "") say(`at ${number} ${frames}`);
    const batch = careful === "" ? Math.min(end - number, target.batch) : 1;
    if (target.sweep !== undefined) frames += target.sweep(number, batch, failed);
    else frames += await each(target, number, batch, failed);
    number += batch;
    if (careful === "" || number % target.batch === 0) say(`at ${number} ${frames}`);
    const held = process.memoryUsage.rss();
    if (held > MEMORY_ALLOWED) {
      failed(number - 1, new Error(`${held} bytes held, at most ${MEMORY_ALLOWED} are allowed`));
      break;
    }
  }
  say(`ok ${frames}`);
}

async function each(target: Target, from: number, count: number, failed: Failed): Promise<number> {
  let frames = 0;
  for (let number = from; number < from + count; number++) {
    try {
      frames += await target.try(await target.make(new Random(`${target.name}:${number}`)));
    } catch (error) {
      failed(number, error);
    }
  }
  return frames;
}
