/** What the threads that read a capture together tell each other. */
import type { RealmPart } from "../capture/realm-parts.ts";
import { LIMITS } from "../limits.ts";
import type { ObservationPart } from "../store/store.ts";

/** What a helping thread is given. */
export interface HelperTask {
  /** `size`: bytes to read, so that all threads see the same of a file that still grows. */
  inputs: readonly { path: string; realm: string; parts?: readonly RealmPart[]; size?: number }[];
  lanes: number;
  /** What the first thread takes for VXLAN this one takes for it too. */
  vxlanPorts: readonly number[];
  /** Its place in `progress`. */
  place: number;
  /** `Progress`'s memory. */
  shared: SharedArrayBuffer;
}

/** What it answers: all that it saw. */
export type HelperAnswer = ObservationPart[];

/** How far each thread has read, in frames, and the frame at which all are to stop. */
export class Progress {
  readonly shared: SharedArrayBuffer;
  readonly #words: BigInt64Array;

  constructor(memory: SharedArrayBuffer | number) {
    this.shared = typeof memory === "number" ? new SharedArrayBuffer((memory + 1) * 8) : memory;
    this.#words = new BigInt64Array(this.shared);
    if (typeof memory === "number") this.#words[0] = NEVER;
  }

  /** Says how far a thread is, and asks how far it may go. */
  tell(place: number, frames: number): number {
    Atomics.store(this.#words, place + 1, BigInt(frames));
    return Number(Atomics.load(this.#words, 0));
  }

  /**
   * Makes all threads stop at the same frame. A thread looks once a block, so the frame lies further ahead than a block
   * of the smallest records could bring the furthest of them. Returns that frame.
   */
  stop(): number {
    let furthest = 0n;
    for (let place = 1; place < this.#words.length; place++) {
      const frames = Atomics.load(this.#words, place);
      if (frames > furthest) furthest = frames;
    }
    const end = furthest + BigInt(2 * BLOCK_FRAMES);
    Atomics.compareExchange(this.#words, 0, NEVER, end);
    return Number(Atomics.load(this.#words, 0));
  }
}

/** Frames that one block may hold: a record's header takes 16 bytes. */
const BLOCK_FRAMES = LIMITS.slabBytes / 16;
const NEVER = BigInt(Number.MAX_SAFE_INTEGER);
