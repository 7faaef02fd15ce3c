/** Rows of flows, as bytes and back. */
import test from "ava";
import fc from "fast-check";
import * as R from "../../src/flow/row.ts";
import { packRows, unpackRows } from "../../src/observe/rows-codec.ts";
import { observe, readFrames } from "../support/observe.ts";

const anyWord = fc.oneof(fc.integer(), fc.nat(3), fc.constantFrom(-(2 ** 31), 2 ** 31 - 1, -1, 1_000, 999_999_000));
/** Rows of few protocols and states, so that some are compared with others. */
const anyRow = fc
  .tuple(
    fc.array(anyWord, { minLength: 32, maxLength: 32 }),
    fc.constantFrom(0x406, 0x411, 0x606),
    fc.nat(3),
    fc.nat(3),
    fc.integer(),
  )
  .map(([words, meta, low, high, state]) => {
    const row = [...words];
    row[R.META] = meta;
    row[R.PACKETS] = low;
    row[R.PACKETS + 1] = high;
    row[R.STATE] = state;
    return row;
  });

function inBlocks(rows: readonly (readonly number[])[]): Int32Array {
  const words = new Int32Array(Math.ceil(rows.length / R.BLOCK_ROWS) * R.BLOCK_WORDS);
  for (const [row, values] of rows.entries()) R.writeRow(values, words, R.placeOf(row));
  return words;
}

test("any rows come back word for word", (t) => {
  fc.assert(
    fc.property(fc.array(anyRow, { maxLength: 150 }), (rows) => {
      const words = inBlocks(rows);
      const read = unpackRows(packRows(words, rows.length));
      t.is(read.rows, rows.length);
      t.deepEqual(read.words, words);
    }),
    { numRuns: 100 },
  );
});

test("rows of a capture come back, in less than half the bytes", async (t) => {
  const { table } = observe(await readFrames("fixtures/cases/rollout/rollout.pcap")).flows;
  const part = packRows(table.chunks[0]!, table.count);
  const read = unpackRows(part);
  t.is(read.rows, table.count);
  t.deepEqual(read.words, table.chunks[0]!.slice(0, read.words.length));
  t.true(part.length < table.count * 64);
});

test("of a part that is damaged some rows are read, or it is refused", (t) => {
  fc.assert(
    fc.property(fc.array(anyRow, { minLength: 1, maxLength: 70 }), fc.nat(), fc.nat(255), (rows, place, byte) => {
      const part = packRows(inBlocks(rows), rows.length);
      t.is(unpackRows(part.slice(0, 8 + (place % (part.length - 7)))).rows, rows.length);
      const damaged = part.slice();
      damaged[8 + (place % Math.max(1, part.length - 8))] = byte;
      t.is(unpackRows(damaged).rows, rows.length);
    }),
    { numRuns: 50 },
  );
  t.throws(() => unpackRows(Uint8Array.of(255, 255, 255, 255, 8, 0, 0, 0)), { message: /4294967295 rows/ });
});
