/**
 * A live run over packets that are made up (`made-up.ts`), against a database: what benches of live runs, and tests that are
 * the same on a smaller scale, have in common. Time goes on from checkpoint to checkpoint: once all packets that are due were
 * written down, the next ones are.
 */
import type { LiveSource } from "../src/live/engine.ts";
import { FindingLog } from "../src/live/findings.ts";
import { atticOf, Keeper } from "../src/live/keeper.ts";
import { type LiveHooks, type LiveOutcome, runLive } from "../src/live/run.ts";
import type { RunOptions } from "../src/pipeline.ts";
import type { Store } from "../src/store/store.ts";

/** How its verdicts are made, as by `wirepact live` without further options. */
export const HOW = { scope: "judged", infer: true, minSpanSec: 300, asOf: null, strict: false, command: "" } as const;

export interface MadeUpTask {
  source: LiveSource & { due: number };
  /** Packets in all, and those of one step. */
  end: number;
  step: number;
  judging: Pick<RunOptions, "models" | "background" | "site" | "bindings">;
  /** Where conversations that are over may leave for the database; how many may stay, for tests. */
  attic: boolean | { stay: number };
  checkpointMs: number;
  /** Milliseconds between two looks for what may leave memory, for tests that count what stays; 0: before each checkpoint. */
  ageMs?: number;
  /** All that is due was written. */
  due?(...checkpoint: Parameters<LiveHooks["checkpoint"]>): void;
  /** As `LiveHooks` has it; nothing is loaded anew, where it is not given. */
  reloaded?: LiveHooks["reloaded"];
  /** What a judgement found, as it is told. */
  told?(found: ReturnType<FindingLog["judged"]>["found"]): void;
}

/** How it ended, with what is still to be written: `keeper` writes it. */
export async function runMadeUp(
  store: Store,
  { source, end, step, judging, attic, checkpointMs, ageMs, due, told, reloaded }: MadeUpTask,
): Promise<LiveOutcome & { keeper: Keeper; findings: FindingLog }> {
  const keeper = new Keeper(store);
  const findings = new FindingLog(false);
  const stop = new AbortController();
  const hooks: LiveHooks = {
    status: () => {},
    notice: () => {},
    judged: (result, whole) => {
      const { found } = findings.judged(result, whole, false);
      told?.(found);
    },
    checkpoint: async (result, seen, moves) => {
      await keeper.checkpoint(result, seen, moves, stop.signal);
      if (Number(result.quality.packets) < source.due) return true;
      due?.(result, seen, moves);
      if (source.due >= end) stop.abort();
      else source.due = Math.min(end, source.due + step);
      return true;
    },
    attic: attic === false ? null : { ...atticOf(keeper, findings), ...(attic === true ? {} : attic) },
    frame: null,
    reloaded: reloaded ?? (() => null),
    judgesAll: () => "",
  };
  const outcome = await runLive({
    ...{ ...judging, ...HOW, sources: [source], engine: { name: "libpcap", limits: null }, realm: null },
    ...{ forMs: null, count: null, checkpointMs, ...(ageMs !== undefined && { ageMs }), hooks, signal: stop.signal },
  });
  return { ...outcome, keeper, findings };
}

/** Looks at this process's memory, in megabytes, five times a second. */
export class MemoryWatch {
  most = 0;
  readonly #timer = setInterval(() => this.now(), 200);

  now(): number {
    const megabytes = Math.round(process.memoryUsage.rss() / 1e6);
    this.most = Math.max(this.most, megabytes);
    return megabytes;
  }

  end(): void {
    clearInterval(this.#timer);
  }
}
