/**
 * What the language has for ends that a site names in its own way: an endpoint that is a role's hosts too, rules of which
 * one is enough, and STUN between two ends told from STUN with a server.
 */
import test from "ava";
import type { Frame } from "../../src/capture/frame.ts";
import type { RuleStatus } from "../../src/report/result.ts";
import { tcpFrame, udpFrame } from "../support/frames.ts";
import { ascii, concat } from "../support/hex.ts";
import { judgeFrames, keyOf } from "../support/judged.ts";
import { bytes, u16, u32 } from "../support/packets.ts";
import { brokenPromises, supported } from "../support/promises.ts";
import { clientHello, connection, lookUp, stun, tlsConnection } from "../support/talk.ts";
import { HOST, PEER, play, RESOLVER, type Scene } from "./scene.ts";

const BOUND = [`host=${HOST}`, `peer=${PEER}`];
const STRANGER = "203.0.113.10";

// ---- an endpoint that is a role's hosts too

const own = { own: { hosts: ["$domain"], role: "peer", need: "any" } };
const domain = { domain: { type: "name", default: "own.example.com" } };
const unknown = { domain: { type: "name" } };
const rule = { id: "r", to: "own", over: "tcp/443", app: "tls" };
const named = (address: string, name: string | null) =>
  tlsConnection(`${HOST}:40000`, `${address}:443`, 10, clientHello(name));

const nameless = (address: string) => named(address, null);

const ENDS: [what: string, scene: Partial<Scene>, verdict: string, status: RuleStatus][] = [
  ["the bound host, without a name", { bind: BOUND, frames: nameless(PEER) }, "documented", "met"],
  ["the bound host by its name", { bind: BOUND, frames: named(PEER, "own.example.com") }, "documented", "met"],
  [
    "the bound host, whose name nobody gave",
    { bind: BOUND, parameters: unknown, frames: named(PEER, "any.example.com") },
    "documented",
    "met",
  ],
  [
    "the bound host under another name: the name is the stronger",
    { bind: BOUND, frames: named(PEER, "other.example.net") },
    "undocumented",
    "not-evaluable",
  ],
  ["another host by the name", { bind: BOUND, frames: named(STRANGER, "own.example.com") }, "documented", "met"],
  ["the name, and nobody bound", { frames: named(STRANGER, "own.example.com") }, "documented", "met"],
  [
    "DNS gave the name",
    { frames: [...lookUp(HOST, RESOLVER, "own.example.com", [STRANGER], 1), ...nameless(STRANGER)] },
    "documented",
    "met",
  ],
  [
    "neither name nor host",
    { parameters: unknown, frames: named(STRANGER, "own.example.com") },
    "inconclusive",
    "not-evaluable",
  ],
  ["an address that nobody named", { frames: nameless(STRANGER) }, "inconclusive", "not-evaluable"],
];
for (const [what, scene, verdict, status] of ENDS) {
  test(`an endpoint with a role: ${what}`, async (t) => {
    const { trial, said } = await play({ rules: [rule], endpoints: own, parameters: domain, frames: [], ...scene });
    const rows = [...said.conversations.values()].filter(({ transport }) => transport === "tcp");
    t.deepEqual(
      rows.map((row) => row.verdict),
      [verdict],
      rows[0]?.reason ?? "nothing was judged",
    );
    t.is(said.rules.get("m/r")!.status, status);
    for (const { what: claim, support, holds } of supported(said)) {
      const kept = trial.frames.filter((frame) => support.has(keyOf(frame)));
      t.true(holds(judgeFrames(trial, kept)), claim);
    }
    for (const gone of trial.frames) {
      const part = judgeFrames(
        trial,
        trial.frames.filter((frame) => frame !== gone),
      );
      t.deepEqual(brokenPromises(said, part, new Set([keyOf(gone)])), [], `without ${keyOf(gone)}`);
    }
  });
}

test("a peer that may be anywhere reaches an endpoint whose role is bound, and no other", async (t) => {
  const scene = { endpoints: own, parameters: unknown, frames: connection(`${STRANGER}:40000`, `${HOST}:443`, 10, []) };
  const calls = { id: "r", from: "peer", to: "own", over: "tcp/443", app: "any", peer: "internet" };
  const mine = { own: { hosts: ["$domain"], role: "host" } };
  const reached = await play({ ...scene, endpoints: mine, rules: [calls] });
  t.deepEqual(
    [...reached.said.conversations.values()].map(({ verdict }) => verdict),
    ["documented"],
  );
  const unbound = await play({ ...scene, rules: [{ ...calls, from: "host" }], frames: nameless(STRANGER) });
  t.is(unbound.said.rules.get("m/r")!.reason_code, "parameter-missing");
});

