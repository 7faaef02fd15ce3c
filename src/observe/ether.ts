/**
 * Frames of Ethernet's own: what a decoder accepts becomes a flow between two MAC addresses, all else is left to be
 * counted by its EtherType. That is decided for each frame by itself, so that slices of a capture agree on it.
 *
 * Several protocols share an EtherType (PROFINET's discovery and its cyclic data, 0x8892), so a flow is one decoder's:
 * where other flows have ports its row has a number made of the decoder's id.
 */
import type { Frame } from "../capture/frame.ts";
import type { Decoder } from "../decode/decoder.ts";
import type { Identifier } from "../decode/identify.ts";
import { FAMILY_ETH, type Packet } from "../dissect/packet.ts";
import { compareBytes } from "../flow/addresses.ts";
import { S_FEED, STATE } from "../flow/row.ts";
import type { FlowTracker } from "../flow/tracker.ts";

export class EtherFrames {
  readonly #flows: FlowTracker;
  readonly #identified: Identifier;
  /** By decoder: what stands in place of both ports. */
  readonly #marks: readonly number[];

  constructor(flows: FlowTracker, identified: Identifier) {
    this.#flows = flows;
    this.#identified = identified;
    this.#marks = identified.decoders.map(etherMark);
  }

  /** True where a decoder accepted the frame and it has been counted in its flow. */
  take(frame: Frame, p: Packet, realm: number): boolean {
    for (const index of this.#identified.ofEtherType(p.etherType)) {
      if (this.#identified.decoders[index]!.looksDatagram?.(p.buf, p.payOff, p.payLen) !== true) continue;
      p.srcPort = this.#marks[index]!;
      p.dstPort = p.srcPort;
      if (!this.#isSettled(p, realm) && !this.#identified.accepts(index, frame, p)) continue;
      this.#flows.packet(frame, p, realm, 0);
      return true;
    }
    return false;
  }

  /** True where the frame's flow is known and its decoder has nothing more to learn from this direction. */
  #isSettled(p: Packet, realm: number): boolean {
    const { ipv6, table } = this.#flows;
    const src = ipv6.ofMac(p.buf, p.srcOff);
    const dst = ipv6.ofMac(p.buf, p.dstOff);
    const ports = (p.srcPort << 16) | p.dstPort;
    const meta = p.proto | (FAMILY_ETH << 8) | (realm << 16);
    const forward = compareBytes(p.buf, p.srcOff, p.dstOff, 6) <= 0;
    const flow = forward ? table.find(src, dst, ports, meta) : table.find(dst, src, ports, meta);
    return flow >= 0 && (table.rows(flow)[table.at(flow) + STATE]! & (S_FEED << (forward ? 0 : 1))) === 0;
  }
}

/** 16 bits of a decoder's id, the same in every version. */
export function etherMark({ id }: Pick<Decoder, "id">): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < id.length; i++) h = Math.imul(h ^ id.charCodeAt(i), 0x01000193);
  return (h ^ (h >>> 16)) & 0xffff;
}
