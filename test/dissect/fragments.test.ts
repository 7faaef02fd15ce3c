/** Fragments: in and out of order, overlapping, tiny, lost, copied, in tunnels; what they count for. */

import test from "ava";
import fc from "fast-check";
import { FRAGMENT, FRAGMENT_COPY, PACKET } from "../../src/dissect/packet.ts";
import { LIMITS } from "../../src/limits.ts";
import { Observer } from "../../src/observe/observation.ts";
import { Bench, frameOf, payloadOf } from "../support/dissect.ts";
import { concat, hex } from "../support/hex.ts";
import { ethernet, ipv4, ipv6, tcp, u16, u32, udp } from "../support/packets.ts";
import { captureInfo } from "./capture-info.ts";

const RAW = { linkType: 101 };
const FLOW = "udp 192.0.2.1:40000 > 198.51.100.2:53";

/** 40 bytes of IP payload: a datagram whose 32 bytes count upwards. */
const counting = Uint8Array.from({ length: 32 }, (_, i) => i);
const datagram = udp(40_000, 53, counting);

interface Cut {
  from: number;
  to: number;
  id?: number;
  proto?: number;
  of?: Uint8Array;
}

const piece = ({ from, to, id = 7, proto = 17, of = datagram }: Cut): Uint8Array =>
  ipv4(proto, of.subarray(from, to), { id, offset: from, more: to < of.length });

/** The same for IPv6: a fragment header (RFC 8200 section 4.5) before each piece. */
const piece6 = (from: number, to: number, of = datagram, next = 17): Uint8Array =>
  ipv6(44, concat([hex`${next} 00`, u16(from | (to < of.length ? 1 : 0)), u32(0x2a), of.subarray(from, to)]));

const payload = (bench: Bench): number[] => [...payloadOf(bench.packet)];

for (const [family, make] of [
  ["IPv4", (from: number, to: number) => piece({ from, to })],
  ["IPv6", (from: number, to: number) => piece6(from, to)],
] as const) {
  test(`${family}: each fragment is a packet of its flow, the last brings the payload`, (t) => {
    const bench = new Bench();
    const flow = family === "IPv4" ? FLOW : "udp [2001:db8::1]:40000 > [2001:db8::2]:53";
    const pieces = [make(0, 16), make(16, 32), make(32, 40)];
    t.is(bench.line(pieces[0]!, RAW), `${flow} fragment`);
    t.is(bench.packet.ipBytes, pieces[0]!.length);
    t.is(bench.line(pieces[1]!, RAW), `${flow} fragment`);
    t.is(bench.code(pieces[2]!, RAW), PACKET);
    t.deepEqual(payload(bench), [...counting]);
    t.is(bench.packet.ipBytes, pieces[2]!.length);
    t.is(bench.packet.pieces, 1);
    t.is(bench.dissector.fragments.incomplete, 0);
  });

  test(`${family}: fragments before the transport header wait, and count with the one that brings it`, (t) => {
    const bench = new Bench();
    const pieces = [make(32, 40), make(16, 32), make(0, 16)];
    t.is(bench.code(pieces[0]!, RAW), FRAGMENT);
    t.is(bench.code(pieces[1]!, RAW), FRAGMENT);
    t.is(bench.code(pieces[2]!, RAW), PACKET);
    t.deepEqual(payload(bench), [...counting]);
    const { pieces: count, released, ipBytes, heldBytes } = bench.packet;
    t.deepEqual([count, released], [3, 2]);
    t.is(
      ipBytes + heldBytes,
      pieces.reduce((sum, { length }) => sum + length, 0),
    );
  });
}

test("an IPv6 datagram whose extension headers are in the fragments", (t) => {
  const bench = new Bench();
  const part = concat([hex`11 00 01 04 00 00 00 00`, datagram]); // destination options, then UDP
  t.is(bench.code(piece6(0, 24, part, 60), RAW), PACKET);
  t.is(bench.line(piece6(24, 48, part, 60), RAW).slice(0, 20), "udp [2001:db8::1]:40");
  t.deepEqual(payload(bench), [...counting]);
});

test("an IPv6 fragment that is the whole datagram is no fragment", (t) => {
  const bench = new Bench();
  t.is(bench.code(piece6(0, 40), RAW), PACKET);
  t.deepEqual(payload(bench), [...counting]);
  t.is(bench.dissector.fragments.incomplete, 0);
});

test("in any order and cut anywhere the datagram is the same, and nothing is left", (t) => {
  const cuts = fc.uniqueArray(fc.integer({ min: 1, max: 4 }), { maxLength: 4 });
  fc.assert(
    fc.property(cuts, fc.infiniteStream(fc.nat()), (inner, order) => {
      const bench = new Bench();
      const bounds = [0, ...inner.sort((a, b) => a - b).map((eighth) => eighth * 8), 40];
      const pieces = bounds.slice(1).map((to, i) => piece({ from: bounds[i]!, to }));
      if (pieces.length === 1) return;
      const shuffled = pieces.map((data) => [order.next().value as number, data] as const).sort(([a], [b]) => a - b);
      let packets = 0;
      let bytes = 0;
      for (const [, data] of shuffled) {
        if (bench.code(data, RAW) !== PACKET) continue;
        packets += bench.packet.pieces;
        bytes += bench.packet.ipBytes + (bench.packet.pieces > 1 ? bench.packet.heldBytes : 0);
      }
      t.deepEqual(payload(bench), [...counting]);
      t.is(packets, pieces.length);
      t.is(bytes, pieces.length * 20 + datagram.length);
      t.is(bench.dissector.fragments.incomplete, 0);
    }),
  );
});

