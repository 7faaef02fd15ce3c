/** How many threads read a capture together, and which lanes of flows each has. */
import { DECODERS } from "../../decoders/index.ts";
import type { CaptureInfo } from "../capture/frame.ts";
import { hintsOf } from "../decode/hints.ts";
import { ALL_LANES, LANES } from "../flow/lanes.ts";
import { isWorthSharing } from "./sample.ts";
import { type Sized, totalOf } from "./sizes.ts";

/** More threads than this gain nothing: each walks all records, which is what then takes the time. */
export const MOST_JOBS = 8;
/** Without being asked, no more than this: each thread takes about 40 MB of its own. */
const USUAL_JOBS = 2;
/**
 * Bytes of capture from which on flows are shared among threads unasked, where that is worth it. A thread costs its start, another
 * walk over all records, the union and 40 MB.
 */
const SHARED_BYTES = 4 * 2 ** 30;
/** Bytes of capture from which on it is found out whether it is worth it, though somebody asked for it. */
const LOOKED_BYTES = 64 << 20;

/** Bytes of capture from which on a thread that is ahead of the walk is worth its start. */
const AHEAD_BYTES = 256 << 20;

/** Whether records may be read ahead by a thread that makes their entries, where one thread keeps all flows. */
export function isWorthAhead(total: number | null): boolean {
  if (total === null || total < AHEAD_BYTES) return false;
  return process.getBuiltinModule("node:os").availableParallelism() > 1;
}

/** How many lanes the first thread has more than another: it begins while the others still start. */
const HEAD_START = 2;

/** Threads to read with: as asked for, else as many as are usual; one where a long capture is nothing for several. */
export function jobsFor(asked: number | undefined, files: readonly Sized[]): number {
  const total = totalOf(files);
  const usual =
    total < SHARED_BYTES ? 1 : Math.min(USUAL_JOBS, process.getBuiltinModule("node:os").availableParallelism());
  const jobs = Math.min(asked ?? usual, MOST_JOBS);
  if (jobs === 1 || total < LOOKED_BYTES) return jobs;
  // Of several of one size the last: in the first one flows may look new.
  const { path, size } = files.reduce((largest, file) => (file.size >= largest.size ? file : largest));
  return isWorthSharing(path, size, hintsOf(DECODERS).udp) ? jobs : 1;
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
