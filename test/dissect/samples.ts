/**
 * One frame for each way that a packet can be wrapped, and the line that it dissects to. Every one carries the same
 * packet: UDP from 192.0.2.1:40000 to 198.51.100.2:53 with the payload "hi" (or its IPv6 twin).
 */
import { concat, hex } from "../support/hex.ts";
import { bytes, ethernet, ipv4, ipv6, u16, udp } from "../support/packets.ts";

export interface Sample {
  name: string;
  linkType: number;
  frame: Uint8Array;
  line: string;
  /** Why tshark is not asked. */
  noPeer?: string;
}

const hi = udp(40_000, 53, hex`68 69`);
const packet = ipv4(17, hi);
/** With its checksum, which IPv6 asks for. */
const packet6 = ipv6(17, hex`9c 40 00 35 00 0a 4c 48 68 69`);
const frame = ethernet(0x0800, packet);
const said = 'udp 192.0.2.1:40000 > 198.51.100.2:53 "hi"';
const said6 = 'udp [2001:db8::1]:40000 > [2001:db8::2]:53 "hi"';

/** The outer packet of a tunnel, between its two ends. */
const outer = (proto: number, payload: Uint8Array) =>
  ethernet(0x0800, ipv4(proto, payload, { src: "203.0.113.1", dst: "203.0.113.2", id: 99 }));
const outerUdp = (port: number, payload: Uint8Array) => outer(17, udp(50_000, port, payload));

/** An 802.11 data frame from an access point, QoS, LLC and SNAP. */
const snap = concat([hex`aa aa 03 00 00 00 08 00`, packet]);
const wlan = concat([
  hex`88 02 00 00                # QoS data, from the distribution system
      00 00 5e 00 53 02          # receiver
      00 00 5e 00 53 03          # access point
      00 00 5e 00 53 01          # source
      10 00  00 00               # sequence number, QoS control`,
  snap,
]);

