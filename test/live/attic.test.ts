/**
 * Conversations that leave a run for its database, and come back when they speak again, are judged as if they had stayed: each
 * case's traffic comes three times, hours apart, once to an observer that keeps all and once to one that lets go of what it can.
 * Every second case is judged with nobody bound until two thirds of it are read: what left by then is judged as it would have been.
 */
import test from "ava";
import { judge } from "../../src/pipeline.ts";
import type { ConversationRow } from "../../src/report/result.ts";
import { readCases } from "../e2e/case.ts";
import { readTrial } from "../support/judged.ts";
import { observeAgain } from "./again.ts";
import { LettingGo } from "./shelf.ts";

/** HTTP/2, over which one connection serves several names (`conform/carriers.ts`). */
function isJudgedCarrier({ verdict, outcome, fields }: ConversationRow): boolean {
  if (verdict === "unrelated" || outcome !== "established") return false;
  return JSON.stringify(fields["tls.alpn-offered"] ?? "").includes("h2");
}

let left = 0;
let used = 0;
let carriers = 0;
let back = 0;
let names = 0;
let told = 0;
let anew = 0;
for (const [place, one] of readCases()
  .filter(({ args }) => args[0] === "check")
  .entries()) {
  test.serial(`${one.name}: what left and came back is judged as if it had stayed`, async (t) => {
    const trial = await readTrial(one);
    const options = { ...trial.options, infer: true };
    if (options.models.length === 0) return t.pass();
    const whole = await observeAgain(trial, async () => {});
    const isAnew = place % 2 === 1 && trial.frames.length > 0;
    const run = new LettingGo(isAnew ? { ...options, bindings: { ...options.bindings, bindings: [] } } : options);
    const every = Math.max(17, Math.floor(trial.frames.length / 3));
    let frames = 0;
    const seen = await observeAgain(trial, async (now) => {
      if (++frames % every === 0) await run.letGo(now);
      if (!isAnew || frames !== 2 * trial.frames.length) return;
      anew += run.shelf.rows.size;
      await run.judgeBy(options, now);
    });
    await run.isAs(t, seen, judge(whole, options, "", false));
    const { shelf } = run;
    names += shelf.lookups;
    told += seen.departed?.said.lookups.size ?? 0;
    left += shelf.most;
    used += seen.departed?.uses.size ?? 0;
    carriers += shelf.gone().filter(isJudgedCarrier).length;
    back += shelf.came;
  });
}

test.serial("some did leave, and some of them came back", (t) => {
  t.true(left > 50, `${left}`);
  t.true(used > 0, `${used}`);
  t.true(carriers > 0, `${carriers}`);
  t.true(names > 0, `${names}`);
  t.true(told > 50, `${told}`);
  t.true(back > 100, `${back}`);
  t.true(anew > 50, `${anew}`);
});
