/** "Missing" is said only of times that the capture saw: not of pauses, nor where packets were lost while the host was there. */
import test from "ava";
import type { CaptureInfo, Frame } from "../../src/capture/frame.ts";
import { PAUSE_SEC } from "../../src/capture/pauses.ts";
import { tcpFrame } from "../support/frames.ts";
import { judgeFrames, type Trial } from "../support/judged.ts";
import { clientHello, lookUp, tlsConnection } from "../support/talk.ts";
import { HOST, RESOLVER, trialOf } from "./scene.ts";

const MINUTE = 60_000;
const endpoints = { wanted: { hosts: ["wanted.example.com"] } };
const rules = [{ id: "r", to: "wanted", over: "tcp/443", app: "tls" }];

/** The host speaks to another server at these times, and never to the one that it should. */
const speaking = (...times: number[]): Frame[] =>
  times.flatMap((ms, i) =>
    tlsConnection(`${HOST}:${40_000 + i}`, "203.0.113.9:443", ms, clientHello("other.example.com")),
  );

async function statusOf(
  frames: readonly Frame[],
  change: (info: CaptureInfo) => CaptureInfo = (info) => info,
  asWritten = false,
) {
  const trial: Trial = await trialOf({ rules, endpoints, frames, asWritten });
  const { status, reason_code, reason } = judgeFrames(
    { ...trial, captures: trial.captures.map(change) },
    trial.frames,
  ).rules.get("m/r")!;
  return { said: `${status} ${reason_code}`, reason };
}

test("a host that was seen for ten minutes and did not open it", async (t) => {
  t.is((await statusOf(speaking(0, 10 * MINUTE))).said, "missing missing");
});

test("time in which nothing was captured is no time in which it was seen", async (t) => {
  const pause = 2 * PAUSE_SEC * 1000;
  const frames = speaking(0, pause);
  const start = frames[0]!.sec;
  const paused = (info: CaptureInfo): CaptureInfo => ({
    ...info,
    pauses: [{ fromSec: start + 1, toSec: start + pause / 1000 }],
  });
  t.is((await statusOf(frames, paused)).said, "not-evaluable too-short");
  const { said, reason } = await statusOf([...frames, ...speaking(pause + 6 * MINUTE)], paused);
  t.is(said, "missing missing");
  t.regex(reason, /was seen for 6 minutes/, "and it is not told to be longer");
});

test("packets that the capture lost count where the host was there", async (t) => {
  const frames = speaking(0, 10 * MINUTE);
  t.is((await statusOf(frames, (info) => ({ ...info, drops: 1 }))).said, "not-evaluable lossy");
  const trial = await trialOf({ rules, endpoints, frames });
  const elsewhere = { ...trial.captures[0]!, path: "later.pcap", drops: 7 };
  const later = lookUp("10.0.0.77", RESOLVER, "any.example.com", ["203.0.113.1"], 20 * MINUTE).map((frame) =>
    Object.assign(frame, { capture: 1 }),
  );
  const judged = judgeFrames({ ...trial, captures: [trial.captures[0]!, elsewhere] }, [...trial.frames, ...later]);
  t.is(judged.rules.get("m/r")!.status, "missing", "what was lost after it had gone is nothing of its own");
});

test("what a filter may have taken out is not missing, unless all of the host's traffic passes it", async (t) => {
  const frames = speaking(0, 10 * MINUTE);
  const filtered = (...filters: string[]) => statusOf(frames, (info) => ({ ...info, filters }));
  for (const hides of [
    "udp",
    "tcp",
    `host ${HOST} and udp`,
    `not host ${HOST}`,
    "host 10.99.0.1",
    "a compiled program",
  ])
    t.is((await filtered(hides)).said, "not-evaluable filtered", hides);
  t.regex((await filtered("udp")).reason, /the capture was filtered \(udp\)/);
  for (const shows of [`host ${HOST}`, `host 10.99.0.1 or ${HOST}`, "net 10.0.0.0/8 or net 192.168.0.0/16"])
    t.is((await filtered(shows)).said, "missing missing", shows);
  t.is(
    (await filtered(`host ${HOST}`, "port 53")).said,
    "not-evaluable filtered",
    "each of them has to let it through",
  );
});

test("holes in streams say that the capture does not see everything; segments that come late fill them", async (t) => {
  const segment = (host: string, seq: number, ms: number): Frame =>
    tcpFrame({ from: `${host}:40009`, to: "10.0.0.89:9999", flags: "PA", seq, ack: 1, ms, data: new Uint8Array(10) });
  const holed = (host: string) => [
    segment(host, 1_000, 1_000),
    segment(host, 1_020, 1_010),
    segment(host, 1_040, 1_020),
  ];
  const filled = [...holed(HOST), segment(HOST, 1_030, 1_300), segment(HOST, 1_010, 1_400)];
  t.is((await statusOf([...speaking(0, 10 * MINUTE), ...holed(HOST)])).said, "not-evaluable lossy");
  t.is((await statusOf([...speaking(0, 10 * MINUTE), ...holed("10.0.0.88")])).said, "missing missing", "of others");
  t.is((await statusOf([...speaking(0, 10 * MINUTE), ...filled])).said, "missing missing");
});

/** So many look-ups by somebody else, a second apart: what a busy network shows behind a step. */
const others = (from: number, count = 20): Frame[] =>
  Array.from({ length: count }, (_, i) =>
    lookUp("10.0.0.77", RESOLVER, "any.example.com", ["203.0.113.1"], from + i * 1_000),
  ).flat();

const written = (frames: readonly Frame[]) => statusOf(frames, undefined, true);

test("a clock that was set back proves no more than the time without that step", async (t) => {
  const there = [...speaking(60 * MINUTE), ...others(61 * MINUTE)];
  const { said, reason } = await written([...there, ...speaking(0), ...others(MINUTE)]);
  t.is(said, "not-evaluable too-short");
  t.regex(reason, /was seen for 0 s, the 3\d\d\d s left out by which the capture's clock was set back/);
  const long = [...there, ...speaking(66 * MINUTE), ...others(67 * MINUTE)];
  t.is((await written([...long, ...speaking(62 * MINUTE), ...others(63 * MINUTE)])).said, "not-evaluable too-short");
  const longer = [...long, ...speaking(80 * MINUTE), ...others(81 * MINUTE)];
  t.is((await written([...longer, ...speaking(78 * MINUTE), ...others(79 * MINUTE)])).said, "missing missing");
});

test("frames that stand a few places from where they belong are no step, however far apart they are", async (t) => {
  const frames = [...others(0), ...speaking(60_000, 10 * MINUTE, 11 * MINUTE)];
  const moved = frames.map((frame, i) => ({ frame, place: i + (i % 7 === 0 ? 3.5 : 0) }));
  moved.sort((a, b) => a.place - b.place);
  t.is((await written(moved.map(({ frame }) => frame))).said, "missing missing");
});
