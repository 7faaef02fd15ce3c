/**
 * Who says of which IPv6 address that it is theirs (RFC 4861 sections 4.2 to 4.4, RFC 4862 section 5.4):
 *
 *     134 router advertisement     the sender's own address; it is a router
 *     135 neighbour solicitation   the sender's own address; from `::` the target, which the sender is about to take
 *     136 neighbour advertisement  the target; in its own name where it comes from that address. Flag R: it is a router
 *
 *     type │ code │ sum │ 4 bytes │ target │ options: type │ length in 8 bytes │ MAC address
 *     0    │ 1    │ 2   │ 4       │ 8      │ 24
 *
 * The MAC address is the option's, which is the same in every copy that a switch makes, else the frame's.
 *
 * None of it passes a router: what comes with a hop limit below 255 is from elsewhere, and says nothing.
 */
import type { Frame } from "../capture/frame.ts";
import type { Packet } from "../dissect/packet.ts";
import { hex, type Neighbours } from "./neighbours.ts";

const ROUTER = 134;
const ADVERTISEMENT = 136;
const ON_LINK = 255;
const ROUTER_END = 16;
const TARGET_END = 24;
/** Options: the sender's MAC address, and the target's, in 8 bytes. */
const SOURCE_MAC = 1;
const TARGET_MAC = 2;
const IS_ROUTER = 0x80;
/** From an Ethernet header to the sender's MAC address. */
const SOURCE = 6;

/** A packet of ICMPv6 on a link with Ethernet's addresses. */
export function readDiscovery(neighbours: Neighbours, frame: Frame, p: Packet, realm: number): void {
  const { buf, payOff: at, payLen, icmpType, linkOff, vlan } = p;
  // Between the two stands the solicitation.
  if (icmpType < ROUTER || icmpType > ADVERTISEMENT || p.icmpCode !== 0 || p.ttl !== ON_LINK || linkOff < 0) return;
  if (p.tunnel !== 0 || payLen < (icmpType === ROUTER ? ROUTER_END : TARGET_END)) return;
  const option = linkLayerOption(buf, at + (icmpType === ROUTER ? ROUTER_END : TARGET_END), at + payLen, icmpType);
  const macAt = option < 0 ? linkOff + SOURCE : option;
  const mac = hex(buf, macAt);
  if ((buf[macAt]! & 1) !== 0 || mac === "000000000000") return;
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

/** Where the MAC address of such an option stands; -1 where there is none. What is cut, or has no length, ends the search. */
function linkLayerOption(buf: Uint8Array, from: number, end: number, icmpType: number): number {
  const wanted = icmpType === ADVERTISEMENT ? TARGET_MAC : SOURCE_MAC;
  for (let at = from; at + 8 <= end; at += buf[at + 1]! * 8) {
    if (buf[at] === wanted && buf[at + 1] === 1) return at + 2;
    if (buf[at + 1] === 0) return -1;
  }
  return -1;
}
