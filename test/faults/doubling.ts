/**
 * `node dist/test/faults/doubling.js [--frames N] [--only WORD]`: attacks of N frames and of twice as many, read and
 * described; how much more processor time the second takes. What is linear takes twice; more than 2.2 times says that
 * the work of a packet grows with those before it. Each is measured in turns, and the least time counts.
 */
import { parseArgs } from "node:util";
import type { Frame } from "../../src/capture/frame.ts";
import { describe } from "../../src/conform/conform.ts";
import { collectAssets } from "../../src/observe/assets.ts";
import { atEnd } from "../../src/observe/ends.ts";
import { frameOfBytes, icmpFrame, numbered, tcpFrame, udpFrame } from "../support/frames.ts";
import { ascii, concat } from "../support/hex.ts";
import { observe } from "../support/observe.ts";
import { bytes, ethernet, ipv4, u16 } from "../support/packets.ts";
import { clientHello, connection, dnsQuery, type Line } from "../support/talk.ts";

const MOST = 2.2;
const TURNS = 4;
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

const ATTACKS: Record<string, (frames: number) => Frame[]> = {
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
  "QUIC that no key opens": (n) =>
    many(n, (i) =>
      udpFrame({ from: `${A}:${1_024 + (i % 60_000)}`, to: `${B}:443`, ms: i, data: new Uint8Array(1_200).fill(0xc3) }),
    ),
};

const { values } = parseArgs({
  options: { frames: { type: "string", default: "20000" }, only: { type: "string", default: "" } },
});
const frames = Number(values.frames);
let failed = 0;
for (const [name, attack] of Object.entries(ATTACKS)) {
  if (!name.includes(values.only)) continue;
  const once = numbered(attack(frames));
  const twice = numbered(attack(2 * frames));
  let [least, most] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let turn = 0; turn < TURNS; turn++) {
    least = Math.min(least, spent(once));
    most = Math.min(most, spent(twice));
  }
  const ratio = most / least;
  if (ratio > MOST) failed++;
  console.log(
    `${name.padEnd(42)} ${least.toFixed(0).padStart(6)} ms ${most.toFixed(0).padStart(6)} ms  ${ratio.toFixed(2)}`,
  );
}
process.exitCode = failed === 0 ? 0 : 1;

/** Milliseconds of the processor's time. */
function spent(capture: readonly Frame[]): number {
  const begun = process.cpuUsage();
  const { conversations, rest } = describe(atEnd(observe(capture)));
  collectAssets(conversations);
  for (const _ of rest.rows());
  return process.cpuUsage(begun).user / 1_000;
}
