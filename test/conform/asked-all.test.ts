/** Questions to everybody on a link: judged with the answers of those whom they find, whichever protocol asks so. */
import test from "ava";
import { DECODERS } from "../../decoders/index.ts";
import type { Frame } from "../../src/capture/frame.ts";
import { KeptJudgements } from "../../src/conform/kept.ts";
import { decodeObservation, encodeObservation } from "../../src/observe/codec.ts";
import { mergeObservations } from "../../src/observe/merge.ts";
import { Observer } from "../../src/observe/observation.ts";
import { judge, judgeInSteps } from "../../src/pipeline.ts";
import { atOnce } from "../../src/steps.ts";
import { arpFrame, frameOfBytes, udpFrame } from "../support/frames.ts";
import { hex } from "../support/hex.ts";
import {
  type Judged,
  judgedResult,
  judged as judgedWhole,
  judgeFrames,
  observeFrames,
  verdictsOf,
} from "../support/judged.ts";
import { ethernet } from "../support/packets.ts";
import { ALL, answer, ask, most, STRANGER, TALKS, type Talk, WHO_IS } from "./asked-scenes.ts";
import { brokenBySomePart } from "./every-part.ts";
import { HOST, PEER, trialOf } from "./scene.ts";

const bind = [`host=${HOST}`, `peer=${PEER}`];

async function judged({ app, over }: Pick<Talk, "app" | "over">, frames: readonly Frame[], most = "identify") {
  const rules = [
    { id: "r", to: "peer", over, app, ...(most === "" ? {} : { expect: { operations: `at most ${most}` } }) },
  ];
  const trial = await trialOf({ rules, bind, frames });
  const said = judgeFrames({ ...trial, options: { ...trial.options, infer: true } }, trial.frames);
  const rows = [...said.conversations.values()].filter((row) => row.app === app);
  return { said, trial, told: rows.map((row) => `${row.initiator} ${row.responder} ${row.verdict}`).sort(), rows };
}

for (const talk of TALKS) {
  const to = talk.app === "ssdp" ? "239.255.255.250" : ALL;
  test(`${talk.app}: asked of everybody, answered by one whom the rule names`, async (t) => {
    const { told, said, trial, rows } = await judged(talk, [ask(talk), answer(talk)], most(talk));
    if (talk.app === "fins") {
      // Its ids name the node that is asked: an answer's is never that of a question to all.
      t.deepEqual(told, [`${HOST} ${to} documented`, `${HOST} ${PEER} documented`]);
      return;
    }
    t.deepEqual(told, [`${HOST} ${to} documented`]);
    const [asked] = rows;
    t.is(asked?.outcome, "answered");
    t.is(asked?.packets, 2);
    t.is(said.rules.get("m/r")?.status, "met");
    if (talk.app !== "ssdp") {
      const sent = asked?.operations.map(({ sender, sender_address }) => [sender, sender_address]);
      t.deepEqual(sent, [
        ["initiator", undefined],
        ["responder", PEER],
      ]);
      t.deepEqual(
        asked?.operations.map(({ unanswered }) => unanswered),
        [0, 0],
      );
    }
    t.is(asked?.fields["operations.unasked"], undefined);
    t.true(asked?.evidence?.clauses.some(({ says }) => says.includes(`${PEER} answered`)));
    const frames = new Set(asked?.evidence?.support.map(({ frame }) => frame));
    const alone = trial.frames.filter(({ number }) => frames.has(number));
    const again = judgeFrames(trial, alone);
    t.true(
      [...again.conversations.values()].some(({ verdict }) => verdict === "documented"),
      "its support keeps it",
    );
  });
  test(`${talk.app}: asked of everybody, answered by nobody or a stranger`, async (t) => {
    t.deepEqual((await judged(talk, [ask(talk)], most(talk))).told, [`${HOST} ${to} inconclusive`]);
    const { told } = await judged(talk, [ask(talk), answer(talk, STRANGER)], most(talk));
    t.true(told.includes(`${HOST} ${to} inconclusive`), told.join());
  });
}

const [bacnet] = TALKS as [Talk];
const READ = hex`81 0a 00 11  01 04  00 05 01 0c  0c 02 00 04 d2  19 4d`;
const READ_ANSWER = hex`81 0a 00 17  01 00  30 01 0c  0c 02 00 04 d2  19 4d  3e  74 00 70 6c 63  3f`;

