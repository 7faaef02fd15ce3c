/**
 * Tunnels in UDP. A port alone proves nothing: each is believed only where its header has the form that its specification
 * asks for and the inner packet can be read; else the datagram counts as itself.
 *
 * | tunnel | specification | ports |
 * |---|---|---|
 * | VXLAN | RFC 7348, group policy draft-smith-vxlan-group-policy-05 | 4789, 8472 |
 * | VXLAN-GPE | draft-ietf-nvo3-vxlan-gpe-13 | 4790 |
 * | GENEVE | RFC 8926 | 6081 |
 * | GTP-U | 3GPP TS 29.281, version 0: GSM 09.60 | 2152, 3386 |
 * | Teredo | RFC 4380 | 3544 |
 * | L2TPv2 | RFC 2661 | 1701 |
 * | CAPWAP data | RFC 5415 section 4.3 | 5247 |
 * | GRE in UDP | RFC 8086 | 4754 |
 * | MPLS in UDP | RFC 7510 | 6635 |
 * | AYIYA | draft-massar-v6ops-ayiya-02 | 5072 |
 */
import { LIMITS } from "../limits.ts";
import { announced, dissectEthernet, nextProtocol } from "./ethernet.ts";
import { gre } from "./gre.ts";
import { inside } from "./inner.ts";
import { dissectIp, dissectIpv6, plausibleIp } from "./ip.ts";
import { mpls } from "./mpls.ts";
import {
  FRAGMENT,
  NO_IP,
  PACKET,
  type Packet,
  T_6IN4,
  T_CAPWAP,
  T_GENEVE,
  T_GTP,
  T_L2TP,
  T_MPLS,
  T_TEREDO,
  T_VXLAN,
} from "./packet.ts";
import { ppp } from "./ppp.ts";
import { wlan } from "./wlan.ts";

type Tunnel = (p: Packet, buf: Uint8Array) => number;

const BY_PORT: ReadonlyMap<number, Tunnel> = new Map([
  [4789, vxlan],
  [8472, vxlan],
  [4790, vxlan],
  [6081, geneve],
  [2152, gtp],
  [3386, gtpZero],
  [3544, teredo],
  [1701, l2tp],
  [5247, capwap],
  [4754, gre],
  [6635, mplsInUdp],
  [5072, ayiya],
]);

/** Bits of the ports on which a tunnel may run: the known ones, and those that a site gives to VXLAN. */
export function tunnelBits(vxlanPorts: readonly number[] = []): Int32Array {
  const bits = new Int32Array(65_536 / 32);
  for (const port of [...BY_PORT.keys(), ...vxlanPorts]) bits[port >>> 5]! |= 1 << (port & 31);
  return bits;
}

/** `p`: a UDP packet, one port of which has its bit set. `PACKET`: itself or its inner one; else as `inside` has it. */
export function udpTunnel(p: Packet, buf: Uint8Array): number {
  if (p.payLen < 8) return PACKET;
  if (p.fragment) return FRAGMENT;
  const tunnel = BY_PORT.get(p.dstPort) ?? BY_PORT.get(p.srcPort) ?? vxlan;
  return tunnel(p, buf);
}

/** Ethernet inside UDP is believed where it holds what hosts send: IP, ARP or a tagged frame. */
function knownFrame(p: Packet, buf: Uint8Array, off: number, end: number, wire: number): number {
  const code = dissectEthernet(p, buf, off, end, wire);
  return code === NO_IP && p.etherType !== 0x0806 ? -1 : code;
}

const VXLAN_INSTANCE = 0x08;
const VXLAN_POLICY = 0x80;
const VXLAN_NEXT = 0x04;

/**
 *     ┌───────┬──────────────────────┬──────┐   flags: instance (must be), next protocol (GPE), group policy
 *     │ flags │ 0, or policy or next │      │   policy: "don't learn", "applied" and a group of 16 bits
 *     ├───────┴──────────────────────┼──────┤
 *     │ network identifier           │  0   │
 *     └──────────────────────────────┴──────┘
 */
