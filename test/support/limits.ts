/** Caps made small for a test, so that reaching them takes a moment; each test file has its own process or thread. */
import { type Cap, LIMITS } from "../../src/limits.ts";

/** What `act` gives while the caps are these; they are put back behind it. */
export function withLimits<T>(limits: Partial<Record<Cap, number>>, act: () => T): T {
  const real: Partial<Record<Cap, number>> = LIMITS; // read-only to the program alone
  const before = { ...LIMITS };
  Object.assign(real, limits);
  try {
    return act();
  } finally {
    Object.assign(real, before);
  }
}
