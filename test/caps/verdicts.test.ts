/**
 * What becomes of verdicts where a cap is reached: a thing that it may have hidden is never `documented`, `met` or
 * `missing`, the reason names the cap, and the quality table counts it. Caps that hide nothing say here why.
 */
import test from "ava";
import type { Frame } from "../../src/capture/frame.ts";
import { type Cap, LIMITS } from "../../src/limits.ts";
import { type Scene, trialOf } from "../conform/scene.ts";
import { fixturesOf } from "../support/decoder-fixtures.ts";
import { frameOfBytes, icmpFrame, tcpFrame, udpFrame } from "../support/frames.ts";
import { ascii, concat } from "../support/hex.ts";
import { judgeFrames } from "../support/judged.ts";
import { withLimits } from "../support/limits.ts";
import { bytes, ethernet, ipv4, u16, udp } from "../support/packets.ts";
import { clientHello, connection, dnsQuery, type Line, tlsConnection } from "../support/talk.ts";

const HOST = "10.0.0.5";
const DEVICE = "203.0.113.10";
const STRANGER = "10.9.0.7";
const many = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
const modbus = (id: number, code: number, address = 7): Uint8Array =>
  concat([u16(id & 0xffff), u16(0), u16(6), bytes(1, code), u16(address), u16(1)]);
const answered = (id: number): Line[] => [
  [">", modbus(id, 3)],
  ["<", concat([u16(id & 0xffff), u16(0), u16(5), bytes(1, 3, 2, 0, 7)])],
];
const WRITE: Line[] = [
  [">", modbus(9, 6)],
  ["<", modbus(9, 6)],
];
const polls = (lines: readonly Line[], port = 40_000, ms = 10_000): Frame[] =>
  connection(`${HOST}:${port}`, `${DEVICE}:502`, ms, lines);
const lookUps = (count: number): Frame[] =>
  many(count, (i) =>
    udpFrame({ from: `${STRANGER}:${2_000 + i}`, to: "192.0.2.53:53", ms: i, data: dnsQuery(`n${i}.example.com`) }),
  );
const halves = many(60, (i) =>
  connection(`10.9.0.${i}:40000`, "192.0.2.1:443", i, [[">", clientHello("a.example.com").slice(0, 60)]]),
).flat();
const fragments = (count: number, offset: (i: number) => number, id: (i: number) => number): Frame[] =>
  many(count, (i) =>
    frameOfBytes(ethernet(0x0800, ipv4(17, new Uint8Array(16), { id: id(i), offset: offset(i), more: true })), i),
  );