test("an announcement to everybody answers too, and what is asked of one host stays what it is", async (t) => {
  const read = udpFrame({ from: `${HOST}:47808`, to: `${PEER}:47808`, data: READ, ms: 60 });
  const value = udpFrame({ from: `${PEER}:47808`, to: `${HOST}:47808`, data: READ_ANSWER, ms: 70 });
  for (const to of [HOST, ALL, "255.255.255.255"]) {
    const { told } = await judged(bacnet, [ask(bacnet), answer(bacnet, PEER, to), read, value]);
    t.deepEqual(told, [`${HOST} ${ALL} documented`, `${HOST} ${PEER} documented`], to);
  }
});

test("a range that is bound takes a broadcast address in, and that is nobody's answer", async (t) => {
  const play = async (frames: readonly Frame[]) => {
    const rules = [
      { id: "r", to: "role:peer", over: bacnet.over, app: bacnet.app, expect: { operations: "at most read" } },
    ];
    const trial = await trialOf({ rules, frames, bind: [`host=${HOST}`, "peer=10.0.0.0/24"] });
    const { conversations, rules: statuses } = judgeFrames(trial, trial.frames);
    const row = [...conversations.values()].find(({ responder }) => responder === ALL)!;
    return `${row.verdict} ${row.reason_code}, ${statuses.get("m/r")!.status}`;
  };
  t.is(await play([ask(bacnet)]), "inconclusive one-direction, not-evaluable");
  t.is(await play([ask(bacnet), answer(bacnet)]), "documented rule-proved, met");
  const write = hex`81 0b 00 15  01 00  00 05 02 0f  0c 00 40 00 01  19 55  3e 91 00 3f`;
  const written = udpFrame({ from: `${HOST}:47808`, to: `${ALL}:47808`, data: write, ms: 20 });
  t.is(await play([written]), "violation expectation-broken, violated", "whoever it reaches");
});

test("nobody opens anything from a broadcast address", async (t) => {
  for (const to of [ALL, "255.255.255.255"])
    t.deepEqual((await judged(bacnet, [answer(bacnet, PEER, to)])).told, [`${PEER} ${to} undocumented`]);
  const narrow = answer(bacnet, PEER, "10.0.0.127");
  t.deepEqual((await judged(bacnet, [narrow])).told, [`10.0.0.127 ${PEER} undocumented`], "it looks like a host");
  narrow.buf.fill(0xff, 0, 6);
  t.deepEqual((await judged(bacnet, [narrow])).told, [`${PEER} 10.0.0.127 undocumented`], "everybody got it");
  const host = udpFrame({ from: `${ALL}:9`, to: `${PEER}:9`, data: hex`00`, ms: 1 });
  const { told } = await judged(bacnet, [host, answer(bacnet, PEER, ALL)]);
  t.deepEqual(told, [`${ALL} ${PEER} undocumented`], "whoever sends is a host");
});

test("a write to everybody is a write, answered or not", async (t) => {
  // UnconfirmedPrivateTransfer is unknown, TimeSynchronization sets clocks.
  const sync = udpFrame({
    from: `${HOST}:47808`,
    to: `${ALL}:47808`,
    data: hex`81 0b 00 12  01 00  10 06  a4 7e 0b 15 06  b4 0b 1e 00 00`,
    ms: 20,
  });
  t.true((await judged(bacnet, [ask(bacnet), sync, answer(bacnet)])).told.includes(`${HOST} ${ALL} violation`));
  t.deepEqual((await judged(bacnet, [sync])).told, [`${HOST} ${ALL} undocumented`]);
});

test("without IP: DCP asks a group of MAC addresses", async (t) => {
  const identify = frameOfBytes(ethernet(0x8892, hex`fe fe 05 00 00000007 0001 0004 ffff0000`, [1, 2]), 50);
  identify.buf.set(hex`01 0e cf 00 00 00`, 0);
  const named = hex`fe ff 05 01 00000007 0000 000c 0202 0008 0000 706c632d3132`;
  const found = frameOfBytes(ethernet(0x8892, named, [2, 0x11]), 60);
  const whose = [
    arpFrame({ mac: "00005e005302", address: HOST, ms: 1 }),
    arpFrame({ mac: "00005e005311", address: PEER, ms: 2 }),
  ];
  const dcp = { app: "profinet-dcp", over: "eth" };
  t.deepEqual((await judged(dcp, [...whose, identify, found])).told, [
    "00:00:5e:00:53:02 01:0e:cf:00:00:00 documented",
  ]);
  t.deepEqual((await judged(dcp, [...whose, identify])).told, ["00:00:5e:00:53:02 01:0e:cf:00:00:00 inconclusive"]);
  const { told } = await judged(dcp, [whose[0]!, identify, found]);
  t.true(told.includes("00:00:5e:00:53:02 01:0e:cf:00:00:00 inconclusive"), told.join());
});

