/**
 * Every verdict, status and reason of the closed lists, each by a scene as small as it can be. What a reason means stands
 * in `reasons.ts`; the last test here holds the list to these scenes.
 */
import test from "ava";
import type { Frame } from "../../src/capture/frame.ts";
import { CONVERSATION_REASONS, RULE_REASONS } from "../../src/conform/reasons.ts";
import { icmpFrame, tcpFrame, udpFrame } from "../support/frames.ts";
import { ascii } from "../support/hex.ts";
import {
  alert,
  clientHello,
  connection,
  dnsQuery,
  lookUp,
  serverHello,
  tlsConnection,
  upRecords,
} from "../support/talk.ts";
import { HOST, PEER, play, RESOLVER, type Scene } from "./scene.ts";

const FAR = "203.0.113.10";
const FROM = `${HOST}:40000`;
const TO = `${FAR}:443`;
const api = { api: { hosts: ["api.example.com"] } };
const byAddress = { api: { addresses: [FAR] } };
const tlsRule = { id: "r", to: "api", over: "tcp/443", app: "tls" };
const anyRule = { id: "r", to: "api", over: "tcp/443", app: "any" };
const hello = clientHello("api.example.com");
const good = tlsConnection(FROM, TO, 10, hello);
const syn = (ms: number, from = FROM, to = TO): Frame => tcpFrame({ from, to, flags: "S", seq: 1, ms });
const reset = (ms: number, from = TO, to = FROM): Frame => tcpFrame({ from, to, flags: "RA", ack: 2, ms });
const datagram = (ms: number, from = FROM, to = `${FAR}:9000`): Frame => udpFrame({ from, to, ms, data: ascii("?") });
/** The host at work for ten minutes, with an Internet host that nobody documents. */
const busy = [0, 300, 601].flatMap((sec, i) =>
  connection(`${HOST}:50${i}`, "203.0.113.99:8080", sec * 1000, [
    [">", ascii("?")],
    ["<", ascii("!")],
  ]),
);

// ---- conversations

interface Judging extends Scene {
  /** `verdict reason-code` of the conversation with `FAR`, or with `with`. */
  says: string;
  with?: string;
}

