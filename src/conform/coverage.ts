/** What the captures could see, and when: their pauses, their own counts of loss, and how much of streams they lack. */
import type { CaptureInfo } from "../capture/frame.ts";
import { commonPauses, type Pause, pausedWithin } from "../capture/pauses.ts";
import type { Observation } from "../observe/observation.ts";
import type { CastHost } from "./cast.ts";

/** A share of all packets from which on holes in streams say that the capture does not see everything. */
const LEAKY_SHARE = 0.01;

export class Coverage {
  readonly #captures: readonly CaptureInfo[];
  readonly #pauses = new Map<string | null, Pause[]>();
  /** Holes in TCP streams that nothing filled; 0 where there are too few to say anything of the capture. */
  readonly holes: number;

  constructor({ captures, flows }: Observation) {
    this.#captures = captures;
    const packets = captures.reduce((sum, capture) => sum + capture.packets, 0);
    const holes = flows.holes.left;
    this.holes = holes / Math.max(1, packets) >= LEAKY_SHARE ? holes : 0;
  }

  /** Seconds for which a host that appears was seen: pauses of the capture between are none of them. */
  seconds({ realm, presence }: CastHost): number {
    const { firstSec, lastSec } = presence;
    return lastSec - firstSec - pausedWithin(this.pauses(realm), firstSec, lastSec);
  }

  /** Packets that captures lost, by their own count, which were taken while the host was there. */
  drops({ realm, presence }: CastHost): number {
    return this.#of(realm)
      .filter(({ firstSec, lastSec }) => firstSec <= presence.lastSec && lastSec >= presence.firstSec)
      .reduce((sum, capture) => sum + (capture.drops ?? 0), 0);
  }

  /** `realm`: null for all. */
  pauses(realm: string | null): readonly Pause[] {
    let known = this.#pauses.get(realm);
    if (known === undefined) {
      known = commonPauses(this.#of(realm));
      this.#pauses.set(realm, known);
    }
    return known;
  }

  #of(realm: string | null): readonly CaptureInfo[] {
    return realm === null ? this.#captures : this.#captures.filter((capture) => capture.realm === realm);
  }
}
