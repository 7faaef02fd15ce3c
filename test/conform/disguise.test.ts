/**
 * What somebody would do who wants to look documented. None of it comes out `documented` or `met`; what no capture can
 * tell apart is not here but in SECURITY.md.
 */
import test from "ava";
import type { Frame } from "../../src/capture/frame.ts";
import { fixturesOf } from "../support/decoder-fixtures.ts";
import { frameOfBytes, tcpFrame, udpFrame } from "../support/frames.ts";
import { ascii, concat } from "../support/hex.ts";
import { bytes, ethernet, ipv4, u16, udp } from "../support/packets.ts";
import {
  clientHello,
  connection,
  dnsAnswer,
  dnsQuery,
  type Line,
  lookUp,
  ntp,
  serverHello,
  stun,
  tlsConnection,
  upRecords,
} from "../support/talk.ts";
import { HOST, play, RESOLVER, type Scene } from "./scene.ts";
import { api, FAR, FROM, TO, tlsRule } from "./stage.ts";

const ELSEWHERE = "203.0.113.66";
const good = clientHello("api.example.com");
const evil = clientHello("evil.example.net");
const other = clientHello("evl.example.com"); // as long as the documented one
const request = (host: string): Uint8Array => ascii(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
const RESPONSE = ascii("HTTP/1.1 204 No Content\r\n\r\n");
const web = { id: "w", to: "api", over: "tcp/80", app: "http" };
const WEB = `${FAR}:80`;
const asked = (hosts: readonly string[]): Line[] =>
  hosts.flatMap((host): Line[] => [
    [">", request(host)],
    ["<", RESPONSE],
  ]);

type Played = Awaited<ReturnType<typeof play>>["said"];
const all = (said: Played) => said.result.judged;
const SSH = ascii("SSH-2.0-OpenSSH_9.2\r\n");
const RECORD = concat([bytes(23, 3, 3, 0, 20), new Uint8Array(20).fill(0xef)]);
/** Both ends are up; a server of TLS 1.3 so by the first of its handshake's four messages. */
const handshake = (version: number): Line[] => [
  [">", good],
  ["<", serverHello(version)],
  ["<", concat([upRecords(), ...(version < 0x0304 ? [] : [RECORD, RECORD, RECORD])])],
  [">", upRecords()],
];
/** openssl's hellos of DTLS, both ends' Finished, and then a packet of RTP, whose keys they made (RFC 5764). */
const keyed: Frame[] = (() => {
  const hellos = fixturesOf("dtls").filter(({ file }) => file.endsWith("/dtls12.md"));
  const finished = concat([bytes(22, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 0, 0, 40), new Uint8Array(40)]);
  const srtp = concat([bytes(0x80, 96, 0, 1, 0, 0, 0, 1, 1, 2, 3, 4), new Uint8Array(80).fill(0xee)]);
  const said = [hellos[0]!.bytes, hellos[1]!.bytes, finished, finished, srtp];
  return said.map((data, ms) => {
    const [from, to] = ms % 2 === 0 ? [FROM, `${FAR}:9000`] : [`${FAR}:9000`, FROM];
    return udpFrame({ from, to, ms, data });
  });
})();
/** What a scene's verdicts must be, as a sentence that a failed test shows. */
interface Disguise {
  scene: Omit<Scene, "rules"> & { rules?: Scene["rules"] };
  /** True where the disguise was seen through. */
  seen: (said: Played) => boolean;
}
const notDocumented = (said: Played): boolean =>
  all(said).length > 0 && all(said).every((row) => row.verdict !== "documented");
const names = (said: Played, name: string): boolean =>
  all(said).some((row) => row.server_name === name && row.verdict !== "documented");

/** A connection in which the client's bytes come as segments of its own choosing: offset from the first byte, and bytes. */
function segmented(pieces: readonly (readonly [offset: number, bytes: Uint8Array])[]): Frame[] {
  const opened = connection(FROM, TO, 0, []);
  const sent = pieces.map(([offset, data], i) =>
    tcpFrame({ from: FROM, to: TO, flags: "PA", seq: 1001 + offset, ack: 5001, ms: 10 + i, data }),
  );
  return [...opened, ...sent];
}

/** A server that answers a hello of so many bytes, and a handshake that comes to its end. */
function came(bytes: number): Frame[] {
  const whole = tlsConnection(FROM, TO, 20, new Uint8Array(bytes));
  return whole.slice(4); // the connection's opening and the hello are there
}

/** Behind the frame that carries `first`, a segment with other bytes for the same place, as a sender would that uses a short TTL. */
function replaced(frames: readonly Frame[], first: Uint8Array, other: Uint8Array): Frame[] {
  const at = frames.findIndex(({ buf }) => Buffer.from(buf).includes(Buffer.from(first)));
  const { from, to } = { from: FROM, to: Buffer.from(first).includes("HTTP") ? WEB : TO };
  const again = tcpFrame({ from, to, flags: "PA", seq: 1001, ack: 5001, ms: at + 0.5, data: other, ttl: 3 });
  return [...frames.slice(0, at + 1), again, ...frames.slice(at + 1)];
}

/** A question for a name in two fragments, and the first one again with another name. */
function fragmentsThatDiffer(): Frame[] {
  const datagram = (name: string): Uint8Array => udp(20_000, 53, dnsQuery(name));
  const first = datagram("api.example.com");
  const second = datagram("evl.example.com");
  const fragment = (of: Uint8Array, from: number, to: number, ms: number): Frame =>
    frameOfBytes(
      ethernet(0x0800, ipv4(17, of.slice(from, to), { src: HOST, dst: RESOLVER, offset: from, more: to < of.length })),
      ms,
    );
  const end = first.length;
  return [fragment(first, 0, 32, 0), fragment(second, 0, 32, 1), fragment(first, 32, end, 2)];
}

/** A hello with lists of server names, an extension each (RFC 6066 section 3). */
function helloOf(lists: readonly (readonly string[])[]): Uint8Array {
  const sized = (content: Uint8Array): Uint8Array => concat([u16(content.length), content]);
  const entry = (name: string): Uint8Array => concat([bytes(0), sized(ascii(name))]);
  const extensions = lists.map((names) => concat([u16(0), sized(sized(concat(names.map(entry))))]));
  const suites = sized(u16(0xc02f));
  const body = [u16(0x0303), new Uint8Array(32), bytes(0), suites, bytes(1, 0), sized(concat(extensions))];
  const message = concat([bytes(1, 0), sized(concat(body))]);
  return concat([bytes(22, 3, 1), sized(message)]);
}

/** A message of a documented protocol, and behind it what is none of its messages. */
function besides(message: Uint8Array, app: string): Disguise {
  const frames = [message, ...Array.from({ length: 20 }, (_, i) => new Uint8Array(900).fill(0x80 + i))].map((data, i) =>
    udpFrame({ from: FROM, to: `${FAR}:9000`, ms: i, data }),
  );
  const expect = { reply: "none" };
  return {
    scene: { endpoints: api, rules: [{ id: "x", to: "anyone", over: "udp/9000", app, expect }], frames },
    seen: (said) => notDocumented(said) && all(said).some((row) => row.app === app),
  };
}

/** A question, and what comes back by the same ports and answers something else. */
function answersElse(port: number, app: string, question: Uint8Array, answer: Uint8Array): Disguise {
  const [from, to] = [FROM, `${FAR}:${port}`];
  const frames = [udpFrame({ from, to, data: question }), udpFrame({ from: to, to: from, ms: 1, data: answer })];
  return {
    scene: { endpoints: api, rules: [{ id: "x", to: "anyone", over: `udp/${port}`, app }], frames },
    seen: (said) =>
      all(said)
        .map(({ reason_code }) => reason_code)
        .join() === "answer-to-another",
  };
}

/** A GetRequest of SNMPv2c for nothing, and its Response (RFC 3416). */
const snmp = (pdu: number, id: number): Uint8Array =>
  concat([bytes(0x30, 24, 2, 1, 1, 4, 6), ascii("public"), bytes(pdu, 11, 2, 1, id, 2, 1, 0, 2, 1, 0, 0x30, 0)]);
/** An Access-Request without attributes, and its Accept (RFC 2865). */
const radius = (code: number, id: number): Uint8Array =>
  concat([bytes(code, id, 0, 26), new Uint8Array(16).fill(0x5a), bytes(1, 6), ascii("user")]);
/** As `ntp`, of a server that answers a request sent at another time. */
function ntpAnswer(): Uint8Array {
  const message = ntp(4);
  message.set(message.subarray(40, 48), 24);
  message[31] = 9;
  return message;
}

const openByOverlap = (rows: Played["result"]["judged"]): boolean =>
  rows.length > 0 && rows.every((row) => row.verdict === "inconclusive" && row.reason_code === "overlap");

const DISGUISES: Record<string, Disguise> = {
  "a documented name towards an address that DNS gave for another": {
    scene: {
      endpoints: api,
      frames: [
        ...lookUp(HOST, RESOLVER, "api.example.com", [FAR], 1),
        ...lookUp(HOST, RESOLVER, "evil.example.net", [ELSEWHERE], 5),
        ...tlsConnection(FROM, `${ELSEWHERE}:443`, 20, good),
      ],
    },
    seen: (said) => all(said).every((row) => row.transport !== "tcp" || row.verdict !== "documented"),
  },
  "a documented port with another protocol": {
    scene: {
      endpoints: api,
      frames: connection(FROM, TO, 0, [
        ["<", SSH],
        [">", SSH],
      ]),
    },
    seen: notDocumented,
  },
  "a hello of TLS, and a server that speaks something else": {
    scene: {
      endpoints: api,
      frames: connection(FROM, TO, 0, [
        [">", good],
        ["<", SSH],
        [">", SSH],
      ]),
    },
    seen: (said) => said.rules.get("m/r")!.status !== "met",
  },
  ...Object.fromEntries(
    ([">", "<"] as const).flatMap((side) =>
      [0x0303, 0x0304].map((version): [string, Disguise] => [
        `a handshake of TLS ${version}, and behind it what are no records, of ${side}`,
        {
          scene: { endpoints: api, frames: connection(FROM, TO, 0, [...handshake(version), [side, SSH]]) },
          seen: (said) =>
            notDocumented(said) &&
            all(said).every(
              ({ reason_code, reason }) => reason_code === "other-messages" && /is ssh/.test(reason ?? ""),
            ),
        },
      ]),
    ),
  ),
  "a handshake of DTLS, and behind it what is none of DTLS": {
    scene: {
      endpoints: api,
      rules: [{ id: "x", to: "anyone", over: "udp/9000", app: ["dtls", "stun"] }],
      frames: keyed,
    },
    seen: (said) => notDocumented(said) && all(said).every(({ reason_code }) => reason_code === "other-messages"),
  },
  "a name nearly the documented one": {
    scene: { endpoints: api, frames: tlsConnection(FROM, TO, 0, clientHello("api.example.com.evil.example.net")) },
    seen: notDocumented,
  },
  "a documented name with a zero byte and another behind it": {
    scene: { endpoints: api, frames: tlsConnection(FROM, TO, 0, clientHello("api.example.com\0.evil.example.net")) },
    seen: notDocumented,
  },
  "another host behind a documented one on one connection": {
    scene: {
      endpoints: api,
      rules: [web],
      frames: connection(FROM, WEB, 0, asked(["api.example.com", "evil.example.net", "api.example.com"])),
    },
    seen: (said) => names(said, "evil.example.net"),
  },
  "another host behind a hundred documented ones on one connection": {
    scene: {
      endpoints: { api: { hosts: ["*.example.com"] } },
      rules: [web],
      frames: connection(
        FROM,
        WEB,
        0,
        asked([...Array.from({ length: 100 }, (_, i) => `n${i}.example.com`), "evil.example.net"]),
      ),
    },
    seen: (said) => names(said, "evil.example.net"),
  },
  "another host behind more requests than facts are kept of": {
    scene: {
      endpoints: { api: { hosts: ["*.example.com"] } },
      rules: [web],
      frames: connection(
        FROM,
        WEB,
        0,
        asked([...Array.from({ length: 2_000 }, (_, i) => `n${i}.example.com`), "evil.example.net"]),
      ),
    },
    seen: (said) => names(said, "evil.example.net"),
  },
  "a hidden request in the same segment": {
    scene: {
      endpoints: api,
      rules: [web],
      frames: connection(FROM, WEB, 0, [
        [">", concat([request("api.example.com"), request("evil.example.net")])],
        ["<", concat([RESPONSE, RESPONSE])],
      ]),
    },
    seen: (said) => names(said, "evil.example.net"),
  },
  "two hosts in one request": {
    scene: {
      endpoints: api,
      rules: [web],
      frames: connection(FROM, WEB, 0, [
        [">", ascii("GET / HTTP/1.1\r\nHost: api.example.com\r\nHost: evil.example.net\r\n\r\n")],
        ["<", RESPONSE],
      ]),
    },
    seen: notDocumented,
  },
  "a documented host, and an absolute target elsewhere": {
    scene: {
      endpoints: api,
      rules: [web],
      frames: connection(FROM, WEB, 0, [
        [">", ascii("GET http://evil.example.net/ HTTP/1.1\r\nHost: api.example.com\r\n\r\n")],
        ["<", RESPONSE],
      ]),
    },
    seen: notDocumented,
  },
  "an undocumented name in DNS beside documented ones, over one port": {
    scene: {
      endpoints: api,
      frames: ["api.example.com", "secret.evil.example.net"].map((name, i) =>
        udpFrame({ from: `${HOST}:20000`, to: `${RESOLVER}:53`, ms: i, data: dnsQuery(name, { id: i + 1 }) }),
      ),
    },
    seen: ({ result }) =>
      result.lookups.some((row) => row.name === "secret.evil.example.net" && row.verdict !== "documented"),
  },
  "pieces that overlap with other bytes, while they wait": {
    scene: {
      endpoints: api,
      frames: [
        ...segmented([
          [20, good.subarray(20, 60)],
          [20, evil.subarray(20, 60)],
          [0, good.subarray(0, 20)],
          [60, good.subarray(60)],
        ]),
        ...came(good.length),
      ],
    },
    seen: ({ result }) => Number(result.quality.tcp_conflicts) > 0 && openByOverlap(result.judged),
  },
  "pieces that overlap in part, with other bytes": {
    scene: {
      endpoints: api,
      frames: [
        ...segmented([
          [40, other.subarray(40)],
          [0, good.subarray(0, 40)],
          [30, good.subarray(30)],
        ]),
        ...came(good.length),
      ],
    },
    seen: (said) => notDocumented(said) && Number(said.result.quality.tcp_conflicts) > 0,
  },
  "a hello that only the sensor sees, and another in its place": {
    scene: { endpoints: api, frames: replaced(tlsConnection(FROM, TO, 0, good), good, evil) },
    seen: ({ result }) => openByOverlap(result.judged),
  },
  "the same, in pieces cut otherwise": {
    scene: { endpoints: api, frames: replaced(tlsConnection(FROM, TO, 0, good), good, evil.subarray(0, 90)) },
    seen: ({ result }) => openByOverlap(result.judged),
  },
  "a request that only the sensor sees, and another in its place": {
    scene: {
      endpoints: api,
      rules: [web],
      frames: replaced(
        connection(FROM, WEB, 0, asked(["api.example.com"])),
        request("api.example.com"),
        request("evl.example.com"),
      ),
    },
    seen: ({ result }) => openByOverlap(result.judged),
  },
  "fragments with other bytes for the same place": {
    scene: {
      endpoints: api,
      rules: [{ id: "d", to: "anyone", over: "udp/53", app: "dns" }],
      frames: fragmentsThatDiffer(),
    },
    seen: (said) => notDocumented(said) && Number(said.result.quality.fragment_overlaps) > 0,
  },
  "datagrams that are none of DNS, in a flow of DNS": besides(dnsQuery("api.example.com"), "dns"),
  "datagrams that are none of NTP, in a flow of NTP": besides(ntp(3), "ntp"),
  "datagrams that are none of STUN, in a flow of STUN": besides(stun(0x0001), "stun"),
  "an answer of STUN with another transaction": answersElse(3478, "stun", stun(0x0001, 1), stun(0x0101, 2)),
  "an answer of DNS with another id": answersElse(
    53,
    "dns",
    dnsQuery("a.example.com", { id: 1 }),
    dnsAnswer("a.example.com", [], { id: 2 }),
  ),
  "an answer of DNS to another question": answersElse(
    53,
    "dns",
    dnsQuery("a.example.com"),
    dnsAnswer("b.example.com", []),
  ),
  "an answer of NTP to another time": answersElse(123, "ntp", ntp(3), ntpAnswer()),
  "an answer of SNMP with another id": answersElse(161, "snmp", snmp(0xa0, 1), snmp(0xa2, 2)),
  "an answer of RADIUS with another id": answersElse(1812, "radius", radius(1, 1), radius(2, 2)),
  "a tail behind a question of NTP that no extension is": {
    scene: {
      endpoints: api,
      rules: [{ id: "n", to: "anyone", over: "udp/123", app: "ntp" }],
      frames: [
        udpFrame({ from: FROM, to: `${FAR}:123`, data: concat([ntp(3), new Uint8Array(900).fill(7)]) }),
        udpFrame({ from: `${FAR}:123`, to: FROM, ms: 1, data: ntp(4) }),
      ],
    },
    seen: notDocumented,
  },
  "two names in one hello": {
    scene: { endpoints: api, frames: tlsConnection(FROM, TO, 0, helloOf([["api.example.com", "evil.example.net"]])) },
    seen: notDocumented,
  },
  "two lists of names in one hello": {
    scene: { endpoints: api, frames: tlsConnection(FROM, TO, 0, helloOf([["evil.example.net"], ["api.example.com"]])) },
    seen: notDocumented,
  },
  "a second hello with another name": {
    scene: {
      endpoints: api,
      frames: connection(FROM, TO, 0, [
        [">", good],
        ["<", serverHello()],
        [">", evil],
        ["<", serverHello()],
        [">", upRecords()],
        ["<", upRecords()],
      ]),
    },
    seen: notDocumented,
  },
  "a connection of QUIC that goes on towards an address that nobody documents": {
    scene: {
      endpoints: api,
      rules: [{ id: "q", to: "api", over: "udp/443", app: "quic" }],
      frames: Array.from({ length: 20 }, (_, i) =>
        udpFrame({ from: FROM, to: `${ELSEWHERE}:443`, ms: i, data: new Uint8Array(600).fill(0x40 | i) }),
      ),
    },
    seen: notDocumented,
  },
  "a packet that looks like a copy of another and asks something else": {
    scene: {
      endpoints: api,
      frames: ["api.example.com", "evil.example.net"].map((name, i) =>
        udpFrame({ from: `${HOST}:20000`, to: `${RESOLVER}:53`, ms: i, id: 9, vlan: i + 1, data: dnsQuery(name) }),
      ),
    },
    seen: ({ result }) => result.lookups.some((row) => row.name === "evil.example.net"),
  },
};

for (const [what, { scene, seen }] of Object.entries(DISGUISES)) {
  test(what, async (t) => {
    const { said } = await play({ rules: [tlsRule], ...scene });
    t.true(
      seen(said),
      JSON.stringify([
        all(said).map(({ server_name, app, verdict, reason }) => [server_name, app, verdict, reason]),
        [...said.rules.values()].filter(({ model }) => model === "m").map(({ status }) => status),
        said.result.quality.caps_hit,
      ]),
    );
  });
}

test("behind a handshake a record is found though bytes of the one before are lost; where its header is, nothing is said", async (t) => {
  const long = concat([upRecords().subarray(0, 6), bytes(23, 3, 3, 0x08, 0), new Uint8Array(2048).fill(0xcd)]);
  const pieces = [0, 700, 1400].map((from): Line => [">", long.subarray(from, from + 700)]);
  const frames = connection(FROM, TO, 0, [...handshake(0x0303).slice(0, 3), ...pieces, [">", SSH], [">", SSH]]);
  const codeWithout = async (...lost: number[]) => {
    const { said } = await play({
      rules: [tlsRule],
      endpoints: api,
      frames: frames.filter((_, i) => !lost.includes(i)),
    });
    return all(said)[0]!.reason_code;
  };
  t.is(await codeWithout(), "other-messages");
  t.is(await codeWithout(7), "other-messages");
  t.is(await codeWithout(8), "other-messages");
  t.is(await codeWithout(9), "rule-proved");
});

test("what is sent again as it was, and a keep-alive, disguise nothing", async (t) => {
  const frames = replaced(tlsConnection(FROM, TO, 0, good), good, good);
  const keepAlive = tcpFrame({
    from: FROM,
    to: TO,
    flags: "A",
    seq: 1000 + good.length,
    ack: 5001,
    ms: 5,
    data: ascii("\0"),
  });
  const { said } = await play({ rules: [tlsRule], endpoints: api, frames: frames.toSpliced(5, 0, keepAlive) });
  t.deepEqual(
    all(said).map(({ verdict }) => verdict),
    ["documented"],
  );
  t.is(said.result.quality.tcp_conflicts, 0);
});
