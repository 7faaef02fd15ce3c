/** Writes a whole run, as the command does. */
import type { RunOutcome } from "../pipeline.ts";
import type { Store } from "./store.ts";

/**
 * Stores what a run found, judgement and observation, beside the runs that are there; gives the run its id and returns it.
 * Rejects with what went wrong; what was written by then stays, in a run marked `failed`.
 */
export async function storeRun(store: Store, outcome: Pick<RunOutcome, "result" | "observation">): Promise<number> {
  const writer = await store.startRun(outcome.result.run);
  outcome.result.run.run_id = writer.runId;
  try {
    await writer.write(outcome.result, outcome.observation());
    return writer.runId;
  } catch (error) {
    await writer.fail("failed").catch(() => undefined);
    throw error;
  }
}
