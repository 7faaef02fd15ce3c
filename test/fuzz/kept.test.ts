/** What fuzzing once found stays mended; and a number makes the same input again, whatever was made before it. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { KEPT, readInput, writeInput } from "./kept.ts";
import { minimise } from "./minimise.ts";
import { Random } from "./random.ts";
import type { Input } from "./target.ts";
import { targetNamed } from "./targets.ts";

for (const file of existsSync(KEPT) ? readdirSync(KEPT).filter((name) => name.endsWith(".json")) : []) {
  // By itself: what else runs in this process counts as its processor time.
  test.serial(`${file} stays mended`, async (t) => {
    const input = readInput(readFileSync(join(KEPT, file), "utf8"));
    const target = await targetNamed(input.target);
    await t.notThrowsAsync(async () => target.try(input));
  });
}

for (const name of ["program", "bulk", "container", "model", "site", "decoder/dns", "decoder/tls"]) {
  test(`${name}: a number makes one input`, async (t) => {
    const target = await targetNamed(name);
    const make = async (number: number): Promise<Input> => target.make(new Random(`${name}:${number}`));
    const print = ({ about, parts }: Input): string =>
      parts.reduce((hash, part) => hash.update(part), createHash("sha256").update(about)).digest("hex");
    const first = await make(7);
    await make(8);
    t.is(print(await make(7)), print(first));
    t.not(print(await make(8)), print(first));
    t.is(print(readInput(writeInput(first, `${name}:7`, ""))), print(first));
  });
}

test("a sweep tries what its numbers make", async (t) => {
  const target = await targetNamed("decoder/dns");
  const failed: number[] = [];
  t.is(
    target.sweep?.(1, 500, (number) => failed.push(number)),
    500,
  );
  t.deepEqual(failed, []);
});

test("an input is cut down to what fails", async (t) => {
  const parts = Array.from({ length: 40 }, (_, i) => new Uint8Array(100).fill(i));
  const input: Input = { target: "any", about: "", parts, own: true };
  const fails = async (one: Input): Promise<boolean> =>
    [17, 29].every((n) => one.parts.some((part) => part.includes(n)));
  const smallest = await minimise(input, fails, 2_000);
  t.deepEqual(smallest.parts, [Uint8Array.of(17), Uint8Array.of(29)]);
});
