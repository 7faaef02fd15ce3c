/**
 * Bad input, decoder by decoder: every protocol that asks devices and is answered, in each case of what goes wrong between
 * a capture and whoever reads it. Counted, paired where the protocol's own id proves it, never guessed; and what could not
 * be read keeps "at most read" from being documented.
 *
 *     truncated · lying lengths · cut by a snap length · a hole        what was lost may have been a write
 *     wrong ids · answers to nothing · answers first                   nobody's, and no question is blamed for them
 *     several to a segment · bytes one by one · other order · two masters   as if each had come alone
 */
import test from "ava";
import type { Frame } from "../../src/capture/frame.ts";
import type { ConversationRow } from "../../src/report/result.ts";
import { fixturesOf } from "../support/decoder-fixtures.ts";
import { DEVICE_MAC, HOST_MAC, lineFrames, mmsAsked } from "../support/device-sessions.ts";
import { ALL_SESSIONS, type Variant } from "../support/device-variants.ts";
import { numbered } from "../support/frames.ts";
import { concat, hex } from "../support/hex.ts";
import { judgeFrames } from "../support/judged.ts";
import { u32 } from "../support/packets.ts";
import type { Line } from "../support/talk.ts";
import { HOST, trialOf } from "./scene.ts";

const QUESTIONS = 6;
/** Which of them it happens to. */
const BAD = 3;
/** Number of an exchange that is none of theirs. */
const OTHER = 201;

/** Nothing in their messages tells which question is answered, or only that one waits. */
const WITHOUT_IDS: ReadonlySet<string> = new Set(["melsec", "iec104", "http", "Modbus RTU over TCP"]);
/** One byte more than the message says is none of its own. */
const MAY_BE_LONGER: ReadonlySet<string> = new Set(["fins", "profinet-cm"]);

const codesysMessage = (title: string, session: number): Uint8Array => {
  const bytes = fixturesOf("codesys")
    .find((each) => each.title === title)!
    .bytes.slice(0, 60);
  bytes.set([session & 255, session >> 8], 48);
  return bytes;
};
/** MMS where real devices have it: behind session's and presentation's headers, as ISO 8327 and 8823 number them. */
const underSession = (tag: number, i: number, service: Uint8Array): Uint8Array => {
  const mms = concat([Uint8Array.of(tag, 6 + service.length), hex`02 04`, u32(i), service]);
  const value = concat([hex`02 01 03 a0`, Uint8Array.of(mms.length), mms]);
  const list = concat([
    hex`01 00 01 00 61`,
    Uint8Array.of(value.length + 2),
    hex`30`,
    Uint8Array.of(value.length),
    value,
  ]);
  return concat([hex`03 00 00`, Uint8Array.of(7 + list.length), hex`02 f0 80`, list]);
};
const SESSIONS: Readonly<Record<string, Variant>> = {
  ...ALL_SESSIONS,
  codesys: {
    app: "codesys",
    over: "tcp/11740",
    open: [],
    ask: (i, write) => {
      const [question, answer] = [codesysMessage("which device, and acknowledged", i), codesysMessage("answered", i)];
      // An application's service, which nobody has published; a group's highest bit says that it answers.
      if (write) for (const [bytes, group] of [[question, 2] as const, [answer, 0x82] as const]) bytes.set([group], 44);
      return [question, answer];
    },
    found: /./,
  },
  "MMS under its session": {
    app: "mms",
    over: "tcp/102",
    open: [],
    ask: mmsAsked(underSession),
    found: /./,
  },
};

interface Told {
  verdict: string | null;
  reason: string;
  questions: number;
  answers: number;
  unanswered: number;
  failed: number;
  unasked: number;
}

function told(rows: readonly ConversationRow[]): Told {
  const operations = rows.flatMap((row) => row.operations);
  const sum = (role: string, field: "count" | "unanswered" | "failed"): number =>
    operations.filter((one) => one.role === role).reduce((total, one) => total + one[field], 0);
  return {
    verdict: rows[0]?.verdict ?? null,
    reason: rows[0]?.found ?? rows[0]?.reason ?? "",
    questions: sum("request", "count"),
    answers: sum("response", "count"),
    unanswered: sum("request", "unanswered"),
    failed: sum("request", "failed"),
    unasked: rows.reduce((total, row) => total + Number(row.fields["operations.unasked"]?.[0] ?? 0), 0),
  };
}

