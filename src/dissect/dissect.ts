/**
 * Frames → packets. Link layers here; IP and transport in `ip.ts`.
 *
 * Runs for every packet: one reused record, no allocation, no exceptions, byte shifts. Each layer checks its length once
 * at the door and then reads unchecked. `end` is always the end of the captured bytes; wire lengths come from the
 * headers themselves, so that a cut frame still counts what was on the wire.
 */
import type { Frame } from "../capture/frame.ts";
import { LIMITS } from "../limits.ts";
import { dissectIp, dissectIpv4, dissectIpv6 } from "./ip.ts";
import { CUT, LINK_UNSUPPORTED, MALFORMED, NO_IP, type Packet, TOO_DEEP } from "./packet.ts";

const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
const ETHERTYPE_VLAN = 0x8100; // 802.1Q
const ETHERTYPE_QINQ = 0x88a8; // 802.1ad
const ETHERTYPE_QINQ_OLD = 0x9100;
/** At and above this a type, below it an 802.3 length. */
const ETHERTYPE_LEAST = 0x0600;

/** Link types (https://www.tcpdump.org/linktypes.html) and their names; those with `read: false` are refused by name. */
export const LINK_TYPES: Readonly<Record<number, { name: string; read: boolean }>> = {
  0: { name: "BSD loopback (null)", read: true },
  1: { name: "Ethernet", read: true },
  9: { name: "PPP", read: false },
  12: { name: "raw IP", read: true },
  14: { name: "raw IP", read: true },
  101: { name: "raw IP", read: true },
  104: { name: "Cisco HDLC", read: false },
  105: { name: "802.11", read: false },
  107: { name: "Frame Relay", read: false },
  108: { name: "OpenBSD loopback", read: true },
  113: { name: "Linux cooked", read: true },
  127: { name: "802.11 with radiotap", read: false },
  189: { name: "USB (Linux)", read: false },
  192: { name: "PPI", read: false },
  195: { name: "802.15.4", read: false },
  220: { name: "USB (Linux, mmapped)", read: false },
  228: { name: "raw IPv4", read: true },
  229: { name: "raw IPv6", read: true },
  239: { name: "NFLOG", read: false },
  249: { name: "USBPcap", read: false },
  276: { name: "Linux cooked v2", read: true },
};

/** What a frame's dissection leaves behind beside the packet: the EtherType that ended it, for the counts by type. */
export class Dissector {
  readonly packet: Packet;
  /** EtherType of the last frame that was `NO_IP`; below 0x600 it was an 802.3 length (LLC). */
  etherType = 0;

  constructor(packet: Packet) {
    this.packet = packet;
  }

  /** Fills `packet` from `frame` and says what became of it. */
  dissect(frame: Frame): number {
    const packet = this.packet;
    const off = frame.off;
    const end = off + frame.capLen;
    packet.vlan = 0;
    packet.path = 0;
    packet.fragment = false;
    packet.offload = false;
    switch (frame.linkType) {
      case 1:
        return this.#ethernet(frame.buf, off, end, frame.wireLen);
      case 12:
      case 14:
      case 101:
        return dissectIp(packet, frame.buf, off, end, frame.wireLen);
      case 228:
        return dissectIpv4(packet, frame.buf, off, end, frame.wireLen);
      case 229:
        return dissectIpv6(packet, frame.buf, off, end, frame.wireLen);
      case 0:
      case 108:
        return this.#loopback(frame.buf, off, end, frame.wireLen);
      case 113:
        return this.#cooked(frame.buf, off, end, frame.wireLen, 16, 14);
      case 276:
        return this.#cooked(frame.buf, off, end, frame.wireLen, 20, 0);
      default:
        return LINK_UNSUPPORTED;
    }
  }

  #ethernet(buf: Uint8Array, off: number, end: number, wire: number): number {
    if (end - off < 14) return CUT;
    const type = (buf[off + 12]! << 8) | buf[off + 13]!;
    // The low bytes of both MAC addresses are enough to tell two paths of one packet apart.
    this.packet.path = buf[off + 4]! + buf[off + 5]! * 3 + buf[off + 10]! * 5 + buf[off + 11]! * 7;
    if (type === ETHERTYPE_IPV4) return dissectIpv4(this.packet, buf, off + 14, end, wire - 14);
    return this.#etherType(type, buf, off + 14, end, wire - 14);
  }

  /** What an EtherType announces, VLAN tags walked. */
  #etherType(first: number, buf: Uint8Array, start: number, end: number, wireLeft: number): number {
    let type = first;
    let off = start;
    let wire = wireLeft;
    for (let depth = 0; depth < LIMITS.layers; depth++) {
      if (type === ETHERTYPE_IPV4) return dissectIpv4(this.packet, buf, off, end, wire);
      if (type === ETHERTYPE_IPV6) return dissectIpv6(this.packet, buf, off, end, wire);
      if (type !== ETHERTYPE_VLAN && type !== ETHERTYPE_QINQ && type !== ETHERTYPE_QINQ_OLD) {
        this.etherType = type < ETHERTYPE_LEAST ? 0 : type;
        return NO_IP;
      }
      if (end - off < 4) return CUT;
      const vlan = ((buf[off]! & 0x0f) << 8) | buf[off + 1]!;
      this.packet.vlan = vlan;
      this.packet.path = this.packet.path * 31 + vlan + 1;
      type = (buf[off + 2]! << 8) | buf[off + 3]!;
      off += 4;
      wire -= 4;
    }
    return TOO_DEEP;
  }

  /** BSD loopback: an address family in the byte order of the host that captured (or of the network: OpenBSD). */
  #loopback(buf: Uint8Array, off: number, end: number, wire: number): number {
    if (end - off < 4) return CUT;
    const first = buf[off]!;
    const last = buf[off + 3]!;
    const family = first === 0 && buf[off + 1] === 0 ? last : last === 0 && buf[off + 2] === 0 ? first : -1;
    if (family === 2) return dissectIpv4(this.packet, buf, off + 4, end, wire - 4);
    // AF_INET6 is 10 on Linux, 24, 28 and 30 on the BSDs.
    if (family === 10 || family === 24 || family === 28 || family === 30) {
      return dissectIpv6(this.packet, buf, off + 4, end, wire - 4);
    }
    if (family < 0) return MALFORMED;
    this.etherType = 0;
    return NO_IP;
  }

  /** Linux cooked capture: v1 has its protocol at 14 of 16, v2 at 0 of 20. */
  #cooked(buf: Uint8Array, off: number, end: number, wire: number, header: number, protocolAt: number): number {
    if (end - off < header) return CUT;
    const type = (buf[off + protocolAt]! << 8) | buf[off + protocolAt + 1]!;
    // The sender's low MAC bytes; v2 has the interface index before them, which tells ports of a bridge apart.
    this.packet.path =
      header === 16 ? buf[off + 10]! + buf[off + 11]! * 3 : buf[off + 16]! + buf[off + 17]! * 3 + buf[off + 7]! * 5;
    return this.#etherType(type, buf, off + header, end, wire - header);
  }
}
