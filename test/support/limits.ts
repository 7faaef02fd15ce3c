/** Caps made small for a test, so that reaching them takes a moment; a test file that does so has its own thread. */
import { type Cap, LIMITS } from "../../src/limits.ts";

type Caps = Partial<Record<Cap, number>>;

/** What `act` gives while the caps are these; they are put back behind it. */
export function withLimits<T>(limits: Caps, act: () => T): T {
  const before = set(limits);
  try {
    return act();
  } finally {
    set(before);
  }
}

/** The same of what takes its time; tests beside it see these caps too. */
export async function whileLimits<T>(limits: Caps, act: () => Promise<T>): Promise<T> {
  const before = set(limits);
  try {
    return await act();
  } finally {
    set(before);
  }
}

/** Returns what they were. */
function set(limits: Caps): Caps {
  const before: Caps = { ...LIMITS };
  const real: Caps = LIMITS; // read-only to the program alone
  Object.assign(real, limits);
  return before;
}
