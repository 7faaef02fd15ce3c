/** Who sent a RST, by when it came: what follows its question sooner than the far end's own answers was sent by something nearer. */
import test from "ava";
import { DECODERS } from "../../decoders/index.ts";
import type { Frame } from "../../src/capture/frame.ts";
import { mergeObservations } from "../../src/observe/merge.ts";
import { tcpFrame } from "../support/frames.ts";
import { judged, observeFrames } from "../support/judged.ts";
import { HOST, trialOf } from "./scene.ts";
import { byAddress, FAR, hello, tlsRule } from "./stage.ts";

const TO = `${FAR}:443`;
/** Of no rule: what comes of it says nothing of what is tried at the other. */
const OTHER = `${FAR}:8443`;

/** SYN and SYN-ACK, the first of which takes `tripMs`, and the hello; nothing comes back but what is asked for. */
function opened(port: number, ms: number, tripMs: number, to = TO): Frame[] {
  const from = `${HOST}:${port}`;
  return [
    tcpFrame({ from, to, flags: "S", seq: 100, ms }),
    tcpFrame({ from: to, to: from, flags: "SA", seq: 500, ack: 101, ms: ms + tripMs, ttl: 52 }),
    tcpFrame({ from, to, seq: 101, ack: 501, ms: ms + tripMs + 0.1 }),
    tcpFrame({ from, to, flags: "AP", seq: 101, ack: 501, data: hello, ms: ms + tripMs + 0.3 }),
  ];
}

const refused = (port: number, ms: number, afterMs: number): Frame[] => [
  tcpFrame({ from: `${HOST}:${port}`, to: TO, flags: "S", seq: 100, ms }),
  tcpFrame({ from: TO, to: `${HOST}:${port}`, flags: "RA", seq: 0, ack: 101, ms: ms + afterMs, ttl: 52 }),
];

function cutOff(port: number, ms: number, tripMs: number, afterMs: number, ack = 101 + hello.length): Frame[] {
  const frames = opened(port, ms, tripMs);
  const fields = { from: TO, to: `${HOST}:${port}`, flags: "RA", seq: 501, ack, ttl: 52 };
  return [...frames, tcpFrame({ ...fields, ms: ms + tripMs + 0.3 + afterMs })];
}

async function said(frames: readonly Frame[], cut = 0): Promise<string> {
  const trial = await trialOf({ rules: [tlsRule], endpoints: byAddress, frames });
  const parts = [trial.frames.slice(0, cut), trial.frames.slice(cut)].filter((part) => part.length > 0);
  const seen = mergeObservations(
    parts.map((part) => observeFrames(trial, part)),
    DECODERS,
  );
  return [...judged(seen, trial.options).rules.values()].map(({ reason }) => reason).join("\n");
}

test("a RST right after a hello, sooner than the far end can have read it", async (t) => {
  const frames = cutOff(40_000, 0, 24, 0.3);
  const told = /something nearer sent in its name: after 0\.3 ms, where its own answers take 24 ms at least/;
  t.regex(await said(frames), told);
  t.regex(await said([...refused(40_001, 3_000, 0.3), ...opened(40_002, 6_000, 24, OTHER)]), told, "a RST to a SYN");
  t.regex(await said([...frames, ...opened(40_002, 6_000, 31, OTHER)], 5), told, "in two slices");
});

test("as late as its own answers: nothing is told of it", async (t) => {
  t.notRegex(await said(cutOff(40_000, 0, 24, 25)), /nearer/);
  t.notRegex(await said(cutOff(40_000, 0, 24, 13)), /nearer/, "another route may be twice as fast");
  t.notRegex(await said(cutOff(40_000, 0, 1.5, 0.2)), /nearer/, "a far end in the same house");
});

test("what may answer an earlier packet is not measured", async (t) => {
  t.notRegex(await said(cutOff(40_000, 0, 24, 0.3, 101)), /nearer/, "it does not acknowledge the hello");
  const again = opened(40_000, 0, 24);
  again.push(tcpFrame({ from: `${HOST}:40000`, to: TO, flags: "AP", seq: 101, ack: 501, data: hello, ms: 300 }));
  again.push(
    tcpFrame({ from: TO, to: `${HOST}:40000`, flags: "RA", seq: 501, ack: 101 + hello.length, ms: 300.3, ttl: 52 }),
  );
  t.notRegex(await said(again), /nearer/, "the hello was sent twice");
  const tried = [
    tcpFrame({ from: `${HOST}:40000`, to: OTHER, flags: "S", seq: 100, ms: 0 }),
    ...opened(40_000, 1_000, 24, OTHER),
  ];
  const late = await said([...tried, ...refused(40_001, 9_000, 400)]);
  t.regex(late, /answered by RST/);
  t.notRegex(late, /nearer/, "a SYN that was sent twice tells no time");
});
