/**
 * V8's heap has a limit (`node --max-old-space-size`), and where it ends Node stops the process, which no program can catch.
 * So reading ends before that, while what was read can still be judged, stored and reported.
 */
import { nodeV8 } from "./builtins.ts";

/** Of the limit. What is judged, stored and reported needs half as much again as was read, with its garbage as much. */
const ENOUGH = 0.45;
/** From here on there is no time to see whether it is garbage. */
const AT_ONCE = 0.5;
/** Bytes of three semi-spaces, which count to V8's limit and not to what it was told: of 64 MiB since V8 13 (Node 24), of 16 before. */
const YOUNG = (Number.parseInt(process.versions.v8, 10) < 13 ? 48 : 192) << 20;
/** Looks in a row that found more than `ENOUGH`: V8 collects garbage between them. */
const PATIENCE = 4;

/** Percent by which the heap grows before garbage is collected again; V8 by itself waits until there is up to four times as much. */
const GROWTH = 50;

/** Nothing, times what it has: what is new has a semi-space of 1 MiB where V8 by itself takes 16, three times over. */
const YOUNG_GROWTH = 1;

/**
 * For a process that is to stay small for weeks, called before it has grown. (The stop's bench: 371 MB without the first, 228 MB
 * with it, in the same time; 30 MB less with the second in a soak.) And for one whose rows take a gigabyte, once they are read.
 */
export function collectEarly(): void {
  nodeV8().setFlagsFromString(`--heap-growing-percent=${GROWTH}`);
  nodeV8().setFlagsFromString(`--semi-space-growth-factor=${YOUNG_GROWTH}`);
}

/**
 * The end of such a process: time counts now, and memory is given back soon. With 1 MiB for what is new, garbage is looked for every
 * few milliseconds, for as long again as it takes to make it.
 */
export function collectLess(): void {
  nodeV8().setFlagsFromString(`--semi-space-growth-factor=${LAST_GROWTH}`);
}
/** Times, to V8's 16 MiB at most, where what is new outlives it. */
const LAST_GROWTH = 4;

/**
 * Where objects of one place in the code have lived long, V8 makes the next ones there old from the start. Of what judging makes
 * most is garbage at once, which then stays until all of the heap is looked through: 20 % of the time of judging again.
 */
export function beginYoung(): void {
  nodeV8().setFlagsFromString("--no-allocation-site-pretenuring");
}

export class HeapWatch {
  /** Frames between two looks: what they say takes 8 MiB at most, and the look no time beside them. */
  static readonly FRAMES = 8_192;
  #high = 0;

  /** What to say where reading must end, null as long as it need not. */
  low(): string | null {
    const { used_heap_size: used, heap_size_limit } = nodeV8().getHeapStatistics();
    const limit = heap_size_limit - YOUNG;
    const part = used / limit;
    this.#high = part > ENOUGH ? this.#high + 1 : 0;
    if (part < AT_ONCE && this.#high < PATIENCE) return null;
    const mib = (bytes: number): number => Math.round(bytes / 2 ** 20);
    return (
      `Reading ended here, because memory runs low (${mib(used)} of ${mib(limit)} MiB): read less at once, ` +
      `or allow more by NODE_OPTIONS=--max-old-space-size=${2 * Math.max(1_024, mib(limit))}. What stands before it was read`
    );
  }
}
