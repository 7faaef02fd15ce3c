/** A block of a file, read, and entries made of its records: what the thread ahead does (`ahead.ts`). */
import { readSync } from "node:fs";
import {
  AHEAD,
  AHEAD_RESULTS,
  AHEAD_WORDS,
  BEFORE,
  BEFORE_END,
  CAME,
  ENTRIES,
  FILE,
  INTO,
  LENGTH,
  MADE,
  PLACE,
  ROOM,
  UNIT,
} from "./ahead-words.ts";

/** What it needs of the compiled walk. */
export interface AheadExports {
  prepare(results: number, entries: number, tunnels: number, rows: number, seed: number, lanes: number): void;
  readRecords(at: number, room: number, pos: number, end: number, unit: number): number;
}

const RECORD_HEADER = 16;
const CAP_LEN = 8;
/** What claims to be longer is no record. */
const LARGEST = 1 << 18;
/** Where the next record begins, when nobody knows. */
const UNKNOWN = -1;

export class AheadBlocks {
  readonly words: Int32Array;
  readonly #readRecords: AheadExports["readRecords"];
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  /** The file and the place in it that the next block is expected of, and where the next record begins in the file. */
  #file = -1;
  #place = -1;
  #next = UNKNOWN;
  /** The first bytes of that record, where its header does not end with its block. */
  readonly #head = new Uint8Array(RECORD_HEADER);
  #headBytes = 0;

  /** `lanes`: all of them, since who has some only does not ask. */
  constructor(buffer: SharedArrayBuffer, exports: AheadExports, tunnelsAt: number, seed: number, lanes: number) {
    exports.prepare(AHEAD_RESULTS, 0, tunnelsAt, 0, seed, lanes);
    this.#readRecords = exports.readRecords;
    this.words = new Int32Array(buffer, AHEAD, AHEAD_WORDS);
    this.#bytes = new Uint8Array(buffer);
    this.#view = new DataView(buffer);
  }

  /** Does what the words ask for. */
  take(): void {
    const { words } = this;
    const place = words[PLACE + 1]! * 2 ** 32 + (words[PLACE]! >>> 0);
    const into = words[INTO]! >>> 0;
    words[MADE] = 0;
    words[CAME] = -1;
    if (words[FILE] !== this.#file || place !== this.#place)
      this.#follow(words[BEFORE]! >>> 0, words[BEFORE_END]! >>> 0, place);
    this.#place = -1; // unless it can be read
    const came = readSync(words[FILE]!, this.#bytes, into, words[LENGTH]!, place);
    words[CAME] = came;
    this.#file = words[FILE]!;
    this.#place = place + came;
    const end = into + came;
    let pos = this.#firstOf(into, came, place);
    if (pos < 0) return;
    if (pos <= end) {
      words[MADE] = this.#readRecords(words[ENTRIES]! >>> 0, words[ROOM]!, pos, end, words[UNIT]!);
      pos = this.#view.getUint32(AHEAD_RESULTS + 8, true);
    }
    this.#follow(pos, end, this.#place);
  }

  /** Where the first record begins that is in the block from its beginning on, or would, were the block longer; `UNKNOWN`. */
  #firstOf(into: number, came: number, place: number): number {
    if (this.#next === UNKNOWN || this.#headBytes === 0)
      return this.#next === UNKNOWN ? UNKNOWN : into + this.#next - place;
    const missing = RECORD_HEADER - this.#headBytes;
    if (came < missing) this.#next = UNKNOWN;
    else this.#head.set(this.#bytes.subarray(into, into + missing), this.#headBytes);
    const capLen = new DataView(this.#head.buffer).getUint32(CAP_LEN, true);
    if (capLen > LARGEST) this.#next = UNKNOWN;
    return this.#next === UNKNOWN ? UNKNOWN : into + missing + capLen;
  }

  /** From a record to the first that does not end before `end`, which is that place of the file. */
  #follow(from: number, end: number, place: number): void {
    let pos = from;
    this.#headBytes = 0;
    while (pos + RECORD_HEADER <= end) {
      const capLen = this.#view.getUint32(pos + CAP_LEN, true);
      if (capLen > LARGEST) {
        this.#next = UNKNOWN;
        return;
      }
      pos += RECORD_HEADER + capLen;
    }
    if (pos < end) {
      this.#headBytes = end - pos;
      this.#head.set(this.#bytes.subarray(pos, end));
    }
    this.#next = place + pos - end;
  }
}
