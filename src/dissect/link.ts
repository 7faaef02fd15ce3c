/**
 * Link layers other than plain Ethernet, which `dissect.ts` has. Each reads its header and hands on to the layer behind.
 */
import { LIMITS } from "../limits.ts";
import { dissectEthernet, ETHERTYPE_IPV4, etherType, llc, pppoe } from "./ethernet.ts";
import { dissectIp, dissectIpv4, dissectIpv6 } from "./ip.ts";
import { mpls } from "./mpls.ts";
import { CUT, LINK_UNSUPPORTED, MALFORMED, NO_ETHERTYPE, NO_IP, type Packet, TOO_DEEP } from "./packet.ts";
import { ciscoHdlc, frameRelay, ppp, serial } from "./ppp.ts";
import { prism, radiotap, wlan } from "./wlan.ts";

/** A frame of any link type but 1, as `Layer` in `inner.ts`. */
export function dissectLink(
  p: Packet,
  linkType: number,
  buf: Uint8Array,
  off: number,
  end: number,
  wire: number,
): number {
  p.etherType = NO_ETHERTYPE;
  p.linkOff = -1;
  switch (linkType) {
    case 0:
    case 108:
      return loopback(p, buf, off, end, wire);
    case 1: // inside of a header that names its link type
      return dissectEthernet(p, buf, off, end, wire);
    case 6:
      return tokenRing(p, buf, off, end, wire);
    case 7:
      return arcnet(p, buf, off, end, wire, 2);
    case 129: // Linux writes the offset's two bytes between addresses and type
      return arcnet(p, buf, off, end, wire, 4);
    case 8:
      return slip(p, buf, off, end, wire);
    case 9:
    case 50:
      return serial(p, buf, off, end, wire);
    case 10:
      return behind(llc, p, buf, off, end, wire, 13); // FDDI: frame control and both addresses
    case 12:
    case 14:
    case 101:
    case 228: // both versions are seen under either number
    case 229:
      return dissectIp(p, buf, off, end, wire);
    case 19:
    case 100:
    case 106:
      return atm(p, buf, off, end, wire);
    case 51:
      return pppoe(p, buf, off, end, wire);
    case 104:
      return ciscoHdlc(p, buf, off, end, wire);
    case 105:
      return wlan(p, buf, off, end, wire);
    case 107:
      return frameRelay(p, buf, off, end, wire);
    case 113:
      return cooked(p, buf, off, end, wire, 16, 14);
    case 119:
    case 163:
      return prism(p, buf, off, end, wire);
    case 123:
      return sunAtm(p, buf, off, end, wire);
    case 127:
      return radiotap(p, buf, off, end, wire);
    case 149:
    case 258:
      return pktap(p, buf, off, end, wire);
    case 166:
    case 204:
      return pppWithDirection(p, buf, off, end, wire);
    case 192:
      return ppi(p, buf, off, end, wire);
    case 205:
      return behind(ciscoHdlc, p, buf, off, end, wire, 1);
    case 206:
      return behind(frameRelay, p, buf, off, end, wire, 1);
    case 219:
      return mpls(p, buf, off, end, wire);
    case 239:
      return nflog(p, buf, off, end, wire);
    case 276:
      return cooked(p, buf, off, end, wire, 20, 0);
    case 283:
    case 284:
      return switchTag(p, buf, off, end, wire, 4);
    case 285:
      return switchTag(p, buf, off, end, wire, 8);
    default:
      return LINK_UNSUPPORTED;
  }
}

function behind(
  layer: (p: Packet, buf: Uint8Array, off: number, end: number, wire: number) => number,
  p: Packet,
  buf: Uint8Array,
  off: number,
  end: number,
  wire: number,
  header: number,
): number {
  return end - off < header ? CUT : layer(p, buf, off + header, end, wire - header);
}