export const SAMPLES: readonly Sample[] = [
  { name: "Ethernet", linkType: 1, frame, line: said },
  { name: "Ethernet, IPv6", linkType: 1, frame: ethernet(0x86dd, packet6), line: said6 },
  {
    name: "802.1Q",
    linkType: 1,
    frame: ethernet(0x8100, concat([hex`20 07  08 00`, packet])),
    line: `${said} vlan 7`,
  },
  {
    name: "802.1ad over 802.1Q",
    linkType: 1,
    frame: ethernet(0x88a8, concat([hex`00 64  81 00  00 07  08 00`, packet])),
    line: `${said} vlan 7`,
  },
  { name: "802.3, LLC and SNAP", linkType: 1, frame: ethernet(snap.length, snap), line: said },
  {
    name: "MPLS, two labels",
    linkType: 1,
    frame: ethernet(0x8847, concat([hex`00 01 00 40  00 02 01 40`, packet])),
    line: `${said} in mpls`,
  },
  {
    name: "MPLS, Ethernet pseudowire with control word",
    linkType: 1,
    frame: ethernet(0x8847, concat([hex`00 02 01 40  00 00 00 01`, frame])),
    line: `${said} in mpls`,
  },
  {
    name: "MPLS, Ethernet pseudowire without control word",
    linkType: 1,
    frame: ethernet(0x8847, concat([hex`00 02 01 40`, frame])),
    line: `${said} in mpls`,
    noPeer: "reads the first bytes of the MAC address as a control word",
  },
  {
    name: "PPPoE",
    linkType: 1,
    frame: ethernet(0x8864, concat([hex`11 00 00 2a`, u16(packet.length + 2), hex`00 21`, packet])),
    line: `${said} in pppoe`,
  },
  {
    name: "NSH over Ethernet",
    linkType: 1,
    frame: ethernet(
      0x894f,
      concat([hex`0f c2 02 01  00 00 2a ff`, packet]), // TTL 63, length 2 words, metadata type 2, IPv4
    ),
    line: `${said} in nsh`,
  },
  {
    name: "Provider backbone (802.1ah)",
    linkType: 1,
    frame: ethernet(0x88e7, concat([hex`00 00 00 2a`, frame])),
    line: `${said} in mac-in-mac`,
  },
  { name: "IP in IP", linkType: 1, frame: outer(4, packet), line: `${said} in ip-in-ip` },
  { name: "6in4", linkType: 1, frame: outer(41, packet6), line: `${said6} in 6in4` },
  {
    name: "IPv4 in IPv6",
    linkType: 1,
    frame: ethernet(0x86dd, ipv6(4, packet)),
    line: `${said} in ip-in-ip`,
  },
  {
    name: "AH",
    linkType: 1,
    frame: outer(51, concat([hex`04 04 00 00  00 00 00 01  00 00 00 01  00 00 00 00 00 00 00 00 00 00 00 00`, packet])),
    line: `${said} in ip-in-ip`,
  },
  { name: "EtherIP", linkType: 1, frame: outer(97, concat([hex`30 00`, frame])), line: `${said} in etherip` },
  { name: "MPLS in IP", linkType: 1, frame: outer(137, concat([hex`00 02 01 40`, packet])), line: `${said} in mpls` },
  { name: "GRE", linkType: 1, frame: outer(47, concat([hex`00 00 08 00`, packet])), line: `${said} in gre` },
  {
    name: "GRE with key and sequence number",
    linkType: 1,
    frame: outer(47, concat([hex`30 00 08 00  00 00 00 2a  00 00 00 01`, packet])),
    line: `${said} in gre`,
  },
  {
    name: "GRE with checksum and key",
    linkType: 1,
    frame: outer(47, concat([hex`a0 00 86 dd  00 00 00 00  00 00 00 2a`, packet6])),
    line: `${said6} in gre`,
  },
  {
    name: "GRE, bridged",
    linkType: 1,
    frame: outer(47, concat([hex`20 00 65 58  00 00 2a 00`, frame])),
    line: `${said} in gre`,
  },
  {
    name: "PPTP",
    linkType: 1,
    frame: outer(47, concat([hex`30 01 88 0b`, u16(packet.length + 4), hex`00 01  00 00 00 07  ff 03 00 21`, packet])),
    line: `${said} in gre`,
  },
  {
    name: "WCCP with redirect header",
    linkType: 1,
    frame: outer(47, concat([hex`00 00 88 3e  00 00 00 00`, packet])),
    line: `${said} in gre`,
  },
  { name: "ERSPAN I", linkType: 1, frame: outer(47, concat([hex`00 00 88 be`, frame])), line: `${said} in erspan` },
  {
    name: "ERSPAN II",
    linkType: 1,
    frame: outer(47, concat([hex`10 00 88 be  00 00 00 01  10 07 00 01 00 00 00 00`, frame])),
    line: `${said} in erspan`,
  },
  {
    name: "ERSPAN III with sub-header",
    linkType: 1,
    frame: outer(
      47,
      concat([
        hex`10 00 22 eb  00 00 00 01
            20 07 00 01  00 00 00 00  00 00 00 01  # version 2, time, "optional sub-header" in the last bit
            18 00 00 00  00 00 00 00               # of platform 3`,
        frame,
      ]),
    ),
    line: `${said} in erspan`,
  },
  {
    name: "VXLAN",
    linkType: 1,
    frame: outerUdp(4789, concat([hex`08 00 00 00  00 00 2a 00`, frame])),
    line: `${said} in vxlan`,
  },
  {
    name: "VXLAN with group policy, Linux' old port",
    linkType: 1,
    frame: outerUdp(8472, concat([hex`88 00 00 05  00 00 2a 00`, frame])),
    line: `${said} in vxlan`,
    noPeer: "knows the port as another protocol's",
  },
  {
    name: "VXLAN-GPE, IPv4 at once",
    linkType: 1,
    frame: outerUdp(4790, concat([hex`0c 00 00 01  00 00 2a 00`, packet])),
    line: `${said} in vxlan`,
  },
  {
    name: "GENEVE with an option",
    linkType: 1,
    frame: outerUdp(6081, concat([hex`02 00 65 58  00 00 2a 00  01 02 80 01 00 00 00 00`, frame])),
    line: `${said} in geneve`,
  },
  {
    name: "GTP-U with an extension header",
    linkType: 1,
    frame: outerUdp(
      2152,
      concat([
        hex`34 ff`,
        u16(packet.length + 8),
        hex`00 00 00 2a  00 00 00 85   # tunnel; sequence number, N-PDU number, next: PDU session container
            01 00 09 00                # one word, its content, none next`,
        packet,
      ]),
    ),
    line: `${said} in gtp`,
  },
  {
    name: "GTP version 0",
    linkType: 1,
    frame: outerUdp(
      3386,
      concat([hex`1e ff`, u16(packet.length), hex`00 01 00 00 ff ff ff ff 00 00 00 00 00 00 00 2a`, packet]),
    ),
    line: `${said} in gtp`,
    noPeer: "takes the port for GTP'",
  },
  {
    name: "Teredo with authentication and origin",
    linkType: 1,
    frame: outerUdp(
      3544,
      concat([
        hex`00 01 00 00  01 02 03 04 05 06 07 08  00  # no client, no value; nonce, confirmation
            00 00 63 bf  34 ff 8e fd                  # origin: port and address, each bit turned`,
        teredoPacket(),
      ]),
    ),
    line: 'udp [2001:0:cb00:7101::1]:40000 > [2001:db8::2]:53 "hi" in teredo',
  },
  {
    name: "L2TPv2 with length",
    linkType: 1,
    frame: outerUdp(1701, concat([hex`40 02`, u16(packet.length + 12), hex`00 01 00 02  ff 03 00 21`, packet])),
    line: `${said} in l2tp`,
  },
  {
    name: "CAPWAP, 802.3",
    linkType: 1,
    frame: outerUdp(5247, concat([hex`00 10 02 00  00 00 00 00`, frame])),
    line: `${said} in capwap`,
  },
  {
    name: "GRE in UDP",
    linkType: 1,
    frame: outerUdp(4754, concat([hex`00 00 08 00`, packet])),
    line: `${said} in gre`,
    noPeer: "does not look into this port",
  },
  {
    name: "MPLS in UDP",
    linkType: 1,
    frame: outerUdp(6635, concat([hex`00 02 01 40`, packet])),
    line: `${said} in mpls`,
    noPeer: "does not look into this port",
  },
  {
    name: "VXLAN within GRE within a VLAN",
    linkType: 1,
    frame: ethernet(
      0x8100,
      concat([
        hex`00 07 08 00`,
        ipv4(
          47,
          concat([hex`00 00 08 00`, ipv4(17, udp(50_000, 4789, concat([hex`08 00 00 00  00 00 2a 00`, frame])))]),
        ),
      ]),
    ),
    line: `${said} vlan 7 in vxlan`,
  },
  { name: "BSD loopback", linkType: 0, frame: concat([hex`02 00 00 00`, packet]), line: said },
  { name: "BSD loopback, IPv6 of macOS", linkType: 0, frame: concat([hex`1e 00 00 00`, packet6]), line: said6 },
  { name: "OpenBSD loopback", linkType: 108, frame: concat([hex`00 00 00 02`, packet]), line: said },
  {
    name: "Token Ring",
    linkType: 6,
    frame: concat([hex`10 40 00 00 5e 00 53 02 00 00 5e 00 53 01`, snap]),
    line: said,
  },
  {
    name: "Token Ring with source route",
    linkType: 6,
    frame: concat([hex`10 40 00 00 5e 00 53 02 80 00 5e 00 53 01  06 b0 00 11 00 20`, snap]),
    line: said,
  },
  { name: "ARCNET", linkType: 7, frame: concat([hex`01 02 d4  00 00 01`, packet]), line: said },
  {
    name: "SLIP",
    linkType: 8,
    frame: concat([hex`00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00`, packet]),
    line: said,
    noPeer: "knows no such link type",
  },
  { name: "PPP", linkType: 9, frame: concat([hex`ff 03 00 21`, packet]), line: said },
  { name: "PPP without address, short protocol", linkType: 9, frame: concat([hex`21`, packet]), line: said },
  { name: "PPP, IPv6", linkType: 9, frame: concat([hex`00 57`, packet6]), line: said6 },
  { name: "PPP, MPLS", linkType: 9, frame: concat([hex`ff 03 02 81  00 02 01 40`, packet]), line: `${said} in mpls` },
  { name: "Cisco HDLC as PPP", linkType: 50, frame: concat([hex`0f 00 08 00`, packet]), line: said },
  { name: "FDDI", linkType: 10, frame: concat([hex`50 00 00 5e 00 53 02 00 00 5e 00 53 01`, snap]), line: said },
  { name: "raw IP", linkType: 101, frame: packet, line: said },
  { name: "raw IPv4 that is IPv6", linkType: 228, frame: packet6, line: said6 },
  { name: "raw IPv6 that is IPv4", linkType: 229, frame: packet, line: said, noPeer: "reads this number as IPv6 only" },
  { name: "LLC on ATM", linkType: 100, frame: snap, line: said },
  {
    name: "bridged Ethernet on ATM",
    linkType: 100,
    frame: concat([hex`aa aa 03 00 80 c2 00 07  00 00`, frame]),
    line: said,
  },
  { name: "SunATM", linkType: 123, frame: concat([hex`02 00 00 2a`, snap]), line: said },
  { name: "Cisco HDLC", linkType: 104, frame: concat([hex`0f 00 86 dd`, packet6]), line: said6 },
  { name: "802.11", linkType: 105, frame: wlan, line: said },
  { name: "Frame Relay", linkType: 107, frame: concat([hex`18 41  03 cc`, packet]), line: said },
  {
    name: "Frame Relay, SNAP",
    linkType: 107,
    frame: concat([hex`18 41  03 00 80 00 00 00 08 00`, packet]),
    line: said,
  },
  { name: "Frame Relay, Cisco", linkType: 107, frame: concat([hex`18 41  08 00`, packet]), line: said },
  {
    name: "Linux cooked",
    linkType: 113,
    frame: concat([hex`00 00 00 01 00 06  00 00 5e 00 53 01 00 00  08 00`, packet]),
    line: said,
  },
  {
    name: "radiotap with time, flags and checksum",
    linkType: 127,
    frame: concat([hex`00 00 11 00 03 00 00 00  01 02 03 04 05 06 07 08  10`, wlan, hex`00 00 00 00`]),
    line: said,
  },
  {
    name: "PPI around 802.11",
    linkType: 192,
    frame: concat([hex`00 00 08 00 69 00 00 00`, wlan]),
    line: said,
  },
  {
    name: "NFLOG",
    linkType: 239,
    frame: concat([hex`02 00 00 00  08 00 01 00 08 00 01 00`, littleU16(packet.length + 4), hex`09 00`, packet]),
    line: said,
  },
  {
    name: "PKTAP around Ethernet",
    linkType: 258,
    frame: concat([hex`6c 00 00 00  01 00 00 00  01 00 00 00  65 6e 30 00`, new Uint8Array(92), frame]),
    line: said,
  },
  {
    name: "Linux cooked v2",
    linkType: 276,
    frame: concat([hex`08 00 00 00  00 00 00 02  00 01 00 06  00 00 5e 00 53 01 00 00`, packet]),
    line: said,
  },
  {
    name: "Marvell switch tag",
    linkType: 284,
    frame: concat([frame.subarray(0, 12), hex`40 00 00 01`, frame.subarray(12)]),
    line: said,
    noPeer: "knows no such link type",
  },
];

function teredoPacket(): Uint8Array {
  const inner = packet6.slice();
  inner.set(hex`20 01 00 00 cb 00 71 01`, 8); // a Teredo address; the checksum is left as it is
  return inner;
}

function littleU16(value: number): Uint8Array {
  return bytes(value & 255, value >> 8);
}
