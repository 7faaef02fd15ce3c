/**
 * A packet: a frame seen at network and transport layer, as numbers and offsets into the frame's slab.
 * One object is reused for every packet, so nothing here survives the next call to `dissect`.
 */
export class Packet {
  /** 4, 6, or 0 where there is no IP. */
  family = 0;
  /** IP protocol number of the innermost header that was understood. */
  proto = 0;
  /** TTL or hop limit. */
  ttl = 0;
  /** IPv4: the addresses as signed 32-bit numbers (a V8 small integer; unsigned ones would be heap numbers). */
  src = 0;
  dst = 0;
  /** Where the addresses stand in the slab, for families that do not fit a number. */
  srcOff = 0;
  dstOff = 0;
  srcPort = 0;
  dstPort = 0;
  /** IPv4 identification; 0 for IPv6. */
  ipId = 0;
  /** Checksum field of TCP, UDP or ICMP, as it stands. */
  checksum = 0;
  /** Bytes from the IP header on, on the wire (without padding of the frame). */
  ipBytes = 0;
  /** First byte of the network header in the slab. */
  netOff = 0;
  /** First byte of the transport header in the slab, and its bytes on the wire to the packet's end. */
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
  /** Innermost VLAN id, 0 where untagged. */
  vlan = 0;
  /** What tells two paths of one packet apart: VLAN, MAC pair, TTL, folded into 12 bits. See `flow/copies.ts`. */
  path = 0;
  /** True where the packet is a first fragment: its payload is not whole. */
  fragment = false;
  /** True where the wire length was bounded by the frame because the IP length was 0 (segmentation offload). */
  offload = false;
}

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
/** More tags or extension headers than `LIMITS.layers`. */
export const TOO_DEEP = 5;
/** A fragment other than the first: its transport header is elsewhere. */
export const FRAGMENT = 6;

/** Names of the codes, as the quality table shows them. */
export const DISSECT_NAMES = ["packet", "no-ip", "cut", "malformed", "link-unsupported", "too-deep", "fragment"] as const;

export const TCP = 6;
export const UDP = 17;
export const ICMP = 1;
export const ICMP6 = 58;
export const SCTP = 132;

export const FIN = 0x01;
export const SYN = 0x02;
export const RST = 0x04;
export const PSH = 0x08;
export const ACK = 0x10;
