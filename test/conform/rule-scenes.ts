/** One scene for each status and reason of a rule: the rule `r` of model `m`. */
import type { Frame } from "../../src/capture/frame.ts";
import { arpFrame, icmpFrame, tcpFrame, udpFrame } from "../support/frames.ts";
import { ascii, concat } from "../support/hex.ts";
import { bytes } from "../support/packets.ts";
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
import { HOST, PEER, RESOLVER, type Scene } from "./scene.ts";
import { anyRule, api, busy, byAddress, datagram, FAR, FROM, good, hello, reset, syn, TO, tlsRule } from "./stage.ts";

/** The client goes, by an alert under protection, a clear one, or without a word; a RST right after the hello. */
const FLIGHT: Line[] = [
  [">", hello],
  ["<", serverHello(0x0304)],
  ["<", upRecords()],
];
/** A connection of the host's of which ten bytes are missing. */
const holed: Frame[] = [1_000, 1_020, 1_040].map((seq, i) =>
  tcpFrame({
    from: `${HOST}:40009`,
    to: "10.0.0.89:9999",
    flags: "PA",
    seq,
    ack: 1,
    ms: 90_000 + i,
    data: new Uint8Array(10),
  }),
);
/** One address for two documented names. */
const sharedAddress = [
  ...lookUp(HOST, RESOLVER, "api.example.com", [FAR], 0),
  ...lookUp(HOST, RESOLVER, "ws.example.com", [FAR], 5),
];
const TLS_FAILURES: Record<string, Line[]> = {
  "a certificate refused under protection": [...FLIGHT, [">", protectedAlert()]],
  "a certificate refused in clear": [...FLIGHT, [">", alert(48)]],
  "a client that leaves after the server's flight": [...FLIGHT, [">", "FA"]],
  "a client that resets after the server's flight": [...FLIGHT, [">", "RA"]],
  "a RST right after the hello": [
    [">", hello],
    ["<", "RA"],
  ],
  "a server that refuses the client's last word": [
    [">", hello],
    ["<", serverHello()],
    [">", upRecords()],
    ["<", alert(40)],
  ],
};

/** Change of cipher, then a record with room for an alert and no more. */
function protectedAlert(): Uint8Array {
  return concat([bytes(20, 3, 3, 0, 1, 1), bytes(23, 3, 3, 0, 19), new Uint8Array(19).fill(0xcd)]);
}

