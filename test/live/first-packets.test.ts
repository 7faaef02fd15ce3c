/** What is kept beside the packets that prove a finding, of files and of a live run's ring. */
import test from "ava";
import type { Frame } from "../../src/capture/frame.ts";
import { FirstPackets } from "../../src/live/first-packets.ts";
import { FlowKeys } from "../../src/live/flow-keys.ts";
import { FrameRing } from "../../src/live/frame-ring.ts";
import { placeKey } from "../../src/report/places.ts";
import { frameOfBytes, numbered, tcpFrame, udpFrame } from "../support/frames.ts";
import { concat } from "../support/hex.ts";
import { bytes, ethernet, ipv4, u16, udp } from "../support/packets.ts";

const upTo = (last: number): number[] => Array.from({ length: last }, (_, i) => i + 1);

/** A connection: SYN, SYN-ACK, ACK, and data by turns. */
function connection(count: number, seq = 100, client = "10.0.0.1:40000", server = "192.0.2.1:443"): Frame[] {
  return upTo(count).map((n) => {
    const back = n === 2 || (n > 3 && n % 2 === 0);
    const flags = n === 1 ? "S" : n === 2 ? "SA" : "A";
    const [from, to] = back ? [server, client] : [client, server];
    const data = n > 3 ? Uint8Array.of(n) : new Uint8Array(0);
    return tcpFrame({ from, to, flags, seq: seq + n, data, ms: n });
  });
}

/** One direction's source port is made of what is inside, and the other's is not: as tunnel ends do. */
function inVxlan(inner: Frame, n: number): Frame {
  const back = n % 2 === 0;
  const payload = concat([bytes(8, 0, 0, 0, 0, 0, 5, 0), inner.buf]);
  const ends = back ? { src: "10.9.0.2", dst: "10.9.0.1" } : { src: "10.9.0.1", dst: "10.9.0.2" };
  return frameOfBytes(ethernet(0x0800, ipv4(17, udp(back ? 50_001 : 60_002, 4789, payload), ends)), n);
}

function fromFiles(frames: readonly Frame[], proof: readonly number[]): number[] {
  const places = proof.map((frame) => ({ capture_id: 0, frame }));
  const first = new FirstPackets(new Set(places.map(placeKey)), 1 << 20, new FlowKeys());
  for (const frame of frames) first.look(frame, 0);
  for (const frame of frames) first.take(frame, 0);
  return first
    .of(places)
    .map(({ frame }) => frame)
    .sort((a, b) => a - b);
}

/** What proves something said something, and nothing else did. */
function fromRing(frames: readonly Frame[], proof: readonly number[]): number[] {
  const ring = new FrameRing();
  for (const frame of frames) ring.take(frame, proof.includes(frame.number));
  const kept = ring.packetsOf(proof.map((frame) => ({ capture_id: 0, frame })));
  return kept.map(({ frame }) => frame).sort((a, b) => a - b);
}

const others = (count: number): Frame[] => connection(count, 900, "10.0.0.1:40001");
const v6 = (count: number): Frame[] => connection(count, 1, "[2001:db8::1]:40000", "[2001:db8::2]:443");
const arp = frameOfBytes(ethernet(0x0806, bytes(0, 1, 8, 0, 6, 4, 0, 1, ...new Array<number>(20).fill(9))), 0);
const dns = (count: number): Frame[] =>
  upTo(count).map((n) => {
    const [from, to] = n % 2 === 0 ? ["10.0.0.53:53", "10.0.0.1:5353"] : ["10.0.0.1:5353", "10.0.0.53:53"];
    return udpFrame({ from: from!, to: to!, data: u16(n), ms: n });
  });

/** Frames, which of them prove something, and what is kept of a file; and by the ring, where that differs. */
const CASES: Record<string, [Frame[], number[], number[], number[]?]> = {
  "a handshake": [connection(5), [4], upTo(5)],
  "the first of a long connection": [connection(60), [1, 4], upTo(16)],
  // By then the ring has given up listening: only what says something is still taken.
  "something late": [connection(60), [50], [...upTo(16), 50, 51, 52], [...upTo(16), 50]],
  "another connection of the same ports": [[...connection(20), ...connection(20, 7000)], [24], upTo(36).slice(20)],
  "its SYN sent twice": [[...connection(1), ...connection(5)], [5], upTo(6)],
  "other connections between its packets": [
    connection(4).flatMap((frame, i) => [frame, others(4)[i]!]),
    [1],
    [1, 3, 5, 7],
  ],
  IPv6: [[...v6(3), ...others(3)], [1], [1, 2, 3]],
  "in a tunnel, each direction's own ports outside": [
    connection(6).map((frame, i) => inVxlan(frame, i + 1)),
    [1],
    upTo(6),
  ],
  "two flows of one tunnel": [[connection(1)[0]!, others(1)[0]!].map((frame) => inVxlan(frame, 1)), [2], [2]],
  datagrams: [dns(4), [1], upTo(4)],
  "no flow at all": [[arp, ...connection(2)], [1], [1]],
  "nothing that is there": [connection(4), [9], []],
};

for (const [name, [frames, proof, ofFile, ofRing = ofFile]] of Object.entries(CASES)) {
  test(`${name}: the first packets of the flow, what proves it and what follows`, (t) => {
    const all = numbered(frames);
    t.deepEqual(fromFiles(all, proof), ofFile);
    t.deepEqual(fromRing(all, proof), ofRing);
  });
}

test("what belongs to one flow hashes alike, whichever way it is found out", (t) => {
  const keys = new FlowKeys();
  for (const frames of [connection(6), v6(6), dns(2), connection(6).map((frame, i) => inVxlan(frame, i + 1))])
    t.is(new Set(frames.map((frame) => keys.hash(frame))).size, 1);
});
