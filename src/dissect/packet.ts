import type { RealmTags } from "./realm-tags.ts";

/**
 * A packet: a frame seen at network and transport layer, as numbers and offsets into `buf`.
 * One object is reused for every packet, so nothing here survives the next call to `dissect`.
 */
export class Packet {
  /** What the offsets refer to: the frame's slab, or where a datagram was put together from its fragments. */
  buf: Uint8Array = NO_BYTES;
  /** 4 or 6; `FAMILY_ETH` of a frame that was `ETHER`. */
  family = 0;
  /** IP protocol number of the innermost header that was understood. */
  proto = 0;
  /** TTL or hop limit. */
  ttl = 0;
  /** IPv4: the addresses as signed 32-bit numbers (a V8 small integer; unsigned ones would be heap numbers). */
  src = 0;
  dst = 0;
  /** Where the addresses stand in `buf`, for families that do not fit a number. */
  srcOff = 0;
  dstOff = 0;
  srcPort = 0;
  dstPort = 0;
  /** IPv4 identification, 0 for IPv6; of a fragment, mixed with its offset. */
  ipId = 0;
  /** Checksum field of TCP, UDP or ICMP, as it stands. */
  checksum = 0;
  /** Bytes from the IP header on, on the wire (without padding of the frame). */
  ipBytes = 0;
  /** Where the innermost Ethernet header stands, where no tunnel without one is around the packet; else below 0. */
  linkOff = -1;
  /** First byte of the network header in `buf`. */
  netOff = 0;
  /** First byte of the transport header in `buf`, and its bytes on the wire to the packet's end. */
  transportOff = 0;
  transportWire = 0;
  /** Transport payload: offset, captured bytes, bytes on the wire. */
  payOff = 0;
  payLen = 0;
  payWire = 0;
  tcpFlags = 0;
  /** TCP sequence and acknowledgement numbers as signed 32-bit numbers; compare by subtraction only. */
  seq = 0;
  ack = 0;
  /** ICMP type and code. */
  icmpType = 0;
  icmpCode = 0;
  /** What tells two paths of one packet apart: VLAN, MAC pair, tunnels, TTL, folded into 12 bits. See `flow/copies.ts`. */
  path = 0;
  /** EtherType of a frame that was `NO_IP`; 0 for LLC, `NO_ETHERTYPE` where its link has none. */
  etherType = 0;

  // ---- What few packets have. `special` is set with any of them, so that the others need not clear them one by one.

  special = false;
  /** Innermost VLAN id, 0 where untagged. */
  vlan = 0;
  /** Innermost tunnel, an index into `TUNNELS`; 0 outside of any. */
  tunnel = 0;
  /** Its realm's index plus one, where a site names realms by tags (`realm-tags.ts`); 0: that of frames without a tag. */
  realm = 0;
  /** Whether a tag or identifier of this packet's own frame said so, not of one around it. */
  realmNamed = false;
  /** Layers walked that plain traffic does not have: tags, labels, tunnels, extension headers. At most `LIMITS.layers`. */
  depth = 0;
  /** The packet that this one came in, a tunnel's, and so on outwards; null outside of any. Kept until the next frame. */
  outer: Packet | null = null;
  /** Of such an outer packet: the tunnel that it is, an index into `TUNNELS`. */
  carries = 0;
  /** IP packets that this one stands for: fragments that had to wait until their transport header was seen; and the bytes of the others. */
  pieces = 1;
  heldBytes = 0;
  /** Frames that were `FRAGMENT` before, and have become part of a packet with this one. */
  released = 0;
  /** True for a fragment that does not complete its datagram: it counts for its flow and has no payload. */
  fragment = false;
  /** True where the wire length was bounded by the frame because the IP length was 0 (segmentation offload). */
  offload = false;
  /** Where `dissect` says `FRAGMENT`: identification, offset in bytes, whether more follow. The payload is the fragment. */
  fragmentId = 0;
  fragmentOffset = 0;
  moreFragments = false;
  /** Of a frame that holds several packets (`wlan.ts`): where the next one begins, 0 where there is none, and where all end. */
  nextOff = 0;
  nextEnd = 0;
  /** Path, layers, VLAN and tunnel of the frame around them. */
  nextPath = 0;
  nextDepth = 0;
  nextVlan = 0;
  nextTunnel = 0;
  nextRealm = 0;

  /** EtherTypes that stand for themselves (`ETHER`), one bit each. */
  etherBits: Int32Array = NO_PORTS;
  /** UDP ports that a tunnel may use, one bit each (see `udp-tunnels.ts`). */
  tunnelBits: Int32Array = NO_PORTS;
  /** What names realms in the capture at hand; null where nothing does. */
  realmTags: RealmTags | null = null;

