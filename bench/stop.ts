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
import { loadJudging } from "../src/judging.ts";
import type { LiveCounts, LiveSource } from "../src/live/engine.ts";
import { FindingLog } from "../src/live/findings.ts";
import { Keeper } from "../src/live/keeper.ts";
import { type LiveHooks, runLive } from "../src/live/run.ts";
import { openStore } from "../src/store/open.ts";

const [conversations = 100_000, flowsEach = 1] = process.argv.slice(2).map(Number);

const FRAME_BYTES = 60;
const RECORD_BYTES = 16 + FRAME_BYTES;
/** Packets of each flow by the last checkpoint: the first few say more than those behind them. */
const ROUNDS = 8;
/** Packets handed over at once. */
const MOST_AT_ONCE = 2_000;

/** UDP from one bound host to ever other ones: in each round every flow speaks once. */
class MadeUp implements LiveSource {
  readonly interface = "made-up";
  readonly size = null;
  readonly cut = false;
  readonly gone = null;
  bytesRead = 0;
  sent = 0;
  /** Packets that may be handed over by now. */
  due = conversations * flowsEach * ROUNDS;
  onNotice = (): void => {};
  #stopped = false;

  async read(into: Uint8Array, at: number, length: number): Promise<number> {
    const view = new DataView(into.buffer, into.byteOffset + at, length);
    if (this.bytesRead === 0) {
      view.setUint32(0, 0xa1b23c4d, true); // pcap with nanoseconds, version 2.4, Ethernet
      view.setUint16(4, 2, true);
      view.setUint16(6, 4, true);
      for (const [place, word] of [0, 0, 65_535, 1].entries()) view.setUint32(8 + place * 4, word, true);
      this.bytesRead += 24;
      return 24;
    }
    while (this.sent >= this.due) {
      if (this.#stopped) return 0;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const count = Math.min(this.due - this.sent, MOST_AT_ONCE, Math.floor(length / RECORD_BYTES));
    into.fill(0, at, at + count * RECORD_BYTES);
    for (let i = 0; i < count; i++) this.#frame(into, view, at, i * RECORD_BYTES);
    this.bytesRead += count * RECORD_BYTES;
    return count * RECORD_BYTES;
  }

  #frame(into: Uint8Array, view: DataView, at: number, off: number): void {
    const number = this.sent++;
    const ms = Date.now();
    view.setUint32(off, Math.floor(ms / 1000), true);
    view.setUint32(off + 4, (ms % 1000) * 1_000_000 + (number % 1_000_000), true);
    view.setUint32(off + 8, FRAME_BYTES, true);
    view.setUint32(off + 12, FRAME_BYTES, true);
    into.set([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, 46], at + off + 16);
    const ip = off + 30;
    view.setUint16(ip + 4, number & 0xffff);
    into.set([64, 17], at + ip + 8);
    view.setUint32(ip + 12, 0x0a4d0002);
    view.setUint32(ip + 16, 0x0a500000 + (number % conversations));
    view.setUint16(ip + 20, 20_000 + (Math.floor(number / conversations) % flowsEach));
    view.setUint16(ip + 22, 9);
    view.setUint16(ip + 24, 26);
    view.setUint32(ip + 28, number);
  }

  counts(): LiveCounts {
    return { dropped: 0, droppedByInterface: 0 };
  }
  stop(): void {
    this.#stopped = true;
  }
  async close(): Promise<void> {
    this.#stopped = true;
  }
}

let marked = process.cpuUsage();
/** Seconds of the processor since the mark before. */
function mark(): number {
  const { user, system } = process.cpuUsage(marked);
  marked = process.cpuUsage();
  return (user + system) / 1e6;
}

const folder = mkdtempSync(join(tmpdir(), "wirepact-stop-"));
const source = new MadeUp();
const store = await openStore(join(folder, "stop.sqlite"));
const keeper = new Keeper(store);
const findings = new FindingLog(false);
const stop = new AbortController();
let settled = 0;
let asIs = 0;
const hooks: LiveHooks = {
  status: () => {},
  notice: () => {},
  judged: (result, whole) => void findings.judged(result, whole, false),
  checkpoint: async (result, seen) => {
    await keeper.checkpoint(result, seen, stop.signal);
    if (result.quality.packets !== source.due || settled++ > 0) return;
    asIs = mark();
    source.due += conversations * flowsEach; // one more of each flow, and the end
    stop.abort();
  },
  frame: null,
  reloaded: () => null,
};
const judging = await loadJudging({
  ...{ models: ["opswat-sdp"], site: null, bind: ["gateway=10.77.0.2"], set: ["region=us", "platform=aws"] },
  background: true,
});
const { result, seen } = await runLive({
  ...judging,
  ...{ scope: "judged", infer: true, minSpanSec: 300, asOf: null, strict: false, command: "" },
  ...{ sources: [source], engine: { name: "libpcap", limits: null } },
  ...{ realm: null, forMs: null, count: null, checkpointMs: 1000, hooks, signal: stop.signal },
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
