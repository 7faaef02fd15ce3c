/** What is written is what is read, whatever the text, whichever the driver. */
import assert from "node:assert/strict";
import { join } from "node:path";
import test from "ava";
import fc from "fast-check";
import type { SqlRow } from "../../src/store/driver.ts";
import { openStore } from "../../src/store/open.ts";
import { anyResult } from "./arbitrary.ts";
import { RUN_INFO, restOf, SAMPLE, save } from "./samples.ts";
import { collect, DRIVERS, folder, plain, testEach, withStore } from "./support.ts";
import { CONTRACT } from "./views.ts";

test("this Node has a driver", (t) => {
  t.true(DRIVERS.length > 0, "neither node:sqlite nor the sqlite3 package loads");
});

testEach("a result is read as it was written", async (t, driver) => {
  await withStore(join(await folder(t), "r.sqlite"), { driver }, async (store) => {
    const run = await save(store, SAMPLE);
    const expected = plain({ ...SAMPLE, run: { ...SAMPLE.run, run_id: run } });
    t.deepEqual(plain(await store.read(run)), expected);
    t.deepEqual(plain(await store.read()), expected, "the newest finished run");
  });
});

testEach("any result survives, and no view shows an empty text or a NUL", async (t, driver) => {
  await withStore(join(await folder(t), "r.sqlite"), { driver }, async (store) => {
    await fc.assert(
      fc.asyncProperty(anyResult, async (result) => {
        const run = await save(store, result);
        const read = await store.read(run);
        assert.deepStrictEqual(plain(read), plain({ ...result, run: { ...result.run, run_id: run } }));
      }),
      { numRuns: 60 },
    );
    for (const view of Object.keys(CONTRACT)) {
      const columns = (await store.query(`PRAGMA table_info(${view})`)).map(({ name }) => String(name));
      const bad = columns
        .map((column) => `"${column}" = '' OR instr(CAST("${column}" AS BLOB), x'00') > 0`)
        .join(" OR ");
      t.deepEqual(await store.query(`SELECT * FROM ${view} WHERE ${bad}`), [], view);
    }
    t.deepEqual(await store.query("PRAGMA integrity_check"), [{ integrity_check: "ok" }]);
  });
});

testEach("runs stand side by side", async (t, driver) => {
  const path = join(await folder(t), "r.sqlite");
  await withStore(path, { driver }, async (store) => {
    const first = await save(store, SAMPLE);
    const second = await save(store, { ...SAMPLE, judged: [], rest: restOf([]) });
    const stopped = await store.startRun(RUN_INFO);
    await stopped.fail("interrupted");
    t.deepEqual([first, second, stopped.runId], [1, 2, 3]);
    t.deepEqual(
      (await store.runs()).map(({ run_id, status }) => [run_id, status]),
      [
        [1, "finished"],
        [2, "finished"],
        [3, "interrupted"],
      ],
    );
    t.is((await store.read(first)).judged.length, SAMPLE.judged.length);
    t.is((await store.read()).run.run_id, second, "an interrupted run is not the newest finished one");
    t.is((await store.read(3)).run.status, "interrupted", "but it can be named");
    await t.throwsAsync(store.read(9), { name: "StoreError", message: /has no run 9: the newest are 1 \(finished\)/ });
  });
  await withStore(path, { driver }, async (store) => t.is(await save(store, SAMPLE), 4, "ids go on after reopening"));
});

testEach("a finished run stays finished", async (t, driver) => {
  await withStore(join(await folder(t), "r.sqlite"), { driver }, async (store) => {
    const writer = await store.startRun(RUN_INFO);
    await writer.write({ ...SAMPLE, run: RUN_INFO }, []);
    await writer.fail("failed");
    t.is((await store.runs())[0]?.status, "finished");
    await t.throwsAsync(writer.write(SAMPLE, []), { message: /written already/ });
  });
});

testEach("a run that broke off shows what it had", async (t, driver) => {
  await withStore(join(await folder(t), "r.sqlite"), { driver }, async (store) => {
    const writer = await store.startRun(RUN_INFO);
    // biome-ignore lint/correctness/useYield: it breaks before its first part
    const broken = function* (): Iterable<never> {
      throw new Error("the observation broke");
    };
    await t.throwsAsync(writer.write(SAMPLE, broken()), { message: "the observation broke" });
    await writer.fail("failed");
    const read = await store.read(writer.runId);
    t.is(read.run.status, "failed");
    t.deepEqual(read.judged, SAMPLE.judged);
    t.is(read.rest.count, SAMPLE.rest.count);
  });
});

