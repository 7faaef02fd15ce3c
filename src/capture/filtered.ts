/** `-f` on files: the frames of a reader that pass a filter, numbered as in the unfiltered file. */
import { type CaptureInfo, type CaptureReader, type Frame, NEXT_FRAME } from "./frame.ts";

export interface FrameFilter {
  /** As it was asked for. */
  readonly text: string;
  /** Called for every frame; allocates nothing and never throws. */
  matches(frame: Frame): boolean;
}

/** The frames that pass. Counts of its captures are of all records read, as the contract has `packets`. */
export class FilteredReader implements CaptureReader {
  readonly #reader: CaptureReader;
  readonly #filter: FrameFilter;
  readonly captures: readonly CaptureInfo[];
  /** Every frame has to be looked at. */
  readonly plain = null;

  constructor(reader: CaptureReader, filter: FrameFilter) {
    this.#reader = reader;
    this.#filter = filter;
    this.captures = reader.captures;
    for (const capture of reader.captures) capture.filters = [...capture.filters, filter.text];
  }

  get frame(): Frame {
    return this.#reader.frame;
  }
  get bytesRead(): number {
    return this.#reader.bytesRead;
  }
  next(): number {
    for (;;) {
      const code = this.#reader.next();
      if (code !== NEXT_FRAME || this.#filter.matches(this.#reader.frame)) return code;
    }
  }
  more(): Promise<boolean> {
    return this.#reader.more();
  }
  close(): Promise<void> {
    return this.#reader.close();
  }
}