function overHttp(status: string): Scene {
  const request = ascii("GET / HTTP/1.1\r\nHost: api.example.com\r\n\r\n");
  const answer = ascii(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n`);
  return {
    endpoints: api,
    rules: [{ ...tlsRule, over: "tcp/80", app: "http" }],
    frames: connection(FROM, `${FAR}:80`, 10, [
      [">", request],
      ["<", answer],
    ]),
  };
}

const bothNames = { api: { hosts: ["api.example.com", "ws.example.com"], need: "each" } };

function noSuchName(name: string): Frame[] {
  const [from, to] = [`${HOST}:20009`, `${RESOLVER}:53`];
  return [
    udpFrame({ from, to, ms: 300, data: dnsQuery(name) }),
    udpFrame({ from: to, to: from, ms: 302, data: dnsAnswer(name, [], { rcode: 3 }) }),
  ];
}

const onlyDns = [0, 300, 601].flatMap((sec) => lookUp(HOST, RESOLVER, "other.example.com", [FAR], sec * 1_000));
const overUdp = { ...tlsRule, over: "udp/8443", app: "any" };
/** A handshake of WireGuard and its first packets. */
const tunnel = [0x01, 0x02, 0x04, 0x04].map((type, i) => {
  const [from, to] = [`${HOST}:51820`, `${PEER}:51820`];
  const data = concat([bytes(type, 0, 0, 0), new Uint8Array([144, 88, 60, 60][i]!).map((_, k) => k * 37 + i)]);
  if (type === 0x02) data.set([0, 37, 74, 111], 8); // it answers the sender that the first message names
  return udpFrame({ from: i % 2 === 0 ? from : to, to: i % 2 === 0 ? to : from, ms: 5_000 + i, data });
});
/** One end's data, which nothing of the other's acknowledges here. */
const unheard = (from: string, to: string): Frame[] =>
  [0, 1, 2].map((i) =>
    tcpFrame({ from, to, flags: "PA", seq: 1_000 + 10 * i, ack: 1, ms: 90_000 + i, data: new Uint8Array(10) }),
  );

/** A question, and an error that is an answer to another one. */
function refusedName(options: { id?: number; rcode: number }, by = RESOLVER): Frame[] {
  const [from, to] = [`${HOST}:20001`, `${RESOLVER}:53`];
  return [
    udpFrame({ from, to, ms: 0, data: dnsQuery("api.example.com") }),
    udpFrame({ from: `${by}:53`, to: from, ms: 2, data: dnsAnswer("api.example.com", [], options) }),
  ];
}

/** A wildcard, and a row for the one of its names that was seen. */
export function besideExact(requirement: string, more: readonly Frame[] = []): Scene {
  return {
    endpoints: { all: { hosts: ["*.example.com"] }, ...api },
    rules: [
      { ...tlsRule, to: "all", requirement },
      { ...tlsRule, id: "exact", expect: { "tls.version": "at least 1.2" } },
    ],
    frames: [...good, ...more],
  };
}

/** A try that was refused, and another one, of which the far end's packets may be lacking. */
function triedAgain(lines: readonly Line[], both = true): Scene {
  const again = connection(FROM, TO, 1_000, lines);
  return {
    endpoints: api,
    rules: [tlsRule],
    frames: [
      ...lookUp(HOST, RESOLVER, "api.example.com", [FAR], 0),
      syn(10, `${HOST}:39000`),
      reset(11, TO, `${HOST}:39000`),
      ...again.filter((_, i) => both || i !== 1),
    ],
  };
}

/** The name is asked for, and nothing is opened. */
function resolvedTo(address: string): Scene {
  return {
    endpoints: api,
    rules: [tlsRule],
    frames: [...lookUp(HOST, RESOLVER, "api.example.com", [address], 0), ...busy],
  };
}

export const RULES: Record<string, Scene & { says: string }> = {
  "between two roles that one host plays": {
    says: "not-evaluable own-host",
    rules: [{ ...tlsRule, to: "role:peer" }],
    bind: [`host=${HOST}`, `peer=${HOST}`],
    frames: busy,
  },
  "between two roles, and the far one has another host as well": {
    says: "missing missing",
    rules: [{ ...tlsRule, to: "role:peer" }],
    bind: [`host=${HOST}`, `peer=${HOST},10.0.0.77`],
    frames: busy,
  },
  "the one host of an endpoint, known by its documented address": {
    says: "met met",
    endpoints: { api: { hosts: ["api.example.com"], addresses: [FAR], need: "each" } },
    rules: [tlsRule],
    frames: tlsConnection(FROM, TO, 10, clientHello(null)),
  },
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
  "used, and forbidden by another rule": {
    says: "not-evaluable candidate-inconclusive",
    endpoints: byAddress,
    rules: [anyRule, { ...anyRule, id: "no", requirement: "forbidden" }],
    frames: [...good, ...busy],
  },
  "forbidden and not touched": {
    says: "unused unused",
    endpoints: byAddress,
    rules: [{ ...anyRule, requirement: "forbidden" }],
    frames: busy,
  },
  "forbidden, and perhaps touched": {
    says: "not-evaluable candidate-inconclusive",
    endpoints: api,
    rules: [{ ...tlsRule, requirement: "forbidden" }],
    frames: [...sharedAddress, ...tlsConnection(FROM, TO, 10, clientHello(null))],
  },
  "retired, and perhaps touched": {
    says: "not-evaluable candidate-inconclusive",
    endpoints: api,
    rules: [{ ...tlsRule, requirement: "retired", "last-day": "2026-01-01" }],
    frames: [...sharedAddress, ...tlsConnection(FROM, TO, 10, clientHello(null))],
  },
  "refused by RST": { says: "blocked refused", endpoints: byAddress, rules: [tlsRule], frames: [syn(0), reset(1)] },
  "refused by ICMP": {
    says: "blocked refused",
    endpoints: byAddress,
    rules: [tlsRule],
    frames: [syn(0), icmpFrame({ from: "10.0.0.254", to: HOST, ms: 1, type: 3, code: 13, quote: syn(0) })],
  },
  "told that its packet was too long": {
    says: "not-evaluable replies-not-visible",
    endpoints: byAddress,
    rules: [tlsRule],
    frames: [syn(0), icmpFrame({ from: "10.0.0.254", to: HOST, ms: 1, type: 3, code: 4, quote: syn(0) })],
  },
  "a wildcard, and an exact name beside it that was refused": {
    says: "unused unused",
    endpoints: { all: { hosts: ["*.example.com"] }, ...api },
    rules: [
      { ...tlsRule, to: "all", requirement: "optional" },
      { ...tlsRule, id: "exact" },
    ],
    frames: [...lookUp(HOST, RESOLVER, "api.example.com", [FAR], 0), syn(100), reset(101)],
  },
  "a wildcard, of which all that was seen has a row of its own": {
    says: "not-evaluable same-as",
    ...besideExact("required"),
  },
  "an optional one": { says: "unused unused", ...besideExact("optional") },
  "a wildcard, of which another name was seen as well": {
    says: "met met",
    ...besideExact("required", tlsConnection(`${HOST}:40001`, TO, 50, clientHello("b.example.com"))),
  },
  "optional, and perhaps seen": {
    says: "not-evaluable candidate-inconclusive",
    endpoints: api,
    rules: [{ ...tlsRule, requirement: "optional" }],
    frames: tlsConnection(FROM, TO, 10, clientHello(null)),
  },
  ...Object.fromEntries(
    Object.entries(TLS_FAILURES).map(([what, lines]): [string, Scene & { says: string }] => [
      what,
      { says: "blocked refused", endpoints: api, rules: [tlsRule], frames: connection(FROM, TO, 10, lines) },
    ]),
  ),
  "an HTTP filter": { says: "blocked refused", ...overHttp("403 Forbidden") },
  "an HTTP answer": { says: "met met", ...overHttp("404 Not Found") },
  "an address that is none": { says: "blocked sinkholed", ...resolvedTo("0.0.0.0") },
  "a filtering resolver's address": { says: "blocked sinkholed", ...resolvedTo("10.66.0.1") },
  "a filtering resolver's address, which refuses": {
    says: "blocked sinkholed",
    endpoints: api,
    rules: [tlsRule],
    frames: [
      ...lookUp(HOST, RESOLVER, "api.example.com", ["10.66.0.1"], 0),
      syn(100, FROM, "10.66.0.1:443"),
      reset(101, "10.66.0.1:443"),
    ],
  },
  "an address that the site gives": {
    says: "missing missing",
    ...resolvedTo("10.66.0.1"),
    site: { hosts: { "api.example.com": ["10.66.0.1"] } },
  },
  "one of two names that are both needed, and the other one refused": {
    says: "partial partial",
    endpoints: bothNames,
    rules: [tlsRule],
    frames: [
      ...good,
      ...lookUp(HOST, RESOLVER, "ws.example.com", ["203.0.113.20"], 100),
      syn(200, `${HOST}:40001`, "203.0.113.20:443"),
      reset(201, "203.0.113.20:443", `${HOST}:40001`),
    ],
  },
  "one of two names that are both needed, and there is no other one": {
    says: "partial partial",
    endpoints: bothNames,
    rules: [tlsRule],
    frames: [...lookUp(HOST, RESOLVER, "api.example.com", [FAR], 0), ...good, ...noSuchName("ws.example.com")],
  },
  "one of two names that are both needed, for a moment": {
    says: "not-evaluable too-short",
    endpoints: bothNames,
    rules: [tlsRule],
    frames: good,
  },
  "one of two names that are both needed, and of the other one nothing shows that an answer would be here": {
    says: "not-evaluable replies-not-visible",
    endpoints: bothNames,
    rules: [tlsRule],
    frames: [
      ...good,
      ...lookUp(HOST, RESOLVER, "ws.example.com", ["203.0.113.20"], 100),
      ...[900_000, 904_000].map((ms) => syn(ms, `${HOST}:40001`, "203.0.113.20:443")),
    ],
  },
  "broken by what another rule documents as well": {
    says: "not-evaluable same-as",
    endpoints: api,
    rules: [
      { ...tlsRule, expect: { "tls.version": "at least 1.3" } },
      { ...tlsRule, id: "any-version" },
    ],
    frames: [...good, ...busy],
  },
  "a tunnel of the host's that nobody else can read": {
    says: "not-evaluable may-be-carried",
    endpoints: byAddress,
    rules: [tlsRule],
    frames: [...busy, ...tunnel],
  },
  "such a tunnel, which another rule documents": {
    says: "missing missing",
    endpoints: byAddress,
    rules: [tlsRule, { id: "vpn", to: "role:peer", over: "udp/51820", app: "wireguard" }],
    bind: [`host=${HOST}`, `peer=${PEER}`],
    frames: [...busy, ...tunnel],
  },
  "such a tunnel, which never came up": {
    says: "missing missing",
    endpoints: byAddress,
    rules: [tlsRule],
    frames: [...busy, ...tunnel.slice(0, 1)],
  },
  "all that is in the capture is DNS": {
    says: "not-evaluable filtered",
    endpoints: byAddress,
    rules: [overUdp],
    frames: onlyDns,
  },
  "all that is in the capture is DNS, and so is what it asks for": {
    says: "missing missing",
    endpoints: byAddress,
    rules: [{ ...overUdp, over: "udp/53" }],
    frames: onlyDns,
  },
  "all that is in the capture is DNS, and ARP beside it": {
    says: "missing missing",
    endpoints: byAddress,
    rules: [overUdp],
    frames: [...onlyDns, arpFrame({ mac: "020000000005", address: HOST, ms: 5 })],
  },
  "another connection of the host's of which only what it is sent is there": {
    says: "not-evaluable lossy",
    endpoints: byAddress,
    rules: [tlsRule],
    frames: [...busy, ...unheard("203.0.113.98:9000", `${HOST}:40009`)],
  },
  "a connection that goes on after the host has left it": {
    says: "missing missing",
    endpoints: byAddress,
    rules: [tlsRule],
    frames: [...busy, ...unheard("203.0.113.98:9000", `${HOST}:40009`).slice(0, 2)],
  },
  "another connection of the host's of which only what it says is there": {
    says: "missing missing",
    endpoints: byAddress,
    rules: [tlsRule],
    frames: [...busy, ...unheard(`${HOST}:40009`, "203.0.113.98:9000")],
  },
  "its name refused under another id than it was asked with": {
    says: "not-evaluable name-unresolved",
    endpoints: api,
    rules: [tlsRule],
    frames: [...refusedName({ id: 7, rcode: 3 }), ...busy],
  },
  "its name refused by a server that was not asked": {
    says: "not-evaluable name-unresolved",
    endpoints: api,
    rules: [tlsRule],
    frames: [...refusedName({ rcode: 3 }, "10.0.0.66"), ...busy],
  },
  "a public address that is not tried": { says: "missing missing", ...resolvedTo("198.51.100.9") },
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
  "unanswered, while others answer and the clock is set back": {
    says: "not-evaluable clock-set-back",
    endpoints: byAddress,
    rules: [tlsRule],
    asWritten: true,
    frames: [syn(100_000), syn(101_000), ...busy, ...Array.from({ length: 20 }, (_, i) => datagram(i))],
  },
  "its name unanswered, while what may be it is up": {
    says: "not-evaluable candidate-inconclusive",
    endpoints: api,
    rules: [tlsRule],
    frames: [
      lookUp(HOST, RESOLVER, "api.example.com", [FAR], 0)[0],
      ...lookUp(HOST, RESOLVER, "other.example.com", ["203.0.113.77"], 50),
      ...tlsConnection(FROM, TO, 1_000, clientHello(null)),
      ...busy,
    ],
  },
  "unanswered, while others answer and segments are missing": {
    says: "not-evaluable lossy",
    endpoints: byAddress,
    rules: [tlsRule],
    frames: [syn(100_000), syn(101_000), ...busy, ...holed],
  },
  "unanswered, while others answer what passes the filter": {
    says: "not-evaluable filtered",
    endpoints: byAddress,
    rules: [tlsRule],
    filters: ["tcp"],
    frames: [syn(100_000), syn(101_000), ...busy],
  },
  "unanswered, and nobody answers": {
    says: "not-evaluable replies-not-visible",
    endpoints: byAddress,
    rules: [tlsRule],
    frames: [syn(0), syn(1000)],
  },
  "refused once, and open at the capture's end": {
    says: "not-evaluable candidate-inconclusive",
    ...triedAgain([
      [">", hello],
      ["<", serverHello()],
    ]),
  },
  "refused once, and then without the far end's packets": {
    says: "not-evaluable candidate-inconclusive",
    ...triedAgain(
      [
        [">", hello],
        [">", upRecords()],
      ],
      false,
    ),
  },
  "the name does not exist, and with a suffix behind it does": {
    says: "missing missing",
    endpoints: api,
    rules: [tlsRule],
    frames: [...nxdomain(0), ...lookUp(HOST, RESOLVER, "api.example.com.example.org", ["203.0.113.77"], 100), ...busy],
  },
  "the name does not exist": {
    says: "blocked name-refused",
    endpoints: api,
    rules: [tlsRule],
    frames: [...nxdomain(0), ...busy],
  },
  "a name that only its wildcard fits does not exist": {
    says: "blocked name-refused",
    endpoints: { api: { hosts: ["*.example.com"] } },
    rules: [tlsRule],
    frames: [...nxdomain(0), ...busy],
  },
  "a name that only an optional wildcard fits does not exist": {
    says: "unused unused",
    endpoints: { api: { hosts: ["*.example.com"] } },
    rules: [{ ...tlsRule, requirement: "optional" }],
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
  "a wildcard and a name of its own": {
    says: "met met",
    endpoints: { api: { hosts: ["*.example.com", "api.example.com"], need: "each" } },
    rules: [tlsRule],
    frames: [...good, ...tlsConnection(`${HOST}:40077`, TO, 900, clientHello("ws.example.com")), ...busy],
  },
  "one of its endpoints, whose address is that of the other": {
    says: "not-evaluable candidate-inconclusive",
    endpoints: { api: { hosts: ["api.example.com", "ws.example.com"], need: "each" } },
    rules: [tlsRule],
    frames: [...sharedAddress, ...tlsConnection(FROM, TO, 10, clientHello(null)), ...busy],
  },
  "an address of both of its endpoints, and either order of their look-ups": {
    says: "not-evaluable candidate-inconclusive",
    endpoints: { api: { hosts: ["api.example.com", "ws.example.com"], need: "each" } },
    rules: [tlsRule],
    frames: [
      ...sharedAddress,
      ...tlsConnection(FROM, TO, 10, clientHello(null)),
      ...lookUp(HOST, RESOLVER, "api.example.com", [FAR], 20),
      ...tlsConnection(`${HOST}:40009`, TO, 30, clientHello(null)),
      ...busy,
    ],
  },
  "an address of both of its endpoints, either of which is enough": {
    says: "met met",
    endpoints: { api: { hosts: ["api.example.com", "ws.example.com"], need: "any" } },
    rules: [tlsRule],
    frames: [...sharedAddress, ...tlsConnection(FROM, TO, 10, clientHello(null)), ...busy],
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
  "its port is a parameter that was not given": {
    says: "not-evaluable parameter-missing",
    endpoints: api,
    parameters: { port: { type: "port" } },
    rules: [{ ...tlsRule, over: "tcp/$port" }],
    frames: [0, 300_000, 601_000].flatMap((ms) => tlsConnection(FROM, TO, ms, clientHello("x.example.net"))),
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
  "not opened to a host that calls this one, though all else goes to bound hosts": {
    says: "missing missing",
    bind: [`host=${HOST}`, `peer=${PEER},10.0.0.7`],
    rules: [{ id: "r", from: "peer", to: "host", over: "tcp/443", app: "tls" }],
    frames: [0, 300_000, 601_000].flatMap((ms) => [
      ...connection(`${PEER}:40000`, "10.0.0.7:22", ms, []),
      ...connection(`${HOST}:40000`, `${PEER}:22`, ms, []),
    ]),
  },
  "not opened to a host that is not seen, where all goes to bound hosts": {
    says: "not-evaluable host-passive",
    bind: [`host=${HOST}`, `peer=${PEER},10.0.0.7`],
    rules: [{ id: "r", from: "peer", to: "host", over: "tcp/443", app: "tls" }],
    frames: [0, 300_000, 601_000].flatMap((ms) => connection(`${PEER}:40000`, "10.0.0.7:22", ms, [])),
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
  "of two hosts each has a candidate that proves nothing": {
    says: "not-evaluable candidate-inconclusive",
    endpoints: api,
    rules: [tlsRule],
    bind: [`host=${HOST},${PEER}`],
    frames: [HOST, PEER].flatMap((host, i) =>
      [0, 601].flatMap((sec) => tlsConnection(`${host}:4000${i}`, TO, 10 + sec * 1000, clientHello(null))),
    ),
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
  "it may be carried by a later connection, whose name was looked up meanwhile": {
    says: "not-evaluable may-be-carried",
    endpoints: { ...api, ws: { hosts: ["ws.example.com"] } },
    rules: [tlsRule, { ...tlsRule, id: "s", to: "ws" }],
    frames: [
      ...tlsConnection(FROM, TO, 10, clientHello("ws.example.com", { alpn: "h2" })),
      ...lookUp(HOST, RESOLVER, "api.example.com", [FAR], 1_000),
      ...tlsConnection(`${HOST}:40001`, TO, 2_000, clientHello("ws.example.com", { alpn: "h2" })),
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
  "needed only if another fails, in a short capture": {
    says: "unused unused",
    endpoints: { ...api, ws: { hosts: ["ws.example.com"] } },
    rules: [
      { ...tlsRule, id: "r", to: "ws", "fallback-for": "s" },
      { ...tlsRule, id: "s" },
    ],
    frames: good,
  },
  "one of several is enough, in a short capture": {
    says: "unused unused",
    endpoints: { ...api, ws: { hosts: ["ws.example.com"] } },
    rules: [
      { ...tlsRule, id: "r", to: "ws", "any-of": "either" },
      { ...tlsRule, id: "s", "any-of": "either" },
    ],
    frames: good,
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
  "ARP shows the host's address with two owners at once": {
    says: "not-evaluable two-owners",
    endpoints: api,
    rules: [tlsRule],
    frames: [
      ...[0, 4].map((ms) => arpFrame({ mac: "020000000005", address: HOST, ms })),
      arpFrame({ mac: "020000000006", address: HOST, ms: 2 }),
      ...busy,
    ],
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

function nxdomain(ms: number): Frame[] {
  const [query, answer] = lookUp(HOST, RESOLVER, "api.example.com", [], ms, []);
  const refused = answer.buf;
  refused[14 + 20 + 8 + 3]! |= 3; // RCODE; the checksum is not asked about
  return [query, answer];
}
