/** Packets to flows, on frames made by hand: what splits a flow, who opened it, what became of it, what counts. */
import test from "ava";
import type { Frame } from "../../src/capture/frame.ts";
import { FlowView } from "../../src/observe/flow-view.ts";
import { flowLines } from "../support/flows.ts";
import { icmpFrame, numbered, START_SEC, tcpFrame, udpFrame } from "../support/frames.ts";
import { ascii, hex } from "../support/hex.ts";
import { observe } from "../support/observe.ts";
import { alert, clientHello, connection, dnsAnswer, dnsQuery, ntp, stun } from "../support/talk.ts";

const A = "10.0.0.1:40000";
const B = "10.0.0.2:443";
const A6 = "[2001:db8::1]:40000";
const B6 = "[2001:db8::2]:443";
const HOUR_MS = 3_600_000;
const data = ascii("hello");

const syn = (ms: number, seq = 100): Frame => tcpFrame({ from: A, to: B, flags: "S", seq, ms });
const synAck = (ms: number, ack = 101): Frame => tcpFrame({ from: B, to: A, flags: "SA", seq: 500, ack, ms });
const there = (ms: number, seq = 101, payload?: Uint8Array): Frame =>
  tcpFrame({ from: A, to: B, flags: "A", seq, ack: 501, ms, ...(payload && { data: payload }) });
const back = (ms: number, flags = "A", seq = 501, payload?: Uint8Array): Frame =>
  tcpFrame({ from: B, to: A, flags, seq, ack: 101, ms, ...(payload && { data: payload }) });
const udp = (from: string, to: string, ms: number, payload = data): Frame => udpFrame({ from, to, ms, data: payload });

