/** Tunnels that are none, and packets seen both in and out of one. */
import test from "ava";
import type { Frame } from "../../src/capture/frame.ts";
import { META, PACKETS } from "../../src/flow/row.ts";
import { type Observation, Observer } from "../../src/observe/observation.ts";
import { Bench, dissected, frameOf } from "../support/dissect.ts";
import { concat, hex } from "../support/hex.ts";
import { ethernet, ipv4, tcp, udp } from "../support/packets.ts";
import { captureInfo } from "./capture-info.ts";

const inner = ethernet(0x0800, ipv4(17, udp(40_000, 53, hex`68 69`)));
const within = (port: number, payload: Uint8Array): Uint8Array =>
  ethernet(0x0800, ipv4(17, udp(50_000, port, payload), { src: "203.0.113.1", dst: "203.0.113.2" }));

test("a tunnel's port with something else in it is a datagram like any other", (t) => {
  const own = /^udp 203\.0\.113\.1:50000 > 203\.0\.113\.2:\d+ /;
  for (const port of [4789, 8472, 4790, 6081, 2152, 3386, 3544, 1701, 5247, 4754, 6635, 5072]) {
    t.regex(
      dissected(within(port, hex`12 34 01 00 00 01 00 00 00 00 00 00 03 77 77 77 00 00 01 00 01`)),
      own,
      `${port}`,
    );
    t.regex(dissected(within(port, new Uint8Array(64))), own, `${port}, zeros`);
    t.regex(dissected(within(port, new Uint8Array(64).fill(0xff))), own, `${port}, ones`);
  }
});

test("each doubt about a VXLAN header leaves the outer packet standing", (t) => {
  const vxlan = (header: Uint8Array) => dissected(within(4789, concat([header, inner])));
  t.regex(vxlan(hex`08 00 00 00 00 00 2a 00`), /in vxlan$/);
  for (const header of [
    hex`00 00 00 00 00 00 2a 00`,
    hex`08 00 00 00 00 00 2a 01`,
    hex`08 00 00 01 00 00 2a 00`,
    hex`48 00 00 00 00 00 2a 00`,
  ]) {
    t.regex(vxlan(header), /^udp 203\.0\.113\.1:50000/);
  }
});

test("an ARP request in a tunnel was read, and is no packet", (t) => {
  const arp = ethernet(0x0806, hex`00 01 08 00 06 04 00 01`);
  t.is(dissected(within(4789, concat([hex`08 00 00 00 00 00 2a 00`, arp]))), "no-ip 806");
});

test("a site's own VXLAN port is read, and only where it is given", (t) => {
  const frame = within(14_789, concat([hex`08 00 00 00 00 00 2a 00`, inner]));
  t.regex(new Bench().line(frame), /^udp 203/);
  t.regex(new Bench({ vxlanPorts: [14_789] }).line(frame), /^udp 192\.0\.2\.1:40000 .* in vxlan$/);
});

test("a radio frame sent again is a copy, not a second packet", (t) => {
  const frame = (control: number) =>
    concat([
      hex`08 ${control} 00 00  00 00 5e 00 53 02 00 00 5e 00 53 03 00 00 5e 00 53 01  10 00  aa aa 03 00 00 00 08 00`,
      inner.subarray(14),
    ]);
  const observer = new Observer([captureInfo()], []);
  for (const control of [0x02, 0x0a]) observer.frame(frameOf(frame(control), { linkType: 105 }));
  t.is(observer.observation.flows.watch.copies, 1);
});

test("GRE without a packet in it counts as itself", (t) => {
  const gre = (payload: Uint8Array) => dissected(ipv4(47, payload), { linkType: 101 });
  t.regex(gre(hex`00 00 00 00`), /^proto-47 /); // a keep-alive
  t.regex(gre(hex`20 81 88 0b 00 00 00 01 00 00 00 07`), /^proto-47 /); // an acknowledgement alone
  t.regex(gre(hex`00 00 00 fe 83 1b 01 00`), /^proto-47 /); // IS-IS
  t.regex(gre(hex`40 00 08 00 00 00 00 00`), /^proto-47 /); // a source route that ends nowhere
});

