/** What is alike is judged once, and nothing else is said than if each conversation had been judged by itself. */
import test, { type ExecutionContext } from "ava";
import fc from "fast-check";
import type { Frame } from "../../src/capture/frame.ts";
import { KeptJudgements } from "../../src/conform/kept.ts";
import { Remembered } from "../../src/conform/remembered.ts";
import { judge, judgeInSteps } from "../../src/pipeline.ts";
import type { RunResult } from "../../src/report/result.ts";
import { atOnce } from "../../src/steps.ts";
import { tcpFrame, udpFrame } from "../support/frames.ts";
import { ascii } from "../support/hex.ts";
import { observeFrames } from "../support/judged.ts";
import { clientHello, connection, type Line, lookUp, tlsConnection } from "../support/talk.ts";
import { RESOLVER, type Scene, trialOf } from "./scene.ts";

/** Whoever acts: hosts of the role, and one beside them. */
const HOSTS = [...Array.from({ length: 30 }, (_, n) => `10.0.0.${5 + n}`), "10.0.1.7"];
/** Where to, `N` being the host's number: documented, listed, inside, of nobody. */
const ADDRESSES = ["203.0.113.N", "203.0.113.1", "198.51.100.N", "198.51.100.7", "10.9.0.N", "10.0.1.7", "192.0.2.N"];
/** Documented, like that, parts of each other, of nobody. */
const NAMES = [
  ...["api.example.com", "aN.example.com", "bN.cdn.example.com", "pi.example.com", "example.com", "login.example.net"],
  ...["www.example.org", "ww.example.org", "sN.example.edu", "sN.example.edu", "xN.nobody.test", "xN.nobody.test"],
  ...["203.0.113.10", "localhost", "dns.google"],
];
/** What is asked for, `M` being 0 or 1 and `K` a page or a program by the host: one twice, or two; and what is answered, or nothing. */
const ASKED = ["GET /", "GET /pages/M", "GET /pages/1", "HEAD /of/N", "POST /of/N", "FETCH /of/N", "GET /K/N"];
const ANSWERS = ["204 No Content", "200 OK\r\nContent-Length: 0", "403 Forbidden\r\nContent-Length: 0", null];
const PORTS = [443, 443, 443, 80, 22, 8_443, 9_001, 9_002, 23, 445, 24];

const SCENE: Omit<Scene, "frames"> = {
  endpoints: {
    api: { hosts: ["api.example.com"], addresses: ["203.0.113.0/28"] },
    cdn: { hosts: ["*.cdn.example.com", "**.example.edu"] },
    login: { hosts: ["login.example.net", "sso.example.net"], need: "any" },
    files: { addresses: ["10.9.0.0/24"] },
    list: { ranges: "cloud" },
  },
  rules: [
    { id: "api", to: "api", over: "tcp/443", app: "tls" },
    { id: "cdn", to: "cdn", over: "tcp/443,8443", app: "tls", expect: { "tls.version": "at least 1.3" } },
    { id: "login", to: "login", over: "tcp/443", app: "tls" },
    { id: "files", to: "files", over: "tcp/9001-9100", app: "any" },
    { id: "beat", to: "files", over: "udp/9001", app: "any", expect: { packets: "at most 1 a burst" } },
    { id: "ssh", to: "role:peer", over: "tcp/22", app: "ssh", requirement: "optional" },
    { id: "list", to: "list", over: "tcp/443", app: "any", requirement: "optional" },
    {
      ...{ id: "web", to: "anyone", over: "tcp/80", app: "http", requirement: "optional" },
      expect: { operations: "at most read" },
    },
    { id: "telnet", to: "anyone", over: "tcp/23", app: "any", requirement: "forbidden" },
  ],
};
const HOST_BINDINGS = ["host=10.0.0.0/24", `host=${HOSTS.slice(0, 30).join()}`];
const SITES: (Record<string, unknown> | undefined)[] = [
  undefined,
  { hosts: { "www.example.org": ["198.51.100.7"] }, ranges: { cloud: ["198.51.100.0/24"] } },
];
const PEERS = [[], ["peer=10.0.1.7"], ["peer=10.0.0.0/23"]];

type Kind = "tls" | "mute" | "look up" | "words" | "attempt" | "datagram" | "answer" | "http";

interface Step {
  kind: Kind;
  far: string;
  name: string;
  port: number;
  asks: readonly string[];
  answer: string | null;
  /** Connections of that kind one after the other, each to a port of its own. */
  often: number;
}

