/** Rules that another one makes needless: of each host by itself, so that its row says what the rule says. */
import test from "ava";
import { ascii } from "../support/hex.ts";
import { clientHello, connection, tlsConnection } from "../support/talk.ts";
import { HOST, PEER, play, type Scene } from "./scene.ts";
import { api, busy, good, TO, tlsRule } from "./stage.ts";

const endpoints = { ...api, ws: { hosts: ["ws.example.com"] } };
const byPeer = tlsConnection(`${PEER}:40001`, "203.0.113.11:443", 20, clientHello("ws.example.com"));
const peerBusy = [0, 300, 601].flatMap((sec, i) =>
  connection(`${PEER}:60${i}`, `203.0.113.99:${8080 + i}`, sec * 1000, [
    [">", ascii("?")],
    ["<", ascii("!")],
  ]),
);

const both: Omit<Scene, "frames"> = {
  endpoints,
  bind: [`host=${HOST},${PEER}`],
  rules: [
    { ...tlsRule, id: "r", to: "ws", "any-of": "either" },
    { ...tlsRule, id: "s", "any-of": "either" },
  ],
};

async function told(scene: Scene): Promise<Record<string, string[]>> {
  const { said } = await play(scene);
  const rows = [...said.rules.values()].filter(({ model }) => model === "m");
  return Object.fromEntries(
    rows.map(({ rule_id, status, hosts }) => [rule_id, [status, ...hosts.map((row) => `${row.host} ${row.status}`)]]),
  );
}

test("each of two hosts does with another one of what is enough", async (t) => {
  t.deepEqual(await told({ ...both, frames: [...good, ...byPeer, ...busy, ...peerBusy] }), {
    r: ["met", `${HOST} unused`, `${PEER} met`],
    s: ["met", `${HOST} met`, `${PEER} unused`],
  });
});

test("the same, however short they were seen", async (t) => {
  t.deepEqual(await told({ ...both, frames: [...good, ...byPeer] }), {
    r: ["met", `${HOST} unused`, `${PEER} met`],
    s: ["met", `${HOST} met`, `${PEER} unused`],
  });
});

test("a host that has none of them lacks each, whatever another host has", async (t) => {
  t.deepEqual(await told({ ...both, frames: [...good, ...busy, ...peerBusy] }), {
    r: ["missing", `${HOST} unused`, `${PEER} missing`],
    s: ["missing", `${HOST} met`, `${PEER} missing`],
  });
});

test("where none of several is there, each says that one is enough", async (t) => {
  const { said } = await play({ ...both, frames: [...busy, ...peerBusy] });
  for (const id of ["m/r", "m/s"])
    t.regex(said.rules.get(id)!.reason!, /never opened it, and nothing else of either, of which one is enough$/);
});

test("of a fallback that nobody can judge no host is called missing", async (t) => {
  const rules = [
    { ...tlsRule, id: "r", to: "ws", "fallback-for": "s" },
    { ...tlsRule, id: "s", every: "24h" },
  ];
  const used = tlsConnection(`${HOST}:40002`, TO, 20, clientHello("ws.example.com"));
  const bind = [`host=${HOST},${PEER}`];
  t.deepEqual((await told({ endpoints, rules, bind, frames: [...used, ...busy, ...peerBusy] })).r, [
    "not-evaluable",
    `${HOST} met`,
    `${PEER} not-evaluable`,
  ]);
});

test("a fallback is needed by the host alone of which the other one fails", async (t) => {
  const rules = [
    { ...tlsRule, id: "r", to: "ws", "fallback-for": "s" },
    { ...tlsRule, id: "s" },
  ];
  const bind = [`host=${HOST},${PEER}`];
  t.deepEqual(await told({ endpoints, rules, bind, frames: [...good, ...byPeer, ...busy, ...peerBusy] }), {
    r: ["met", `${HOST} unused`, `${PEER} met`],
    s: ["missing", `${HOST} met`, `${PEER} missing`],
  });
});
