/** A hole in what nobody knows yet, or behind which nothing of a direction is read. */
import type { Decoder } from "./decoder.ts";
import type { Feed } from "./feed.ts";

const NO_PARTS: readonly number[] = [];

/** Says so of the flow; `frame` stands behind the `lost` bytes. */
export function keepHole(
  feed: Feed,
  row: Int32Array,
  at: number,
  dir: 0 | 1,
  decoder: Decoder | undefined,
  lost: number,
  capture: number,
  frame: number,
): void {
  feed.attempt.facts = [];
  feed.attempt.tellHole(decoder, lost);
  feed.keep(row, at, dir, capture, frame, NO_PARTS);
}
