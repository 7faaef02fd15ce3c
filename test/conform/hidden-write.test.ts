/** One write among thousands of reads, hidden in the ways that TCP allows: it is found, named, and drift. */
import test from "ava";
import type { Frame } from "../../src/capture/frame.ts";
import { exitCodeOf } from "../../src/report/exit.ts";
import type { ConversationRow } from "../../src/report/result.ts";
import { numbered, tcpFrame } from "../support/frames.ts";
import { concat, hex } from "../support/hex.ts";
import { judgeFrames } from "../support/judged.ts";
import { u16 } from "../support/packets.ts";
import { connection, type Line } from "../support/talk.ts";
import { HOST, trialOf } from "./scene.ts";

const DEVICE = "203.0.113.10";
const RULE = { id: "profile", to: "device", over: "tcp/502", app: "modbus", expect: { operations: "at most read" } };
const SCENE = { rules: [RULE], endpoints: { device: { addresses: [DEVICE] } } };
const READS = 2_400;
/** Before which read the write stands. */
const PLACE = 1_580;
const ISN = 1_000;
const HANDSHAKE = 3;
const SIZE = 12;

const adu = (transaction: number, pdu: Uint8Array): Uint8Array =>
  concat([u16(transaction), u16(0), u16(pdu.length + 1), hex`01`, pdu]);
const question = (i: number): Uint8Array => adu(i, concat([hex`03`, u16(i % 500), hex`00 01`]));
const answer = (i: number): Uint8Array => adu(i, hex`03 02 00 07`);
const WRITE = hex`06 00 28 00 07`;
const NAMED = "write single register (write) of unit 1 holding register 40, once, first in frame ";

const reads = (from: number, to: number): Line[] =>
  Array.from({ length: to - from }, (_, i): Line[] => [
    [">", question(from + i)],
    ["<", answer(from + i)],
  ]).flat();
const talk = (lines: readonly Line[], port = 40_000): Frame[] =>
  connection(`${HOST}:${port}`, `${DEVICE}:502`, 10, lines, ISN);
const WRITTEN: Line[] = [
  [">", adu(60_000, WRITE)],
  ["<", adu(60_000, WRITE)],
];
const ASKED = READS * SIZE;

interface Said {
  exit: number;
  host: ConversationRow[];
  found: string;
}
async function say(frames: readonly Frame[]): Promise<Said> {
  const trial = await trialOf({ ...SCENE, frames: numbered(frames) });
  const { result } = judgeFrames(trial, trial.frames);
  const host = result.judged.filter(({ initiator, responder }) => initiator === HOST && responder === DEVICE);
  return { exit: exitCodeOf(result, false), host, found: host.map(({ found, reason }) => found ?? reason).join("; ") };
}
const asked = ({ host }: Said): number =>
  host.flatMap((row) => row.operations).reduce((sum, o) => sum + (o.role === "request" ? o.count : 0), 0);

/** A stream of one side in pieces of a size, in place of its own segments. */
function recut(lines: readonly Line[], side: "<" | ">", size: number): Line[] {
  const all = concat(lines.filter(([of]) => of === side).map(([, data]) => data as Uint8Array));
  return Array.from(
    { length: Math.ceil(all.length / size) },
    (_, i): Line => [side, all.subarray(i * size, (i + 1) * size)],
  );
}
const ALL = [...reads(0, PLACE), ...WRITTEN, ...reads(PLACE, READS)];

test("reads alone are no drift", async (t) => {
  const said = await say(talk(reads(0, READS)));
  t.deepEqual([said.exit, said.host.map(({ verdict }) => verdict), asked(said)], [0, ["documented"], READS]);
});

test("pipelined: forty questions a segment, the write among them", async (t) => {
  const batches = Array.from({ length: Math.ceil(ALL.length / 80) }, (_, i) => ALL.slice(i * 80, (i + 1) * 80));
  const said = await say(
    talk(batches.flatMap((lines) => [...recut(lines, ">", 40 * SIZE), ...recut(lines, "<", 1_400)])),
  );
  t.is(said.exit, 1);
  t.true(said.found.includes(`${NAMED}${HANDSHAKE + 2 * Math.floor(PLACE / 40) + 1}, answered: success`), said.found);
  t.is(asked(said), READS + 1);
});

test("split: segments of seven bytes, the write over three of them", async (t) => {
  const said = await say(talk(recut(ALL, ">", 7)));
  const last = HANDSHAKE + Math.floor((PLACE * SIZE + SIZE - 1) / 7) + 1;
  t.is(said.exit, 1);
  t.true(said.found.includes(`${NAMED}${last}, no answer`), said.found);
  t.is(asked(said), READS + 1);
});

