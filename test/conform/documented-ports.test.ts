/** Datagrams whose ends nothing but a port tells apart, and far ends that the document puts inside the organization. */
import test from "ava";
import { udpFrame } from "../support/frames.ts";
import { ascii, hex } from "../support/hex.ts";
import { clientHello, connection, tlsConnection } from "../support/talk.ts";
import { HOST, PEER, play, type Scene } from "./scene.ts";

const BIND = [`host=${HOST}`, `peer=${PEER}`];
const MAIN = { id: "main", to: "peer", over: "udp/30000", app: "any" };
const OPENER = {
  id: "opener",
  to: "peer",
  over: "udp/30001",
  app: "any",
  requirement: "optional",
  expect: { packets: "at most 1 a burst", reply: "none" },
};

const verdicts = async (scene: Scene): Promise<string[]> => {
  const { said } = await play(scene);
  return said.result.judged
    .map(({ initiator, responder, port, verdict }) => `${initiator} > ${responder}/${port} ${verdict}`)
    .sort();
};

// Low, high, and one that another protocol is known by: none of them makes the client the responder.
for (const own of [4500, 40_000, 51_820])
  test(`two documented ports of one peer are two conversations, whatever port the client has: ${own}`, async (t) => {
    const from = `${HOST}:${own}`;
    const talk = [0, 1, 2, 3].flatMap((i) => [
      udpFrame({ from, to: `${PEER}:30000`, ms: 100 + i * 10, data: ascii("?") }),
      udpFrame({ from: `${PEER}:30000`, to: from, ms: 105 + i * 10, data: ascii("!") }),
    ]);
    const frames = [udpFrame({ from, to: `${PEER}:30001`, ms: 0, data: ascii("open") }), ...talk];
    const scene = { bind: BIND, rules: [MAIN, OPENER], frames };
    t.deepEqual(await verdicts(scene), [`${HOST} > ${PEER}/30000 documented`, `${HOST} > ${PEER}/30001 documented`]);
    const { said } = await play(scene);
    t.deepEqual(
      ["m/main", "m/opener"].map((rule) => said.rules.get(rule)!.status),
      ["met", "met"],
    );
  });

test("a documented port outweighs one that is only known, also where nothing documents the conversation", async (t) => {
  const frames = [udpFrame({ from: `${HOST}:123`, to: `${PEER}:30000`, ms: 0, data: ascii("?") })];
  const rules = [{ ...MAIN, app: "stun" }];
  t.deepEqual(await verdicts({ bind: BIND, rules, frames }), [`${HOST} > ${PEER}/30000 undocumented`]);
});

test("either end may have opened what has a documented port at both: no rule of either reading is missing", async (t) => {
  const talk = [0, 200, 400].flatMap((sec) => [
    udpFrame({ from: `${HOST}:30000`, to: "3.0.0.1:30000", ms: sec * 1_000, data: ascii("?") }),
    udpFrame({ from: "3.0.0.1:30000", to: `${HOST}:30000`, ms: sec * 1_000 + 5, data: ascii("!") }),
  ]);
  const other = tlsConnection(`${HOST}:40000`, "8.8.8.8:443", 10, clientHello("any.example.net"));
  const rules = [
    { id: "asks", to: "servers", over: "udp/30000", app: "any" },
    { id: "asked", from: "peer", to: "role:host", over: "udp/30000", app: "any" },
  ];
  const { said } = await play({
    rules,
    endpoints: { servers: { hosts: ["a.example.com"] } },
    frames: [...talk, ...other],
  });
  t.is(said.rules.get("m/asks")!.status, "not-evaluable");
  t.is(said.rules.get("m/asked")!.status, "not-evaluable");
});

const inside = (to: string, from = HOST, bind = [`host=${from}`]): Scene => ({
  bind,
  rules: [{ id: "r", to: "peer", over: "tcp/443", app: "tls", peer: "inside" }],
  frames: tlsConnection(`${from}:40000`, `${to}:443`, 10, clientHello("anything.example.net")),
});

test("a far end that is inside the organization is no global address, unless the near end is one as well", async (t) => {
  const verdictOf = async (scene: Scene) => (await play(scene)).said.result.judged[0]!.verdict;
  t.is(await verdictOf(inside("8.8.8.8")), "undocumented");
  t.is(await verdictOf(inside("10.9.9.9")), "inconclusive");
  t.is(await verdictOf(inside("8.8.8.8", "9.9.9.9")), "inconclusive");
  t.is(await verdictOf(inside("8.8.8.8", HOST, [`host=${HOST}`, "peer=8.8.8.8"])), "documented");
});

test("an answer without a code is paired by its number, or by being the only one that is waited for", async (t) => {
  const read = hex`50 00 00 ff ff 03 00 0c 00 10 00 01 04 00 00 64 00 00 a8 01 00`;
  const write = hex`50 00 00 ff ff 03 00 0e 00 10 00 01 14 00 00 64 00 00 a8 01 00 01 00`;
  const answer = hex`d0 00 00 ff ff 03 00 02 00 00 00`;
  const verdictOf = async (...questions: (Uint8Array | null)[]) => {
    const lines = questions.flatMap((one) => [...(one === null ? [] : [[">", one] as const]), ["<", answer] as const]);
    const rules = [{ id: "r", to: "peer", over: "tcp/5007", app: "melsec", expect: { operations: "at most read" } }];
    const frames = connection(`${HOST}:40000`, `${PEER}:5007`, 10, lines);
    return (await play({ bind: BIND, rules, frames })).said.result.judged[0]!.verdict;
  };
  t.is(await verdictOf(read, read), "documented");
  t.is(await verdictOf(read, write), "violation");
  t.is(await verdictOf(read, null), "inconclusive", "nobody can say what that answers");
});
