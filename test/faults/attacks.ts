/** Attacks by what a packet may cost: captures of about so many frames each, in which the work must not grow with what came before. */
import type { Frame } from "../../src/capture/frame.ts";
import { frameOfBytes, icmpFrame, tcpFrame, udpFrame } from "../support/frames.ts";
import { ascii, concat } from "../support/hex.ts";
import { bytes, ethernet, ipv4, u16 } from "../support/packets.ts";
import { crypto, initial } from "../support/quic.ts";
import { clientHello, connection, dnsQuery, type Line } from "../support/talk.ts";

const A = "10.0.0.5";
const B = "192.0.2.1";
const many = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
const lines = (count: number, make: (i: number) => Uint8Array): Line[] => many(count, (i): Line => [">", make(i)]);
const host = (i: number): string => `10.${1 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`;
const modbus = (id: number, address: number): Uint8Array =>
  concat([u16(id & 0xffff), u16(0), u16(6), bytes(1, 3), u16(address & 0xffff), u16(1)]);
const segment = (seq: number, ms: number, data: Uint8Array): Frame =>
  tcpFrame({ from: `${A}:40000`, to: `${B}:443`, flags: "A", seq, ack: 5_001, ms, data });
const opened = (): Frame[] =>
  connection(`${A}:40000`, `${B}:443`, 0, [[">", clientHello("a.example.com").slice(0, 20)]]);

const REQUEST = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

export const ATTACKS: Readonly<Record<string, (frames: number) => Frame[]>> = {
  "SYN flood": (n) =>
    many(n, (i) =>
      tcpFrame({ from: `${host(i)}:${1_024 + (i % 60_000)}`, to: `${B}:443`, flags: "S", seq: i, ms: i / 100 }),
    ),
  "a conversation to each of many addresses": (n) =>
    many(n, (i) => udpFrame({ from: `${A}:4000`, to: `${host(i)}:9`, ms: i / 100, data: ascii("?") })),
  "endless names": (n) =>
    many(n, (i) =>
      udpFrame({
        from: `${A}:${20_000 + (i % 40_000)}`,
        to: `${B}:53`,
        ms: i,
        data: dnsQuery(`n${i}.example.com`, { id: i & 0xffff }),
      }),
    ),
  "one flow of endless messages": (n) =>
    connection(
      `${A}:40000`,
      `${B}:502`,
      0,
      lines(n, (i) => modbus(i, i)),
    ),
  "endless hosts on one connection": (n) =>
    connection(
      `${A}:40000`,
      `${B}:80`,
      0,
      lines(n, (i) => ascii(`GET / HTTP/1.1\r\nHost: n${i}.example.com\r\n\r\n`)),
    ),
  "fragments that never complete": (n) =>
    many(n, (i) =>
      frameOfBytes(
        ethernet(0x0800, ipv4(17, new Uint8Array(16), { id: i & 0xffff, offset: 8 * (i % 50), more: true })),
        i,
      ),
    ),
  "fragments of one datagram with holes": (n) =>
    many(n, (i) =>
      frameOfBytes(ethernet(0x0800, ipv4(17, new Uint8Array(8), { offset: 16 * (i % 4_000), more: true })), i / 10),
    ),
  "segments with holes": (n) => [
    ...opened(),
    ...many(n, (i) => segment(1_100 + i * 20, 20 + i / 10, new Uint8Array(10))),
  ],
  "segments that overlap and disagree": (n) => [
    ...opened(),
    ...many(n, (i) => segment(1_001 + (i % 30), 20 + i / 10, new Uint8Array(20).fill(i & 255))),
  ],
  "a stream of one byte a segment": (n) =>
    connection(
      `${A}:40000`,
      `${B}:80`,
      0,
      lines(n, (i) => ascii(REQUEST[i % REQUEST.length]!)),
    ),
  "tunnels in tunnels": (n) => {
    const inner = many(30, () => 0).reduce((packet) => ipv4(4, packet), ipv4(17, new Uint8Array(16)));
    return many(n, (i) => frameOfBytes(ethernet(0x0800, inner), i / 10));
  },
  "ICMP errors": (n) => {
    const quote = udpFrame({ from: `${A}:1000`, to: `${B}:53`, data: ascii("?") });
    return many(n, (i) => icmpFrame({ from: "192.0.2.9:0", to: `${A}:0`, type: 3, code: 3, quote, ms: i }));
  },
  "halves of hellos": (n) => {
    const hello = clientHello("a.example.com").slice(0, 60);
    return many(n >> 2, (i) => connection(`${host(i)}:40000`, `${B}:443`, i, [[">", hello]])).flat();
  },
  "CRYPTO frames with gaps": (n) => {
    const hello = clientHello("a.example.com").slice(5);
    const gaps = many(60, (i) => crypto(2 * i, hello.subarray(2 * i, 2 * i + 1)));
    const datagram = initial(new Uint8Array(8).fill(0xd1), gaps);
    return many(n >> 3, (i) =>
      udpFrame({ from: `${host(i >> 5)}:${1_024 + ((i >> 5) % 60_000)}`, to: `${B}:443`, ms: i, data: datagram }),
    );
  },
  "QUIC that no key opens": (n) =>
    many(n, (i) =>
      udpFrame({ from: `${A}:${1_024 + (i % 60_000)}`, to: `${B}:443`, ms: i, data: new Uint8Array(1_200).fill(0xc3) }),
    ),
};
