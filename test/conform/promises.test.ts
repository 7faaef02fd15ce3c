/**
 * The four promises of "Proof, not absence" on small scenes, in the parts of each that `every-part.ts` has: what real
 * captures rarely hold, from names that contradict each other to protocols that share a flow.
 */
import test from "ava";
import type { Frame } from "../../src/capture/frame.ts";
import { fixturesOf } from "../support/decoder-fixtures.ts";
import { arpFrame, START_SEC, tcpFrame, udpFrame } from "../support/frames.ts";
import { ascii, concat } from "../support/hex.ts";
import { judgeFrames, keyOf } from "../support/judged.ts";
import { bytes } from "../support/packets.ts";
import { supported } from "../support/promises.ts";
import {
  alert,
  clientHello,
  connection,
  type Line,
  lookUp,
  serverHello,
  stun,
  tlsConnection,
  upRecords,
} from "../support/talk.ts";
import { CONVERSATIONS, contending } from "./conversation-scenes.ts";
import { brokenBySomePart } from "./every-part.ts";
import { besideExact } from "./rule-scenes.ts";
import { HOST, play, RESOLVER, type Scene, trialOf } from "./scene.ts";

const FAR = "203.0.113.10";
const FROM = `${HOST}:40000`;
const TO = `${FAR}:443`;
const api = { api: { hosts: ["api.example.com"] } };
const both = { api: { hosts: ["api.example.com"], addresses: [FAR], need: "any" } };
const tlsRule = { id: "r", to: "api", over: "tcp/443", app: "tls" };
const anyRule = { id: "r", to: "api", over: "tcp/443", app: "any" };
const dns = (name: string, ms: number, address = FAR) => lookUp(HOST, RESOLVER, name, [address], ms);
const http = (host: string): Uint8Array => ascii(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);

const beside = (scene: Scene, frames: readonly Frame[]): Scene => ({ ...scene, frames: [...scene.frames, ...frames] });

/** The midnight that follows the scenes' first packet, and the day that it ends. */
const LAST_DAY = new Date(START_SEC * 1_000).toISOString().slice(0, 10);
const MIDNIGHT_MS = 86_400_000 - (START_SEC % 86_400) * 1_000;

interface Trying extends Scene {
  what: string;
  /** Verdict of the conversation with `FAR` in the whole. */
  verdict: string;
}

