/** Where a database may stand in a capture's place: which argument is one, and which of its runs is meant. */
import { closeSync, openSync, readSync, type Stats, statSync } from "node:fs";

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
export function findDatabase(text: string): DatabaseRef | null {
  if (isDatabase(text)) return { path: text, run: null };
  if (fileAt(text) !== null) return null;
  const ref = parseDatabaseRef(text);
  return ref.run !== null && isDatabase(ref.path) ? ref : null;
}

/** What stands at `path`, null where nothing does or can be seen. At once: a start would wait longer for its turn than for this. */
export function fileAt(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    return null;
  }
}

/** The first 16 bytes of every SQLite database (https://www.sqlite.org/fileformat.html#magic_header_string). */
const MAGIC = Buffer.from("SQLite format 3\0", "latin1");

/** Whether `path` is a SQLite database by its first bytes. False for what is no file or cannot be read; a pipe is not touched. */
export function isDatabase(path: string): boolean {
  try {
    if (fileAt(path)?.isFile() !== true) return false;
    const file = openSync(path, "r");
    try {
      const first = Buffer.alloc(MAGIC.length);
      return readSync(file, first, 0, first.length, 0) === first.length && MAGIC.equals(first);
    } finally {
      closeSync(file);
    }
  } catch {
    return false;
  }
}
