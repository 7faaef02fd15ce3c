/**
 * Every folder under fixtures/cases is a test: the command is run as a user would run it, and what it prints must be what
 * the folder expects. `UPDATE=1` writes what was found into the expectations instead, for review by diff.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";
import test, { type ExecutionContext } from "ava";
import type { CaptureRow, FrameRef } from "../../src/report/result.ts";
import { type Case, inShapeOf, type Printed, readCases, refresh } from "./case.ts";
import { type FrameEnds, hasTshark, readEnds } from "./tshark.ts";

const MAIN = fileURLToPath(new URL("../../src/main.js", import.meta.url));
const secondOpinion = hasTshark();

for (const one of readCases()) {
  test.serial(one.name, (t) => {
    const { exit, printed } = run(t, one);
    const shown = inShapeOf(one.expected, printed, exit);
    if (process.env.UPDATE) refresh(one, shown);
    else t.deepEqual(shown, one.expected);
    checkEvidence(t, one, printed);
  });
}

test("tshark is there as a second opinion on frame numbers", (t) => {
  if (!secondOpinion)
    t.log("SKIPPED: tshark is not installed; frame numbers were checked against the packet count only");
  t.pass();
});

function run(t: ExecutionContext, one: Case): { exit: number; printed: Printed } {
  const folder = mkdtempSync(join(tmpdir(), "wirepact-case-"));
  try {
    const args = [MAIN, ...one.args, "--format", "json", "--db", join(folder, "run.sqlite")];
    const done = spawnSync(process.execPath, args, { cwd: one.folder, encoding: "utf8", maxBuffer: 64 << 20 });
    t.not(done.stdout, "", `nothing was printed, and on standard error: ${done.stderr}`);
    return { exit: done.status ?? -1, printed: JSON.parse(done.stdout) as Printed };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Every frame named exists; what supports a conversation passed between its ends, or is DNS that gave a name. */
function checkEvidence(t: ExecutionContext, one: Case, printed: Printed): void {
  const captures = new Map(printed.captures.map((capture) => [capture.capture_id, capture]));
  const ends = new Map<number, Map<number, FrameEnds>>();
  if (secondOpinion)
    for (const [id, capture] of captures)
      ends.set(id, readEnds(isAbsolute(capture.path) ? capture.path : join(one.folder, capture.path)));

  for (const rule of printed.rules) exist(t, captures, rule.evidence, rule.rule_id);
  for (const c of printed.conversations) {
    const what = `${c.initiator} → ${c.responder} ${c.transport}/${c.port}`;
    exist(t, captures, c.evidence?.support ?? [], what);
    exist(t, captures, c.evidence?.against ?? [], what);
    if (c.verdict === "documented")
      t.true((c.evidence?.support.length ?? 0) > 0, `${what}: documented without support`);
    const pair = [c.initiator, c.responder].sort().join();
    for (const { capture_id, frame } of c.evidence?.support ?? []) {
      const seen = ends.get(capture_id)?.get(frame);
      if (!seen || seen.dns) continue;
      t.is([seen.source, seen.target].sort().join(), pair, `${what}: frame ${frame} is between others`);
    }
  }
}

function exist(t: ExecutionContext, captures: Map<number, CaptureRow>, frames: FrameRef[], what: string): void {
  for (const { capture_id, frame } of frames)
    t.true(frame >= 1 && frame <= (captures.get(capture_id)?.packets ?? 0), `${what}: no frame ${capture_id}#${frame}`);
}
