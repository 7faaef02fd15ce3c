/**
 * Who says of which IPv6 address that it is theirs (RFC 4861 sections 4.2 to 4.4, RFC 4862 section 5.4):
 *
 *     134 router advertisement     the sender's own address, by the option's or the frame's MAC address; it is a router
 *     135 neighbour solicitation   the sender's own address; from `::` the target, which the sender is about to take
 *     136 neighbour advertisement  the target; in its own name where it comes from that address. Flag R: it is a router
 *
 *     type │ code │ sum │ 4 bytes │ target │ options: type │ length in 8 bytes │ MAC address
 *     0    │ 1    │ 2   │ 4       │ 8      │ 24
 *
 * None of it passes a router: what comes with a hop limit below 255 is from elsewhere, and says nothing.
 */
import type { Frame } from "../capture/frame.ts";
import type { Packet } from "../dissect/packet.ts";
import { hex, type Neighbours } from "./neighbours.ts";

const ROUTER = 134;
const ADVERTISEMENT = 136;
const ON_LINK = 255;
const TARGET_END = 24;
const IS_ROUTER = 0x80;
/** From an Ethernet header to the sender's MAC address. */
const SOURCE = 6;

/** A packet of ICMPv6 on a link with Ethernet's addresses. */
export function readDiscovery(neighbours: Neighbours, frame: Frame, p: Packet, realm: number): void {
  const { buf, payOff: at, payLen, icmpType, linkOff, vlan } = p;
  // Between the two stands the solicitation.
  if (icmpType < ROUTER || icmpType > ADVERTISEMENT || p.icmpCode !== 0 || p.ttl !== ON_LINK || linkOff < 0) return;
  if (p.tunnel !== 0 || payLen < (icmpType === ROUTER ? 16 : TARGET_END)) return;
  const mac = hex(buf, linkOff + SOURCE);
  if ((buf[linkOff + SOURCE]! & 1) !== 0 || mac === "000000000000") return;
  const sender = hex(buf, p.srcOff, 16);
  const target = icmpType === ROUTER ? sender : hex(buf, at + 8, 16);
  const nameless = /^0+$/.test(sender);
  const ipv6 = icmpType === ADVERTISEMENT || nameless ? target : sender;
  if (ipv6.startsWith("ff") || /^0+1?$/.test(ipv6)) return;
  const what = { realm, address: 0, ipv6, mac, vlan };
  const isRouter = icmpType === ROUTER || (icmpType === ADVERTISEMENT && (buf[at + 4]! & IS_ROUTER) !== 0);
  const own = icmpType !== ADVERTISEMENT || sender === target;
  neighbours.said(frame, isRouter ? { ...what, router: true } : what, own);
}
