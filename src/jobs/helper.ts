/** A thread that reads the same captures as the first one, and keeps the flows of its own lanes. */
import { parentPort, workerData } from "node:worker_threads";
import { DECODERS } from "../../decoders/index.ts";
import { openCaptures } from "../capture/open.ts";
import { Arena } from "../flow/arena.ts";
import { CapCounter } from "../limits.ts";
import { encodeObservation } from "../observe/codec.ts";
import { Observer } from "../observe/observation.ts";
import { type HelperAnswer, type HelperTask, Progress } from "./protocol.ts";

async function help(): Promise<void> {
  const { inputs, lanes, vxlanPorts, place, shared } = workerData as HelperTask; // made by `Helpers`
  const progress = new Progress(shared);
  const arena = Arena.make();
  const reader = await openCaptures(inputs, { caps: new CapCounter(), arena }); // the first thread counts what the reader hits
  const observer = new Observer(reader.captures, DECODERS, new CapCounter(), { lanes, vxlanPorts, arena });
  let end = progress.tell(place, 0);
  while (observer.observation.frames < end && (await reader.more())) {
    end = progress.tell(place, observer.observation.frames);
    observer.block(reader, end - observer.observation.frames);
  }
  await reader.close();
  // Copies, because a part may be a view of something larger, which would be sent whole; and a Buffer's `slice` would be none.
  const answer: HelperAnswer = [];
  const moved: ArrayBuffer[] = [];
  for (const part of encodeObservation(observer.observation)) {
    const data = new Uint8Array(part.data);
    answer.push({ ...part, data });
    moved.push(data.buffer);
  }
  parentPort?.postMessage(answer, moved);
}

// What fails is the thread's failure, which the first thread hears of.
void help();
