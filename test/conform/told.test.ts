/** What a verdict's sentence says of what stands in the way, and of which rule where several come into question. */
import test from "ava";
import { spokenOf } from "../../src/report/findings.ts";
import { fixturesOf } from "../support/decoder-fixtures.ts";
import { icmpFrame, udpFrame } from "../support/frames.ts";
import { ascii, hex } from "../support/hex.ts";
import { judgeFrames } from "../support/judged.ts";
import {
  alert,
  clientHello,
  connection,
  dnsAnswer,
  dnsQuery,
  type Line,
  lookUp,
  serverHello,
  tlsConnection,
  upRecords,
} from "../support/talk.ts";
import { HOST, PEER, play, RESOLVER, type Scene } from "./scene.ts";
import { busy, byAddress, FAR, FROM, reset, syn, TO } from "./stage.ts";

const HOUR = 3_600_000;
const endpoints = { first: { hosts: ["first.example.org"] }, api: { hosts: ["api.example.com"] } };
const over = { over: "tcp/443", app: "tls" };
const rules = [
  { id: "first", to: "first", ...over },
  { id: "api", to: "api", ...over },
];
const unnamed = (ms: number) => tlsConnection(FROM, TO, ms, clientHello(null));

const toldOf = async (scene: Scene, responder = FAR) => {
  const { said } = await play(scene);
  const row = [...said.conversations.values()].find((one) => one.responder === responder)!;
  return { code: row.reason_code, rule: row.rule_id, reason: row.reason! };
};

test("of rules that it could be, the one that something speaks for", async (t) => {
  const another = lookUp("10.0.0.99", RESOLVER, "api.example.com", [FAR], 0);
  const told = await toldOf({ endpoints, rules, frames: [...another, ...unnamed(100)] });
  t.is(`${told.code} ${told.rule}`, "dns-of-another api");
  const outer = tlsConnection(FROM, TO, 0, clientHello("api.example.com", { ech: true }));
  const hidden = await toldOf({ endpoints, rules, frames: outer });
  t.is(`${hidden.code} ${hidden.rule}`, "ech api");
});

test("an answer of the day before yesterday is no answer, and is not denied either", async (t) => {
  const asked = lookUp(HOST, RESOLVER, "api.example.com", [FAR], 0);
  const told = await toldOf({ endpoints, rules: rules.slice(1), frames: [...asked, ...unnamed(50 * HOUR)] });
  t.is(told.code, "address-unresolved");
  t.regex(told.reason, /DNS gave it to 10\.0\.0\.5 for api\.example\.com 50 hours before, which is too long ago/);
  const never = await toldOf({ endpoints, rules: rules.slice(1), frames: unnamed(0) });
  t.regex(never.reason, /10\.0\.0\.5 never resolved it in the capture/);
  const late = await toldOf({
    endpoints,
    rules: rules.slice(1),
    frames: [...unnamed(0), ...lookUp(HOST, RESOLVER, "api.example.com", [FAR], 2)],
  });
  t.regex(late.reason, /DNS gave it to 10\.0\.0\.5 for api\.example\.com only after this had begun/);
});

test("a try without an answer says how often its SYN was sent", async (t) => {
  const tries = [300_000, 301_000, 303_000, 307_000].map((ms) => syn(ms));
  const { said } = await play({ endpoints: byAddress, rules: rules.slice(1), frames: [...tries, ...busy] });
  t.regex(
    said.rules.get("m/api")!.reason,
    /once, and it never came up: nothing came back, though its SYN was sent 4 times in 7 s/,
  );
});

test("the site's table is not stronger than what the host itself was told of the address", async (t) => {
  const site = { models: ["m"], roles: { host: [HOST] }, hosts: { "api.example.com": [FAR] } };
  const scene = { endpoints, rules: rules.slice(1), site, bind: [] };
  t.is((await toldOf({ ...scene, frames: unnamed(100) })).code, "rule-proved");
  const other = lookUp(HOST, RESOLVER, "x.example.net", [FAR], 0);
  const told = await toldOf({ ...scene, frames: [...other, ...unnamed(100)] });
  t.is(told.code, "shared-address");
  t.regex(
    told.reason,
    /table gives 203\.0\.113\.10 for api\.example\.com, and DNS gave it to 10\.0\.0\.5 for x\.example\.net/,
  );
});

