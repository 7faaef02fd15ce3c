/**
 * The order in which frames of several captures came: by time; where clocks are coarse, as they stood in their capture, and
 * of two captures the one that began first.
 */
import type { CaptureInfo } from "../capture/frame.ts";
import { compareInstants, type Instant } from "../time.ts";

interface Placed extends Instant {
  readonly capture: number;
  /** Frame number within the capture. */
  readonly frame: number;
}

export type FrameOrder = (a: Placed, b: Placed) => number;

/** `captures`: by the numbers that frames have. Total, so that sorting by it gives one order whatever came first. */
export function frameOrder(captures: readonly CaptureInfo[]): FrameOrder {
  const begun = captures.map((capture, number) => ({ number, sec: capture.firstSec, nsec: capture.firstNsec }));
  begun.sort((a, b) => compareInstants(a, b) || a.number - b.number);
  const rank = new Int32Array(captures.length);
  begun.forEach(({ number }, place) => {
    rank[number] = place;
  });
  return (a, b) => compareInstants(a, b) || rank[a.capture]! - rank[b.capture]! || a.frame - b.frame;
}