testEach("an observation's parts come back in their order", async (t, driver) => {
  await withStore(join(await folder(t), "r.sqlite"), { driver }, async (store) => {
    const outer = Uint8Array.from({ length: 3 << 20 }, (_, index) => index % 251);
    const parts = [
      { kind: "flows", seq: 1, data: outer.subarray(5, 2 << 20) },
      { kind: "flows", seq: 0, data: new Uint8Array(0) },
      { kind: "facts", seq: 0, data: new Uint8Array([0, 255, 0]) },
      ...Array.from({ length: 5 }, (_, seq) => ({ kind: "names", seq, data: outer })),
    ];
    const run = await save(store, SAMPLE, parts);
    const other = await save(store, SAMPLE, [{ kind: "flows", seq: 0, data: new Uint8Array([7]) }]);
    // Node's own comparison, because ava's takes seconds over megabytes.
    assert.deepStrictEqual(await collect(store.readObservation(run)), parts);
    t.is((await collect(store.readObservation(other))).length, 1);
    await t.throwsAsync(collect(store.readObservation(99)), { name: "StoreError", message: /no run 99/ });
  });
});

testEach("rest conversations can be walked twice, and stopped early", async (t, driver) => {
  await withStore(join(await folder(t), "r.sqlite"), { driver }, async (store) => {
    await save(store, SAMPLE);
    const { rest } = await store.read();
    for (const row of rest.rows()) {
      t.is(row.conversation_id, "deadbeef00000007");
      break;
    }
    t.is([...rest.rows()].length, 3);
    t.deepEqual([...rest.chunks()], [...SAMPLE.rest.chunks()]);
  });
});

const both = DRIVERS.length === 2 ? test : test.skip;
both("both drivers write the same file and read each other's", async (t) => {
  const dir = await folder(t);
  const dumps: Record<string, SqlRow[]>[] = [];
  for (const driver of DRIVERS) {
    const path = join(dir, `${dumps.length}.sqlite`);
    await withStore(path, { driver }, async (store) => {
      await save(store, SAMPLE, [{ kind: "flows", seq: 0, data: new Uint8Array([1, 2]) }]);
      await fc.assert(
        fc.asyncProperty(anyResult, async (result) => void (await save(store, result))),
        { numRuns: 20, seed: 7 },
      );
    });
    const dump: Record<string, SqlRow[]> = {};
    const reader = await openStore(path, { driver: DRIVERS[0]!, readOnly: true });
    for (const pragma of ["page_size", "journal_mode", "user_version", "application_id", "encoding"]) {
      dump[pragma] = (await reader.query(`PRAGMA ${pragma}`)) as SqlRow[];
    }
    dump.schema = (await reader.query("SELECT type, name, tbl_name, sql FROM sqlite_master")) as SqlRow[];
    for (const { name } of await reader.query("SELECT name FROM sqlite_master WHERE type = 'table'")) {
      // quote() tells an integer from a real and shows bytes.
      const columns = (await reader.query(`PRAGMA table_info(${name})`)).map((column) => `quote(${column.name})`);
      const rows = `SELECT ${columns.join(", ")} FROM ${name} ORDER BY ${columns.join(", ")}`; // not each has a rowid
      dump[String(name)] = (await reader.query(rows)) as SqlRow[];
    }
    await reader.close();
    dumps.push(dump);
  }
  t.deepEqual(dumps[0], dumps[1]);

  for (const [index, driver] of [...DRIVERS].reverse().entries()) {
    await withStore(join(dir, `${index}.sqlite`), { driver }, async (store) => {
      t.deepEqual(plain(await store.read(1)), plain({ ...SAMPLE, run: { ...SAMPLE.run, run_id: 1 } }));
      t.deepEqual(await collect(store.readObservation(1)), [{ kind: "flows", seq: 0, data: new Uint8Array([1, 2]) }]);
      t.is(await save(store, SAMPLE), 22, "and goes on writing it");
    });
  }
});
