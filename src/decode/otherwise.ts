/**
 * TCP segments that were sent again with other bytes in their place. Which of the two the receiver took cannot be said,
 * so the messages that the other bytes would make are said as well, and that it is so.
 */
import type { Stream } from "../flow/stream.ts";
import { LIMITS } from "../limits.ts";
import { STREAM_DONE } from "./decoder.ts";
import type { Fact } from "./facts.ts";
import type { Feed, Where } from "./feed.ts";
import { contradicts } from "./overlaps.ts";

/** Holds bytes that were sent again, of a segment the first `known`, against those that are there. */
export function compareAgain(
  feed: Feed,
  row: Int32Array,
  at: number,
  dir: 0 | 1,
  stream: Stream,
  seq: number,
  buf: Uint8Array,
  off: number,
  len: number,
  known: number,
  where: Where,
): void {
  if (len === 1 && known === 1) return; // a keep-alive: some send any byte in the last one's place (RFC 9293, section 3.8.4)
  if (stream.unwatched) feed.details.of(row, at).cut ??= "rewinds";
  if (!stream.compare(seq, buf, off, known)) return;
  const { context } = feed.attempt;
  const { sec, nsec } = context;
  context.sec = where.sec;
  context.nsec = where.nsec;
  contradicts(feed, row, at, dir, stream, where.capture, where.number);
  readOtherwise(feed, row, at, dir, stream, seq, buf.subarray(off, off + len), where);
  context.sec = sec;
  context.nsec = nsec;
}

/** Says what the messages would be that the bytes of this segment make with those around it, where they differ. */
function readOtherwise(
  feed: Feed,
  row: Int32Array,
  at: number,
  dir: 0 | 1,
  stream: Stream,
  seq: number,
  segment: Uint8Array,
  where: Where,
): void {
  const { rewind } = stream;
  if (rewind === null || stream.decoder < 0) return;
  const back = (stream.base - seq) | 0; // how far before what was not read yet it begins
  const start = back > 0 ? rewind.startOf(back) : 0;
  const bytes = new Uint8Array(LIMITS.otherwiseBytes);
  let length = start > back && back > 0 ? rewind.copy(start, bytes, 0, start - back) : 0;
  if (back < 0) {
    if (-back > stream.length || -back > bytes.length) return; // too far into a message to say what it would be
    bytes.set(stream.data.subarray(0, -back));
    length = -back;
  }
  const own = segment.subarray(0, bytes.length - length);
  bytes.set(own, length);
  length += own.length;
  const end = length;
  const behind = back - own.length;
  if (behind > 0) length += rewind.copy(behind, bytes, length, bytes.length - length);
  const { context } = feed.attempt;
  const decoder = feed.decoders[stream.decoder]!;
  const first = Math.max(start, back);
  const said: Fact[] = [];
  for (let done = 0; done < end; ) {
    context.started = true;
    context.peerStarted = true;
    context.state = stream.state;
    context.lost = 0;
    const took = feed.attempt.stream(decoder, bytes, done, length - done, 0);
    if (took <= 0 && took !== STREAM_DONE) break;
    const size = took === STREAM_DONE ? length - done : took;
    // Messages that are as they were have been said; one that reaches beyond what was read is read as it came first.
    if (first - done <= 0 || rewind.differs(first - done, bytes, done, size))
      for (const fact of feed.attempt.facts) if (fact.kind === "operation") said.push(fact);
    done += size;
  }
  feed.attempt.facts = said;
  feed.keep(row, at, dir, where.capture, where.number, []);
}
