/**
 * IPv4 (RFC 791), IPv6 (RFC 8200) and what stands on them: TCP (RFC 9293), UDP (RFC 768), ICMP (RFC 792), ICMPv6
 * (RFC 4443), SCTP's ports (RFC 9260), UDP-Lite (RFC 3828). Payloads are bounded by the IP length, never by the frame, so that Ethernet
 * padding is no data.
 */
import { LIMITS } from "../limits.ts";
import { folded } from "./checksum.ts";
import { AUTHENTICATION, encapsulated } from "./encapsulated.ts";
import {
  CUT,
  FRAGMENT,
  ICMP,
  ICMP6,
  MALFORMED,
  PACKET,
  type Packet,
  SCTP,
  TCP,
  TOO_DEEP,
  UDP,
  UDP_LITE,
} from "./packet.ts";
import { udpTunnel } from "./udp-tunnels.ts";

/** Raw IP: the version tells. */
export function dissectIp(p: Packet, buf: Uint8Array, off: number, end: number, wire: number): number {
  if (end - off < 1) return CUT;
  const version = buf[off]! >> 4;
  if (version === 4) return dissectIpv4(p, buf, off, end, wire);
  if (version === 6) return dissectIpv6(p, buf, off, end, wire);
  return MALFORMED;
}

/** True where version, header length and total length of what stands at `off` agree with each other and with `wire`. */
export function plausibleIp(buf: Uint8Array, off: number, end: number, wire: number): boolean {
  if (end - off < 20) return false;
  const first = buf[off]!;
  if (first >> 4 === 6) return 40 + ((buf[off + 4]! << 8) | buf[off + 5]!) <= wire;
  const header = (first & 0x0f) << 2;
  const total = (buf[off + 2]! << 8) | buf[off + 3]!;
  return first >> 4 === 4 && header >= 20 && total >= header && total <= wire;
}

/** `wire`: bytes on the wire from `off` to the frame's end; `end`: end of the captured bytes in `buf`. */
export function dissectIpv4(p: Packet, buf: Uint8Array, off: number, end: number, wire: number): number {
  if (end - off < 20) return CUT;
  const first = buf[off]!;
  const headerLength = (first & 0x0f) << 2;
  if (first >> 4 !== 4 || headerLength < 20) return MALFORMED;
  let total = (buf[off + 2]! << 8) | buf[off + 3]!;
  if (total === 0) {
    // Segmentation offload: the network card fills the length in after the capture saw the packet.
    total = wire;
    offloaded(p);
  }
  if (total < headerLength) return MALFORMED;
  p.family = 4;
  p.netOff = off;
  p.ipBytes = total;
  p.ipId = (buf[off + 4]! << 8) | buf[off + 5]!;
  p.ttl = buf[off + 8]!;
  p.path = (p.path * 31 + p.ttl) & 0xfff;
  p.src = (buf[off + 12]! << 24) | (buf[off + 13]! << 16) | (buf[off + 14]! << 8) | buf[off + 15]!;
  p.dst = (buf[off + 16]! << 24) | (buf[off + 17]! << 16) | (buf[off + 18]! << 8) | buf[off + 19]!;
  p.srcOff = off + 12;
  p.dstOff = off + 16;
  const packetEnd = off + total < end ? off + total : end;
  if (((buf[off + 6]! & 0x3f) | buf[off + 7]!) !== 0) {
    return ipv4Fragment(p, buf, off + headerLength, packetEnd, total - headerLength);
  }
  return transport(p, buf, buf[off + 9]!, off + headerLength, packetEnd, total - headerLength);
}

/** More fragments follow, or this is not the first. */
function ipv4Fragment(p: Packet, buf: Uint8Array, at: number, end: number, wire: number): number {
  const off = p.netOff;
  const field = (buf[off + 6]! << 8) | buf[off + 7]!;
  p.proto = buf[off + 9]!;
  p.moreFragments = (field & 0x2000) !== 0;
  return fragmentOf(p, p.ipId, (field & 0x1fff) << 3, at, end, wire);
}

function offloaded(p: Packet): void {
  p.special = true;
  p.offload = true;
}

/** A fragment: what it is a piece of is found out by `fragments.ts`. */
function fragmentOf(p: Packet, id: number, offset: number, at: number, end: number, wire: number): number {
  p.special = true;
  p.fragmentId = id;
  p.fragmentOffset = offset;
  p.payOff = at;
  p.payLen = end > at ? end - at : 0;
  p.payWire = wire;
  return FRAGMENT;
}

