import type { Ahead } from "../flow/ahead.ts";
import type { Arena } from "../flow/arena.ts";
import { LIMITS } from "../limits.ts";
import type { ByteSource } from "./source.ts";

/** A buffer of a slab. */
interface Memory {
  readonly buf: Uint8Array;
  /** The same bytes: one load for a field of four, where shifts take four loads and their checks. */
  readonly view: DataView;
  /** Where `buf` begins in the arena; -1 where it is memory of its own. */
  readonly base: number;
  /** Where in the arena entries of its records have room, for who makes them ahead; -1 where they have none. */
  readonly entriesAt: number;
}

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
 * Of a long file there are two buffers, used by turns: while one is looked at, another thread reads the next block into the
 * other (`readAhead`). Copying from the page cache takes a sixth of a run that mostly walks, and so takes it beside the walk.
 * Where records are plain and small that is a thread of our own, which makes their entries too (`flow/ahead.ts`).
 *
 * A block is read to the same place each time because place decides speed. A large ArrayBuffer's memory starts 16 bytes
 * after a page's start (the allocator's header stands before it), and where the kernel copies to exactly there, some
 * processors read 4 to 5 times slower. `home` is 32 bytes into a page of the buffer, so 48 bytes into a page of memory.
 */
export class Slab {
  buf = EMPTY;
  view = NO_VIEW;
  base = -1;
  /** The next byte to look at, and the first that is not there yet. */
  pos: number;
  end: number;
  /** What the reader waits for: bytes from `pos` on that its next record takes, 0 where it doesn't know. */
  needed = 0;
  /** How often it was filled: bytes stay where they are between two times. */
  fills = 0;
  /** How many of the block's records have entries that were made ahead, and where these are in the arena. */
  made = 0;
  madeAt = -1;
  /** Nanoseconds in a unit of the fractions of plain records that are worth entries made ahead; 0 where they are not. */
  unit = 0;
  readonly #arena: Arena | null;
  readonly #ahead: Ahead | null;
  /** As many entries as a block has records that may have one, but for a few. */
  readonly #entries: number;
  /** The buffer that is not looked at, and the bytes that are being read into it. */
  #other: Memory | null = null;
  #coming: (() => number | Promise<number>) | null = null;
  /** Whether the thread ahead reads them. */
  #asked = false;
  #home: number;
  #block: number;
  #before = 0;