function vxlan(p: Packet, buf: Uint8Array): number {
  const at = p.payOff;
  const flags = buf[at]!;
  if ((flags & VXLAN_INSTANCE) === 0 || buf[at + 7] !== 0) return PACKET;
  if ((flags & ~(VXLAN_INSTANCE | VXLAN_POLICY)) === 0) {
    if (flags === VXLAN_INSTANCE && (buf[at + 1]! | buf[at + 2]! | buf[at + 3]!) !== 0) return PACKET;
    return inside(p, T_VXLAN, knownFrame, buf, at + 8, true, at + 4);
  }
  if ((flags & ~(VXLAN_INSTANCE | VXLAN_NEXT)) !== 0 || (buf[at + 1]! | buf[at + 2]!) !== 0) return PACKET;
  return inside(p, T_VXLAN, genericVxlan, buf, at + 8, false, at + 4);
}

function genericVxlan(p: Packet, buf: Uint8Array, off: number, end: number, wire: number): number {
  return nextProtocol(p, buf[off - 5]!, buf, off, end, wire);
}

/** Version 0 and the options' length in words, flags, EtherType, network identifier. */
function geneve(p: Packet, buf: Uint8Array): number {
  const at = p.payOff;
  if (buf[at]! >> 6 !== 0 || (buf[at + 1]! & 0x3f) !== 0 || buf[at + 7] !== 0) return PACKET;
  p.etherType = (buf[at + 2]! << 8) | buf[at + 3]!;
  const frames = p.etherType === 0x6558;
  return inside(p, T_GENEVE, announced, buf, at + 8 + ((buf[at]! & 0x3f) << 2), frames, at + 4);
}

const GTP_DATA = 0xff;
const GTP_EXTENDED = 0x04;

/** Version 1 of GTP proper, message "G-PDU"; with any of three flags four more bytes, and a chain of extension headers. */
function gtp(p: Packet, buf: Uint8Array): number {
  const start = p.payOff;
  const end = start + p.payLen;
  const flags = buf[start]!;
  if (flags >> 4 !== 0x3 || buf[start + 1] !== GTP_DATA) return PACKET;
  const length = (buf[start + 2]! << 8) | buf[start + 3]!;
  if (length > p.payWire - 8) return PACKET;
  let at = start + 8;
  if ((flags & 0x07) !== 0) {
    at += 4;
    let next = at <= end && (flags & GTP_EXTENDED) !== 0 ? buf[at - 1]! : 0;
    while (next !== 0) {
      if (at >= end || buf[at] === 0) return PACKET;
      at += buf[at]! << 2; // in words of four bytes; the last byte names the next one
      if (at > end) return PACKET;
      next = buf[at - 1]!;
    }
  }
  return inside(p, T_GTP, plausible, buf, at, false);
}

/** Version 0: a header of 20 bytes, whose spare bits are ones. */
function gtpZero(p: Packet, buf: Uint8Array): number {
  const at = p.payOff;
  if (buf[at]! >> 4 !== 0x1 || buf[at + 1] !== GTP_DATA) return PACKET;
  return inside(p, T_GTP, plausible, buf, at + 20, false);
}

function plausible(p: Packet, buf: Uint8Array, off: number, end: number, wire: number): number {
  return plausibleIp(buf, off, end, wire) ? dissectIp(p, buf, off, end, wire) : -1;
}

/** IPv6, with an authentication and an origin indication before it where a server wants them. */
function teredo(p: Packet, buf: Uint8Array): number {
  const end = p.payOff + p.payLen;
  let at = p.payOff;
  if (buf[at] === 0 && buf[at + 1] === 1) at += 4 + buf[at + 2]! + buf[at + 3]! + 9; // client id, value, nonce, confirmation
  if (at + 8 <= end && buf[at] === 0 && buf[at + 1] === 0) at += 8;
  if (at + 40 > end || buf[at]! >> 4 !== 6) return PACKET;
  return isTeredo(buf, at + 8) || isTeredo(buf, at + 24) ? inside(p, T_TEREDO, plausible6, buf, at, false) : PACKET;
}

