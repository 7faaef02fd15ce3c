/**
 * Kinds of churn: traffic that never repeats itself, each kind with another thing that is new every time. What each is judged
 * against is one model (`KINDS_MODEL`), in which a sensor reads from devices.
 */
import { ACK, address, arp, type Ends, FIN, icmp, PSH, RST, SYN, tcp, turned, udp } from "./made-up-frames.ts";

export const KINDS_MODEL = `wirepact: 1
model: churn
document: { title: Churn, publisher: Wirepact, product: bench, version: ~, retrieved: 2026-01-01 }
roles:
  sensor: { about: reads from devices }
  device: { about: is read from }
endpoints:
  time: { hosts: [pool.ntp.test], pool: true }
  cloud: { hosts: ["*.cloud.test"] }
rules:
  - { id: read, from: sensor, to: role:device, over: tcp/502, app: modbus, requirement: optional, expect: { operations: at most read }, cite: { section: a } }
  - { id: log, from: sensor, to: role:device, over: udp/514, app: syslog, requirement: optional, cite: { section: b } }
  - { id: log-too, from: sensor, to: role:device, over: udp/514, app: [syslog, tftp], requirement: optional, cite: { section: c } }
  - { id: telnet, from: sensor, to: role:device, over: tcp/23, app: any, requirement: forbidden, cite: { section: d } }
  - { id: time, from: sensor, to: time, over: udp/123, app: ntp, requirement: optional, cite: { section: e } }
  - { id: cloud, from: sensor, to: cloud, over: tcp/443, app: tls, requirement: required, cite: { section: f } }
  - { id: media, from: sensor, to: role:device, over: udp/4500, app: any, requirement: optional, expect: { clocks: sensor and device within 3 s }, cite: { section: h } }
  - { id: web, from: sensor, to: role:device, over: tcp/80, app: http, requirement: optional, cite: { section: g } }
`;

export const SENSOR = address(10, 20, 0, 5);
const RESOLVER = address(10, 20, 0, 53);
const DEVICES = address(10, 128, 0, 0);
const STRANGERS = address(100, 64, 0, 0);
const CLOUD = address(23, 0, 0, 0);
const LAN = address(10, 20, 0, 0);
export const BINDINGS = ["sensor=10.20.0.5", "device=10.128.0.0/9"];

export interface Kind {
  about: string;
  /** As many frames each time. `perSecond`: how often one begins. */
  episode(number: number, perSecond?: number): Uint8Array[];
}

const text = new TextEncoder();
const bytes = (...words: number[]): Uint8Array => Uint8Array.from(words);
const port = (number: number): number => 32_768 + (number % 28_000);
const toDevice = (number: number, toPort: number): Ends => ({
  ...{ from: SENSOR, to: DEVICES + 1 + number, fromPort: port(number), toPort },
});

/** A whole connection: what is asked and answered, each in one segment. */
function connection(ends: Ends, asked: Uint8Array, answered: Uint8Array, hole = 0): Uint8Array[] {
  const back = turned(ends);
  const [seq, ack] = [1_001 + asked.length + hole, 5_001 + answered.length];
  return [
    tcp(ends, SYN, 1_000, 0),
    tcp(back, SYN | ACK, 5_000, 1_001),
    tcp(ends, ACK, 1_001, 5_001),
    tcp(ends, PSH | ACK, 1_001 + hole, 5_001, asked),
    tcp(back, PSH | ACK, 5_001, seq, answered),
    tcp(ends, FIN | ACK, seq, ack),
    tcp(back, FIN | ACK, ack, seq + 1),
    tcp(ends, ACK, seq + 1, ack + 1),
  ];
}

const READ = bytes(0, 1, 0, 0, 0, 6, 1, 3, 0, 0, 0, 2);
const READ_ANSWER = bytes(0, 1, 0, 0, 0, 7, 1, 3, 4, 0, 1, 0, 2);
const WRITE = bytes(0, 1, 0, 0, 0, 6, 1, 5, 0, 1, 0xff, 0);
const IDENTIFY = bytes(0, 1, 0, 0, 0, 5, 1, 0x2b, 0x0e, 1, 0);

/** What a device says of itself: its number is its name. */
function identified(number: number): Uint8Array {
  const words = ["Maker", `unit-${number}`, "1.0"].map((word) => text.encode(word));
  const objects = words.flatMap((word, i) => [i, word.length, ...word]);
  const pdu = [1, 0x2b, 0x0e, 1, 1, 0, 0, words.length, ...objects];
  return bytes(0, 1, 0, 0, 0, pdu.length, ...pdu);
}