const CONVERSATIONS: Record<string, Judging> = {
  "covered and proved": { says: "documented rule-proved", endpoints: api, rules: [tlsRule], frames: good },
  forbidden: {
    says: "violation forbidden",
    endpoints: byAddress,
    rules: [{ ...anyRule, requirement: "forbidden" }],
    frames: [syn(0)],
  },
  "retired, a day after": {
    says: "violation retired",
    endpoints: byAddress,
    rules: [{ ...tlsRule, requirement: "retired", "last-day": "2026-03-01" }],
    frames: good,
  },
  "retired, on its last day": {
    says: "documented rule-proved",
    endpoints: byAddress,
    rules: [{ ...tlsRule, requirement: "retired", "last-day": "2026-03-02" }],
    frames: good,
  },
  "a broken expectation": {
    says: "violation expectation-broken",
    endpoints: api,
    rules: [{ ...tlsRule, expect: { "tls.version": "at least 1.3" } }],
    frames: good,
  },
  "an expectation that cannot be told": {
    says: "inconclusive expectation-unproved",
    endpoints: api,
    rules: [{ ...tlsRule, expect: { "tls.version": "at least 1.2" } }],
    frames: connection(FROM, TO, 10, [[">", hello]]),
  },
  background: {
    says: "ignored background",
    endpoints: api,
    rules: [tlsRule],
    frames: lookUp(HOST, RESOLVER, "api.example.com", [FAR], 0),
    with: RESOLVER,
  },
  "an unanswered question is background too": {
    says: "ignored background",
    endpoints: api,
    rules: [tlsRule],
    frames: [udpFrame({ from: FROM, to: `${RESOLVER}:53`, ms: 0, data: dnsQuery("api.example.com") })],
    with: RESOLVER,
  },
  "a lone SYN to a resolver": {
    says: "inconclusive never-came-up",
    endpoints: api,
    rules: [tlsRule],
    frames: [syn(0, FROM, `${RESOLVER}:53`)],
    with: RESOLVER,
  },
  "nobody's": {
    says: "unrelated no-role",
    endpoints: api,
    rules: [tlsRule],
    frames: tlsConnection("10.9.9.9:40000", TO, 0, hello),
  },
  "no name at all": {
    says: "inconclusive address-unresolved",
    endpoints: api,
    rules: [tlsRule],
    frames: tlsConnection(FROM, TO, 10, clientHello(null)),
  },
  "the hello is missing": {
    says: "inconclusive name-unseen",
    endpoints: api,
    rules: [tlsRule],
    frames: [
      lookUp(HOST, RESOLVER, "api.example.com", [FAR], 0)[1],
      ...connection(FROM, TO, 10, [["<", serverHello()]]),
    ],
  },
  "an address of two names": {
    says: "inconclusive shared-address",
    endpoints: api,
    rules: [tlsRule],
    frames: [
      ...lookUp(HOST, RESOLVER, "api.example.com", [FAR], 0),
      ...lookUp(HOST, RESOLVER, "other.example.net", [FAR], 3),
      ...tlsConnection(FROM, TO, 10, clientHello(null)),
    ],
  },
  "a contradicted name": {
    says: "inconclusive name-contradicted",
    endpoints: api,
    rules: [tlsRule],
    frames: [
      ...lookUp(HOST, RESOLVER, "api.example.com", ["203.0.113.77"], 0),
      ...lookUp(HOST, RESOLVER, "other.example.net", [FAR], 3),
      ...good,
    ],
  },
  "names of one domain do not contradict": {
    says: "documented rule-proved",
    endpoints: api,
    rules: [tlsRule],
    frames: [
      ...lookUp(HOST, RESOLVER, "api.example.com", ["203.0.113.77"], 0),
      ...lookUp(HOST, RESOLVER, "www.example.com", [FAR], 3),
      ...good,
    ],
  },
  "an encrypted hello": {
    says: "inconclusive ech",
    endpoints: api,
    rules: [tlsRule],
    frames: tlsConnection(FROM, TO, 10, clientHello("api.example.com", { ech: true })),
  },
  hearsay: {
    says: "inconclusive dns-of-another",
    endpoints: api,
    rules: [tlsRule],
    frames: [
      ...lookUp("10.0.0.9", RESOLVER, "api.example.com", [FAR], 0),
      ...tlsConnection(FROM, TO, 10, clientHello(null)),
    ],
  },
  "one direction": {
    says: "inconclusive one-direction",
    endpoints: api,
    rules: [tlsRule],
    frames: good.filter((_, i) => i === 0 || i === 2 || i === 3),
  },
  "never came up": { says: "inconclusive never-came-up", endpoints: byAddress, rules: [tlsRule], frames: [syn(0)] },
  "an alert": {
    says: "inconclusive never-came-up",
    endpoints: api,
    rules: [tlsRule],
    frames: connection(FROM, TO, 0, [
      [">", hello],
      ["<", alert(40)],
    ]),
  },
  "a hole before it was up": {
    says: "inconclusive hole",
    endpoints: api,
    rules: [tlsRule],
    frames: connection(FROM, TO, 0, [
      [">", hello],
      ["<", serverHello()],
      ["<", upRecords()],
    ]).filter((_, i) => i !== 4),
  },
  "the other end's role is bound to nobody": {
    says: "inconclusive role-not-bound",
    rules: [{ ...tlsRule, to: "peer" }],
    frames: good,
  },
  "a parameter that was not given": {
    says: "inconclusive parameter-missing",
    endpoints: api,
    parameters: { region: { values: ["us", "eu"] } },
    rules: [{ ...tlsRule, when: { region: "us" } }],
    frames: good,
  },
  "no word of the application": {
    says: "inconclusive app-unseen",
    endpoints: byAddress,
    rules: [tlsRule],
    frames: [
      tcpFrame({ from: FROM, to: TO, flags: "A", seq: 9, ack: 9, ms: 0, data: ascii("?") }),
      tcpFrame({ from: TO, to: FROM, flags: "SA", seq: 1, ack: 1, ms: 1 }),
    ],
  },
  "nobody saw who opened it": {
    says: "inconclusive initiator-unknown",
    endpoints: byAddress,
    rules: [anyRule],
    frames: [
      tcpFrame({ from: FROM, to: TO, flags: "A", seq: 9, ack: 9, ms: 0, data: ascii("?") }),
      tcpFrame({ from: TO, to: FROM, flags: "A", seq: 9, ack: 9, ms: 1, data: ascii("!") }),
    ],
  },
  "no rule": {
    says: "undocumented no-rule",
    endpoints: byAddress,
    rules: [tlsRule],
    frames: [syn(0, FROM, `${FAR}:8443`)],
  },
  "a condition that is off": {
    says: "undocumented condition-off",
    endpoints: api,
    parameters: { region: { values: ["us", "eu"], default: "eu" } },
    rules: [{ ...tlsRule, when: { region: "us" } }],
    frames: good,
  },
};

