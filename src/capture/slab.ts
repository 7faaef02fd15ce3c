import type { Arena } from "../flow/arena.ts";
import { LIMITS } from "../limits.ts";
import type { ByteSource } from "./source.ts";

/**
 * The one buffer that an input is read into, again and again:
 *
 *     0                            home                               home + block
 *     |          room     | rest  | a block, read from the source    |
 *                         pos                                      end
 *
 * What is left of the last block (a record that was cut by its end) is moved to just before `home`, and the next block
 * is read right behind it, so a record is always in one piece and only its first part is ever copied.
 *
 * A block is read to the same place each time because place decides speed. A large ArrayBuffer's memory starts 16 bytes
 * after a page's start (the allocator's header stands before it), and where the kernel copies to exactly there, some
 * processors read 4 to 5 times slower. `home` is 32 bytes into a page of the buffer, so 48 bytes into a page of memory.
 */
export class Slab {
  buf: Uint8Array;
  /** The same bytes: one load for a field of four, where shifts take four loads and their checks. */
  view: DataView;
  /** The next byte to look at, and the first that is not there yet. */
  pos: number;
  end: number;
  /** What the reader waits for: bytes from `pos` on that its next record takes, 0 where it doesn't know. */
  needed = 0;
  /** How often it was filled: bytes stay where they are between two times. */
  fills = 0;
  /** Where `buf` begins in the arena; -1 where it is memory of its own. */
  base = -1;
  readonly #arena: Arena | null;
  #home: number;
  #block: number;
  #before = 0;

  /** @param blockBytes how much to read at a time; a small file needs no large slab. */
  constructor(blockBytes: number, arena: Arena | null = null) {
    this.#arena = arena;
    this.#home = ROOM + WITHIN_PAGE;
    this.#block = blockBytes;
    const bytes = this.#home + blockBytes;
    if (arena !== null) this.base = arena.take(bytes);
    this.buf = this.base < 0 ? new Uint8Array(bytes) : new Uint8Array(arena!.buffer, this.base, bytes);
    this.view = new DataView(this.buf.buffer, this.buf.byteOffset, bytes);
    this.pos = this.#home;
    this.end = this.#home;
  }

  /** Offset in the (decompressed) input of the byte at `pos`. */
  get offset(): number {
    return this.#before - (this.end - this.pos);
  }

  /**
   * Reads on until the record that is waited for is whole, at least once. Resolves to the bytes that came, 0 at the end
   * of the input. What the caller holds of `buf` is void.
   */
  async fill(source: ByteSource): Promise<number> {
    const rest = this.end - this.pos;
    this.#makeRoom(rest);
    this.fills++;
    let came = 0;
    do {
      const pending = source.read(this.buf, this.end, this.#home + this.#block - this.end);
      const count = typeof pending === "number" ? pending : await pending;
      if (count === 0) break;
      came += count;
      this.end += count;
      this.#before += count;
    } while (rest + came < this.needed);
    this.needed = 0;
    return came;
  }

  /** Gives the memory back; nothing more will be read. */
  release(): void {
    this.#leave();
    this.buf = EMPTY;
    this.view = NO_VIEW;
    this.pos = 0;
    this.end = 0;
  }

  #makeRoom(rest: number): void {
    if (rest <= this.#home && this.needed - rest <= this.#block) {
      this.buf.copyWithin(this.#home - rest, this.pos, this.end);
    } else {
      // A record larger than any so far. It is bounded: readers take nothing above LIMITS.recordBytes for a record.
      this.#home = Math.max(this.#home, pages(rest) + WITHIN_PAGE);
      this.#block = Math.max(this.#block, pages(this.needed));
      const larger = new Uint8Array(this.#home + this.#block);
      larger.set(this.buf.subarray(this.pos, this.end), this.#home - rest);
      this.#leave();
      this.buf = larger;
      this.view = new DataView(larger.buffer);
    }
    this.pos = this.#home - rest;
    this.end = this.#home;
  }

  #leave(): void {
    if (this.base >= 0) this.#arena!.giveBack(this.base, this.buf.length);
    this.base = -1;
  }
}

const PAGE = 4096;
const WITHIN_PAGE = 32;
/** Room for the first part of a record: the 256 KiB that libpcap captures at most, its header, and the rest of a page. */
const ROOM = (256 << 10) + PAGE;
const EMPTY = new Uint8Array(0);
const NO_VIEW = new DataView(EMPTY.buffer);

function pages(bytes: number): number {
  return Math.ceil(bytes / PAGE) * PAGE;
}

/** Size of the blocks to read: `LIMITS.slabBytes` shared among the inputs, and no more than a small file has. */
export function blockBytes(size: number | null, inputs: number): number {
  const share = Math.max(64 << 10, pages(LIMITS.slabBytes / inputs));
  return size === null ? share : Math.min(share, pages(size + 1));
}