interface Message {
  id: number;
  flags: number;
  name: string;
  gives?: number;
  asks?: boolean;
  ttl?: number;
}

/** RFC 1035, section 4: a question, an answer, or both. */
export function dns({ id, flags, name, gives, asks = true, ttl = 120 }: Message): Uint8Array {
  const labels = [...name.split(".").flatMap((label) => [label.length, ...text.encode(label)]), 0];
  const question = asks ? [...labels, 0, 1, 0, 1] : [];
  const owner = asks ? [0xc0, 12] : labels;
  const answer = gives === undefined ? [] : [...owner, 0, 1, 0, 1, ...word(ttl), 0, 4, ...word(gives)];
  const counts = [0, asks ? 1 : 0, 0, gives === undefined ? 0 : 1, 0, 0, 0, 0];
  return bytes(id >>> 8, id & 0xff, flags >>> 8, flags & 0xff, ...counts, ...question, ...answer);
}

const word = (value: number): number[] => [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff];

const [ASKS, ANSWERS] = [0x0100, 0x8180];
const lookUp = (number: number, name: string, gives: number): Uint8Array[] => {
  const ends = { from: SENSOR, to: RESOLVER, fromPort: port(number), toPort: 53 };
  const id = number & 0xffff;
  return [udp(ends, dns({ id, flags: ASKS, name })), udp(turned(ends), dns({ id, flags: ANSWERS, name, gives }))];
};

const MDNS = address(224, 0, 0, 251);
const LLMNR = address(224, 0, 0, 252);
const SSDP = address(239, 255, 255, 250);
const ALL = 0xffff_ffff;

/** `askedSec`: when it was asked, by the client's clock. */
function ntp(mode: number, sec: number, askedSec = sec): Uint8Array {
  const message = new Uint8Array(48);
  message.set([(4 << 3) | mode, mode === 4 ? 2 : 0]);
  const view = new DataView(message.buffer);
  for (const at of mode === 4 ? [16, 24, 32, 40] : [40]) view.setUint32(at, at === 24 ? askedSec : sec);
  return message;
}

function dhcp(type: number, mac: number, given: number): Uint8Array {
  const message = new Uint8Array(260);
  const view = new DataView(message.buffer);
  message.set([type === 5 ? 2 : 1, 1, 6, 0]);
  view.setUint32(4, mac);
  view.setUint32(16, type === 5 ? given : 0);
  view.setUint16(28, 0x0200);
  view.setUint32(30, mac);
  message.set([0x63, 0x82, 0x53, 0x63, 53, 1, type, 51, 4, 0, 0, 14, 16, 255], 236);
  return message;
}

/** The first bytes of a packet, as an ICMP error quotes it. */
const quoted = (frame: Uint8Array): Uint8Array => frame.slice(14, 14 + 28);

export const BEGAN_MS = 1_767_225_600_000;
const NTP_EPOCH = 2_208_988_800;
/** Episodes after which the device's clock is set. */
const CLOCKS_APART = 20;

/** How often a second an episode of any kind begins, in the packets' time. */
export const PER_SECOND = 20;
const secOf = (number: number, perSecond = PER_SECOND): number =>
  NTP_EPOCH + BEGAN_MS / 1000 + Math.floor(number / perSecond);

