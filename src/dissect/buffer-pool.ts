/** Buffers of three sizes, used again: a datagram of two fragments fits the first, the largest datagram the last. */
const SIZES = [4 << 10, 16 << 10, 64 << 10] as const;

export class BufferPool {
  readonly #free: Uint8Array[][] = SIZES.map(() => []);
  readonly #headroom: number;
  readonly #most: number;
  /** Bytes of the buffers that are out. */
  #out = 0;

  /** `headroom`: bytes that each buffer has beside its size. `most`: bytes that may be out at once. */
  constructor(headroom: number, most: number) {
    this.#headroom = headroom;
    this.#most = most;
  }

  /** A buffer with room for this many bytes (at most 64 KiB) beside the headroom, not cleared; null beyond the bound. */
  take(length: number): Uint8Array | null {
    const kind = SIZES.findIndex((size) => length <= size);
    if (kind < 0) return null;
    const size = SIZES[kind]! + this.#headroom;
    if (this.#out + size > this.#most) return null;
    this.#out += size;
    return this.#free[kind]!.pop() ?? new Uint8Array(size);
  }

  give(buf: Uint8Array): void {
    this.#out -= buf.length;
    this.#free[SIZES.findIndex((size) => size + this.#headroom === buf.length)]!.push(buf);
  }
}
