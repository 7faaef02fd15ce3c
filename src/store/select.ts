/** Where a database may stand in a capture's place: which argument is one, and which of its runs is meant. */
import { open, stat } from "node:fs/promises";

export interface DatabaseRef {
  path: string;
  /** Null: the newest finished run. */
  run: number | null;
}

/** `file.sqlite@3` is run 3 of `file.sqlite`; without `@` and a number from 1, the newest finished one. */
export function parseDatabaseRef(text: string): DatabaseRef {
  const match = /^(.+)@([1-9]\d{0,14})$/s.exec(text);
  return match === null ? { path: text, run: null } : { path: match[1]!, run: Number(match[2]) };
}

/** The database that an argument names, or null where it names none. A file of just that name, `@` and all, goes first. */
export async function findDatabase(text: string): Promise<DatabaseRef | null> {
  if (await isDatabase(text)) return { path: text, run: null };
  if ((await stat(text).catch(() => null)) !== null) return null;
  const ref = parseDatabaseRef(text);
  return ref.run !== null && (await isDatabase(ref.path)) ? ref : null;
}

/** The first 16 bytes of every SQLite database (https://www.sqlite.org/fileformat.html#magic_header_string). */
const MAGIC = Buffer.from("SQLite format 3\0", "latin1");

/** Whether `path` is a SQLite database by its first bytes. False for what is no file or cannot be read; a pipe is not touched. */
export async function isDatabase(path: string): Promise<boolean> {
  try {
    if (!(await stat(path)).isFile()) return false;
    const file = await open(path);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(MAGIC.length), 0, MAGIC.length, 0);
      return bytesRead === MAGIC.length && MAGIC.equals(buffer);
    } finally {
      await file.close();
    }
  } catch {
    return false;
  }
}
