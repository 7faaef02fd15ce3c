/** Pieces of the arena for what is kept of single flows, up to a cap in all. */
import type { Arena } from "./arena.ts";

/** Pieces begin at lines of the processor's cache; what the arena gives does not. */
const LINE = 64;

/** So many words from a place in the arena on. */
export interface Piece {
  readonly at: number;
  readonly words: Int32Array;
  /** What the arena gave for it. */
  readonly from: number;
}

export class Room {
  readonly #arena: Arena;
  /** Bytes that may still be taken. */
  #left: number;

  constructor(arena: Arena, most: number) {
    this.#arena = arena;
    this.#left = most;
  }

  /** A piece of so many words; null where there is no room. In it is whatever was there before. */
  take(words: number): Piece | null {
    if (words * 4 > this.#left) return null;
    const from = this.#arena.take(words * 4 + LINE);
    if (from < 0) return null;
    this.#left -= words * 4;
    const at = Math.ceil(from / LINE) * LINE;
    return { at, words: new Int32Array(this.#arena.buffer, at, words), from };
  }

  /** Somebody else may have it from now on. */
  giveBack({ words, from }: Piece): void {
    this.#left += words.byteLength;
    this.#arena.giveBack(from, words.byteLength + LINE);
  }
}