// ---- rules of which one is enough

const ways = [
  { id: "secure", to: "role:peer", over: "tcp/8883", app: "any", "any-of": "ways" },
  { id: "clear", to: "role:peer", over: "tcp/1883", app: "any", "any-of": "ways" },
];
const SIX_MINUTES = 360_000;
const opened = (port: number, ms = 10): Frame[] =>
  connection(`${HOST}:${40_000 + (ms % 1000)}`, `${PEER}:${port}`, ms, [
    [">", ascii("x")],
    ["<", ascii("y")],
  ]);
/** Something else at both ends of six minutes, so that the capture could have shown what it does not. */
const around = [...opened(9, 1), ...opened(9, SIX_MINUTES)];

const CHOICES: [what: string, frames: Frame[], secure: RuleStatus, clear: RuleStatus][] = [
  ["one", [...around, ...opened(8883)], "met", "unused"],
  ["the other", [...around, ...opened(1883)], "unused", "met"],
  ["both", [...around, ...opened(8883), ...opened(1883, 50)], "met", "met"],
  ["neither", around, "missing", "missing"],
  [
    "one that is refused",
    [
      ...around,
      tcpFrame({ from: `${HOST}:40100`, to: `${PEER}:8883`, ms: 10, flags: "S", seq: 1 }),
      tcpFrame({ from: `${PEER}:8883`, to: `${HOST}:40100`, ms: 11, flags: "RA", seq: 0, ack: 2 }),
      ...opened(1883, 50),
    ],
    "blocked",
    "met",
  ],
];
for (const [what, frames, secure, clear] of CHOICES) {
  test(`one of two rules is enough: ${what}`, async (t) => {
    const { said } = await play({ rules: ways, bind: BOUND, frames });
    t.is(said.rules.get("m/secure")!.status, secure, said.rules.get("m/secure")!.reason);
    t.is(said.rules.get("m/clear")!.status, clear, said.rules.get("m/clear")!.reason);
  });
}

// ---- ICE

/** A request with ICE-CONTROLLING (RFC 8445 section 16.1) and no more. */
function check(transaction: number): Uint8Array {
  const message = concat([stun(0x0001, transaction), u16(0x802a), u16(8), u32(0), u32(1)]);
  message.set(u16(12), 2);
  return message;
}
const datagram = (data: Uint8Array, ms: number, back = false): Frame => {
  const [from, to] = back ? [`${PEER}:50001`, `${HOST}:50000`] : [`${HOST}:50000`, `${PEER}:50001`];
  return udpFrame({ from: from!, to: to!, ms, data });
};

const FLOWS: [what: string, frames: Frame[], verdict: string][] = [
  ["a check and its answer", [datagram(check(1), 1), datagram(stun(0x0101), 2, true)], "documented"],
  ["a request as to a server", [datagram(stun(0x0001), 1), datagram(stun(0x0101), 2, true)], "undocumented"],
  ["an answer alone", [datagram(stun(0x0101), 2, true)], "inconclusive"],
  [
    "no protocol that is known",
    [datagram(bytes(0xf0, 1, 2, 3), 1), datagram(bytes(0xf0, 3, 2, 1), 2, true)],
    "undocumented",
  ],
];
for (const [what, frames, verdict] of FLOWS) {
  test(`ICE: ${what}`, async (t) => {
    const wide = { id: "r", to: "role:peer", over: "udp/1024-65535", app: ["ice", "dtls", "sctp"] };
    const { trial, said } = await play({ rules: [wide], bind: BOUND, frames });
    const rows = [...said.conversations.values()];
    t.deepEqual(
      rows.map((row) => row.verdict),
      [verdict],
      rows[0]?.reason ?? "nothing was judged",
    );
    for (const gone of trial.frames) {
      const part = judgeFrames(
        trial,
        trial.frames.filter((frame) => frame !== gone),
      );
      t.deepEqual(brokenPromises(said, part, new Set([keyOf(gone)])), []);
    }
  });
}
