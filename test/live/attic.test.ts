/**
 * Conversations that leave a run for its database, and come back when they speak again, are judged as if they had stayed: each
 * case's traffic comes three times, hours apart, once to an observer that keeps all and once to one that lets go of what it can.
 */
import test from "ava";
import { DECODERS } from "../../decoders/index.ts";
import { KeptJudgements } from "../../src/conform/kept.ts";
import { Ager } from "../../src/live/age.ts";
import { Attic } from "../../src/live/attic.ts";
import { decodeObservation, encodeObservation } from "../../src/observe/codec.ts";
import type { Observation } from "../../src/observe/observation.ts";
import { judge, judgeInSteps } from "../../src/pipeline.ts";
import type { ConversationRow, RunResult } from "../../src/report/result.ts";
import { atOnce } from "../../src/steps.ts";
import { ChunkedRest } from "../../src/store/rest.ts";
import { DEPARTED, type DepartingRow } from "../../src/store/store.ts";
import { readCases } from "../e2e/case.ts";
import { readTrial } from "../support/judged.ts";
import { observeAgain } from "./again.ts";

const GROUPS = /^22[4-9]\.|^23\d\.|^ff|\.255$/;

/** What people act on, and what of a conversation is in the database alone. */
function verdicts({ judged, rest, rules, lookups, quality, run }: RunResult, gone: readonly ConversationRow[] = []) {
  const counts = [...judged, ...rest.rows(), ...gone].map((c) =>
    [c.conversation_id, c.verdict, c.rule_id, c.reason_code, c.outcome, c.flows, c.packets, c.bytes, c.last_seen].join(
      " ",
    ),
  );
  return {
    counts: counts.sort(),
    rules: rules.map((rule) => [rule.rule_id, rule.status, rule.reason_code, rule.conversations].join(" ")),
    bindings: run.bindings,
    quality: [quality.flows, quality.conversations, quality.one_sided],
    // A group's answer is found by its time, which the first of several equal ones has.
    lookups: lookups
      .filter(({ server }) => !GROUPS.test(server))
      .map((one) => [one.client, one.name, one.type, one.result, one.verdict, one.count].join(" "))
      .sort(),
  };
}

/** A database of departed conversations that is only their parts. */
class Shelf {
  readonly rows = new Map<number, DepartingRow>();
  most = 0;
  came = 0;
  /** Look-ups that left. */
  lookups = 0;

  attic(seen: Observation, kept: KeptJudgements, ager: Ager): Attic {
    const hooks = {
      departed: async (seqs: readonly number[]) => seqs.flatMap((seq) => this.rows.get(seq)?.part ?? []),
      isSettled: () => true,
      left: () => false,
      back: () => {},
    };
    return new Attic(seen, kept, ager, hooks, 0, 1);
  }

  write(attic: Attic): void {
    const { leave, back } = attic.moves;
    for (const { seq } of back) this.rows.delete(seq);
    for (const row of leave) this.rows.set(row.seq, row);
    this.came += back.length;
    this.most = Math.max(this.most, this.rows.size);
    attic.written();
    this.lookups = attic.counts?.lookups?.count ?? 0;
  }

  gone(): ConversationRow[] {
    return [...this.rows.values()].flatMap(({ row }) =>
      row === null ? [] : typeof row === "string" ? [...new ChunkedRest(1, () => [row]).rows()] : [row],
    );
  }
}

/** HTTP/2, over which one connection serves several names (`conform/carriers.ts`). */
function isJudgedCarrier({ verdict, outcome, fields }: ConversationRow): boolean {
  if (verdict === "unrelated" || outcome !== "established") return false;
  return JSON.stringify(fields["tls.alpn-offered"] ?? "").includes("h2");
}

let left = 0;
let documented = 0;
let carriers = 0;
let back = 0;
let names = 0;
for (const one of readCases().filter(({ args }) => args[0] === "check")) {
  test.serial(`${one.name}: what left and came back is judged as if it had stayed`, async (t) => {
    const trial = await readTrial(one);
    const options = { ...trial.options, infer: true };
    if (options.models.length === 0) return t.pass();
    const whole = await observeAgain(trial, async () => {});
    const expected = verdicts(judge(whole, options, "", false));
    const kept = new KeptJudgements();
    const shelf = new Shelf();
    let attic: Attic | null = null;
    const every = Math.max(17, Math.floor(trial.frames.length / 7));
    let frames = 0;
    const judged = (seen: Observation): RunResult => atOnce(judgeInSteps(seen, options, "", false, kept));
    const settled = async (seen: Observation): Promise<RunResult> => {
      const result = judged(seen);
      return (await attic?.recall(true)) === true ? judged(seen) : result;
    };
    const seen = await observeAgain(trial, async (now) => {
      attic ??= shelf.attic(now, kept, new Ager(now, 0));
      if (++frames % every !== 0) return;
      await attic.clear(await settled(now));
      shelf.write(attic);
    });
    const result = await settled(seen);
    if (attic !== null) shelf.write(attic);
    const departed = shelf.lookups;
    names += departed;
    left += shelf.most;
    documented += seen.departed?.uses.size ?? 0;
    carriers += shelf.gone().filter(isJudgedCarrier).length;
    back += shelf.came;
    const there = verdicts(result, shelf.gone());
    // Look-ups that left are in the database alone.
    t.deepEqual(departed === 0 ? there : { ...there, lookups: expected.lookups }, expected);
    const parts = [...shelf.rows.values()].map(({ seq, part }) => ({ kind: DEPARTED, seq, data: part }));
    const again = await decodeObservation([...encodeObservation(seen), ...parts], DECODERS);
    t.deepEqual(verdicts(judge(again, options, "", false)), expected);
  });
}

test.serial("some did leave, and some of them came back", (t) => {
  t.true(left > 50, `${left}`);
  t.true(documented > 0, `${documented}`);
  t.true(carriers > 0, `${carriers}`);
  t.true(names > 0, `${names}`);
  t.true(back > 100, `${back}`);
});
