/** One write among ten thousand reads, in every protocol that asks devices: found, named with its target and frame, and a violation. */
import test from "ava";
import type { Frame } from "../../src/capture/frame.ts";
import type { ConversationRow } from "../../src/report/result.ts";
import { HIDDEN, READS, sessionFrames } from "../support/device-sessions.ts";
import { ALL_SESSIONS } from "../support/device-variants.ts";
import { judgeFrames } from "../support/judged.ts";
import { HOST, trialOf } from "./scene.ts";

for (const [name, session] of Object.entries(ALL_SESSIONS)) {
  if (session.over === "eth") continue; // without addresses: test/e2e/hidden-writes.test.ts
  const { app, v6 = false } = session;
  const [host, device] = v6 ? ["2001:db8::5", "2001:db8::10"] : [HOST, "203.0.113.10"];
  test(`${name}: the write is found among ${READS} reads`, async (t) => {
    const rule = { id: "profile", to: "device", over: session.over, app, expect: { operations: "at most read" } };
    const endpoints = { device: { addresses: [device] } };
    const judged = async (all: readonly Frame[]): Promise<ConversationRow | undefined> => {
      const trial = await trialOf({ rules: [rule], endpoints, frames: all, bind: [`host=${host}`] });
      return judgeFrames(trial, trial.frames).result.judged.find(({ responder }) => responder === device);
    };
    const all = sessionFrames(session, host, device);
    const row = await judged(all);
    t.is(row?.verdict, "violation", row?.reason ?? "");
    t.regex(row?.found ?? "", session.found);
    const frame = Number(/first in frame (\d+)/.exec(row?.found ?? "")?.[1]);
    const question = session.ask(HIDDEN, true)[0];
    const { buf, capLen } = all[frame - 1]!;
    t.deepEqual(buf.slice(capLen - question.length, capLen), question, "the frame that is named holds the write");
    const asked = row!.operations.filter(({ role, class: of }) => role === "request" && of !== "session");
    t.is(
      asked.reduce((count, kind) => count + kind.count, 0),
      READS,
    );
    t.is(
      asked.reduce((count, kind) => count + kind.unanswered, 0),
      0,
    );
    // Without it the session is what the document says; no write need be hidden there, so a short one is enough.
    const without = await judged(sessionFrames({ ...session, ask: (i) => session.ask(i, false) }, host, device, 500));
    t.is(without?.verdict, "documented", without?.reason ?? "");
  });
}