const CASES: Record<string, { frames: Frame[]; flows: string[] }> = {
  "a handshake": {
    frames: [syn(0), synAck(1), there(2)],
    flows: [`${A} > ${B} syn established 2/1`],
  },
  "a new SYN is another flow": {
    frames: [syn(0), synAck(1), there(2), syn(5000, 9000), synAck(5001, 9001), there(5002, 9001)],
    flows: [`${A} > ${B} syn established 2/1`, `${A} > ${B} syn established 2/1`],
  },
  "a SYN sent again is not": {
    frames: [syn(0), syn(1000), syn(3000), synAck(3001), there(3002)],
    flows: [`${A} > ${B} syn established 4/1`],
  },
  "a SYN behind its own data": {
    frames: [there(1, 101, data), syn(0), synAck(1)],
    flows: [`${A} > ${B} syn established 2/1`],
  },
  "the SYN-ACK first": {
    frames: [synAck(1), syn(0), there(2)],
    flows: [`${A} > ${B} syn established 2/1`],
  },
  "a SYN-ACK and no SYN": {
    frames: [synAck(1), there(2)],
    flows: [`${A} > ${B} syn-ack established 1/1`],
  },
  "both open at once": {
    frames: [syn(0), tcpFrame({ from: B, to: A, flags: "S", seq: 500, ms: 0 }), synAck(1), back(2)],
    flows: [`${A} > ${B} syn-ack answered 1/3`],
  },
  "mid-stream: the end with the known port answers": {
    frames: [back(0), there(1)],
    flows: [`${A} > ${B} port established 1/1`],
  },
  "mid-stream, one direction": {
    frames: [there(0), there(1, 101, data)],
    flows: [`${A} > ${B} port one-way 2/0`],
  },
  "TCP, silent for less than two hours": {
    frames: [syn(0), synAck(1), there(2), there(2 * HOUR_MS, 101, data)],
    flows: [`${A} > ${B} syn established 3/1`],
  },
  "TCP, silent for more": {
    frames: [syn(0), synAck(1), there(2), there(2 * HOUR_MS + 5000, 101, data)],
    flows: [`${A} > ${B} syn established 2/1`, `${A} > ${B} port one-way 1/0`],
  },
  "one direction silent, the other not": {
    frames: [syn(0), synAck(1), ...[1, 2, 3, 4].map((n) => there(n * HOUR_MS, 101, data)), back(4 * HOUR_MS + 1)],
    flows: [`${A} > ${B} syn established 5/2`],
  },
  "UDP, silent for five minutes": {
    frames: [udp(A, B, 0), udp(A, B, 300_000)],
    flows: [`${A} > ${B} port unanswered 2/0`],
  },
  "UDP, silent for more": {
    frames: [udp(A, B, 0), udp(A, B, 302_000)],
    flows: [`${A} > ${B} port unanswered 1/0`, `${A} > ${B} port unanswered 1/0`],
  },
  "sequence numbers beyond 2^32": {
    frames: [
      tcpFrame({ from: A, to: B, flags: "S", seq: 0xffff_fffe, ms: 0 }),
      tcpFrame({ from: B, to: A, flags: "SA", seq: 500, ack: 0xffff_ffff, ms: 1 }),
      tcpFrame({ from: A, to: B, flags: "A", seq: 0xffff_ffff, ack: 501, ms: 2, data }),
      tcpFrame({ from: A, to: B, flags: "A", seq: 4, ack: 501, ms: 3, data }),
      tcpFrame({ from: A, to: B, flags: "S", seq: 0xffff_fffe, ms: 4 }),
    ],
    flows: [`${A} > ${B} syn established 4/1`],
  },
  refused: {
    frames: [syn(0), back(1, "RA", 0)],
    flows: [`${A} > ${B} syn refused 1/1`],
  },
  "reset after it came up": {
    frames: [syn(0), synAck(1), there(2), back(3, "R")],
    flows: [`${A} > ${B} syn established 2/2`],
  },
  unanswered: { frames: [syn(0), syn(1000)], flows: [`${A} > ${B} syn unanswered 2/0`] },
  "a SYN-ACK that nobody took": { frames: [syn(0), synAck(1)], flows: [`${A} > ${B} syn answered 1/1`] },
  "an alert before the handshake was done": {
    frames: connection(A, B, 0, [
      [">", clientHello("x.example")],
      ["<", alert(40)],
    ]),
    flows: [`${A} > ${B} syn failed 3/2 tls`],
  },
  "an ICMP error for a TCP packet": {
    frames: [syn(0), icmpFrame({ from: "10.0.0.254", to: "10.0.0.1", ms: 1, type: 3, code: 13, quote: syn(0) })],
    flows: [`${A} > ${B} syn unreachable 1/0`, "10.0.0.254:3 > 10.0.0.1:3 message one-way 1/0"],
  },
  "an ICMPv6 error for a datagram": {
    frames: [
      udp(A6, B6, 0),
      icmpFrame({ from: "2001:db8::fe", to: "2001:db8::1", ms: 1, type: 1, code: 1, quote: udp(A6, B6, 0) }),
    ],
    flows: [`${A6} > ${B6} port unreachable 1/0`, "[2001:db8::fe]:1 > [2001:db8::1]:1 message one-way 1/0"],
  },
  "an error for somebody else's packet": {
    frames: [
      syn(0),
      icmpFrame({ from: "10.0.0.254", to: "10.0.0.1", ms: 1, type: 3, quote: udp("10.0.0.1:40001", B, 0) }),
    ],
    flows: [`${A} > ${B} syn unanswered 1/0`, "10.0.0.254:3 > 10.0.0.1:3 message one-way 1/0"],
  },
  "an error that quotes too little": {
    frames: [syn(0), icmpFrame({ from: "10.0.0.254", to: "10.0.0.1", ms: 1, type: 3, data: hex`45 00 00 28` })],
    flows: [`${A} > ${B} syn unanswered 1/0`, "10.0.0.254:3 > 10.0.0.1:3 message one-way 1/0"],
  },
  "IPv6, the higher end first": {
    frames: [
      tcpFrame({ from: B6, to: A6, flags: "S", seq: 1, ms: 0 }),
      tcpFrame({ from: A6, to: B6, flags: "RA", seq: 0, ack: 2, ms: 1 }),
    ],
    flows: [`${B6} > ${A6} syn refused 1/1`],
  },
  "one address, two ports": {
    frames: [udp("127.0.0.1:9000", "127.0.0.1:53", 0, dnsQuery("a.example"))],
    flows: ["127.0.0.1:9000 > 127.0.0.1:53 message unanswered 1/0 dns"],
  },
  "an answer before its question": {
    frames: [udp("10.0.0.2:53", A, 0, dnsAnswer("a.example", [])), udp(A, "10.0.0.2:53", 1, dnsQuery("a.example"))],
    flows: [`${A} > 10.0.0.2:53 message answered 1/1 dns`],
  },
  "NTP between two ports 123: the mode says who asks": {
    frames: [udp("10.0.0.2:123", "10.0.0.1:123", 0, ntp(3)), udp("10.0.0.1:123", "10.0.0.2:123", 1, ntp(4))],
    flows: ["10.0.0.2:123 > 10.0.0.1:123 message answered 1/1 ntp"],
  },
  "STUN: the class says who asks": {
    frames: [udp(B, A, 0, stun(0x0001))],
    flows: [`${B} > ${A} message unanswered 1/0 stun`],
  },
  "to a group": {
    frames: [udp("10.0.0.9:50000", "239.1.2.3:6000", 0)],
    flows: ["10.0.0.9:50000 > 239.1.2.3:6000 multicast one-way 1/0"],
  },
  "to everybody": {
    frames: [udp("10.0.0.9:6000", "255.255.255.255:6001", 0)],
    flows: ["10.0.0.9:6000 > 255.255.255.255:6001 multicast one-way 1/0"],
  },
  "to an IPv6 group": {
    frames: [udp("[fe80::1]:50000", "[ff02::1]:6000", 0)],
    flows: ["[fe80::1]:50000 > [ff02::1]:6000 multicast one-way 1/0"],
  },
  "opaque datagrams: the known port answers": {
    frames: [udp("10.0.0.1:123", "10.0.0.2:50", 0)],
    flows: ["10.0.0.2:50 > 10.0.0.1:123 port one-way 0/1"],
  },
  "opaque datagrams: the lower port answers": {
    frames: [udp("10.0.0.1:30000", "10.0.0.2:41000", 0)],
    flows: ["10.0.0.2:41000 > 10.0.0.1:30000 port one-way 0/1"],
  },
  ping: {
    frames: [
      icmpFrame({ from: "10.0.0.2", to: "10.0.0.1", ms: 0, type: 8, data }),
      icmpFrame({ from: "10.0.0.1", to: "10.0.0.2", ms: 1, type: 0, data }),
    ],
    flows: ["10.0.0.2:8 > 10.0.0.1:8 message answered 1/1"],
  },
};

