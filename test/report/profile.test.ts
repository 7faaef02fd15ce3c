/** The proof page: what may be claimed of a role, and what the page says where it may not. */
import test from "ava";
import type { Frame } from "../../src/capture/frame.ts";
import { penFor } from "../../src/report/pen.ts";
import { type Profile, profileOf } from "../../src/report/profile.ts";
import { profileReport } from "../../src/report/profile-forms.ts";
import type { RunResult } from "../../src/report/result.ts";
import { HOST, PEER, trialOf } from "../conform/scene.ts";
import { numbered } from "../support/frames.ts";
import { ascii, concat, hex } from "../support/hex.ts";
import { judgeFrames } from "../support/judged.ts";
import { u16 } from "../support/packets.ts";
import { connection, type Line } from "../support/talk.ts";

const RULES = [
  { id: "profile", to: "role:peer", over: "tcp/502", app: "modbus", expect: { operations: "at most read" } },
  { id: "other", to: "role:peer", over: "tcp/102", app: "s7comm", requirement: "optional" },
];
const adu = (transaction: number, pdu: Uint8Array): Uint8Array =>
  concat([u16(transaction), u16(0), u16(pdu.length + 1), hex`01`, pdu]);
const say = (transaction: number, question: Uint8Array, answer: Uint8Array | null): Line[] => [
  [">", adu(transaction, question)],
  ...(answer === null ? [] : [["<", adu(transaction, answer)] as const]),
];
const READ = hex`03 00 28 00 01`;
const WORD = hex`03 02 00 07`;
const WRITE = hex`06 00 28 00 07`;
const talk = (...lines: Line[][]): Frame[] => connection(`${HOST}:40000`, `${PEER}:502`, 10, lines.flat());

async function judged(frames: readonly Frame[]): Promise<RunResult> {
  const trial = await trialOf({ rules: RULES, bind: [`host=${HOST}`, `peer=${PEER}`], frames: numbered(frames) });
  return judgeFrames(trial, trial.frames).result;
}
const profile = async (frames: readonly Frame[]): Promise<Profile> => profileOf(await judged(frames), "host");

test("questions alone: the page says so, with device, protocol, class and pace", async (t) => {
  const said = await profile(talk(say(1, READ, WORD), say(2, hex`2b 0e 01 00`, hex`ab 01`), say(3, READ, null)));
  t.is(said.verdict, "read-only");
  t.like(said.lines[0], {
    ...{ device: PEER, protocol: "modbus", over: "tcp/502", classes: { identify: 1, read: 2 }, questions: 3 },
    ...{ failed: 1, unanswered: 1, per_second: 3, at_once: 1 },
  });
  t.deepEqual(
    said.failed.map((o) => [o.operation, o.failed, o.unanswered]),
    [
      ["read holding registers", 0, 1],
      ["encapsulated interface: read device identification", 1, 0],
    ],
  );
  t.deepEqual(
    said.coverage.map((rule) => [rule.rule_id, rule.devices]),
    [
      ["profile", [PEER]],
      ["other", []],
    ],
  );
});

test("what nobody can read is named with what it was asked of and how often, or only where", async (t) => {
  const [service, answer] = [hex`41 01`, hex`41 02`];
  const twice = await profile(talk(say(1, READ, WORD), say(2, service, answer), say(3, service, answer)));
  t.is(twice.verdict, "unproved");
  t.regex(twice.unread[0]!.why, /^function 65 of unit 1, 2 times, first in frame 6: nobody can say what it does$/);
  const other = await profile(talk(say(1, service, answer), say(2, hex`42 01`, hex`42 02`)));
  t.regex(other.unread[0]!.why, /^function 65 of unit 1, frame 4 \(and 1 kind more\): nobody can say/);
});

test("a device's pace is that of all its connections together, and too much of it is said first", async (t) => {
  const slow = await profile(talk(say(1, READ, WORD), say(2, READ, WORD)));
  t.deepEqual(slow.pace, [{ device: PEER, questions: 2, per_second: 2, at_once: 1, floods: false }]);
  const many = Array.from({ length: 20 }, (_, i) =>
    connection(`${HOST}:${41_000 + i}`, `${PEER}:502`, 10 + i / 100, say(1, READ, WORD)),
  );
  const frames = many.flat().sort((a, b) => a.sec - b.sec || a.nsec - b.nsec);
  const result = await judged(frames);
  const said = profileOf(result, "host");
  t.deepEqual(said.pace, [{ device: PEER, questions: 20, per_second: 20, at_once: 20, floods: true }]);
  const page = [...profileReport(result, "host", "text", penFor({}, {}))].join("");
  t.regex(page, /Flooded with them: 1 device/);
  t.regex(page, /20 at once +of 20 +flooded/);
  const fast = await profile(talk(...Array.from({ length: 150 }, (_, i) => say(i, READ, WORD))));
  t.like(fast.pace[0], { per_second: 150, at_once: 1, floods: true });
});

