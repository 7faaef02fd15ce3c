/** A database in a capture's place: what one of its runs observed, to be judged again. */
import type { Decoder } from "../decode/decoder.ts";
import { decodeObservation } from "../observe/codec.ts";
import type { Observation } from "../observe/observation.ts";
import { openInput } from "./open.ts";
import type { DatabaseRef } from "./select.ts";
import { StoreError } from "./store.ts";

/** `run`: null for the newest finished one. Throws `StoreError` where there is none, or where it holds no observation. */
export async function readObserved({ path, run }: DatabaseRef, decoders: readonly Decoder[]): Promise<Observation> {
  const store = await openInput(path);
  try {
    const runs = await store.runs();
    const wanted = runs.findLast(({ run_id, status }) => (run === null ? status === "finished" : run_id === run));
    if (wanted === undefined) {
      const there = runs.map(({ run_id, status }) => `${run_id} (${status})`).join(", ") || "none";
      throw new StoreError(`${path}: no ${run === null ? "finished run" : `run ${run}`}; runs there: ${there}`);
    }
    return await decodeObservation(store.readObservation(wanted.run_id), decoders);
  } catch (error) {
    if (error instanceof StoreError) throw error;
    throw new StoreError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    await store.close();
  }
}
