/**
 * What a live run costs at its end, in processor time: so many judged conversations that nobody documents, of which each
 * has gone on since the last checkpoint. No interface, no rights: packets are made up, all behind them is the program's.
 * `seconds`: by the clock, from there to the end. What is printed is made while the database is written.
 *
 *     node dist/bench/stop.js [CONVERSATIONS [FLOWS_EACH]]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { reportOutput } from "../src/cli/output.ts";
import { Printer } from "../src/cli/print.ts";
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
let began = 0;
const { result, seen, keeper, findings } = await runMadeUp(store, {
  ...{ source, end, step: 0, judging: await senderJudged(), attic: false, checkpointMs: 1000 },
  due: () => {
    asIs = mark();
    began = performance.now();
    source.due += conversations * flowsEach; // one more of each flow, and the end
  },
});
const judged = mark();
findings.judged(result, true, true);
const told = mark();
const printer = await Printer.of(await reportOutput(join(folder, "report")), { format: "text", all: false });
let made = 0;
await keeper.checkpoint(result, seen, undefined, undefined, () => {
  printer.make(result, null);
  made = mark();
});
const stored = mark();
await printer.print(result, null);
const printed = made + mark();
await store.close();
const seconds = (performance.now() - began) / 1000;
const megabytes = Math.round(process.memoryUsage.rss() / 1e6);
rmSync(folder, { recursive: true, force: true });
const figures = { conversations, flowsEach, asIs, judged, told, stored, printed, megabytes, seconds };
process.stdout.write(`${JSON.stringify({ ...figures, end: judged + told + stored + printed })}\n`);
