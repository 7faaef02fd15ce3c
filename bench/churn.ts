/**
 * What a live run keeps in memory while ever new conversations come: so many new ones a second from a bound host to ever other
 * hosts, nobody documents any, and some speak again a quarter of an hour later. Packets are made up, and their time goes on by so
 * many seconds between two checkpoints, as fast as those are written. No interface, no rights.
 *
 *     node dist/bench/churn.js [MINUTES [NEW_A_SECOND [SECONDS_A_CHECKPOINT]]]
 *
 * Prints a line for each ten minutes of traffic; exits with 1 where a conversation is not in the database at the end.
 */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { collectEarly } from "../src/memory.ts";
import { openStore } from "../src/store/open.ts";
import { MadeUp, senderJudged } from "./made-up.ts";
import { MemoryWatch, runMadeUp } from "./made-up-run.ts";

const [minutes = 60, perSecond = 1_000, apartSec = 10] = process.argv.slice(2).map(Number);

const PACKETS_EACH = 3;
/** Every so many conversations one is spoken to again, as late. */
const AGAIN = 100;
const LATER_SEC = 900;

const began = Math.floor(Date.now() / 1000) * 1000;
const packetsPerSecond = perSecond * PACKETS_EACH;
const end = minutes * 60 * packetsPerSecond;
/** The conversation that a packet belongs to: each AGAINth place is that of an old one, once there is one that old. */
function conversation(number: number): number {
  const place = Math.floor(number / PACKETS_EACH);
  const old = place - LATER_SEC * perSecond;
  return place % AGAIN === 0 && old >= 0 ? old + 1 : place;
}

const source = new MadeUp(
  {
    far: (number) => 0x0b00_0000 + conversation(number),
    port: () => 20_000,
    timeMs: (number) => began + (number / packetsPerSecond) * 1000,
  },
  apartSec * packetsPerSecond,
);

collectEarly();
const folder = mkdtempSync(join(tmpdir(), "wirepact-churn-"));
const path = join(folder, "churn.sqlite");
const store = await openStore(path);
const memory = new MemoryWatch();
const { result, seen, moves, keeper } = await runMadeUp(store, {
  ...{ source, end, step: apartSec * packetsPerSecond, judging: await senderJudged(), attic: true, checkpointMs: 100 },
  due: (result, seen) => {
    const sec = source.due / packetsPerSecond;
    if (sec % 600 === 0) tell(sec / 60, seen.flows.table.count, result.departed?.judged ?? 0);
  },
});
const stopped = process.cpuUsage();
await keeper.checkpoint(result, seen, moves);
const { user, system } = process.cpuUsage(stopped);
memory.end();
const [stored] = await store.query(
  "SELECT count(*) AS n, count(DISTINCT conversation_id) AS ids, sum(packets) AS packets FROM conversation_verdicts",
);
await store.close();
const told = new Set<number>();
for (let number = 0; number < end; number += PACKETS_EACH) told.add(conversation(number));
const well = stored?.n === told.size && stored.ids === told.size && stored.packets === end;
const { departed } = result;
process.stdout.write(
  `${told.size} conversations, ${end} packets; in the database ${stored?.n}, ${stored?.packets}: ${well ? "all" : "NOT ALL"}\n` +
    `${result.judged.length} in memory, ${departed?.judged ?? 0} in the database alone; ${memory.most} MB at most\n` +
    `database ${Math.round(statSync(path).size / 1e6)} MB; the last checkpoint took ${((user + system) / 1e6).toFixed(2)} s of the processor\n`,
);
rmSync(folder, { recursive: true, force: true });
process.exitCode = well ? 0 : 1;

function tell(minute: number, rows: number, gone: number): void {
  const now = memory.now();
  process.stdout.write(
    `${minute} min: ${rows} flows in memory, ${gone} judged conversations in the database alone; ${now} MB, ${memory.most} MB at most\n`,
  );
}