test("ten thousand questions on one flow are counted, and none is lost for it", async (t) => {
  const many = Array.from({ length: 10_000 }, (_, i) =>
    udpFrame({ from: `${HOST}:47808`, to: `${ALL}:47808`, data: bacnet.asks, ms: 20 + i * 20 }),
  );
  const { told, rows } = await judged(bacnet, [...many, answer(bacnet, PEER, HOST, 50)]);
  t.true(told.includes(`${HOST} ${ALL} documented`));
  t.is(
    rows.find(({ responder }) => responder === ALL)?.operations.find(({ operation }) => operation === "Who-Is")?.count,
    10_000,
  );
  const late = answer(bacnet, PEER, HOST, 190_000);
  t.true((await judged(bacnet, [...many, late])).told.includes(`${HOST} ${ALL} documented`), "answered late");
});

const answering = (from: string, ms: number): Frame => answer(bacnet, from, HOST, ms);

test("what nobody asked for stays a conversation of its own, and so does what is more than an answer", async (t) => {
  const alone = await judged(bacnet, [answer(bacnet)]);
  t.deepEqual(
    alone.rows.map(({ initiator, responder, operations }) => [initiator, responder, operations[0]?.operation]),
    [[HOST, PEER, "I-Am"]],
  );
  const early = answer(bacnet, PEER, ALL, -5_000);
  t.deepEqual((await judged(bacnet, [early, ask(bacnet)])).told.length, 2, "it announced itself before");
  const notified = udpFrame({
    from: `${PEER}:47808`,
    to: `${HOST}:47808`,
    data: hex`81 0a 00 18  01 00  10 02  09 01 1c 02 00 04 d2 2c 00 00 00 01 39 3c 4e 4f`,
    ms: 90,
  });
  t.is((await judged(bacnet, [ask(bacnet), answer(bacnet), notified])).rows.length, 2, "it tells a value as well");
  const [, enip] = TALKS as [Talk, Talk];
  const other = { ...enip, answers: enip.answers.slice() };
  other.answers[12] = 7; // the sender's context
  t.is((await judged(enip, [ask(enip), answer(other)])).rows.length, 2, "an answer of another transaction");
});

test("several that answer are each named, one question is answered once", async (t) => {
  const [, enip] = TALKS as [Talk, Talk];
  const found = [PEER, STRANGER, "10.0.0.10"].map((from, i) => answer(enip, from, HOST, 40 + i));
  const { rows, told } = await judged(enip, [ask(enip), ...found]);
  t.deepEqual(told, [`${HOST} ${ALL} documented`]);
  const [row] = rows;
  t.is(row?.flows, 4);
  t.deepEqual(
    row?.operations.map(({ role, sender_address, count, unanswered }) => [role, sender_address, count, unanswered]),
    [
      ["request", undefined, 1, 0],
      ["response", PEER, 1, 0],
      ["response", STRANGER, 1, 0],
      ["response", "10.0.0.10", 1, 0],
    ],
  );
});

test("very many that answer are counted, and a network of them is named", async (t) => {
  const many = Array.from({ length: 1_100 }, (_, i) => answer(bacnet, `10.0.${1 + (i >> 8)}.${i & 255}`, HOST, 40 + i));
  const { rows } = await judged(bacnet, [ask(bacnet), answer(bacnet), ...many]);
  const iAm = rows[0]!.operations.filter(({ operation }) => operation === "I-Am");
  t.is(rows.length, 1);
  t.is(rows[0]?.verdict, "documented");
  t.is(iAm.filter(({ sender_address }) => sender_address !== undefined).length, 1_024);
  t.deepEqual(
    iAm.filter(({ sender_address }) => sender_address === undefined).map(({ sender, count }) => [sender, count]),
    [["responder", 77]],
  );
});

test("an answer behind which more is asked is that of its own question", async (t) => {
  const [, enip] = TALKS as [Talk, Talk];
  const other = enip.asks.slice();
  other[12] = 7; // the sender's context
  const more = udpFrame({ from: `${HOST}:50123`, to: `${ALL}:44818`, data: other, ms: 60 });
  const { rows, told } = await judged(enip, [ask(enip), answer(enip), more]);
  t.deepEqual(told, [`${HOST} ${ALL} documented`]);
  t.deepEqual(
    rows[0]?.operations.map(({ role, count, unanswered }) => [role, count, unanswered]),
    [
      ["request", 2, 1],
      ["response", 1, 0],
    ],
  );
});