const SCENES: readonly Trying[] = [
  {
    what: "the client sends the documented name",
    verdict: "documented",
    endpoints: api,
    rules: [tlsRule],
    frames: tlsConnection(FROM, TO, 10, clientHello("api.example.com")),
  },
  {
    what: "the client sends another name than DNS gave",
    verdict: "undocumented",
    endpoints: api,
    rules: [tlsRule],
    frames: [...dns("api.example.com", 0), ...tlsConnection(FROM, TO, 10, clientHello("other.example.net"))],
  },
  {
    what: "DNS gave a documented address for another name",
    verdict: "inconclusive",
    endpoints: both,
    rules: [tlsRule],
    frames: [...dns("other.example.net", 0), ...tlsConnection(FROM, TO, 10, clientHello(null))],
  },
  {
    what: "a wildcard, of which all that was seen has a row of its own",
    verdict: "documented",
    ...besideExact("optional"),
  },
  {
    what: "the third request says of what kind its content is",
    verdict: "documented",
    endpoints: api,
    rules: [{ ...tlsRule, app: "http", expect: { "content-type": "text/html" } }],
    frames: connection(
      FROM,
      TO,
      10,
      ["", "", "Content-Type: text/html\r\n"].flatMap((kind): Line[] => [
        [">", ascii(`GET / HTTP/1.1\r\nHost: api.example.com\r\n${kind}\r\n`)],
        ["<", ascii("HTTP/1.1 204 No Content\r\n\r\n")],
      ]),
    ),
  },
  {
    what: "two answers to one question disagree",
    verdict: "inconclusive",
    ...contending([[FAR], ["203.0.113.66"]]),
  },
  {
    what: "two answers to one question disagree, and another name has the address",
    verdict: "inconclusive",
    ...beside(contending([[FAR], ["203.0.113.66"]]), dns("other.example.net", 8)),
  },
  {
    what: "the question was sent again, and answered otherwise",
    verdict: "documented",
    ...contending([[FAR], ["203.0.113.66"]], 2),
  },
  {
    what: "DNS gave the address for two names",
    verdict: "inconclusive",
    endpoints: api,
    rules: [tlsRule],
    frames: [
      ...dns("api.example.com", 0),
      ...dns("other.example.net", 5),
      ...tlsConnection(FROM, TO, 10, clientHello(null)),
    ],
  },
  {
    what: "DNS gave the address for two names of two rules",
    verdict: "documented",
    endpoints: { ...api, ws: { hosts: ["ws.example.com"] } },
    rules: [tlsRule, { id: "s", to: "ws", over: "tcp/443", app: "tls" }],
    frames: [
      ...dns("api.example.com", 0),
      ...dns("ws.example.com", 5),
      ...tlsConnection(FROM, TO, 10, clientHello("api.example.com")),
    ],
  },
  {
    what: "the name that was sent is contradicted",
    verdict: "inconclusive",
    endpoints: api,
    rules: [tlsRule],
    frames: [
      ...dns("api.example.com", 0, "203.0.113.77"),
      ...dns("other.example.net", 5),
      ...tlsConnection(FROM, TO, 10, clientHello("api.example.com")),
    ],
  },
  {
    what: "the name that was sent is the cover of an encrypted hello",
    verdict: "inconclusive",
    endpoints: api,
    rules: [tlsRule],
    frames: [
      ...dns("api.example.com", 0),
      lookUp(HOST, RESOLVER, "x.example.net", [], 5, [
        { name: "x.example.net", type: "HTTPS", data: "api.example.com" },
      ])[1],
      ...tlsConnection(FROM, TO, 10, clientHello("api.example.com", { ech: true })),
    ],
  },
  {
    what: "an encrypted hello whose outer name DNS gave",
    verdict: "documented",
    endpoints: api,
    rules: [tlsRule],
    frames: [
      ...dns("api.example.com", 0),
      ...tlsConnection(FROM, TO, 10, clientHello("api.example.com", { ech: true })),
    ],
  },
  {
    what: "the answer comes when the flow has begun",
    verdict: "inconclusive",
    endpoints: api,
    rules: [{ id: "r", to: "api", over: "udp/3478", app: "stun" }],
    frames: [
      udpFrame({ from: FROM, to: `${FAR}:3478`, ms: 0, data: stun(0x0001) }),
      ...dns("api.example.com", 5),
      ...stunExchange(20, 2),
    ],
  },
  {
    what: "DNS gave another name before the flow, and the documented one after it had begun",
    verdict: "inconclusive",
    endpoints: api,
    rules: [{ id: "r", to: "api", over: "udp/3478", app: "stun" }],
    frames: [
      ...dns("other.example.net", 0),
      ...stunExchange(10, 1),
      ...dns("api.example.com", 15),
      ...stunExchange(20, 2),
    ],
  },
  {
    what: "a request without an answer, and indications that want none",
    verdict: "inconclusive",
    endpoints: { api: { addresses: [FAR] } },
    rules: [{ id: "r", to: "api", over: "udp/3478", app: "stun" }],
    frames: [0x0011, 0x0001, 0x0011, 0x0011].map((type, i) =>
      udpFrame({ from: FROM, to: `${FAR}:3478`, ms: i * 10, data: stun(type, i) }),
    ),
  },
  {
    what: "a forbidden name that DNS gave and the client does not send",
    verdict: "undocumented",
    endpoints: api,
    rules: [{ ...anyRule, requirement: "forbidden" }],
    frames: [...dns("api.example.com", 0), ...tlsConnection(FROM, TO, 10, clientHello("other.example.net"))],
  },
  {
    what: "a forbidden application's port used by another",
    verdict: "undocumented",
    endpoints: { api: { addresses: [FAR] } },
    rules: [{ id: "r", to: "api", over: "tcp/443", app: "http", requirement: "forbidden" }],
    frames: tlsConnection(FROM, TO, 10, clientHello("api.example.com")),
  },
  {
    what: "another application on the resolver's port",
    verdict: "undocumented",
    endpoints: api,
    rules: [tlsRule],
    frames: tlsConnection(FROM, "10.0.0.99:53", 10, clientHello("other.example.net")),
  },
  {
    what: "two connections, one ended by an alert",
    verdict: "documented",
    endpoints: api,
    rules: [tlsRule],
    frames: [
      ...tlsConnection(FROM, TO, 10, clientHello("api.example.com")),
      ...connection(`${HOST}:40001`, TO, 40, [
        [">", clientHello("api.example.com")],
        ["<", alert(40)],
      ]),
    ],
  },
  {
    what: "two connections, both ended by an alert",
    verdict: "inconclusive",
    endpoints: api,
    rules: [tlsRule],
    frames: [FROM, `${HOST}:40001`].flatMap((from, i) =>
      connection(from, TO, 10 + i * 30, [
        [">", clientHello("api.example.com")],
        ["<", serverHello()],
        ["<", alert(40)],
      ]),
    ),
  },
  {
    what: "too old a version",
    verdict: "violation",
    endpoints: api,
    rules: [{ ...tlsRule, expect: { "tls.version": "at least 1.2" } }],
    frames: tlsConnection(FROM, TO, 10, clientHello("api.example.com"), 0x0301),
  },
  {
    what: "a version that is new enough",
    verdict: "documented",
    endpoints: api,
    rules: [{ ...tlsRule, expect: { "tls.version": "at least 1.2" } }],
    frames: tlsConnection(FROM, TO, 10, clientHello("api.example.com"), 0x0303),
  },
  {
    what: "two rules that one conversation fits equally, and another that fits one of them",
    verdict: "documented",
    endpoints: { api: { hosts: ["a.example.com", "b.example.com"], need: "any" }, one: { hosts: ["a.example.com"] } },
    rules: [
      { ...tlsRule, id: "r" },
      { ...tlsRule, id: "s", to: "one" },
    ],
    frames: [
      ...connection(FROM, TO, 10, [
        [">", clientHello("a.example.com")],
        ["<", serverHello()],
        [">", upRecords()],
      ]),
      ...connection(`${HOST}:40001`, TO, 40, [
        [">", clientHello("b.example.com")],
        ["<", serverHello()],
        [">", upRecords()],
      ]),
    ],
  },
  {
    what: "a reply where none is documented",
    verdict: "violation",
    endpoints: { api: { addresses: [FAR] } },
    rules: [{ id: "r", to: "api", over: "udp/9000", app: "any", expect: { reply: "none" } }],
    frames: [
      udpFrame({ from: FROM, to: `${FAR}:9000`, ms: 0, data: ascii("a") }),
      udpFrame({ from: FROM, to: `${FAR}:9000`, ms: 5, data: ascii("b") }),
      udpFrame({ from: `${FAR}:9000`, to: FROM, ms: 9, data: ascii("c") }),
      udpFrame({ from: `${FAR}:9000`, to: FROM, ms: 12, data: ascii("d") }),
    ],
  },
  {
    what: "two packets where one is documented",
    verdict: "violation",
    endpoints: { api: { addresses: [FAR] } },
    rules: [
      { id: "r", to: "api", over: "udp/9000", app: "any", expect: { packets: "at most 1 a burst", reply: "none" } },
    ],
    frames: [0, 100, 300].map((ms) => udpFrame({ from: FROM, to: `${FAR}:9000`, ms, data: ascii("a") })),
  },
  {
    what: "bursts of two where two are documented, and one of three",
    verdict: "violation",
    endpoints: { api: { addresses: [FAR] } },
    rules: [{ id: "r", to: "api", over: "udp/9000", app: "any", expect: { packets: "at most 2 a burst" } }],
    frames: [0, 100, 20_000, 29_000, 38_000, 60_000].map((ms) =>
      udpFrame({ from: FROM, to: `${FAR}:9000`, ms, data: ascii(`at ${ms}`) }),
    ),
  },
  {
    what: "bursts of two where two are documented, close enough to be one of four",
    verdict: "documented",
    endpoints: { api: { addresses: [FAR] } },
    rules: [
      { id: "r", to: "api", over: "udp/9000", app: "any", expect: { packets: "at most 2 a burst", reply: "none" } },
    ],
    frames: [0, 9_000, 19_000, 20_000].map((ms) =>
      udpFrame({ from: FROM, to: `${FAR}:9000`, ms, data: ascii(`at ${ms}`) }),
    ),
  },
  {
    what: "datagrams to a retired address that began on its last day",
    verdict: "violation",
    endpoints: { api: { addresses: [FAR] } },
    rules: [{ id: "r", to: "api", over: "udp/9000", app: "any", requirement: "retired", "last-day": LAST_DAY }],
    frames: [-900, -400, 200, 700].map((ms) =>
      udpFrame({ from: FROM, to: `${FAR}:9000`, ms: MIDNIGHT_MS + ms, data: ascii(`at ${ms}`) }),
    ),
  },
  {
    what: "a connection to a retired address that was opened on its last day",
    verdict: "documented",
    endpoints: { api: { addresses: [FAR] } },
    rules: [{ ...tlsRule, requirement: "retired", "last-day": LAST_DAY }],
    frames: tlsConnection(FROM, TO, MIDNIGHT_MS - 1, clientHello("api.example.com")),
  },
  {
    what: "a connection to a retired address that was opened the day after",
    verdict: "violation",
    endpoints: { api: { addresses: [FAR] } },
    rules: [{ ...tlsRule, requirement: "retired", "last-day": LAST_DAY }],
    frames: tlsConnection(FROM, TO, MIDNIGHT_MS + 1, clientHello("api.example.com")),
  },
  {
    what: "any application by a DNS name, and the client asks for another",
    verdict: "undocumented",
    endpoints: api,
    rules: [anyRule],
    frames: [...dns("api.example.com", 0), ...tlsConnection(FROM, TO, 10, clientHello("other.example.net"))],
  },
  {
    what: "any application by a DNS name, and the client says something",
    verdict: "documented",
    endpoints: api,
    rules: [anyRule],
    frames: [
      ...dns("api.example.com", 0),
      ...connection(FROM, TO, 10, [
        ["<", ascii("ready 1.0\r\n")],
        [">", ascii("hello there")],
        [">", ascii("and more")],
      ]),
    ],
  },
  {
    what: "any application by a DNS name, and nothing but a handshake",
    verdict: "inconclusive",
    endpoints: api,
    rules: [anyRule],
    frames: [...dns("api.example.com", 0), ...connection(FROM, TO, 10, [])],
  },
  {
    what: "any application by a DNS name, and the client closes without a word",
    verdict: "documented",
    endpoints: api,
    rules: [anyRule],
    frames: [...dns("api.example.com", 0), ...connection(FROM, TO, 10, [[">", "FA"]])],
  },
  {
    what: "any application on the far end's port, and the far end is the one that asks",
    verdict: "inconclusive",
    endpoints: { api: { addresses: [FAR] } },
    rules: [{ id: "r", to: "api", over: "udp/9000", app: "any" }],
    frames: [
      udpFrame({ from: FROM, to: `${FAR}:9000`, ms: 0, data: ascii("something of its own") }),
      udpFrame({ from: `${FAR}:9000`, to: FROM, ms: 5, data: stun(0x0001, 1) }),
      udpFrame({ from: FROM, to: `${FAR}:9000`, ms: 7, data: stun(0x0101, 1) }),
      udpFrame({ from: `${FAR}:9000`, to: FROM, ms: 9, data: ascii("and an answer to it") }),
    ],
  },
  {
    what: "HTTP requests to two hosts, of which the second is documented",
    verdict: "undocumented",
    endpoints: api,
    rules: [{ id: "r", to: "api", over: "tcp/443", app: "http" }],
    frames: connection(FROM, TO, 10, [
      [">", http("other.example.net")],
      ["<", ascii("HTTP/1.1 204 No Content\r\n\r\n")],
      [">", http("api.example.com")],
      ["<", ascii("HTTP/1.1 204 No Content\r\n\r\n")],
    ]),
  },
  {
    what: "STUN that prepares DTLS, of which STUN is documented",
    verdict: "undocumented",
    endpoints: { api: { addresses: [FAR] } },
    rules: [{ id: "r", to: "api", over: "udp/3478", app: "stun" }],
    frames: prepared(),
  },
  {
    what: "STUN that prepares DTLS, of which DTLS is documented",
    verdict: "documented",
    endpoints: { api: { addresses: [FAR] } },
    rules: [{ id: "r", to: "api", over: "udp/3478", app: "dtls" }],
    frames: prepared(),
  },
  {
    what: "QUIC whose server lists its versions, sends the client back, and takes part then",
    verdict: "documented",
    ...CONVERSATIONS["QUIC, whose server did both, and then took part"]!,
  },
  {
    what: "a connection that was refused once",
    verdict: "documented",
    endpoints: api,
    rules: [tlsRule],
    frames: [
      ...dns("api.example.com", 0),
      tcpFrame({ from: FROM, to: TO, flags: "S", seq: 1, ms: 10 }),
      tcpFrame({ from: TO, to: FROM, flags: "RA", seq: 0, ack: 2, ms: 12 }),
      ...connection(`${HOST}:40001`, TO, 40, [
        [">", clientHello("api.example.com")],
        ["<", serverHello()],
        [">", upRecords()],
      ]),
    ],
  },
  {
    what: "ARP shows the host's address with two owners at once",
    verdict: "inconclusive",
    endpoints: api,
    rules: [tlsRule],
    frames: [
      ...[0, 4].map((ms) => arpFrame({ mac: "020000000005", address: HOST, ms })),
      arpFrame({ mac: "020000000006", address: HOST, ms: 2 }),
      ...tlsConnection(FROM, TO, 10, clientHello("api.example.com")),
    ],
  },
  {
    what: "HTTP on the port of TLS",
    verdict: "undocumented",
    endpoints: { api: { hosts: ["api.example.com"], addresses: [FAR], need: "any" } },
    rules: [tlsRule],
    frames: connection(FROM, TO, 10, [
      [">", http("api.example.com")],
      ["<", ascii("HTTP/1.1 204 No Content\r\n\r\n")],
    ]),
  },
];

