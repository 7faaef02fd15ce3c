/** Records come whole and in order, whatever their sizes, in whatever pieces they are read, ahead or not. */
import test from "ava";
import fc from "fast-check";
import { Slab } from "../../src/capture/slab.ts";
import type { ByteSource } from "../../src/capture/source.ts";
import { concat } from "../support/hex.ts";

/** Hands out at most `pieces` bytes at a time, over and over; while it reads ahead nothing else may be asked of it. */
class PieceSource implements ByteSource {
  readonly cut = false;
  readonly bytes: Uint8Array;
  readonly #pieces: readonly number[];
  bytesRead = 0;
  ahead = 0;
  #turn = 0;
  #busy = false;

  constructor(bytes: Uint8Array, pieces: readonly number[]) {
    this.bytes = bytes;
    this.#pieces = pieces;
  }
  get size(): number {
    return this.bytes.length;
  }
  get left(): number {
    return this.bytes.length - this.bytesRead;
  }
  read(into: Uint8Array, at: number, length: number): number {
    if (this.#busy) throw new Error("it reads ahead");
    const count = Math.min(length, this.left, this.#pieces[this.#turn++ % this.#pieces.length]!);
    into.set(this.bytes.subarray(this.bytesRead, this.bytesRead + count), at);
    this.bytesRead += count;
    return count;
  }
  async readAhead(into: Uint8Array, at: number, length: number): Promise<number> {
    this.#busy = true;
    this.ahead++;
    await null;
    this.#busy = false;
    return this.read(into, at, length);
  }
  async close(): Promise<void> {}
}

/** What does not fit into the room before a block. */
const LARGE = 300_000;

/** A record is a byte that says how long it is, and as many bytes that count on. */
function capture(sizes: readonly number[]): Uint8Array {
  const records = sizes.map((size) => {
    const record = Uint8Array.from({ length: 1 + (size === 255 ? LARGE : size) }, (_, i) => i);
    record[0] = size;
    return record;
  });
  return concat(records);
}

async function recordsOf(slab: Slab, source: ByteSource): Promise<number[]> {
  const sizes: number[] = [];
  while ((await slab.fill(source)) > 0) {
    slab.readAhead(source);
    while (slab.pos < slab.end) {
      const size = slab.buf[slab.pos]!;
      const length = 1 + (size === 255 ? LARGE : size);
      if (slab.end - slab.pos < length) {
        slab.needed = length;
        break;
      }
      const body = slab.buf.subarray(slab.pos + 1, slab.pos + length);
      sizes.push(body.every((byte, i) => byte === ((i + 1) & 255)) ? size : -1);
      slab.pos += length;
    }
  }
  return sizes;
}

test("records come whole and in order", async (t) => {
  let readAhead = 0;
  const property = fc.asyncProperty(
    fc.array(fc.oneof({ weight: 9, arbitrary: fc.nat(254) }, fc.constant(255)), { maxLength: 60, size: "max" }),
    fc.array(fc.integer({ min: 1, max: 200_000 }), { minLength: 1, maxLength: 5 }),
    fc.constantFrom(64, 1000, 40_000, 400_000),
    async (sizes, pieces, block) => {
      const bytes = capture(sizes);
      const source = new PieceSource(bytes, pieces);
      const slab = new Slab(block);
      t.deepEqual(await recordsOf(slab, source), sizes);
      t.is(slab.offset, bytes.length, "and it knows where it stands");
      readAhead += source.ahead;
    },
  );
  await fc.assert(property, { numRuns: 100 });
  t.true(readAhead > 100);
});

test("what goes wrong ahead is told by the next fill, and not before", async (t) => {
  const source = new PieceSource(new Uint8Array(500), [100]);
  source.readAhead = () => Promise.reject(new Error("EIO"));
  const slab = new Slab(100);
  t.is(await slab.fill(source), 100);
  slab.readAhead(source);
  await new Promise((resolve) => setImmediate(resolve));
  await t.throwsAsync(slab.fill(source), { message: "EIO" });
  await slab.release();
});

test("memory is given back when nobody reads into it any more", async (t) => {
  const source = new PieceSource(new Uint8Array(500), [100]);
  let done = false;
  source.readAhead = async (into, at, length) => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    done = true;
    return source.read(into, at, length);
  };
  const slab = new Slab(100);
  await slab.fill(source);
  slab.readAhead(source);
  await slab.release();
  t.true(done);
});