  /** @param blockBytes how much to read at a time; a small file needs no large slab. */
  constructor(blockBytes: number, arena: Arena | null = null, ahead: Ahead | null = null) {
    this.#arena = arena;
    this.#ahead = ahead;
    this.#home = ROOM + WITHIN_PAGE;
    this.#block = blockBytes;
    this.#entries = Math.ceil(blockBytes / SHORTEST);
    this.#lookAt(this.#take());
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
    this.fills++;
    const rest = this.end - this.pos;
    const count = await this.#arrived();
    let came = 0;
    this.made = 0;
    if (count >= 0) {
      const made = this.#asked ? this.#ahead!.made : 0;
      if (this.#asked) source.took!(count);
      this.#turn(count);
      came = this.#has(count);
      if (this.base >= 0) this.made = made;
    } else {
      this.#makeRoom(rest);
    }
    while (came === 0 || rest + came < this.needed) {
      if (came > 0) this.#makeRoom(rest + came);
      const pending = source.read(this.buf, this.end, this.#home + this.#block - this.end);
      const count = this.#has(typeof pending === "number" ? pending : await pending);
      if (count === 0) break;
      came += count;
    }
    this.needed = 0;
    return came;
  }

  /** Lets the source begin with the next block, where it can: a shorter one is not worth it. `fill` waits for it. */
  readAhead(source: ByteSource): void {
    if (source.readAhead === undefined || source.left! < this.#block) return;
    this.#other ??= this.#take();
    this.#asked = this.#ask(this.#other, source);
    if (this.#asked) {
      this.#coming = () => this.#ahead!.answer();
      return;
    }
    const coming = source.readAhead(this.#other.buf, this.#home, this.#block);
    coming.catch(() => {}); // `fill` tells it
    this.#coming = () => coming;
  }

  /** Has the thread ahead read the next block and make its entries; false where it can't. */
  #ask({ base, entriesAt }: Memory, { file, bytesRead }: ByteSource): boolean {
    if (this.#ahead === null || this.unit === 0 || this.base < 0 || entriesAt < 0) return false;
    if (file === undefined || file === null || !this.#ahead.ready()) return false;
    this.#ahead.ask({
      file,
      place: bytesRead,
      at: base + this.#home,
      length: this.#block,
      entriesAt,
      room: this.#entries,
      unit: this.unit,
      before: this.base + this.pos,
      beforeEnd: this.base + this.end,
    });
    return true;
  }

  /** Bytes that were read ahead; below 0 where none were, or the thread ahead failed. */
  async #arrived(): Promise<number> {
    const coming = this.#coming?.() ?? -1;
    this.#coming = null;
    return coming;
  }

  /** Gives the memory back when nobody reads into it any more; nothing more will be read. */
  async release(): Promise<void> {
    await this.#arrived().catch(() => {});
    this.#leave(this.#current);
    this.#leave(this.#other);
    this.#other = null;
    this.#lookAt({ buf: EMPTY, view: NO_VIEW, base: -1, entriesAt: -1 });
    this.pos = 0;
    this.end = 0;
  }

  /** To the other buffer, which has its block now, of `count` bytes. */
  #turn(count: number): void {
    const { buf, pos, end } = this;
    const rest = end - pos;
    const other = this.#other!;
    if (rest <= this.#home) {
      this.#other = this.#current;
      this.#lookAt(other);
      this.buf.set(buf.subarray(pos, end), this.#home - rest);
    } else {
      const block = other.buf.subarray(this.#home, this.#home + count);
      this.#grow(rest);
      this.buf.set(block, this.#home);
    }
    this.pos = this.#home - rest;
    this.end = this.#home;
  }

  #makeRoom(rest: number): void {
    if (rest <= this.#home && this.needed - rest <= this.#block) {
      this.buf.copyWithin(this.#home - rest, this.pos, this.end);
    } else {
      this.#grow(rest);
    }
    this.pos = this.#home - rest;
    this.end = this.#home;
  }

  /** For a record larger than any so far. It is bounded: readers take nothing above LIMITS.recordBytes for a record. */
  #grow(rest: number): void {
    this.#home = Math.max(this.#home, pages(rest) + WITHIN_PAGE);
    this.#block = Math.max(this.#block, pages(this.needed));
    const larger = new Uint8Array(this.#home + this.#block);
    larger.set(this.buf.subarray(this.pos, this.end), this.#home - rest);
    this.#leave(this.#current);
    this.#leave(this.#other);
    this.#other = null;
    this.#lookAt({ buf: larger, view: new DataView(larger.buffer), base: -1, entriesAt: -1 });
  }

  #has(count: number): number {
    this.end += count;
    this.#before += count;
    return count;
  }

  get #current(): Memory {
    return { buf: this.buf, view: this.view, base: this.base, entriesAt: this.madeAt };
  }

  #lookAt({ buf, view, base, entriesAt }: Memory): void {
    this.buf = buf;
    this.view = view;
    this.base = base;
    this.madeAt = entriesAt;
  }

  #take(): Memory {
    const bytes = this.#home + this.#block;
    const base = this.#arena?.take(bytes) ?? -1;
    const buf = base < 0 ? new Uint8Array(bytes) : new Uint8Array(this.#arena!.buffer, base, bytes);
    const entriesAt = base < 0 || this.#ahead === null ? -1 : this.#arena!.takeLines(this.#entries);
    return { buf, view: new DataView(buf.buffer, buf.byteOffset, bytes), base, entriesAt };
  }

  #leave(memory: Memory | null): void {
    if (memory === null || memory.base < 0) return;
    this.#arena!.giveBack(memory.base, memory.buf.length);
    if (memory.entriesAt >= 0) this.#arena!.giveLinesBack(memory.entriesAt, this.#entries);
  }
}

/** Bytes of the shortest record that has an entry: its header, Ethernet's, IPv4's and TCP's. */
const SHORTEST = 70;
const PAGE = 4096;
const WITHIN_PAGE = 32;
/** Room for the first part of a record: the 256 KiB that libpcap captures at most, its header, and the rest of a page. */
const ROOM = (256 << 10) + PAGE;
const EMPTY: Uint8Array = new Uint8Array(0);
const NO_VIEW: DataView = new DataView(EMPTY.buffer);

function pages(bytes: number): number {
  return Math.ceil(bytes / PAGE) * PAGE;
}

/**
 * Size of the blocks to read: `LIMITS.slabBytes` shared among the inputs that are read at once, and no more than a small file
 * has. Of few sizes, because an arena gives what was given back only to who asks for as much.
 */
export function blockBytes(size: number | null, inputs: number): number {
  const share = Math.max(64 << 10, powerOfTwo(LIMITS.slabBytes / inputs));
  return size === null ? share : Math.min(share, powerOfTwo(Math.max(PAGE, size + 1)));
}

/** The next larger one. */
function powerOfTwo(bytes: number): number {
  return 2 ** Math.ceil(Math.log2(bytes));
}