for (const [what, { frames, flows }] of Object.entries(CASES)) {
  test(what, (t) => t.deepEqual(flowLines(observe(numbered(frames))), flows));
}

test("the same whichever way the two ends sort", (t) => {
  for (const [one, other] of [
    ["10.0.0.1:40000", "10.0.0.2:443"],
    ["10.0.0.2:40000", "10.0.0.1:443"],
    ["200.0.0.1:40000", "10.0.0.1:443"],
    ["[2001:db8::9]:40000", "[2001:db8::1]:443"],
  ] as const) {
    const frames = numbered(connection(one, other, 0, [[">", clientHello("x.example")]]));
    t.deepEqual(flowLines(observe(frames)), [`${one} > ${other} syn established 3/1 tls`]);
  }
});

test("bytes count beyond 2^32", (t) => {
  const frame = udp(A, B, 0, new Uint8Array(60_000));
  const seen = observe([frame], { watch: 0 });
  const view = new FlowView(seen).move(0);
  const once = view.bytes(0);
  t.is(once, 60_028);
  // 75,000 of them are 4.5 GB; each with an ID of its own, or they would be repeats.
  const observer = observe(manyOf(frame, 75_000), { watch: 0 });
  t.is(new FlowView(observer).move(0).bytes(0), 75_000 * once);
});

/** The frame again and again, its IP ID counted on, in one buffer. */
function manyOf(frame: Frame, times: number): Frame[] {
  return Array.from({ length: times }, (_, i) => {
    const again = Object.assign(Object.create(Object.getPrototypeOf(frame)) as Frame, frame);
    again.number = i + 1;
    again.sec = START_SEC + Math.floor(i / 1000);
    again.nsec = (i % 1000) * 1_000_000;
    return again;
  });
}

test("times and first frames are the earliest, whatever order frames come in", (t) => {
  const frames = [there(30, 101, data), syn(10), there(20, 101)];
  const seen = observe(numbered(frames));
  const view = new FlowView(seen).move(0);
  t.is(view.firstNsec, 10_000_000);
  t.is(view.lastNsec, 30_000_000);
  t.is(view.frame(0), 2);
});

test("hostile numbers: nothing is thrown, everything is counted", (t) => {
  const frames = [
    tcpFrame({ from: A, to: B, flags: "SFRPA", seq: 0xffff_ffff, ack: 0xffff_ffff, ms: 0 }),
    tcpFrame({ from: A, to: B, flags: "", seq: 0x8000_0000, ms: 1, data }),
    tcpFrame({ from: A, to: B, flags: "SF", seq: 0x7fff_ffff, ms: 2, data }),
    tcpFrame({ from: A, to: A, flags: "S", seq: 1, ms: 3 }),
    tcpFrame({ from: "0.0.0.0:0", to: "255.255.255.255:0", flags: "S", seq: 1, ms: 4, data }),
    udp("0.0.0.0:0", "0.0.0.0:0", 5),
    icmpFrame({ from: "10.0.0.1", to: "10.0.0.1", ms: 6, type: 3, data: new Uint8Array(64).fill(0xff) }),
    icmpFrame({ from: "::1", to: "::1", ms: 7, type: 1, data: new Uint8Array(64).fill(0xff) }),
  ];
  const seen = observe(numbered(frames));
  const view = new FlowView(seen);
  let packets = 0;
  for (let flow = 0; flow < seen.flows.table.count; flow++) {
    view.move(flow);
    packets += view.packets(0) + view.packets(1);
  }
  t.is(packets, frames.length);
});