test("fragments that bring other bytes for the same place are counted, and their datagram is not read", (t) => {
  const bench = new Bench();
  const other = concat([datagram.subarray(0, 16), new Uint8Array(24).fill(0xee)]);
  bench.code(piece({ from: 0, to: 16 }), RAW);
  bench.code(piece({ from: 24, to: 32 }), RAW);
  bench.code(piece({ from: 16, to: 40, of: other }), RAW); // covers 24 to 32 once more, and ends the datagram
  t.deepEqual([bench.packet.fragment, bench.packet.payLen], [true, 0]);
  t.is(bench.dissector.fragments.overlaps, 1);
  t.is(bench.dissector.fragments.incomplete, 1);
  bench.code(piece({ from: 16, to: 40 }), RAW); // nor where what came first is sent again
  t.is(bench.packet.payLen, 0);
});

test("fragments that overlap with the same bytes are counted, and the datagram is read", (t) => {
  const bench = new Bench();
  bench.code(piece({ from: 0, to: 24 }), RAW);
  bench.code(piece({ from: 16, to: 40 }), RAW);
  t.deepEqual(payload(bench), [...counting]);
  t.is(bench.dissector.fragments.overlaps, 1);
});

test("a fragment sent twice is no overlap", (t) => {
  const bench = new Bench();
  for (const cut of [
    { from: 0, to: 16 },
    { from: 0, to: 16 },
    { from: 16, to: 40 },
  ])
    bench.code(piece(cut), RAW);
  t.deepEqual(payload(bench), [...counting]);
  t.is(bench.dissector.fragments.overlaps, 0);
});

test("a fragment that waits and comes again by another way is a copy", (t) => {
  const bench = new Bench();
  const last = ethernet(0x0800, piece({ from: 16, to: 40 }));
  t.is(bench.code(last), FRAGMENT);
  t.is(bench.code(ethernet(0x8100, concat([hex`00 07 08 00`, last.subarray(14)]))), FRAGMENT_COPY);
  t.is(bench.code(ethernet(0x0800, piece({ from: 0, to: 16 }))), PACKET);
  t.is(bench.packet.pieces, 2);
});

test("teardrop: a last fragment that ends before the first does is counted and completes nothing", (t) => {
  const bench = new Bench();
  bench.code(piece({ from: 0, to: 32 }), RAW);
  t.is(bench.code(ipv4(17, datagram.subarray(24, 28), { offset: 24 }), RAW), PACKET);
  t.true(bench.packet.fragment);
  t.is(bench.dissector.fragments.overlaps, 1);
  t.is(bench.dissector.fragments.incomplete, 1);
});

test("a fragment beyond the largest datagram is malformed", (t) => {
  t.is(new Bench().line(ipv4(1, new Uint8Array(600), { offset: 65_528 }), RAW), "malformed");
});

test("tiny fragments: the flow is known as soon as the transport header is whole", (t) => {
  const bench = new Bench();
  const segment = tcp(50_000, 443, hex`68 69 68 69`);
  const codes = [0, 8, 16].map((from) =>
    bench.code(piece({ from, to: Math.min(from + 8, 24), proto: 6, of: segment }), RAW),
  );
  t.deepEqual(codes, [FRAGMENT, FRAGMENT, PACKET]);
  t.is(bench.packet.srcPort, 50_000);
  t.is(bench.packet.pieces, 3);
  t.is(bench.packet.payLen, 4);
});

test("a fragment that the capture cut leaves the payload cut there", (t) => {
  const bench = new Bench();
  const first = piece({ from: 0, to: 24 });
  bench.code(first.subarray(0, first.length - 4), { ...RAW, wireLen: first.length });
  t.is(bench.code(piece({ from: 24, to: 40 }), RAW), PACKET);
  t.deepEqual(payload(bench), [...counting.slice(0, 12)]);
  t.is(bench.packet.payWire, 32);
});

test("identification, protocol, addresses and realm keep datagrams apart", (t) => {
  const bench = new Bench();
  bench.code(piece({ from: 0, to: 16 }), RAW);
  t.is(bench.code(piece({ from: 16, to: 40, id: 8 }), RAW), FRAGMENT);
  t.is(bench.code(piece({ from: 16, to: 40, proto: 6 }), RAW), FRAGMENT);
  t.is(bench.code(piece({ from: 16, to: 40 }), { ...RAW, realm: 1 }), FRAGMENT);
  t.is(bench.dissector.fragments.incomplete, 4);
});

