/**
 * Every cap is attacked: twice as much as it allows, or what it is there to bound. What is kept stays within it, it is
 * counted by its name where something is lost, and nothing throws. Caps of many millions are made small for it.
 */
import { gzipSync } from "node:zlib";
import test, { type ExecutionContext } from "ava";
import type { Frame } from "../../src/capture/frame.ts";
import { Cast } from "../../src/conform/cast.ts";
import { describe } from "../../src/conform/conform.ts";
import { KeptJudgements } from "../../src/conform/kept.ts";
import { readSubject } from "../../src/conform/subject.ts";
import { type Cap, LIMITS } from "../../src/limits.ts";
import { RestedNames } from "../../src/live/group-talk.ts";
import { Chooser as LeavingChooser } from "../../src/live/leaving.ts";
import { NameAttic } from "../../src/live/names.ts";
import { loadModel } from "../../src/model/load.ts";
import { collectAssets } from "../../src/observe/assets.ts";
import { Conversations } from "../../src/observe/conversations.ts";
import type { Observation } from "../../src/observe/observation.ts";
import { judgeInSteps } from "../../src/pipeline.ts";
import { atOnce } from "../../src/steps.ts";
import { HOST, RESOLVER, trialOf } from "../conform/scene.ts";
import { PcapngBlocks, writePcap } from "../support/capture-writer.ts";
import { arpFrame, frameOfBytes, icmpFrame, numbered, START_SEC, tcpFrame, udpFrame } from "../support/frames.ts";
import { ascii, concat } from "../support/hex.ts";
import { judgeFrames } from "../support/judged.ts";
import { whileLimits, withLimits } from "../support/limits.ts";
import { observe, observeFile } from "../support/observe.ts";
import { bytes, ethernet, ipv4, u16, u32, udp } from "../support/packets.ts";
import { crypto, initial } from "../support/quic.ts";
import { readBytes } from "../support/read-captures.ts";
import { clientHello, connection, dnsAnswer, dnsQuery, type Line, lookUp, tlsConnection } from "../support/talk.ts";

const A = "10.0.0.5";
const B = "192.0.2.1";
const many = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
const hits = (seen: Observation, cap: Cap): number => seen.caps.hits.get(cap) ?? 0;
const look = (frames: readonly Frame[], limits: Partial<Record<Cap, number>> = {}): Observation =>
  withLimits(limits, () => observe(numbered(frames)));
const syn = (i: number): Frame =>
  tcpFrame({
    from: `10.1.${i >> 8}.${i & 255}:${1_024 + (i % 60_000)}`,
    to: `${B}:443`,
    flags: "S",
    seq: i,
    ms: i / 100,
  });
const query = (name: string, i: number): Frame =>
  udpFrame({ from: `${A}:${20_000 + (i % 40_000)}`, to: `${B}:53`, ms: i, data: dnsQuery(name, { id: i & 0xffff }) });
