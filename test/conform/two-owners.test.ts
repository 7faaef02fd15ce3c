/** An address that ARP shows with two owners at once: nothing that concerns it is proved, and nothing is missed of it. */
import test from "ava";
import type { Frame } from "../../src/capture/frame.ts";
import { arpFrame, tcpFrame } from "../support/frames.ts";
import { clientHello, connection, lookUp, tlsConnection } from "../support/talk.ts";
import { HOST, PEER, play, RESOLVER, type Scene } from "./scene.ts";

const FAR = "203.0.113.10";
const API = `${FAR}:443`;
const [ONE, OTHER] = ["020000000005", "020000000006"];
const VRRP = "00005e000105";
const endpoints = { api: { hosts: ["api.example.com"] } };
const rules = [{ id: "api", to: "api", over: "tcp/443", app: "tls" }];

const says = (mac: string, ms: number, vlan?: number): Frame => arpFrame({ mac, address: HOST, ms, vlan });
const answers = (mac: string, ms: number): Frame => arpFrame({ mac, address: HOST, ms, operation: 2 });
/** What DNS said to the one proves nothing of a connection that may be the other's. */
const talk = [
  ...lookUp(HOST, RESOLVER, "api.example.com", [FAR], 10),
  ...tlsConnection(`${HOST}:40000`, API, 100, clientHello(null)),
];

async function found(frames: readonly Frame[], more: Partial<Scene> = {}) {
  const { said } = await play({ endpoints, rules, frames, ...more });
  const row = [...said.conversations.values()].find(({ responder }) => responder === FAR);
  const warned = said.result.run.warnings.filter((text) => text.includes("two owners"));
  const rule = said.result.rules[0]!;
  return { verdict: row?.verdict, code: row?.reason_code, rule: `${rule.status} ${rule.reason_code}`, warned };
}

test("two owners at once: inconclusive, not evaluable, and said with VLANs and MAC addresses", async (t) => {
  const { verdict, code, rule, warned } = await found([
    ...talk,
    ...[says(ONE, 0, 10), says(OTHER, 50, 20), says(ONE, 60_000, 10), says(OTHER, 60_050, 20)],
  ]);
  t.deepEqual([verdict, code, rule], ["inconclusive", "two-owners", "not-evaluable candidate-inconclusive"]);
  t.is(warned.length, 1);
  t.regex(warned[0]!, /02:00:00:00:00:05 \(VLAN 10\) and 02:00:00:00:00:06 \(VLAN 20\)/);
  t.regex(warned[0]!, /bound to host/);
});

const ONE_OWNER: Record<string, Frame[]> = {
  "one device alone says so": [says(ONE, 0, 10), says(ONE, 90_000, 10)],
  "one device in two VLANs": [says(ONE, 0, 10), says(ONE, 50, 20), says(ONE, 90_000, 10), says(ONE, 90_050, 20)],
  "another one took over, and the first is silent": [
    says(ONE, 0),
    says(ONE, 5_000),
    says(OTHER, 9_000),
    says(OTHER, 99_000),
  ],
  "the other one only answers, as proxies do": [
    says(ONE, 0),
    answers(OTHER, 1_000),
    says(ONE, 9_000),
    answers(OTHER, 10_000),
  ],
  "routers that share a MAC address": [says(VRRP, 0), says(OTHER, 1_000), says(VRRP, 2_000), says(OTHER, 3_000)],
};
for (const [what, frames] of Object.entries(ONE_OWNER)) {
  test(`no two owners: ${what}`, async (t) => {
    const { verdict, rule, warned } = await found([...talk, ...frames]);
    t.deepEqual([verdict, rule, warned], ["documented", "met met", []]);
  });
}

const AT_ONCE = [says(ONE, 0), says(OTHER, 50), says(ONE, 390_000), says(OTHER, 390_050)];
const other = [
  ...connection(`${HOST}:41000`, `${PEER}:8080`, 200, []),
  ...connection(`${HOST}:41001`, `${PEER}:8080`, 400_000, []),
];

test("nothing is missing of it", async (t) => {
  t.is((await found(other)).rule, "missing missing");
  t.is((await found([...other, ...AT_ONCE])).rule, "not-evaluable two-owners");
});

test("nothing is blocked of it", async (t) => {
  const refused = [0, 1].flatMap((i) => [
    tcpFrame({ from: `${HOST}:4200${i}`, to: API, ms: 100 + i * 1_000, flags: "S" }),
    tcpFrame({ from: API, to: `${HOST}:4200${i}`, ms: 110 + i * 1_000, flags: "RA", ack: 1 }),
  ]);
  const asked = [...lookUp(HOST, RESOLVER, "api.example.com", [FAR], 10), ...refused];
  t.is((await found(asked)).rule, "blocked refused");
  t.is((await found([...asked, ...AT_ONCE])).rule, "not-evaluable candidate-inconclusive");
});

test("an answer to such an address proves nothing for the host's other address, and a name that it sends does", async (t) => {
  const bind = [`host=${HOST}+10.0.0.9`];
  const byName = tlsConnection("10.0.0.9:40000", API, 100, clientHello("api.example.com"));
  const question = lookUp(HOST, RESOLVER, "api.example.com", [FAR], 10);
  const silent = [...question, ...tlsConnection("10.0.0.9:40000", API, 100, clientHello(null))];
  t.is((await found(silent, { bind })).verdict, "documented");
  t.is((await found([...silent, ...AT_ONCE], { bind })).code, "dns-of-another");
  t.is((await found([...byName, ...AT_ONCE], { bind })).verdict, "documented");
});

test("what no rule covers stays undocumented", async (t) => {
  const stray = tlsConnection(`${HOST}:40000`, API, 100, clientHello("x.example.net"));
  t.is((await found([...stray, ...AT_ONCE])).verdict, "undocumented");
});
