/**
 * What stands on IP beside TCP, UDP, ICMP and SCTP: IP in IP (RFC 2003), IPv6 in IPv4 (RFC 4213), IP in IPv6 (RFC 2473),
 * GRE, EtherIP (RFC 3378), MPLS in IP (RFC 4023), and AH (RFC 4302), which is walked. ESP (RFC 4303) and everything else
 * is a packet without ports.
 */
import { LIMITS } from "../limits.ts";
import { folded } from "./checksum.ts";
import { dissectEthernet } from "./ethernet.ts";
import { gre } from "./gre.ts";
import { inside, through } from "./inner.ts";
import { dissectIpv4, dissectIpv6, transport } from "./ip.ts";
import { mpls } from "./mpls.ts";
import {
  CUT,
  FRAGMENT,
  MALFORMED,
  PACKET,
  type Packet,
  T_6IN4,
  T_ETHERIP,
  T_IP_IN_IP,
  T_MPLS,
  TOO_DEEP,
} from "./packet.ts";

const IPV4 = 4;
const IPV6 = 41;
const GRE = 47;
export const AUTHENTICATION = 51;
const ETHERIP = 97;
const MPLS = 137;

/** As `transport` has it; `p` is already the outer packet, its payload set. */
export function encapsulated(p: Packet, buf: Uint8Array, proto: number, at: number, end: number, wire: number): number {
  switch (proto) {
    case IPV4:
    case IPV6:
    case GRE:
    case ETHERIP:
    case MPLS:
      // The first fragment alone shows too little of what is inside: it waits for the rest.
      return p.fragment ? FRAGMENT : tunnel(p, buf, proto, at);
    case AUTHENTICATION:
      return authentication(p, buf, at, end, wire);
    default:
      p.checksum = folded(buf, at, end);
      return PACKET;
  }
}

function tunnel(p: Packet, buf: Uint8Array, proto: number, at: number): number {
  switch (proto) {
    case IPV4:
      return inside(p, T_IP_IN_IP, dissectIpv4, buf, at, false);
    case IPV6:
      return inside(p, p.family === 4 ? T_6IN4 : T_IP_IN_IP, dissectIpv6, buf, at, false);
    case GRE:
      return gre(p, buf);
    case ETHERIP:
      // Version 3 and twelve zero bits.
      return p.payLen < 2 || buf[at] !== 0x30 || buf[at + 1] !== 0
        ? PACKET
        : inside(p, T_ETHERIP, dissectEthernet, buf, at + 2, true);
    default:
      return inside(p, T_MPLS, mpls, buf, at, true);
  }
}

function authentication(p: Packet, buf: Uint8Array, at: number, end: number, wire: number): number {
  if (wire < 12) return MALFORMED;
  if (end - at < 12) return CUT;
  if (p.depth >= LIMITS.layers) return TOO_DEEP;
  through(p, AUTHENTICATION);
  const length = (buf[at + 1]! + 2) << 2;
  if (length > wire) return MALFORMED;
  return at + length > end ? CUT : transport(p, buf, buf[at]!, at + length, end, wire - length);
}