const reachedCodes = new Set<string>();

for (const [what, scene] of Object.entries(CONVERSATIONS)) {
  test.serial(`conversation: ${what}`, async (t) => {
    const { said } = await play(scene);
    const rows = [...said.conversations.values()].filter((row) => row.responder === (scene.with ?? FAR));
    t.deepEqual(
      rows.map((row) => `${row.verdict} ${row.reason_code}`),
      [scene.says],
    );
    reachedCodes.add(rows[0]!.reason_code!);
  });
}

// ---- nearest miss

const NEAREST: Record<string, { rule: Record<string, unknown>; frames: Frame[]; clause: string }> = {
  "another port": { rule: tlsRule, frames: tlsConnection(FROM, `${FAR}:8443`, 0, hello), clause: "over" },
  "another name": { rule: tlsRule, frames: tlsConnection(FROM, TO, 0, clientHello("x.example.net")), clause: "whom" },
  "another application": {
    rule: { ...tlsRule, app: "http" },
    frames: good,
    clause: "app",
  },
  "another opener": {
    rule: { ...tlsRule, from: "peer", to: "host" },
    frames: tlsConnection("10.0.0.9:40000", `${HOST}:443`, 0, hello),
    clause: "who",
  },
  "the other way round": {
    rule: { ...tlsRule, from: "peer", to: "host" },
    frames: tlsConnection(FROM, `${PEER}:443`, 0, hello),
    clause: "whom",
  },
};
for (const [what, { rule, frames, clause }] of Object.entries(NEAREST)) {
  test(`nearest miss: ${what}`, async (t) => {
    const scene = { endpoints: api, rules: [rule], frames, bind: [`host=${HOST}`, `peer=${PEER}`] };
    const { said } = await play(scene);
    const rows = [...said.conversations.values()];
    t.deepEqual(
      rows.map((row) => [row.verdict, row.evidence?.nearest?.rule_id, row.evidence?.nearest?.clause]),
      [["undocumented", "r", clause]],
    );
  });
}

test("nearest miss: none where nothing is shared", async (t) => {
  const { said } = await play({ endpoints: api, rules: [tlsRule], frames: [datagram(0)] });
  t.is([...said.conversations.values()][0]!.evidence!.nearest, null);
});

// ---- rules

