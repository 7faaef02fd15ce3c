/** Messages whose like was read before, counted by their numbers alone: see `glances.ts`. What it refuses is read in full. */
import type { Stream } from "../flow/stream.ts";
import { type FlowDetail, isFull } from "./details.ts";
import type { Feed } from "./feed.ts";
import type { Ledgers } from "./ledgers.ts";

export class Glancer {
  readonly #feed: Feed;
  #walked = false;
  /** Whether the flow of the last segment was lent. */
  lent = false;

  constructor(feed: Feed) {
    this.#feed = feed;
  }

  /** Whether any message can be read so by now. */
  get ready(): boolean {
    return this.#feed.learned;
  }

  get ledgers(): Ledgers["table"] | null {
    return this.#feed.ledgers?.table ?? null;
  }

  walked(): void {
    this.#walked = true;
  }

  /** Lends a flow to the walk, where one has ended before the packet at hand; that packet has been read. */
  lend(row: Int32Array, at: number): void {
    const { ledgers, details, seamEnds } = this.#feed;
    this.lent = false;
    if (!this.#walked || ledgers === null) return;
    this.#walked = false;
    const detail = details.get(row, at);
    this.lent = detail !== null && ledgers.lend(row, at, detail, seamEnds);
  }

  /**
   * A segment of an operation's flow that is nothing but messages whose like was read before: counted by a glance each.
   * False where `Streams.segment` has to see it; what was counted here it takes for sent again.
   */
  segment(
    row: Int32Array,
    at: number,
    dir: 0 | 1,
    seq: number,
    buf: Uint8Array,
    off: number,
    len: number,
    frame: number,
    sec: number,
    nsec: number,
  ): boolean {
    const detail = this.#feed.details.get(row, at);
    if (detail === null) return false;
    const stream = detail.streams[dir];
    if (stream === null || stream.base !== seq || stream.length > 0 || stream.pending.length > 0) return false;
    if (!stream.fromStart && sec <= this.#feed.seamEnds && !isFull(detail.heads[dir])) return false;
    let used = 0;
    while (used < len) {
      const took = this.message(detail, stream, dir, buf, off + used, len - used, frame, sec, nsec);
      if (took === 0) break;
      stream.rewind?.add(buf, off + used, took);
      used += took;
    }
    this.#feed.liked = 0;
    stream.base = (stream.base + used) | 0;
    if (used < len) return false;
    this.lend(row, at);
    return true;
  }

  /** Bytes of the message here, counted by its numbers alone; 0 where it has to be read. */
  message(
    detail: FlowDetail,
    stream: Stream,
    dir: 0 | 1,
    buf: Uint8Array,
    off: number,
    len: number,
    frame: number,
    sec: number,
    nsec: number,
  ): number {
    const feed = this.#feed;
    feed.liked = 0;
    if (detail.operations === null || stream.decoder < 0 || stream.lost > 0 || stream.handed) return 0;
    const { like, shapes } = feed;
    const shape = shapes.find(stream.decoder, stream.state);
    if (shape < 0) return 0;
    const took = shapes.liken(shape, buf, off, len, like);
    if (took === 0) return 0;
    if (detail.operations.glance(dir, like, frame, sec, nsec)) return took;
    feed.liked = took;
    return 0;
  }
}
