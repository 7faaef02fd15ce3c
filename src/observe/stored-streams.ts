/**
 * What is left of the streams of a part's flows (`details-codec.ts`), as numbers (`varint.ts`), of each flow its two, low first:
 *
 *     0                                       none, or one with segments that wait: that pair is among what else there is (`stored-more.ts`)
 *     1 + flags + 16 × (decoder + 1) · base   one that was read to its end; with STATE · state
 *          … with LEFT also                   bytes that are left: how many · where · cutOff · conflicts · lost · frames: how many · each
 *
 * Nearly all were read to their end: a few bytes of each stay as they are until somebody asks.
 */
import type { Pair } from "../decode/details.ts";
import { Stream } from "../flow/stream.ts";
import { NumberReader, NumberWriter } from "./varint.ts";

/** Flags: it has the connection's first byte; it was handed on; its decoder's number is not 0; more is to be said than that. */
export const FROM_START = 1;
export const HANDED = 2;
const STATE = 4;
const LEFT = 8;
const FLAGS = 16;

export const flagsOf = (stream: Stream): number => (stream.fromStart ? FROM_START : 0) | (stream.handed ? HANDED : 0);

/** Smaller than that by amount a decoder's number can be written. */
const LARGEST_STATE = 2 ** 51;

export class StreamsWriter {
  readonly #numbers = new NumberWriter();
  #any = false;

  /** The streams of the next flow; false where they are to be told otherwise. `keep`: where bytes will stand, and how many. */
  add(low: Stream | null, high: Stream | null, keep: (bytes: Uint8Array) => readonly [number, number]): boolean {
    if (!isPlain(low) || !isPlain(high)) {
      this.#numbers.write(0);
      this.#numbers.write(0);
      return false;
    }
    this.#stream(low, keep);
    this.#stream(high, keep);
    return true;
  }

  /** All that was written; nothing where no flow has any. */
  take(): Uint8Array {
    return this.#any ? this.#numbers.take() : NOTHING;
  }

  #stream(stream: Stream | null, keep: (bytes: Uint8Array) => readonly [number, number]): void {
    const numbers = this.#numbers;
    if (stream === null) {
      numbers.write(0);
      return;
    }
    this.#any = true;
    const { base, decoder, state, data, length, cutOff, conflicts, lost, parts } = stream;
    const isMore = length + cutOff + conflicts + lost + parts.length > 0;
    const flags = flagsOf(stream) | (state === 0 ? 0 : STATE) | (isMore ? LEFT : 0);
    numbers.write(1 + flags + FLAGS * (decoder + 1));
    numbers.writeSigned(base);
    if (state !== 0) numbers.writeSigned(state);
    if (!isMore) return;
    const [at] = keep(data.subarray(0, length));
    for (const number of [length, at, cutOff, conflicts, lost, parts.length, ...parts]) numbers.write(number);
  }
}
const NOTHING = new Uint8Array(0);

function isPlain(stream: Stream | null): boolean {
  return (
    stream === null ||
    (stream.pending.length === 0 && Number.isInteger(stream.state) && Math.abs(stream.state) < LARGEST_STATE)
  );
}

/** What is told of a flow: it has streams; something waits in them. */
export const SOME = 1;
export const WAITING = 2;

export class StoredStreams {
  /** By flow: its bits. */
  readonly told: Uint8Array;
  readonly #numbers: NumberReader;
  readonly #begins: Uint32Array;
  readonly #bytes: Uint8Array;

  /** What `StreamsWriter` wrote of so many flows; `left`: first bytes of what waits though nobody accepted it. Throws where it is something else. */
  constructor(streams: Uint8Array, bytes: Uint8Array, count: number, left: ReadonlySet<number>) {
    this.#numbers = new NumberReader(streams);
    this.#bytes = bytes;
    this.told = new Uint8Array(count);
    this.#begins = new Uint32Array(count);
    if (streams.length === 0) return;
    let at = 0;
    for (let i = 0; i < count; i++) {
      this.#begins[i] = at;
      for (let side = 0; side < 2; side++) {
        const kind = streams[at]! - 1; // FLAGS is a divisor of 128: its lowest bits are those of the whole
        at = behind(streams, at);
        if (kind < 0) continue;
        this.told[i]! |= SOME;
        at = behind(streams, at);
        if ((kind & STATE) !== 0) at = behind(streams, at);
        if ((kind & LEFT) === 0) continue;
        const isWanted = kind < FLAGS && (kind & FROM_START) !== 0;
        const byte = this.#passLeft(at);
        if (isWanted && left.has(byte)) this.told[i]! |= WAITING;
        at = this.#numbers.at;
      }
    }
    if (at !== streams.length) throw damaged();
  }

  /** The streams of a flow. */
  of(flow: number): Pair<Stream> {
    this.#numbers.at = this.#begins[flow]!;
    const low = this.#next();
    return [low, this.#next()];
  }

  #next(): Stream | null {
    const numbers = this.#numbers;
    const kind = numbers.read() - 1;
    if (kind < 0) return null;
    const stream = new Stream(numbers.readSigned(), (kind & FROM_START) !== 0);
    stream.decoder = Math.floor(kind / FLAGS) - 1;
    stream.handed = (kind & HANDED) !== 0;
    if ((kind & STATE) !== 0) stream.state = numbers.readSigned();
    if ((kind & LEFT) === 0) return stream;
    stream.length = numbers.read();
    const at = numbers.read();
    // A copy of its own: a stream that goes on writes behind what it has.
    if (stream.length > 0) stream.data = new Uint8Array(this.#bytes.subarray(at, at + stream.length));
    stream.cutOff = numbers.read();
    stream.conflicts = numbers.read();
    stream.lost = numbers.read();
    for (let frames = numbers.read(); frames > 0; frames--) stream.parts.push(numbers.read());
    return stream;
  }

  /** Over what a stream's left bytes say; the first of them where nothing was cut off behind them, else -1. */
  #passLeft(at: number): number {
    const numbers = this.#numbers;
    numbers.at = at;
    const length = numbers.read();
    const place = numbers.read();
    if (place + length > this.#bytes.length) throw damaged();
    const cutOff = numbers.read();
    numbers.read();
    numbers.read();
    for (let frames = numbers.read(); frames > 0; frames--) {
      if (numbers.ended) throw damaged();
      numbers.read();
    }
    return length > 0 && cutOff === 0 ? this.#bytes[place]! : -1;
  }
}

/** Where the number that begins here ends. */
function behind(numbers: Uint8Array, at: number): number {
  let end = at;
  while (numbers[end++]! > 127);
  return end;
}

const damaged = (): Error => new Error("a part of the observation is damaged");
