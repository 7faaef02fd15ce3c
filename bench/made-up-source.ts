/** What stands in an interface's place for packets that are made up in memory: no rights needed. */
import type { LiveCounts, LiveSource } from "../src/live/engine.ts";

/** Bytes before each packet (pcap's record header). */
export const RECORD_HEADER = 16;
/** Packets handed over at once, at most. */
export const MOST_AT_ONCE = 2_000;
/** Of a pcap file with nanoseconds, version 2.4, Ethernet. */
const FILE_HEADER = [0xa1b23c4d, 0x0004_0002, 0, 0, 65_535, 1];

export abstract class MadeUpSource implements LiveSource {
  readonly interface = "made-up";
  readonly size = null;
  readonly cut = false;
  readonly gone = null;
  bytesRead = 0;
  sent = 0;
  /** Packets that may be handed over by now. */
  due: number;
  onNotice = (): void => {};
  #stopped = false;

  constructor(due: number) {
    this.due = due;
  }

  async read(into: Uint8Array, at: number, length: number): Promise<number> {
    const view = new DataView(into.buffer, into.byteOffset + at, length);
    if (this.bytesRead === 0) {
      for (const [place, word] of FILE_HEADER.entries()) view.setUint32(place * 4, word, true);
      this.bytesRead = FILE_HEADER.length * 4;
      return this.bytesRead;
    }
    while (this.sent >= this.due) {
      if (this.#stopped) return 0;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    const bytes = this.fill(into, at, view);
    this.bytesRead += bytes;
    return bytes;
  }

  /** Writes the next records to `at` in `into`, where `view` begins and ends with what there is room for; returns their bytes. */
  protected abstract fill(into: Uint8Array, at: number, view: DataView): number;

  counts(): LiveCounts {
    return { dropped: 0, droppedByInterface: 0 };
  }
  stop(): void {
    this.#stopped = true;
  }
  async close(): Promise<void> {
    this.#stopped = true;
  }
}