test("another host of the site is told by its role", async (t) => {
  const frames = tlsConnection(FROM, `${PEER}:443`, 0, clientHello(null));
  const told = await toldOf({ endpoints, rules, frames, bind: [`host=${HOST}`, `peer=${PEER}`] }, PEER);
  t.is(told.reason, "10.0.0.6 is peer, and not first.example.org");
});

test("what is inside TLS no better capture would show, and what a late capture lacks one would", async (t) => {
  const asks = { id: "r", to: "role:peer", over: "tcp/5562", app: "any", expect: { operations: "at most read" } };
  const bind = [`host=${HOST}`, `peer=${PEER}`];
  const frames = connection(FROM, `${PEER}:5562`, 0, [
    [">", clientHello(null)],
    ["<", serverHello()],
    [">", upRecords()],
    ["<", upRecords()],
  ]);
  const whole = await toldOf({ rules: [asks], frames, bind }, PEER);
  t.regex(whole.reason, /no operation can be read inside TLS; would decide: look into the logs of both ends$/);
});

test("a handshake that several protocols begin with, and no more, is neither of them", async (t) => {
  const cotp = (code: string) => hex(`0300 0016 11 ${code} 0000 0001 00 c102 0100 c202 0102 c001 0a`);
  const bind = [`host=${HOST}`, `peer=${PEER}`];
  const end: Line[] = [
    [">", "F"],
    ["<", "F"],
  ];
  const played = async (app: string, lines: readonly Line[]) => {
    const rule = { id: "r", to: "role:peer", over: "tcp/102", app };
    return toldOf({ rules: [rule], frames: connection(FROM, `${PEER}:102`, 0, lines), bind }, PEER);
  };
  const greeted: Line[] = [
    [">", cotp("e0")],
    ["<", cotp("d0")],
  ];
  const told = await played("s7comm", [...greeted, ...end]);
  t.is(told.code, "app-unseen");
  t.regex(told.reason, /could be r: it ended before it said whether it is s7comm, which begins like that/);
  t.is((await played("modbus", [...greeted, ...end])).code, "no-rule");
});

test("a violation is shown by what broke it before all else", async (t) => {
  const rule = { id: "r", to: "role:peer", over: "tcp/502", app: "modbus", expect: { operations: "at most read" } };
  const frames = connection(FROM, `${PEER}:502`, 0, [
    [">", hex`0001 0000 0006 01 03 0000 0002`],
    ["<", hex`0001 0000 0007 01 03 04 0001 0002`],
    [">", hex`0002 0000 0006 01 06 0001 0003`],
    ["<", hex`0002 0000 0006 01 06 0001 0003`],
  ]);
  const { said } = await play({ rules: [rule], frames, bind: [`host=${HOST}`, `peer=${PEER}`] });
  const [row] = [...said.conversations.values()];
  t.is(row!.reason_code, "expectation-broken");
  t.deepEqual(
    spokenOf(row!)
      .slice(0, 2)
      .map(({ frame }) => frame),
    [6, 7],
  );
});

