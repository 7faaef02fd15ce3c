/** One scene for each verdict and reason of a conversation, and for each clause of a nearest miss. */
import type { Frame } from "../../src/capture/frame.ts";
import { arpFrame, tcpFrame, udpFrame } from "../support/frames.ts";
import { ascii, concat } from "../support/hex.ts";
import { bytes, u16, u32 } from "../support/packets.ts";
import { crypto, initial } from "../support/quic.ts";
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
import { anyRule, api, byAddress, datagram, FAR, FROM, good, hello, syn, TO, tlsRule } from "./stage.ts";

export interface Judging extends Scene {
  /** `verdict reason-code` of the conversation with `FAR`, or with `with`. */
  says: string;
  with?: string;
  /** Where there are several with it, the port of the one that is meant. */
  port?: number;
}

const FTPS = { endpoints: byAddress, rules: [{ ...anyRule, over: "tcp/21", app: "ftp" }] };

const WEB = { endpoints: api, rules: [{ ...anyRule, over: "tcp/80", app: "http" }] };

/** A question of DNS, and an answer that has another one's id. */
const ANOTHER = {
  endpoints: byAddress,
  rules: [{ id: "r", to: "api", over: "udp/53", app: "dns" }],
  frames: lookUp(HOST, FAR, "a.example.com", ["203.0.113.9"], 0).with(
    1,
    udpFrame({ from: `${FAR}:53`, to: `${HOST}:20000`, ms: 2, data: dnsAnswer("a.example.com", [], { id: 2 }) }),
  ),
  port: 53,
};

/** One request for the documented name, and its answer. */
function web(status: string, field = "X: y", ms = 0): Frame[] {
  return connection(`${HOST}:${41_000 + ms}`, `${FAR}:80`, ms, [
    [">", ascii("GET / HTTP/1.1\r\nHost: api.example.com\r\n\r\n")],
    ["<", ascii(`HTTP/1.1 ${status}\r\n${field}\r\nContent-Length: 0\r\n\r\n`)],
  ]);
}

/** The client's first packet of QUIC, and what the server's datagrams hold. */
function quicTalk(...answers: Uint8Array[]): Scene {
  const data = initial(QUIC_ID, [crypto(0, hello.subarray(5))]);
  const frames = [udpFrame({ from: FROM, to: TO, ms: 0, data })];
  for (const [i, said] of answers.entries()) frames.push(udpFrame({ from: TO, to: FROM, ms: 1 + i, data: said }));
  return { endpoints: api, rules: [{ ...tlsRule, over: "udp/443", app: "quic" }], frames };
}
const QUIC_ID = new Uint8Array(8).fill(0xd1);
const VERSIONS = concat([bytes(0x80, 0, 0, 0, 0, 0, 8), QUIC_ID, u32(1)]);
const RETRY = concat([bytes(0xf0), u32(1), bytes(0, 8), QUIC_ID, new Uint8Array(40).fill(5)]);
/** A packet of the server's: sealed, and by its type an Initial or of the handshake (RFC 9000 section 17.2). */
function sealed(type: "initial" | "handshake"): Uint8Array {
  const [first, token] = type === "initial" ? [0xc1, bytes(0)] : [0xe1, bytes()];
  return concat([bytes(first), u32(1), bytes(0, 8), QUIC_ID, token, bytes(0x40, 120), new Uint8Array(120).fill(7)]);
}
const TAKES_PART = concat([sealed("initial"), sealed("handshake")]);

/** A message of DTLS's handshake, in a record of its own. */
function dtls(type: number, body: Uint8Array): Uint8Array {
  const length = bytes(0, 0, body.length);
  const message = concat([bytes(type), length, u16(0), bytes(0, 0, 0), length, body]);
  return concat([bytes(22, 0xfe, 0xfd), new Uint8Array(8), u16(message.length), message]);
}
/** Behind session and cookie, of which there are none: one suite, no compression. */
const COMPRESSION = bytes(0, 2, 0xc0, 0x2f, 1, 0);

