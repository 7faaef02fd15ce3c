/**
 * Ethernet and what an EtherType announces: IP, VLAN tags (802.1Q, 802.1ad and the tags of switches), MPLS, PPPoE, NSH,
 * provider backbones, LLC and SNAP (802.2, RFC 1042).
 *
 * The first function runs for nearly every packet; the rest is rare.
 */
import { LIMITS } from "../limits.ts";
import { folded } from "./checksum.ts";
import { enter, through } from "./inner.ts";
import { dissectIp, dissectIpv4, dissectIpv6 } from "./ip.ts";
import { mpls } from "./mpls.ts";
import {
  CUT,
  ETHER,
  FAMILY_ETH,
  MALFORMED,
  NO_IP,
  type Packet,
  T_MAC_IN_MAC,
  T_NSH,
  T_PPPOE,
  TOO_DEEP,
} from "./packet.ts";
import { ppp } from "./ppp.ts";

export const ETHERTYPE_IPV4 = 0x0800;
export const ETHERTYPE_IPV6 = 0x86dd;
export const ETHERTYPE_MPLS = 0x8847;
const MPLS_MULTICAST = 0x8848;
const VLAN = 0x8100; // 802.1Q
const QINQ = 0x88a8; // 802.1ad
const QINQ_OLD = 0x9100;
const QINQ_OLDER = 0x9200;
const BRIDGED = 0x6558;
const PPPOE_SESSION = 0x8864;
const BACKBONE = 0x88e7; // 802.1ah
const NSH = 0x894f;
const VN_TAG = 0x8926;
const E_TAG = 0x893f; // 802.1BR
const CISCO_METADATA = 0x8909;
const FABRIC_PATH = 0x8903;
/** At and above this a type, below it an 802.3 length. */
const ETHERTYPE_LEAST = 0x0600;

export function dissectEthernet(p: Packet, buf: Uint8Array, off: number, end: number, wire: number): number {
  if (end - off < 14) return CUT;
  // The low bytes of both MAC addresses are enough to tell two paths of one packet apart.
  p.path = (p.path * 31 + buf[off + 4]! + buf[off + 5]! * 3 + buf[off + 10]! * 5 + buf[off + 11]! * 7) & 0xfff;
  const type = (buf[off + 12]! << 8) | buf[off + 13]!;
  p.linkOff = off;
  if (type === ETHERTYPE_IPV4) return dissectIpv4(p, buf, off + 14, end, wire - 14);
  return etherType(p, type, buf, off + 14, end, wire - 14);
}

/** What an EtherType announces at `off`. */
export function etherType(
  p: Packet,
  first: number,
  buf: Uint8Array,
  start: number,
  end: number,
  wireLeft: number,
): number {
  let type = first;
  let off = start;
  let wire = wireLeft;
  for (;;) {
    if (p.depth >= LIMITS.layers) return TOO_DEEP;
    let tag: number;
    switch (type) {
      case ETHERTYPE_IPV4:
        return dissectIpv4(p, buf, off, end, wire);
      case ETHERTYPE_IPV6:
        return dissectIpv6(p, buf, off, end, wire);
      case VLAN:
      case QINQ:
      case QINQ_OLD:
      case QINQ_OLDER:
        tag = 4;
        if (end - off < tag) return CUT;
        p.vlan = ((buf[off]! & 0x0f) << 8) | buf[off + 1]!;
        through(p, p.vlan);
        if (p.realmTags !== null) p.realmTags.tagged(p);
        break;
      case VN_TAG:
        tag = 6;
        through(p, 0);
        break;
      case E_TAG:
      case CISCO_METADATA:
        tag = 8;
        through(p, 0);
        break;
      case ETHERTYPE_MPLS:
      case MPLS_MULTICAST:
        return mpls(p, buf, off, end, wire);
      case PPPOE_SESSION:
        return pppoe(p, buf, off, end, wire);
      case NSH:
        return nsh(p, buf, off, end, wire);
      case BRIDGED:
        through(p, 0);
        return dissectEthernet(p, buf, off, end, wire);
      case BACKBONE: // a service identifier of four bytes, then the customer's frame
        enter(p, T_MAC_IN_MAC);
        return dissectEthernet(p, buf, off + 4, end, wire - 4);
      case FABRIC_PATH: // a tag of two bytes, then the frame
        enter(p, T_MAC_IN_MAC);
        return dissectEthernet(p, buf, off + 2, end, wire - 2);
      default:
        if (type < ETHERTYPE_LEAST) {
          const length = type > 0 ? Math.min(type, wire) : wire; // what is behind it fills the frame up
          return llc(p, buf, off, Math.min(end, off + length), length);
        }
        p.etherType = type;
        return isRead(p, type) ? ether(p, buf, off, end, wire) : NO_IP;
    }
    if (end - off < tag) return CUT;
    type = (buf[off + tag - 2]! << 8) | buf[off + tag - 1]!;
    off += tag;
    wire -= tag;
  }
}

/** Whether some decoder reads an EtherType, or the LLC service that a number below them stands for. */
const isRead = (p: Packet, type: number): boolean => (p.etherBits[type >>> 5]! & (1 << (type & 31))) !== 0;

