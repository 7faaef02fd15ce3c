/** A decoder called as the driver calls it, on bytes where they stand: nothing but the decoder takes time. */
import { DECODERS } from "../../decoders/index.ts";
import { Cursor, Fault } from "../../src/decode/cursor.ts";
import {
  type Context,
  type Decoder,
  STREAM_DONE,
  STREAM_MORE,
  STREAM_NEXT,
  STREAM_NO,
} from "../../src/decode/decoder.ts";
import type { Fact } from "../../src/decode/facts.ts";
import { Broken } from "./target.ts";

/** Facts of one byte, at most: what says more than that grows faster than its input. */
const FACTS_PER_BYTE = 4;

export class Sweeper {
  readonly #decoder: Decoder;
  readonly #cursor = new Cursor();
  #facts = 0;
  readonly #emit = (_fact: Fact): void => {
    this.#facts++;
  };

  constructor(decoder: Decoder) {
    this.#decoder = decoder;
  }

  /** A message at the beginning of `buf`; a stream comes in `pieces`, of which the last repeats (none: at once). */
  try(buf: Uint8Array, length: number, at: Context, cutOff: number, pieces: readonly number[]): void {
    this.#facts = 0;
    if (at.transport === "tcp") this.#stream(buf, length, at, cutOff, pieces);
    else this.#datagram(buf, length, at, cutOff);
    if (this.#facts > 16 + FACTS_PER_BYTE * length) throw new Broken(`${this.#facts} facts of ${length} bytes`);
  }

  #datagram(buf: Uint8Array, length: number, at: Context, cutOff: number): void {
    const decoder = this.#decoder;
    if (decoder.datagram === undefined || decoder.looksDatagram?.(buf, 0, length) !== true) return;
    try {
      decoder.datagram(this.#cursor.set(buf, 0, length, cutOff), this.#emit, at);
    } catch (fault) {
      if (!(fault instanceof Fault)) throw fault;
      fault.toString();
    }
  }

  #stream(buf: Uint8Array, length: number, at: Context, cutOff: number, pieces: readonly number[]): void {
    let decoder = this.#decoder;
    let taken = 0;
    let there = 0;
    at.state = 0;
    for (let i = 0; there < length; i++) {
      there = pieces.length === 0 ? length : Math.min(length, there + pieces[Math.min(i, pieces.length - 1)]!);
      while (taken < there) {
        if (!at.started && decoder.looksStream?.(buf, taken, there - taken) !== true) return;
        const took = this.#call(decoder, buf, taken, there - taken, at, cutOff);
        if (took === STREAM_MORE) break;
        if (took === STREAM_NO || took === STREAM_DONE) return;
        if (took === STREAM_NEXT) {
          const next = DECODERS.find(({ id }) => id === at.next);
          if (!at.started || next === undefined) throw new Broken(`${decoder.id} hands over to ${at.next}`);
          decoder = next;
          at.started = false;
          at.fromStart = true;
          at.state = 0;
          continue;
        }
        if (took < 1 || took > there - taken) throw new Broken(`${took} bytes taken of ${there - taken}`);
        taken += took;
        at.started = true;
      }
    }
  }

  #call(decoder: Decoder, buf: Uint8Array, from: number, length: number, at: Context, cutOff: number): number {
    try {
      return decoder.stream!(this.#cursor.set(buf, from, length, cutOff), this.#emit, at);
    } catch (fault) {
      if (!(fault instanceof Fault)) throw fault;
      fault.toString();
      return fault.what === "short" ? STREAM_MORE : STREAM_DONE;
    }
  }
}