/** Pages that are in answers to two requests, without one of the frames. */
function pages(lost: number): Scene {
  const page = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 60\r\n\r\n";
  const request = ascii("GET / HTTP/1.1\r\nHost: api.example.com\r\n\r\n");
  const body: Line = ["<", new Uint8Array(30)];
  const frames = connection(FROM, `${FAR}:80`, 0, [
    [">", request],
    ["<", ascii("HTTP/1.1 204 No Content\r\n\r\n")],
    ["<", ascii("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n".repeat(Number(lost === 5)))],
    ["<", ascii(page)],
    body,
    body,
  ]);
  return {
    endpoints: api,
    rules: [{ ...tlsRule, over: "tcp/80", app: "http", expect: { "content-type": "text/plain" } }],
    frames: frames.filter((_, i) => i !== lost),
  };
}

/** So many questions under one id, the answers that came to them, null for no such name, and a connection that names nobody. */
export function contending(answers: readonly (readonly string[] | null)[], questions = 1): Scene {
  const [from, to] = [`${HOST}:20000`, `${RESOLVER}:53`];
  const name = "api.example.com";
  const answered = answers.map((given) => {
    const records = (given ?? []).map((data) => ({ name, type: "A" as const, data }));
    return dnsAnswer(name, records, { rcode: given === null ? 3 : 0 });
  });
  return {
    endpoints: api,
    rules: [tlsRule],
    frames: [
      ...Array.from({ length: questions }, (_, i) => udpFrame({ from, to, ms: i, data: dnsQuery(name) })),
      ...answered.map((data, i) => udpFrame({ from: to, to: from, ms: 4 + i, data })),
      ...tlsConnection(FROM, TO, 10, clientHello(null)),
    ],
  };
}

/** A session that is upgraded to TLS, and its last packet. */
function ftps(ms: number, lastsMs: number, upgraded = true): Frame[] {
  const from = `${HOST}:40021`;
  const to = `${FAR}:21`;
  const lines: Line[] = [
    ["<", ascii("220 ProFTPD ready\r\n")],
    [">", ascii(upgraded ? "AUTH TLS\r\n" : "USER operator\r\n")],
    ["<", ascii(upgraded ? "234 go on\r\n" : "331 password\r\n")],
  ];
  if (upgraded) lines.push([">", clientHello(null)], ["<", serverHello()], [">", upRecords()], ["<", upRecords()]);
  return [
    ...connection(from, to, ms, lines),
    tcpFrame({ from: to, to: from, flags: "A", seq: 7000, ms: ms + lastsMs }),
  ];
}

/** A connection by an answer that is `ms` old, and what the same name was given half that time ago. */
function resolvedAnew(addresses: readonly string[], type: "A" | "AAAA" = "A", ms = 20 * 60_000): Frame[] {
  const name = "api.example.com";
  const records = addresses.map((data) => ({ name, type, data }));
  const again = addresses.length === 0 ? [] : lookUp(HOST, RESOLVER, name, addresses, ms / 2, records);
  return [...lookUp(HOST, RESOLVER, name, [FAR], 0), ...again, ...tlsConnection(FROM, TO, ms, clientHello(null))];
}

/** An Upgrade that a client asks for, and what is answered. */
function upgrade(...answers: string[]): Scene {
  const fields = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  const lines: Line[] = [
    [">", ascii("GET / HTTP/1.1\r\nHost: api.example.com\r\n\r\n")],
    ["<", ascii("HTTP/1.1 204 No Content\r\n\r\n")],
    [">", ascii(`GET /live HTTP/1.1\r\nHost: api.example.com\r\n${fields}\r\n`)],
    ...answers.map((answer): Line => ["<", ascii(`HTTP/1.1 ${answer}\r\n\r\n`)]),
  ];
  const rules = [{ ...tlsRule, over: "tcp/80", app: "websocket" }];
  return { endpoints: api, rules, frames: connection(FROM, `${FAR}:80`, 0, lines) };
}