const HOP_BY_HOP = 0;
const ROUTING = 43;
const FRAGMENT_HEADER = 44;
const NO_NEXT_HEADER = 59;
const DESTINATION_OPTIONS = 60;
const MOBILITY = 135;
const HIP = 139;
const SHIM6 = 140;

export function dissectIpv6(p: Packet, buf: Uint8Array, off: number, end: number, wire: number): number {
  if (end - off < 40) return CUT;
  if (buf[off]! >> 4 !== 6) return MALFORMED;
  let total = 40 + ((buf[off + 4]! << 8) | buf[off + 5]!);
  const next = buf[off + 6]!;
  if (total === 40 && next !== NO_NEXT_HEADER && wire > 40 && next !== HOP_BY_HOP) {
    total = wire; // offload, as in IPv4 (a jumbogram has a hop-by-hop header)
    offloaded(p);
  }
  p.family = 6;
  p.netOff = off;
  p.ipBytes = total;
  p.ipId = 0;
  p.ttl = buf[off + 7]!;
  p.path = (p.path * 31 + p.ttl) & 0xfff;
  p.srcOff = off + 8;
  p.dstOff = off + 24;
  const packetEnd = off + total < end ? off + total : end;
  return next === TCP || next === UDP
    ? transport(p, buf, next, off + 40, packetEnd, total - 40)
    : extensionHeaders(p, buf, next, off + 40, packetEnd, total - 40);
}

/**
 * IPv6 extension headers (RFC 8200 section 4), then the transport. `at`, `end` and `wire` as in `transport`. Each header
 * is a layer.
 */
export function extensionHeaders(
  p: Packet,
  buf: Uint8Array,
  first: number,
  start: number,
  end: number,
  wire: number,
): number {
  let next = first;
  let at = start;
  let left = wire;
  while (isExtension(next)) {
    if (left < 8) return MALFORMED;
    if (end - at < 8) return CUT;
    if (p.depth >= LIMITS.layers) return TOO_DEEP;
    p.special = true;
    p.depth++;
    let length = (buf[at + 1]! + 1) << 3;
    if (next === AUTHENTICATION) {
      length = (buf[at + 1]! + 2) << 2; // RFC 4302: in words of 4, less 2
    } else if (next === FRAGMENT_HEADER) {
      length = 8;
      const field = (buf[at + 2]! << 8) | buf[at + 3]!;
      if ((field & 0xfff9) !== 0) {
        // A header with neither offset nor more to follow is whole (an "atomic fragment", RFC 6946).
        p.proto = buf[at]!;
        p.moreFragments = (field & 1) !== 0;
        const id = (buf[at + 4]! << 24) | (buf[at + 5]! << 16) | (buf[at + 6]! << 8) | buf[at + 7]!;
        return fragmentOf(p, id, field & 0xfff8, at + 8, end, left - 8);
      }
    }
    next = buf[at]!;
    at += length;
    left -= length;
    if (left < 0) return MALFORMED;
    if (at > end) return CUT;
  }
  return transport(p, buf, next, at, end, left);
}

function isExtension(header: number): boolean {
  switch (header) {
    case HOP_BY_HOP:
    case ROUTING:
    case FRAGMENT_HEADER:
    case AUTHENTICATION:
    case DESTINATION_OPTIONS:
    case MOBILITY:
    case HIP:
    case SHIM6:
      return true;
    default:
      return false;
  }
}