test("each line says as which of the document's rows it was asked, and where nothing came up nothing was asked", async (t) => {
  const other = connection(`${HOST}:40000`, `${PEER}:503`, 500, say(1, READ, WORD));
  const refused = connection(`${HOST}:40002`, `${PEER}:102`, 900, [["<", "RA"]]).filter((_, i) => i === 0 || i === 3);
  const said = await profile([...talk(say(1, READ, WORD)), ...other, ...refused]);
  t.deepEqual(
    said.lines.map(({ over, rules, first_frame }) => [over, rules, first_frame]),
    [
      ["tcp/502", ["profile"], 4],
      ["tcp/503", [], 9],
    ],
  );
  t.deepEqual(said.unreached, [{ device: PEER, over: "tcp/102", outcome: "refused", count: 1, rules: ["other"] }]);
});

test("a write is the first thing that the page says", async (t) => {
  const result = await judged(talk(say(1, READ, WORD), say(2, WRITE, hex`86 02`)));
  const said = profileOf(result, "m/host");
  t.is(said.verdict, "not-read-only");
  t.like(said.beyond[0], { class: "write", target: "unit 1 holding register 40", first_frame: 6, failed: 1 });
  const page = [...profileReport(result, "host", "text", penFor({}, {}))].join("");
  t.regex(page.split("\n")[0]!, /MORE THAN ASKING .*1 of them did more than read/);
  t.true(page.includes("illegal data address"));
  t.is(JSON.parse([...profileReport(result, "host", "json", penFor({}, {}))].join("")).verdict, "not-read-only");
});

test("what nobody can read keeps the page from claiming anything", async (t) => {
  t.is((await profile(talk(say(1, READ, WORD), say(2, hex`5a 00 02`, hex`5a 00 fe`)))).verdict, "unproved");
  const unknown = connection(`${HOST}:40001`, `${PEER}:9600`, 500, [
    [">", ascii("?! what is this")],
    ["<", ascii("!? no idea")],
  ]);
  const said = await profile([...talk(say(1, READ, WORD)), ...unknown]);
  t.is(said.verdict, "unproved");
  t.regex(said.unread[0]!.why, /not known/);
});

test("no operation is no proof, and an unknown role is told the nearest", async (t) => {
  const result = await judged(connection(`${PEER}:40001`, `${HOST}:502`, 10, say(1, READ, WORD)));
  t.is(profileOf(result, "host").verdict, "nothing-asked");
  t.throws(() => profileOf(result, "hots"), { message: /hots.*host/s });
});

/** A connection of S7 in which the controller asks back, as it does for each block that it is sent. */
const tpkt = (s7: Uint8Array): Uint8Array => concat([hex`03 00`, u16(7 + s7.length), hex`02 f0 80`, s7]);
const job = (kind: number, reference: number, parameters: Uint8Array): Uint8Array =>
  tpkt(
    concat([
      hex`32 ${kind} 00 00`,
      u16(reference),
      u16(parameters.length),
      u16(0),
      kind === 3 ? hex`00 00` : hex``,
      parameters,
    ]),
  );
const S7_TALK: Line[] = [
  [">", hex`03 00 00 16 11 e0 00 00 00 01 00 c0 01 0a c1 02 01 00 c2 02 01 02`],
  ["<", hex`03 00 00 16 11 d0 00 01 00 02 00 c0 01 0a c1 02 01 00 c2 02 01 02`],
  [">", job(1, 1, hex`f0 00 00 01 00 01 01 e0`)],
  ["<", job(3, 1, hex`f0 00 00 01 00 01 00 f0`)],
  ["<", job(1, 9, hex`1b 00 00 00 00 00 00 00 09 5f 30 41 30 30 30 30 31 50`)],
  [">", job(3, 9, hex`1b 01`)],
];

test("what a device asks on a connection that was opened to it is not the role's question", async (t) => {
  const result = await judged(connection(`${HOST}:40000`, `${PEER}:102`, 10, S7_TALK));
  const said = profileOf(result, "host");
  t.deepEqual(
    said.asked_back.map(({ operation, sender, device }) => [operation, sender, device]),
    [["download block", "responder", PEER]],
  );
  t.is(said.verdict, "read-only");
  t.false(said.lines.some((line) => (line.classes.program ?? 0) > 0));
  const page = [...profileReport(result, "host", "text", penFor({}, {}))].join("");
  t.regex(page, /ASKED BY THE DEVICES.*download block/s);
});

