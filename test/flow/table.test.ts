/** Rows are found, however they came into the table and however often its index grew. */
import test from "ava";
import fc from "fast-check";
import { Arena } from "../../src/flow/arena.ts";
import * as R from "../../src/flow/row.ts";
import { CHUNK_ROWS, FlowTable } from "../../src/flow/table.ts";

/** Blocks with so many rows, of which every few have a key that was there before; what stands behind them in the last block is no row. */
function blocks(rows: number, first: number): Int32Array {
  const words = new Int32Array(Math.ceil(rows / R.BLOCK_ROWS) * R.BLOCK_WORDS).fill(7);
  for (let row = 0; row < rows; row++) {
    const at = R.placeOf(row);
    const key = (first + row) % 1_009 === 0 ? 5 : first + row;
    words[at + R.LOW] = key;
    words[at + R.HIGH] = key >>> 3;
    words[at + R.PORTS] = 443;
    words[at + R.META] = 6;
    words[at + R.STATE] = first + row;
  }
  return words;
}

test("rows in blocks, whatever the parts that they come in", (t) => {
  const part = fc.oneof(fc.constantFrom(1, R.BLOCK_ROWS, 200, CHUNK_ROWS), fc.nat(3 * R.BLOCK_ROWS));
  fc.assert(
    fc.property(fc.array(part, { maxLength: 4 }), fc.boolean(), (parts, areOurs) => {
      const [one, other] = [new FlowTable(), new FlowTable()];
      let total = 0;
      for (const rows of parts) {
        const words = blocks(rows, total);
        for (let row = 0; row < rows; row++) {
          const from = R.placeOf(row);
          const key = [R.LOW, R.HIGH, R.PORTS, R.META].map((word) => words[from + word]!) as [
            number,
            number,
            number,
            number,
          ]; // four of them
          const flow = one.add(...key);
          R.copyRow(words, from, one.rows(flow), one.at(flow));
        }
        other.restore(words, rows, areOurs);
        if (rows === 200) other.find(0, 0, 0, 0); // its index is made now
        total += rows;
      }
      t.is(other.count, one.count);
      const keys = [5, 7, total >> 1, total].map((low) => ({ low, high: low >>> 3, ports: 443, meta: 6 }));
      t.deepEqual(
        [...other.newestOf(keys)],
        keys.map(({ low, high, ports, meta }) => one.find(low, high, ports, meta)),
      );
      for (let flow = 0; flow < total; flow++) {
        const [row, at] = [one.rows(flow), one.at(flow)];
        t.is(other.rows(flow)[other.at(flow) + R.STATE], row[at + R.STATE]);
        const key = [row[at + R.LOW]!, row[at + R.HIGH]!, row[at + R.PORTS]!, row[at + R.META]!] as const;
        if (other.find(...key) !== one.find(...key)) return false;
      }
      // What is added behind them begins with words of its own alone.
      const next = other.add(-1, -1, -1, -1);
      return other.rows(next)[other.at(next) + R.STATE] === 0;
    }),
    { numRuns: 25 },
  );
});

test("an index that grows where it stands", (t) => {
  const table = new FlowTable(Arena.make(8_192));
  const { slotsAt, mask } = table;
  const keys = 2.5 * mask; // so it grows twice
  for (let key = 0; key < keys; key++) if (table.add(key, 1, 443, 6) !== key) t.fail(`another number than ${key}`);
  t.is(table.slotsAt, slotsAt);
  t.is(table.mask, 4 * mask + 3);
  for (let key = 0; key < keys; key++) if (table.find(key, 1, 443, 6) !== key) t.fail(`${key} is not found`);
  t.is(table.find(1, 2, 443, 6), -1);
});

test("lists of a table that is read, in the place of its index", (t) => {
  const arena = Arena.make(8_192)!; // the machine has so many addresses
  const table = new FlowTable(arena);
  const keys = table.mask / 2;
  for (let key = 0; key < keys; key++) table.add(key, 1, 443, 6);
  const newest = table.add(7, 1, 443, 6);
  table.ended(table.count + 1);
  t.not(table.words().buffer, arena.buffer, "so few that the index stays");
  table.ended(table.count);
  const [words, bytes] = [table.words(), table.bytes()];
  t.is(words.buffer, arena.buffer);
  t.false(words.some((word) => word !== 0) || bytes.some((byte) => byte !== 0));
  words.fill(-1);
  t.false(bytes.some((byte) => byte !== 0));
  bytes.fill(1);
  t.not(table.words().buffer, arena.buffer, "there is no room for another");
  t.deepEqual([...table.newestOf([{ low: 7, high: 1, ports: 443, meta: 6 }])], [newest]);
  for (let key = 0; key < keys; key++)
    if (table.find(key, 1, 443, 6) !== (key === 7 ? newest : key)) t.fail(`${key} is not found`);
  t.false(words.some((word) => word !== -1));
});
