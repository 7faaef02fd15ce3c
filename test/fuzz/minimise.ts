/** Cuts a failing input down: parts that it fails without, then bytes that it fails without, then bytes that may as well be 0. */
import type { Input } from "./target.ts";

/** Fails with the same words as before, roughly: numbers in a message may differ. */
export type Fails = (input: Input) => Promise<boolean>;

/** The smallest input found in so many tries. What is kept (`keep` first parts) is what a file cannot do without. */
export async function minimise(input: Input, fails: Fails, tries: number, keep = 0): Promise<Input> {
  let left = tries;
  let best = input;
  const better = async (parts: Uint8Array[]): Promise<boolean> => {
    if (left-- <= 0) return false;
    const smaller = { ...best, parts };
    if (!(await fails(smaller))) return false;
    best = smaller;
    return true;
  };
  for (let size = best.parts.length >> 1; size >= 1; size >>= 1) {
    for (let from = keep; from < best.parts.length && best.parts.length > 1; ) {
      const parts = [...best.parts.slice(0, from), ...best.parts.slice(from + size)];
      if (parts.length === 0 || !(await better(parts))) from += size;
    }
  }
  for (let part = keep; part < best.parts.length; part++) {
    for (let size = best.parts[part]!.length >> 1; size >= 1; size >>= 1) {
      for (let from = 0; from < best.parts[part]!.length; ) {
        const bytes = best.parts[part]!;
        const cut = Uint8Array.from([...bytes.subarray(0, from), ...bytes.subarray(from + size)]);
        if (cut.length === 0 || left <= 0 || !(await better(best.parts.with(part, cut)))) from += size;
      }
    }
  }
  return best;
}
