import type { Transform } from "node:stream";
import { nodeZlib } from "../builtins.ts";
import type { ByteSource } from "./source.ts";
import { ZstdBlocks } from "./zstd-blocks.ts";

export type Packing = "gzip" | "zstd";

/** How the bytes are packed, by their first ones (RFC 1952 section 2.3.1, RFC 8878 section 3.1.1); null where they are not. */
export function packingOf(bytes: Uint8Array): Packing | null {
  const [a, b, c, d] = bytes;
  if (a === 0x1f && b === 0x8b) return "gzip";
  if (a === 0x28 && b === 0xb5 && c === 0x2f && d === 0xfd) return "zstd";
  return null;
}

/** Packed bytes read at a time. Small, because the worst that a decoder makes of them has to fit in memory. */
const PACKED_BYTES = 16 << 10;
/** Unpacked bytes held before the decoder has to wait. Enough that it never does for ordinary captures. */
const HELD_BYTES = 4 << 20;

/** Unpacks what it gets; `take` is called with what came out. */
export interface Unpacker {
  /** Resolves once it wants more. */
  push(packed: Uint8Array): Promise<void>;
  /** No more will come. Resolves to false where the packed stream is not whole. */
  finish(): Promise<boolean>;
  pause(): void;
  resume(): void;
  close(): void;
}

/**
 * A packed source as a plain one. What is unpacked waits in a short queue, and the decoder is held back while it is
 * full, so a small file that unpacks to terabytes streams through like any other.
 *
 * A stream without its end is `cut`: everything that came out of it is delivered first. Anything else that is wrong
 * with it is thrown, likewise after what came out before.
 */
export class UnpackSource implements ByteSource {
  cut = false;
  readonly #packed: ByteSource;
  readonly #makeUnpacker: MakeUnpacker;
  readonly #queue: Uint8Array[] = [];
  #queued = 0;
  #used = 0;
  #unpacker: Unpacker | null = null;
  /** The decoder's work under way, whatever its outcome; null when it wants more. */
  #working: Promise<void> | null = null;
  #failure: Error | null = null;
  #done = false;
  #wake: () => void = () => {};

  /** @param unpacker the decoder; the best that this Node has, unless given. */
  constructor(packing: Packing, packed: ByteSource, unpacker: MakeUnpacker = unpackerFor(packing)) {
    this.#packed = packed;
    this.#makeUnpacker = unpacker;
  }

  get size(): number | null {
    return this.#packed.size;
  }
  get bytesRead(): number {
    return this.#packed.bytesRead;
  }