/** 2001::/32, or a link-local address of its router solicitations. */
function isTeredo(buf: Uint8Array, off: number): boolean {
  const first = (buf[off]! << 8) | buf[off + 1]!;
  return (first === 0x2001 && buf[off + 2] === 0 && buf[off + 3] === 0) || (first & 0xffc0) === 0xfe80;
}

function plausible6(p: Packet, buf: Uint8Array, off: number, end: number, wire: number): number {
  return plausibleIp(buf, off, end, wire) ? dissectIpv6(p, buf, off, end, wire) : -1;
}

const AYIYA_FORWARD = 1;
const IPV6 = 41;

/** Lengths of identity (as a power of two) and signature (in words), operation, next header; then both and a time. */
function ayiya(p: Packet, buf: Uint8Array): number {
  const at = p.payOff;
  if ((buf[at + 2]! & 0x0f) !== AYIYA_FORWARD || buf[at + 3] !== IPV6) return PACKET;
  return inside(p, T_6IN4, plausible6, buf, at + 8 + (1 << (buf[at]! >> 4)) + ((buf[at + 1]! >> 4) << 2), false);
}

const L2TP_CONTROL = 0x8000;
const L2TP_LENGTH = 0x4000;
const L2TP_SEQUENCE = 0x0800;
const L2TP_OFFSET = 0x0200;
/** Bits that must be zero: all but the flags above, priority and the version. */
const L2TP_RESERVED = 0x34f0;

/** A data message of version 2: length, tunnel, session, sequence numbers and an offset, most of them optional. */
function l2tp(p: Packet, buf: Uint8Array): number {
  const start = p.payOff;
  const flags = (buf[start]! << 8) | buf[start + 1]!;
  if ((flags & (L2TP_CONTROL | L2TP_RESERVED)) !== 0 || (flags & 0xf) !== 2) return PACKET;
  let at = start + 2;
  if ((flags & L2TP_LENGTH) !== 0) at += 2;
  at += 4;
  if ((flags & L2TP_SEQUENCE) !== 0) at += 4;
  if ((flags & L2TP_OFFSET) !== 0) {
    if (at + 2 > start + p.payLen) return PACKET;
    at += 2 + ((buf[at]! << 8) | buf[at + 1]!);
  }
  return inside(p, T_L2TP, ppp, buf, at, false);
}

/**
 * Preamble 0; header length in words (5 bits), radio, binding (5 bits, 1 is 802.11), native format or 802.3; flags. A
 * fragment of CAPWAP's own is left as it is.
 */
function capwap(p: Packet, buf: Uint8Array): number {
  const at = p.payOff;
  const header = (buf[at + 1]! >> 3) << 2;
  const fields = (buf[at + 2]! << 8) | buf[at + 3]!;
  const native = (fields & 0x0100) !== 0;
  if (buf[at] !== 0 || header < 8 || (fields & 0x008f) !== 0) return PACKET;
  if (native && ((fields >> 9) & 0x1f) !== 1) return PACKET;
  return inside(p, T_CAPWAP, native ? wlan : knownFrame, buf, at + header, true);
}

/** Labels whose stack ends within the datagram and the bound on layers: zeros would be labels for ever. */
function mplsInUdp(p: Packet, buf: Uint8Array): number {
  const end = p.payOff + Math.min(p.payLen, 4 * (LIMITS.layers - p.depth - 1));
  for (let at = p.payOff; at + 4 <= end; at += 4) {
    if ((buf[at + 2]! & 1) !== 0) return inside(p, T_MPLS, mpls, buf, p.payOff, false);
  }
  return PACKET;
}
