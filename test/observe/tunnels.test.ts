/** A conversation that is a tunnel says so: by what was read inside of it, never by its port or protocol alone. */
import test from "ava";
import { DECODERS } from "../../decoders/index.ts";
import type { Frame } from "../../src/capture/frame.ts";
import { mergeObservations } from "../../src/observe/merge.ts";
import { fragments, frameOfBytes, numbered, START_SEC, udpFrame } from "../support/frames.ts";
import { concat, hex } from "../support/hex.ts";
import { observe, told } from "../support/observe.ts";
import { ethernet, ipv4, udp } from "../support/packets.ts";

const inner = udpFrame({ from: "10.0.0.5:4000", to: "10.0.0.9:53", data: hex`68 69` }).buf;
const outside = (proto: number, payload: Uint8Array): Frame =>
  frameOfBytes(ethernet(0x0800, ipv4(proto, payload, { src: "203.0.113.1", dst: "203.0.113.2" })), 0);
const vxlan = (payload: Uint8Array): Frame =>
  outside(17, udp(50_000, 4789, concat([hex`08 00 00 00 00 00 2a 00`, payload])));
const gre = (payload: Uint8Array): Frame => outside(47, concat([hex`00 00 08 00`, payload.subarray(14)]));

/** Transport, port and what it says of being a tunnel. */
function said(frames: readonly Frame[]): string[] {
  const { conversations } = told(observe(numbered([...frames])));
  const rows = conversations as { transport: string; port: number | null; fields: Record<string, unknown> }[];
  return rows.map(({ transport, port, fields }) => `${transport}/${port} ${JSON.stringify(fields)}`).sort();
}

test("the outer conversation has the tunnel's kind, the inner one nothing", (t) => {
  t.deepEqual(said([vxlan(inner)]), ['udp/4789 {"tunnel":["vxlan"]}', "udp/53 {}"]);
  t.deepEqual(said([gre(inner), gre(inner)]), ['47/null {"tunnel":["gre"]}', "udp/53 {}"]);
  const nested = vxlan(gre(inner).buf);
  t.deepEqual(said([nested]), ['47/null {"tunnel":["gre"]}', 'udp/4789 {"tunnel":["vxlan"]}', "udp/53 {}"]);
});

test("ARP in a tunnel shows it too; a port or a protocol number alone shows nothing", (t) => {
  t.deepEqual(said([vxlan(ethernet(0x0806, hex`00 01 08 00 06 04 00 01`))]), ['udp/4789 {"tunnel":["vxlan"]}']);
  t.deepEqual(said([outside(17, udp(50_000, 4789, hex`68 69`))]), ["udp/4789 {}"]);
  t.deepEqual(said([outside(47, hex`00 00 12 34 00 00`)]), ["47/null {}"]);
});

test("slices of a capture, and a tunnel's packet in fragments, say the same", (t) => {
  const frames = numbered([
    gre(inner),
    ...fragments(gre(udpFrame({ from: "10.0.0.5:4000", to: "10.0.0.9:53", data: new Uint8Array(300) }).buf), 200, 5),
    gre(inner),
  ]);
  for (const [i, frame] of frames.entries()) Object.assign(frame, { sec: START_SEC, nsec: i * 20_000_000 });
  const whole = told(observe(frames));
  for (let cut = 1; cut < frames.length; cut++) {
    const parts = [observe(frames.slice(0, cut)), observe(frames.slice(cut))];
    t.deepEqual(told(mergeObservations(parts, DECODERS)), whole, `cut before frame ${cut + 1}`);
  }
});