test("a proxy's refusal is told with what it means", async (t) => {
  const target = "api.example.com:443";
  const frames = connection(FROM, `${PEER}:3128`, 0, [
    [">", ascii(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`)],
    ["<", ascii("HTTP/1.1 407 Authenticate\r\nContent-Length: 0\r\n\r\n")],
  ]);
  const told = await toldOf({ endpoints, rules, frames, bind: [`host=${HOST}`, `proxy=${PEER}`] }, PEER);
  t.is(told.code, "never-came-up");
  t.regex(told.reason, /could be api: the proxy answered HTTP 407 \(it asks for a user name and a password\)/);
});

test("whoever is judged, what every host does is background: of hosts without a role as well where all are judged", async (t) => {
  const frames = lookUp("10.0.0.99", RESOLVER, "other.example.com", [FAR], 0);
  const { trial } = await play({ endpoints, rules, frames });
  const verdicts = (scope: "judged" | "all") =>
    [...judgeFrames({ ...trial, options: { ...trial.options, scope } }, frames).conversations.values()].map(
      ({ verdict }) => verdict as string,
    );
  t.deepEqual(verdicts("judged"), ["unrelated"]);
  t.deepEqual(verdicts("all"), ["ignored"]);
});

test("of a violation what broke it stands first, whatever else speaks against it stands before it in the capture", async (t) => {
  const old = [
    ...tlsConnection(FROM, TO, 10, clientHello("api.example.com"), 0x0304),
    ...tlsConnection(`${HOST}:40001`, TO, 40, clientHello("api.example.com"), 0x0302),
  ];
  const plain = { id: "plain", to: "api", over: "tcp/443", app: "http" };
  const api = { id: "api", to: "api", ...over, expect: { "tls.version": "at least 1.2" } };
  const { said } = await play({ endpoints, rules: [plain, api], frames: old });
  const [row] = [...said.conversations.values()].filter(({ verdict }) => verdict === "violation");
  const [first, ...others] = row!.evidence!.against;
  t.is(first!.what, "TLS 1.1");
  t.true(others.some(({ frame }) => frame < first!.frame));
  t.is(spokenOf(row!)[0]!.frame, first!.frame);
  t.is(said.rules.get("m/api")!.evidence[0]!.frame, first!.frame);
});

test("what is asked of whom names what stopped it, not the port that passes", async (t) => {
  const remedyOf = async (scene: Scene): Promise<string> => {
    const { said } = await play(scene);
    const judged = said.rules.get("m/api")!;
    t.is(judged.status, "blocked");
    return judged.remedy!;
  };
  const answer = (status: string): Line[] => [
    [">", ascii("GET / HTTP/1.1\r\nHost: api.example.com\r\n\r\n")],
    ["<", ascii(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n`)],
  ];
  const http = { id: "api", to: "api", over: "tcp/443", app: "http" };
  for (const [status, by] of [
    ["403 Forbidden", "the filter, or the far end itself, that answered HTTP 403"],
    ["407 Proxy Authentication Required", "the proxy on the way that answered HTTP 407"],
    ["451 Unavailable For Legal Reasons", "whoever answered HTTP 451"],
  ] as const) {
    const remedy = await remedyOf({ endpoints, rules: [http], frames: connection(FROM, TO, 0, answer(status)) });
    t.is(
      remedy,
      `let requests of 10.0.0.5 for api.example.com (203.0.113.10) through at ${by}: tcp/443 itself passes (documented under 1)`,
    );
  }
  for (const [status, ask] of [
    ["403 Forbidden", "at the proxy 10.0.0.80, allow tcp/443 from 10.0.0.5 to api.example.com"],
    [
      "407 Proxy Authentication Required",
      "give 10.0.0.5 a user name and a password for the proxy 10.0.0.80, or allow tcp/443 from it to api.example.com there without them",
    ],
  ] as const) {
    const connect: Line[] = [
      [">", ascii("CONNECT api.example.com:443 HTTP/1.1\r\nHost: api.example.com:443\r\n\r\n")],
      ["<", ascii(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n`)],
    ];
    const proxied = await remedyOf({
      endpoints,
      rules: [{ id: "api", to: "api", ...over }],
      bind: [`host=${HOST}`, "proxy=10.0.0.80"],
      frames: connection(FROM, "10.0.0.80:3128", 0, connect),
    });
    t.is(proxied, `${ask} (documented under 1)`);
  }
  // A page in clear behind a TLS hello, and the client that leaves at it, by an alert or without a word.
  const page: Line[] = [
    [">", clientHello("api.example.com")],
    ["<", ascii("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")],
  ];
  for (const end of [alert(70), "FA"]) {
    const frames = connection(FROM, TO, 0, [...page, [">", end]]);
    const remedy = await remedyOf({ endpoints, rules: [{ id: "api", to: "api", ...over }], frames });
    t.regex(
      remedy,
      /^let the TLS connection of 10\.0\.0\.5 to .* through at whoever answered its hello in clear \(HTTP/,
    );
  }
  const own = await remedyOf({
    endpoints: byAddress,
    rules: [{ id: "api", to: "api", ...over }],
    frames: [...connection(`${HOST}:40009`, `${FAR}:8080`, 0, answer("200 OK")), syn(900), reset(950)],
  });
  t.regex(own, /^look whether anything listens on tcp\/443 of 203\.0\.113\.10: the refusal came from as far away/);
  // The far end itself says that its port is closed; a router, or that it is prohibited, is a firewall's word.
  for (const [from, code, told] of [
    [FAR, 3, /^look whether anything listens on tcp\/443 of 203\.0\.113\.10: the ICMP error came from its own address/],
    ["10.0.0.254", 3, /^allow tcp\/443 from 10\.0\.0\.5 to 203\.0\.113\.10/],
    [FAR, 13, /^allow tcp\/443 from 10\.0\.0\.5 to 203\.0\.113\.10/],
    [
      "10.0.0.254",
      1,
      /^look whether anybody has the address of 203\.0\.113\.10 and a route leads there, which the ICMP error/,
    ],
  ] as const) {
    const frames = [syn(0), icmpFrame({ from, to: HOST, ms: 1, type: 3, code, quote: syn(0) })];
    t.regex(await remedyOf({ endpoints: byAddress, rules: [{ id: "api", to: "api", ...over }], frames }), told);
  }
});

/** What answered: its protocol and port, the fixtures of question and answer, and how the clause "up" tells it. */
const ANSWERS: readonly (readonly [
  app: string,
  port: number,
  file: string,
  question: string,
  answer: string,
  says: RegExp,
])[] = [
  ["stun", 3478, "allocate", "first request", "challenge", /^it was answered$/],
  [
    "stun",
    3478,
    "classic",
    "connectivity check",
    "role conflict",
    /^it was answered, by errors alone \(Role Conflict\): reached, /,
  ],
  ["radius", 1812, "access", "request", "accept", /^it was answered$/],
  ["snmp", 161, "set", "set", "response", /^it was answered, by errors alone: reached, and not served$/],
];

for (const [app, port, file, question, answer, says] of ANSWERS)
  test(`${app}, ${question} and ${answer}: it came up, whatever the answer denies`, async (t) => {
    const of = (title: string): Uint8Array =>
      fixturesOf(app).find((one) => one.title === title && one.file.endsWith(`/${file}.md`))!.bytes;
    const [from, to] = [FROM, `${FAR}:${port}`];
    const frames = [
      udpFrame({ from, to, ms: 0, data: of(question) }),
      udpFrame({ from: to, to: from, ms: 1, data: of(answer) }),
    ];
    const { said } = await play({
      endpoints: byAddress,
      rules: [{ id: "r", to: "api", over: `udp/${port}`, app }],
      frames,
    });
    const row = [...said.conversations.values()].find(({ responder }) => responder === FAR);
    t.is(row?.verdict, "documented");
    t.regex(row?.evidence?.clauses.find(({ clause }) => clause === "up")?.says ?? "", says);
  });

test("hosts that never appear are told in one sentence where there are several", async (t) => {
  const peers = ["10.9.0.1", "10.9.0.2", "10.9.0.3"];
  const { said } = await play({ endpoints, rules, frames: unnamed(0), bind: [`host=${HOST}`, `peer=${peers.join()}`] });
  const { warnings } = said.result.run;
  t.deepEqual(
    warnings.filter((text) => text.includes("never appear")),
    ["3 bound hosts never appear in the capture: peer (10.9.0.1, 10.9.0.2, 10.9.0.3)."],
  );
});

test("an inside host is no public name's by itself", async (t) => {
  const frames = tlsConnection(FROM, "10.60.0.78:443", 0, clientHello(null));
  const told = await toldOf({ endpoints, rules: rules.slice(1), frames }, "10.60.0.78");
  t.regex(
    told.reason,
    /is an inside address, and could stand for api\.example\.com only if the site leads that name inside/,
  );
});

test("what a server says to a TLS hello that is no TLS, and that it says nothing", async (t) => {
  const toHello = (lines: Line[]) =>
    toldOf({ endpoints, rules: rules.slice(1), frames: connection(FROM, TO, 0, [[">", hello], ...lines]) });
  const hello = clientHello("api.example.com");
  const page = ascii("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
  const other = await toHello([
    ["<", page],
    [">", "FA"],
  ]);
  t.regex(other.reason, /the far end answered the TLS hello by something that is no TLS \(HTTP response 400\)/);
  t.regex(
    (await toHello([["<", "A"]])).reason,
    /the TLS hello was acknowledged, and no answer to it is in the capture/,
  );
  t.regex((await toHello([["<", serverHello()]])).reason, /does not show that both ends finished/);
});

test("whose beginning is missing may have sent a name", async (t) => {
  const told = await toldOf({ endpoints, rules, frames: unnamed(0).slice(4) });
  t.regex(
    told.reason,
    /what the client said first is not in the capture and .* never resolved it .* restart the service/,
  );
  const lost = await toldOf({ endpoints, rules, frames: unnamed(0).toSpliced(3, 1) });
  t.regex(lost.reason, /what the client said first is not in the capture and .* capture again without loss/);
});

test("where nothing is said behind a proxy's consent, nobody is sent to look for packets that were lost", async (t) => {
  const proxy = "10.0.0.80";
  const lines: Line[] = [
    [">", ascii("CONNECT api.example.com:443 HTTP/1.1\r\n\r\n")],
    ["<", ascii("HTTP/1.1 200 OK\r\n\r\n")],
    [">", "FA"],
    ["<", "FA"],
  ];
  const frames = connection(FROM, `${proxy}:3128`, 0, lines);
  const bind = [`host=${HOST}`, `proxy=${proxy}`];
  const { reason } = await toldOf({ endpoints, rules, bind, frames }, proxy);
  t.regex(reason, /nothing that it said behind the proxy's consent is in the capture/);
});

test("an address that is documented by an alias alone is told by both names", async (t) => {
  const asked = lookUp(HOST, RESOLVER, "x.example.net", [FAR], 0, [
    { name: "x.example.net", type: "CNAME", data: "api.example.com" },
    { name: "api.example.com", type: "A", data: FAR },
  ]);
  const told = await toldOf({ endpoints, rules, frames: [...asked, ...unnamed(100)] });
  t.regex(told.reason, /for x\.example\.net, which is another name of api\.example\.com$/);
});

test("all names that were refused are told, and what was asked for each", async (t) => {
  const mirrors = ["a", "b", "c", "d"].map((one) => `${one}.example.com`);
  const frames = mirrors.flatMap((name, i) => {
    const [from, to] = [`${HOST}:${20_000 + i}`, `${RESOLVER}:53`];
    const refusal = dnsAnswer(name, [], { rcode: 3 });
    return [
      udpFrame({ from, to, ms: i, data: dnsQuery(name) }),
      udpFrame({ from: to, to: from, ms: i, data: refusal }),
    ];
  });
  const { said } = await play({ endpoints: { api: { hosts: mirrors } }, rules: rules.slice(1), frames });
  const { reason, remedy } = said.rules.get("m/api")!;
  t.regex(
    `${reason}; ${remedy}`,
    /asked for a\.example\.com, b\.\S+, c\.\S+ and 1 more 4 times.*; let .* resolve a\.\S+, b\./,
  );
});

test("a connection in which nothing was said lacks no beginning", async (t) => {
  const { reason } = await toldOf({ endpoints: byAddress, rules: rules.slice(1), frames: connection(FROM, TO, 0, []) });
  t.regex(reason, /nothing was said in it.*; would decide: capture a connection in which something is said/);
});
