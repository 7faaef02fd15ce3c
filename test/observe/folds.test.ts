/**
 * Flows that belong to another's conversation, on messages of real programs (the decoders' fixtures) between ends made for
 * the test; and flows that do not, although they look like it. Each scene is also cut before every frame and merged.
 */
import test from "ava";
import { DECODERS } from "../../decoders/index.ts";
import type { Frame } from "../../src/capture/frame.ts";
import { FlowView } from "../../src/observe/flow-view.ts";
import { findFolds } from "../../src/observe/folds.ts";
import { mergeObservations } from "../../src/observe/merge.ts";
import { fixturesOf } from "../support/decoder-fixtures.ts";
import { numbered, udpFrame } from "../support/frames.ts";
import { ascii, hex } from "../support/hex.ts";
import { observe, told } from "../support/observe.ts";
import { connection, dnsAnswer, dnsQuery, stun } from "../support/talk.ts";

const message = (decoder: string, file: string, title: string): Uint8Array => {
  const found = fixturesOf(decoder).find((f) => f.file.endsWith(`/${file}.md`) && f.title === title);
  if (found === undefined) throw new Error(`no ${title} in ${decoder}/${file}.md`);
  return found.bytes;
};
const udp = (from: string, to: string, ms: number, data: Uint8Array): Frame => udpFrame({ from, to, ms, data });

/** The same with another byte at a place. */
const flipped = (bytes: Uint8Array, at: number): Uint8Array => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte));

const CLIENT = "10.0.0.5";
const SERVER = "10.0.0.9";
const block = (n: number): Uint8Array => Uint8Array.of(0, 3, 0, n, ...ascii("start file ".repeat(8)));
const acknowledged = (n: number): Uint8Array => Uint8Array.of(0, 4, 0, n);
const read = message("tftp", "read", "request");
const asked = udp(`${CLIENT}:40000`, `${SERVER}:69`, 0, read);
const transfer = (server: string, client = `${CLIENT}:40000`, ms = 5): Frame[] =>
  [1, 2, 3].flatMap((n) => [
    udp(server, client, ms + n * 10, block(n)),
    udp(client, server, ms + n * 10 + 2, acknowledged(n)),
  ]);

const search = message("ssdp", "by-hand", "who is there");
const found = message("ssdp", "by-hand", "an answer");
/** Multicast DNS answers without repeating the question (RFC 6762 section 6). */
const mdnsAnswer = (name: string, address: string): Uint8Array => {
  const answer = dnsAnswer(name, [{ name, type: "A", data: address }], { id: 0 });
  const question = dnsQuery(name, { id: 0 }).length - 12;
  const bytes = Uint8Array.from([...answer.subarray(0, 12), ...answer.subarray(12 + question)]);
  bytes.set([0x84, 0, 0, 0], 2);
  return bytes;
};

const discover = message("dhcp", "lease", "discover");
const offer = message("dhcp", "lease", "offer");

const whoIs = hex`81 0b 00 08  01 00  10 08`;
const iAm = hex`81 0b 00 14  01 00  10 00  c4 02 00 04 d2  22 05 c4  91 03  21 07`;
const listIdentity = hex`63 00 0000 00000000 00000000 5749524550414354 00000000`;
const identity = hex`63 00 3c00 00000000 00000000 5749524550414354 00000000
  0100 0c00 3600 0100 0002af12c00002050000000000000000 0100 0e00 3600 140b 6030 78563412
  14 313735362d4c36312f42204c4f4749583535 3631 03`;

/** A call's messages with the addresses of the test in place of loopback's; lengths stay. */
const moved = (bytes: Uint8Array, address: string): Uint8Array =>
  ascii(Buffer.from(bytes).toString("latin1").replaceAll("127.0.0.1", address));
const invite = moved(message("sip", "call", "invite"), "10.20.0.5");
const taken = moved(message("sip", "call", "answer"), "10.20.0.6");
const media = (from: string, to: string, ms: number): Frame[] =>
  Array.from({ length: 4 }, (_, i) => udp(from, to, ms + i * 20, rtp(i)));
const rtp = (n: number): Uint8Array =>
  Uint8Array.of(0x80, 0, 0, n, 0, 0, 0, n * 160, 1, 2, 3, 4, ...new Uint8Array(160).fill(0xd5));

