/**
 * Segments that bring other bytes for a place in the stream that was filled before. Which of them arrived, and which the far
 * end took, no capture tells; so a flow with such segments proves nothing by what it says (`conform/cover.ts`).
 *
 * Bytes are compared as long as they are held: what waits, what is not whole yet, and the last message that gave a name.
 */
import type { Stream } from "../flow/stream.ts";
import type { Feed } from "./feed.ts";

/** Bytes of a message with a name that are kept: hellos and heads of requests are rarely longer. */
const NAMED_BYTES = 4_096;

const SENT_AGAIN =
  "TCP: bytes were sent again with others in their place; which of them the receiver took is not known";

/** A conflict has been counted in the stream: the first one is kept as a fact of the flow. */
export function contradicts(
  feed: Feed,
  row: Int32Array,
  at: number,
  dir: 0 | 1,
  stream: Stream,
  capture: number,
  frame: number,
): void {
  feed.attempt.counts.conflicts++;
  if (stream.conflicts > 1) return;
  feed.attempt.facts = [{ kind: "problem", what: "overlap", why: SENT_AGAIN }];
  const others = stream.parts.length > 0 || stream.named === null ? stream.parts : [stream.named.frame];
  feed.keep(row, at, dir, capture, frame, others);
}

/** A message of `took` bytes was read, of `len` that were there: where it gave a name it stays at hand. */
export function keepNamed(
  feed: Feed,
  stream: Stream,
  buf: Uint8Array,
  off: number,
  len: number,
  took: number,
  frame: number,
): void {
  if (took <= 0 || !feed.attempt.facts.some(({ kind }) => kind === "name")) return;
  const seq = (stream.length > 0 ? stream.next - len : stream.base) | 0; // of what is kept, `len` bytes are left
  const bytes = buf.slice(off, off + Math.min(took, NAMED_BYTES));
  feed.held += bytes.length - (stream.named?.bytes.length ?? 0);
  stream.named = { seq, bytes, frame };
}
