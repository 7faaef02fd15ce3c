/** Frames that hold several packets (802.11's A-MSDU), and UDP-Lite: what becomes of them as flows. */
import test from "ava";
import type { Frame } from "../../src/capture/frame.ts";
import { Bench, dissected, frameOf, payloadOf } from "../support/dissect.ts";
import { ascii, concat, hex } from "../support/hex.ts";
import { observe, told } from "../support/observe.ts";
import { ethernet, ipv4, u16, udp } from "../support/packets.ts";

const WLAN = 105;
const HEADER = hex`
  88 02 00 00                # QoS data, from the distribution system
  00 00 5e 00 53 02          # receiver
  00 00 5e 00 53 03          # access point
  00 00 5e 00 53 01          # source
  10 00  80 00               # sequence number, QoS control: an aggregate`;
const question = (id: number, name: string): Uint8Array =>
  concat([
    u16(id),
    hex`01 00 00 01 00 00 00 00 00 00`,
    Uint8Array.of(name.length),
    ascii(name),
    hex`07 65 78 61 6d 70 6c 65 00 00 01 00 01`,
  ]);

function aggregate(packets: readonly Uint8Array[], padding = 0): Uint8Array {
  const parts = [HEADER];
  packets.forEach((packet, i) => {
    const body = concat([hex`aa aa 03 00 00 00 08 00`, packet]);
    parts.push(hex`00 00 5e 00 53 02 00 00 5e 00 53 01`, u16(body.length), body);
    if (i < packets.length - 1) parts.push(new Uint8Array((4 - ((14 + body.length) & 3)) & 3).fill(padding));
  });
  return concat(parts);
}
const asks = (id: number, name: string): Uint8Array => ipv4(17, udp(40_000 + id, 53, question(id, name)), { id });
const names = (frames: readonly Frame[]): unknown[] =>
  told(observe(frames)).lookups.map((lookup) => (lookup as { name: string }).name);

test("every packet of an aggregate is read, with whatever stands between them", (t) => {
  const packets = [asks(1, "a"), asks(2, "bcd"), asks(3, "ef"), asks(4, "ghij")];
  for (const padding of [0, 0xaa]) {
    const seen = observe([frameOf(aggregate(packets, padding), { linkType: WLAN })]);
    t.deepEqual(
      told(seen)
        .lookups.map((lookup) => (lookup as { name: string }).name)
        .sort(),
      ["a.example", "bcd.example", "ef.example", "ghij.example"],
    );
    t.is(seen.frames, 1);
    t.is(seen.notPackets.size, 0);
  }
});

test("an aggregate that is cut, or whose lengths lie, gives what is whole", (t) => {
  const whole = aggregate([asks(1, "a"), asks(2, "b")]);
  for (let length = HEADER.length; length <= whole.length; length++) {
    const seen = names([frameOf(whole.subarray(0, length), { linkType: WLAN, wireLen: whole.length })]);
    t.true(seen.length <= 2);
    if (length === whole.length) t.is(seen.length, 2);
  }
  const liar = whole.slice();
  liar.set(u16(0xffff), HEADER.length + 12);
  t.deepEqual(names([frameOf(liar, { linkType: WLAN })]), ["a.example"]);
  const empty = concat([HEADER, new Uint8Array(14 * 40)]);
  t.deepEqual(names([frameOf(empty, { linkType: WLAN })]), [], "subframes of no length end with the frame");
});

test("the frame behind an aggregate is read by itself", (t) => {
  const frames = [
    frameOf(aggregate([asks(1, "a"), asks(2, "b")]), { linkType: WLAN }),
    frameOf(ethernet(0x0800, asks(3, "c"))),
  ];
  t.deepEqual(names(frames).sort(), ["a.example", "b.example", "c.example"]);
});

test("UDP-Lite has ports, and a payload whatever its checksum covers", (t) => {
  const lite = (coverage: number, payload: Uint8Array): Uint8Array => ipv4(136, udp(40_001, 53, payload, coverage));
  for (const coverage of [0, 8, 20]) {
    const bench = new Bench();
    bench.code(ethernet(0x0800, lite(coverage, ascii("hello"))));
    t.deepEqual([bench.packet.srcPort, bench.packet.dstPort], [40_001, 53]);
    t.is(Buffer.from(payloadOf(bench.packet)).toString(), "hello");
  }
  t.is(dissected(ethernet(0x0800, ipv4(136, hex`9c 41 00 35`))), "malformed");
  const { conversations, lookups } = told(observe([frameOf(ethernet(0x0800, lite(8, question(9, "lite"))))]));
  const [conversation] = conversations as { transport: string; port: number; app: string; initiator: string }[];
  t.like(conversation, { transport: "136", port: 53, app: "dns", initiator: "192.0.2.1" });
  t.is(lookups.length, 1);
});
