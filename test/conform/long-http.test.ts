/** A connection of more requests than are kept one by one: each is counted, and what all answers say is told by their kinds. */
import test from "ava";
import { DECODERS } from "../../decoders/index.ts";
import { LIMITS } from "../../src/limits.ts";
import { mergeObservations } from "../../src/observe/merge.ts";
import { ascii } from "../support/hex.ts";
import { judgeFrames } from "../support/judged.ts";
import { observe } from "../support/observe.ts";
import { connection, type Line } from "../support/talk.ts";
import { HOST, trialOf } from "./scene.ts";

const DEVICE = "203.0.113.10";
const RULE = { id: "profile", to: "device", over: "tcp/80", app: "http", expect: { operations: "at most read" } };
const REQUESTS = 6_000;

const ask = (method = "GET"): Uint8Array => ascii(`${method} /status HTTP/1.1\r\nHost: device.example.com\r\n\r\n`);
const OK = ascii("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nup");
const REFUSED = ascii("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
const ELSEWHERE = ascii("HTTP/1.1 302 Found\r\nLocation: http://portal.example.org/\r\nContent-Length: 0\r\n\r\n");

/** Of each request what is sent and answered. */
async function verdictOf(one: (i: number) => [asks: Uint8Array, answers: Uint8Array]) {
  const lines = Array.from({ length: REQUESTS }, (_, i): Line[] => {
    const [asks, answers] = one(i);
    return [
      [">", asks],
      ["<", answers],
    ];
  }).flat();
  const frames = connection(`${HOST}:40000`, `${DEVICE}:80`, 10, lines);
  const trial = await trialOf({ rules: [RULE], endpoints: { device: { addresses: [DEVICE] } }, frames });
  const { result } = judgeFrames(trial, trial.frames);
  return { trial, result, row: result.judged.find(({ responder }) => responder === DEVICE) };
}

test("identical requests are documented, in bounded memory, and no cap keeps anything from being read", async (t) => {
  const { row, result, trial } = await verdictOf(() => [ask(), OK]);
  t.is(row?.verdict, "documented", row?.reason ?? "");
  t.is(row?.operations.find(({ role }) => role === "request")?.count, REQUESTS);
  t.deepEqual(
    Object.keys(result.quality).filter((key) => key.startsWith("cap:")),
    [],
  );
  const seen = observe(trial.frames);
  for (const detail of seen.identified.details) t.true(detail.sightings.length <= LIMITS.factsPerFlow + 8);
  // In slices that are full by themselves as well.
  const half = trial.frames.length >> 1;
  const merged = mergeObservations([observe(trial.frames.slice(0, half)), observe(trial.frames.slice(half))], DECODERS);
  for (const detail of merged.identified.details) t.is(detail.dropped, 0);
});

test("one POST among them is found", async (t) => {
  const { row } = await verdictOf((i) => [ask(i === 5_000 ? "POST" : "GET"), OK]);
  t.is(row?.verdict, "violation");
  t.regex(row?.found ?? "", /POST \(write\).*once/);
});

test("that none of them was served is told of all, and of one that was served as well", async (t) => {
  t.not((await verdictOf(() => [ask(), REFUSED])).row?.verdict, "documented");
  t.not((await verdictOf(() => [ask(), ELSEWHERE])).row?.verdict, "documented");
  const mixed = await verdictOf((i) => [ask(), i === 5_000 ? OK : REFUSED]);
  t.is(mixed.row?.verdict, "documented", mixed.row?.reason ?? "");
  t.is((await verdictOf((i) => [ask(), i === 5_000 ? OK : ELSEWHERE])).row?.verdict, "documented");
});