  async read(into: Uint8Array, at: number, length: number): Promise<number> {
    while (this.#queue.length === 0) {
      if (this.#failure !== null) throw this.#failure;
      if (this.#done) return 0;
      this.#unpacker ??= await this.#makeUnpacker((bytes) => this.#take(bytes));
      this.#unpacker.resume();
      // The decoder may have to be resumed many times for one chunk, so wait for whichever comes first: bytes or its end.
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#working ??= this.#step(this.#unpacker);
      await Promise.race([woken, this.#working]);
    }
    // While what came is looked at, the decoder works on the next chunk in another thread.
    const more = this.#queued < HELD_BYTES && !this.#done && this.#failure === null;
    if (more && this.#unpacker !== null) this.#working ??= this.#step(this.#unpacker);
    return this.#give(into, at, length);
  }

  async close(): Promise<void> {
    this.#unpacker?.close();
    this.#queue.length = 0;
    await this.#packed.close();
  }

  async #step(unpacker: Unpacker): Promise<void> {
    try {
      const chunk = new Uint8Array(PACKED_BYTES);
      const count = await this.#packed.read(chunk, 0, chunk.length);
      if (count > 0) {
        await unpacker.push(chunk.subarray(0, count));
      } else {
        this.cut = !(await unpacker.finish());
        this.#done = true;
      }
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error(String(error));
    }
    this.#working = null;
  }

  #take(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#queue.push(bytes);
    this.#queued += bytes.length;
    if (this.#queued >= HELD_BYTES) this.#unpacker?.pause();
    this.#wake();
  }

  #give(into: Uint8Array, at: number, length: number): number {
    let given = 0;
    while (given < length && this.#queue.length > 0) {
      const first = this.#queue[0]!;
      const count = Math.min(length - given, first.length - this.#used);
      into.set(first.subarray(this.#used, this.#used + count), at + given);
      given += count;
      this.#used += count;
      if (this.#used === first.length) {
        this.#queue.shift();
        this.#used = 0;
      }
    }
    this.#queued -= given;
    return given;
  }
}

type MakeUnpacker = (take: (bytes: Uint8Array) => void) => Unpacker | Promise<Unpacker>;

/** Unpacked bytes that come at a time. */
const OPTIONS = { chunkSize: 64 << 10 };

function unpackerFor(packing: Packing): MakeUnpacker {
  const zlib = nodeZlib();
  if (packing === "gzip") return (take) => new StreamUnpacker("gzip", zlib.createGunzip(OPTIONS), take);
  // Node has zstd from 22.15 on.
  const create = "createZstdDecompress" in zlib ? zlib.createZstdDecompress : undefined;
  if (create === undefined) return fzstdUnpacker;
  return (take) => new ZstdUnpacker(() => new StreamUnpacker("zstd", create(OPTIONS), take));
}

/** The decoder for Node without zstd, loaded only there: most runs see no zstd. */
export async function fzstdUnpacker(take: (bytes: Uint8Array) => void): Promise<Unpacker> {
  const { Decompress } = await import("fzstd");
  return new FzstdUnpacker(new Decompress((bytes) => take(bytes)));
}

/** Node's own decoders. */
class StreamUnpacker implements Unpacker {
  readonly #packing: Packing;
  readonly #stream: Transform;
  #failure: Error | null = null;
  /** Whoever waits for the decoder. A decoder that fails calls back no write, it only says `error`. */
  #resolve: () => void = () => {};
  #reject: (reason: Error) => void = () => {};

  constructor(packing: Packing, stream: Transform, take: (bytes: Uint8Array) => void) {
    this.#packing = packing;
    this.#stream = stream;
    stream.on("data", take);
    stream.on("end", () => this.#resolve());
    stream.on("error", (error) => {
      this.#failure = error;
      this.#reject(error);
    });
  }

  async push(packed: Uint8Array): Promise<void> {
    try {
      await this.#until((done) => this.#stream.write(packed, done));
    } catch (error) {
      throw this.#told(error);
    }
  }

  async finish(): Promise<boolean> {
    try {
      await this.#until(() => this.#stream.end());
      return true;
    } catch (error) {
      if (error instanceof Error && error.message === "unexpected end of file") return false;
      throw this.#told(error);
    }
  }

  #until(start: (done: () => void) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      if (this.#failure !== null) reject(this.#failure);
      else start(() => resolve());
    });
  }

  pause(): void {
    this.#stream.pause();
  }
  resume(): void {
    this.#stream.resume();
  }
  close(): void {
    this.#stream.destroy();
  }

  #told(error: unknown): Error {
    const reason = error instanceof Error ? error.message : String(error);
    return new Error(`The ${this.#packing} stream is damaged here (${reason})`);
  }
}

/** Node's zstd, with a new decoder for each frame. */
class ZstdUnpacker implements Unpacker {
  readonly #decoder: () => Unpacker;
  readonly #blocks = new ZstdBlocks();
  #frame: Unpacker | null = null;

  constructor(decoder: () => Unpacker) {
    this.#decoder = decoder;
  }

  async push(packed: Uint8Array): Promise<void> {
    for (const { bytes, first } of this.#blocks.push(packed)) {
      if (first) {
        await this.#endFrame();
        this.#frame = this.#decoder();
      }
      await this.#frame?.push(bytes);
    }
  }

  async finish(): Promise<boolean> {
    await this.#endFrame();
    return this.#blocks.whole;
  }

  async #endFrame(): Promise<void> {
    await this.#frame?.finish();
    this.#frame = null;
  }

  pause(): void {
    this.#frame?.pause();
  }
  resume(): void {
    this.#frame?.resume();
  }
  close(): void {
    this.#frame?.close();
  }
}

/** The `fzstd` package, for Node without zstd: synchronous, fed one block at a time. */
class FzstdUnpacker implements Unpacker {
  readonly #decoder: { push(chunk: Uint8Array, final?: boolean): unknown };
  readonly #blocks = new ZstdBlocks();

  constructor(decoder: { push(chunk: Uint8Array, final?: boolean): unknown }) {
    this.#decoder = decoder;
  }

  async push(packed: Uint8Array): Promise<void> {
    for (const { bytes } of this.#blocks.push(packed)) this.#feed(bytes, false);
  }

  async finish(): Promise<boolean> {
    const { whole } = this.#blocks;
    try {
      this.#feed(new Uint8Array(0), true);
    } catch (error) {
      if (whole) throw error;
    }
    return whole;
  }

  pause(): void {}
  resume(): void {}
  close(): void {}

  #feed(piece: Uint8Array, final: boolean): void {
    try {
      this.#decoder.push(piece, final);
    } catch (error) {
      throw new Error(`The zstd stream is damaged here (${error instanceof Error ? error.message : String(error)})`);
    }
  }
}