test("a question of a stranger's that a judged host answers is judged, as one to that host is", async (t) => {
  const asked = udpFrame({ from: `${STRANGER}:47808`, to: `${ALL}:47808`, data: WHO_IS, ms: 10 });
  const { said } = await judged(bacnet, [asked, answer(bacnet, PEER, STRANGER)]);
  t.deepEqual(
    said.result.judged.map(({ initiator, responder, verdict }) => [initiator, responder, verdict]),
    [[STRANGER, PEER, "undocumented"]],
  );
  const both = await judged(bacnet, [asked, answer(bacnet, "10.0.0.10", STRANGER)]);
  t.deepEqual(both.said.result.judged, []);
});

const SYNC = hex`81 0b 00 12  01 00  10 06  a4 7e 0b 15 06  b4 0b 1e 00 00`;
const synced = udpFrame({ from: `${HOST}:47808`, to: `${ALL}:47808`, data: SYNC, ms: 20 });
const asksOne = (to: string, ms: number): Frame =>
  udpFrame({ from: `${HOST}:47808`, to: `${to}:47808`, data: READ, ms });
const SCENES: Record<string, Frame[]> = {
  "one answer": [ask(bacnet), answering(PEER, 40)],
  "a stranger's beside it": [ask(bacnet), answering(PEER, 40), answering(STRANGER, 41)],
  "asked twice, answered three times": [
    ask(bacnet),
    answering(PEER, 40),
    udpFrame({ from: `${HOST}:47808`, to: `${ALL}:47808`, data: WHO_IS, ms: 60 }),
    answering(PEER, 90),
    answering(STRANGER, 91),
  ],
  "a write beside the question": [ask(bacnet), synced, answering(PEER, 40), answering(STRANGER, 41)],
  "announced to everybody": [ask(bacnet), answer(bacnet, PEER, ALL, 40), answer(bacnet, STRANGER, ALL, 41)],
  "a stranger's question": [
    udpFrame({ from: `${STRANGER}:47808`, to: `${ALL}:47808`, data: WHO_IS, ms: 10 }),
    answer(bacnet, PEER, STRANGER, 40),
    ask(bacnet),
    answering(PEER, 80),
  ],
  "read behind it": [
    ask(bacnet),
    answering(PEER, 40),
    asksOne(PEER, 60),
    answering(STRANGER, 70),
    asksOne(STRANGER, 80),
  ],
};

for (const [scene, frames] of Object.entries(SCENES))
  test(`no part of it proves more: ${scene}`, async (t) => {
    const { trial, said } = await judged(bacnet, frames);
    t.deepEqual(brokenBySomePart({ ...trial, options: { ...trial.options, infer: false } }, said), []);
  });

/** What is said of every conversation and rule, but for frames. */
const said = (of: Pick<Judged, "conversations" | "rules">): unknown => [
  verdictsOf(of),
  [...of.conversations.values()]
    .map(({ conversation_id, outcome, outcomes, flows, packets, bytes, operations, fields }) => [
      [conversation_id, outcome, outcomes, flows, packets, bytes, fields],
      operations.map(({ first_frame: _f, first_capture_id: _c, ...operation }) => operation),
    ])
    .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
];

for (const [scene, frames] of Object.entries(SCENES))
  test(`in slices, stored, and judged as it goes on, the same is said: ${scene}`, async (t) => {
    const { trial } = await judged(bacnet, frames);
    const whole = said(judgeFrames(trial, trial.frames));
    for (let cut = 1; cut < trial.frames.length; cut++) {
      const slices = [trial.frames.slice(0, cut), trial.frames.slice(cut)].map((part) => observeFrames(trial, part));
      t.deepEqual(
        said(judgedWhole(mergeObservations(slices, DECODERS), trial.options)),
        whole,
        `cut before ${cut + 1}`,
      );
      const stored = await Promise.all(slices.map((seen) => decodeObservation([...encodeObservation(seen)], DECODERS)));
      t.deepEqual(said(judgedWhole(mergeObservations(stored, DECODERS), trial.options)), whole, `stored, ${cut + 1}`);
    }
    const observer = new Observer(trial.captures, DECODERS);
    const kept = new KeptJudgements();
    for (const frame of trial.frames) {
      observer.frame(frame);
      const anew = judgedResult(judge(observer.observation, trial.options, "", false));
      const on = judgedResult(atOnce(judgeInSteps(observer.observation, trial.options, "", false, kept)));
      t.deepEqual(said(on), said(anew), `behind frame ${frame.number}`);
    }
  });
