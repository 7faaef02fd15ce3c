/**
 * The packets of one frame: a tunnel's, and what it carries. Each counts in its own flow, because whoever opens a tunnel
 * talks to its other end; copies are told in each by itself, so that what is seen both inside a tunnel and outside of it still
 * counts once.
 *
 * They are shown to the flows in the order of their lanes: with several threads that is the one that all can keep.
 */
import type { Frame } from "../capture/frame.ts";
import type { Identifier } from "../decode/identify.ts";
import { realmOf } from "../dissect/dissect.ts";
import type { Packet } from "../dissect/packet.ts";
import { laneOfPacket } from "../flow/lanes.ts";
import type { FlowTracker } from "../flow/tracker.ts";
import { noteTunnel } from "./tunnels.ts";

export class Layers {
  readonly #flows: FlowTracker;
  readonly #identified: Identifier;
  /** Lanes whose flows are kept, a bit each. */
  readonly #lanes: number;
  /** Of the frame at hand, in the order of their lanes. */
  readonly #packets: Packet[] = [];
  readonly #laneOf: number[] = [];

  constructor(flows: FlowTracker, identified: Identifier, lanes: number) {
    this.#flows = flows;
    this.#identified = identified;
    this.#lanes = lanes;
  }

  /**
   * `p`: a packet that came in a tunnel. `untagged`: the realm of frames without a tag. `read`: whether it is a packet itself, or
   * only what it came in.
   */
  take(frame: Frame, p: Packet, untagged: number, read: boolean): void {
    this.#packets.length = 0;
    this.#laneOf.length = 0;
    if (read) this.#add(p);
    for (let outer = p.outer; outer !== null; outer = outer.outer) this.#add(outer);
    for (let i = 0; i < this.#packets.length; i++) {
      const lane = this.#laneOf[i]!;
      if (((this.#lanes >>> lane) & 1) === 0) continue;
      const one = this.#packets[i]!;
      const flow = this.#flows.packet(frame, one, realmOf(one, untagged), lane);
      if (one.carries !== 0 && flow >= 0) noteTunnel(this.#flows, this.#identified, flow, frame, one);
    }
  }

  #add(p: Packet): void {
    const lane = laneOfPacket(p);
    let at = this.#packets.length;
    while (at > 0 && this.#laneOf[at - 1]! > lane) at--;
    this.#packets.splice(at, 0, p);
    this.#laneOf.splice(at, 0, lane);
  }
}
