/** What two sensors saw at once, each by a clock of its own, breaks no expectation of how many packets there are. */
import test from "ava";
import type { CaptureInfo } from "../../src/capture/frame.ts";
import { mostCounts, noteBeside } from "../../src/observe/beside.ts";
import { HOST, trialOf } from "../conform/scene.ts";
import { captureInfo } from "../dissect/capture-info.ts";
import { udpFrame } from "../support/frames.ts";
import { judgeFrames } from "../support/judged.ts";
import { lookUp } from "../support/talk.ts";

const from = (firstSec: number, lastSec: number, realm = "default"): CaptureInfo => ({
  ...captureInfo(),
  ...{ packets: 2, realm, firstSec, lastSec },
});

test("files beside each other are told from those that follow one another, and from other realms", (t) => {
  const captures = [from(0, 100), from(50, 150), from(150, 200), from(0, 200, "other")];
  noteBeside(captures);
  t.deepEqual(
    captures.map(({ beside }) => beside),
    [1, 1, undefined, undefined],
  );
  const at = (firstSec: number, lastSec: number, realm = "default") =>
    mostCounts(captures, { realm, firstSec, lastSec });
  t.is(at(10, 20), 2);
  t.is(at(160, 170), 1);
  t.is(at(10, 20, "other"), 1);
});

const PEER = "10.0.0.9";
const rules = [
  { id: "r", to: "role:peer", over: "udp/5000", app: "any", expect: { packets: "at most 1 a burst", reply: "none" } },
];

/** So many datagrams, seen by two sensors whose clocks differ by 60 ms. */
async function verdictOf(datagrams: number, beside: boolean): Promise<string> {
  const seenBy = (capture: number) =>
    Array.from({ length: datagrams }, (_, i) => {
      const ms = 400_000 + i * 500 + capture * 60;
      const data = Uint8Array.of(0x91, i, 7, 7, 7, 7);
      const frame = udpFrame({ from: `${HOST}:40000`, to: `${PEER}:5000`, ms, id: 100 + i, data });
      return Object.assign(frame, { capture });
    });
  const others = [0, 800_000].flatMap((ms) => lookUp(HOST, "10.0.0.53", "any.example.com", ["203.0.113.1"], ms));
  const frames = [...others, ...seenBy(0), ...seenBy(1)];
  const trial = await trialOf({ rules, bind: [`host=${HOST}`, `peer=${PEER}`], frames });
  const captures = [0, 1].map((i) => ({ ...trial.captures[0]!, path: `${i}.pcap`, ...(beside && { beside: 1 }) }));
  const { conversations } = judgeFrames({ ...trial, captures }, trial.frames);
  const { verdict, reason_code } = [...conversations.values()].find(({ port }) => port === 5000)!;
  return `${verdict} ${reason_code}`;
}

test("one packet that two sensors saw is not two", async (t) => {
  t.is(await verdictOf(1, true), "inconclusive expectation-unproved");
  t.is(await verdictOf(1, false), "violation expectation-broken", "of one sensor there are two");
  t.is(await verdictOf(2, true), "violation expectation-broken", "four are two at least");
});