/** BSD loopback: an address family in the byte order of the host that captured (or of the network: OpenBSD). */
function loopback(p: Packet, buf: Uint8Array, off: number, end: number, wire: number): number {
  if (end - off < 4) return CUT;
  const first = buf[off]!;
  const last = buf[off + 3]!;
  const family = first === 0 && buf[off + 1] === 0 ? last : last === 0 && buf[off + 2] === 0 ? first : -1;
  if (family === 2) return dissectIpv4(p, buf, off + 4, end, wire - 4);
  // AF_INET6 is 10 on Linux, 24, 28 and 30 on the BSDs.
  if (family === 10 || family === 24 || family === 28 || family === 30) {
    return dissectIpv6(p, buf, off + 4, end, wire - 4);
  }
  return family < 0 ? MALFORMED : NO_IP;
}

/** Linux cooked capture: v1 has its protocol at 14 of 16, v2 at 0 of 20. */
function cooked(
  p: Packet,
  buf: Uint8Array,
  off: number,
  end: number,
  wire: number,
  header: number,
  protocolAt: number,
): number {
  if (end - off < header) return CUT;
  const type = (buf[off + protocolAt]! << 8) | buf[off + protocolAt + 1]!;
  // The sender's low MAC bytes; v2 has the interface index before them, which tells ports of a bridge apart.
  p.path =
    (header === 16 ? buf[off + 10]! + buf[off + 11]! * 3 : buf[off + 16]! + buf[off + 17]! * 3 + buf[off + 7]! * 5) &
    0xfff;
  // Below 0x600 Linux has numbers of its own; 4 is LLC, 1 a frame of 802.3 without LLC.
  if (type === 4) return llc(p, buf, off + header, end, wire - header);
  return type < 0x0600 ? NO_IP : etherType(p, type, buf, off + header, end, wire - header);
}

/** Access control, frame control, both addresses, and a source route where the source's first bit says so; LLC. */
function tokenRing(p: Packet, buf: Uint8Array, off: number, end: number, wire: number): number {
  if (end - off < 16) return CUT;
  const route = (buf[off + 8]! & 0x80) !== 0 ? buf[off + 14]! & 0x1f : 0;
  return behind(llc, p, buf, off, end, wire, 14 + route);
}

/**
 * ARCNET (RFC 1201): source, destination, protocol, then a split flag and a sequence number; an exception frame repeats
 * the last three behind four bytes. Only unsplit packets are read, and IP in the older form (RFC 1051) as well.
 */
function arcnet(p: Packet, buf: Uint8Array, off: number, end: number, wire: number, typeAt: number): number {
  if (end - off < typeAt + 5) return CUT;
  const type = buf[off + typeAt]!;
  const start = buf[off + typeAt + 1] === 0xff ? typeAt + 5 : typeAt + 1;
  if (type === 240) return behind(dissectIpv4, p, buf, off, end, wire, typeAt + 1);
  if (type !== 212) return NO_IP;
  if (off + start >= end) return CUT;
  return buf[off + start] === 0 ? behind(dissectIpv4, p, buf, off, end, wire, start + 3) : NO_IP;
}

/** A direction, the compressed header's form and its bytes: 16 in all. A packet whose header is compressed is not read. */
function slip(p: Packet, buf: Uint8Array, off: number, end: number, wire: number): number {
  if (end - off < 17) return CUT;
  const version = buf[off + 16]! >> 4;
  return version === 4 || version === 6 ? dissectIp(p, buf, off + 16, end, wire - 16) : NO_IP;
}

/** LLC, or IP at once: a circuit carries the one or the other (RFC 2684 sections 5 and 6). */
function atm(p: Packet, buf: Uint8Array, off: number, end: number, wire: number): number {
  if (end - off < 1) return CUT;
  if (buf[off]! >> 4 === 4) return dissectIpv4(p, buf, off, end, wire);
  // Bridged Ethernet has two bytes of padding here, which other links do not put in.
  return isBridged(buf, off, end) ? behind(dissectEthernet, p, buf, off, end, wire, 10) : llc(p, buf, off, end, wire);
}

function isBridged(buf: Uint8Array, off: number, end: number): boolean {
  if (end - off < 8 || buf[off] !== 0xaa || buf[off + 3] !== 0x00 || buf[off + 4] !== 0x80) return false;
  return buf[off + 5] === 0xc2 && buf[off + 6] === 0 && (buf[off + 7] === 1 || buf[off + 7] === 7);
}

