/** Questions to everybody on a link and their answers, in each protocol that asks so. */
import type { Frame } from "../../src/capture/frame.ts";
import { udpFrame } from "../support/frames.ts";
import { ascii, hex } from "../support/hex.ts";
import { HOST, PEER } from "./scene.ts";

export const ALL = "10.0.0.255";
export const STRANGER = "10.0.0.9";

export interface Talk {
  app: string;
  over: string;
  /** Ports of who asks and of who answers. */
  ports: [number, number];
  asks: Uint8Array;
  answers: Uint8Array;
}

const enip = (length: string, rest = ""): Uint8Array =>
  hex(`63 00 ${length} 00000000 00000000 5749524550414354 00000000 ${rest}`); // ListIdentity, its sender's context
const IDENTITY = `0100 0c00 3600 0100 0002af12c00002050000000000000000 0100 0e00 3600 140b 6030 78563412
  14 313735362d4c36312f42204c4f4749583535 3631 03`;
const snmp = (pdu: string, value: string, ...lengths: [string, string, string, string]): Uint8Array =>
  hex(`30 ${lengths[0]} 020101 0406 7075626c6963 ${pdu} ${lengths[1]} 020107 020100 020100
       30 ${lengths[2]} 30 ${lengths[3]} 0608 2b06010201010500 ${value}`); // sysName of community public, request 7
const fins = (icf: string, to: string, from: string, rest = ""): Uint8Array =>
  hex(`${icf} 00 02 00 ${to} 00 00 ${from} 00 01 0501 ${rest}`); // controller data
export const WHO_IS = hex`81 0b 00 08  01 00  10 08`;
const I_AM = hex`81 0b 00 14  01 00  10 00  c4 02 00 04 d2  22 05 c4  91 03  21 07`;
const CONTROLLER = "0000 434a324d2d43505533312020202020202020202030322e3031 ".concat("20".repeat(15), "00".repeat(52));

export const TALKS: readonly Talk[] = [
  { app: "bacnet", over: "udp/47808", ports: [47_808, 47_808], asks: WHO_IS, answers: I_AM },
  { app: "enip", over: "udp/44818", ports: [50_123, 44_818], asks: enip("0000"), answers: enip("3c00", IDENTITY) },
  {
    app: "snmp",
    over: "udp/161",
    ports: [50_161, 161],
    asks: snmp("a0", "0500", "26", "19", "0e", "0c"),
    answers: snmp("a2", "0403 706c63", "29", "1c", "11", "0f"),
  },
  {
    app: "fins",
    over: "udp/9600",
    ports: [9600, 9600],
    asks: fins("80", "ff", "02"),
    answers: fins("c0", "02", "01", CONTROLLER),
  },
  {
    app: "hart-ip",
    over: "udp/5094",
    ports: [50_240, 5094],
    asks: hex`01 00 00 00 0001 000d 01 00007530`, // session initiate
    answers: hex`01 01 00 00 0001 000d 01 00007530`,
  },
  {
    app: "ssdp",
    over: "udp/1900",
    ports: [50_190, 1900],
    asks: ascii(
      'M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: "ssdp:discover"\r\nMX: 1\r\nST: ssdp:all\r\n\r\n',
    ),
    answers: ascii("HTTP/1.1 200 OK\r\nST: upnp:rootdevice\r\nUSN: uuid:1::upnp:rootdevice\r\n\r\n"),
  },
  {
    app: "codesys",
    over: "udp/1740",
    ports: [1740, 1740],
    asks: hex`c5 6b 40 03 00 10 0000 c201 0001 00000001`,
    answers: hex`c5 6b 40 04 00 01 0000 c301 0001 00000001`,
  },
];

export const ask = ({ ports, asks, app }: Talk, to = app === "ssdp" ? "239.255.255.250" : ALL): Frame =>
  udpFrame({ from: `${HOST}:${ports[0]}`, to: `${to}:${ports[1]}`, data: asks, ms: 10 });
export const answer = ({ ports, answers }: Talk, from = PEER, to = HOST, ms = 40): Frame =>
  udpFrame({ from: `${from}:${ports[1]}`, to: `${to}:${ports[0]}`, data: answers, ms });
/** The class that a rule expects at most; none where the protocol has no operations. */
export const most = ({ app }: Talk): string => (app === "ssdp" ? "" : app === "snmp" ? "read" : "identify");
