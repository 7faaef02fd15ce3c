/** Networks of their own behind the VLANs of a trunk and the identifiers of overlay networks: the same addresses, other flows. */
import test from "ava";
import { DECODERS } from "../../decoders/index.ts";
import type { Frame } from "../../src/capture/frame.ts";
import type { RealmPart } from "../../src/capture/realm-parts.ts";
import { META, PACKETS } from "../../src/flow/row.ts";
import { decodeObservation, encodeObservation } from "../../src/observe/codec.ts";
import { mergeObservations } from "../../src/observe/merge.ts";
import type { Observation } from "../../src/observe/observation.ts";
import { writePcap } from "../support/capture-writer.ts";
import { arpFrame, fragments, frameOfBytes, numbered, START_SEC, tcpFrame, udpFrame } from "../support/frames.ts";
import { concat, hex } from "../support/hex.ts";
import { observe, observeFile, readFrames, told } from "../support/observe.ts";
import { bytes, ethernet, ipv4, u16, udp } from "../support/packets.ts";

const PARTS: readonly RealmPart[] = [
  { realm: "a", vlans: [[10, 19]], untagged: false, vnis: [[5000, 5000]] },
  { realm: "b", vlans: [[20, 20]], untagged: false, vnis: [[6000, 6999]] },
];
const ENDS = { from: "10.0.0.5:4000", to: "10.0.0.9:5000" };

/** Realm and packets of each flow, in the order in which they began. */
function flowsOf(seen: Observation): string[] {
  const { table } = seen.flows;
  return Array.from({ length: table.count }, (_, flow) => {
    const [row, at] = [table.rows(flow), table.at(flow)];
    return `${seen.realms[row[at + META]! >>> 16]} ${row[at + PACKETS]! + row[at + PACKETS + 1]!}`;
  });
}

const inVlan = (vlan: number | undefined, ms = 0): Frame =>
  udpFrame({ ...ENDS, id: 7, ms, ...(vlan !== undefined && { vlan }) });

test("one 5-tuple in VLANs of two realms is two flows, and nothing is a copy", (t) => {
  const frames = () => numbered([inVlan(10), inVlan(20, 1), inVlan(11, 2), inVlan(30, 3), inVlan(undefined, 4)]);
  const seen = observe(frames(), { parts: PARTS });
  t.deepEqual(flowsOf(seen), ["a 1", "b 1", "default 1"]);
  t.is(seen.flows.watch.copies, 2, "of VLAN 11 in a, and of the untagged one in its capture's own realm");
  t.deepEqual(flowsOf(observe(frames())), ["default 1"], "unsaid, all are copies of one");
});

test("frames without a tag, or with one that has a priority alone, have a realm where the site says so", (t) => {
  const parts: RealmPart[] = [{ realm: "a", vlans: [[10, 10]], untagged: true, vnis: [] }];
  const seen = observe(numbered([inVlan(undefined), inVlan(0, 100), inVlan(10, 200), inVlan(7, 300)]), { parts });
  t.deepEqual(flowsOf(seen), ["a 3", "default 1"]);
});

const stacked = (...ids: number[]): Frame => {
  const plain = inVlan(undefined).buf;
  const tags = ids.flatMap((id) => [u16(0x8100), u16(id)]);
  return frameOfBytes(concat([plain.subarray(0, 12), ...tags, plain.subarray(12)]), 0);
};

test("of a stack of tags the outermost that is named counts", (t) => {
  for (const [ids, realm] of [
    [[10, 20], "a"],
    [[20, 10], "b"],
    [[77, 20], "b"],
    [[20, 77], "b"],
    [[77, 78], "default"],
  ] as const)
    t.deepEqual(flowsOf(observe([stacked(...ids)], { parts: PARTS })), [`${realm} 1`], ids.join());
});

const inner = (vlan?: number): Uint8Array => inVlan(vlan).buf;
const vni = (id: number): Uint8Array => bytes(id >> 16, (id >> 8) & 255, id & 255);
const outside = (payload: Uint8Array, proto = 17): Uint8Array =>
  ipv4(proto, payload, { src: "203.0.113.1", dst: "203.0.113.2" });
