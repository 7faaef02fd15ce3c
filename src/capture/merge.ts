import { type CaptureInfo, type CaptureReader, Frame, NEXT_FRAME, NEXT_WAIT, type PlainRecords } from "./frame.ts";

/** One of several inputs. It is opened when its turn comes, so that its memory is only held from then on. */
export interface Lane {
  /** Time of its first frame. */
  readonly sec: number;
  readonly nsec: number;
  /** Where it stands among the inputs as given: decides between frames of the same instant. */
  readonly order: number;
  /** Resolves to a reader that is at its first frame, to be read beside so many others; to null where that is gone. */
  open(running: number): Promise<CaptureReader | null>;
}

interface Running {
  readonly reader: CaptureReader;
  readonly frame: Frame;
  readonly order: number;
}

/**
 * Several inputs as one, in time order across them and in file order within each.
 *
 * The running ones stand in a binary heap by the time of the frame that each is at; the first of the heap is the current
 * one. A lane joins when the current frame is no longer before its first one: of a thousand rotated files that follow
 * each other, one or two are open at a time.
 */
export class MergedReader implements CaptureReader {
  readonly captures: readonly CaptureInfo[];
  readonly #waiting: Lane[];
  readonly #heap: Running[] = [];
  /** The first of the heap was handed out and has to move on before the next is chosen. */
  #delivered = false;
  #bytesOfFinished = 0;

  constructor(captures: readonly CaptureInfo[], lanes: readonly Lane[]) {
    this.captures = captures;
    this.#waiting = lanes.toSorted((a, b) => b.sec - a.sec || b.nsec - a.nsec || b.order - a.order);
  }

  get frame(): Frame {
    return this.#heap[0]?.frame ?? NO_FRAME;
  }

  get bytesRead(): number {
    return this.#heap.reduce((sum, { reader }) => sum + reader.bytesRead, this.#bytesOfFinished);
  }

  /** Of the only input that is being read, up to the second in which the next one begins. */
  get plain(): PlainRecords | null {
    const only = this.#heap.length === 1 && this.#delivered ? this.#heap[0]!.reader.plain : null;
    if (only === null) return null;
    const untilSec = this.#waiting[this.#waiting.length - 1]?.sec ?? Number.POSITIVE_INFINITY;
    const { slab, info, linkType, capture, nanos } = only;
    return { slab, info, linkType, capture, nanos, untilSec };
  }

  next(): number {
    const heap = this.#heap;
    const first = heap[0];
    if (first === undefined) return NEXT_WAIT;
    if (this.#delivered) {
      if (first.reader.next() !== NEXT_FRAME) return NEXT_WAIT;
      this.#delivered = false;
      this.#sink(0);
    }
    const waiting = this.#waiting[this.#waiting.length - 1];
    const { frame } = heap[0]!;
    if (
      waiting !== undefined &&
      !(frame.sec < waiting.sec || (frame.sec === waiting.sec && frame.nsec < waiting.nsec))
    ) {
      return NEXT_WAIT;
    }
    this.#delivered = true;
    return NEXT_FRAME;
  }

  async more(): Promise<boolean> {
    const heap = this.#heap;
    const first = heap[0];
    if (first !== undefined && this.#delivered) {
      this.#delivered = false;
      if (await advance(first.reader)) {
        this.#sink(0);
      } else {
        this.#bytesOfFinished += first.reader.bytesRead;
        const last = heap.pop()!;
        if (heap.length > 0) {
          heap[0] = last;
          this.#sink(0);
        }
      }
    }
    await this.#admit();
    return heap.length > 0;
  }

  async close(): Promise<void> {
    for (const { reader } of this.#heap) await reader.close();
    this.#heap.length = 0;
    this.#waiting.length = 0;
  }

  /** Opens the lanes that may hold the next frame. */
  async #admit(): Promise<void> {
    for (;;) {
      const lane = this.#waiting[this.#waiting.length - 1];
      const current = this.#heap[0]?.frame;
      if (lane === undefined) return;
      if (current !== undefined && (current.sec - lane.sec || current.nsec - lane.nsec) < 0) return;
      this.#waiting.pop();
      const reader = await lane.open(this.#heap.length);
      if (reader !== null) this.#add({ reader, frame: reader.frame, order: lane.order });
    }
  }

  #add(running: Running): void {
    const heap = this.#heap;
    let at = heap.push(running) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(running, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = running;
  }

  /** Lets the entry at `at`, whose frame has moved on, sink to its place. */
  #sink(at: number): void {
    const heap = this.#heap;
    const moved = heap[at]!;
    const { length } = heap;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= length) break;
      if (child + 1 < length && before(heap[child + 1]!, heap[child]!)) child++;
      if (!before(heap[child]!, moved)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = moved;
  }
}

/** The frame of a reader that is not at one. */
const NO_FRAME = new Frame();

/** Whether the frame of `a` comes first. */
function before(a: Running, b: Running): boolean {
  const left = a.frame;
  const right = b.frame;
  if (left.sec !== right.sec) return left.sec < right.sec;
  if (left.nsec !== right.nsec) return left.nsec < right.nsec;
  return a.order < b.order;
}

/** Moves to the next frame across as many blocks as it takes; false at the end. */
export async function advance(reader: CaptureReader): Promise<boolean> {
  do {
    if (reader.next() === NEXT_FRAME) return true;
  } while (await reader.more());
  return false;
}