const request = (host: string): Uint8Array => ascii(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
const DONE = ascii("HTTP/1.1 204 No Content\r\n\r\n");
const web = (lines: readonly Line[]): Frame[] => connection(`${HOST}:40000`, `${DEVICE}:80`, 0, lines);
const question = (i: number): Line[] => [
  [">", request(`n${i}.example.com`)],
  ["<", DONE],
];
/** Seen for ten minutes, so that what is not there could be missed. */
const there = [0, 605_000].flatMap((ms, i) => polls(answered(i), 41_000 + i, ms));

const READS = { id: "reads", to: "device", over: "tcp/502", app: "modbus", expect: { operations: "at most read" } };
const SCENE: Omit<Scene, "frames"> = {
  rules: [READS, { id: "other", to: "device", over: "tcp/8443", app: "tls" }],
  endpoints: { device: { addresses: [DEVICE] } },
};
const WEB: Omit<Scene, "frames"> = {
  rules: [{ id: "web", to: "web", over: "tcp/80", app: "http" }],
  endpoints: { web: { hosts: ["*.example.com"] } },
};

interface Hidden extends Partial<Omit<Scene, "frames">> {
  frames: readonly Frame[];
  limits?: Partial<Record<Cap, number>>;
}

/** A hello of QUIC over two datagrams. */
const HELLO: Hidden = {
  rules: [{ id: "q", to: "web", over: "udp/443", app: "quic" }],
  endpoints: { web: { hosts: ["*.example.com"] } },
  frames: fixturesOf("quic")
    .filter(({ file }) => file.endsWith("long.md"))
    .map(({ at, bytes: data }, i) => {
      const asks = at.receiverPort === 4433;
      const [host, device] = [`${HOST}:40000`, `${DEVICE}:443`];
      return udpFrame({ from: asks ? host : device, to: asks ? device : host, ms: i, data });
    }),
};

/** Each line of `LIMITS`: a capture in which it hides something, or why it can hide nothing that a verdict rests on. */
const TOUCHED: Record<Cap, Hidden | string> = {
  slabBytes: "a record that is larger gets a larger slab",
  recordBytes: "the capture counts as damaged there: exit code 3, and nothing is missing",
  interfaces: "the same",
  captureNames: "a capture's own names are for people; no verdict rests on them",
  layers: {
    frames: [
      ...there,
      frameOfBytes(
        concat([
          new Uint8Array(12),
          ...many(40, () => concat([u16(0x8100), u16(1)])),
          u16(0x0800),
          ipv4(17, udp(1, 2, ascii("x"))),
        ]),
        100,
      ),
    ],
  },
  fragmentDatagrams: {
    frames: [
      ...there,
      ...fragments(
        50,
        () => 0,
        (i) => i,
      ),
    ],
    limits: { fragmentDatagrams: 20 },
  },
  fragmentBytes: {
    frames: [
      ...there,
      ...fragments(
        60,
        () => 60_000,
        (i) => i,
      ),
    ],
    limits: { fragmentBytes: 1 << 20 },
  },
  fragmentSec: "no cut but a wait, as RFC 791 has it: counted as `fragments_incomplete`",
  fragmentHoles: {
    frames: [
      ...there,
      ...fragments(
        LIMITS.fragmentHoles * 2,
        (i) => i * 32,
        () => 1,
      ),
    ],
  },
  flows: { frames: [...there, ...polls(WRITE)], limits: { flows: 2 } },
  flowDetails: { frames: [...lookUps(30), ...polls([...answered(1), ...WRITE])], limits: { flowDetails: 20 } },
  addresses: {
    frames: [
      ...there,
      ...many(20, (i) => udpFrame({ from: "[2001:db8::1]:4000", to: `[2001:db8::${16 + i}]:53`, ms: i })),
    ],
    limits: { addresses: 10 },
  },
  factsPerFlow: {
    ...WEB,
    frames: web([...many(300, question).flat(), [">", request("evil.example.net")], ["<", DONE]]),
    limits: { factsPerFlow: 100 },
  },
  facts: { frames: polls([...answered(1), ...answered(2), ...WRITE]), limits: { facts: 4 } },
  operationsApart: "from then on they are counted by kind, and none is lost",
  operationKinds: {
    frames: polls(many(300, (i): Line => [">", modbus(i, i === 299 ? 3 : 4, i * 8)])),
    limits: { operationKinds: 1, operationsApart: 2 },
  },
  operationsOpen: "the oldest question counts as unanswered; what was asked stays",
  glancedKinds: "a way to count faster: beyond it messages are read in full",
  ledgerBytes: "the same",
  neighbours: "claims of ARP that are listed for people; no verdict rests on them",
  rewinds: {
    frames: [
      ...many(5, (i) => polls(answered(i), 42_000 + i, i)).flat(),
      ...polls(answered(1), 43_000, 20_000),
      tcpFrame({
        from: `${HOST}:43000`,
        to: `${DEVICE}:502`,
        flags: "PA",
        seq: 1_001,
        ack: 5_001,
        ms: 20_100,
        data: modbus(1, 6),
      }),
    ],
    limits: { rewinds: 4 },
  },
  otherwiseBytes: "the segment is counted as one that disagrees, whatever of it is looked at: `inconclusive: overlap`",
  operationSeconds: "a pace that is reported; no rule asks for it",
  senders: "who leaves what to a network card is told of the capture and decides nothing",
  likeHosts: "hosts beyond it play no role, which the first screen says: nothing is judged for them",
  identifyBytes: "what makes no whole message is no rule's application: `undocumented`",
  streamBytes: {
    ...WEB,
    frames: web([
      ...question(1),
      [">", ascii("GET /a HTTP/1.1\r\nHost: n1.example.com\r\nX: ")],
      ...many(20, (): Line => [">", new Uint8Array(1_400).fill(65)]),
      [">", concat([ascii("\r\n\r\n"), request("evil.example.net")])],
      ["<", DONE],
    ]),
    limits: { streamBytes: 16 << 10 },
  },
  identifyDatagrams: "a flow that shows no application by then is no rule's: `undocumented`",
  identifySegments: "the same",
  keptDatagrams: {
    ...HELLO,
    limits: { keptDatagrams: 0 },
  },
  handshakeBytes: { ...HELLO, limits: { handshakeBytes: 100 } },
  handshakePieces: { ...HELLO, limits: { handshakePieces: 0 } },
  pendingSegments: "what stands before them counts as lost, as where the capture lacks it",
  holeSec: "the same",
  pendingBytes: {
    frames: [
      ...halves,
      ...polls([
        ...answered(1),
        [">", modbus(2, 3).slice(0, 6)],
        [">", modbus(2, 3).slice(6)],
        [">", WRITE[0]![1] as Uint8Array],
      ]),
    ],
    limits: { pendingBytes: 3_000 },
  },
  expectedFlows: "a flow that such a message would explain stands by itself, which is never the better verdict",
  expectedOfPort: "the same",
  streamHoles: "a hole that is filled later stays one: nothing is missing behind it",
  resets: "how near a RST came from is told beside a verdict and decides none",
  distances: "the same",
  hops: "silence of which less is known is no sign of a drop: not-evaluable instead of blocked",
  quotes: {
    rules: [{ id: "log", to: "device", over: "udp/514", app: "any", expect: { reply: "none" } }],
    endpoints: { device: { addresses: [DEVICE] } },
    frames: [
      ...many(20, (i) =>
        icmpFrame({
          from: "192.0.2.9:0",
          to: `${STRANGER}:0`,
          type: 3,
          code: 3,
          ms: i,
          quote: udpFrame({ from: `${STRANGER}:1000`, to: "192.0.2.1:53", data: ascii("?") }),
        }),
      ),
      udpFrame({ from: `${HOST}:40000`, to: `${DEVICE}:514`, ms: 100, data: ascii("<13>a") }),
      icmpFrame({
        from: `${DEVICE}:0`,
        to: `${HOST}:0`,
        type: 3,
        code: 3,
        ms: 101,
        quote: udpFrame({ from: `${HOST}:40000`, to: `${DEVICE}:514`, data: ascii("<13>a") }),
      }),
    ],
    limits: { quotes: 20 },
  },
  conversationFlows: {
    rules: [READS],
    frames: many(40, (i) => polls(answered(1), 42_000 + i, i * 301_000)).flat(),
    limits: { conversationFlows: 10 },
  },
  evidenceFrames: "a list for people: the counts beside it go on",
  assets: "rows of an inventory; no verdict rests on them",
  answersKept:
    "of names that no document has, to addresses that nobody spoke to; a later conversation is not proved by them either",
  lookupsTold: "beyond it look-ups stay in memory, whole",
  exchangesKept: "beyond it conversations stay in memory, whole",
  namesPerConversation: "names for people: what proves a name is looked up, not listed",
  dnsLabels: "a name of more is malformed, as RFC 1035 has it",
  dnsRecords: "such an answer is partial, which contradicts no name; the message is said not to be read to its end",
};

for (const [cap, touched] of Object.entries(TOUCHED)) {
  test.serial(
    `cap ${cap}: ${typeof touched === "string" ? touched : "the verdicts that it touches say so"}`,
    async (t) => {
      if (typeof touched === "string") {
        t.true(touched.length > 0);
        return;
      }
      const { frames, limits = {}, ...scene } = touched;
      const trial = await trialOf({ ...SCENE, ...scene, frames });
      const { result } = withLimits(limits, () => judgeFrames(trial, trial.frames));
      t.true(Number(result.quality[`cap:${cap}`]) > 0, "it is counted");
      t.true(Number(result.quality.caps_hit) > 0);
      const rows = result.judged.filter(({ initiator, responder }) => initiator === HOST && responder === DEVICE);
      t.true(rows.length > 0);
      t.false(
        rows.some(({ verdict }) => verdict === "documented"),
        JSON.stringify(rows.map(({ reason }) => reason)),
      );
      const rules = result.rules.filter(({ model }) => model === "m");
      t.false(rules.some(({ status }) => status === "met" || status === "missing" || status === "partial"));
      t.true(
        [...rows, ...rules].some(({ reason }) => reason?.includes(cap)),
        JSON.stringify([...rows, ...rules].map(({ reason }) => reason)),
      );
    },
  );
}

test("one write behind thousands of connections that read is found", async (t) => {
  const connections = LIMITS.conversationFlows + 10;
  const frames = many(connections, (i) =>
    polls(i === connections - 2 ? WRITE : answered(1), 1_024 + i, i * 100),
  ).flat();
  const trial = await trialOf({ ...SCENE, frames });
  const { result } = judgeFrames(trial, trial.frames);
  t.deepEqual(
    result.judged.map(({ verdict }) => verdict),
    ["violation"],
  );
  t.is(result.quality.caps_hit, 0);
});

test("a connection of TLS that came up stays documented, whatever caps other flows reach", async (t) => {
  const good = tlsConnection(`${HOST}:40000`, `${DEVICE}:8443`, 0, clientHello(null));
  const trial = await trialOf({ ...SCENE, frames: [...good, ...halves, ...lookUps(30)] });
  const { result } = withLimits({ pendingBytes: 3_000 }, () => judgeFrames(trial, trial.frames));
  t.true(Number(result.quality["cap:pendingBytes"]) > 0);
  t.deepEqual(
    result.judged.map(({ verdict }) => verdict),
    ["documented"],
  );
});
