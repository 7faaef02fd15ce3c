/** The tshark commands of `explain`, run: they are accepted, and show the frames that the page names. */
import { spawnSync } from "node:child_process";
import test from "ava";
import { DEFAULT_REALM } from "../../src/observe/observation.ts";
import { run } from "../../src/pipeline.ts";
import { conversationCommands, frameCommands } from "../../src/report/explain/filters.ts";
import type { ConversationRow, FrameRef } from "../../src/report/result.ts";
import { optionsOf } from "../support/judged.ts";
import { readCases } from "./case.ts";
import { hasTshark } from "./tshark.ts";

/** IPv4 and IPv6, TCP, UDP and ICMP, VLANs, controllers' protocols, two files. */
const CASES = ["rollout", "dual-stack", "blocked-icmp", "md-ot-profiles", "two-captures"];
/** Of each case: a start of tshark takes a third of a second. */
const MOST = 3;

/** Numbers of the frames that a command of a page shows. */
function shown(command: string): Set<number> {
  const done = spawnSync("sh", ["-c", `${command} -T fields -e frame.number`], { encoding: "utf8" });
  if (done.status !== 0) throw new Error(`${command}: ${done.stderr}`);
  return new Set(done.stdout.split("\n").filter(Boolean).map(Number));
}

/** One conversation of each transport, application and verdict. */
function telling(rows: readonly ConversationRow[]): ConversationRow[] {
  const kinds = new Map(rows.map((row) => [`${row.transport} ${row.app} ${row.verdict}`, row]));
  return [...kinds.values()].slice(0, MOST);
}

for (const name of CASES) {
  test(name, async (t) => {
    if (!hasTshark()) {
      t.log("SKIPPED: tshark is not installed");
      return t.pass();
    }
    const one = readCases().find((each) => each.name === name)!;
    const { captures, ...options } = await optionsOf(one);
    const { result } = await run({
      ...options,
      captures: captures.map(({ path }) => ({ path, realm: DEFAULT_REALM })),
    });
    const rows = telling(result.judged);
    t.true(rows.length > 0);
    for (const row of rows) {
      const frames = [...(row.evidence?.support ?? []), ...(row.evidence?.against ?? [])];
      const label = `${row.initiator} ${row.responder} ${row.transport}/${row.port} ${row.app}`;
      const ofFrames = frameCommands(result.captures, frames).map(shown);
      t.is(
        ofFrames.reduce((sum, { size }) => sum + size, 0),
        new Set(frames.map(({ capture_id, frame }: FrameRef) => `${capture_id}#${frame}`)).size,
        `${label}: every frame that is named, and no other`,
      );
      const whole = conversationCommands(result.captures, row).map(shown);
      const packets = whole.reduce((sum, { size }) => sum + size, 0);
      t.true(packets >= row.packets, `${label}: ${packets} frames of ${row.packets} packets`);
    }
  });
}