/** Traffic type in the low bits of the first byte (1 is LAN emulation, 2 LLC), then the circuit. */
function sunAtm(p: Packet, buf: Uint8Array, off: number, end: number, wire: number): number {
  if (end - off < 4) return CUT;
  switch (buf[off]! & 0x0f) {
    case 1:
      return behind(dissectEthernet, p, buf, off, end, wire, 6);
    case 2:
      return atm(p, buf, off + 4, end, wire - 4);
    default:
      return NO_IP;
  }
}

/** A byte for the direction, in the place of the address or before it. */
function pppWithDirection(p: Packet, buf: Uint8Array, off: number, end: number, wire: number): number {
  if (end - off < 2) return CUT;
  const header = buf[off + 1] === 0x03 ? 2 : 1;
  return ppp(p, buf, off + header, end, wire - header);
}

const PKTAP_PACKET = 1;

/** Apple's PKTAP: header length, record type, link type, all little-endian words; then the interface and the process. */
function pktap(p: Packet, buf: Uint8Array, off: number, end: number, wire: number): number {
  if (end - off < 12) return CUT;
  const length = little(buf, off);
  if (length < 108 || length > 1024) return MALFORMED;
  if (little(buf, off + 4) !== PKTAP_PACKET) return NO_IP;
  return nested(p, little(buf, off + 8), buf, off, end, wire, length);
}

/** PPI: version 0, flags, length, link type (little-endian), then fields that are of no interest here. */
function ppi(p: Packet, buf: Uint8Array, off: number, end: number, wire: number): number {
  if (end - off < 8) return CUT;
  const length = buf[off + 2]! | (buf[off + 3]! << 8);
  if (buf[off] !== 0 || length < 8) return MALFORMED;
  return nested(p, little(buf, off + 4), buf, off, end, wire, length);
}

/** A frame of another link type behind a header of this length. */
function nested(
  p: Packet,
  linkType: number,
  buf: Uint8Array,
  off: number,
  end: number,
  wire: number,
  length: number,
): number {
  if (off + length > end) return CUT;
  if (p.depth >= LIMITS.layers) return TOO_DEEP;
  p.special = true;
  p.depth++;
  return dissectLink(p, linkType, buf, off + length, end, wire - length);
}

const NFLOG_PAYLOAD = 9;

/** Family, version 0, resource id; then attributes of length and type in the capturing host's byte order, padded to four. */
function nflog(p: Packet, buf: Uint8Array, off: number, end: number, wire: number): number {
  if (end - off < 8) return CUT;
  if (buf[off + 1] !== 0) return MALFORMED;
  const big = buf[off + 4] === 0 && buf[off + 5] !== 0 && buf[off + 6] === 0; // its first attribute is short
  for (let at = off + 4; at + 4 <= end; ) {
    const length = big ? (buf[at]! << 8) | buf[at + 1]! : buf[at]! | (buf[at + 1]! << 8);
    const type = (big ? (buf[at + 2]! << 8) | buf[at + 3]! : buf[at + 2]! | (buf[at + 3]! << 8)) & 0x7fff;
    if (length < 4) return MALFORMED;
    if (type === NFLOG_PAYLOAD) return dissectIp(p, buf, at + 4, Math.min(end, at + length), wire - (at + 4 - off));
    at += (length + 3) & ~3;
  }
  return NO_IP;
}

/** A switch's own tag between the addresses and the EtherType. */
function switchTag(p: Packet, buf: Uint8Array, off: number, end: number, wire: number, tag: number): number {
  if (end - off < 14 + tag) return CUT;
  p.path = (buf[off + 4]! + buf[off + 5]! * 3 + buf[off + 10]! * 5 + buf[off + 11]! * 7) & 0xfff;
  const type = (buf[off + 12 + tag]! << 8) | buf[off + 13 + tag]!;
  return type === ETHERTYPE_IPV4
    ? dissectIpv4(p, buf, off + 14 + tag, end, wire - 14 - tag)
    : etherType(p, type, buf, off + 14 + tag, end, wire - 14 - tag);
}

/** A little-endian word; at least 0, because all that is read with it is compared with small numbers. */
function little(buf: Uint8Array, off: number): number {
  return (buf[off]! | (buf[off + 1]! << 8) | (buf[off + 2]! << 16) | (buf[off + 3]! << 24)) >>> 0;
}
