/** Flows folded to conversations, and the ids that every run and machine gives them. */
import test from "ava";
import type { Frame } from "../../src/capture/frame.ts";
import { describe } from "../../src/conform/conform.ts";
import type { ConversationRow } from "../../src/report/result.ts";
import { fixturesOf } from "../support/decoder-fixtures.ts";
import { numbered, tcpFrame, udpFrame } from "../support/frames.ts";
import { ascii } from "../support/hex.ts";
import { observe } from "../support/observe.ts";
import { clientHello, connection, dnsQuery, lookUp, stun, tlsConnection } from "../support/talk.ts";

const rowsOf = (frames: Frame[]): ConversationRow[] => [...describe(observe(numbered(frames))).rest.rows()];
const told = (rows: readonly ConversationRow[]): string[] =>
  rows.map(
    (r) => `${r.initiator} ${r.responder} ${r.transport}/${r.port} ${r.app} ${r.server_name} ${r.outcome} ${r.flows}`,
  );
const hello = (from: string, name: string | null, ms: number): Frame[] =>
  tlsConnection(from, "10.0.0.2:443", ms, clientHello(name));

const FOLDS: Record<string, { frames: Frame[]; rows: string[] }> = {
  "parallel connections under one name": {
    frames: [...hello("10.0.0.1:40000", "a.example", 0), ...hello("10.0.0.1:40001", "a.example", 20)],
    rows: ["10.0.0.1 10.0.0.2 tcp/443 tls a.example established 2"],
  },
  "another name is another conversation": {
    frames: [...hello("10.0.0.1:40000", "a.example", 0), ...hello("10.0.0.1:40001", "b.example", 20)],
    rows: [
      "10.0.0.1 10.0.0.2 tcp/443 tls a.example established 1",
      "10.0.0.1 10.0.0.2 tcp/443 tls b.example established 1",
    ],
  },
  "so is no name": {
    frames: [...hello("10.0.0.1:40000", "a.example", 0), ...hello("10.0.0.1:40001", null, 20)],
    rows: ["10.0.0.1 10.0.0.2 tcp/443 tls a.example established 1", "10.0.0.1 10.0.0.2 tcp/443 tls null established 1"],
  },
  "another initiator": {
    frames: [...hello("10.0.0.1:40000", "a.example", 0), ...hello("10.0.0.3:40000", "a.example", 20)],
    rows: [
      "10.0.0.1 10.0.0.2 tcp/443 tls a.example established 1",
      "10.0.0.3 10.0.0.2 tcp/443 tls a.example established 1",
    ],
  },
  "the best outcome of its flows": {
    frames: [
      tcpFrame({ from: "10.0.0.1:40000", to: "10.0.0.2:22", flags: "S", seq: 1, ms: 0 }),
      tcpFrame({ from: "10.0.0.2:22", to: "10.0.0.1:40000", flags: "RA", ack: 2, ms: 1 }),
      ...connection("10.0.0.1:40001", "10.0.0.2:22", 10, []),
    ],
    rows: ["10.0.0.1 10.0.0.2 tcp/22 null null established 2"],
  },
  "a flow cut by its idle gap is one conversation": {
    frames: [0, 400_000, 800_000].map((ms) =>
      udpFrame({ from: "10.0.0.1:40000", to: "10.0.0.2:53", ms, data: dnsQuery("a.example") }),
    ),
    rows: ["10.0.0.1 10.0.0.2 udp/53 dns null unanswered 3"],
  },
  "UDP and TCP of one port": {
    frames: [
      udpFrame({ from: "10.0.0.1:40000", to: "10.0.0.2:53", ms: 0, data: ascii("?") }),
      tcpFrame({ from: "10.0.0.1:40000", to: "10.0.0.2:53", flags: "S", ms: 1 }),
    ],
    rows: ["10.0.0.1 10.0.0.2 udp/53 null null unanswered 1", "10.0.0.1 10.0.0.2 tcp/53 null null unanswered 1"],
  },
};

for (const [what, { frames, rows }] of Object.entries(FOLDS)) {
  test(what, (t) => t.deepEqual(told(rowsOf(frames)), rows));
}

test("where both ends asked by ICE, whoever says the DTLS hello need not have opened it: the lower port stands", (t) => {
  const [first, second] = fixturesOf("dtls").filter(({ file, title }) => /browser/.test(file) && /Client/.test(title));
  for (const [client, server] of [
    ["10.0.0.1:40000", "10.0.0.2:50000"],
    ["10.0.0.1:50000", "10.0.0.2:40000"],
  ] as const) {
    const say = (from: string, to: string, data: Uint8Array, ms: number): Frame => udpFrame({ from, to, ms, data });
    const checks = [say(client, server, stun(1), 0), say(server, client, stun(1), 1)];
    const hellos = [say(client, server, first!.bytes, 2), say(client, server, second!.bytes, 3)];
    const ends = client.endsWith("50000") ? "10.0.0.1 10.0.0.2" : "10.0.0.2 10.0.0.1";
    t.deepEqual(told(rowsOf([...checks, ...hellos])), [
      `${ends} udp/40000 dtls null answered 1`,
      `${ends} udp/40000 stun null answered 1`,
    ]);
    t.deepEqual(told(rowsOf(checks)), [`${ends} udp/40000 stun null answered 1`]);
  }
});

test("counts and times are those of all its flows", (t) => {
  const [row] = rowsOf([...hello("10.0.0.1:40001", "a.example", 5_000), ...hello("10.0.0.1:40000", "a.example", 0)]);
  t.is(row!.packets, 14);
  t.is(row!.first_seen, "2026-03-02T09:00:00.000000Z");
  t.is(row!.last_seen, "2026-03-02T09:00:05.006000Z");
});

/** Made once and never to change: a waiver, a link or another machine's database may hold them. */
const IDS: Record<string, { frames: Frame[]; id: string }> = {
  "TLS with a name": { frames: hello("10.0.0.1:40000", "api.example.com", 0), id: "709b3744809196a2" },
  "STUN over IPv6": {
    frames: [udpFrame({ from: "[2001:db8::1]:40000", to: "[2001:db8::2]:3478", ms: 0, data: stun(1) })],
    id: "9a9122186cfe513b",
  },
  DNS: { frames: lookUp("10.0.0.1", "10.0.0.53", "a.example", ["192.0.2.1"], 0), id: "2e355162d105d802" },
  "nothing known": {
    frames: [udpFrame({ from: "192.0.2.1:40000", to: "192.0.2.2:9999", ms: 0, data: ascii("?") })],
    id: "6b9e90fbdb0bacf6",
  },
};
for (const [what, { frames, id }] of Object.entries(IDS)) {
  test(`the id of ${what}`, (t) => {
    t.deepEqual(
      rowsOf(frames).map((row) => row.conversation_id),
      [id],
    );
    const others = [udpFrame({ from: "[2001:db8::77]:1", to: "[2001:db8::78]:2", ms: 0, data: ascii("?") })].concat(
      frames,
    );
    t.true(
      rowsOf(others).some((row) => row.conversation_id === id),
      "behind others",
    );
  });
}

test("thousands of conversations have ids of their own", (t) => {
  const frames = Array.from({ length: 5_000 }, (_, i) =>
    udpFrame({ from: `10.0.${i >> 8}.${i & 255}:40000`, to: "10.1.0.1:9999", ms: i, data: ascii("?") }),
  );
  t.is(new Set(rowsOf(frames).map((row) => row.conversation_id)).size, 5_000);
});