/** Whose addresses only the capture tells: who plays a role hangs on frames itself, so these are held to the first promise. */
const BOUND_BY_NAME: readonly Trying[] = [
  ...[
    ["an answer to the host itself", lookUp(HOST, RESOLVER, "gw.example.net", [HOST], 0)],
    ["an answer to somebody else", lookUp("10.0.0.77", RESOLVER, "gw.example.net", [HOST], 0)],
    [
      "two answers",
      [
        ...lookUp("10.0.0.77", RESOLVER, "gw.example.net", [HOST], 0),
        ...lookUp(HOST, RESOLVER, "gw.example.net", [HOST], 5),
      ],
    ],
    [
      "an alias",
      lookUp("10.0.0.77", RESOLVER, "gw.example.net", [], 0, [
        { name: "gw.example.net", type: "CNAME", data: "gw-1.example.net" },
        { name: "gw-1.example.net", type: "A", data: HOST },
      ]),
    ],
  ].map(([how, frames]) => ({
    what: `who opens it is bound by a name, which ${how} resolves`,
    verdict: "documented",
    bind: ["host=gw.example.net"],
    endpoints: api,
    rules: [tlsRule],
    frames: [...(frames as Frame[]), ...tlsConnection(FROM, TO, 10, clientHello("api.example.com"))],
  })),
  {
    what: "the far end is bound by a name, which somebody else's answer resolves",
    verdict: "documented",
    bind: [`host=${HOST}`, "peer=hub.example.net"],
    rules: [{ ...tlsRule, to: "role:peer" }],
    frames: [
      ...lookUp("10.0.0.77", RESOLVER, "hub.example.net", [FAR], 0),
      ...tlsConnection(FROM, TO, 10, clientHello(null)),
    ],
  },
  {
    what: "both ends are bound by names, and the far end is an endpoint's host",
    verdict: "documented",
    bind: ["host=gw.example.net", "peer=hub.example.net"],
    parameters: { domain: { type: "name", default: "hub.example.net" } },
    endpoints: { own: { hosts: ["$domain"], role: "peer", need: "any" } },
    rules: [{ ...tlsRule, to: "own" }],
    frames: [
      ...lookUp("10.0.0.77", RESOLVER, "gw.example.net", [HOST], 0),
      ...lookUp("10.0.0.78", RESOLVER, "hub.example.net", [FAR], 5),
      ...tlsConnection(FROM, TO, 10, clientHello("hub.example.net")),
    ],
  },
];

