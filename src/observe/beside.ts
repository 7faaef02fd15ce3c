/**
 * Captures that were read side by side, each by a clock of its own: two sensors of one network. What both saw is told apart as
 * copies where their clocks agree to the millisecond; else one packet counts once for each.
 */
import type { CaptureInfo } from "../capture/frame.ts";
import { realmNames } from "./realms.ts";

/** Files that overlap by less are one capture's, cut where frames were a little out of order. */
const LEAST_SEC = 1;

/** Writes into each how many others it stands beside, once all are read. */
export function noteBeside(captures: readonly CaptureInfo[]): void {
  for (const one of captures) {
    const count = captures.filter((other) => other !== one && overlap(one, other)).length;
    if (count > 0) one.beside = count;
  }
}

function overlap(a: CaptureInfo, b: CaptureInfo): boolean {
  if (Math.min(a.lastSec, b.lastSec) - Math.max(a.firstSec, b.firstSec) <= LEAST_SEC) return false;
  return a.packets > 0 && b.packets > 0 && realmNames(a).some((name) => realmNames(b).includes(name));
}

/** In how many captures one packet of this time may stand; 1 where no other was read beside. Seconds since 1970. */
export function mostCounts(
  captures: readonly CaptureInfo[],
  { realm, firstSec, lastSec }: { realm: string; firstSec: number; lastSec: number },
): number {
  let most = 0;
  for (const capture of captures) {
    const { beside = 0 } = capture;
    if (beside <= most || capture.firstSec > lastSec || capture.lastSec < firstSec) continue;
    if (realmNames(capture).includes(realm)) most = beside;
  }
  return most + 1;
}
