/** Where one stands: hosts beyond NAT, several behind one address; and other addresses for the same hosts change nothing. */
import test from "ava";
import fc from "fast-check";
import { ascii } from "../support/hex.ts";
import { clientHello, connection, lookUp, tlsConnection } from "../support/talk.ts";
import { play, type Scene } from "./scene.ts";

const OUTSIDE = "198.51.100.7";
const INSIDE = ["10.0.0.5", "10.0.0.6"];
const API = "203.0.113.10:443";
const ROAMING = "203.0.113.77:50000";
const endpoints = { api: { hosts: ["api.example.com"] } };
const parameters = { port: { type: "port", default: 9443 } };
const api = { id: "api", to: "api", over: "tcp/443", app: "tls" };
const own = {
  id: "in",
  from: "internet",
  to: "role:host",
  over: "tcp/9000",
  "outside-port": "$port",
  app: "any",
  requirement: "optional",
};

const site = { models: ["m"], roles: { host: INSIDE }, outside: { host: [OUTSIDE] } };
const asked = (to: string) =>
  connection(ROAMING, to, 10, [
    [">", ascii("?")],
    ["<", ascii("!")],
  ]);
const scene = (frames: Scene["frames"], rules: Scene["rules"]): Scene => ({
  endpoints,
  parameters,
  rules,
  site,
  bind: [],
  frames,
});

test("several hosts behind one address open what is documented of them: judged as a whole", async (t) => {
  const { said } = await play(scene(tlsConnection(`${OUTSIDE}:40000`, API, 10, clientHello("api.example.com")), [api]));
  const rule = said.rules.get("m/api")!;
  t.is(rule.status, "met");
  t.deepEqual(
    rule.hosts.map(({ host, status }) => [host, status]),
    [[OUTSIDE, "met"]],
  );
  const outside = said.result.run.bindings.filter((binding) => binding.outside === true);
  t.deepEqual(
    outside.map(({ values }) => values),
    [[OUTSIDE]],
  );
});

test("where they are seen on their own side, each is judged by itself", async (t) => {
  const frames = [...INSIDE, OUTSIDE].flatMap((host, i) =>
    host === INSIDE[1] ? [] : tlsConnection(`${host}:40000`, API, 10 + 100 * i, clientHello("api.example.com")),
  );
  const { said } = await play(scene(frames, [api]));
  t.deepEqual(
    said.rules.get("m/api")!.hosts.map(({ host, status }) => [host, status]),
    [
      [INSIDE[0], "met"],
      [INSIDE[1], "not-evaluable"],
    ],
  );
  t.true(said.result.run.warnings.some((text) => text.startsWith(`${INSIDE[1]}, bound to host, never appears`)));
});

const PORTS: readonly [to: string, verdict: string][] = [
  [`${OUTSIDE}:9443`, "documented"],
  [`${OUTSIDE}:9000`, "undocumented"],
  [`${INSIDE[1]}:9000`, "documented"],
  [`${INSIDE[1]}:9443`, "undocumented"],
];
for (const [to, verdict] of PORTS) {
  test(`the public port holds beyond NAT and the document's own on this side: ${to}`, async (t) => {
    const { said } = await play(scene(asked(to), [own]));
    const rows = [...said.conversations.values()];
    t.deepEqual(
      rows.map((row) => row.verdict as string),
      [verdict],
    );
    if (to === `${OUTSIDE}:9000`) t.is(rows[0]!.reason, "tcp/9000 instead of tcp/9443, which its outside address has");
  });
}

const privateAddress = fc
  .integer({ min: 0x0a01_0000, max: 0x0aff_fffe })
  .map((n) => [24, 16, 8, 0].map((by) => (n >>> by) & 255).join("."));

