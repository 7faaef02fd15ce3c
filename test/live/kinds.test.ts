/**
 * Each kind of churn (`bench/made-up-kinds.ts`), slowly: what has left a run's memory counts for rules' statuses, sentences
 * and totals as if it had stayed.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { MadeUpFrames } from "../../bench/made-up-frames.ts";
import { BEGAN_MS, BINDINGS, KINDS, KINDS_MODEL } from "../../bench/made-up-kinds.ts";
import { DECODERS } from "../../decoders/index.ts";
import { NEXT_FRAME } from "../../src/capture/frame.ts";
import { loadJudging } from "../../src/judging.ts";
import { CapCounter } from "../../src/limits.ts";
import { LiveReader } from "../../src/live/reader.ts";
import { type Observation, Observer } from "../../src/observe/observation.ts";
import { judge } from "../../src/pipeline.ts";
import type { RunResult } from "../../src/report/result.ts";
import { scratch } from "../cli/command.ts";
import { LettingGo, verdicts } from "./shelf.ts";

const EPISODES = 60;
/** Of the packets' time, between two of them; and between two checkpoints. */
const APART_SEC = 40;
const AT_ONCE = 7;
/** Of whose conversations nothing leaves: their flows are never over, or others' verdicts rest on each. */
const STAYING: ReadonlySet<string> = new Set(["arp", "dhcp", "mdns", "ssdp", "llmnr", "mdns-hosts", "pool"]);
/** What an error was, of flows that are over, a run does not keep. */
const AN_ERROR = /ICMP [a-z ]+ from [\d.]+|an ICMP error/;

for (const [name, { about, episode }] of Object.entries(KINDS)) {
  test(`${name}: ${about}`, async (t) => {
    const model = join(scratch(t), "churn.yaml");
    writeFileSync(model, KINDS_MODEL);
    const judging = await loadJudging({ models: [model], site: null, bind: BINDINGS, set: [], background: true });
    const options = { ...judging, scope: "judged" as const, infer: true, minSpanSec: 300, asOf: null, strict: false };
    const task = { ...options, captures: [], command: "" };
    const run = new LettingGo(task);
    const whole = await observed(episode, async () => {});
    const seen = await observed(episode, (now) => run.letGo(now));
    await run.isAs(t, seen, judge(whole, task, "", false), withReasons);
    t.is(run.shelf.most > EPISODES / 4, !STAYING.has(name), `${run.shelf.most} left`);
  });
}

test("what is loaded anew is not said to be missing where conversations had left by then", async (t) => {
  const model = join(scratch(t), "churn.yaml");
  writeFileSync(model, KINDS_MODEL);
  const load = () => loadJudging({ models: [model], site: null, bind: BINDINGS, set: [], background: true });
  const how = {
    scope: "judged" as const,
    infer: true,
    minSpanSec: 300,
    asOf: null,
    strict: false,
    captures: [],
    command: "",
  };
  const task = { ...(await load()), ...how };
  const run = new LettingGo(task);
  const seen = await observed(KINDS.strange!.episode, (now) => run.letGo(now));
  const code = async () => (await run.settled(seen)).rules.find(({ rule_id }) => rule_id === "cloud")?.reason_code;
  t.is(await code(), "host-passive");
  Object.assign(task, await load());
  t.is(await code(), "judged-before");
});

/** `each`: behind so many episodes. */
async function observed(
  episode: (number: number) => Uint8Array[],
  each: (seen: Observation) => Promise<void>,
): Promise<Observation> {
  const frames = episode(0).length;
  const end = EPISODES * frames;
  const source = new MadeUpFrames({ episode, frames, perSecond: 1 / APART_SEC, beganMs: BEGAN_MS }, AT_ONCE * frames);
  const caps = new CapCounter();
  const reader = await LiveReader.open([source], "default", [], caps);
  const observer = new Observer(reader.captures, DECODERS, caps);
  while (observer.observation.frames < end) {
    await reader.more();
    while (reader.next() === NEXT_FRAME) observer.frame(reader.frame);
    if (observer.observation.frames < source.due) continue;
    await each(observer.observation);
    source.due = Math.min(end, source.due + AT_ONCE * frames);
  }
  return observer.observation;
}

function withReasons(result: RunResult, gone?: Parameters<typeof verdicts>[1]): ReturnType<typeof verdicts> {
  const said = verdicts(result, gone);
  return {
    ...said,
    rules: result.rules.map(
      ({ rule_id, status, reason, conversations }) =>
        `${rule_id} ${status} ${conversations}: ${reason.replace(AN_ERROR, "ICMP")}`,
    ),
  };
}
