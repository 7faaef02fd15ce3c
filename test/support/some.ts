/**
 * Some of all that could be tried, where all of it takes minutes: the same in each run and on each machine. `WIREPACT_ALL=1`
 * tries all.
 */
import { Random } from "../fuzz/random.ts";

export const TRY_ALL = process.env.WIREPACT_ALL !== undefined;

/** So many of them, in their order; `seed`: what they are tried on, so that others are tried on others. */
export function someOf<T>(all: readonly T[], most: number, seed: string): readonly T[] {
  if (TRY_ALL || all.length <= most) return all;
  const random = new Random(seed);
  const places = new Set<number>();
  while (places.size < most) places.add(random.below(all.length));
  return all.filter((_, i) => places.has(i));
}