test("two connections of one master with the same transaction ids, a frame each in turns", async (t) => {
  const one = talk(reads(0, READS / 2));
  const other = talk([...reads(0, PLACE - 1_200), ...WRITTEN, ...reads(PLACE - 1_200, READS / 2)], 40_001);
  const said = await say(other.flatMap((frame, i) => (one[i] === undefined ? [frame] : [one[i], frame])));
  t.is(said.exit, 1);
  t.true(said.found.includes(`${NAMED}${2 * (HANDSHAKE + 2 * (PLACE - 1_200) + 1)}, answered: success`), said.found);
  t.is(asked(said), READS + 1);
});

test("another master's write is not this one's", async (t) => {
  const other = connection("10.0.0.99:40000", `${DEVICE}:502`, 10, [...reads(0, 100), ...WRITTEN], ISN);
  const said = await say(
    talk(reads(0, 1_000)).flatMap((frame, i) => (other[i] === undefined ? [frame] : [other[i], frame])),
  );
  t.deepEqual(
    said.host.map(({ verdict }) => verdict),
    ["documented"],
  );
});

/** The bytes of the read at `PLACE` once more, some of them others; behind `after` further frames. */
function again(from: number, bytes: Uint8Array, after: number): Frame[] {
  const frames = talk(reads(0, READS));
  const at = HANDSHAKE + 2 * PLACE + 1 + after;
  const ends = { from: `${HOST}:40000`, to: `${DEVICE}:502` };
  const seq = ISN + 1 + PLACE * SIZE + from;
  frames.splice(
    at,
    0,
    tcpFrame({ ...ends, flags: "PA", seq, ack: 5_001, ms: frames[at - 1]!.nsec / 1e6, data: bytes }),
  );
  for (const frame of [frames[at]!]) [frame.sec, frame.nsec] = [frames[at - 1]!.sec, frames[at - 1]!.nsec];
  return frames;
}

for (const after of [0, 1, 40])
  test(`sent again as a write, ${after} frames later`, async (t) => {
    const said = await say(again(0, adu(PLACE, WRITE), after));
    t.is(said.exit, 1);
    t.true(said.found.includes(`${NAMED}${HANDSHAKE + 2 * PLACE + 2 + after}`), said.found);
    t.is(asked(said), READS + 1);
  });

test("sent again as a write from the function code on", async (t) => {
  const said = await say(again(7, WRITE, 1));
  t.is(said.exit, 1);
  t.true(said.found.includes(NAMED), said.found);
});

test("sent again with the same bytes is nothing", async (t) => {
  const said = await say(again(0, question(PLACE), 1));
  t.deepEqual([said.exit, said.host.map(({ verdict }) => verdict), asked(said)], [0, ["documented"], READS]);
});

test("sent twice behind a hole, once as a read and once as a write", async (t) => {
  const frames = again(0, adu(PLACE, WRITE), 0);
  const at = HANDSHAKE + 2 * (PLACE - 1);
  const [late] = frames.splice(at, 1);
  frames.splice(at + 4, 0, late!);
  const said = await say(frames);
  t.is(said.exit, 1);
  t.true(said.found.includes(NAMED), said.found);
});

test("the write first, then a read in its place", async (t) => {
  const lines: Line[] = [
    ...reads(0, PLACE),
    [">", adu(PLACE, WRITE)],
    ["<", adu(PLACE, WRITE)],
    ...reads(PLACE + 1, READS),
  ];
  const frames = talk(lines);
  const at = HANDSHAKE + 2 * PLACE + 1;
  const ends = { from: `${HOST}:40000`, to: `${DEVICE}:502` };
  const over = tcpFrame({ ...ends, flags: "PA", seq: ISN + 1 + PLACE * SIZE, ack: 5_001, data: question(PLACE) });
  [over.sec, over.nsec] = [frames[at]!.sec, frames[at]!.nsec];
  frames.splice(at, 0, over);
  const said = await say(frames);
  t.is(said.exit, 1);
  t.true(said.found.includes(`${NAMED}${at}`), said.found);
});

test("amid a connection, an answer first", async (t) => {
  const said = await say(talk(ALL).slice(HANDSHAKE + 1));
  t.is(said.exit, 1);
  t.true(said.found.includes(`${NAMED}${2 * PLACE}, answered: success`), said.found);
});

test("the question is not in the capture, its answer is", async (t) => {
  const frames = talk(ALL);
  frames.splice(HANDSHAKE + 2 * PLACE, 1);
  const said = await say(frames);
  t.is(said.exit, 1);
  t.regex(said.found, /an answer to write single register \(write\)/);
  t.is(ASKED, asked(said) * SIZE);
});