const RULES: Record<string, Scene & { says: string }> = {
  met: { says: "met met", endpoints: api, rules: [tlsRule], frames: good },
  "a broken expectation": {
    says: "violated expectation-broken",
    endpoints: api,
    rules: [{ ...tlsRule, expect: { "tls.version": "at least 1.3" } }],
    frames: [...good, ...busy],
  },
  touched: {
    says: "violated touched",
    endpoints: byAddress,
    rules: [{ ...anyRule, requirement: "forbidden" }],
    frames: good,
  },
  "forbidden and not touched": {
    says: "unused unused",
    endpoints: byAddress,
    rules: [{ ...anyRule, requirement: "forbidden" }],
    frames: busy,
  },
  "refused by RST": { says: "blocked refused", endpoints: byAddress, rules: [tlsRule], frames: [syn(0), reset(1)] },
  "refused by ICMP": {
    says: "blocked refused",
    endpoints: byAddress,
    rules: [tlsRule],
    frames: [syn(0), icmpFrame({ from: "10.0.0.254", to: HOST, ms: 1, type: 3, code: 13, quote: syn(0) })],
  },
  "refused once, then up": {
    says: "met met",
    endpoints: api,
    rules: [tlsRule],
    frames: [syn(0), reset(1), ...tlsConnection(`${HOST}:40001`, TO, 10, hello)],
  },
  "unanswered, while others answer": {
    says: "blocked unanswered",
    endpoints: byAddress,
    rules: [tlsRule],
    frames: [syn(100_000), syn(101_000), ...busy],
  },
  "unanswered, and nobody answers": {
    says: "not-evaluable replies-not-visible",
    endpoints: byAddress,
    rules: [tlsRule],
    frames: [syn(0), syn(1000)],
  },
  "the name does not exist": {
    says: "blocked name-refused",
    endpoints: api,
    rules: [tlsRule],
    frames: [...nxdomain(0), ...busy],
  },
  "the name was asked for in vain": {
    says: "not-evaluable name-unresolved",
    endpoints: api,
    rules: [tlsRule],
    frames: [udpFrame({ from: FROM, to: `${RESOLVER}:53`, ms: 0, data: dnsQuery("api.example.com") }), ...busy],
  },
  "some of its endpoints": {
    says: "partial partial",
    endpoints: { api: { hosts: ["api.example.com", "ws.example.com"], need: "each" } },
    rules: [tlsRule],
    frames: [...good, ...busy],
  },
  "any of its endpoints": {
    says: "met met",
    endpoints: { api: { hosts: ["api.example.com", "ws.example.com"], need: "any" } },
    rules: [tlsRule],
    frames: [...good, ...busy],
  },
  missing: { says: "missing missing", endpoints: api, rules: [tlsRule], frames: busy },
  optional: {
    says: "unused unused",
    endpoints: api,
    rules: [{ ...tlsRule, requirement: "optional" }],
    frames: busy,
  },
  "on an occasion": {
    says: "unused unused",
    endpoints: api,
    rules: [{ ...tlsRule, on: "update" }],
    frames: busy,
  },
  "its condition is off": {
    says: "not-evaluable condition-off",
    endpoints: api,
    parameters: { region: { values: ["us", "eu"], default: "eu" } },
    rules: [{ ...tlsRule, when: { region: "us" } }],
    frames: busy,
  },
  "its parameter was not given": {
    says: "not-evaluable parameter-missing",
    endpoints: api,
    parameters: { region: { values: ["us", "eu"] } },
    rules: [{ ...tlsRule, when: { region: "us" } }],
    frames: busy,
  },
  "a role that is bound to nobody": {
    says: "not-evaluable role-not-bound",
    rules: [{ ...tlsRule, to: "peer" }],
    frames: busy,
  },
  "its host never appears": {
    says: "not-evaluable host-not-seen",
    endpoints: api,
    rules: [tlsRule],
    frames: busy,
    bind: ["host=10.77.0.1"],
  },
  "its host opens nothing": {
    says: "not-evaluable host-passive",
    endpoints: api,
    rules: [tlsRule],
    frames: [0, 601_000].flatMap((ms) => connection("10.0.0.9:40000", `${HOST}:22`, ms, [])),
  },
  "seen for too short a time": {
    says: "not-evaluable too-short",
    endpoints: api,
    rules: [tlsRule],
    frames: busy.slice(0, 5),
  },
  "its own interval is longer than the capture": {
    says: "not-evaluable too-short",
    endpoints: api,
    rules: [{ ...tlsRule, every: "24h" }],
    frames: busy,
  },
  "answers are not in the capture": {
    says: "not-evaluable one-sided",
    endpoints: api,
    rules: [tlsRule],
    frames: [0, 601_000].map((ms) => datagram(ms, FROM, "203.0.113.99:9001")),
  },
  "a candidate that proves nothing": {
    says: "not-evaluable candidate-inconclusive",
    endpoints: api,
    rules: [tlsRule],
    frames: [...tlsConnection(FROM, TO, 10, clientHello(null)), ...busy],
  },
  "evidence that fits another rule equally": {
    says: "not-evaluable same-as",
    endpoints: api,
    rules: [tlsRule, { ...tlsRule, id: "s" }],
    frames: good,
  },
  "it may be carried by another connection": {
    says: "not-evaluable may-be-carried",
    endpoints: { ...api, ws: { hosts: ["ws.example.com"] } },
    rules: [tlsRule, { ...tlsRule, id: "s", to: "ws" }],
    frames: [
      ...lookUp(HOST, RESOLVER, "api.example.com", [FAR], 0),
      ...tlsConnection(FROM, TO, 10, clientHello("ws.example.com", { alpn: "h2" })),
      ...busy,
    ],
  },
  "opened by the Internet": {
    says: "not-evaluable peer-unknown",
    rules: [{ id: "r", from: "internet", to: "host", over: "tcp/443", app: "tls" }],
    frames: busy,
  },
  "needed only if another fails": {
    says: "unused unused",
    endpoints: { ...api, ws: { hosts: ["ws.example.com"] } },
    rules: [
      { ...tlsRule, id: "r", to: "ws", "fallback-for": "s" },
      { ...tlsRule, id: "s" },
    ],
    frames: [...good, ...busy],
  },
  "needed only if another fails, of which nobody knows": {
    says: "not-evaluable fallback",
    endpoints: { ...api, ws: { hosts: ["ws.example.com"] } },
    rules: [
      { ...tlsRule, id: "r", to: "ws", "fallback-for": "s" },
      { ...tlsRule, id: "s", every: "24h" },
    ],
    frames: busy,
  },
  "a hole in a connection that could be it": {
    says: "not-evaluable lossy",
    endpoints: api,
    rules: [tlsRule],
    frames: [
      ...lookUp(HOST, RESOLVER, "other.example.net", [FAR], 0),
      ...connection(FROM, TO, 10, [["<", serverHello()]]),
      ...busy,
    ],
  },
};

for (const [what, scene] of Object.entries(RULES)) {
  test.serial(`rule: ${what}`, async (t) => {
    const { said } = await play(scene);
    const rule = said.rules.get("m/r")!;
    t.is(`${rule.status} ${rule.reason_code}`, scene.says, rule.reason);
    reachedCodes.add(rule.reason_code);
  });
}

function nxdomain(ms: number): Frame[] {
  const [query, answer] = lookUp(HOST, RESOLVER, "api.example.com", [], ms, []);
  const refused = answer.buf;
  refused[14 + 20 + 8 + 3]! |= 3; // RCODE; the checksum is not asked about
  return [query, answer];
}

test.serial("every reason of the lists is reached", (t) => {
  const all = [...Object.keys(CONVERSATION_REASONS), ...Object.keys(RULE_REASONS)];
  const elsewhere = ["listed-range", "proxy-leg"]; // a published list is a file of the site's; proxies are not judged yet
  t.deepEqual(all.filter((code) => !reachedCodes.has(code)).sort(), elsewhere);
});
