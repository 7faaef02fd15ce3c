/** What is kept of a direction that was joined amid its connection, to be played again behind what a merge puts before it. */

import type { Stream } from "../flow/stream.ts";
import { LIMITS } from "../limits.ts";
import { withSide } from "./details.ts";
import type { Feed, Where } from "./feed.ts";

/** The first segments, and those of a message that began before them: all until somebody knows the direction. */
export function keepHead(
  feed: Feed,
  row: Int32Array,
  at: number,
  dir: 0 | 1,
  stream: Stream,
  seq: number,
  buf: Uint8Array,
  off: number,
  len: number,
  cutOff: number,
  where: Where,
): void {
  if (where.sec > feed.seamEnds) return;
  const detail = feed.details.of(row, at);
  const head = detail.heads[dir] ?? [];
  if (head.length === 0) detail.heads = withSide(detail.heads, dir, head);
  const full = head.length >= LIMITS.identifySegments;
  if (full && (stream.decoder >= 0 || feed.held > LIMITS.pendingBytes / 4)) return;
  feed.held += len;
  head.push({
    seq,
    bytes: buf.slice(off, off + len),
    cutOff,
    capture: where.capture,
    frame: where.number,
    sec: where.sec,
    nsec: where.nsec,
  });
}
