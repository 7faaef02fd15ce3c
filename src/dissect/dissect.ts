/**
 * Frames → packets: where each frame enters. Link layers in `link.ts` and `ethernet.ts`, IP and transport in `ip.ts`,
 * tunnels in `encapsulated.ts`, `gre.ts` and `udp-tunnels.ts`, fragments in `fragments.ts`.
 *
 * Runs for every packet: one reused record, no allocation, no exceptions, byte shifts. Each layer checks its length once
 * at the door and then reads unchecked. `end` is always the end of the captured bytes; wire lengths come from the
 * headers themselves, so that a cut frame still counts what was on the wire. Layers call each other, each with what is
 * left of the frame; every one that plain traffic does not have counts towards `LIMITS.layers`.
 */
import type { Frame } from "../capture/frame.ts";
import { CapCounter } from "../limits.ts";
import { dissectEthernet } from "./ethernet.ts";
import { Fragments } from "./fragments.ts";
import { dissectLink } from "./link.ts";
import { FRAGMENT, type Packet } from "./packet.ts";
import type { RealmTags } from "./realm-tags.ts";
import { tunnelBits } from "./udp-tunnels.ts";
import { aggregated } from "./wlan.ts";

export { LINK_TYPES } from "./link-types.ts";

export interface DissectOptions {
  /** Counts what was given up for want of room. */
  caps?: CapCounter;
  /** EtherTypes that decoders read: such frames are `ETHER`. */
  etherTypes?: Iterable<number>;
  /** UDP ports that carry VXLAN here, beside the usual ones. */
  vxlanPorts?: readonly number[];
  /** By capture: what names realms in it. Left out where nothing does. */
  realmTags?: readonly (RealmTags | null)[];
}

export class Dissector {
  readonly packet: Packet;
  readonly fragments: Fragments;
  readonly #realmTags: readonly (RealmTags | null)[];

  constructor(packet: Packet, options: DissectOptions = {}) {
    this.packet = packet;
    this.#realmTags = options.realmTags ?? [];
    this.fragments = new Fragments(options.caps ?? new CapCounter());
    packet.tunnelBits = tunnelBits(options.vxlanPorts);
    const etherBits = new Int32Array(65_536 / 32);
    for (const type of options.etherTypes ?? []) etherBits[type >>> 5]! |= 1 << (type & 31);
    packet.etherBits = etherBits;
  }

  /** EtherType of the last frame that was `NO_IP`, see `Packet.etherType`. */
  get etherType(): number {
    return this.packet.etherType;
  }

  /** Fills `packet` from `frame` and says what became of it. Fragments are joined within a realm only: `realm`, or what their tags name. */
  dissect(frame: Frame, realm = 0): number {
    const packet = this.packet;
    const { buf, off } = frame;
    const end = off + frame.capLen;
    if (packet.special) packet.clear();
    if (packet.buf !== buf) packet.buf = buf;
    packet.path = 0;
    if (this.#realmTags.length > 0) packet.realmTags = this.#realmTags[frame.capture] ?? null;
    const code =
      frame.linkType === 1
        ? dissectEthernet(packet, buf, off, end, frame.wireLen)
        : dissectLink(packet, frame.linkType, buf, off, end, frame.wireLen);
    return code === FRAGMENT ? this.#fragment(frame, realm) : code;
  }

  /** The next packet of a frame that holds several: only where `packet.nextOff` is not 0. */
  next(frame: Frame, realm = 0): number {
    const packet = this.packet;
    const { nextOff, nextPath, nextDepth, nextVlan, nextTunnel, nextRealm } = packet;
    packet.clear();
    packet.special = true;
    packet.buf = frame.buf;
    packet.path = nextPath;
    packet.depth = nextDepth;
    packet.vlan = nextVlan;
    packet.tunnel = nextTunnel;
    packet.realm = nextRealm;
    const code = aggregated(packet, frame.buf, nextOff);
    return code === FRAGMENT ? this.#fragment(frame, realm) : code;
  }

  #fragment({ sec, nsec }: Frame, realm: number): number {
    return this.fragments.add(this.packet, realmOf(this.packet, realm), sec, nsec);
  }
}

/** A packet's realm in a capture whose frames without a tag belong to `untagged`. */
export function realmOf(p: Packet, untagged: number): number {
  return p.realm === 0 ? untagged : p.realm - 1;
}
