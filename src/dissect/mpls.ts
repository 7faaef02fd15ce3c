/**
 * MPLS (RFC 3032): labels of four bytes until the one with the bottom-of-stack bit. Nothing says what follows, so the
 * first nibble does, as it does for routers: 4 and 6 are IP, 1 is an associated channel (RFC 5586), 0 is the control word
 * of a pseudowire (RFC 4385), which carries Ethernet (RFC 4448). A pseudowire may go without the control word.
 */
import { LIMITS } from "../limits.ts";
import { dissectEthernet, ETHERTYPE_IPV4, ETHERTYPE_IPV6, ETHERTYPE_MPLS } from "./ethernet.ts";
import { enter } from "./inner.ts";
import { dissectIp, plausibleIp } from "./ip.ts";
import { CUT, NO_IP, type Packet, T_MPLS, TOO_DEEP } from "./packet.ts";

export function mpls(p: Packet, buf: Uint8Array, start: number, end: number, wireLeft: number): number {
  let off = start;
  let wire = wireLeft;
  for (let bottom = false; !bottom; off += 4, wire -= 4) {
    if (end - off < 4) return CUT;
    if (p.depth >= LIMITS.layers) return TOO_DEEP;
    enter(p, T_MPLS);
    bottom = (buf[off + 2]! & 1) !== 0;
  }
  if (off >= end) return CUT;
  if (plausibleIp(buf, off, end, wire)) return dissectIp(p, buf, off, end, wire);
  p.etherType = ETHERTYPE_MPLS;
  if (looksEthernet(buf, off, end)) return dissectEthernet(p, buf, off, end, wire);
  if (buf[off]! >> 4 === 0 && looksEthernet(buf, off + 4, end)) return dissectEthernet(p, buf, off + 4, end, wire - 4);
  return NO_IP;
}

/** True where an EtherType that is expected inside of pseudowires stands where Ethernet has it. */
function looksEthernet(buf: Uint8Array, off: number, end: number): boolean {
  if (end - off < 14) return false;
  switch ((buf[off + 12]! << 8) | buf[off + 13]!) {
    case ETHERTYPE_IPV4:
    case ETHERTYPE_IPV6:
    case ETHERTYPE_MPLS:
    case 0x0806:
    case 0x8100:
    case 0x88a8:
    case 0x8864:
      return true;
    default:
      return false;
  }
}
