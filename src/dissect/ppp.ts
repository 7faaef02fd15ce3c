/**
 * PPP (RFC 1661, RFC 1662) and its neighbours on serial lines: Cisco HDLC, frame relay (RFC 2427).
 */
import { LIMITS } from "../limits.ts";
import { dissectEthernet, etherType, networkLayer } from "./ethernet.ts";
import { dissectIpv4, dissectIpv6 } from "./ip.ts";
import { mpls } from "./mpls.ts";
import { CUT, MALFORMED, NO_IP, type Packet, TOO_DEEP } from "./packet.ts";

const ETHERTYPE_PPP = 0x880b;
const CISCO_UNICAST = 0x0f;
const CISCO_BROADCAST = 0x8f;

/** PPP: address and control may be left out, and so may the first byte of the protocol where it is zero. */
export function ppp(p: Packet, buf: Uint8Array, start: number, end: number, wireLeft: number): number {
  let off = start;
  if (end - off >= 2 && buf[off] === 0xff && buf[off + 1] === 0x03) off += 2;
  if (end - off < 1) return CUT;
  let protocol = buf[off]!;
  if ((protocol & 1) !== 0) {
    off += 1;
  } else {
    if (end - off < 2) return CUT;
    protocol = (protocol << 8) | buf[off + 1]!;
    off += 2;
  }
  const wire = wireLeft - (off - start);
  switch (protocol) {
    case 0x21:
      return dissectIpv4(p, buf, off, end, wire);
    case 0x57:
      return dissectIpv6(p, buf, off, end, wire);
    case 0x281:
    case 0x283:
      return mpls(p, buf, off, end, wire);
    case 0x31:
      return bridged(p, buf, off, end, wire);
    default:
      p.etherType = ETHERTYPE_PPP;
      return NO_IP;
  }
}

/** A bridged frame (RFC 3518): flags, then the kind of its MAC; 1 is Ethernet. */
function bridged(p: Packet, buf: Uint8Array, off: number, end: number, wire: number): number {
  p.etherType = ETHERTYPE_PPP;
  if (end - off < 2) return CUT;
  if (buf[off + 1] !== 1) return NO_IP;
  if (p.depth >= LIMITS.layers) return TOO_DEEP;
  p.special = true;
  p.depth++;
  return dissectEthernet(p, buf, off + 2, end, wire - 2);
}

/** PPP or Cisco HDLC: captures of the one link type hold either. */
export function serial(p: Packet, buf: Uint8Array, off: number, end: number, wire: number): number {
  if (end - off < 2) return CUT;
  const address = buf[off]!;
  return (address === CISCO_UNICAST || address === CISCO_BROADCAST) && buf[off + 1] === 0
    ? ciscoHdlc(p, buf, off, end, wire)
    : ppp(p, buf, off, end, wire);
}

/** Cisco HDLC: address, control, EtherType; OSI follows with LLC's own first byte. */
export function ciscoHdlc(p: Packet, buf: Uint8Array, off: number, end: number, wire: number): number {
  if (end - off < 4) return CUT;
  return etherType(p, (buf[off + 2]! << 8) | buf[off + 3]!, buf, off + 4, end, wire - 4);
}

/**
 * Frame relay: a Q.922 address of two to four bytes whose last has its low bit set, then control, padding and the network
 * layer's number, or, in Cisco's form, an EtherType.
 */
export function frameRelay(p: Packet, buf: Uint8Array, start: number, end: number, wire: number): number {
  let off = start;
  do {
    if (off >= end) return CUT;
    if (off - start >= 4) return MALFORMED;
  } while ((buf[off++]! & 1) === 0);
  if (end - off < 2) return CUT;
  if (buf[off] !== 0x03)
    return etherType(p, (buf[off]! << 8) | buf[off + 1]!, buf, off + 2, end, wire - (off + 2 - start));
  off += buf[off + 1] === 0 ? 2 : 1;
  return networkLayer(p, buf, off, end, wire - (off - start));
}