test("the outer packet that is put back is whole", (t) => {
  const bench = new Bench();
  const plain = within(9999, new Uint8Array(32));
  bench.code(plain);
  const { path, ttl, ipId, ipBytes, proto, srcPort } = bench.packet;
  bench.code(within(4789, concat([hex`08 00 00 00 00 00 2a 00`, new Uint8Array(24)])));
  const back = bench.packet;
  t.deepEqual(
    {
      path: back.path,
      ttl: back.ttl,
      ipId: back.ipId,
      ipBytes: back.ipBytes,
      proto: back.proto,
      srcPort: back.srcPort,
    },
    { path, ttl, ipId, ipBytes, proto, srcPort },
  );
  t.is(back.tunnel, 0);
});

test("a packet in and out of a tunnel is one packet and its copy", (t) => {
  const observer = new Observer([captureInfo()], []);
  const frames = [
    inner,
    within(4789, concat([hex`08 00 00 00 00 00 2a 00`, inner])),
    within(6081, concat([hex`00 00 65 58 00 00 2a 00`, inner])),
  ];
  frames.forEach((data, index) => {
    const frame: Frame = frameOf(data, { nsec: index * 1_000 });
    frame.number = index + 1;
    observer.frame(frame);
  });
  const { flows } = observer.observation;
  t.deepEqual(
    flowsOf(observer.observation),
    ["17 1", "17 1", "17 1"],
    "the packet, and the two tunnels that it came in",
  );
  t.is(flows.watch.copies, 2);
});

const vxlan = (payload: Uint8Array): Uint8Array => within(4789, concat([hex`08 00 00 00 00 00 2a 00`, payload]));
/** What an observer makes of frames a second apart: each flow's protocol and its packets, in the order in which they began. */
function seenIn(...frames: Uint8Array[]): Observation {
  const observer = new Observer([captureInfo()], []);
  frames.forEach((data, index) => {
    const frame = frameOf(data, { sec: 1_764_000_000 + index });
    frame.number = index + 1;
    observer.frame(frame);
  });
  return observer.observation;
}
const flowsOf = ({ flows: { table } }: Observation): string[] =>
  Array.from({ length: table.count }, (_, flow) => {
    const [row, at] = [table.rows(flow), table.at(flow)];
    return `${row[at + META]! & 0xff} ${row[at + PACKETS]! + row[at + PACKETS + 1]!}`;
  });

test("whoever opens a tunnel talks to its other end: a flow of its own beside what is in it", (t) => {
  t.deepEqual(flowsOf(seenIn(vxlan(inner), vxlan(inner))).sort(), ["17 2", "17 2"]);
  const inIp = ethernet(0x0800, ipv4(4, ipv4(6, tcp(40_000, 80, hex``)), { src: "203.0.113.1", dst: "203.0.113.2" }));
  t.deepEqual(flowsOf(seenIn(inIp)).sort(), ["4 1", "6 1"]);
  const gre = (payload: Uint8Array) => ethernet(0x0800, ipv4(47, concat([hex`00 00 65 58`, payload])));
  t.deepEqual(flowsOf(seenIn(gre(vxlan(inner)))).sort(), ["17 1", "17 1", "47 1"], "a tunnel in a tunnel");
});

test("a tunnel counts though what is in it is no packet, and once where it cannot be read", (t) => {
  const arp = ethernet(0x0806, hex`00 01 08 00 06 04 00 01`);
  t.deepEqual(flowsOf(seenIn(vxlan(arp))), ["17 1"]);
  t.deepEqual(flowsOf(seenIn(within(4789, hex`08 00 00 00 00 00 2a 00 01 02 03 04`))), ["17 1"]);
  const [first, second] = [0, 8].map((offset) => {
    const piece = ipv4(17, new Uint8Array(8).fill(9), { offset, more: offset === 0 });
    return vxlan(ethernet(0x0800, piece));
  });
  t.deepEqual(flowsOf(seenIn(first!)).sort(), ["17 1", "17 1"], "a fragment with its ports, and its tunnel");
  t.deepEqual(flowsOf(seenIn(second!)), ["17 1"], "a fragment of nobody yet");
});

test("the same tunnel's packet twice on its way is one, and so is what it holds", (t) => {
  const observer = new Observer([captureInfo()], []);
  const again = vxlan(inner);
  again[22]! -= 1; // one hop on
  for (const [i, data] of [vxlan(inner), again].entries()) observer.frame(frameOf(data, { nsec: i * 1_000 }));
  t.deepEqual(flowsOf(observer.observation), ["17 1", "17 1"]);
});