const OVERLAYS: Record<string, (id: number, frame: Uint8Array) => Uint8Array> = {
  VXLAN: (id, frame) => outside(udp(50_000, 4789, concat([hex`08 00 00 00`, vni(id), hex`00`, frame]))),
  "VXLAN-GPE": (id, frame) => outside(udp(50_000, 4790, concat([hex`0c 00 00 03`, vni(id), hex`00`, frame]))),
  GENEVE: (id, frame) => outside(udp(50_000, 6081, concat([hex`01 00 65 58`, vni(id), hex`00 00 00 00 00`, frame]))),
  NVGRE: (id, frame) => outside(concat([hex`20 00 65 58`, vni(id), hex`01`, frame]), 47),
};
for (const [name, around] of Object.entries(OVERLAYS)) {
  test(`${name}: the network's identifier names the realm of what is inside, not of the tunnel`, (t) => {
    const flows = (id: number, vlan?: number, outer = ethernet) =>
      flowsOf(observe([frameOfBytes(outer(0x0800, around(id, inner(vlan))), 0)], { parts: PARTS })).sort();
    t.deepEqual(flows(5000), ["a 1", "default 1"]);
    t.deepEqual(flows(6500), ["b 1", "default 1"]);
    t.deepEqual(flows(7000), ["default 1", "default 1"]);
    t.deepEqual(flows(5000, 20), ["a 1", "default 1"], "the identifier stands outside of the tag");
    t.deepEqual(flows(7000, 20), ["b 1", "default 1"]);
    const inTen = (type: number, payload: Uint8Array) => ethernet(0x8100, concat([u16(10), u16(type), payload]));
    t.deepEqual(flows(6000, undefined, inTen), ["a 1", "b 1"]);
    t.deepEqual(flows(7000, undefined, inTen), ["a 1", "a 1"], "unnamed: as the packet around it");
  });
}

test("what ARP says stays in its realm", (t) => {
  const says = (mac: string, vlan: number) => arpFrame({ mac, address: "10.0.0.5", vlan });
  const seen = observe(numbered([says("020000000001", 10), says("020000000002", 20)]), { parts: PARTS });
  t.deepEqual(
    [...seen.neighbours.claims.values()].map(({ realm }) => seen.realms[realm]),
    ["a", "b"],
  );
});

/** A datagram in fragments in each of two VLANs, interleaved. */
function fragmented(): Frame[] {
  const datagram = (vlan: number): Frame[] =>
    fragments(udpFrame({ ...ENDS, data: new Uint8Array(300).fill(vlan) }), 128, 9).map(({ buf }) =>
      frameOfBytes(concat([buf.subarray(0, 12), u16(0x8100), u16(vlan), buf.subarray(12)]), 0),
    );
  const [one, other] = [datagram(10), datagram(20)];
  return numbered(one.flatMap((frame, i) => [frame, other[i]!])).map((frame, i) =>
    Object.assign(frame, { sec: START_SEC, nsec: i * 20_000_000 }),
  );
}

test("fragments of two realms never make one datagram, in slices of a capture either", (t) => {
  const frames = fragmented();
  const whole = observe(frames, { parts: PARTS });
  t.deepEqual([whole.fragmentsIncomplete, whole.fragmentOverlaps], [0, 0]);
  t.deepEqual(flowsOf(whole), ["a 3", "b 3"]);
  for (let cut = 1; cut < frames.length; cut++) {
    const parts = [frames.slice(0, cut), frames.slice(cut)].map((slice) => observe(slice, { parts: PARTS }));
    const merged = mergeObservations(parts, DECODERS);
    t.deepEqual(told(merged), told(whole), `cut before frame ${cut + 1}`);
    t.is(merged.fragmentsIncomplete, 0);
  }
});

const TRUNK = "fixtures/cases/two-plants/two-plants.pcap";

test("a trunk read whole, in slices, from a database and by compiled code is told apart in the same way", async (t) => {
  const frames = await readFrames(TRUNK);
  const whole = observe(frames, { parts: PARTS, watch: 0 });
  const expected = told(whole);
  t.deepEqual(told(observe(frames, { parts: PARTS, watch: 0, fastPath: false })), expected);
  t.deepEqual(told(await observeFile(TRUNK, { parts: PARTS, watch: 0 })), expected);
  t.deepEqual(told(await decodeObservation(encodeObservation(whole), DECODERS)), expected);
  const slices = [frames.slice(0, 250), frames.slice(250)].map((slice) => observe(slice, { parts: PARTS }));
  t.deepEqual(told(mergeObservations(slices, DECODERS)), told(observe(frames, { parts: PARTS })));
});

test("common packets without a tag are walked among tagged ones of the same 5-tuple", async (t) => {
  const line = (i: number, vlan?: number): Frame =>
    tcpFrame({ ...ENDS, seq: i * 10, data: new Uint8Array(10), ms: i * 50, ...(vlan !== undefined && { vlan }) });
  const frames = Array.from({ length: 300 }, (_, i) => line(i, [undefined, undefined, 10, undefined, 20][i % 5]));
  const file = writePcap(frames.map(({ buf, sec, nsec }) => ({ data: buf, sec, nsec })));
  const untagged: RealmPart[] = [...PARTS, { realm: "c", vlans: [], untagged: true, vnis: [] }];
  async function* whole() {
    yield file;
  }
  for (const parts of [PARTS, untagged]) {
    const seen = await observeFile("-", { parts, watch: 0 }, whole());
    t.deepEqual(flowsOf(seen), [`${parts === PARTS ? "default" : "c"} 180`, "a 60", "b 60"]);
    t.deepEqual(flowsOf(observe(numbered(frames), { parts, watch: 0, fastPath: false })), flowsOf(seen));
  }
});
