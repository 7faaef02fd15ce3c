/**
 * A process that writes, for tests that end or watch one: `child.js DATABASE DRIVER WHAT`.
 * `whole` stores one result. `endless` goes on writing an observation, says `writing` once some of it is committed, and
 * ends only by being killed. `lock` holds the write lock, says `locked`, and ends with its standard input.
 */
import { writeSync } from "node:fs";
import type { DriverName } from "../../src/store/driver.ts";
import { openStore } from "../../src/store/open.ts";
import type { ObservationPart } from "../../src/store/store.ts";
import { SAMPLE, save } from "./samples.ts";

const [path = "", driver, what] = process.argv.slice(2);
const store = await openStore(path, { driver: driver as DriverName });

function* endless(): Iterable<ObservationPart> {
  const data = new Uint8Array(1 << 20);
  // 20 parts are more than two batches. Bounded, so that a test that fails to kill does not fill the disk.
  for (let seq = 0; seq < 500; seq++) {
    if (seq === 20) writeSync(1, "writing\n");
    data.fill(seq);
    yield { kind: "flows", seq, data: data.slice() };
  }
}

switch (what) {
  case "whole":
    await save(store, SAMPLE);
    await store.close();
    break;
  case "endless":
    await save(store, SAMPLE, endless());
    break;
  case "lock":
    await store.query("BEGIN IMMEDIATE");
    writeSync(1, "locked\n");
    process.stdin.resume().once("end", () => void store.close());
    break;
}
