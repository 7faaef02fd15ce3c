/** The thread ahead, begun by `ahead.ts`. What it imports is little, for it has to be there soon. */
import { parentPort, workerData } from "node:worker_threads";
import { AheadBlocks, type AheadExports } from "./ahead-block.ts";
import { ASKED, DONE, FREE, OVER, STARTING, STATE, WAITS } from "./ahead-words.ts";

/** What it is begun with: the arena's memory, the compiled walk, and what keys are made by. */
export interface AheadTask {
  memory: { readonly buffer: SharedArrayBuffer };
  module: object;
  tunnelsAt: number;
  seed: number;
  lanes: number;
}

interface Compiled {
  Instance: new (module: object, imports: object) => { readonly exports: unknown };
}

const { memory, module, tunnelsAt, seed, lanes } = workerData as AheadTask; // made by `Ahead`
const { Instance } = (globalThis as unknown as { WebAssembly: Compiled }).WebAssembly; // the first thread has it
const exports = new Instance(module, { env: { memory } }).exports as AheadExports; // of `wasm/walk.ts`
const blocks = new AheadBlocks(memory.buffer, exports, tunnelsAt, seed, lanes);
const { words } = blocks;

let state = Atomics.compareExchange(words, STATE, STARTING, FREE);
while (state !== OVER) {
  if (state === ASKED) {
    try {
      blocks.take();
    } catch {
      // Who asked reads it again, and says why that fails.
    }
    if (Atomics.compareExchange(words, STATE, ASKED, DONE) === ASKED) Atomics.notify(words, STATE);
    if (Atomics.load(words, WAITS) !== 0) parentPort?.postMessage(null);
  } else {
    Atomics.wait(words, STATE, state);
  }
  state = Atomics.load(words, STATE);
}
