/** A write whose end the capture cut off (a snap length): what is asked is a violation as soon as its code is there, and never fine. */
import test from "ava";
import type { Frame } from "../../src/capture/frame.ts";
import { HIDDEN, SESSIONS, type Session, sessionFrames } from "../support/device-sessions.ts";
import { numbered } from "../support/frames.ts";
import { judgeFrames } from "../support/judged.ts";
import { HOST, trialOf } from "./scene.ts";

const DEVICE = "203.0.113.10";
const READS = 10;
const WRITE = 5;

/** Bytes of the write that say what it does, and the rest of what has to be there before its decoder says so. */
const TELLING: Readonly<Record<string, number>> = {
  modbus: 8,
  melsec: 15,
  fins: 12,
  "ge-srtp": 56,
  "hart-ip": 16,
  iec104: 12,
  snmp: 15,
  http: 22,
  s7comm: 18,
  enip: 42,
  bacnet: 11,
  dnp3: 14,
};

async function verdictOf(app: string, session: Session, keep: number, everyFrame: boolean): Promise<string> {
  const question = session.ask(HIDDEN, true)[0];
  const head = session.over.startsWith("tcp") ? 54 : 42;
  const ask = (i: number): ReturnType<Session["ask"]> => session.ask(i === WRITE ? HIDDEN : i, i === WRITE);
  const isWrite = ({ buf, capLen }: Frame): boolean => Buffer.from(buf.subarray(head, capLen)).equals(question);
  const frames = sessionFrames({ ...session, ask }, HOST, DEVICE, READS);
  for (const frame of frames) if (everyFrame || isWrite(frame)) frame.capLen = Math.min(frame.capLen, head + keep);
  const rule = { id: "profile", to: "device", over: session.over, app, expect: { operations: "at most read" } };
  const endpoints = { device: { addresses: [DEVICE] } };
  const trial = await trialOf({ rules: [rule], endpoints, frames: numbered(frames) });
  return (
    judgeFrames(trial, trial.frames).result.judged.find(({ responder }) => responder === DEVICE)?.verdict ?? "none"
  );
}

for (const [app, session] of Object.entries(SESSIONS)) {
  if (session.over === "eth") continue;
  test(`${app}: a write that was cut`, async (t) => {
    const telling = TELLING[app];
    const { length } = session.ask(HIDDEN, true)[0];
    if (telling !== undefined)
      for (const keep of [length, length - 1, telling])
        t.is(await verdictOf(app, session, keep, false), "violation", `${keep} bytes of the write`);
    for (const keep of [Math.min(telling ?? length, length) - 1, 4, 1, 0])
      for (const every of [false, true])
        t.regex(await verdictOf(app, session, keep, every), /violation|inconclusive/, `${keep} bytes, ${every}`);
  });
}

test("Modbus and SNMP: cut everywhere, by the snap length of a capture", async (t) => {
  for (const app of ["modbus", "snmp", "fins", "enip", "dnp3"] as const)
    t.is(await verdictOf(app, SESSIONS[app]!, TELLING[app]! + 2, true), "violation", app);
});