export const KINDS: Readonly<Record<string, Kind>> = {
  silent: {
    about: "a documented port of ever new devices, nobody answers",
    episode: (n) => [tcp(toDevice(n, 502), SYN, 1_000, 0), tcp(toDevice(n, 502), SYN, 1_000, 0)],
  },
  refused: {
    about: "the same, refused",
    episode: (n) => [tcp(toDevice(n, 502), SYN, 1_000, 0), tcp(turned(toDevice(n, 502)), RST | ACK, 0, 1_001)],
  },
  unreachable: {
    about: "the same, and a router says that there is nobody",
    episode: (n) => {
      const syn = tcp(toDevice(n, 502), SYN, 1_000, 0);
      const error = { from: address(10, 20, 0, 1), to: SENSOR, fromPort: 0, toPort: 0 };
      return [syn, icmp(error, 3, 1, quoted(syn))];
    },
  },
  written: {
    about: "ever new devices are written to, which breaks a rule",
    episode: (n) => connection(toDevice(n, 502), WRITE, WRITE),
  },
  forbidden: {
    about: "a forbidden port of ever new devices",
    episode: (n) => connection(toDevice(n, 23), text.encode("login: x\r\n"), text.encode("password: \r\n")),
  },
  read: {
    about: "ever new devices are read from, as documented",
    episode: (n) => connection(toDevice(n, 502), READ, READ_ANSWER),
  },
  identified: {
    about: "ever new devices say what they are",
    episode: (n) => connection(toDevice(n, 502), IDENTIFY, identified(n)),
  },
  several: {
    about: "ever new devices by what two rules document alike",
    episode: (n) => [udp(toDevice(n, 514), text.encode(`<14>1 2026-01-01T00:00:00Z sensor app ${n} - - up`))],
  },
  inconclusive: {
    about: "a documented port of ever new devices, connections without a word",
    episode: (n) => connection(toDevice(n, 502), new Uint8Array(0), new Uint8Array(0)),
  },
  strange: {
    about: "an undocumented port of ever new devices",
    episode: (n) => connection(toDevice(n, 9_999), text.encode("hello\n"), text.encode("hello\n")),
  },
  strangers: {
    about: "ever new hosts that nobody judges, between each other",
    episode: (n) =>
      connection(
        { ...toDevice(n, 8_000), from: STRANGERS + n * 2, to: STRANGERS + n * 2 + 1 },
        text.encode("hello\n"),
        text.encode("hello\n"),
      ),
  },
  holes: {
    about: "connections to ever new devices of which a segment is missing",
    episode: (n) =>
      connection(toDevice(n, 80), text.encode("GET / HTTP/1.1\r\n\r\n"), text.encode("HTTP/1.1 200 OK\r\n\r\n"), 100),
  },
  pool: {
    about: "clocks of ever new servers, whose documented names DNS gave",
    episode: (n, perSecond) => {
      const ends = { from: SENSOR, to: CLOUD + n, fromPort: port(n), toPort: 123 };
      return [
        ...lookUp(n, "pool.ntp.test", CLOUD + n),
        udp(ends, ntp(3, secOf(n, perSecond))),
        udp(turned(ends), ntp(4, secOf(n, perSecond))),
      ];
    },
  },
  clocks: {
    about:
      "two hosts ask ever new servers for the time, whose clocks a rule compares: they were apart for the first while",
    episode: (n, perSecond) => {
      const [sec, apartSec] = [secOf(n, perSecond), n < CLOCKS_APART ? 12 : 0];
      const asks = (from: number, askedSec: number): Uint8Array[] => {
        const ends = { from, to: CLOUD + n, fromPort: port(n), toPort: 123 };
        return [udp(ends, ntp(3, askedSec)), udp(turned(ends), ntp(4, sec, askedSec))];
      };
      const media = { from: SENSOR, to: DEVICES + 1, fromPort: 40_000, toPort: 4500 };
      return [
        ...asks(SENSOR, sec),
        ...asks(DEVICES + 1, sec + apartSec),
        ...[udp(media, text.encode("ready?")), udp(turned(media), text.encode("ready"))],
      ];
    },
  },
  cloud: {
    about: "ever new addresses of a documented name, nobody answers",
    episode: (n) => {
      const ends = { from: SENSOR, to: CLOUD + n, fromPort: port(n), toPort: 443 };
      return [...lookUp(n, "api.cloud.test", CLOUD + n), tcp(ends, SYN, 1_000, 0), tcp(ends, SYN, 1_000, 0)];
    },
  },
  mdns: {
    about: "ever new names by mDNS, of which each is answered",
    episode: (n) => {
      const ends = { from: LAN + 100 + (n % 50), to: MDNS, fromPort: 5353, toPort: 5353 };
      const name = `x${n}.local`;
      const answer = dns({ id: 0, flags: 0x8400, name, gives: LAN + 200, asks: false });
      return [udp(ends, dns({ id: 0, flags: 0, name })), udp({ ...ends, from: LAN + 200 }, answer)];
    },
  },
  "mdns-again": {
    about: "the judged host and another ask by mDNS without a pause, now for a name of before, now for a new one",
    episode: (n) => {
      const ends = { from: n % 2 === 0 ? SENSOR : LAN + 100, to: MDNS, fromPort: 5353, toPort: 5353 };
      const name = n % 3 === 0 ? `y${n}.local` : `y${n % 3}.local`;
      const answer = dns({ id: 0, flags: 0x8400, name, gives: LAN + 200, asks: false });
      return [udp(ends, dns({ id: 0, flags: 0, name })), udp({ ...ends, from: LAN + 200 }, answer)];
    },
  },
  "mdns-devices": {
    about: "ever new devices announce themselves by mDNS",
    episode: (n) => [
      udp(
        { from: STRANGERS + n, to: MDNS, fromPort: 5353, toPort: 5353 },
        dns({ id: 0, flags: 0x8400, name: `device-${n}.local`, gives: STRANGERS + n, asks: false }),
      ),
    ],
  },
  "mdns-hosts": {
    about: "ever new hosts that ask by mDNS",
    episode: (n) => [
      udp(
        { from: STRANGERS + n, to: MDNS, fromPort: 5353, toPort: 5353 },
        dns({ id: 0, flags: 0, name: `_http._tcp.local` }),
      ),
    ],
  },
  llmnr: {
    about: "ever new names by LLMNR, of the judged host, which nobody has",
    episode: (n) => [
      udp(
        { from: SENSOR, to: LLMNR, fromPort: port(n), toPort: 5355 },
        dns({ id: n & 0xffff, flags: 0, name: `x${n}` }),
      ),
    ],
  },
  ssdp: {
    about: "ever new searches by SSDP of the judged host, each answered",
    episode: (n) => {
      const ends = { from: SENSOR, to: SSDP, fromPort: port(n), toPort: 1900 };
      const search = `M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: "ssdp:discover"\r\nMX: 1\r\nST: urn:x:${n}\r\n\r\n`;
      const found = `HTTP/1.1 200 OK\r\nST: urn:x:${n}\r\nUSN: uuid:${n}\r\nLOCATION: http://10.20.0.200/\r\n\r\n`;
      const answer = { from: LAN + 200, to: SENSOR, fromPort: 1900, toPort: port(n) };
      return [udp(ends, text.encode(search)), udp(answer, text.encode(found))];
    },
  },
  "ssdp-again": {
    about: "the same search by SSDP of the judged host, from ever new ports, answered by two devices",
    episode: (n) => {
      const ends = { from: SENSOR, to: SSDP, fromPort: port(n), toPort: 1900 };
      const search = `M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: "ssdp:discover"\r\nMX: 1\r\nST: urn:x\r\n\r\n`;
      const found = `HTTP/1.1 200 OK\r\nST: urn:x\r\nUSN: uuid:x\r\nLOCATION: http://10.20.0.200/\r\n\r\n`;
      const answer = (last: number): Uint8Array =>
        udp({ from: LAN + last, to: SENSOR, fromPort: 1900, toPort: port(n) }, text.encode(found));
      return [udp(ends, text.encode(search)), answer(200), answer(201)];
    },
  },
  "llmnr-found": {
    about: "the same names by LLMNR, of the judged host, from ever new ports; one of three is answered",
    episode: (n) => {
      const ends = { from: SENSOR, to: LLMNR, fromPort: port(n), toPort: 5355 };
      const [id, name] = [n & 0xffff, `x${n % 3}`];
      const answer = { from: LAN + 200, to: SENSOR, fromPort: 5355, toPort: port(n) };
      const said =
        n % 3 === 0 ? dns({ id, flags: 0x8000, name, gives: LAN + 200 }) : dns({ id: id + 1, flags: 0, name: "y" });
      const other = { from: LAN + 201, to: LLMNR, fromPort: port(n), toPort: 5355 };
      return [udp(ends, dns({ id, flags: 0, name })), udp(n % 3 === 0 ? answer : other, said)];
    },
  },
  arp: {
    about: "ever new hosts that ask by ARP",
    episode: (n) => [arp(n + 1, STRANGERS + n, LAN + 1)],
  },
  dhcp: {
    about: "ever new devices that are given an address",
    episode: (n) => [
      udp({ from: 0, to: ALL, fromPort: 68, toPort: 67 }, dhcp(3, n + 1, 0)),
      udp({ from: LAN + 1, to: ALL, fromPort: 67, toPort: 68 }, dhcp(5, n + 1, DEVICES + (n % 4_000_000))),
    ],
  },
  ping: {
    about: "ever new hosts are pinged by the judged one, and answer",
    episode: (n) => {
      const ends = { from: SENSOR, to: STRANGERS + n, fromPort: 0, toPort: 0 };
      return [icmp(ends, 8, 0, bytes(0, 0, 0, 0)), icmp(turned(ends), 0, 0, bytes(0, 0, 0, 0))];
    },
  },
  incoming: {
    about: "ever new hosts call the judged one, which refuses",
    episode: (n) => {
      const ends = { from: STRANGERS + n, to: SENSOR, fromPort: port(n), toPort: 22, ttl: 40 + (n % 20) };
      return [tcp(ends, SYN, 1_000, 0), tcp(turned(ends), RST | ACK, 0, 1_001)];
    },
  },
};
