/** How many threads read a capture together, and which lanes of flows each has. */
import { statSync } from "node:fs";
import { availableParallelism } from "node:os";
import type { CaptureInfo } from "../capture/frame.ts";
import { ALL_LANES, LANES } from "../flow/lanes.ts";

/** More threads than this gain nothing: each walks all records, which is what then takes the time. */
export const MOST_JOBS = 8;
/** Without being asked, no more than this: each thread takes about 40 MB of its own. */
const USUAL_JOBS = 2;
/**
 * Bytes of capture from which on flows are shared among threads unasked. A thread costs its start, another walk over all
 * records, the union and 40 MB; with the walk compiled, two take longer than one for `small` and `mix` of the bench.
 */
const SHARED_BYTES = 4 * 2 ** 30;

/** How many lanes the first thread has more than another: it begins while the others still start. */
const HEAD_START = 2;

/** Bytes of capture from which on the compiled walk is worth its start (10 ms). */
const WALK_BYTES = 1 << 20;

export function isLong(totalBytes: number): boolean {
  return totalBytes >= WALK_BYTES;
}

/** Threads to read with: as asked for, else as many as are worth it. */
export function jobsFor(asked: number | undefined, totalBytes: number): number {
  if (asked !== undefined) return Math.min(asked, MOST_JOBS);
  return totalBytes < SHARED_BYTES ? 1 : Math.min(USUAL_JOBS, availableParallelism());
}

/** The size of every input, or null where one can't be read twice at once: standard input, a pipe, nothing there. */
export function sizesOf(paths: readonly string[]): number[] | null {
  const sizes: number[] = [];
  for (const path of paths) {
    const stats = path === "-" ? undefined : statSync(path, { throwIfNoEntry: false });
    if (stats?.isFile() !== true) return null;
    sizes.push(stats.size);
  }
  return sizes;
}

/** Unpacking takes longer than what could be shared, and would be done by each thread anew. */
export function isShareable(captures: readonly CaptureInfo[]): boolean {
  return captures.every(({ format, damage }) => damage === null && !format.includes("+"));
}

/** The lanes of each thread, a bit each; the first has lane 0. */
export function shareLanes(jobs: number): number[] {
  if (jobs <= 1) return [ALL_LANES];
  const each = Math.max(1, Math.floor((LANES - HEAD_START) / jobs));
  const masks: number[] = [];
  let from = LANES - each * (jobs - 1);
  masks.push((1 << from) - 1);
  for (; from < LANES; from += each) masks.push(((1 << each) - 1) << from);
  return masks;
}
