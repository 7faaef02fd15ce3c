/** "Operations at most read": what breaks it, what leaves it open, and a write among ten thousand reads. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import type { Frame } from "../../src/capture/frame.ts";
import type { ConversationRow } from "../../src/report/result.ts";
import { wirepact } from "../cli/command.ts";
import { writePcap } from "../support/capture-writer.ts";
import { numbered } from "../support/frames.ts";
import { ascii, concat, hex } from "../support/hex.ts";
import { judgeFrames } from "../support/judged.ts";
import { u16 } from "../support/packets.ts";
import { connection, type Line } from "../support/talk.ts";
import { HOST, trialOf } from "./scene.ts";

const DEVICE = "203.0.113.10";
const RULE = { id: "profile", to: "device", over: "tcp/502", app: "modbus", expect: { operations: "at most read" } };
const SCENE = { rules: [RULE], endpoints: { device: { addresses: [DEVICE] } } };

const adu = (transaction: number, pdu: Uint8Array): Uint8Array =>
  concat([u16(transaction), u16(0), u16(pdu.length + 1), hex`01`, pdu]);
const READ = hex`03 00 28 00 01`;
const WORD = hex`03 02 00 07`;
const WRITE = hex`06 00 28 00 07`;

/** A question and its answer; without one where there is none. */
const say = (transaction: number, question: Uint8Array, answer: Uint8Array | null): Line[] => [
  [">", adu(transaction, question)],
  ...(answer === null ? [] : [["<", adu(transaction, answer)] as const]),
];
const talk = (...lines: Line[][]): Frame[] => connection(`${HOST}:40000`, `${DEVICE}:502`, 10, lines.flat());

async function judge(frames: readonly Frame[]): Promise<ConversationRow> {
  const trial = await trialOf({ ...SCENE, frames });
  const row = judgeFrames(trial, trial.frames).result.judged.find((one) => one.responder === DEVICE);
  if (row === undefined) throw new Error("nothing was judged");
  return row;
}
const says = async (frames: readonly Frame[]): Promise<string> => {
  const { verdict, found, reason } = await judge(frames);
  return `${verdict}: ${found ?? reason}`;
};

test("questions alone are documented", async (t) => {
  t.is((await judge(talk(say(1, READ, WORD), say(2, hex`2b 0e 01 00`, hex`ab 01`)))).verdict, "documented");
});

test("a write is named with its target, its frame and its answer", async (t) => {
  t.is(
    await says(talk(say(1, READ, WORD), say(2, WRITE, WRITE))),
    "violation: write single register (write) of unit 1 holding register 40, once, first in frame 6, answered: success",
  );
});

test("a write counts beside an answer that nobody can read, and not behind a question that nobody can", async (t) => {
  const [strange, vague] = [hex`03 7f 00`, hex`03 00`];
  t.regex(await says(talk(say(1, READ, strange), say(2, WRITE, WRITE))), /^violation: write single register/);
  t.regex(await says(talk(say(1, READ, strange), say(2, READ, WORD))), /^inconclusive: .*could not be read as such/);
  t.regex(await says(talk(say(1, vague, null), say(2, WRITE, WRITE))), /^inconclusive: .*could not be read as such/);
});

test("a refused write was tried, and so was one that nobody answered", async (t) => {
  t.regex(await says(talk(say(1, READ, WORD), say(2, WRITE, hex`86 02`))), /violation: .*illegal data address$/);
  t.regex(await says(talk(say(1, READ, WORD), say(2, WRITE, null))), /violation: .*no answer$/);
});

test("where nothing pairs questions and answers, nobody says that there was none", async (t) => {
  const rule = { ...RULE, over: "tcp/80", app: "http" };
  const post = ascii("POST /set HTTP/1.1\r\nHost: a.example\r\nContent-Length: 0\r\n\r\n");
  const frames = connection(`${HOST}:40000`, `${DEVICE}:80`, 10, [
    [">", post],
    ["<", ascii("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")],
  ]);
  const trial = await trialOf({ ...SCENE, rules: [rule], frames });
  const found = judgeFrames(trial, trial.frames).result.judged[0]!.found ?? "";
  t.regex(found, /^POST \(write\) of \/set, once, first in frame \d+$/);
});

test("what a request turned into is no reading, as long as its operations are not told", async (t) => {
  const rule = { ...RULE, over: "tcp/80", app: "http" };
  const agreed = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: mqtt\r\n";
  const frames = connection(`${HOST}:40000`, `${DEVICE}:80`, 10, [
    [">", ascii(`GET /mqtt HTTP/1.1\r\nHost: a.example\r\n${agreed}\r\n`)],
    ["<", ascii(`HTTP/1.1 101 Switching Protocols\r\n${agreed}\r\n`)],
    [">", concat([hex`82 93 00 00 00 00 10 11 00 04`, ascii("MQTT"), hex`04 02 00 3c 00 05`, ascii("hub01")])],
    ["<", hex`82 04 20 02 00 00`],
  ]);
  const trial = await trialOf({ ...SCENE, rules: [rule], frames });
  const { verdict, reason } = judgeFrames(trial, trial.frames).result.judged[0]!;
  t.regex(`${verdict}: ${reason}`, /^inconclusive: .*it became mqtt/);
});