const http = (host: string): Uint8Array => ascii(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
const requests = (count: number): Line[] => many(count, (i): Line => [">", http(`n${i}.example.com`)]);
const fragment = (i: number, offset: number, ms = 0): Frame =>
  frameOfBytes(ethernet(0x0800, ipv4(17, new Uint8Array(16), { id: i & 0xffff, offset, more: true })), ms);
const modbus = (id: number, code: number, address: number): Uint8Array =>
  concat([u16(id), u16(0), u16(6), bytes(1, code), u16(address), u16(1)]);
const polls = (count: number, message: (i: number) => Uint8Array): Frame[] =>
  connection(
    `${A}:40000`,
    `${B}:502`,
    0,
    many(count, (i): Line => [">", message(i)]),
  );

/** A server that agrees on one port again and again. */
const ftp = (count: number): Frame[] =>
  connection(`${A}:40000`, `${B}:21`, 0, [
    ["<", ascii("220 FTP server ready\r\n")],
    [">", ascii("USER a\r\n")],
    ["<", ascii("331 password\r\n")],
    [">", ascii("PASV\r\n")],
    ...many(count, (): Line => ["<", ascii("227 Entering Passive Mode (192,0,2,1,200,7).\r\n")]),
  ]);

/** A port that answers by RST. */
const closed = (i: number): Frame[] => {
  const from = `${A}:${10_000 + i}`;
  return [
    tcpFrame({ from, to: `${B}:443`, flags: "S", seq: 1, ms: i }),
    tcpFrame({ from: `${B}:443`, to: from, flags: "RA", seq: 0, ack: 2, ms: i + 0.1 }),
  ];
};

type Says = (t: ExecutionContext) => void | Promise<void>;

/** One line for each line of `LIMITS`. */
const ATTACKS: Record<Cap, Says> = {
  slabBytes: async (t) => {
    const ng = new PcapngBlocks();
    const frame = { data: new Uint8Array(LIMITS.slabBytes + 4) };
    const { frames, info } = await readBytes(concat([ng.section(), ng.interface(), ng.enhancedPacket(frame)]));
    t.deepEqual([frames.length, info.damage], [1, null], "a record larger than the slab is read all the same");
  },
  recordBytes: async (t) => {
    const ng = new PcapngBlocks();
    const claims = concat([u32(6).reverse(), bytes(0xf0, 0xff, 0xff, 0xff), new Uint8Array(64)]);
    const { frames, info } = await readBytes(concat([ng.section(), ng.interface(), claims]));
    t.is(frames.length, 0);
    t.regex(info.damage?.message ?? "", /4294967280/, "a block of 4 GB is damage, and nothing is allocated for it");
    const bomb = gzipSync(concat([ng.section(), ng.interface(), new Uint8Array(64 << 20)]));
    t.true(bomb.length < 100_000);
    t.truthy((await readBytes(bomb)).info.damage, "64 MB of zeros in a small file");
  },
  interfaces: async (t) => {
    const ng = new PcapngBlocks();
    const file = concat([
      ng.section(),
      ...many(4_096 * 2, () => ng.interface()),
      ng.enhancedPacket({ data: new Uint8Array(60) }),
    ]);
    t.is((await readBytes(file)).frames.length, 1, "thousands of interfaces are read");
    const most = LIMITS.interfaces;
    const one = ng.interface();
    const flood = concat([ng.section(), ...many(most + 1, () => one)]);
    t.regex((await readBytes(flood)).info.damage?.message ?? "", /more than 65536 interfaces/);
  },
  captureNames: async (t) => {
    const ng = new PcapngBlocks();
    const names = many(LIMITS.captureNames + 10, (i): [Uint8Array, string] => [u32(i), `n${i}`]);
    const blocks = many(17, (i) => ng.names(names.slice(i * 4_000, (i + 1) * 4_000)));
    const { info } = await readBytes(concat([ng.section(), ng.interface(), ...blocks]));
    t.is(info.hosts.length, LIMITS.captureNames);
  },
  layers: (t) => {
    const tags = concat(many(LIMITS.layers * 2, () => concat([u16(0x8100), u16(1)])));
    const frame = concat([new Uint8Array(12), tags, u16(0x0800), ipv4(17, udp(1, 2, ascii("x")))]);
    const tunnels = many(LIMITS.layers * 2, () => 0).reduce((inner) => ipv4(4, inner), ipv4(17, udp(1, 2, ascii("x"))));
    const seen = look([frameOfBytes(frame, 0), frameOfBytes(ethernet(0x0800, tunnels), 1)]);
    t.is([...seen.notPackets].find(([name]) => name.includes("deep"))?.[1], 2, "tags in tags, tunnels in tunnels");
  },
  fragmentDatagrams: (t) => {
    const seen = look(
      many(200, (i) => fragment(i, 0)),
      { fragmentDatagrams: 100 },
    );
    t.is(hits(seen, "fragmentDatagrams"), 100);
    t.true(seen.fragmentsIncomplete >= 100);
  },
  fragmentBytes: (t) => {
    const seen = look(
      many(60, (i) => fragment(i, 60_000)),
      { fragmentBytes: 1 << 20 },
    );
    t.true(hits(seen, "fragmentBytes") > 0, "a late piece of each reserves nothing beyond the cap");
  },
  fragmentSec: (t) => {
    const seen = look([fragment(1, 0, 0), fragment(2, 0, (LIMITS.fragmentSec + 1) * 1_000)]);
    t.true(seen.fragmentsIncomplete >= 1, "it waited its time");
  },
  fragmentHoles: (t) => {
    const seen = look(many(LIMITS.fragmentHoles * 2, (i) => fragment(1, i * 32)));
    t.is(hits(seen, "fragmentHoles"), LIMITS.fragmentHoles);
  },
  flows: (t) => {
    const seen = look(many(2_000, syn), { flows: 1_000 });
    t.deepEqual([seen.flows.table.count, seen.flows.untracked, hits(seen, "flows")], [1_000, 1_000, 1_000]);
  },
  flowDetails: (t) => {
    const seen = look(
      many(200, (i) => query(`n${i}.example.com`, i)),
      { flowDetails: 100 },
    );
    t.is(seen.identified.details.length, 100);
    t.true(hits(seen, "flowDetails") >= 100);
  },
  addresses: (t) => {
    const to = (i: number): string => `[2001:db8::${(i + 16).toString(16)}]:53`;
    const seen = look(
      many(200, (i) => udpFrame({ from: "[2001:db8::1]:4000", to: to(i), ms: i })),
      { addresses: 100 },
    );
    t.is(seen.flows.table.count, 99);
    t.is(hits(seen, "addresses"), 101);
  },
  factsPerFlow: (t) => {
    const seen = look(connection(`${A}:40000`, `${B}:80`, 0, requests(500)), { factsPerFlow: 200 });
    const [detail] = seen.identified.details;
    t.true(detail!.sightings.length <= 2 * 200);
    t.is(detail!.dropped, hits(seen, "factsPerFlow"));
    t.true(detail!.dropped > 0);
  },
  facts: (t) => {
    const seen = look(
      many(200, (i) => query(`n${i}.example.com`, i)),
      { facts: 100 },
    );
    t.true(hits(seen, "facts") > 0);
    t.true(seen.identified.details.reduce((sum, { sightings }) => sum + sightings.length, 0) <= 100);
  },
  operationsApart: (t) => {
    const seen = look(polls(300, (i) => modbus(i, 3, 7)));
    const [detail] = seen.identified.details;
    t.true(detail!.sightings.length <= LIMITS.factsPerFlow / 2);
    t.not(detail!.operations, null, "from then on they are counted by kind");
  },
  operationKinds: (t) => {
    const seen = look(
      polls(2_000, (i) => modbus(i, 3, i)),
      { operationKinds: 64 },
    );
    const { operations } = seen.identified.details[0]!;
    t.true(operations!.kinds.length <= 3 * 64);
    t.true(hits(seen, "operationKinds") > 0);
  },
  operationsOpen: (t) => {
    const seen = look(
      polls(2_000, (i) => modbus(i, 3, 7)),
      { operationsOpen: 64 },
    );
    t.true(hits(seen, "operationsOpen") > 0);
    t.true(seen.identified.details[0]!.operations!.kinds.some(({ unanswered }) => unanswered > 1_000));
  },
  operationSeconds: (t) => {
    const frames = polls(1_000, (i) => modbus(i, 3, 7));
    for (const [i, frame] of frames.entries()) frame.sec += i;
    const seen = look(frames, { operationSeconds: 100 });
    t.is(seen.identified.details[0]!.operations!.seconds.size, 100);
  },
  glancedKinds: (t) => {
    const reads = polls(600, (i) => modbus(i, 3, i % 200));
    const counts = (seen: Observation) =>
      seen.identified.details[0]!.operations!.kinds.map(({ count, target }) => [target, count]);
    t.deepEqual(counts(look(reads, { glancedKinds: 10 })), counts(look(reads)), "nothing is lost");
  },
  ledgerBytes: async (t) => {
    const talks = many(6, (i) => {
      const lines = many(200, (n): Line => [">", modbus(n, 3, 7)]);
      return connection(`${A}:${40_000 + i}`, `${B}:502`, i, lines);
    });
    const file = writePcap(talks.flat().map(({ buf: data }, i) => ({ data, sec: START_SEC, nsec: i * 1_000 })));
    async function* pieces(): AsyncGenerator<Uint8Array> {
      yield file;
    }
    const counts = (seen: Observation) =>
      seen.identified.details.map(({ operations }) => operations?.kinds.map(({ count }) => count));
    const read = async (limits: Partial<Record<Cap, number>>) =>
      whileLimits(limits, () => observeFile("-", { watch: 0 }, pieces()));
    const few = await read({ ledgerBytes: 3 * 10_000 });
    const lent = few.identified.details.filter(({ ledger }) => ledger !== null).length;
    t.true(lent > 0 && lent <= 3, `${lent}: there is room for three, and what is silent gives its own back`);
    t.deepEqual(counts(few), counts(await read({})), "nothing is lost");
  },
  rewinds: (t) => {
    const each = (i: number): Frame[] => connection(`${A}:${10_000 + i}`, `${B}:502`, i, [[">", modbus(1, 3, 7)]]);
    const seen = look(many(100, each).flat(), { rewinds: 60 });
    const kept = seen.identified.details.flatMap(({ streams }) => streams.filter((s) => s?.rewind));
    t.deepEqual([kept.length, hits(seen, "rewinds")], [60, 40]);
  },
  otherwiseBytes: (t) => {
    const questions = concat(many(100, (i) => modbus(i, 3, 7)));
    const frames = connection(`${A}:40000`, `${B}:502`, 0, [[">", questions]]);
    const again = tcpFrame({
      from: `${A}:40000`,
      to: `${B}:502`,
      flags: "PA",
      seq: 1_001,
      ack: 5_001,
      ms: 20,
      data: concat(many(100, (i) => modbus(i, 6, 7))),
    });
    const seen = look([...frames, again], { otherwiseBytes: 120 });
    const { operations, sightings } = seen.identified.details[0]!;
    const writes = [...(operations?.kinds ?? [])]
      .filter(({ code }) => code === "6")
      .reduce((sum, { count }) => sum + count, 0);
    t.is(writes + sightings.filter(({ fact }) => fact.kind === "operation" && fact.code === "6").length, 10);
  },
  senders: (t) => {
    const wrong = many(20, (i) => {
      const frame = udpFrame({ from: `10.0.1.${i}:40000`, to: `${B}:53`, data: dnsQuery("example.com"), ms: i });
      frame.buf[40]! ^= 0xff; // its checksum
      return frame;
    });
    const seen = look(wrong, { senders: 8 });
    t.deepEqual([seen.identified.senders.by.size, hits(seen, "senders")], [8, 12]);
    t.is(seen.identified.counts.badChecksums, 20, "counted all the same");
  },
  likeHosts: async (t) => {
    const to = "203.0.113.10:443";
    const alike = many(20, (i) => tlsConnection(`10.0.1.${i}:40000`, to, i * 100, clientHello(null))).flat();
    const rules = [{ id: "r", to: "api", over: "tcp/443", app: "tls" }];
    const trial = await trialOf({
      rules,
      endpoints: { api: { addresses: ["203.0.113.10"] } },
      bind: [],
      frames: alike,
    });
    trial.options.infer = true;
    const { result } = withLimits({ likeHosts: 8 }, () => judgeFrames(trial, trial.frames));
    t.is(result.quality["cap:likeHosts"], 12);
    t.is(result.quality.caps_hit, 12);
  },
  identifyBytes: (t) => {
    const start = clientHello("a.example.com").slice(0, 40);
    const endless = concat([bytes(22, 3, 1, 0xff, 0xff), start.slice(5)]);
    const seen = look(
      connection(`${A}:40000`, `${B}:443`, 0, [[">", endless], ...many(60, (): Line => [">", new Uint8Array(1_400)])]),
    );
    t.true(
      seen.identified.details.every(({ streams }) => streams.every((s) => (s?.length ?? 0) <= LIMITS.identifyBytes)),
    );
  },
  streamBytes: (t) => {
    const endless = concat([u16(0xffff), dnsQuery("b.example.com"), new Uint8Array(1_000)]);
    const first = concat([u16(dnsQuery("a.example.com").length), dnsQuery("a.example.com")]);
    const lines: Line[] = [[">", concat([first, endless])], ...many(60, (): Line => [">", new Uint8Array(1_400)])];
    const seen = look(connection(`${A}:40000`, `${B}:53`, 0, lines), { streamBytes: 16 << 10 });
    t.is(hits(seen, "streamBytes"), 1);
  },
  identifyDatagrams: (t) => {
    const noise = (i: number) =>
      udpFrame({ from: `${A}:40000`, to: `${B}:9`, ms: i, data: new Uint8Array(40).fill(1) });
    const seen = look(many(500, noise));
    t.is(
      seen.identified.details.reduce((sum, { sightings }) => sum + sightings.length, 0),
      0,
    );
    t.is(seen.flows.table.count, 1);
  },
  identifySegments: (t) => {
    const middle = many(200, (i) =>
      tcpFrame({
        from: `${A}:40000`,
        to: `${B}:443`,
        flags: "A",
        seq: 9 + i * 10,
        ms: i,
        data: new Uint8Array(10).fill(1),
      }),
    );
    const seen = look(middle);
    // While some decoder waits for more of them they are kept beyond it, up to what identification may look at.
    const bytesOf = (head: readonly { bytes: Uint8Array }[] | null): number =>
      (head ?? []).reduce((sum, { bytes: of }) => sum + of.length, 0);
    t.true(
      seen.identified.details.every(({ heads }) =>
        heads.every((h) => (h?.length ?? 0) <= LIMITS.identifySegments || bytesOf(h) <= LIMITS.identifyBytes + 1_400),
      ),
    );
  },
  keptDatagrams: (t) => {
    const seen = look(
      many(100, (i) => udpFrame({ from: `${A}:40000`, to: `${B}:443`, ms: i, data: new Uint8Array(1_200).fill(0xc3) })),
    );
    t.true(
      seen.identified.details.every(({ datagrams }) =>
        datagrams.every((d) => (d?.length ?? 0) <= LIMITS.keptDatagrams),
      ),
    );
  },
  handshakeBytes: (t) => {
    const id = new Uint8Array(8).fill(7);
    const far = (i: number): Uint8Array => initial(id, [crypto(990 + i, new Uint8Array(20))], i);
    const frames = [0, 1].map((i) => udpFrame({ from: `${A}:40000`, to: `${B}:443`, ms: i, data: far(i) }));
    t.is(hits(look(frames), "handshakeBytes"), 0);
    const seen = look(frames, { handshakeBytes: 1_000 });
    t.true(hits(seen, "handshakeBytes") > 0);
    t.is(seen.identified.details[0]?.cut, "handshakeBytes");
  },
  handshakePieces: (t) => {
    const pieces = many(LIMITS.handshakePieces + 1, (i) => crypto(2 * i, Uint8Array.of(1)));
    const data = initial(new Uint8Array(8).fill(7), pieces);
    const seen = look([udpFrame({ from: `${A}:40000`, to: `${B}:443`, ms: 1, data })]);
    t.is(hits(seen, "handshakePieces"), 1);
    t.is(seen.identified.details[0]?.cut, "handshakePieces");
  },
  pendingSegments: (t) => {
    const opened = connection(`${A}:40000`, `${B}:443`, 0, [[">", clientHello("a.example.com").slice(0, 20)]]);
    const gaps = many(1_000, (i) =>
      tcpFrame({
        from: `${A}:40000`,
        to: `${B}:443`,
        flags: "A",
        seq: 1_100 + i * 20,
        ms: 20 + i / 10,
        data: new Uint8Array(10),
      }),
    );
    const seen = look([...opened, ...gaps]);
    t.true(
      seen.identified.details.every(({ streams }) =>
        streams.every((s) => (s?.pending.length ?? 0) <= LIMITS.pendingSegments),
      ),
    );
    t.true(hits(seen, "pendingSegments") > 0);
  },
  holeSec: (t) => {
    const opened = polls(3, (i) => modbus(i, 3, 7));
    const behind = (ms: number, seq: number): Frame =>
      tcpFrame({ from: `${A}:40000`, to: `${B}:502`, flags: "PA", seq, ack: 5_001, ms, data: modbus(9, 3, 7) });
    const seen = look([...opened, behind(10, 2_000), behind((LIMITS.holeSec + 1) * 1_000, 2_012)]);
    const waits = seen.identified.details.flatMap(({ streams }) => streams.flatMap((s) => s?.pending ?? []));
    t.is(waits.length, 0, "what waited its time is read behind the hole");
    t.is(seen.identified.details[0]!.sightings.filter(({ fact }) => fact.kind === "operation").length, 5);
  },
  pendingBytes: (t) => {
    const hello = clientHello("a.example.com").slice(0, 60);
    const half = (i: number): Frame[] => connection(`${A}:${10_000 + i}`, `${B}:443`, i, [[">", hello]]);
    const seen = look(many(100, half).flat(), { pendingBytes: 3_000 });
    t.true(hits(seen, "pendingBytes") > 0);
  },
  expectedFlows: (t) => {
    const seen = look(ftp(200));
    withLimits({ expectedFlows: 100 }, () => describe(seen));
    t.is(hits(seen, "expectedFlows"), 1);
  },
  expectedOfPort: (t) => {
    const seen = look(ftp(200));
    withLimits({ expectedOfPort: 100 }, () => describe(seen));
    t.is(hits(seen, "expectedOfPort"), 100);
  },
  resets: (t) => {
    const seen = look(many(200, closed).flat(), { resets: 100 });
    t.deepEqual([seen.flows.distances.resets.length, hits(seen, "resets")], [100, 100]);
  },
  distances: (t) => {
    const opened = (i: number): Frame[] => connection(`${A}:40000`, `10.2.0.${i}:22`, i * 10, []);
    const seen = look(many(200, opened).flat(), { distances: 100 });
    t.deepEqual([seen.flows.distances.answers.size, hits(seen, "distances")], [100, 100]);
  },
  hops: (t) => {
    const opened = (i: number): Frame[] => connection(`${A}:40000`, `10.2.0.${i}:22`, i * 10, []);
    const seen = look(many(200, opened).flat(), { hops: 100 });
    t.deepEqual([seen.flows.hops.known.size, hits(seen, "hops")], [100, 100]);
  },
  streamHoles: (t) => {
    const holed = (i: number): Frame[] => {
      const from = `${A}:${10_000 + i}`;
      const segment = (seq: number, ms: number): Frame =>
        tcpFrame({ from, to: `${B}:443`, flags: "PA", seq, ack: 1, ms, data: new Uint8Array(10) });
      return [segment(100, i), segment(200, i + 0.1)];
    };
    const seen = look(many(200, holed).flat(), { streamHoles: 100 });
    t.deepEqual([seen.flows.holes.left, hits(seen, "streamHoles")], [200, 100]);
  },
  quotes: (t) => {
    const quoted = udpFrame({ from: `${A}:1000`, to: `${B}:53`, data: ascii("?") });
    const error = (i: number): Frame =>
      icmpFrame({ from: "192.0.2.9:0", to: `${A}:0`, type: 3, code: 3, quote: quoted, ms: i });
    const seen = look(many(200, error), { quotes: 100 });
    t.deepEqual([seen.flows.quotes.length, hits(seen, "quotes")], [100, 100]);
  },
  conversationFlows: (t) => {
    const each = (i: number): Frame[] =>
      connection(`${A}:${10_000 + i}`, `${B}:502`, i * 301_000, [[">", modbus(1, 3, 7)]]);
    const seen = look(many(50, each).flat());
    const conversations = new Conversations(seen);
    const subject = withLimits({ conversationFlows: 10 }, () => readSubject(conversations, 0, new Cast([], () => [])));
    t.deepEqual([subject.flows.length, hits(seen, "conversationFlows")], [20, 1]);
    t.is(subject.flows.at(-1)?.cut, "conversationFlows");
  },
  evidenceFrames: (t) => {
    const hello = clientHello("a.example.com");
    const pieces = many(hello.length, (i): Line => [">", hello.slice(i, i + 1)]);
    const seen = look(connection(`${A}:40000`, `${B}:443`, 0, pieces));
    const named = seen.identified.details[0]?.sightings.find(({ fact }) => fact.kind === "name");
    t.not(named, undefined, "a hello of one byte a segment is read");
    t.true((named?.parts?.length ?? 0) <= LIMITS.evidenceFrames);
  },
  assets: (t) => {
    const banner = ascii("SSH-2.0-OpenSSH_9.2\r\n");
    const seen = look(
      many(200, (i) => connection(`${A}:${10_000 + i}`, `10.2.0.${i}:22`, i * 10, [["<", banner]])).flat(),
    );
    const { conversations } = describe(seen);
    t.is(withLimits({ assets: 100 }, () => collectAssets(conversations)).length, 100);
    t.is(hits(seen, "assets"), 100);
  },
  neighbours: (t) => {
    const claim = (i: number): Frame =>
      arpFrame({ mac: `00005e00${i.toString(16).padStart(4, "0")}`, address: A, ms: i });
    const seen = look(many(200, claim), { neighbours: 100 });
    t.is(seen.neighbours.claims.size, 100);
    t.is(hits(seen, "neighbours"), 100);
  },
  namesPerConversation: (t) => {
    const records = (name: string) => [{ name, type: "A" as const, data: "203.0.113.1" }];
    const answer = (name: string, i: number): Frame =>
      udpFrame({
        from: `${B}:53`,
        to: `${A}:${20_000 + 2 * i}`,
        ms: 2 * i + 1,
        data: dnsAnswer(name, records(name), { id: 2 * i }),
      });
    const asked = many(200, (i) => [query(`n${i}.example.com`, 2 * i), answer(`n${i}.example.com`, i)]).flat();
    const there = connection(`${A}:40000`, "203.0.113.1:443", 1_000, [[">", clientHello(null)]]);
    const rows = [...describe(look([...asked, ...there])).rest.rows()];
    t.is(rows.find(({ port }) => port === 443)?.names.length, LIMITS.namesPerConversation);
  },
  dnsLabels: (t) => {
    // A pointer to itself, and one that goes back and forth.
    for (const pointer of [0xc00c, 0xc00e]) {
      const data = concat([
        u16(1),
        u16(0x0100),
        u16(1),
        u16(0),
        u16(0),
        u16(0),
        u16(pointer),
        u16(0xc00c),
        u16(1),
        u16(1),
      ]);
      t.notThrows(() => look([udpFrame({ from: `${A}:20000`, to: `${B}:53`, data })]));
    }
  },
  answersKept: async (t) => {
    const answered = (i: number): Frame[] =>
      lookUp(HOST, RESOLVER, `n${i}.example.com`, [`198.51.100.${i & 255}`], i * 3);
    const late = udpFrame({ from: `${HOST}:1`, to: `${RESOLVER}:1`, ms: 600_000, data: new Uint8Array(1) });
    const trial = await trialOf({
      rules: [{ id: "a", to: "peer", over: "tcp/9", app: "tls" }],
      frames: [...many(20, answered).flat(), late],
    });
    const seen = observe(trial.frames);
    const kept = new KeptJudgements();
    const result = atOnce(judgeInSteps(seen, trial.options, "", false, kept));
    t.true(withLimits({ answersKept: 8 }, () => new NameAttic(seen, kept, 0).clear(result)));
    t.is(hits(seen, "answersKept"), 12);
  },
  lookupsTold: async (t) => {
    const asked = (i: number): Frame[] => lookUp(HOST, RESOLVER, `n${i}.example.com`, [`198.51.100.${i & 255}`], i * 3);
    const late = udpFrame({ from: `${HOST}:1`, to: `${RESOLVER}:1`, ms: 600_000, data: new Uint8Array(1) });
    const trial = await trialOf({
      rules: [{ id: "a", to: "web", over: "tcp/443", app: "tls" }],
      endpoints: { web: { hosts: ["*.example.com"] } },
      frames: [...many(20, asked).flat(), late],
    });
    const seen = observe(trial.frames);
    const kept = new KeptJudgements();
    const attic = new NameAttic(seen, kept, 0);
    const clear = (): boolean => attic.clear(atOnce(judgeInSteps(seen, trial.options, "", false, kept)));
    t.deepEqual(
      withLimits({ lookupsTold: 8 }, () => [clear(), clear()]),
      [true, false],
    );
    t.is(seen.departed?.said.lookups.size, 8);
    t.is(atOnce(judgeInSteps(seen, trial.options, "", false, kept)).lookups.length, 20, "the others stay whole");
  },
  exchangesKept: async (t) => {
    const stamp = u32(START_SEC + 2_208_988_800);
    const none = new Uint8Array(20);
    const ask = concat([bytes(0x23), new Uint8Array(39), stamp, u32(0)]);
    const answer = concat([bytes(0x24, 2), new Uint8Array(2), none, stamp, u32(0), stamp, u32(0), stamp, u32(0)]);
    const asked = (i: number): Frame[] => [
      udpFrame({ from: `${HOST}:123`, to: `192.0.2.${i}:123`, ms: i, data: ask }),
      udpFrame({ from: `192.0.2.${i}:123`, to: `${HOST}:123`, ms: i + 1, data: answer }),
    ];
    const late = udpFrame({ from: `${HOST}:1`, to: `${RESOLVER}:1`, ms: 600_000, data: new Uint8Array(1) });
    const expect = { clocks: "host and peer within 3 s" };
    const trial = await trialOf({
      rules: [{ id: "a", to: "peer", over: "udp/9", app: "any", expect }],
      frames: [...many(20, asked).flat(), late],
    });
    const seen = observe(trial.frames);
    const kept = new KeptJudgements();
    const { judged } = atOnce(judgeInSteps(seen, trial.options, "", false, kept));
    const names = new RestedNames(kept, []);
    const chosen = (): number =>
      new LeavingChooser(kept.last!.conversations, kept, judged, () => true, 1, names).choose().length;
    t.deepEqual([chosen(), withLimits({ exchangesKept: 8 }, chosen)], [20, 8]);
  },
  dnsRecords: (t) => {
    const records = many(LIMITS.dnsRecords * 2, (i) => ({
      name: "a.b",
      type: "A" as const,
      data: `10.0.${i >> 8}.${i & 255}`,
    }));
    const data = dnsAnswer("a.b", records);
    const seen = look([udpFrame({ from: `${B}:53`, to: `${A}:20000`, data })]);
    const answer = seen.identified.details[0]?.sightings.find(({ fact }) => fact.kind === "answer");
    t.true(answer?.fact.kind === "answer" && answer.fact.records.length <= LIMITS.dnsRecords);
    t.true(
      seen.identified.details[0]!.sightings.some(({ fact }) => fact.kind === "problem"),
      "and it says so",
    );
  },
};

for (const [cap, attack] of Object.entries(ATTACKS)) test.serial(`cap ${cap}`, attack);

test("a model of more rules than are read, and YAML that grows", (t) => {
  const rule = (i: number): string =>
    `  - { id: r${i}, from: host, to: any, over: tcp/443, app: tls, requirement: required }\n`;
  const bomb = `a: &a [x, x]\n${many(30, (i) => `b${i}: &b${i} [*${i === 0 ? "a" : `b${i - 1}`}, *a]\n`).join("")}`;
  const deep = `a: ${"[".repeat(100_000)}`;
  for (const text of [`wirepact: 1\nmodel: m\nrules:\n${many(100_001, rule).join("")}`, bomb, deep]) {
    const { model, problems } = loadModel(text, "m.yaml");
    t.is(model, null);
    t.true(problems.length > 0 && problems.length <= 201);
  }
});