test("what the capture lacks is said beside the answer, and a hole keeps the page from claiming anything", async (t) => {
  for (const port of [502, 503]) {
    const lines = [say(1, READ, WORD), say(2, WRITE, WRITE.slice()), say(3, READ, WORD)].flat();
    const frames = connection(`${HOST}:40000`, `${PEER}:${port}`, 10, lines);
    t.is((await profile(frames)).verdict, "not-read-only", `port ${port}`);
    const holed = frames.filter(({ buf }) => buf[14 + 20 + 20 + 7] !== WRITE[0]);
    t.is(holed.length, frames.length - 2);
    const said = await judged(holed);
    t.is(profileOf(said, "host").verdict, "unproved", `port ${port}`);
    const page = [...profileReport(said, "host", "text", penFor({}, {}))].join("").replaceAll(/\s+/g, " ");
    t.regex(page.slice(0, 300), /capture lacks/);
  }
});

test("a connection that was open before the capture is told, and one that began in it is not", async (t) => {
  const whole = talk(say(1, READ, WORD), say(2, READ, WORD));
  t.deepEqual((await profile(whole)).limits, []);
  const said = await profile(whole.slice(3));
  t.is(said.verdict, "read-only");
  t.regex(said.limits[0]!.measure, /^connection to 10\.0\.0\.6 over tcp\/502 that was open before/);
});

test("a device that opened the connection is asked in it all the same", async (t) => {
  const opened = connection(`${PEER}:40001`, `${HOST}:502`, 10, [
    ["<", adu(1, hex`10 00 28 00 01 02 00 07`)],
    [">", adu(1, hex`10 00 28 00 01`)],
  ]);
  const said = await profile(opened);
  t.is(said.verdict, "not-read-only");
  t.like(said.beyond[0], { device: PEER, class: "write", sender: "responder" });
  t.like(said.lines[0], { device: PEER, rules: [] });
});

test("what the role calls an answer, and nobody asked for, is its own act", async (t) => {
  const frame = (cause: number) =>
    concat([hex`68 0e 00 00 00 00 2d 01`, Uint8Array.of(cause), hex`00 03 00 01 00 00 01`]);
  const said = await profile(
    connection(`${HOST}:40000`, `${PEER}:2404`, 10, [
      [">", hex`68 04 07 00 00 00`],
      ["<", hex`68 04 0b 00 00 00`],
      [">", frame(7)],
    ]),
  );
  t.is(said.verdict, "not-read-only");
  t.like(said.beyond[0], { protocol: "iec104", class: "control", role: "response", sender: "initiator" });
});

test("what only carries questions is none, and all in one message are asked at once", async (t) => {
  const le = (n: number): Uint8Array => Uint8Array.of(n & 0xff, n >> 8);
  const rr = (context: number, cip: Uint8Array): Uint8Array => {
    const body = concat([hex`00 00 00 00 00 00 02 00 00 00 00 00 b2 00`, le(cip.length), cip]);
    return concat([
      hex`6f 00`,
      le(body.length),
      hex`07 00 00 00 00 00 00 00`,
      new Uint8Array(8).fill(context),
      new Uint8Array(4),
      body,
    ]);
  };
  const READ_TAG = hex`4c 03 91 04 54 61 6e 6b 01 00`;
  const each = Array.from({ length: 20 }, () => READ_TAG);
  const starts = each.map((_, i) => le(2 + 2 * each.length + i * READ_TAG.length));
  const many = concat([hex`0a 02 20 02 24 01`, le(each.length), ...starts, ...each]);
  const said = await profile(
    connection(`${HOST}:40000`, `${PEER}:44818`, 10, [
      [">", rr(1, READ_TAG)],
      [">", rr(2, many)],
    ]),
  );
  t.is(said.questions, 21);
  t.deepEqual(
    said.asked.map((q) => [q.protocol, q.operation, q.count]),
    [["cip", "Read Tag", 21]],
  );
  t.like(said.pace[0], { questions: 21, per_second: 2, at_once: 2, floods: false });
});

test("the questions themselves: each kind once over all devices, the gravest first", async (t) => {
  const said = await profile(
    talk(say(1, READ, WORD), say(2, WRITE, WRITE), say(3, READ, WORD), say(4, hex`41 01`, hex`41 02`)),
  );
  t.deepEqual(
    said.asked.map((q) => [q.operation, q.class, q.count, q.devices]),
    [
      ["write single register", "write", 1, [PEER]],
      ["function 65", "unknown", 1, [PEER]],
      ["read holding registers", "read", 2, [PEER]],
    ],
  );
});

test("where a table has no room the page says the same in lines, and breaks no address", async (t) => {
  const result = await judged(talk(say(1, READ, WORD), say(2, hex`2b 0e 01 00`, hex`ab 01`)));
  for (const COLUMNS of ["60", "200"]) {
    const page = [...profileReport(result, "host", "text", penFor({}, { COLUMNS }))].join("");
    t.regex(page, COLUMNS === "60" ? /modbus tcp\/502 +identify 1, read 1/ : /device +protocol +over +identify +read/);
    t.true(page.includes(PEER));
    t.regex(page, /THE QUESTIONS.*read holding registers \(read\), once to/s);
  }
});
