import { closeSync, fstatSync, openSync, read, readSync } from "node:fs";

/**
 * Where the bytes of one input come from. `read` copies into the caller's memory, so that a plain file goes from the
 * page cache to the slab in one step.
 */
export interface ByteSource {
  /** Size as stored, where it is known. */
  readonly size: number | null;
  /** Bytes as stored that were used up so far. */
  readonly bytesRead: number;
  /** True once the input ended before its own format said so: a compressed stream without its end. */
  readonly cut: boolean;
  /** At most `length` bytes to `into[at]`; resolves to how many, 0 at the end. Throws an Error whose message is for people. */
  read(into: Uint8Array, at: number, length: number): number | Promise<number>;
  /** Where another thread may read: bytes that are left, and as `read`. Nothing else is asked for until it resolves. */
  readonly left?: number;
  readAhead?(into: Uint8Array, at: number, length: number): Promise<number>;
  /** A file's number, for another thread to read it; and that one has, so many bytes more. */
  readonly file?: number | null;
  took?(count: number): void;
  close(): Promise<void>;
}

/**
 * A regular file, read by position. What is wanted now is read at once: a block comes out of the page cache in less time
 * than a round trip to the thread pool takes.
 *
 * The descriptor is not kept when `keepOpen` is false: a thousand rotated files, merged, must not meet the process's
 * limit, and opening one again costs microseconds a block.
 */
export class FileSource implements ByteSource {
  readonly path: string;
  readonly size: number;
  readonly cut = false;
  bytesRead = 0;
  readonly #most: number;
  readonly #keepOpen: boolean;
  #descriptor: number | null = null;

  /** `most`: bytes to read; all that come, where it is left out. */
  constructor(path: string, keepOpen: boolean, most = Number.POSITIVE_INFINITY) {
    this.#most = most;
    this.path = path;
    this.#keepOpen = keepOpen;
    this.#descriptor = openSync(path, "r");
    this.size = fstatSync(this.#descriptor).size;
    if (!keepOpen) this.#release();
  }

  get left(): number {
    return this.#keepOpen ? Math.min(this.size, this.#most) - this.bytesRead : 0;
  }

  read(into: Uint8Array, at: number, length: number): number {
    this.#descriptor ??= openSync(this.path, "r");
    const got = readSync(this.#descriptor, into, at, Math.min(length, this.#most - this.bytesRead), this.bytesRead);
    if (!this.#keepOpen) this.#release();
    return this.#got(got);
  }

  async readAhead(into: Uint8Array, at: number, length: number): Promise<number> {
    return this.#got(await readPart(this.#descriptor!, into, at, length, this.bytesRead));
  }

  get file(): number | null {
    return this.#descriptor;
  }

  took(count: number): void {
    this.#got(count);
  }

  async close(): Promise<void> {
    this.#release();
  }

  #got(count: number): number {
    this.bytesRead += count;
    if (count === 0 && this.bytesRead < Math.min(this.size, this.#most)) {
      throw new Error(`The file became shorter while it was read: ${this.size} bytes at first, ${this.bytesRead} now`);
    }
    return count;
  }

  #release(): void {
    if (this.#descriptor !== null) closeSync(this.#descriptor);
    this.#descriptor = null;
  }
}

function readPart(file: number, into: Uint8Array, at: number, length: number, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    read(file, into, at, length, position, (error, count) => (error === null ? resolve(count) : reject(error)));
  });
}

/** What hands out chunks; Node's readable streams do, and can be ended at any time. */
export type Chunks = AsyncIterable<Uint8Array> & { destroy?(): unknown };

/** Standard input, a named pipe, or anything else that hands out chunks. */
export class StreamSource implements ByteSource {
  readonly size = null;
  readonly cut = false;
  bytesRead = 0;
  readonly #stream: Chunks;
  readonly #chunks: AsyncIterator<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array(0);
  #used = 0;

  constructor(stream: Chunks) {
    this.#stream = stream;
    this.#chunks = stream[Symbol.asyncIterator]();
  }

  async read(into: Uint8Array, at: number, length: number): Promise<number> {
    while (this.#used === this.#chunk.length) {
      const { done, value } = await this.#chunks.next();
      if (done === true) return 0;
      this.#chunk = value;
      this.#used = 0;
    }
    const count = Math.min(length, this.#chunk.length - this.#used);
    into.set(this.#chunk.subarray(this.#used, this.#used + count), at);
    this.#used += count;
    this.bytesRead += count;
    return count;
  }

  async close(): Promise<void> {
    // An iterator that is waiting for its next chunk ends only after it, which may be never; a stream ends at once.
    if (this.#stream.destroy !== undefined) this.#stream.destroy();
    else await this.#chunks.return?.();
  }
}

/** A source whose first bytes were already taken, to be read again from its start. */
export class ReplaySource implements ByteSource {
  readonly #head: Uint8Array;
  readonly #rest: ByteSource;
  #used = 0;

  constructor(head: Uint8Array, rest: ByteSource) {
    this.#head = head;
    this.#rest = rest;
  }

  get size(): number | null {
    return this.#rest.size;
  }
  get bytesRead(): number {
    return this.#rest.bytesRead - (this.#head.length - this.#used);
  }
  get cut(): boolean {
    return this.#rest.cut;
  }

  read(into: Uint8Array, at: number, length: number): number | Promise<number> {
    if (this.#used === this.#head.length) return this.#rest.read(into, at, length);
    const count = Math.min(length, this.#head.length - this.#used);
    into.set(this.#head.subarray(this.#used, this.#used + count), at);
    this.#used += count;
    return count;
  }

  close(): Promise<void> {
    return this.#rest.close();
  }
}