test("the answer to a write proves it, where the question is not in the capture", async (t) => {
  const frames = talk(say(1, READ, WORD), say(2, WRITE, hex`10 00 32 00 03`));
  const lost = frames.filter((_, i) => i !== 5);
  t.regex(await says(lost), /violation: an answer to write multiple registers/);
});

test("what nobody can read is never below the limit", async (t) => {
  const umas = hex`5a 00 02`;
  t.regex(await says(talk(say(1, READ, WORD), say(2, umas, umas))), /^inconclusive: .*UMAS/);
  const lying = talk(say(1, READ, WORD), say(2, hex`03 00 28`, hex`83 03`));
  t.regex(await says(lying), /^inconclusive: .*do not fit/);
  const noise = talk(say(1, READ, WORD), [[">", hex`ff ff ff ff ff ff ff ff`]]);
  t.regex(await says(noise), /^inconclusive: .*no message/);
});

test("an answer of another transaction is nobody's, and its question stays without one", async (t) => {
  const wrong = talk(say(1, READ, WORD), [
    [">", adu(2, READ)],
    ["<", adu(99, WORD)],
  ]);
  const { operations, fields } = await judge(wrong);
  t.deepEqual(
    operations.map(({ role, count, unanswered }) => [role, count, unanswered]),
    [
      ["request", 2, 1],
      ["response", 2, 0],
    ],
  );
  t.deepEqual(fields["operations.unasked"], [1]);
});

test("an exception without a request says what was tried", async (t) => {
  const refused: Line[] = [["<", adu(7, hex`86 02`)]];
  t.regex(await says(talk(say(1, READ, WORD), refused)), /^violation: an answer to write single register/);
  const read: Line[] = [["<", adu(7, hex`83 02`)]];
  const { operations } = await judge(talk(say(1, READ, WORD), read));
  t.is(operations.find(({ role }) => role === "request")?.failed, 0, "no question is blamed for it");
});

test("a message that the capture cut off is not read, whatever its beginning says", async (t) => {
  const frames = talk(say(1, READ, WORD), say(2, hex`10 00 28 00 01 02 00 07`, null));
  const last = frames.at(-1)!;
  last.capLen -= 9; // behind the transaction, the protocol and half of the length
  t.regex(await says(frames), /^inconclusive: /);
});

test("what stands behind a hole was not read, and that is said", async (t) => {
  const frames = talk(say(1, READ, WORD), say(2, READ, WORD), say(3, READ, WORD));
  t.regex(await says(frames.filter((_, i) => i !== 5)), /^inconclusive: .*missing/);
});

test("one write among ten thousand reads is found, named, and drift", async (t) => {
  const lines: Line[] = [];
  for (let i = 0; i < 10_000; i++) {
    lines.push(...say(i, concat([hex`03`, u16(i % 1_500), hex`00 01`]), WORD));
    if (i === 6_180) lines.push(...say(65_000, WRITE, WRITE));
  }
  const frames = numbered(talk(lines));
  const folder = mkdtempSync(join(tmpdir(), "wirepact-profiling-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const records = frames.map(({ buf, off, capLen, sec, nsec }) => ({ data: buf.slice(off, off + capLen), sec, nsec }));
  writeFileSync(join(folder, "session.pcap"), writePcap(records));
  writeFileSync(join(folder, "model.yaml"), JSON.stringify(modelText()));
  const ran = await wirepact(
    [
      "check",
      "session.pcap",
      "--model",
      "model.yaml",
      "--bind",
      `host=${HOST}`,
      "--db",
      "run.sqlite",
      "--format",
      "json",
    ],
    { cwd: folder },
  );
  t.is(ran.code, 1, ran.stderr);
  const [row] = (JSON.parse(ran.stdout) as { conversations: ConversationRow[] }).conversations;
  const frame = 3 + (6_180 + 1) * 2 + 1;
  t.is(row?.verdict, "violation");
  t.true(row?.found?.includes(`unit 1 holding register 40, once, first in frame ${frame}, answered: success`));
  t.true(row?.evidence?.against.some((ref) => ref.frame === frame));
  const requests = row!.operations.filter(({ role }) => role === "request");
  t.is(
    requests.reduce((sum, { count }) => sum + count, 0),
    10_001,
  );
  t.is(
    requests.reduce((sum, { unanswered }) => sum + unanswered, 0),
    0,
  );
});

function modelText(): unknown {
  return {
    wirepact: 1,
    model: "profiling",
    document: { title: "D" },
    roles: { host: null },
    endpoints: SCENE.endpoints,
    rules: [{ from: "host", requirement: "required", cite: { section: "1" }, ...RULE }],
  };
}