const SCENES: Record<string, { frames: Frame[]; conversations: string[]; lookups?: string[] }> = {
  "TFTP answers from a port of its own": {
    frames: [asked, ...transfer(`${SERVER}:51731`)],
    conversations: ["10.0.0.5 10.0.0.9 udp/69 tftp answered 2 flows, 7 packets"],
  },
  "one datagram from the new port is enough": {
    frames: [asked, udp(`${SERVER}:51731`, `${CLIENT}:40000`, 9, block(1))],
    conversations: ["10.0.0.5 10.0.0.9 udp/69 tftp answered 2 flows, 2 packets"],
  },
  "another server's transfer is its own": {
    frames: [asked, ...transfer("10.0.0.77:51731")],
    conversations: [
      "10.0.0.5 10.0.0.9 udp/69 tftp unanswered 1 flows, 1 packets",
      "10.0.0.77 10.0.0.5 udp/40000 tftp answered 1 flows, 6 packets",
    ],
  },
  "a transfer to another port is its own": {
    frames: [asked, ...transfer(`${SERVER}:51731`, `${CLIENT}:40001`)],
    conversations: [
      "10.0.0.5 10.0.0.9 udp/69 tftp unanswered 1 flows, 1 packets",
      "10.0.0.9 10.0.0.5 udp/40001 tftp answered 1 flows, 6 packets",
    ],
  },
  "another application on the port that waits is its own": {
    frames: [asked, udp(`${SERVER}:3478`, `${CLIENT}:40000`, 9, stun(0x0101))],
    conversations: [
      "10.0.0.5 10.0.0.9 udp/3478 stun one-way 1 flows, 1 packets",
      "10.0.0.5 10.0.0.9 udp/69 tftp unanswered 1 flows, 1 packets",
    ],
  },
  "what comes hours later answers nothing": {
    frames: [asked, ...transfer(`${SERVER}:51731`, `${CLIENT}:40000`, 7_200_000)],
    conversations: [
      "10.0.0.5 10.0.0.9 udp/69 tftp unanswered 1 flows, 1 packets",
      "10.0.0.9 10.0.0.5 udp/40000 tftp answered 1 flows, 6 packets",
    ],
  },
  "what came before the question answers nothing": {
    frames: [...transfer(`${SERVER}:51731`, `${CLIENT}:40000`, -60_000), asked],
    conversations: [
      "10.0.0.5 10.0.0.9 udp/69 tftp unanswered 1 flows, 1 packets",
      "10.0.0.9 10.0.0.5 udp/40000 tftp answered 1 flows, 6 packets",
    ],
  },
  "everybody answers a search": {
    frames: [
      udp(`${CLIENT}:40001`, "239.255.255.250:1900", 0, search),
      udp("10.0.0.7:1900", `${CLIENT}:40001`, 40, found),
      udp("10.0.0.8:34567", `${CLIENT}:40001`, 60, found),
    ],
    conversations: ["10.0.0.5 239.255.255.250 udp/1900 ssdp answered 3 flows, 3 packets"],
  },
  "a question to a group, answered from the host's own address": {
    frames: [
      udp(`${CLIENT}:50001`, "224.0.0.252:5355", 0, message("llmnr", "multicast", "question")),
      udp("10.0.0.7:5355", `${CLIENT}:50001`, 20, message("llmnr", "multicast", "answer")),
    ],
    conversations: ["10.0.0.5 224.0.0.252 udp/5355 llmnr answered 2 flows, 2 packets"],
    lookups: ["10.0.0.5 224.0.0.252 NOERROR"],
  },
  "a question to a group, and an answer to somebody else": {
    frames: [
      udp(`${CLIENT}:50001`, "224.0.0.252:5355", 0, message("llmnr", "multicast", "question")),
      udp("10.0.0.7:5355", "10.0.0.8:50001", 20, message("llmnr", "multicast", "answer")),
    ],
    conversations: [
      "10.0.0.5 224.0.0.252 udp/5355 llmnr one-way 1 flows, 1 packets",
      "10.0.0.8 10.0.0.7 udp/5355 llmnr one-way 1 flows, 1 packets",
    ],
    lookups: ["10.0.0.5 224.0.0.252 TIMEOUT", "10.0.0.8 10.0.0.7 NOERROR"],
  },
  "a question that everybody hears, and an answer that everybody hears": {
    frames: [
      udp(`${CLIENT}:5353`, "224.0.0.251:5353", 0, dnsQuery("printer.local", { id: 0 })),
      udp("10.0.0.7:5353", "224.0.0.251:5353", 30, mdnsAnswer("printer.local", "10.0.0.7")),
    ],
    conversations: [
      "10.0.0.5 224.0.0.251 udp/5353 mdns one-way 1 flows, 1 packets",
      "10.0.0.7 224.0.0.251 udp/5353 mdns one-way 1 flows, 1 packets",
    ],
    lookups: ["10.0.0.5 224.0.0.251 NOERROR"],
  },
  "a question that everybody hears, and an announcement of another name": {
    frames: [
      udp(`${CLIENT}:5353`, "224.0.0.251:5353", 0, dnsQuery("printer.local", { id: 0 })),
      udp("10.0.0.7:5353", "224.0.0.251:5353", 30, mdnsAnswer("scanner.local", "10.0.0.7")),
    ],
    conversations: [
      "10.0.0.5 224.0.0.251 udp/5353 mdns one-way 1 flows, 1 packets",
      "10.0.0.7 224.0.0.251 udp/5353 mdns one-way 1 flows, 1 packets",
    ],
    lookups: ["10.0.0.5 224.0.0.251 TIMEOUT"],
  },
  "a DHCP offer goes to the address that it gives": {
    frames: [udp("0.0.0.0:68", "255.255.255.255:67", 0, discover), udp("10.0.0.1:67", "10.0.0.50:68", 90, offer)],
    conversations: ["0.0.0.0 255.255.255.255 udp/67 dhcp answered 2 flows, 2 packets"],
  },
  "a DHCP offer of another transaction is none": {
    frames: [
      udp("0.0.0.0:68", "255.255.255.255:67", 0, discover),
      udp("10.0.0.1:67", "10.0.0.50:68", 90, flipped(offer, 4)),
    ],
    conversations: [
      "0.0.0.0 255.255.255.255 udp/67 dhcp one-way 1 flows, 1 packets",
      "10.0.0.50 10.0.0.1 udp/67 dhcp one-way 1 flows, 1 packets",
    ],
  },
  "everybody answers Who-Is, by unicast or to all": {
    frames: [
      udp("10.0.0.5:47808", "10.0.0.255:47808", 0, whoIs),
      udp("10.0.0.7:47808", "10.0.0.5:47808", 40, iAm),
      udp("10.0.0.8:47808", "10.0.0.255:47808", 50, iAm),
    ],
    conversations: ["10.0.0.5 10.0.0.255 udp/47808 bacnet answered 3 flows, 3 packets"],
  },
  "an I-Am that nobody asked for": {
    frames: [udp("10.0.0.8:47808", "10.0.0.255:47808", 50, iAm)],
    conversations: ["10.0.0.8 10.0.0.255 udp/47808 bacnet one-way 1 flows, 1 packets"],
  },
  "ListIdentity is answered by its id": {
    frames: [
      udp("10.0.0.5:40001", "255.255.255.255:44818", 0, listIdentity),
      udp("10.0.0.7:44818", "10.0.0.5:40001", 40, identity),
      udp("10.0.0.8:44818", "10.0.0.5:40001", 50, flipped(identity, 12)),
    ],
    conversations: [
      "10.0.0.5 10.0.0.8 udp/44818 enip one-way 1 flows, 1 packets",
      "10.0.0.5 255.255.255.255 udp/44818 enip answered 2 flows, 2 packets",
    ],
  },
  "a call's media flow where its messages say": {
    frames: [
      udp("10.20.0.5:5062", "10.20.0.6:5060", 0, invite),
      udp("10.20.0.6:5060", "10.20.0.5:5062", 30, taken),
      ...media("10.20.0.5:6008", "10.20.0.6:6000", 60),
      ...media("10.20.0.6:6000", "10.20.0.5:6008", 65),
    ],
    conversations: ["10.20.0.5 10.20.0.6 udp/5060 sip answered 2 flows, 10 packets"],
  },
  "through a proxy, they flow between the telephones": {
    frames: [
      udp("10.20.0.5:5062", "10.20.0.1:5060", 0, invite),
      udp("10.20.0.1:5060", "10.20.0.5:5062", 30, taken),
      ...media("10.20.0.5:6008", "10.20.0.6:6000", 60),
    ],
    conversations: ["10.20.0.5 10.20.0.1 udp/5060 sip answered 2 flows, 6 packets"],
  },
  "media from a stranger are not the call's": {
    frames: [
      udp("10.20.0.5:5062", "10.20.0.6:5060", 0, invite),
      udp("10.20.0.6:5060", "10.20.0.5:5062", 30, taken),
      ...media("198.51.100.7:9000", "10.20.0.5:6008", 60),
    ],
    conversations: [
      "10.20.0.5 10.20.0.6 udp/5060 sip answered 1 flows, 2 packets",
      "198.51.100.7 10.20.0.5 udp/6008 rtp one-way 1 flows, 4 packets",
    ],
  },
};

