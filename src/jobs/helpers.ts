/** The other threads of a run: started, stopped together, and asked for what they saw. */
import { Worker } from "node:worker_threads";
import type { Decoder } from "../decode/decoder.ts";
import { decodeObservation, detailsIn, type ToldParts } from "../observe/codec.ts";
import type { Observation } from "../observe/observation.ts";
import { type HelperAnswer, type HelperTask, Progress } from "./protocol.ts";

/** Seen from this folder and from that of the bundled program's pieces, which is beside it. */
const HELPER = new URL("../jobs/helper.js", import.meta.url);

/** The first thread's place in `Progress`. */
const FIRST = 0;

export class Helpers {
  readonly #progress: Progress;
  readonly #workers: Worker[];
  readonly #answers: Promise<HelperAnswer>[];

  /** Starts a thread for each mask of lanes. */
  constructor(inputs: HelperTask["inputs"], masks: readonly number[], vxlanPorts: readonly number[]) {
    this.#progress = new Progress(masks.length + 1);
    const { shared } = this.#progress;
    this.#workers = masks.map((lanes, i) => {
      const task: HelperTask = { inputs, lanes, vxlanPorts, place: i + 1, shared };
      return new Worker(HELPER, { workerData: task });
    });
    this.#answers = this.#workers.map(
      (worker) =>
        new Promise<HelperAnswer>((resolve, reject) => {
          worker.once("message", resolve);
          worker.once("error", reject);
          worker.once("exit", () => reject(new Error("a reading thread ended before it was done")));
        }),
    );
    // Who waits for them comes later, and may not come at all where the first thread fails.
    for (const answer of this.#answers) answer.catch(() => {});
  }

  /** Says how far the first thread is; returns the frame before which it has to stop. */
  tell(frames: number): number {
    return this.#progress.tell(FIRST, frames);
  }

  /** Makes all threads stop at one frame, which is near. */
  stop(): void {
    this.#progress.stop();
  }

  /** What they saw, each; and what all their flows said, as they encoded it. */
  async observations(decoders: readonly Decoder[]): Promise<{ others: Observation[]; told: ToldParts }> {
    const answers = await Promise.all(this.#answers);
    const others = await Promise.all(answers.map((answer) => decodeObservation(answer, decoders, true)));
    const flows = others.reduce((sum, { identified }) => sum + identified.details.length, 0);
    return { others, told: { flows, parts: answers.flatMap(detailsIn) } };
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}