/** A conversation, or a look-up, of one of the hosts. */
function framesOf({ kind, far, name, port, asks, answer, often }: Step, host: string, i: number): Frame[] {
  const [from, to, ms] = [`${host}:${20_000 + i * 7}`, `${far}:${port}`, i * 40];
  switch (kind) {
    case "http":
      return Array.from({ length: often }, (_, n) => `${host}:${20_000 + i * 7 + n}`).flatMap((by, n) =>
        connection(
          ...([by, `${far}:${port + n}`, ms + n * 15] as const),
          asks.flatMap((ask): Line[] => [
            [">", ascii(`${ask} HTTP/1.1\r\nHost: ${name}\r\n\r\n`)],
            ...(answer === null ? [] : [["<", ascii(`HTTP/1.1 ${answer}\r\n\r\n`)] satisfies Line]),
          ]),
        ),
      );
    case "tls":
      return tlsConnection(from, to, ms, clientHello(port === 8_443 ? null : name, { ech: name.startsWith("ww.") }));
    case "mute": {
      const data = clientHello(name);
      const hello = (at: number): Frame => tcpFrame({ from, to, flags: "PA", seq: 2, ack: 10, ms: at, data });
      return [
        tcpFrame({ from, to, flags: "S", seq: 1, ms }),
        tcpFrame({ from: to, to: from, flags: "SA", seq: 9, ack: 2, ms: ms + 1 }),
        ...Array.from({ length: often === 1 ? 2 : 10 }, (_, n) => hello(ms + 2 + n)),
      ];
    }
    case "look up":
      return lookUp(host, RESOLVER, name, [far], ms);
    case "words":
      return connection(from, to, ms, [
        [">", ascii("words of nobody's")],
        ["<", ascii("and others")],
      ]);
    case "attempt":
      return [tcpFrame({ from, to, flags: "S", seq: 1, ms })];
    case "datagram":
      return [0, 1, 2].slice(port % 3).map((n) => udpFrame({ from, to, data: ascii("what is this"), ms: ms + n }));
    case "answer":
      return [
        tcpFrame({ from, to, flags: "S", seq: 1, ms }),
        tcpFrame({ from: to, to: from, flags: port % 2 === 0 ? "RA" : "SA", seq: 1, ack: 2, ms: ms + 1 }),
      ];
  }
}

const step = fc.record({
  kind: fc.constantFrom<Kind>(
    ...(["tls", "tls", "tls", "mute", "look up", "words", "attempt", "datagram", "answer", "http", "http"] as const),
  ),
  far: fc.constantFrom(...ADDRESSES),
  name: fc.constantFrom(...NAMES),
  port: fc.constantFrom(...PORTS),
  asks: fc.array(fc.constantFrom(...ASKED), { minLength: 1, maxLength: 3 }),
  answer: fc.constantFrom(...ANSWERS),
  /** So often by each fourth host. */
  often: fc.constantFrom(1, 2),
  /** The host that does it in place of each: what it hears is others' as well. */
  only: fc.option(fc.constantFrom(...HOSTS), { freq: 4, nil: null }),
  /** A frame that is not in the capture, and of which host; most lack none. */
  lost: fc.nat(12),
  from: fc.nat(60),
});

type Typed<Of> = Of extends fc.Arbitrary<infer Value> ? Value : never;

function told({ run, judged, rest, rules, lookups }: RunResult): unknown {
  return structuredClone({ warnings: run.warnings, judged, rest: [...rest.rows()], rules, lookups });
}

/** How many were told as others were. */
let remembered = 0;
const { find } = Remembered.prototype;
Remembered.prototype.find = function (...asked) {
  const found = find.apply(this, asked);
  if (found !== null) remembered++;
  return found;
};

const setting = fc.record({
  site: fc.constantFrom(...SITES),
  hosts: fc.constantFrom(...HOST_BINDINGS),
  peers: fc.constantFrom(...PEERS),
});

/** Whether what all hosts do is told as if each conversation had been judged by itself. */
async function areTold(
  t: ExecutionContext,
  all: readonly Typed<typeof step>[],
  { site, hosts, peers }: Typed<typeof setting>,
): Promise<void> {
  const frames = all.flatMap(({ only, lost, from, ...one }, i) =>
    HOSTS.flatMap((host, n) => {
      const by = (text: string): string => text.replace("N", String(n)).replace("M", String(n & 1));
      const asks = one.asks.map((ask) => by(ask).replace("K", n % 3 === 0 ? "goform" : "pages"));
      const own = { ...one, far: by(one.far), name: by(one.name), asks, often: n % 4 === 0 ? one.often : 1 };
      const whole = framesOf(own, only ?? host, i * HOSTS.length + n);
      return n < from ? whole : whole.filter((_, at) => at !== lost);
    }),
  );
  const scene = { ...SCENE, bind: [hosts, ...peers], frames };
  const trial = await trialOf(site === undefined ? scene : { ...scene, site });
  const seen = observeFrames(trial, trial.frames);
  const alone = atOnce(judgeInSteps(seen, trial.options, "", false, new KeptJudgements()));
  t.deepEqual(told(judge(seen, trial.options, "", false)), told(alone));
}

test.serial("conversations that are alike are told as if each had been judged by itself", async (t) => {
  const steps = fc.array(step, { minLength: 2, maxLength: 8 });
  remembered = 0;
  await fc.assert(
    fc.asyncProperty(steps, setting, (all, site) => areTold(t, all, site)),
    { numRuns: 45, endOnFailure: true },
  );
  t.true(remembered > 500, `${remembered}`);
});

test.serial("what was asked and answered is part of what is alike, and so is how fast", async (t) => {
  const steps = fc.array(
    step.map((one) => ({ ...one, kind: "http" as const, port: one.port === 443 ? 8_080 : 80 })),
    { minLength: 1, maxLength: 3 },
  );
  remembered = 0;
  await fc.assert(
    fc.asyncProperty(steps, setting, (all, site) => areTold(t, all, site)),
    { numRuns: 30, endOnFailure: true },
  );
  t.true(remembered > 200, `${remembered}`);
});