test("two FTP sessions on one passive port: each data channel is that of the message before it", (t) => {
  const session = (client: string, ms: number): Frame[] =>
    connection(client, `${SERVER}:21`, ms, [
      ["<", ascii("220 (vsFTPd 3.0.3)\r\n")],
      [">", ascii("PASV\r\n")],
      ["<", ascii("227 Entering Passive Mode (10,0,0,9,195,80).\r\n")],
    ]);
  const data = (client: string, ms: number): Frame[] =>
    connection(client, `${SERVER}:50000`, ms, [["<", ascii("-rw-r--r-- 1 0 0 5 Jan 01 00:00 a\r\n")]]);
  const frames = numbered(
    [
      ...session(`${CLIENT}:40001`, 0),
      ...data(`${CLIENT}:41001`, 100),
      ...session(`${CLIENT}:40002`, 600),
      ...data(`${CLIENT}:41002`, 700),
    ].sort((a, b) => a.sec - b.sec || a.nsec - b.nsec),
  );
  const into = (seen: ReturnType<typeof observe>): string[] => {
    const view = new FlowView(seen);
    const ports = (flow: number): string => [view.move(flow).port(0), view.port(1)].filter((port) => port > 21).join();
    return [...findFolds(seen)].map(([flow, fold]) => `${ports(flow)} into ${ports(fold.into)}`).sort();
  };
  const expected = ["41001,50000 into 40001", "41002,50000 into 40002"];
  t.deepEqual(into(observe(frames)), expected);
  for (let cut = 1; cut < frames.length; cut++)
    t.deepEqual(
      into(mergeObservations([observe(frames.slice(0, cut)), observe(frames.slice(cut))], DECODERS)),
      expected,
    );
});

