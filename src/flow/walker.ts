/** The compiled walk over common packets (`wasm/walk.ts`), called. */
import { readFileSync } from "node:fs";
import { SEED } from "./addresses.ts";
import { type Arena, webAssembly } from "./arena.ts";

/** Where things stand in the arena's first pages, as `wasm/walk.ts` is told. */
const RESULTS = 0;
const TUNNELS = 8 << 10;
const ENTRIES = 32 << 10;
const RESULT_BYTES = 32;

interface Exports {
  prepare(results: number, entries: number, tunnels: number, rows: number, seed: number, lanes: number): void;
  walk(
    slots: number,
    mask: number,
    pos: number,
    end: number,
    unit: number,
    lastSec: number,
    sec: number,
    nsec: number,
    realm: number,
    most: number,
    watched: number,
    resume: boolean,
    grown: boolean,
  ): number;
}

export class Walker {
  readonly walk: Exports["walk"];
  readonly #results: DataView;

  /** Null where the walk can't be had: then every packet is looked at by itself. */
  static make(arena: Arena, tunnels: Int32Array, lanes: number): Walker | null {
    const wasm = webAssembly();
    const file = walkFile();
    if (wasm === null || file === null) return null;
    const instance = new wasm.Instance(new wasm.Module(file), { env: { memory: arena.memory } });
    return new Walker(instance.exports as Exports, arena, tunnels, lanes);
  }

  private constructor(exports: Exports, arena: Arena, tunnels: Int32Array, lanes: number) {
    new Int32Array(arena.buffer, TUNNELS, tunnels.length).set(tunnels);
    exports.prepare(RESULTS, ENTRIES, TUNNELS, arena.rows, SEED, lanes);
    this.walk = exports.walk;
    this.#results = new DataView(arena.buffer, RESULTS, RESULT_BYTES);
  }

  // ---- of the last walk

  /** Bytes of the records taken, on the wire. */
  get bytes(): number {
    return this.#results.getFloat64(0, true);
  }
  /** Where in the arena the next record is. */
  get pos(): number {
    return this.#results.getUint32(8, true);
  }
  /** Time of the last record taken. */
  get sec(): number {
    return this.#results.getUint32(12, true);
  }
  get nsec(): number {
    return this.#results.getInt32(16, true);
  }
  /** Records taken whose frames are cut. */
  get cut(): number {
    return this.#results.getInt32(20, true);
  }
}

/** Seen from this folder and from that of the bundled program's pieces, which is beside it. Null where it was not built. */
function walkFile(): Uint8Array | null {
  try {
    return readFileSync(new URL("../flow/walk.wasm", import.meta.url));
  } catch {
    return null;
  }
}
