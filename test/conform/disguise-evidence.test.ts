/**
 * As `disguise.test.ts`: evidence that is none. Answers of DNS that no resolver would take, names from whoever shouts first,
 * channels agreed on that carry something else, and bytes behind, beside or instead of a documented message.
 */
import test from "ava";
import type { Frame } from "../../src/capture/frame.ts";
import { fixturesOf } from "../support/decoder-fixtures.ts";
import { frameOfBytes, tcpFrame, udpFrame } from "../support/frames.ts";
import { ascii, concat } from "../support/hex.ts";
import { bytes, u16 } from "../support/packets.ts";
import {
  clientHello,
  connection,
  dnsAnswer,
  dnsQuery,
  type Line,
  lookUp,
  type RecordToWrite,
  stun,
  tlsConnection,
} from "../support/talk.ts";
import { HOST, play, RESOLVER, type Scene } from "./scene.ts";
import { api, byAddress, FAR, FROM, TO, tlsRule } from "./stage.ts";

const ELSEWHERE = "203.0.113.66";
const STRANGER = "10.0.0.66";
const good = clientHello("api.example.com");
const evil = clientHello("evil.example.net");
const SSH = ascii("SSH-2.0-OpenSSH_9.2\r\n");
const WEB = `${FAR}:80`;
const web = { id: "w", to: "api", over: "tcp/80", app: "http" };
const request = (host: string): Uint8Array => ascii(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
const asked = request("api.example.com");
const DONE = ascii("HTTP/1.1 204 No Content\r\n\r\n");
const forged: RecordToWrite = { name: "api.example.com", type: "A", data: ELSEWHERE };

/** A connection without a name of its own to an address that only this evidence calls by the documented name. */
const named = (evidence: readonly Frame[]): Disguise => ({
  endpoints: api,
  frames: [...evidence, ...tlsConnection(FROM, `${ELSEWHERE}:443`, 100, clientHello(null))],
});
const datagram = (from: string, to: string, data: Uint8Array, ms = 0): Frame => udpFrame({ from, to, data, ms });
/** HTTP to the documented host, and what comes behind it: `seq` counts from the second request on. */
const behind = (flags: string, seq: number, more: readonly Frame[] = []): Disguise => ({
  endpoints: api,
  rules: [web],
  frames: [
    ...connection(FROM, WEB, 0, [
      [">", asked],
      ["<", DONE],
    ]),
    ...more,
    tcpFrame({
      from: FROM,
      to: WEB,
      flags,
      seq: 1_001 + asked.length + seq,
      ack: 5_001 + DONE.length,
      ms: 50,
      data: request("evil.example.net").slice(seq),
    }),
  ],
});
const ftp = (passive: string): Frame[] =>
  connection(FROM, `${FAR}:21`, 0, [
    ["<", ascii("220 FTP server ready\r\n")],
    [">", ascii("USER a\r\n")],
    ["<", ascii("331 password\r\n")],
    [">", ascii("PASS x\r\n")],
    ["<", ascii("230 ok\r\n")],
    [">", ascii("PASV\r\n")],
    ["<", ascii(`227 Entering Passive Mode (${passive}).\r\n`)],
  ]);
const FTP = { endpoints: byAddress, rules: [{ id: "f", to: "api", over: "tcp/21", app: "ftp" }] };
const DNS = { endpoints: api, rules: [{ id: "d", to: "anyone", over: ["udp/53", "tcp/53"], app: "dns" }] };
const sized = (message: Uint8Array): Uint8Array => concat([u16(message.length), message]);
const tailed = concat([dnsQuery("api.example.com"), new Uint8Array(600).fill(7)]);

const modbus = (id: number, pdu: Uint8Array): Uint8Array =>
  concat([u16(id), u16(0), u16(pdu.length + 1), bytes(1), pdu]);
const read = bytes(3, 0, 7, 0, 1);
const write = bytes(6, 0, 7, 0, 1);
/** A read that is answered, and what the client says then. */
const polled = (...said: readonly Uint8Array[]): Disguise => ({
  endpoints: byAddress,
  rules: [{ id: "m", to: "api", over: "tcp/502", app: "modbus", expect: { operations: "at most read" } }],
  frames: connection(FROM, `${FAR}:502`, 0, [
    [">", modbus(1, read)],
    ["<", modbus(1, bytes(3, 2, 0, 7))],
    ...said.map((data): Line => [">", data]),
  ]),
});
/** The same segment with a checksum that no receiver takes. */
function spoilt(frame: Frame, ms: number): Frame {
  const data = frame.buf.slice();
  data[14 + 20 + 16]! ^= 0x55;
  return frameOfBytes(data, ms);
}

type Disguise = Omit<Scene, "rules"> & { rules?: Scene["rules"] };

const DISGUISES: Record<string, Disguise> = {
  "an address for the documented name in the answer to another question": named(
    lookUp(HOST, RESOLVER, "evil.example.net", [], 1, [
      { name: "evil.example.net", type: "A", data: "203.0.113.70" },
      forged,
    ]),
  ),
  "an address beside the answer that there is no such name": named([
    datagram(`${HOST}:20001`, `${RESOLVER}:53`, dnsQuery("api.example.com"), 1),
    datagram(`${RESOLVER}:53`, `${HOST}:20001`, dnsAnswer("api.example.com", [forged], { rcode: 3 }), 2),
  ]),
  "an answer that nobody asked for": named([lookUp(HOST, RESOLVER, "api.example.com", [ELSEWHERE], 1)[1]]),
  "an answer with another number than the question": named([
    datagram(`${HOST}:20001`, `${RESOLVER}:53`, dnsQuery("api.example.com", { id: 1 }), 1),
    datagram(`${RESOLVER}:53`, `${HOST}:20001`, dnsAnswer("api.example.com", [forged], { id: 2 }), 2),
  ]),
  "an answer to another question than was asked": named([
    datagram(`${HOST}:20001`, `${RESOLVER}:53`, dnsQuery("www.example.org"), 1),
    datagram(`${RESOLVER}:53`, `${HOST}:20001`, dnsAnswer("api.example.com", [forged]), 2),
  ]),
  "an answer by somebody else than was asked": named([
    datagram(`${HOST}:20001`, `${RESOLVER}:53`, dnsQuery("api.example.com"), 1),
    datagram(`${STRANGER}:53`, `${HOST}:20001`, dnsAnswer("api.example.com", [forged]), 2),
  ]),
  "the documented name by LLMNR, which anybody on the link answers": named([
    datagram(`${HOST}:20001`, "224.0.0.252:5355", dnsQuery("api.example.com"), 1),
    datagram(`${STRANGER}:5355`, `${HOST}:20001`, dnsAnswer("api.example.com", [forged]), 2),
  ]),
  "the documented name by mDNS": named([
    datagram(`${HOST}:5353`, "224.0.0.251:5353", dnsQuery("api.example.com"), 1),
    datagram(`${STRANGER}:5353`, "224.0.0.251:5353", dnsAnswer("api.example.com", [forged], { id: 0 }), 2),
  ]),
  "another host's answer for the documented name": named(lookUp(STRANGER, RESOLVER, "api.example.com", [ELSEWHERE], 1)),
  "a tail behind a message of DNS": {
    ...DNS,
    frames: [datagram(FROM, `${FAR}:53`, tailed), datagram(`${FAR}:53`, FROM, dnsAnswer("api.example.com", []), 1)],
  },
  "a tail behind a message of DNS over TCP": {
    ...DNS,
    frames: connection(FROM, `${FAR}:53`, 0, [
      [">", sized(tailed)],
      ["<", sized(dnsAnswer("api.example.com", []))],
    ]),
  },
  "another protocol behind a message of DNS over TCP, which waits for the rest of its length": {
    ...DNS,
    frames: connection(FROM, `${FAR}:53`, 0, [
      [">", sized(dnsQuery("api.example.com"))],
      ["<", sized(dnsAnswer("api.example.com", []))],
      [">", SSH],
      ["<", SSH],
    ]),
  },
  "SSH where FTP said that data comes": {
    ...FTP,
    frames: [
      ...ftp("203,0,113,10,0,22"),
      ...connection(`${HOST}:40001`, `${FAR}:22`, 100, [
        ["<", SSH],
        [">", SSH],
      ]),
    ],
  },
  "SSH to somebody else, where FTP said that data comes": {
    ...FTP,
    frames: [
      ...ftp("203,0,113,66,0,22"),
      ...connection(`${HOST}:40001`, `${ELSEWHERE}:22`, 100, [
        ["<", SSH],
        [">", SSH],
      ]),
    ],
  },
  "TLS for another name, where FTP said that data comes": {
    ...FTP,
    frames: [...ftp("203,0,113,10,200,7"), ...tlsConnection(`${HOST}:40001`, `${FAR}:51207`, 100, evil)],
  },
  "a path that STUN prepared, and WireGuard on it": {
    endpoints: api,
    rules: [{ id: "s", to: "anyone", over: "udp/3478", app: "stun" }],
    frames: [
      datagram(FROM, `${FAR}:3478`, stun(0x0001)),
      datagram(`${FAR}:3478`, FROM, stun(0x0101), 1),
      ...fixturesOf("wireguard")
        .slice(0, 1)
        .map(({ bytes: hello }) => datagram(FROM, `${FAR}:3478`, hello, 2)),
    ],
  },
  "a documented hello in the SYN, and another behind it": {
    endpoints: api,
    frames: [
      tcpFrame({ from: FROM, to: TO, flags: "S", seq: 1_000, data: good }),
      ...tlsConnection(FROM, TO, 0, evil).slice(1),
    ],
  },
  "a documented hello for a first SYN's numbers, another for the second's": {
    endpoints: api,
    frames: [
      tcpFrame({ from: FROM, to: TO, flags: "S", seq: 900_000 }),
      tcpFrame({ from: FROM, to: TO, flags: "PA", seq: 900_001, ack: 5_001, ms: 0.5, data: good }),
      ...tlsConnection(FROM, TO, 1, evil),
    ],
  },
  "a documented hello whose checksum is wrong, and another in its place": {
    endpoints: api,
    frames: [
      ...tlsConnection(FROM, TO, 0, clientHello("evl.example.com")),
      spoilt(tcpFrame({ from: FROM, to: TO, flags: "PA", seq: 1_001, ack: 5_001, data: good }), 2.5),
    ],
  },
  "another host's request behind a RST that is out of place": behind("PA", 0, [
    tcpFrame({ from: FROM, to: WEB, flags: "R", seq: 5_000_000, ms: 40 }),
  ]),
  "another host's request behind a FIN": behind("PA", 0, [
    tcpFrame({ from: FROM, to: WEB, flags: "FA", seq: 1_001 + asked.length, ack: 5_001, ms: 40 }),
  ]),
  "another host's request behind a byte that never came": behind("PA", 1),
  "a write behind a read, within the read's length": polled(modbus(2, concat([read, write]))),
  "a message that writes, whole, within a read's length": polled(modbus(2, concat([read, modbus(3, write)]))),
  "a write of another protocol number": polled(concat([bytes(0, 2, 0, 1), modbus(2, write).slice(4)])),
  "a write to every unit, which nobody answers": polled(concat([modbus(2, write).slice(0, 6), bytes(0), write])),
  "a function that some maker's devices alone know": polled(modbus(2, bytes(100, 1))),
  "a write in another framing on the same connection": polled(concat([bytes(1), write, bytes(0xf8, 0x0b)])),
};

for (const [what, scene] of Object.entries(DISGUISES)) {
  test(what, async (t) => {
    const { said } = await play({ rules: [tlsRule], ...scene });
    const rows = said.result.judged;
    // Background traffic is ignored; of the rest, either nothing is documented or what is hidden has a row of its own.
    const none = rows.every(({ verdict }) => verdict !== "documented");
    const apart = rows.some(({ verdict }) => verdict === "undocumented" || verdict === "violation");
    t.true(
      rows.length > 0 && (none || apart),
      JSON.stringify(rows.map(({ app, server_name, verdict, reason }) => [app, server_name, verdict, reason])),
    );
    if (none) t.false([...said.rules.values()].some(({ model, status }) => model === "m" && status === "met"));
  });
}

const HOSTS = ["api.example.com\x0b", "api.example.com\tx", "api.example.com:80:evil.example.net", ".api.example.com"]
  .concat(["api.example.com#@evil.example.net", "api.example.com/evil", "api.example.com,evil.example.net"])
  .concat(["api.example.com evil.example.net", "api.example.com\0.evil", "api.example.com%2eevil.example.net"]);
for (const host of HOSTS) {
  test(`a Host that is nearly the documented one: ${JSON.stringify(host)}`, async (t) => {
    const lines: Line[] = [
      [">", request(host)],
      ["<", DONE],
    ];
    const { said } = await play({ rules: [web], endpoints: api, frames: connection(FROM, WEB, 0, lines) });
    t.deepEqual(
      said.result.judged.map(({ verdict }) => verdict),
      ["undocumented"],
    );
  });
}

for (const address of ["::ffff:203.0.113.10", "2002:cb00:710a::1", "64:ff9b::cb00:710a"]) {
  test(`an address that holds the documented one: ${address}`, async (t) => {
    const frames = tlsConnection("[2001:db8::5]:40000", `[${address}]:443`, 0, clientHello(null));
    const { said } = await play({ rules: [tlsRule], endpoints: byAddress, bind: ["host=2001:db8::5"], frames });
    t.deepEqual(
      said.result.judged.map(({ verdict }) => verdict),
      ["undocumented"],
    );
  });
}
