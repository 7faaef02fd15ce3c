/** Other projects' captures, where they are at hand: each is read to its end, with as many records as it has. */
import { existsSync, readFileSync } from "node:fs";
import test from "ava";
import { NEXT_FRAME } from "../../src/capture/frame.ts";
import { openCaptures } from "../../src/capture/open.ts";

const corpus = "../shared/captures";
const table = `${corpus}/captures.tsv`;

if (!existsSync(table)) {
  test("third-party captures", (t) => {
    t.log(`SKIPPED: there is no ${table}, so no third-party capture was read`);
    t.pass();
  });
} else {
  const [head = [], ...rows] = readFileSync(table, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => line.split("\t"));
  const column = (name: string) => head.indexOf(name);
  const [path, packets, format] = [column("path"), column("packets"), column("format")];

  test("third-party captures: every record of every file", async (t) => {
    t.true(rows.length > 1000);
    for (const row of rows) {
      const reader = await openCaptures([{ path: `${corpus}/${row[path]}` }]);
      let read = 0;
      while (await reader.more()) while (reader.next() === NEXT_FRAME) read++;
      const info = reader.captures[0]!;
      t.is(read, Number(row[packets]), row[path]);
      t.is(info.packets, read, row[path]);
      t.is(info.format.replace(/\+.*/, ""), row[format]!, row[path]);
      t.is(reader.bytesRead, info.damage === null ? info.size! : reader.bytesRead, row[path]);
    }
  });
}
