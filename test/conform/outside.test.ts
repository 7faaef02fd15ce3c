/** Where one stands: hosts beyond NAT, several behind one address; and other addresses for the same hosts change nothing. */
import test from "ava";
import fc from "fast-check";
import { ascii } from "../support/hex.ts";
import { clientHello, connection, tlsConnection } from "../support/talk.ts";
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
    t.deepEqual(
      [...said.conversations.values()].map((row) => row.verdict as string),
      [verdict],
    );
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