type Way = "<" | ">";
/** What stands in for a line of the session: the `i`th question or answer. */
type Change = (bytes: Uint8Array, way: Way, i: number) => readonly Line[];
const asItIs: Change = (bytes, way) => [[way, bytes]];
/** The bad one's question or answer, changed. */
const only =
  (which: Way, change: (bytes: Uint8Array) => readonly Line[]): Change =>
  (bytes, way, i) =>
    way === which && i === BAD ? change(bytes) : [[way, bytes]];

for (const [name, session] of Object.entries(SESSIONS)) {
  const { app, over, open, ask, v6 = false } = session;
  const [transport] = over.split("/") as [string];
  const tcp = transport === "tcp";
  const ends = v6 ? ["2001:db8::5", "2001:db8::10"] : [HOST, "203.0.113.10"];
  const [host, device] = ends as [string, string];
  const mac = (bytes: Uint8Array): string =>
    `mac:${Buffer.from(bytes)
      .toString("hex")
      .replace(/..(?=.)/g, "$&:")}`;
  const bind = transport === "eth" ? [`host=${mac(HOST_MAC)}`, `peer=${mac(DEVICE_MAC)}`] : [`host=${host}`];
  const header = { tcp: 54, udp: 42, eth: 14 }[transport]! + (v6 ? 20 : 0);

  const judge = async (frames: readonly Frame[]): Promise<Told> => {
    const rule = {
      id: "profile",
      to: transport === "eth" ? "peer" : "device",
      over,
      app,
      expect: { operations: "at most read" },
    };
    const endpoints = { device: { addresses: [device] } };
    const trial = await trialOf({ rules: [rule], endpoints, frames: numbered(frames), bind });
    return told(judgeFrames(trial, trial.frames).result.judged.filter((row) => row.app !== null || row.packets > 0));
  };
  /** `write`: the bad exchange is one. */
  const frames = (change: Change = asItIs, write = false, port = 40_000): Frame[] => {
    const lines: Line[] = [...open];
    for (let i = 0; i < QUESTIONS; i++) {
      const [question, answer] = ask(i + 1, write && i === BAD);
      lines.push(...change(question, ">", i), ...change(answer, "<", i));
    }
    return lineFrames(over, lines, host, device, port);
  };
  const say = (change: Change = asItIs, write = false): Promise<Told> => judge(frames(change, write));
  const exchanges = Array.from({ length: QUESTIONS }, (_, i) => ask(i + 1, false));
  const all = (way: Way): Line[] => exchanges.map(([question, answer]) => [way, way === ">" ? question : answer]);
  const sayLines = (lines: readonly Line[]): Promise<Told> =>
    judge(lineFrames(over, [...open, ...lines], host, device));
  /** Where the questions begin. */
  const first = (tcp ? 3 : 0) + open.length;
  const paired = !WITHOUT_IDS.has(name);

  test(`${name}: each alone, together, in pieces, pipelined, and two masters`, async (t) => {
    const good = await say();
    t.is(good.verdict, "documented", good.reason);
    t.deepEqual([good.unanswered, good.failed, good.unasked], [0, 0, 0]);
    t.true(good.questions >= QUESTIONS);
    t.deepEqual(await sayLines([...all(">"), ...all("<")]), good, "pipelined");
    if (paired) t.deepEqual(await sayLines([...all(">"), ...all("<").reverse()]), good, "answered in another order");
    if (tcp) {
      const one = (way: Way): Line => [way, concat(all(way).map(([, bytes]) => bytes as Uint8Array))];
      t.deepEqual(await sayLines([one(">"), one("<")]), good, "several to a segment");
      const split: Change = (bytes, way) => Array.from(bytes, (byte): Line => [way, Uint8Array.of(byte)]);
      t.deepEqual(await say(only(">", (bytes) => split(bytes, ">", 0))), good, "a question byte by byte");
      t.deepEqual(await say(only("<", (bytes) => split(bytes, "<", 0))), good, "an answer byte by byte");
    }
    if (transport === "eth") return; // adapters have no ports: both masters would be one
    const other = frames(asItIs, false, 40_001);
    const both = await judge(frames().flatMap((frame, i) => [frame, other[i]!]));
    t.deepEqual(
      both,
      { ...good, questions: 2 * good.questions, answers: 2 * good.answers },
      "two masters with the same ids",
    );
    const apart = await judge([...frames(), ...other.filter((_, i) => i !== first + 2 * BAD)]);
    if (paired) t.true(apart.unasked > 0, "the answer to one master is not the other's");
  });

  test(`${name}: no answer, another's answer, and answers to nothing`, async (t) => {
    const good = await say();
    const none = await say(only("<", () => []));
    t.is(none.questions, good.questions);
    t.is(none.unasked, 0);
    const each = good.answers - none.answers;
    t.is(none.unanswered, name === "iec104" || name === "http" ? 0 : each, "questions without an answer");
    const silent = await say(
      only("<", () => []),
      true,
    );
    t.not(silent.verdict, "documented", "a write that nobody answered");
    for (const write of [false, true]) {
      const unasked = await say(
        only("<", (bytes) => [
          ["<", bytes],
          ["<", ask(OTHER, write)[1]],
        ]),
      );
      t.is(unasked.questions, good.questions, "an answer asks nothing");
      t.deepEqual([unasked.unanswered, unasked.failed], [0, 0], "no question is blamed for it");
      if (paired || app === "melsec") t.true(unasked.unasked > 0, "it is counted");
      // What can't be paired at all is counted by nobody: HTTP's answers have neither ids nor codes.
      if (write && name !== "http")
        t.not(unasked.verdict, "documented", "the answer to a write proves it, or nobody can say");
    }
    if (!paired) return;
    const wrong = await say(only("<", () => [["<", ask(OTHER, false)[1]]]));
    t.deepEqual([wrong.questions, wrong.unanswered, wrong.unasked], [good.questions, each, each], "another's answer");
    t.not(wrong.verdict, "violation");
  });

  test(`${name}: from the middle of a session, and with holes in it`, async (t) => {
    const good = await say();
    const whole = frames();
    const answerFirst = await judge(whole.slice(first + 1));
    const each = (good.questions - (await judge(frames().slice(0, first + 2))).questions) / (QUESTIONS - 1);
    t.true(answerFirst.questions <= (QUESTIONS - 1) * each, "the answer is no question");
    t.is(answerFirst.unanswered, 0);
    t.not(answerFirst.verdict, "violation");
    const hole = await judge(whole.filter((_, i) => i !== first + 2 * BAD));
    t.is(hole.questions, good.questions - each);
    if (tcp) t.not(hole.verdict, "documented", "it may have been a write");
    if (paired) t.is(hole.unasked, each, "its answer is nobody's");
    const write = frames(asItIs, true);
    const lost = await judge(write.filter((_, i) => i !== first + 2 * BAD));
    if (name !== "http" || tcp) t.not(lost.verdict, "documented", "a write whose question is lost");
    const unheard = await judge(whole.filter((_, i) => i !== first + 2 * BAD + 1));
    t.is(unheard.questions, good.questions);
    if (paired) t.is(unheard.unanswered, each);
  });

  test(`${name}: truncated, lying lengths, and cut by a snap length`, async (t) => {
    const { length } = ask(BAD + 1, true)[0];
    if (transport !== "eth") {
      // Ethernet pads: what is missing at the end of a short frame is zeros there.
      for (const part of [length - 1, length >> 1, 3, 1]) {
        const short = await say(
          only(">", (bytes) => [[">", bytes.slice(0, part)]]),
          true,
        );
        t.not(short.verdict, "documented", `${part} bytes of a write`);
        // Where it names another host, HTTP's connection is part of two conversations.
        if (name !== "http") t.true(short.questions <= (await say()).questions);
      }
      const { length: reads } = ask(BAD + 1, false)[0];
      for (const part of [reads - 1, reads >> 1]) {
        const short = await say(only(">", (bytes) => [[">", bytes.slice(0, part)]]));
        t.is(short.verdict, "inconclusive", `${part} bytes of a question: ${short.reason}`);
      }
      const long = (bytes: Uint8Array): readonly Line[] => [[">", concat([bytes, Uint8Array.of(0)])]];
      t.not((await say(only(">", long), true)).verdict, "documented", "a byte more than a write");
      if (!MAY_BE_LONGER.has(name))
        t.is((await say(only(">", long))).verdict, "inconclusive", "a byte more than a question");
    }
    for (let keep = 0; keep < length; keep += keep < 8 ? 1 : 5)
      for (const every of [true, false]) {
        const cut = frames(asItIs, true);
        for (const [i, frame] of cut.entries())
          if (every || i === first + 2 * BAD) frame.capLen = Math.min(frame.capLen, header + keep);
        t.not((await judge(cut)).verdict, "documented", `a write of which ${keep} bytes were captured`);
      }
  });
}