export const CONVERSATIONS: Record<string, Judging> = {
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
  "datagrams of one flow in a time of day, and in that of the next day": {
    says: "inconclusive expectation-unproved",
    endpoints: byAddress,
    rules: [{ ...anyRule, over: "udp/9000", expect: { "time-of-day": "08:00-18:00", reply: "none" } }],
    frames: Array.from({ length: 25 * 60 + 1 }, (_, minute) => datagram(minute * 60_000)),
  },
  "an expectation that cannot be told": {
    says: "inconclusive expectation-unproved",
    endpoints: api,
    rules: [{ ...tlsRule, expect: { "tls.version": "at least 1.2" } }],
    frames: connection(FROM, TO, 10, [
      [">", hello],
      [">", upRecords()],
    ]),
  },
  "a server that has spoken, and a client that has yet to": {
    says: "inconclusive handshake-open",
    endpoints: api,
    rules: [tlsRule],
    frames: connection(FROM, TO, 10, [
      [">", hello],
      ["<", serverHello(0x0304)],
      ["<", upRecords()],
    ]),
  },
  "a connection to another port, while FTP is spoken inside TLS": {
    says: "inconclusive channel-unseen",
    ...FTPS,
    frames: [...ftps(0, 400), ...tlsConnection(`${HOST}:40077`, `${FAR}:50021`, 100, clientHello(null))],
    port: 50_021,
  },
  "the same, while the session is in clear and says nothing of it": {
    says: "undocumented no-rule",
    ...FTPS,
    frames: [...ftps(0, 400, false), ...tlsConnection(`${HOST}:40077`, `${FAR}:50021`, 100, clientHello(null))],
    port: 50_021,
  },
  "the same, after the session": {
    says: "undocumented no-rule",
    ...FTPS,
    frames: [...ftps(0, 400), ...tlsConnection(`${HOST}:40077`, `${FAR}:50021`, 9_000, clientHello(null))],
    port: 50_021,
  },
  "a service of its own beside the session": {
    says: "undocumented no-rule",
    ...FTPS,
    frames: [...ftps(0, 400), ...tlsConnection(`${HOST}:40077`, `${FAR}:443`, 100, clientHello(null))],
    port: 443,
  },
  "a channel beside a session that no rule covers": {
    says: "undocumented no-rule",
    ...FTPS,
    rules: [tlsRule],
    frames: [...ftps(0, 400), ...tlsConnection(`${HOST}:40077`, `${FAR}:50021`, 100, clientHello(null))],
    port: 50_021,
  },
  "served by whom it asked for": { says: "documented rule-proved", ...WEB, frames: web("200 OK") },
  "ARP shows the host's address with two owners at once": {
    says: "inconclusive two-owners",
    endpoints: api,
    rules: [tlsRule],
    frames: [
      ...[0, 4].map((ms) => arpFrame({ mac: "020000000005", address: HOST, ms })),
      arpFrame({ mac: "020000000006", address: HOST, ms: 2 }),
      ...good,
    ],
  },
  "sent on to another site": {
    says: "inconclusive sent-on",
    ...WEB,
    frames: web("302 Found", "Location: https://portal.example.net/login"),
  },
  "sent on to another name of its own": {
    says: "documented rule-proved",
    ...WEB,
    frames: web("301 Moved Permanently", "Location: https://www.example.com/"),
  },
  "sent on to a site that the document knows": {
    says: "documented rule-proved",
    ...WEB,
    endpoints: { ...api, cdn: { hosts: ["*.example.net"] } },
    frames: web("307 Temporary Redirect", "Location: https://cdn.example.net/x"),
  },
  "sent on to its own address": {
    says: "documented rule-proved",
    ...WEB,
    frames: web("302 Found", `Location: http://${FAR}/`),
  },
  "sent on to a private address": {
    says: "inconclusive never-came-up",
    ...WEB,
    frames: web("302 Found", "Location: http://192.168.1.1:8880/guest?for=api.example.com"),
  },
  "sent on once, and served at another time": {
    says: "inconclusive sent-on",
    ...WEB,
    frames: [...web("302 Found", "Location: https://portal.example.net/login"), ...web("200 OK", "X: y", 3_000)],
  },
  "for legal reasons not": {
    says: "inconclusive never-came-up",
    ...WEB,
    frames: web("451 Unavailable For Legal Reasons"),
  },
  "only with the proxy's password": {
    says: "inconclusive never-came-up",
    ...WEB,
    frames: web("407 Proxy Authentication Required", 'Proxy-Authenticate: Basic realm="filter"'),
  },
  "a question of DNS, and datagrams that are none": {
    says: "inconclusive other-messages",
    rules: [{ id: "r", to: "anyone", over: "udp/9000", app: "dns" }],
    frames: [
      udpFrame({ from: FROM, to: `${FAR}:9000`, ms: 1, data: dnsQuery("api.example.com") }),
      udpFrame({
        from: `${FAR}:9000`,
        to: FROM,
        ms: 2,
        data: dnsAnswer("api.example.com", [{ name: "api.example.com", type: "A", data: FAR }]),
      }),
      udpFrame({ from: FROM, to: `${FAR}:9000`, ms: 3, data: new Uint8Array(900).fill(0xa5) }),
    ],
  },
  "a hello, and another in its place": {
    says: "inconclusive overlap",
    endpoints: api,
    rules: [tlsRule],
    frames: good.toSpliced(
      4,
      0,
      tcpFrame({ from: FROM, to: TO, flags: "PA", seq: 1001, ack: 5001, ms: 13.5, data: clientHello("b.example.com") }),
    ),
  },
  "answers alone, which say what it is and with whom": {
    says: "inconclusive one-direction",
    endpoints: byAddress,
    rules: [{ ...anyRule, over: "tcp/22", app: "ssh" }],
    frames: connection(FROM, `${FAR}:22`, 10, [["<", ascii("SSH-2.0-OpenSSH_9.2\r\n")]]).filter((_, i) => i % 2 === 1),
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
  "an answer that nobody asked for": {
    says: "inconclusive address-unresolved",
    endpoints: api,
    rules: [tlsRule],
    frames: [lookUp(HOST, RESOLVER, "api.example.com", [FAR], 0)[1], ...tlsConnection(FROM, TO, 10, clientHello(null))],
  },
  "an answer to another question than the one that was asked": {
    says: "inconclusive address-unresolved",
    endpoints: api,
    rules: [tlsRule],
    frames: [
      udpFrame({ from: `${HOST}:20000`, to: `${RESOLVER}:53`, ms: 0, data: dnsQuery("api.example.com", { id: 77 }) }),
      lookUp(HOST, RESOLVER, "api.example.com", [FAR], 0)[1],
      ...tlsConnection(FROM, TO, 10, clientHello(null)),
    ],
  },
  "the hello is missing": {
    says: "inconclusive name-unseen",
    endpoints: api,
    rules: [tlsRule],
    frames: [
      ...lookUp(HOST, RESOLVER, "api.example.com", [FAR], 0),
      ...connection(FROM, TO, 10, [["<", serverHello()]]),
    ],
  },
  "an address that the site's table gives another name": {
    says: "undocumented no-rule",
    endpoints: api,
    rules: [tlsRule],
    site: { hosts: { "printer.example.org": [FAR] } },
    frames: tlsConnection(FROM, TO, 10, clientHello(null)),
  },
  "an address that the site's table gives a documented name, and another": {
    says: "inconclusive shared-address",
    endpoints: api,
    rules: [tlsRule],
    site: { hosts: { "api.example.com": [FAR], "printer.example.org": [FAR] } },
    frames: tlsConnection(FROM, TO, 10, clientHello(null)),
  },
  "a documented address that the site's table gives another name": {
    says: "inconclusive name-contradicted",
    endpoints: { api: { hosts: ["api.example.com"], addresses: [FAR] } },
    rules: [tlsRule],
    site: { hosts: { "printer.example.org": [FAR] } },
    frames: tlsConnection(FROM, TO, 10, clientHello(null)),
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
  "a contradicted name, which DNS says is none at all": {
    says: "inconclusive name-contradicted",
    endpoints: api,
    rules: [tlsRule],
    frames: [
      udpFrame({ from: `${HOST}:20001`, to: `${RESOLVER}:53`, ms: 0, data: dnsQuery("api.example.com") }),
      udpFrame({
        from: `${RESOLVER}:53`,
        to: `${HOST}:20001`,
        ms: 1,
        data: dnsAnswer("api.example.com", [], { rcode: 3 }),
      }),
      ...lookUp(HOST, RESOLVER, "other.example.net", [FAR], 3),
      ...good,
    ],
  },
  "addresses of the other family do not contradict": {
    says: "documented rule-proved",
    endpoints: api,
    rules: [tlsRule],
    frames: [
      ...lookUp(HOST, RESOLVER, "api.example.com", [], 0, [
        { name: "api.example.com", type: "AAAA", data: "2001:db8::77" },
      ]),
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
  "an encrypted hello to an address that DNS gave for a name of nobody's": {
    says: "inconclusive ech",
    endpoints: api,
    rules: [tlsRule],
    frames: [
      ...lookUp(HOST, RESOLVER, "other.example.net", [FAR], 0),
      ...tlsConnection(FROM, TO, 10, clientHello("public.example.org", { ech: true })),
    ],
  },
  "an encrypted hello whose outer name DNS gave the address for, and published as a cover": {
    says: "inconclusive ech",
    endpoints: api,
    rules: [tlsRule],
    frames: [
      ...lookUp(HOST, RESOLVER, "cover.example.net", [FAR], 0),
      ...lookUp(HOST, RESOLVER, "api.example.com", [], 3, [
        { name: "api.example.com", type: "HTTPS", data: "cover.example.net" },
      ]),
      ...tlsConnection(FROM, TO, 10, clientHello("cover.example.net", { ech: true })),
    ],
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
  "an answer that outlived its lifetime, for whoever resolves once": {
    says: "documented rule-proved",
    endpoints: api,
    rules: [tlsRule],
    frames: resolvedAnew([]),
  },
  "the same where it was given again": {
    says: "documented rule-proved",
    endpoints: api,
    rules: [tlsRule],
    frames: resolvedAnew(["203.0.113.77", FAR]),
  },
  "the same where others were given since": {
    says: "inconclusive dns-replaced",
    endpoints: api,
    rules: [tlsRule],
    frames: resolvedAnew(["203.0.113.77"]),
  },
  "the same where others of the other family were given since": {
    says: "documented rule-proved",
    endpoints: api,
    rules: [tlsRule],
    frames: resolvedAnew(["2001:db8::77"], "AAAA"),
  },
  "content of another kind, in what is missing": { says: "inconclusive expectation-unproved", ...pages(5) },
  "bytes are missing in a body": { says: "documented rule-proved", ...pages(7) },
  "two answers to one question, of which one gave it": {
    says: "inconclusive dns-disputed",
    ...contending([[FAR], ["203.0.113.66"]]),
  },
  "an answer that gave it, and that there is no such name": {
    says: "inconclusive dns-disputed",
    ...contending([[FAR], null]),
  },
  "two answers to one question, which both gave it": {
    says: "documented rule-proved",
    ...contending([
      [FAR, "203.0.113.66"],
      ["203.0.113.67", FAR],
    ]),
  },
  "the question was sent again, and answered by others": {
    says: "documented rule-proved",
    ...contending([[FAR], ["203.0.113.66"], [FAR]], 2),
  },
  "the question was sent to another resolver as well, which gave others": {
    says: "documented rule-proved",
    endpoints: api,
    rules: [tlsRule],
    frames: [
      ...lookUp(HOST, RESOLVER, "api.example.com", [FAR], 0),
      ...lookUp(HOST, "10.0.0.54", "api.example.com", ["203.0.113.66"], 0),
      ...tlsConnection(FROM, TO, 10, clientHello(null)),
    ],
  },
  "others were given, and its lifetime is not over": {
    says: "documented rule-proved",
    endpoints: api,
    rules: [tlsRule],
    frames: resolvedAnew(["203.0.113.77"], "A", 4 * 60_000),
  },
  "syslog over TCP in one direction": {
    says: "inconclusive one-direction",
    endpoints: byAddress,
    rules: [{ ...anyRule, over: "tcp/514", app: "syslog" }],
    frames: connection(`${HOST}:41000`, `${FAR}:514`, 0, [
      [">", ascii("<34>Oct 11 22:14:15 gateway su: failed\n<34>Oct 11 22:14:16 gateway su: failed\n")],
    ]).filter((_, i) => i !== 1),
  },
  "one direction": {
    says: "inconclusive one-direction",
    endpoints: api,
    rules: [tlsRule],
    frames: good.filter((_, i) => i === 0 || i === 2 || i === 3),
  },
  "an answer to another question": { says: "inconclusive answer-to-another", ...ANOTHER },
  "an answer to another question, where none is expected": {
    says: "violation expectation-broken",
    ...ANOTHER,
    rules: ANOTHER.rules.map((rule) => ({ ...rule, expect: { reply: "none" } })),
  },
  "never came up": { says: "inconclusive never-came-up", endpoints: byAddress, rules: [tlsRule], frames: [syn(0)] },
  "QUIC, of whose server only the list of its versions came": {
    says: "inconclusive handshake-open",
    ...quicTalk(VERSIONS),
  },
  "QUIC, whose server has the client come again, and nothing more": {
    says: "inconclusive handshake-open",
    ...quicTalk(RETRY),
  },
  "QUIC, whose server's first packet is all that it says: it may refuse": {
    says: "inconclusive handshake-open",
    ...quicTalk(sealed("initial")),
  },
  "QUIC, whose server takes part in its second datagram": {
    says: "documented rule-proved",
    ...quicTalk(sealed("initial"), sealed("handshake")),
  },
  "QUIC, whose server did both, and then took part": {
    says: "documented rule-proved",
    ...quicTalk(VERSIONS, RETRY, TAKES_PART),
  },
  "DTLS, whose server asked for a cookie, and nothing more": {
    says: "inconclusive handshake-open",
    endpoints: byAddress,
    rules: [{ ...anyRule, over: "udp/443", app: "dtls" }],
    frames: [
      udpFrame({
        from: FROM,
        to: TO,
        ms: 0,
        data: dtls(1, concat([bytes(0xfe, 0xfd), new Uint8Array(34), COMPRESSION])),
      }),
      udpFrame({ from: TO, to: FROM, ms: 1, data: dtls(3, bytes(0xfe, 0xff, 4, 1, 2, 3, 4)) }),
    ],
  },
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
  "datagrams of which the capture kept the beginning": {
    says: "inconclusive app-unseen",
    endpoints: byAddress,
    rules: [{ id: "r", to: "api", over: "udp/53", app: "dns" }],
    frames: lookUp(HOST, FAR, "a.long.name.example.com", ["203.0.113.9"], 0).map((frame) => cutTo(frame, 68)),
    port: 53,
  },
  "datagrams of nothing that is known, of which the capture kept all": {
    says: "undocumented no-rule",
    endpoints: byAddress,
    rules: [{ id: "r", to: "api", over: "udp/53", app: "dns" }],
    frames: [1, 2, 3, 4].map((i) =>
      udpFrame({ from: `${HOST}:40000`, to: `${FAR}:53`, ms: i, data: new Uint8Array(60).fill(0xf0 + i) }),
    ),
    port: 53,
  },
  "an Upgrade of which no answer is in the capture": { says: "inconclusive app-unseen", ...upgrade(), port: 80 },
  "an Upgrade that is refused": {
    says: "undocumented no-rule",
    ...upgrade("426 Upgrade Required\r\nContent-Length: 0"),
    port: 80,
  },
  "a stream of which the capture kept headers alone": {
    says: "inconclusive app-unseen",
    endpoints: byAddress,
    rules: [tlsRule],
    frames: tlsConnection(FROM, TO, 10, hello).map((frame) => cutTo(frame, 54)),
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

export const NEAREST: Record<string, { rule: Record<string, unknown>; frames: Frame[]; clause: string }> = {
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

/** As a capture with a snap length has them. */
function cutTo(frame: Frame, bytes: number): Frame {
  frame.capLen = Math.min(frame.capLen, bytes);
  return frame;
}
