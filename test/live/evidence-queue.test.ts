/** Packets of findings are written beside a run, and its end does not wait for all of them. */
import { setTimeout as sleep } from "node:timers/promises";
import test from "ava";
import { EvidenceQueue } from "../../src/live/evidence-queue.ts";
import type { Finding } from "../../src/live/findings.ts";
import { rollout } from "../report/sample.ts";

const { judged, captures } = rollout();
const findings = (count: number): Finding[] =>
  Array.from({ length: count }, (_, i) => ({
    kind: "undocumented",
    row: { ...judged[0]!, conversation_id: `${i}` },
  }));
const idOf = (finding: Finding): string => ("conversation_id" in finding.row ? finding.row.conversation_id : "");

test("all are written, one after the other, those that come meanwhile among them", async (t) => {
  const written: string[] = [];
  const told: string[] = [];
  let writing = 0;
  const keep = async (finding: Finding): Promise<boolean> => {
    t.is(++writing, 1);
    await sleep(1);
    writing--;
    written.push(idOf(finding));
    return true;
  };
  const queue = new EvidenceQueue({ keep }, (text) => void told.push(text));
  await queue.end();
  queue.add(findings(3), captures);
  queue.add(findings(2), captures);
  await queue.end(60_000);
  t.deepEqual(written, ["0", "1", "2", "0", "1"]);
  queue.add(findings(1), captures);
  await queue.end(60_000);
  t.is(written.length, 6);
  t.deepEqual(told, []);
});

test("the end waits for the one that is being written and no longer, and says how many are missing", async (t) => {
  const written: string[] = [];
  const told: string[] = [];
  let release = (): void => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const keep = async (finding: Finding): Promise<boolean> => {
    await released;
    written.push(idOf(finding));
    return true;
  };
  const queue = new EvidenceQueue({ keep }, (text) => {
    told.push(text);
    release();
  });
  queue.add(findings(1_000), captures);
  await queue.end(0);
  t.deepEqual(written, ["0"]);
  t.regex(told.join(), /packets of 999 findings are not kept/);
});

test("what cannot be written is said once, and the others are tried", async (t) => {
  const told: string[] = [];
  let tried = 0;
  const keep = async (): Promise<boolean> => {
    tried++;
    throw new Error("no room");
  };
  const queue = new EvidenceQueue({ keep }, (text) => void told.push(text));
  queue.add(findings(3), captures);
  await queue.end(60_000);
  t.is(tried, 3);
  t.is(told.length, 1);
  t.regex(told[0]!, /not kept: .*no room/);
});
