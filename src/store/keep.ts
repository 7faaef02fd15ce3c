/** Writes a whole run, as the command does. */
import type { RunOutcome } from "../pipeline.ts";
import type { RunInfo } from "../report/result.ts";
import type { RunWriter, Store } from "./store.ts";

/** Puts a run there and begins to store what it saw, which goes on while it is judged. */
export async function beginRun(store: Store, run: RunInfo, observation: RunOutcome["observation"]): Promise<RunWriter> {
  const writer = await store.startRun(run);
  await writer.begin(observation());
  return writer;
}

/**
 * Stores what a run found, judgement and observation, beside the runs that are there; gives the run its id and returns it.
 * Rejects with what went wrong; what was written by then stays, in a run marked `failed`. `begun`: what `beginRun` gave.
 * Where that is much, `meanwhile` is called once all is handed over, for a database with a thread of its own is still at work.
 */
export async function storeRun(
  store: Store,
  outcome: Pick<RunOutcome, "result" | "observation">,
  begun: RunWriter | null = null,
  meanwhile?: () => void,
): Promise<number> {
  const writer = begun ?? (await store.startRun(outcome.result.run));
  outcome.result.run.run_id = writer.runId;
  try {
    await writer.write(outcome.result, outcome.observation(), meanwhile);
    return writer.runId;
  } catch (error) {
    await writer.fail("failed").catch(() => undefined);
    throw error;
  }
}