test("a data channel of FTP to another host than the session's far end stands for itself", (t) => {
  const waitingAt = (said: string, host: string): string[] => {
    const control = connection(`${CLIENT}:40001`, `${SERVER}:21`, 0, [
      ["<", ascii("220 (vsFTPd 3.0.3)\r\n")],
      [">", ascii("PASV\r\n")],
      ["<", ascii(`227 Entering Passive Mode (${said},195,80).\r\n`)],
    ]);
    const data = connection(`${CLIENT}:41001`, `${host}:50000`, 100, [[">", ascii("the plant's secrets\r\n")]]);
    return lines(observe(numbered([...control, ...data])));
  };
  t.deepEqual(
    waitingAt("10,0,0,9", SERVER).map((line) => line.replace(/ established.*? (\d flows).*/, " $1")),
    [`${CLIENT} ${SERVER} tcp/21 ftp 2 flows`],
  );
  t.deepEqual(
    waitingAt("198,51,100,9", "198.51.100.9").map((line) => line.split(" ").slice(0, 3).join(" ")),
    [`${CLIENT} ${SERVER} tcp/21`, `${CLIENT} 198.51.100.9 tcp/50000`],
  );
});

const lines = (seen: ReturnType<typeof observe>): string[] =>
  (told(seen).conversations as Record<string, unknown>[])
    .map(
      (c) =>
        `${c.initiator} ${c.responder} ${c.transport}/${c.port} ${c.app} ${c.outcome} ${c.flows} flows, ${c.packets} packets`,
    )
    .sort();

const lookups = (seen: ReturnType<typeof observe>): string[] =>
  (told(seen).lookups as Record<string, unknown>[]).map((l) => `${l.client} ${l.server} ${l.result}`).sort();

for (const [what, scene] of Object.entries(SCENES)) {
  test(what, (t) => {
    const frames = numbered([...scene.frames].sort((a, b) => a.sec - b.sec || a.nsec - b.nsec));
    const whole = observe(frames);
    t.deepEqual(lines(whole), scene.conversations);
    if (scene.lookups !== undefined) t.deepEqual(lookups(whole), scene.lookups);
    for (let cut = 1; cut < frames.length; cut++) {
      const parts = [observe(frames.slice(0, cut)), observe(frames.slice(cut))];
      t.deepEqual(lines(mergeObservations(parts, DECODERS)), scene.conversations, `cut before frame ${cut + 1}`);
    }
  });
}
