/** How large the inputs are, as far as that is known before they are read. */
import { fileAt } from "../store/select.ts";

/** Bytes of capture from which on the compiled walk is worth its start (10 ms). */
const WALK_BYTES = 1 << 20;

export function isLong(totalBytes: number): boolean {
  return totalBytes >= WALK_BYTES;
}

export interface Sized {
  path: string;
  size: number;
}

/** Every input with its size, or null where one can't be read twice at once: standard input, a pipe, nothing there. */
export function sizesOf(paths: readonly string[]): Sized[] | null {
  const sizes: Sized[] = [];
  for (const path of paths) {
    const stats = path === "-" ? null : fileAt(path);
    if (stats === null || !stats.isFile()) return null;
    sizes.push({ path, size: stats.size });
  }
  return sizes;
}

export function totalOf(files: readonly Sized[]): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}