test("a datagram that has waited too long is given up: the same identification begins anew", (t) => {
  const bench = new Bench();
  bench.code(piece({ from: 0, to: 16 }), { ...RAW, sec: 100 });
  t.is(bench.code(piece({ from: 16, to: 40 }), { ...RAW, sec: 101 + LIMITS.fragmentSec }), FRAGMENT);
  t.is(bench.dissector.fragments.incomplete, 2);
});

test("the number of datagrams that wait is bounded, the oldest goes first", (t) => {
  const bench = new Bench();
  for (let n = 0; n <= LIMITS.fragmentDatagrams; n++) {
    bench.code(ipv4(17, datagram.subarray(0, 16), { id: n & 0xffff, more: true, src: `10.0.${n >> 16}.1` }), RAW);
  }
  t.is(bench.code(ipv4(17, datagram.subarray(16), { id: 0, offset: 16, src: "10.0.0.1" }), RAW), FRAGMENT);
  t.is(bench.code(ipv4(17, datagram.subarray(16), { id: 9, offset: 16, src: "10.0.0.1" }), RAW), PACKET);
  t.deepEqual(payload(bench), [...counting]);
});

test("a fragmented tunnel is opened when it is whole; its outer packet is no traffic", (t) => {
  const bench = new Bench();
  const inner = ipv4(17, udp(1111, 2222, counting));
  const outer = concat([hex`00 00 08 00`, inner]); // GRE
  const cut = (from: number, to: number) => piece({ from, to, proto: 47, of: outer });
  t.is(bench.code(cut(0, 40), RAW), FRAGMENT);
  t.is(bench.code(cut(40, outer.length), RAW), PACKET);
  t.is(bench.packet.srcPort, 1111);
  t.deepEqual(payload(bench), [...counting]);
  t.deepEqual([bench.packet.pieces, bench.packet.released, bench.packet.ipBytes], [1, 1, inner.length]);
  t.is(bench.code(cut(40, outer.length), RAW), FRAGMENT_COPY);
});

test("a fragment within a fragmented tunnel", (t) => {
  const bench = new Bench();
  const tunnel = (inner: Uint8Array, id: number) => {
    const outer = concat([hex`00 00 08 00`, inner]);
    return [
      piece({ from: 0, to: 24, id, proto: 47, of: outer }),
      piece({ from: 24, to: outer.length, id, proto: 47, of: outer }),
    ];
  };
  const codes = [...tunnel(piece({ from: 0, to: 24 }), 1), ...tunnel(piece({ from: 24, to: 40 }), 2)].map((data) =>
    bench.code(data, RAW),
  );
  t.deepEqual(codes, [FRAGMENT, PACKET, FRAGMENT, PACKET]);
  t.deepEqual(payload(bench), [...counting]);
});

test("packets and bytes of a flow are those of its fragments; copies on another VLAN are copies", (t) => {
  const frames = [
    ...[piece({ from: 0, to: 16 }), piece({ from: 16, to: 32 }), piece({ from: 32, to: 40 })],
    ...[piece({ from: 16, to: 40, id: 8 }), piece({ from: 0, to: 16, id: 8 })], // the last first
    piece({ from: 0, to: 16, id: 9 }), // never completed
    piece({ from: 16, to: 40, id: 10 }), // and nobody knows whose
  ].map((packet) => ethernet(0x0800, packet));
  const copies = frames.map((frame) => ethernet(0x8100, concat([hex`00 07 08 00`, frame.subarray(14)])));
  const observer = new Observer([captureInfo()], []);
  frames.forEach((data, i) => {
    for (const copy of [data, copies[i]!])
      observer.frame(Object.assign(frameOf(copy, { nsec: i * 10_000 }), { number: i + 1 }));
  });
  const { flows, notPackets, fragmentsIncomplete } = observer.observation;
  t.is(flows.table.count, 1);
  const row = flows.table.rows(0);
  const at = flows.table.at(0);
  t.is(row[at + 5]! + row[at + 6]!, 6);
  t.is(row[at + 7]! + row[at + 8]!, 6 * 20 + 40 + 40 + 16);
  t.is(flows.watch.copies, 5);
  t.is(fragmentsIncomplete, 2);
  t.is(notPackets.get("fragment"), 1);
  t.is(notPackets.get("fragment-copy"), 2);
});

test("whatever the fragments, nothing is thrown and nothing lies outside", (t) => {
  const any = fc.record({
    offset: fc.oneof(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: 8191 })).map((eighths) => eighths * 8),
    length: fc.integer({ min: 0, max: 64 }),
    more: fc.boolean(),
    id: fc.integer({ min: 0, max: 2 }),
    proto: fc.constantFrom(1, 4, 6, 17, 41, 47, 51),
    sec: fc.integer({ min: 0, max: 100 }),
    fill: fc.integer({ min: 0, max: 255 }),
  });
  fc.assert(
    fc.property(fc.array(any, { maxLength: 40 }), (list) => {
      const bench = new Bench();
      for (const { length, fill, sec, proto, ...fields } of list) {
        bench.line(ipv4(proto, new Uint8Array(length).fill(fill), fields), { ...RAW, sec });
      }
      t.true(bench.dissector.fragments.incomplete <= list.length);
    }),
  );
});
