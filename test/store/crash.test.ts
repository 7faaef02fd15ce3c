/** A database is whole after any exit, and others read it while it is written. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import test, { type ExecutionContext } from "ava";
import type { DriverName } from "../../src/store/driver.ts";
import { openStore } from "../../src/store/open.ts";
import { RUN_INFO, SAMPLE, save } from "./samples.ts";
import { collect, DRIVERS, folder, plain, testEach, withStore } from "./support.ts";

const CHILD = fileURLToPath(new URL("child.js", import.meta.url));

function start(t: ExecutionContext, path: string, driver: DriverName, what: string): ChildProcess {
  const child = spawn(process.execPath, [CHILD, path, driver, what], { stdio: ["pipe", "pipe", "pipe"] });
  t.teardown(() => child.kill("SIGKILL"));
  return child;
}

/** The child's first words; fails with its stderr where it ends without any. */
async function firstWords(child: ChildProcess): Promise<string> {
  const errors = text(child.stderr!);
  const said = await Promise.race([once(child.stdout!, "data"), once(child, "close").then(() => null)]);
  if (said === null) throw new Error(`the child ended early: ${await errors}`);
  return String(said[0]).trim();
}

testEach("a killed run leaves a whole database in which it is still running", async (t, driver) => {
  const path = join(await folder(t), "r.sqlite");
  await withStore(path, { driver }, (store) => save(store, SAMPLE));
  const child = start(t, path, driver, "endless");
  t.is(await firstWords(child), "writing");

  const reader = await openStore(path, { driver, readOnly: true });
  t.is((await reader.runs())[1]?.status, "running", "seen by others from its start");
  t.is((await reader.query("SELECT status FROM runs WHERE run_id = 2"))[0]?.status, "running");
  t.is((await reader.read()).run.run_id, 1, "the newest finished run is the one before");
  await reader.close();

  child.kill("SIGKILL");
  const [, signal] = await once(child, "close");
  t.is(signal, "SIGKILL", "it was still writing");
  for (const other of DRIVERS) {
    await withStore(path, { driver: other }, async (store) => {
      t.deepEqual(await store.query("PRAGMA integrity_check"), [{ integrity_check: "ok" }]);
      t.is((await store.runs())[1]?.status, "running");
      const broken = await store.read(2);
      t.deepEqual(broken.judged, SAMPLE.judged);
      t.is(broken.rest.count, SAMPLE.rest.count);
      const parts = await collect(store.readObservation(2));
      t.true(parts.length >= 8, `${parts.length} parts`);
      t.true(
        parts.every(({ seq, data }, index) => seq === index && data[0] === index % 256 && data.length === 1 << 20),
      );
      t.deepEqual(plain(await store.read(1)), plain({ ...SAMPLE, run: { ...SAMPLE.run, run_id: 1 } }));
      t.true((await save(store, SAMPLE)) >= 3, "and it can be written again");
    });
  }
  t.deepEqual(await readdir(join(path, "..")), ["r.sqlite"], "a single file remains");
});

testEach("others read while a transaction is open, and see what was committed", async (t, driver) => {
  const path = join(await folder(t), "r.sqlite");
  const writer = await openStore(path, { driver });
  await save(writer, SAMPLE);
  await writer.query("BEGIN IMMEDIATE");
  await writer.query("DELETE FROM conversation");
  const reader = await openStore(path, { driver, readOnly: true });
  t.is((await reader.read(1)).judged.length, SAMPLE.judged.length);
  await writer.query("COMMIT");
  t.is((await reader.read(1)).judged.length, 0);
  await writer.close();
  t.is((await reader.read(1)).judged.length, 0, "the reader outlives the writer");
  await reader.close();
});

testEach("a locked database is said to be locked", async (t, driver) => {
  const path = join(await folder(t), "r.sqlite");
  await withStore(path, { driver }, (store) => save(store, SAMPLE));
  const child = start(t, path, driver, "lock");
  t.is(await firstWords(child), "locked");
  const store = await openStore(path, { driver, busyTimeoutMs: 20 });
  const locked = { name: "StoreError", message: /r\.sqlite is locked by another program: wait .* --db FILE/ };
  await t.throwsAsync(store.startRun(RUN_INFO), locked);
  child.stdin!.end();
  await once(child, "close");
  t.is(await save(store, SAMPLE), 2, "and after that it can be written");
  await store.close();
});

testEach("two runs of one store written at once do not mix", async (t, driver) => {
  await withStore(join(await folder(t), "r.sqlite"), { driver }, async (store) => {
    const runs = await Promise.all([save(store, SAMPLE), save(store, SAMPLE), save(store, SAMPLE)]);
    t.deepEqual(runs, [1, 2, 3]);
    for (const run of runs) {
      t.deepEqual(plain(await store.read(run)), plain({ ...SAMPLE, run: { ...SAMPLE.run, run_id: run } }));
    }
  });
});

testEach("a full disk is said to be full, and what was there stays", async (t, driver) => {
  await withStore(join(await folder(t), "r.sqlite"), { driver }, async (store) => {
    await save(store, SAMPLE);
    const [pages] = await store.query("PRAGMA page_count");
    await store.query(`PRAGMA max_page_count = ${Number(pages?.page_count) + 4}`);
    const writer = await store.startRun(RUN_INFO);
    const part = { kind: "flows", seq: 0, data: new Uint8Array(1 << 20) };
    await t.throwsAsync(writer.write(SAMPLE, [part]), {
      name: "StoreError",
      message: /the disk is full: free some space/,
    });
    await writer.fail("failed");
    t.deepEqual(
      (await store.runs()).map(({ status }) => status),
      ["finished", "failed"],
    );
    t.deepEqual(await store.query("PRAGMA integrity_check"), [{ integrity_check: "ok" }]);
  });
});

testEach("storing prints nothing", async (t, driver) => {
  const child = start(t, join(await folder(t), "r.sqlite"), driver, "whole");
  const [output, errors, [code]] = await Promise.all([text(child.stdout!), text(child.stderr!), once(child, "close")]);
  t.deepEqual([output, errors, code], ["", "", 0]);
});

test("loading Node's SQLite leaves process.emitWarning as it was", async (t) => {
  const before = process.emitWarning;
  const { loadNodeSqlite } = await import("../../src/store/node-sqlite.ts");
  loadNodeSqlite();
  t.is(process.emitWarning, before);
});
