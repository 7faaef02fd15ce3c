/** Arguments that name a database, and a run in it. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { findDatabase, isDatabase, parseDatabaseRef } from "../../src/store/select.ts";
import { SAMPLE, save } from "./samples.ts";
import { folder, withStore } from "./support.ts";

test("a run is a number from 1 after the last @", (t) => {
  t.deepEqual(parseDatabaseRef("file.sqlite@3"), { path: "file.sqlite", run: 3 });
  t.deepEqual(parseDatabaseRef("file.sqlite"), { path: "file.sqlite", run: null });
  t.deepEqual(parseDatabaseRef("me@home/a@b.sqlite@12"), { path: "me@home/a@b.sqlite", run: 12 });
  for (const text of ["file@", "file@0", "file@03", "file@1.5", "file@-1", "@3", "", "file@9999999999999999"]) {
    t.deepEqual(parseDatabaseRef(text), { path: text, run: null }, text);
  }
});

test("a database is known by its first bytes", async (t) => {
  const dir = await folder(t);
  const path = join(dir, "no-suffix");
  await withStore(path, {}, (store) => save(store, SAMPLE));
  t.true(isDatabase(path));
  await writeFile(join(dir, "short"), "SQLite format");
  await writeFile(join(dir, "x.sqlite"), "\xd4\xc3\xb2\xa1 not a database at all");
  await mkdir(join(dir, "folder"));
  for (const name of ["short", "x.sqlite", "folder", "missing"]) t.false(isDatabase(join(dir, name)), name);
  t.false(isDatabase("-"));
});

test("an argument names a database with or without a run, a file of just that name first", async (t) => {
  const dir = await folder(t);
  const path = join(dir, "r.sqlite");
  await withStore(path, {}, (store) => save(store, SAMPLE));
  t.deepEqual(findDatabase(path), { path, run: null });
  t.deepEqual(findDatabase(`${path}@7`), { path, run: 7 });
  t.is(findDatabase(join(dir, "missing@7")), null);
  await writeFile(`${path}@7`, "a capture of that name");
  t.is(findDatabase(`${path}@7`), null);
  await withStore(`${path}@8`, {}, (store) => save(store, SAMPLE));
  t.deepEqual(findDatabase(`${path}@8`), { path: `${path}@8`, run: null });
});
