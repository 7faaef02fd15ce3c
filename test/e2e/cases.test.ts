/**
 * Every folder under fixtures/cases is a test: the command is run as a user would run it, and what it prints must be what
 * the folder expects. `UPDATE=1` writes what was found into the expectations instead, for review by diff.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import test, { type ExecutionContext } from "ava";
import type { CaptureRow, ConversationRow, FrameRef } from "../../src/report/result.ts";
import { type Case, capturesOf, differences, inShapeOf, type Printed, readCases, refresh } from "./case.ts";
import { type FrameSeen, framesSeen, hasSharkd } from "./tshark.ts";

const MAIN = fileURLToPath(new URL("../../src/main.js", import.meta.url));
const cases = readCases();
const captured = new Set(cases.flatMap(capturesOf));
const secondOpinion = hasSharkd() ? framesSeen([...captured]) : null;

for (const one of cases) {
  test.serial(one.name, (t) => {
    const { exit, printed, text } = run(t, one);
    const shown = inShapeOf(one.expected, printed, exit, text);
    if (process.env.UPDATE) refresh(one, shown);
    else t.deepEqual(differences(one.expected, shown), []);
    checkEvidence(t, one, printed);
  });
}

test("Wireshark is there as a second opinion on frame numbers", (t) => {
  if (secondOpinion === null)
    t.log("SKIPPED: sharkd is not installed; frame numbers were checked against the packet count only");
  t.pass();
});

function run(t: ExecutionContext, one: Case): { exit: number; printed: Printed; text: string } {
  const folder = mkdtempSync(join(tmpdir(), "wirepact-case-"));
  try {
    const check = (...more: string[]) => {
      const args = [MAIN, ...one.args, ...more, "--db", join(folder, `${more.length}.sqlite`)];
      const done = spawnSync(process.execPath, args, { cwd: one.folder, encoding: "utf8", maxBuffer: 64 << 20 });
      t.not(done.stdout, "", `nothing was printed, and on standard error: ${done.stderr}`);
      return done;
    };
    const done = check("--format", "json");
    const { says, unsaid } = one.expected;
    const text = says === undefined && unsaid === undefined ? "" : check().stdout;
    return { exit: done.status ?? -1, printed: JSON.parse(done.stdout) as Printed, text };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Every frame named exists; what supports a conversation passed between its ends, or is DNS that gave a name. */
function checkEvidence(t: ExecutionContext, one: Case, printed: Printed): void {
  const captures = new Map(printed.captures.map((capture) => [capture.capture_id, capture]));
  const frames = new Map<number, Map<number, FrameSeen>>();
  for (const [id, { path }] of captures) {
    const seen = secondOpinion?.get(join(one.folder, path));
    t.is(seen === undefined, secondOpinion === null, path);
    if (seen !== undefined) frames.set(id, seen);
  }

  for (const rule of printed.rules) exist(t, captures, rule.evidence, rule.rule_id);
  for (const c of printed.conversations) {
    const what = `${c.initiator} → ${c.responder} ${c.transport}/${c.port}`;
    exist(t, captures, c.evidence?.support ?? [], what);
    exist(t, captures, c.evidence?.against ?? [], what);
    if (c.verdict === "documented")
      t.true((c.evidence?.support.length ?? 0) > 0, `${what}: documented without support`);
    if (secondOpinion !== null) agree(t, frames, c, what);
  }
}

const GROUP = /^(?:22[4-9]|23\d|255)\.|^ff/;

/** Wireshark's opinion of the frames that a conversation rests on. */
function agree(
  t: ExecutionContext,
  frames: Map<number, Map<number, FrameSeen>>,
  c: ConversationRow,
  what: string,
): void {
  const pair = [c.initiator, c.responder].sort().join();
  for (const { capture_id, frame, what: why } of c.evidence?.support ?? []) {
    const seen = frames.get(capture_id)?.get(frame);
    // A look-up, and what a device said of its own addresses, is between others than the two ends.
    if (seen?.dns || / goes by /.test(why)) continue;
    // Whoever is in a group answers from an address of its own.
    if (GROUP.test(c.responder) && seen?.target === c.initiator) continue;
    t.is([seen?.source, seen?.target].sort().join(), pair, `${what}: frame ${frame} is between others`);
  }
  for (const { name, source, capture_id, frame } of c.names) {
    const seen = frames.get(capture_id)?.get(frame);
    if (source === "dns" || source === "dns-other")
      t.true(seen?.answers.includes(c.responder), `${what}: frame ${frame} gives no such address for ${name}`);
    // Wireshark shows no name where segments of a hello come in the wrong order.
    if (source === "tls-sni" && seen?.serverName) t.is(seen.serverName, name, `${what}: frame ${frame}`);
  }
}

function exist(t: ExecutionContext, captures: Map<number, CaptureRow>, frames: FrameRef[], what: string): void {
  for (const { capture_id, frame } of frames)
    t.true(frame >= 1 && frame <= (captures.get(capture_id)?.packets ?? 0), `${what}: no frame ${capture_id}#${frame}`);
}