/** A frame that stands for itself. Where its link has no Ethernet addresses nobody can say who spoke to whom. */
function ether(p: Packet, buf: Uint8Array, off: number, end: number, wire: number): number {
  p.payOff = off;
  p.payLen = end - off;
  if (p.linkOff < 0) return NO_IP;
  p.family = FAMILY_ETH;
  p.proto = 0;
  p.ttl = 0;
  p.dstOff = p.linkOff;
  p.srcOff = p.linkOff + 6;
  p.srcPort = 0;
  p.dstPort = 0;
  p.netOff = off;
  p.transportOff = off;
  p.payWire = Math.max(wire, p.payLen);
  p.ipBytes = p.payWire;
  p.tcpFlags = 0;
  // Nothing in it tells a frame from its copy but its bytes.
  p.ipId = 0;
  p.checksum = folded(buf, off, end);
  return ETHER;
}

/** As `etherType`, of the type that was left in the packet: a layer of a tunnel whose header announces one. */
export function announced(p: Packet, buf: Uint8Array, off: number, end: number, wire: number): number {
  return etherType(p, p.etherType, buf, off, end, wire);
}

/** LLC (802.2): SNAP with an EtherType or a bridged frame, IP by its own SAP, OSI network layers (RFC 2684 section 5). */
export function llc(p: Packet, buf: Uint8Array, off: number, end: number, wire: number): number {
  p.etherType = 0;
  if (end - off < 3) return CUT;
  const sap = (buf[off]! << 8) | buf[off + 1]!;
  if (buf[off + 2] !== 0x03) return NO_IP; // unnumbered information is the only kind that carries packets
  switch (sap) {
    case 0xaaaa:
      return snap(p, buf, off + 3, end, wire - 3);
    case 0x0606:
      return dissectIpv4(p, buf, off + 3, end, wire - 3);
    case 0xfefe:
      return networkLayer(p, buf, off + 3, end, wire - 3);
    default:
      if (sap >> 8 !== (sap & 0xff) || !isRead(p, sap & 0xff)) return NO_IP;
      p.etherType = sap & 0xff;
      return ether(p, buf, off + 3, end, wire - 3);
  }
}

/** SNAP: an organisation of three bytes and its type of two. */
export function snap(p: Packet, buf: Uint8Array, off: number, end: number, wire: number): number {
  if (end - off < 5) return CUT;
  if (p.depth >= LIMITS.layers) return TOO_DEEP;
  p.special = true;
  p.depth++;
  const organisation = (buf[off]! << 16) | (buf[off + 1]! << 8) | buf[off + 2]!;
  const type = (buf[off + 3]! << 8) | buf[off + 4]!;
  if (organisation === 0 || organisation === 0x0000f8) {
    return type < ETHERTYPE_LEAST ? NO_IP : etherType(p, type, buf, off + 5, end, wire - 5);
  }
  // RFC 2427: 1 and 7 are bridged Ethernet with and without its checksum.
  if (organisation === 0x0080c2 && (type === 1 || type === 7)) return dissectEthernet(p, buf, off + 5, end, wire - 5);
  return NO_IP;
}

/** ISO/IEC TR 9577: one byte names the network layer. */
export function networkLayer(p: Packet, buf: Uint8Array, off: number, end: number, wire: number): number {
  p.etherType = 0;
  if (end - off < 1) return CUT;
  switch (buf[off]) {
    case 0xcc:
      return dissectIpv4(p, buf, off + 1, end, wire - 1);
    case 0x8e:
      return dissectIpv6(p, buf, off + 1, end, wire - 1);
    case 0x80:
      return snap(p, buf, off + 1, end, wire - 1);
    case 0xcf:
      return ppp(p, buf, off + 1, end, wire - 1);
    default:
      return NO_IP;
  }
}

/** PPPoE (RFC 2516): version and type 1, code 0 in a session, its id, a length. */
export function pppoe(p: Packet, buf: Uint8Array, off: number, end: number, wire: number): number {
  if (end - off < 6) return CUT;
  if (buf[off] !== 0x11 || buf[off + 1] !== 0) return MALFORMED;
  enter(p, T_PPPOE);
  return ppp(p, buf, off + 6, end, wire - 6);
}

/** NSH (RFC 8300): its length in words of four bytes, and what follows. */
export function nsh(p: Packet, buf: Uint8Array, off: number, end: number, wire: number): number {
  if (end - off < 8) return CUT;
  const length = (buf[off + 1]! & 0x3f) << 2;
  if (buf[off]! >> 6 !== 0 || length < 8) return MALFORMED;
  enter(p, T_NSH);
  p.etherType = NSH;
  if (off + length > end) return CUT;
  return nextProtocol(p, buf[off + 3]!, buf, off + length, end, wire - length);
}

/** The next protocol numbers that NSH and VXLAN-GPE (draft-ietf-nvo3-vxlan-gpe) share. */
export function nextProtocol(p: Packet, next: number, buf: Uint8Array, off: number, end: number, wire: number): number {
  if (p.depth >= LIMITS.layers) return TOO_DEEP;
  switch (next) {
    case 1:
    case 2:
      return dissectIp(p, buf, off, end, wire);
    case 3:
      return dissectEthernet(p, buf, off, end, wire);
    case 4:
      return nsh(p, buf, off, end, wire);
    case 5:
      return mpls(p, buf, off, end, wire);
    default:
      return NO_IP;
  }
}
