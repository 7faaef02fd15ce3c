/** What store tests share: the drivers that this Node has, folders of their own, results as plain values. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import type { RunResult } from "../../src/report/result.ts";
import { chooseDriver } from "../../src/store/connect.ts";
import type { DriverName } from "../../src/store/driver.ts";
import { type OpenOptions, openStore } from "../../src/store/open.ts";
import type { Store } from "../../src/store/store.ts";

const ALL: readonly DriverName[] = ["node:sqlite", "sqlite3"];
const there = await Promise.all(
  ALL.map((name) =>
    chooseDriver(name).then(
      () => true,
      () => false,
    ),
  ),
);
/** Drivers that load here. */
export const DRIVERS: readonly DriverName[] = ALL.filter((_, index) => there[index]);

/** The same test for each driver; the one that this Node does not have is listed as skipped. */
export function testEach(title: string, body: (t: ExecutionContext, driver: DriverName) => Promise<void>): void {
  for (const driver of ALL) {
    const run = DRIVERS.includes(driver) ? test : test.skip;
    run(`${title} [${driver}]`, (t) => body(t, driver));
  }
}

/** A folder that goes when the test ends. */
export async function folder(t: ExecutionContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "wirepact-store-"));
  t.teardown(() => rm(path, { recursive: true, force: true }));
  return path;
}

export async function withStore<T>(path: string, options: OpenOptions, use: (store: Store) => Promise<T>): Promise<T> {
  const store = await openStore(path, options);
  try {
    return await use(store);
  } finally {
    await store.close();
  }
}

/** A result as one plain value, rest conversations whole, to compare. */
export function plain(result: RunResult): unknown {
  return {
    ...result,
    rest: { count: result.rest.count, rows: [...result.rest.rows()], chunks: [...result.rest.chunks()] },
  };
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
