/** Databases as people name them on the command line. */
import { UsageError } from "../errors.ts";
import type { RunResult } from "../report/result.ts";
import type { OpenOptions } from "../store/open.ts";
import { fileAt, findDatabase, isDatabase, parseDatabaseRef } from "../store/select.ts";
import type { Store } from "../store/store.ts";
import { warn } from "./errors.ts";

/** Where results go when nothing else is said. */
export const DEFAULT_DATABASE = "wirepact.sqlite";

/**
 * Hands a stored run (`DB` or `DB@RUN`) to `use`, the newest finished one if none is named; wrong usage where the
 * database or the run is not there. The database stays open meanwhile: conversations that nobody judged are read as they
 * are used.
 */
export async function withRun<T>(text: string, use: (result: RunResult) => Promise<T>): Promise<T> {
  const found = findDatabase(text);
  if (found === null) throw new UsageError(whyNoDatabase(text));
  const { path, run } = found;
  const { openInput } = await import("../store/open.ts");
  const store = await openInput(path);
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
export async function openForWriting(asked: string | undefined, how: OpenOptions = {}): Promise<Store | null> {
  const path = asked ?? DEFAULT_DATABASE;
  const there = fileAt(path);
  if (asked !== undefined && there !== null && there.size > 0 && !isDatabase(path)) {
    throw new UsageError(`--db ${whyNoDatabase(path)}; name another file`);
  }
  try {
    const { openStore } = await import("../store/open.ts");
    return await openStore(path, how);
  } catch (error) {
    if (asked !== undefined) throw error;
    warn(`nothing is stored: ${error instanceof Error ? error.message : String(error)}`);
    return null;
  }
}

function whyNoDatabase(text: string): string {
  const there = fileAt(text) ?? fileAt(parseDatabaseRef(text).path);
  if (there === null) return `${text}: no such database; \`wirepact check\` and \`wirepact observe\` make one`;
  if (there.isDirectory()) return `${text}: it is a folder, not a Wirepact database`;
  return `${text}: it is another kind of file, not a Wirepact database`;
}
