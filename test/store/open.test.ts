/** What is no database of ours is refused, and the message says what to do. */

import { existsSync } from "node:fs";
import { chmod, copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { chooseDriver } from "../../src/store/connect.ts";
import { openStore } from "../../src/store/open.ts";
import { SCHEMA_VERSION } from "../../src/store/schema.ts";
import { StoreError } from "../../src/store/store.ts";
import { RUN_INFO, SAMPLE, save } from "./samples.ts";
import { DRIVERS, folder, testEach, withStore } from "./support.ts";

const refused = (message: RegExp) => ({ instanceOf: StoreError, message });

testEach("a new database carries our mark, and its version", async (t, driver) => {
  const path = join(await folder(t), "r.sqlite");
  await withStore(path, { driver }, async (store) => {
    t.is(store.driver, driver);
    t.is(store.path, path);
    t.deepEqual(await store.runs(), []);
    await t.throwsAsync(store.read(), refused(/no finished run: it holds none yet/));
  });
  const bytes = await readFile(path);
  t.is(bytes.toString("latin1", 0, 16), "SQLite format 3\0");
  t.is(bytes.toString("latin1", 68, 72), "WIRE");
  t.is(bytes.readUInt32BE(60), SCHEMA_VERSION);
});

testEach("an empty file becomes a database", async (t, driver) => {
  const path = join(await folder(t), "r.sqlite");
  await writeFile(path, "");
  await t.throwsAsync(openStore(path, { driver, readOnly: true }), refused(/is empty: name a database/));
  await withStore(path, { driver }, async (store) => t.is(await save(store, SAMPLE), 1));
});

testEach("of those who make a database at once each has it", async (t, driver) => {
  const path = join(await folder(t), "r.sqlite");
  const stores = await Promise.all([1, 2, 3].map(() => openStore(path, { driver })));
  for (const [index, store] of stores.entries()) t.is(await save(store, SAMPLE), index + 1);
  for (const store of stores) await store.close();
});

testEach("what is no database is named as such, and left alone", async (t, driver) => {
  const path = join(await folder(t), "notes.txt");
  const notes = "Not a database, but long enough to have a header.\n".repeat(50);
  await writeFile(path, notes);
  await t.throwsAsync(openStore(path, { driver }), refused(/notes\.txt is not a database: .* --db FILE/));
  t.is(await readFile(path, "utf8"), notes);
});

testEach("another program's database is left alone", async (t, driver) => {
  const path = join(await folder(t), "r.sqlite");
  await withStore(path, { driver }, async (store) => {
    await store.query("PRAGMA application_id = 1");
  });
  await t.throwsAsync(openStore(path, { driver }), refused(/database of another program: name another file/));
});

testEach("a newer schema asks for an upgrade, an older one for its own version", async (t, driver) => {
  const path = join(await folder(t), "r.sqlite");
  await withStore(path, { driver }, async (store) => {
    await store.query(`PRAGMA user_version = ${SCHEMA_VERSION + 1}`);
  });
  for (const readOnly of [true, false]) {
    await t.throwsAsync(
      openStore(path, { driver, readOnly }),
      refused(
        new RegExp(`newer Wirepact \\(schema ${SCHEMA_VERSION + 1}; this one reads ${SCHEMA_VERSION}\\): upgrade`),
      ),
    );
  }
  const bytes = await readFile(path);
  bytes.writeUInt32BE(SCHEMA_VERSION - 1, 60);
  await writeFile(path, bytes);
  await t.throwsAsync(
    openStore(path, { driver }),
    refused(new RegExp(`older Wirepact \\(schema ${SCHEMA_VERSION - 1}; .* make it anew`)),
  );
});

testEach("a damaged database is said to be damaged", async (t, driver) => {
  const path = join(await folder(t), "r.sqlite");
  await withStore(path, { driver }, (store) => save(store, SAMPLE));
  const bytes = await readFile(path);
  bytes.fill(0xff, 8192);
  await writeFile(path, bytes);
  const work = openStore(path, { driver }).then((store) => store.read().finally(() => store.close()));
  await t.throwsAsync(work, refused(/is damaged: keep it/));
});

testEach("places where no database can be", async (t, driver) => {
  const dir = await folder(t);
  await t.throwsAsync(openStore(dir, { driver }), refused(/is a folder: name a file/));
  await t.throwsAsync(
    openStore(join(dir, "a/b.sqlite"), { driver }),
    refused(/its folder .*a does not exist; make it/),
  );
  await t.throwsAsync(openStore(join(dir, "b.sqlite"), { driver, readOnly: true }), refused(/does not exist/));
  t.false(existsSync(join(dir, "b.sqlite")), "looking for it must not make it");
  if (existsSync("/dev/null")) await t.throwsAsync(openStore("/dev/null", { driver }), refused(/is not a file/));
  // Of /proc even root cannot make a file, and no permission bit says so: SQLite's own refusal is translated.
  if (existsSync("/proc/self")) {
    await t.throwsAsync(openStore("/proc/r.sqlite", { driver }), refused(/cannot be (opened|written): .*--db FILE/));
  }
});

const unprivileged = process.getuid?.() !== 0 && process.platform !== "win32";
(unprivileged
  ? testEach
  : (title: string, _body: unknown) => test.skip(`${title} [root may write everywhere]`, () => {}))(
  "a folder that cannot be written: reading works, writing says so",
  async (t, driver) => {
    const dir = join(await folder(t), "media");
    const path = join(dir, "r.sqlite");
    await mkdir(dir);
    await withStore(path, { driver }, (store) => save(store, SAMPLE));
    await chmod(dir, 0o555);
    t.teardown(() => chmod(dir, 0o755));
    await withStore(path, { driver, readOnly: true }, async (store) => t.is((await store.read()).run.run_id, 1));
    await t.throwsAsync(openStore(path, { driver }), refused(/cannot be written: .*media is read-only/));
    await t.throwsAsync(openStore(join(dir, "new.sqlite"), { driver }), refused(/cannot be written/));
    await chmod(dir, 0o755);
    await chmod(path, 0o444);
    await t.throwsAsync(openStore(path, { driver }), refused(/r\.sqlite is read-only for this user/));
  },
);

testEach("a store opened for reading writes nothing", async (t, driver) => {
  const path = join(await folder(t), "r.sqlite");
  await withStore(path, { driver }, (store) => save(store, SAMPLE));
  const before = await readFile(path);
  await withStore(path, { driver, readOnly: true }, async (store) => {
    await t.throwsAsync(store.startRun(RUN_INFO), refused(/opened for reading only/));
    await t.throwsAsync(store.query("DELETE FROM run"), refused(/cannot be written: give write permission/));
    t.is((await store.read()).run.run_id, 1);
  });
  t.deepEqual(Buffer.compare(await readFile(path), before), 0);
});

testEach("the file alone is the whole database once it is closed", async (t, driver) => {
  const dir = await folder(t);
  await withStore(join(dir, "r.sqlite"), { driver }, (store) => save(store, SAMPLE));
  await copyFile(join(dir, "r.sqlite"), join(dir, "file:copy?mode=memory"));
  await withStore(join(dir, "file:copy?mode=memory"), { driver, readOnly: true }, async (store) => {
    t.is((await store.read()).judged.length, SAMPLE.judged.length);
  });
});

testEach("a wrong statement is a StoreError too", async (t, driver) => {
  await withStore(join(await folder(t), "r.sqlite"), { driver }, async (store) => {
    await t.throwsAsync(store.query("SELECT * FROM nowhere"), refused(/SQLite says: .*no such table: nowhere/));
  });
});

test("without a driver wanted, Node's own SQLite goes first", async (t) => {
  const store = await openStore(join(await folder(t), "r.sqlite"));
  t.is(store.driver, DRIVERS[0]!);
  await store.close();
});

test("where no SQLite loads, the message says how to get one", async (t) => {
  const none = {
    "node:sqlite": () => null,
    sqlite3: () => Promise.reject(new Error("Cannot find package 'sqlite3'\nand more lines")),
  };
  const error = await t.throwsAsync(chooseDriver(undefined, none), { instanceOf: StoreError });
  t.true(error?.message.includes(`Node ${process.versions.node} has no node:sqlite`));
  t.true(error?.message.includes("does not load (Cannot find package 'sqlite3')."));
  t.regex(
    error?.message ?? "",
    /Upgrade Node to 22\.13 or later.*`npm install sqlite3`.*"allowScripts": \{ "sqlite3": true \}/,
  );
  await t.throwsAsync(chooseDriver("node:sqlite", none), { message: /stored: Node \S+ has no node:sqlite\. Upgrade/ });
});