/** `at`: the transport header; `end`: end of captured bytes of this packet; `wire`: bytes on the wire from `at`. */
export function transport(p: Packet, buf: Uint8Array, proto: number, at: number, end: number, wire: number): number {
  p.proto = proto;
  p.transportOff = at;
  p.transportWire = wire;
  p.tcpFlags = 0;
  const have = end - at;
  if (proto === TCP) {
    if (have < 20) return wire < 20 && !p.fragment ? MALFORMED : CUT;
    const headerLength = (buf[at + 12]! >> 4) << 2;
    if (headerLength < 20 || headerLength > wire) return MALFORMED;
    p.srcPort = (buf[at]! << 8) | buf[at + 1]!;
    p.dstPort = (buf[at + 2]! << 8) | buf[at + 3]!;
    p.seq = (buf[at + 4]! << 24) | (buf[at + 5]! << 16) | (buf[at + 6]! << 8) | buf[at + 7]!;
    p.ack = (buf[at + 8]! << 24) | (buf[at + 9]! << 16) | (buf[at + 10]! << 8) | buf[at + 11]!;
    p.tcpFlags = buf[at + 13]!;
    p.checksum = (buf[at + 16]! << 8) | buf[at + 17]!;
    p.payOff = at + headerLength;
    p.payWire = wire - headerLength;
    p.payLen = have > headerLength ? have - headerLength : 0;
    return PACKET;
  }
  if (proto === UDP) {
    if (have < 8) return wire < 8 && !p.fragment ? MALFORMED : CUT;
    p.srcPort = (buf[at]! << 8) | buf[at + 1]!;
    p.dstPort = (buf[at + 2]! << 8) | buf[at + 3]!;
    p.checksum = (buf[at + 6]! << 8) | buf[at + 7]!;
    const length = (buf[at + 4]! << 8) | buf[at + 5]!;
    // Length 0 is a jumbogram or offload; a length beyond the packet is bounded by it (or the rest is in a fragment).
    const payload = length < 8 ? wire - 8 : length - 8;
    if (length !== 0 && length < 8) return MALFORMED;
    p.payOff = at + 8;
    p.payWire = payload < wire - 8 || p.fragment ? payload : wire - 8;
    const captured = have - 8;
    p.payLen = captured < p.payWire ? captured : p.payWire;
    // A bit of 8 KiB says whether a port may be a tunnel's: the table stays in the first-level cache.
    const bits = p.tunnelBits;
    if ((((bits[p.dstPort >>> 5]! >>> (p.dstPort & 31)) | (bits[p.srcPort >>> 5]! >>> (p.srcPort & 31))) & 1) !== 0) {
      return udpTunnel(p, buf);
    }
    return PACKET;
  }
  p.payOff = at;
  p.payLen = have > 0 ? have : 0;
  p.payWire = wire;
  p.srcPort = 0;
  p.dstPort = 0;
  p.checksum = 0;
  if (proto === ICMP || proto === ICMP6) {
    if (have < 4) return wire < 4 ? MALFORMED : CUT;
    p.icmpType = buf[at]!;
    p.icmpCode = buf[at + 1]!;
    p.checksum = (buf[at + 2]! << 8) | buf[at + 3]!;
    // Question and answer share a flow: both get the question's type where ports would stand.
    p.srcPort = p.dstPort = proto === ICMP ? icmpQuestion(p.icmpType) : icmp6Question(p.icmpType);
    return PACKET;
  }
  if (proto === SCTP) {
    if (have < 12) return wire < 12 ? MALFORMED : CUT;
    p.srcPort = (buf[at]! << 8) | buf[at + 1]!;
    p.dstPort = (buf[at + 2]! << 8) | buf[at + 3]!;
    p.payOff = at + 12;
    p.payLen = have - 12;
    p.payWire = wire - 12;
    p.checksum = folded(buf, at + 8, at + 12); // 32 bits of CRC
    return PACKET;
  }
  if (proto === UDP_LITE) {
    if (have < 8) return wire < 8 && !p.fragment ? MALFORMED : CUT;
    p.srcPort = (buf[at]! << 8) | buf[at + 1]!;
    p.dstPort = (buf[at + 2]! << 8) | buf[at + 3]!;
    p.payOff = at + 8;
    p.payLen = have - 8;
    p.payWire = wire - 8; // where UDP has its length stands what the checksum covers
    p.checksum = (buf[at + 6]! << 8) | buf[at + 7]!;
    return PACKET;
  }
  return encapsulated(p, buf, proto, at, end, wire);
}

/** The type of the question that an ICMP type answers, else the type itself (RFC 792, RFC 950). */
function icmpQuestion(type: number): number {
  if (type === 0) return 8; // echo
  return type === 14 || type === 16 || type === 18 ? type - 1 : type; // timestamp, information, address mask
}

/** The same for ICMPv6 (RFC 4443, RFC 4861). */
function icmp6Question(type: number): number {
  return type === 129 || type === 134 || type === 136 ? type - 1 : type; // echo, router and neighbour advertisement
}
