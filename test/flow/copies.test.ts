/** Copies and repeats: what a mirror port shows twice counts once, what a program sends twice counts twice. */
import test from "ava";
import type { Frame } from "../../src/capture/frame.ts";
import { PACKETS } from "../../src/flow/row.ts";
import { numbered, type TcpFields, tcpFrame, udpFrame } from "../support/frames.ts";
import { ascii } from "../support/hex.ts";
import { observe } from "../support/observe.ts";

const A = "10.0.0.1:40000";
const B = "10.0.0.2:9000";
const C = "10.0.0.3:40001";
type Path = Pick<TcpFields, "vlan" | "macs" | "ttl">;
const PATHS: Record<string, Path> = {
  "another VLAN": { vlan: 7 },
  "another MAC pair": { macs: [3, 4] },
  "another TTL": { ttl: 63 },
};

const packet = (id: number, ms: number, path: Path = {}, from = A): Frame =>
  udpFrame({ from, to: B, id, ms, data: ascii(`packet ${id}`), ...path });
const segment = (seq: number, ms: number, path: Path = {}, id = seq): Frame =>
  tcpFrame({ from: A, to: B, flags: "A", seq, ack: 1, id, ms, data: ascii("0123456789"), ...path });

interface Counted {
  packets: number;
  copies: number;
  repeats: number;
}
function counted(frames: Frame[]): Counted {
  const { flows } = observe(numbered(frames));
  let packets = 0;
  for (let flow = 0; flow < flows.table.count; flow++) {
    const at = flows.table.at(flow);
    packets += flows.table.rows(flow)[at + PACKETS]! + flows.table.rows(flow)[at + PACKETS + 1]!;
  }
  return { packets, copies: flows.watch.copies, repeats: flows.repeats };
}

for (const [name, path] of Object.entries(PATHS)) {
  test(`${name}: a copy within 5 ms`, (t) => {
    t.deepEqual(counted([packet(1, 0), packet(1, 5, path)]), { packets: 1, copies: 1, repeats: 0 });
    t.deepEqual(counted([segment(10, 0), segment(10, 1, path)]), { packets: 1, copies: 1, repeats: 0 });
  });

  test(`${name}: beyond 5 ms it is another packet`, (t) => {
    t.deepEqual(counted([packet(1, 0), packet(1, 5.1, path)]), { packets: 2, copies: 0, repeats: 0 });
  });

  test(`${name}: copies amid other packets of the flow`, (t) => {
    const frames = [1, 2, 3, 4].map((id) => packet(id, id / 10));
    const copies = [1, 2, 3, 4].map((id) => packet(id, 1 + id / 10, path));
    t.deepEqual(counted([...frames, ...copies]), { packets: 4, copies: 4, repeats: 0 });
    const segments = [10, 20, 30].flatMap((seq) => [segment(seq, seq / 100), segment(seq, seq / 100 + 0.3, path)]);
    t.deepEqual(counted(segments.sort((a, b) => a.nsec - b.nsec)), { packets: 3, copies: 3, repeats: 0 });
  });

  test(`${name}: copies amid other flows`, (t) => {
    const frames = [packet(1, 0), packet(1, 0.1, {}, C), packet(1, 0.2, path), packet(1, 0.3, path, C)];
    t.deepEqual(counted(frames), { packets: 2, copies: 2, repeats: 0 });
  });
}

test("three paths of one packet", (t) => {
  const frames = [packet(1, 0), packet(1, 0.1, { vlan: 7 }), packet(1, 0.2, { ttl: 63, vlan: 8 })];
  t.deepEqual(counted(frames), { packets: 1, copies: 2, repeats: 0 });
});

test("the same packet on the same path is a repeat, and counts until all is read", (t) => {
  t.deepEqual(counted([packet(1, 0), packet(1, 1)]), { packets: 2, copies: 0, repeats: 1 });
});

test("another IP ID is another packet", (t) => {
  t.deepEqual(counted([segment(10, 0, {}, 1), segment(10, 1, { vlan: 7 }, 2)]), { packets: 2, copies: 0, repeats: 0 });
});

test("an answer with the same bytes is no copy of its question", (t) => {
  const data = ascii("echo");
  const frames = [
    udpFrame({ from: A, to: B, id: 1, ms: 0, data }),
    udpFrame({ from: B, to: A, id: 1, ms: 1, data, vlan: 7 }),
  ];
  t.deepEqual(counted(frames), { packets: 2, copies: 0, repeats: 0 });
});

test("IPv6 has no ID: the rest tells copies", (t) => {
  const six = (ms: number, path: Path = {}): Frame =>
    tcpFrame({
      from: "[2001:db8::1]:1",
      to: "[2001:db8::2]:2",
      flags: "A",
      seq: 5,
      ack: 1,
      ms,
      data: ascii("x"),
      ...path,
    });
  t.deepEqual(counted([six(0), six(1, { ttl: 63 })]), { packets: 1, copies: 1, repeats: 0 });
});