test("other addresses for the same hosts change nothing else", async (t) => {
  const played = async (host: string, proxy: string) => {
    const bind = [`host=${host}`, `proxy=${proxy}`];
    const connect = ascii("CONNECT api.example.com:443 HTTP/1.1\r\n\r\n");
    const frames = [
      ...tlsConnection(`${host}:40000`, API, 10, clientHello("api.example.com")),
      ...tlsConnection(`${host}:40001`, "203.0.113.11:443", 100, clientHello("x.example.net")),
      ...connection(`${host}:40002`, `${proxy}:3128`, 200, [
        [">", connect],
        ["<", ascii("HTTP/1.1 200 OK\r\n\r\n")],
        [">", clientHello("x.example.net")],
      ]),
      ...tlsConnection(`${proxy}:40003`, "203.0.113.11:443", 300, clientHello("x.example.net")),
    ];
    const { said } = await play({ endpoints, rules: [api], bind, frames });
    const rows = [...said.conversations.values()].map((row) =>
      [row.first_seen, row.port, row.app, row.server_name, row.verdict, row.rule_id, row.reason_code].join(" "),
    );
    return { rows: rows.sort(), rules: [...said.rules.values()].map(({ rule_id, status }) => `${rule_id} ${status}`) };
  };
  const first = await played("10.0.0.5", "10.0.0.80");
  t.is(first.rows.length, 4);
  await fc.assert(
    fc.asyncProperty(privateAddress, privateAddress, async (host, proxy) => {
      fc.pre(host !== proxy);
      t.deepEqual(await played(host, proxy), first);
    }),
    { numRuns: 20, seed: 20_261_121 },
  );
});

// ---- both sides of a translator in one capture

const talkOf = (host: string, port: number, ms: number) =>
  tlsConnection(`${host}:${port}`, API, ms, clientHello("api.example.com"));
/** Verdict, packets and initiator of each conversation, and packets that were copies. */
async function sidesOf(frames: Scene["frames"]) {
  const { said } = await play(scene(frames, [api]));
  const rows = [...said.conversations.values()].map((row) => `${row.initiator} ${row.verdict} ${row.packets}`);
  return { rows: rows.sort(), copies: said.result.quality.duplicates, said };
}

test("both sides of a NAT are one conversation and its copy", async (t) => {
  const frames = [...talkOf(INSIDE[0]!, 51_000, 10), ...talkOf(OUTSIDE, 62_011, 10.2)];
  const { rows, copies, said } = await sidesOf(frames);
  t.deepEqual(rows, [`${INSIDE[0]} documented 7`]);
  t.is(copies, 7);
  t.is(said.rules.get("m/api")!.status, "met");
  t.false(
    said.result.run.warnings.some((text) => text.startsWith(OUTSIDE)),
    "it was seen, though it is told of inside",
  );
});

test("what a balancer passes on from outside is a copy as well", async (t) => {
  const hand = (to: string, ms: number) =>
    connection(ROAMING, to, ms, [
      [">", ascii("?")],
      ["<", ascii("!")],
    ]);
  const { said } = await play(scene([...hand(`${OUTSIDE}:9443`, 10), ...hand(`${INSIDE[0]}:9000`, 10.3)], [own]));
  t.deepEqual(
    [...said.conversations.values()].map(({ responder, port, verdict }) => [responder, port, verdict]),
    [[INSIDE[0], 9000, "documented"]],
  );
});

test("a question over UDP and its answer, by their id", async (t) => {
  const asked = [INSIDE[0]!, OUTSIDE].flatMap((host, i) =>
    lookUp(host, "192.0.2.53", "api.example.com", ["203.0.113.10"], 10 + i),
  );
  const { rows, said } = await sidesOf(asked);
  t.is(rows.length, 1);
  t.deepEqual(
    said.result.lookups.map(({ client, count }) => [client, count]),
    [[INSIDE[0], 1]],
  );
});

test("where anything tells the two apart, they are two", async (t) => {
  const inside = talkOf(INSIDE[0]!, 51_000, 10);
  const numbered = connection(`${OUTSIDE}:62011`, API, 10.2, [[">", clientHello("api.example.com")]], 77_000);
  t.is((await sidesOf([...inside, ...numbered])).rows.length, 2, "a translator that gives connections other numbers");
  t.is((await sidesOf([...inside, ...talkOf(OUTSIDE, 62_011, 5_000)])).rows.length, 2, "seconds later");
  t.is((await sidesOf([...inside, ...talkOf(OUTSIDE, 62_011, 10.2).slice(0, -1)])).rows.length, 2, "a packet less");
  t.is(
    (await sidesOf([...inside, ...talkOf("198.51.100.8", 62_011, 10.2)])).rows.length,
    2,
    "an address that nobody bound",
  );
  const twice = [...inside, ...talkOf(INSIDE[1]!, 51_000, 10.1), ...talkOf(OUTSIDE, 62_011, 10.2)];
  t.is((await sidesOf(twice)).rows.length, 3, "of two hosts that say the same, nobody can say which one it is");
});
