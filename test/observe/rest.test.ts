/** Conversations that nobody judged, made whole at once and by way of the store's texts: the same rows. */
import test from "ava";
import { describe } from "../../src/conform/conform.ts";
import { ChunkedRest } from "../../src/store/rest.ts";
import { caseCaptures, observeFile } from "../support/observe.ts";

for (const path of caseCaptures()) {
  test(`${path}: rows as they are, and through texts`, async (t) => {
    const { rest } = describe(await observeFile(path, {}));
    const texts = [...rest.chunks()];
    t.deepEqual([...new ChunkedRest(rest.count, () => texts).rows()], [...rest.rows()]);
    for (const text of texts) t.notThrows(() => JSON.parse(text));
  });
}
