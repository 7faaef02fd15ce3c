/**
 * Connections that begin in clear and become TLS: what a rule may call them, and what `encrypted` holds against them.
 * Whatever single frame is missing, nothing is claimed that the whole would not say.
 */
import test from "ava";
import type { Verdict } from "../../src/report/result.ts";
import { ascii } from "../support/hex.ts";
import { judgeFrames, keyOf } from "../support/judged.ts";
import { brokenPromises, supported } from "../support/promises.ts";
import { clientHello, connection, type Line, serverHello, upRecords } from "../support/talk.ts";
import { HOST, PEER, play, type Scene } from "./scene.ts";

const says = (side: "<" | ">", text: string): Line => [side, ascii(`${text}\r\n`)];
const GREETING = says("<", "220 rollout FTP server ready");
const UPGRADE = [says(">", "AUTH TLS"), says("<", "234 go ahead")];
const TLS: Line[] = [
  [">", clientHello(null)],
  ["<", serverHello()],
  [">", upRecords()],
  ["<", upRecords()],
];
const LOGIN = [says(">", "USER gw7"), says("<", "331 password"), says(">", "PASS secret"), says("<", "230 welcome")];
const LIST = [says(">", "LIST"), says("<", "150 here it comes")];
const NOBODY = [
  says(">", "USER anonymous"),
  says("<", "331 password"),
  says(">", "PASS me@"),
  says("<", "230 welcome"),
];

const rule = (app: unknown, expect?: Record<string, unknown>): Record<string, unknown> => ({
  id: "r",
  to: "role:peer",
  over: "tcp/21",
  app,
  ...(expect === undefined ? {} : { expect }),
});
const HIDDEN = { encrypted: true };
const PLAIN = { encrypted: false };

const SCENES: [what: string, rule: Record<string, unknown>, lines: Line[], verdict: Verdict][] = [
  ["by what it began as", rule("ftp"), [GREETING, ...UPGRADE, ...TLS], "documented"],
  ["by what it became", rule("tls"), [GREETING, ...UPGRADE, ...TLS], "documented"],
  ["by what it never became", rule("tls"), [GREETING, ...LOGIN], "undocumented"],
  ["by neither", rule("ssh"), [GREETING, ...UPGRADE, ...TLS], "undocumented"],
  ["encrypted, upgraded", rule("ftp", HIDDEN), [GREETING, ...UPGRADE, ...TLS], "documented"],
  ["encrypted, with a password in clear", rule("ftp", HIDDEN), [GREETING, ...LOGIN], "violation"],
  ["encrypted, with a list in clear", rule("ftp", HIDDEN), [GREETING, ...NOBODY, ...LIST], "violation"],
  ["encrypted, too late", rule("ftp", HIDDEN), [GREETING, ...LOGIN, ...UPGRADE, ...TLS], "violation"],
  ["encrypted, with nothing that tells", rule("ftp", HIDDEN), [GREETING, ...NOBODY], "inconclusive"],
  ["in clear, in clear", rule("ftp", PLAIN), [GREETING, ...NOBODY, ...LIST], "documented"],
  ["in clear, upgraded", rule("ftp", PLAIN), [GREETING, ...UPGRADE, ...TLS], "violation"],
  ["encrypted from its first byte", rule("tls", HIDDEN), TLS, "documented"],
  [
    "a version, upgraded to an older one",
    rule("ftp", { "tls.version": "at least 1.3" }),
    [GREETING, ...UPGRADE, ...TLS],
    "violation",
  ],
];

for (const [what, wanted, lines, verdict] of SCENES) {
  test(`an upgrade: ${what}`, async (t) => {
    const frames = connection(`${HOST}:40000`, `${PEER}:21`, 10, lines);
    const scene: Scene = { rules: [wanted], bind: [`host=${HOST}`, `peer=${PEER}`], frames };
    const { trial, said } = await play(scene);
    const [row] = said.conversations.values();
    t.is(row?.verdict, verdict, row?.reason ?? "nothing was judged");
    for (const { what: claim, support, holds } of supported(said)) {
      const kept = trial.frames.filter((frame) => support.has(keyOf(frame)));
      t.true(holds(judgeFrames(trial, kept)), claim);
    }
    for (const gone of trial.frames) {
      const part = judgeFrames(
        trial,
        trial.frames.filter((frame) => frame !== gone),
      );
      t.deepEqual(brokenPromises(said, part, new Set([keyOf(gone)])), [], `without ${keyOf(gone)}`);
    }
  });
}
