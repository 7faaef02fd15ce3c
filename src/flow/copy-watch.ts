/**
 * Watching for copies over all flows: every packet at a capture's beginning, and on in those lanes that show copies.
 * Where nobody watches, only a flow's last print is looked at (see `copies.ts`).
 *
 * It also keeps what a slice before or behind this capture would have to know: the packets of its first and its last 5 ms.
 */
import type { Arena } from "./arena.ts";
import { addEdge, COPY_WITHIN_NSEC, CopyWindow, type Edges, gapNsec } from "./copies.ts";
import { ALL_LANES, LANES } from "./lanes.ts";

/** A capture that copies shows it early: after so many frames, lanes without copies are watched no more. */
export const WATCH_FRAMES = 20_000;

/** Flows' directions of one lane whose first packets are kept for merging: with all lanes, 5 ms of a full link. */
const MOST_HEADS = 256;
/** Words of a lane. */
const LANE_WORDS = 6;
const BEGUN = 4;
const HEADS = 5;

export class CopyWatch {
  /** Lanes in which every packet is looked at, a bit each. */
  lanes: number;
  /** Packets that were copies on another path. */
  copies = 0;
  /** Packets of the capture's first 5 ms: each may be the copy of one with which another slice of the capture ended. */
  readonly heads: Edges = new Map();
  /** Packets of its last 5 ms. Set where they come from elsewhere than from reading. */
  keptTails: Edges | null = null;
  /** Lanes that showed copies. */
  #copying = 0;
  readonly #window: CopyWindow;
  /** By lane: seconds and nanoseconds of the first and of the last packet watched, whether there was one, and heads. */
  readonly #times: Int32Array;
  /** Where window and times are in the arena; -1 where they are not. */
  readonly windowAt: number = -1;
  readonly timesAt: number = -1;

  constructor(watch: boolean, arena: Arena | null = null) {
    this.lanes = watch ? ALL_LANES : 0;
    const words = CopyWindow.WORDS + LANES * LANE_WORDS;
    const at = watch && arena !== null ? arena.take(4 * words) : -1;
    if (arena === null || at < 0) {
      this.#window = new CopyWindow();
      this.#times = new Int32Array(LANES * LANE_WORDS);
      return;
    }
    this.windowAt = at;
    this.timesAt = at + 4 * CopyWindow.WORDS;
    this.#window = new CopyWindow(new Int32Array(arena.buffer, at, CopyWindow.WORDS));
    this.#times = new Int32Array(arena.buffer, this.timesAt, LANES * LANE_WORDS);
  }

  /** The capture's beginning is over. */
  settle(): void {
    this.lanes = this.#copying;
  }

  watches(lane: number): boolean {
    return ((this.lanes >>> lane) & 1) !== 0;
  }

  copied(lane: number): void {
    this.copies++;
    this.#copying |= 1 << lane;
    this.lanes |= 1 << lane;
  }

  /** True where the same packet of this flow and direction was here within 5 ms on another path; remembers it else. */
  seen(lane: number, flowDir: number, print: number, sec: number, nsec: number): boolean {
    return this.#window.seen(lane, flowDir, print, sec, nsec);
  }

  /** Flows have other numbers now, and the capture's beginning is long past. */
  renumbered(): void {
    this.heads.clear();
    this.#window.clear();
  }

  /** A packet of a lane that is watched. */
  note(lane: number, flowDir: number, print: number, ipId: number, bytes: number, sec: number, nsec: number): void {
    const times = this.#times;
    const at = lane * LANE_WORDS;
    if (times[at + BEGUN] === 0) {
      times[at + BEGUN] = 1;
      times[at] = sec;
      times[at + 1] = nsec;
    }
    times[at + 2] = sec;
    times[at + 3] = nsec;
    if (times[at + HEADS]! < MOST_HEADS && gapNsec(times[at]!, times[at + 1]!, sec, nsec) <= COPY_WITHIN_NSEC) {
      times[at + HEADS]!++;
      addEdge(this.heads, flowDir, { print, bytes, sec, nsec, ...(ipId !== 0 && { withId: true }) });
    }
  }

  /** Packets of the capture's last 5 ms, as far as copies were watched for. */
  get tails(): Edges {
    if (this.keptTails !== null) return this.keptTails;
    const edges: Edges = new Map();
    for (let lane = 0; lane < LANES; lane++) {
      const at = lane * LANE_WORDS;
      this.#window.since(lane, this.#times[at + 2]!, this.#times[at + 3]!, edges);
    }
    return edges;
  }
}
