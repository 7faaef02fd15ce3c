/**
 * How long the store takes, to choose its schema by: `node dist/test/store/measure.js [driver] [rest] [judged]`.
 * Prints milliseconds for writing, closing and typical queries, and the file's size.
 */
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DriverName } from "../../src/store/driver.ts";
import { openStore } from "../../src/store/open.ts";
import { ChunkedRest, type CompactRow } from "../../src/store/rest.ts";
import { conversation, SAMPLE } from "./samples.ts";

const driver = (process.argv[2] ?? "node:sqlite") as DriverName;
const restCount = Number(process.argv[3] ?? 100_000);
const judgedCount = Number(process.argv[4] ?? 10_000);

function compact(index: number): CompactRow {
  const mixed = Math.imul(index, 2654435761) >>> 0;
  const name = `host${mixed % 5000}.example.com`;
  const extra = { names: [{ name, source: "tls-sni", capture_id: 1, frame: index }], outcomes: { established: 1 } };
  return [
    mixed,
    index,
    "default",
    0x0a000000 + (index % 250),
    mixed,
    "tcp",
    443,
    "tls",
    null,
    name,
    name,
    "established",
    "unrelated",
    1,
    20,
    4000 + index,
    1_700_000_000 + index,
    123_456,
    1_700_000_010 + index,
    654_321,
    index % 2 === 0 ? extra : null,
  ];
}

const texts: string[] = [];
for (let from = 0; from < restCount; from += 1000) {
  texts.push(
    JSON.stringify(Array.from({ length: Math.min(1000, restCount - from) }, (_, index) => compact(from + index))),
  );
}
const judged = Array.from({ length: judgedCount }, (_, index) =>
  conversation({
    conversation_id: (Math.imul(index, 2654435761) >>> 0).toString(16).padStart(16, "0"),
    verdict: index % 10 === 0 ? "undocumented" : "documented",
  }),
);

async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const start = performance.now();
  const result = await work();
  console.log(`${(performance.now() - start).toFixed(1).padStart(9)} ms  ${what}`);
  return result;
}

const folder = await mkdtemp(join(tmpdir(), "wirepact-measure-"));
const path = join(folder, "measure.sqlite");
try {
  console.log(`${driver}, Node ${process.versions.node}: ${restCount} rest, ${judgedCount} judged`);
  const store = await timed("open, make the schema", () => openStore(path, { driver }));
  const writer = await timed("start the run", () => store.startRun(SAMPLE.run));
  await timed("write", () => writer.write({ ...SAMPLE, judged, rest: new ChunkedRest(restCount, () => texts) }, []));
  await timed("close", () => store.close());
  console.log(`${((await stat(path)).size / 2 ** 20).toFixed(1).padStart(9)} MiB`);
  const reader = await timed("open to read", () => openStore(path, { driver, readOnly: true }));
  for (const sql of [
    "SELECT count(*) FROM observed_undocumented WHERE run_id = 1",
    "SELECT count(*) FROM conversation_verdicts WHERE run_id = 1",
    "SELECT count(*) FROM conversation_verdicts WHERE run_id = 1 AND initiator = '10.0.0.5'",
    "SELECT count(*), max(length(conversation_id || initiator || responder || transport || first_seen || last_seen || bytes)) FROM conversation_verdicts",
    "SELECT verdict, count(*), sum(bytes) FROM conversation_verdicts GROUP BY verdict",
  ]) {
    await timed(sql, () => reader.query(sql));
  }
  const result = await timed("read", () => reader.read());
  await timed("walk the rest", async () => Array.from(result.rest.rows()).length);
  await reader.close();
} finally {
  await rm(folder, { recursive: true });
}
