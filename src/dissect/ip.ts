/**
 * IPv4 (RFC 791), IPv6 (RFC 8200) and what stands on them: TCP (RFC 9293), UDP (RFC 768), ICMP (RFC 792), ICMPv6
 * (RFC 4443), SCTP's ports (RFC 9260). Payloads are bounded by the IP length, never by the frame, so that Ethernet
 * padding is no data.
 */
import { LIMITS } from "../limits.ts";
import { CUT, FRAGMENT, ICMP, ICMP6, MALFORMED, PACKET, type Packet, SCTP, TCP, TOO_DEEP, UDP } from "./packet.ts";

/** Raw IP: the version tells. */
export function dissectIp(p: Packet, buf: Uint8Array, off: number, end: number, wire: number): number {
  if (end - off < 1) return CUT;
  const version = buf[off]! >> 4;
  if (version === 4) return dissectIpv4(p, buf, off, end, wire);
  if (version === 6) return dissectIpv6(p, buf, off, end, wire);
  return MALFORMED;
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
    p.offload = true;
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
  const fragment = ((buf[off + 6]! << 8) | buf[off + 7]!) & 0x3fff; // MF and offset
  if (fragment !== 0) {
    if ((fragment & 0x1fff) !== 0) {
      p.proto = buf[off + 9]!;
      return FRAGMENT;
    }
    p.fragment = true;
  }
  const packetEnd = off + total;
  return transport(p, buf, buf[off + 9]!, off + headerLength, packetEnd < end ? packetEnd : end, total - headerLength);
}

const HOP_BY_HOP = 0;
const ROUTING = 43;
const FRAGMENT_HEADER = 44;
const AUTHENTICATION = 51;
const NO_NEXT_HEADER = 59;
const DESTINATION_OPTIONS = 60;
const MOBILITY = 135;
const HIP = 139;
const SHIM6 = 140;

export function dissectIpv6(p: Packet, buf: Uint8Array, off: number, end: number, wire: number): number {
  if (end - off < 40) return CUT;
  if (buf[off]! >> 4 !== 6) return MALFORMED;
  let total = 40 + ((buf[off + 4]! << 8) | buf[off + 5]!);
  let next = buf[off + 6]!;
  if (total === 40 && next !== NO_NEXT_HEADER && wire > 40 && next !== HOP_BY_HOP) {
    total = wire; // offload, as in IPv4 (a jumbogram has a hop-by-hop header)
    p.offload = true;
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
  let at = off + 40;
  let left = total - 40;
  for (let depth = 0; depth < LIMITS.layers; depth++) {
    let length: number;
    switch (next) {
      case HOP_BY_HOP:
      case ROUTING:
      case DESTINATION_OPTIONS:
      case MOBILITY:
      case HIP:
      case SHIM6:
        if (packetEnd - at < 8) return at + 8 > off + total ? MALFORMED : CUT;
        length = (buf[at + 1]! + 1) << 3;
        break;
      case AUTHENTICATION:
        if (packetEnd - at < 8) return at + 8 > off + total ? MALFORMED : CUT;
        length = (buf[at + 1]! + 2) << 2;
        break;
      case FRAGMENT_HEADER: {
        if (packetEnd - at < 8) return at + 8 > off + total ? MALFORMED : CUT;
        const fragment = (buf[at + 2]! << 8) | buf[at + 3]!;
        if (fragment >> 3 !== 0) {
          p.proto = buf[at]!;
          return FRAGMENT;
        }
        p.fragment = (fragment & 1) !== 0;
        length = 8;
        break;
      }
      default:
        return transport(p, buf, next, at, packetEnd, left);
    }
    next = buf[at]!;
    at += length;
    left -= length;
    if (left < 0) return MALFORMED;
    if (at > packetEnd) return CUT;
  }
  return TOO_DEEP;
}

/** `at`: the transport header; `end`: end of captured bytes of this packet; `wire`: bytes on the wire from `at`. */
function transport(p: Packet, buf: Uint8Array, proto: number, at: number, end: number, wire: number): number {
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
  }
  return PACKET;
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
