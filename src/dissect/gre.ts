/**
 * GRE: RFC 1701 with routing, RFC 2784, RFC 2890 (key, sequence number), RFC 2637 (PPTP's version 1).
 *
 *      0 1 2 3 4 5     8       13    16                31
 *     ┌─┬─┬─┬─┬─┬─────┬─────────┬─────┬─────────────────┐
 *     │C│R│K│S│s│recur│A flags  │ ver │ protocol type   │
 *     ├─┴─┴─┴─┴─┴─────┴─────────┴─────┼─────────────────┤
 *     │ checksum, where C or R        │ offset          │
 *     ├───────────────────────────────┴─────────────────┤
 *     │ key, where K · sequence, where S · routing, where R · acknowledgement, where A (version 1)
 *
 * Inside: IP, MPLS, VLAN tags, NSH by EtherType; whole frames (NVGRE, RFC 7637); PPP; WCCP's redirected packets; ERSPAN's
 * three types (draft-foschiano-erspan-03); 802.11 between Aruba's access points and their controller.
 */
import { announced, dissectEthernet } from "./ethernet.ts";
import { inside } from "./inner.ts";
import { dissectIpv4 } from "./ip.ts";
import { PACKET, type Packet, T_ERSPAN, T_GRE } from "./packet.ts";
import { ppp } from "./ppp.ts";
import { wlan } from "./wlan.ts";

const CHECKSUM = 0x8000;
const ROUTING = 0x4000;
const KEY = 0x2000;
const SEQUENCE = 0x1000;
const ACKNOWLEDGEMENT = 0x0080;

const PPP = 0x880b;
const BRIDGED = 0x6558;
const WCCP = 0x883e;
const ERSPAN = 0x88be;
const ERSPAN_3 = 0x22eb;
/** Aruba's access points number their own tunnels: 802.11 frames. */
const ARUBA = 0x8200;
const ARUBA_MASK = 0xfe00;

/** `p`: the outer packet, whose payload is GRE. */
export function gre(p: Packet, buf: Uint8Array): number {
  const start = p.payOff;
  const end = start + p.payLen;
  if (p.payLen < 4) return PACKET;
  const flags = (buf[start]! << 8) | buf[start + 1]!;
  const type = (buf[start + 2]! << 8) | buf[start + 3]!;
  const version = flags & 7;
  if (version > 1) return PACKET;
  let at = start + 4;
  if ((flags & (CHECKSUM | ROUTING)) !== 0) at += 4;
  if ((flags & KEY) !== 0) at += 4;
  if ((flags & SEQUENCE) !== 0) at += 4;
  if (version === 1 && (flags & ACKNOWLEDGEMENT) !== 0) at += 4;
  if ((flags & ROUTING) !== 0) at = behindRouting(buf, at, end);
  if (at >= end) return PACKET; // a keep-alive or an acknowledgement alone
  switch (type) {
    case PPP:
      return inside(p, T_GRE, ppp, buf, at, false);
    case BRIDGED: // NVGRE has a network's identifier in its key, and neither checksum nor sequence number (RFC 7637 section 3.2)
      return inside(p, T_GRE, dissectEthernet, buf, at, true, flags === KEY ? start + 4 : -1);
    case WCCP: // version 2 may put a redirect header of four bytes before the packet
      return inside(p, T_GRE, dissectIpv4, buf, buf[at]! >> 4 === 4 ? at : at + 4, false);
    case ERSPAN: // type I has no header of its own, and no sequence number
      return inside(p, T_ERSPAN, dissectEthernet, buf, (flags & SEQUENCE) === 0 ? at : at + 8, true);
    case ERSPAN_3: // a bit at the end of the header says whether a sub-header follows
      if (at + 12 > end) return PACKET;
      return inside(p, T_ERSPAN, dissectEthernet, buf, (buf[at + 11]! & 1) === 0 ? at + 12 : at + 20, true);
    default:
      if ((type & ARUBA_MASK) === ARUBA) return inside(p, T_GRE, wlan, buf, at, true);
      p.etherType = type;
      return inside(p, T_GRE, announced, buf, at, false);
  }
}

/** Source route entries: family, offset, length, until one of length 0 (RFC 1701). */
function behindRouting(buf: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at + 4 <= end) {
    const length = buf[at + 3]!;
    at += 4 + length;
    if (length === 0) return at;
  }
  return end;
}