for (const scene of [...SCENES, ...BOUND_BY_NAME]) {
  test(scene.what, async (t) => {
    const { trial, said } = await play(scene);
    const rows = [...said.conversations.values()].filter((row) => row.transport !== "udp" || row.port !== 53);
    t.true(
      rows.some((row) => row.verdict === scene.verdict),
      rows.map((row) => `${row.verdict} ${row.reason}`).join(),
    );
    for (const { what, support, holds } of supported(said)) {
      const kept = trial.frames.filter((frame) => support.has(keyOf(frame)));
      t.true(holds(judgeFrames(trial, kept)), `${what} is not proved by ${[...support].join(" ")}`);
    }
    if (!BOUND_BY_NAME.includes(scene)) t.deepEqual(brokenBySomePart(trial, said), []);
  });
}

function stunExchange(ms: number, transaction: number): Frame[] {
  return [
    udpFrame({ from: FROM, to: `${FAR}:3478`, ms, data: stun(0x0001, transaction) }),
    udpFrame({ from: `${FAR}:3478`, to: FROM, ms: ms + 2, data: stun(0x0101, transaction) }),
  ];
}

/** A path that STUN tried, and the handshake of DTLS on it. */
function prepared(): Frame[] {
  const [client, server] = fixturesOf("dtls").filter(({ file }) => file.endsWith("/dtls12.md"));
  const dtls = (from: string, to: string, ms: number, data: Uint8Array) => udpFrame({ from, to, ms, data });
  return [
    ...stunExchange(0, 1),
    dtls(FROM, `${FAR}:3478`, 10, client!.bytes),
    dtls(`${FAR}:3478`, FROM, 12, server!.bytes),
    dtls(
      FROM,
      `${FAR}:3478`,
      14,
      concat([bytes(22, 0xfe, 0xfd, 0, 1), new Uint8Array(7), bytes(40), new Uint8Array(40).fill(0xab)]),
    ),
  ];
}

test("a scene's rule that nothing speaks of is not met", async (t) => {
  const trial = await trialOf({ rules: [tlsRule], endpoints: api, frames: [] });
  t.deepEqual(
    [...judgeFrames(trial, []).rules.values()].map(({ status }) => status),
    ["not-evaluable"],
  );
});
