/** The compiled walk over common packets (`wasm/walk.ts`), called. */
import { readFileSync } from "node:fs";
import type { Gates } from "../decode/forms.ts";
import { LIMITS } from "../limits.ts";
import { SEED } from "./addresses.ts";
import type { Ahead } from "./ahead.ts";
import { type Arena, webAssembly } from "./arena.ts";
import type { CopyWatch } from "./copy-watch.ts";
import type { PayloadReader } from "./fast.ts";
import type { Ttls } from "./ttls.ts";

/** Where things stand in the arena's first pages, as `wasm/walk.ts` is told. */
const RESULTS = 0;
const TUNNELS = 8 << 10;
const HINTED_UDP = 16 << 10;
const HINTED_TCP = 24 << 10;
const ANSWERS = 32 << 10;
const ENTRIES = 40 << 10;
const GATES = 48 << 10;
const GATES_END = 72 << 10;
const RESULT_BYTES = 32;
const ANSWER_WORDS = 6;
const MOST_ANSWERS = Math.floor((ENTRIES - ANSWERS) / (4 * ANSWER_WORDS));

interface Exports {
  prepare(results: number, entries: number, tunnels: number, rows: number, seed: number, lanes: number): void;
  prepareGlances(table: number, entries: number): void;
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
    flows: number,
    room: number,
    frames: number,
    framesOfAll: number,
    capture: number,
    tells: boolean,
  ): number;
  take(at: number, count: number): void;
  prepareTtls(at: number): void;
  prepareWatch(rows: number, window: number, lanes: number): void;
  prepareOpening(
    rows: number,
    hintedUdp: number,
    hintedTcp: number,
    datagrams: number,
    later: number,
    streams: number,
    tries: number,
    answers: number,
    mostAnswers: number,
  ): void;
}

/** Where ledgers that are lent are found, by the DETAIL word of a flow's row: an address each, 0 where there is none. */
export interface LedgerTable {
  readonly at: number;
  readonly entries: number;
}

/** `ttl`: of the SYN-ACK, below 0 where it is none; `tripUs`: since the SYN, 0 where that isn't known. */
type NoteAnswer = (meta: number, address: number, ttl: number, tripUs: number, hopHigh: number, hopLow: number) => void;

export class Walker {
  readonly walk: Exports["walk"];
  /** Of a new block: where entries of its records are that have been made, and how many. */
  readonly take: Exports["take"];
  /** Whether the walk knows which payload no decoder would read. */
  readonly tells: boolean;
  readonly #results: DataView;
  readonly #answers: Int32Array;

  /** Null where the walk can't be had: then every packet is looked at by itself. */
  static make(
    arena: Arena,
    tunnels: Int32Array,
    lanes: number,
    { gates, glancer }: PayloadReader,
    watch: CopyWatch,
    ttls: Ttls,
    ahead: Ahead | null,
  ): Walker | null {
    const wasm = webAssembly();
    const file = walkFile();
    if (wasm === null || file === null) return null;
    const module = new wasm.Module(file);
    const instance = new wasm.Instance(module, { env: { memory: arena.memory } });
    const exports = instance.exports as Exports;
    const { ledgers } = glancer;
    exports.prepareTtls(Math.max(0, ttls.at));
    if (ledgers !== null) exports.prepareGlances(ledgers.at, ledgers.entries);
    const walker = new Walker(exports, arena, tunnels, lanes, gates, watch);
    ahead?.prepare({ memory: arena.memory, module, tunnelsAt: TUNNELS, seed: SEED, lanes });
    return walker;
  }

  private constructor(
    exports: Exports,
    arena: Arena,
    tunnels: Int32Array,
    lanes: number,
    gates: Gates,
    watch: CopyWatch,
  ) {
    new Int32Array(arena.buffer, TUNNELS, tunnels.length).set(tunnels);
    exports.prepare(RESULTS, ENTRIES, TUNNELS, arena.rows, SEED, lanes);
    exports.prepareWatch(arena.rows, Math.max(0, watch.windowAt), Math.max(0, watch.timesAt));
    this.walk = exports.walk;
    this.take = exports.take;
    this.#results = new DataView(arena.buffer, RESULTS, RESULT_BYTES);
    this.#answers = new Int32Array(arena.buffer, ANSWERS, MOST_ANSWERS * ANSWER_WORDS);
    const { hinted, datagram, later, stream } = gates;
    new Int32Array(arena.buffer, HINTED_UDP, hinted.udp.length).set(hinted.udp);
    new Int32Array(arena.buffer, HINTED_TCP, hinted.tcp.length).set(hinted.tcp);
    const datagramAt = GATES;
    const laterAt = datagramAt + datagram.length;
    const streamAt = laterAt + later.length;
    const { rows } = arena;
    const tries = LIMITS.identifyDatagrams;
    const { prepareOpening } = exports;
    prepareOpening(rows, HINTED_UDP, HINTED_TCP, datagramAt, laterAt, streamAt, tries, ANSWERS, MOST_ANSWERS);
    // Decoders of others may bring more forms than there is room for: then payload is read one by one until it is known.
    this.tells = streamAt + stream.length <= GATES_END;
    if (!this.tells) return;
    const bytes = new Uint8Array(arena.buffer);
    bytes.set(datagram, datagramAt);
    bytes.set(later, laterAt);
    bytes.set(stream, streamAt);
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
  /** Flows added to the table. */
  get added(): number {
    return this.#results.getInt32(24, true);
  }
  /** First answers: META and the address that answered, as in its row, what its SYN-ACK says, the words of its next hop. */
  eachAnswer(note: NoteAnswer): void {
    const count = this.#results.getInt32(28, true);
    const words = this.#answers;
    for (let i = 0; i < count * ANSWER_WORDS; i += ANSWER_WORDS)
      note(words[i]!, words[i + 1]!, words[i + 2]!, words[i + 3]!, words[i + 4]!, words[i + 5]!);
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
