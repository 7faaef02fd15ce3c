/** Databases as people name them on the command line. */
import { open, stat } from "node:fs/promises";
import type { RunResult } from "../report/result.ts";
import type { Store } from "../store/store.ts";
import { systemReason, UsageError, warn } from "./errors.ts";

/** Where results go when nothing else is said. */
export const DEFAULT_DATABASE = "wirepact.sqlite";

/** `DB` or `DB@RUN`. A file whose very name ends so goes before a run. */
export async function splitRun(text: string): Promise<{ path: string; run: number | null }> {
  const [, path, run] = /^(.+)@(\d{1,15})$/.exec(text) ?? [];
  if (path === undefined || run === undefined || (await exists(text))) return { path: text, run: null };
  return { path, run: Number(run) };
}

/**
 * Hands a stored run to `use`, the newest finished one if none is named; wrong usage where the database or the run is
 * not there. The database stays open meanwhile: conversations that nobody judged are read as they are used.
 */
export async function withRun<T>(text: string, use: (result: RunResult) => Promise<T>): Promise<T> {
  const { path, run } = await splitRun(text);
  if (!(await exists(path)))
    throw new UsageError(`${path}: no such database; \`wirepact check\` and \`wirepact observe\` make one`);
  const kind = await sqliteKind(path);
  if (kind !== "sqlite") throw new UsageError(`${path}: ${kind}, not a Wirepact database`);
  const { openStore } = await import("../store/open.ts");
  const store = await openStore(path, { readOnly: true });
  try {
    const runs = await store.runs();
    if (runs.length === 0) throw new UsageError(`${path}: it holds no run yet`);
    if (run !== null && !runs.some((each) => each.run_id === run)) {
      const known = runs.slice(-8).map((each) => each.run_id);
      throw new UsageError(`${path}: no run ${run}; there ${runs.length === 1 ? "is" : "are"} ${known.join(", ")}`);
    }
    return await use(await store.read(run ?? undefined));
  } finally {
    await store.close();
  }
}

/**
 * The database that a run is written to. One that was asked for must open, else nothing is read; the default one may
 * fail, with a warning: the report itself needs none.
 */
export async function openForWriting(asked: string | undefined): Promise<Store | null> {
  const path = asked ?? DEFAULT_DATABASE;
  const kind = (await exists(path)) ? await sqliteKind(path) : "sqlite";
  if (kind !== "sqlite" && asked !== undefined) {
    throw new UsageError(`--db ${path}: ${kind}, not a Wirepact database; name another file`);
  }
  try {
    const { openStore } = await import("../store/open.ts");
    return await openStore(path);
  } catch (error) {
    if (asked !== undefined) throw error;
    warn(`nothing is stored: ${error instanceof Error ? error.message : String(error)}`);
    return null;
  }
}

/** `sqlite` where a file is (or, being empty, may become) an SQLite database; else what it is, in words. */
export async function sqliteKind(path: string): Promise<string> {
  const info = await stat(path);
  if (info.isDirectory()) return "it is a folder";
  if (!info.isFile()) return "it is no regular file";
  if (info.size === 0) return "sqlite";
  try {
    const file = await open(path, "r");
    try {
      const head = Buffer.alloc(16);
      await file.read(head, 0, 16, 0);
      return head.toString("latin1") === "SQLite format 3\0" ? "sqlite" : "it is another kind of file";
    } finally {
      await file.close();
    }
  } catch (error) {
    return systemReason(error);
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
