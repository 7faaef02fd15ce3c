/**
 * What a live run costs at its end, in processor time: so many judged conversations that nobody documents, of which each
 * has gone on since the last checkpoint. No interface, no rights: packets are made up, all behind them is the program's.
 *
 *     node dist/bench/stop.js [CONVERSATIONS [FLOWS_EACH]]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { reportOutput } from "../src/cli/output.ts";
import { printResult } from "../src/cli/print.ts";
import { collectEarly } from "../src/memory.ts";
import { openStore } from "../src/store/open.ts";
import { MadeUp, senderJudged } from "./made-up.ts";
import { runMadeUp } from "./made-up-run.ts";

const [conversations = 100_000, flowsEach = 1] = process.argv.slice(2).map(Number);

/** Packets of each flow by the last checkpoint: the first few say more than those behind them. */
const ROUNDS = 8;

let marked = process.cpuUsage();
/** Seconds of the processor since the mark before. */
function mark(): number {
  const { user, system } = process.cpuUsage(marked);
  marked = process.cpuUsage();
  return (user + system) / 1e6;
}

collectEarly();
const folder = mkdtempSync(join(tmpdir(), "wirepact-stop-"));
/** In each round every flow speaks once. */
const source = new MadeUp(
  {
    far: (number) => 0x0a500000 + (number % conversations),
    port: (number) => 20_000 + (Math.floor(number / conversations) % flowsEach),
    timeMs: () => Date.now(),
  },
  conversations * flowsEach * ROUNDS,
);
const end = source.due;
const store = await openStore(join(folder, "stop.sqlite"));
let asIs = 0;
const { result, seen, keeper, findings } = await runMadeUp(store, {
  ...{ source, end, step: 0, judging: await senderJudged(), attic: false, checkpointMs: 1000 },
  due: () => {
    asIs = mark();
    source.due += conversations * flowsEach; // one more of each flow, and the end
  },
});
const judged = mark();
findings.judged(result, true, true);
const told = mark();
await keeper.checkpoint(result, seen);
await store.close();
const stored = mark();
await printResult(result, await reportOutput(join(folder, "report")), { format: "text", database: null, all: false });
const printed = mark();
const megabytes = Math.round(process.memoryUsage.rss() / 1e6);
rmSync(folder, { recursive: true, force: true });
const figures = { conversations, flowsEach, asIs, judged, told, stored, printed, megabytes };
process.stdout.write(`${JSON.stringify({ ...figures, end: judged + told + stored + printed })}\n`);
