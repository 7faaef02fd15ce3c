/** Tunnels: who opens one talks to its other end, and that is judged beside what is in it. */
import test from "ava";
import type { Frame } from "../../src/capture/frame.ts";
import { frameOfBytes, START_SEC, udpFrame } from "../support/frames.ts";
import { concat, hex } from "../support/hex.ts";
import { bytes, ethernet, ipv4, u16, udp } from "../support/packets.ts";
import { brokenBySomePart } from "./every-part.ts";
import { HOST, PEER, play } from "./scene.ts";

const STRANGER = "198.51.100.9";
type Wrap = (inner: Frame, src: string, dst: string) => Frame;

const at = (inner: Frame, data: Uint8Array): Frame =>
  frameOfBytes(data, (inner.sec - START_SEC) * 1_000 + inner.nsec / 1e6);
const WRAPS: Record<string, { transport: string; port: number | null; wrap: Wrap }> = {
  VXLAN: {
    transport: "udp",
    port: 4789,
    wrap: (inner, src, dst) => {
      const datagram = udp(50_000, 4789, concat([hex`08 00 00 00 00 00 2a 00`, inner.buf]));
      return at(inner, ethernet(0x0800, ipv4(17, datagram, { src, dst })));
    },
  },
  GRE: {
    transport: "47",
    port: null,
    wrap: (inner, src, dst) =>
      at(inner, ethernet(0x0800, ipv4(47, concat([bytes(0, 0), u16(0x0800), inner.buf.subarray(14)]), { src, dst }))),
  },
  "IP in IP": {
    transport: "4",
    port: null,
    wrap: (inner, src, dst) => at(inner, ethernet(0x0800, ipv4(4, inner.buf.subarray(14), { src, dst }))),
  },
};

/** A question and its answer between these two, a second apart. */
const talk = (from: string, to: string): Frame[] => [
  udpFrame({ from: `${from}:40000`, to: `${to}:9000`, data: hex`68 69`, ms: 0 }),
  udpFrame({ from: `${to}:9000`, to: `${from}:40000`, data: hex`68 6f`, ms: 1_000 }),
];
const bothWays = (wrap: Wrap, inner: Frame[], near: string, far: string): Frame[] =>
  inner.map((frame, i) => (i === 0 ? wrap(frame, near, far) : wrap(frame, far, near)));
const said = (
  rows: readonly { initiator: string; responder: string; transport: string; verdict: string | null }[],
): string[] =>
  rows
    .map(({ initiator, responder, transport, verdict }) => `${initiator} ${responder} ${transport} ${verdict}`)
    .sort();

const RULES = [{ id: "app", to: "role:peer", over: "udp/9000", app: "any" }];
const BIND = [`host=${HOST}`, `peer=${PEER}`];

for (const [what, { transport, port, wrap }] of Object.entries(WRAPS)) {
  test(`${what}: a bound host's own tunnel to a stranger is drift, whatever is in it`, async (t) => {
    const frames = bothWays(wrap, talk("192.168.99.2", "192.168.99.1"), HOST, STRANGER);
    const { trial, said: judged } = await play({ rules: RULES, bind: BIND, frames });
    const own = [...judged.conversations.values()].filter(({ verdict }) => verdict !== "unrelated");
    t.true(own.length > 0);
    for (const row of own) t.like(row, { verdict: "undocumented", transport, port });
    t.deepEqual(brokenBySomePart(trial, judged), []);
  });

  test(`${what}: between two switches it hides nothing and adds nothing that is judged`, async (t) => {
    const frames = bothWays(wrap, talk(HOST, PEER), "203.0.113.1", "203.0.113.2");
    const { trial, said: judged } = await play({ rules: RULES, bind: BIND, frames });
    const rows = [...judged.conversations.values()].filter(({ verdict }) => verdict !== "unrelated");
    t.deepEqual(said(rows), [`${HOST} ${PEER} udp documented`]);
    t.is(judged.rules.get("m/app")?.status, "met");
    t.deepEqual(brokenBySomePart(trial, judged), []);
  });
}

test("a tunnel that the document names is documented, and what is in it is judged by itself", async (t) => {
  const { wrap } = WRAPS.VXLAN!;
  const overlay = { id: "overlay", to: "role:peer", over: "udp/4789", app: "any", expect: { reply: "none" } };
  const [inner, stranger] = [talk(HOST, PEER)[0]!, talk(HOST, STRANGER)[0]!];
  const frames = [wrap(inner, HOST, PEER), wrap(stranger, HOST, PEER)];
  const { said: judged } = await play({ rules: [...RULES, overlay], bind: BIND, frames });
  t.is(judged.rules.get("m/overlay")?.status, "met");
  t.deepEqual(said([...judged.conversations.values()]), [
    `${HOST} ${PEER} udp documented`,
    `${HOST} ${PEER} udp inconclusive`,
    `${HOST} ${STRANGER} udp undocumented`,
  ]);
});