  /** Back to what plain traffic is. */
  clear(): void {
    this.special = false;
    this.vlan = 0;
    this.tunnel = 0;
    this.realm = 0;
    this.realmNamed = false;
    this.outer = null;
    this.depth = 0;
    this.pieces = 1;
    this.released = 0;
    this.fragment = false;
    this.offload = false;
    this.nextOff = 0;
  }

  /** Takes over all that the outer packet of a tunnel is made of, in case its inner one cannot be read. */
  copy(other: Packet): void {
    this.family = other.family;
    this.proto = other.proto;
    this.ttl = other.ttl;
    this.src = other.src;
    this.dst = other.dst;
    this.srcOff = other.srcOff;
    this.dstOff = other.dstOff;
    this.srcPort = other.srcPort;
    this.dstPort = other.dstPort;
    this.ipId = other.ipId;
    this.checksum = other.checksum;
    this.ipBytes = other.ipBytes;
    this.linkOff = other.linkOff;
    this.netOff = other.netOff;
    this.transportOff = other.transportOff;
    this.transportWire = other.transportWire;
    this.payOff = other.payOff;
    this.payLen = other.payLen;
    this.payWire = other.payWire;
    this.tcpFlags = other.tcpFlags;
    this.path = other.path;
    this.special = other.special;
    this.vlan = other.vlan;
    this.tunnel = other.tunnel;
    this.realm = other.realm;
    this.realmNamed = other.realmNamed;
    this.outer = other.outer;
    this.depth = other.depth;
    this.pieces = other.pieces;
    this.heldBytes = other.heldBytes;
    this.fragment = other.fragment;
    this.offload = other.offload;
  }
}

const NO_BYTES = new Uint8Array(0);
const NO_PORTS = new Int32Array(65_536 / 32);

/** What `dissect` says of a frame. Everything but `PACKET` is counted under its name and goes no further. */
export const PACKET = 0;
/** No IP: counted by EtherType. */
export const NO_IP = 1;
/** The capture cut it before its headers ended. */
export const CUT = 2;
/** A length or version contradicts itself. */
export const MALFORMED = 3;
/** A link type that is not read. */
export const LINK_UNSUPPORTED = 4;
/** More tags, labels, tunnels or extension headers than `LIMITS.layers`. */
export const TOO_DEEP = 5;
/** A fragment whose transport header has not been seen yet. */
export const FRAGMENT = 6;
/** A fragment that was seen already on its way past another mirror, and of which it is not known whose packet it is. */
export const FRAGMENT_COPY = 7;
/**
 * No IP, and of an EtherType that a decoder reads: addresses are MACs (`srcOff`, `dstOff`), the payload is what follows
 * the EtherType, padding included.
 */
export const ETHER = 8;

/** Names of the codes, as the quality table shows them. */
export const DISSECT_NAMES = [
  "packet",
  "no-ip",
  "cut",
  "malformed",
  "link-unsupported",
  "too-deep",
  "fragment",
  "fragment-copy",
  "ether",
] as const;

/** `Packet.etherType` of frames whose link layer has no such field, or that end before it: management, control, encrypted. */
export const NO_ETHERTYPE = -1;

/** Names of `Packet.tunnel`. Four bits of a flow's row hold it, so there are no more than these. */
export const TUNNELS = [
  "",
  "mpls",
  "pppoe",
  "gre",
  "erspan",
  "vxlan",
  "geneve",
  "gtp",
  "ip-in-ip",
  "6in4",
  "teredo",
  "l2tp",
  "nsh",
  "capwap",
  "etherip",
  "mac-in-mac",
] as const;
export const T_MPLS = 1;
export const T_PPPOE = 2;
export const T_GRE = 3;
export const T_ERSPAN = 4;
export const T_VXLAN = 5;
export const T_GENEVE = 6;
export const T_GTP = 7;
export const T_IP_IN_IP = 8;
export const T_6IN4 = 9;
export const T_TEREDO = 10;
export const T_L2TP = 11;
export const T_NSH = 12;
export const T_CAPWAP = 13;
export const T_ETHERIP = 14;
export const T_MAC_IN_MAC = 15;

/** `Packet.family` where there are MAC addresses and no IP. */
export const FAMILY_ETH = 1;

export const TCP = 6;
export const UDP = 17;
export const ICMP = 1;
export const ICMP6 = 58;
export const SCTP = 132;
/** UDP of which the checksum covers a part (RFC 3828): ports and payload as UDP's. */
export const UDP_LITE = 136;

/** Whether an IP protocol's header has ports. */
export function hasPorts(proto: number): boolean {
  return proto === TCP || proto === UDP || proto === SCTP || proto === UDP_LITE;
}

export const FIN = 0x01;
export const SYN = 0x02;
export const RST = 0x04;
export const PSH = 0x08;
export const ACK = 0x10;
