/**
 * What a live run keeps in memory under each kind of churn (`made-up-kinds.ts`): twenty new conversations a second of the packets'
 * time, or as many as are given, which goes on as fast as checkpoints are written. No interface, no rights.
 *
 *     node --expose-gc dist/bench/kinds.js [HOURS [SECONDS_A_CHECKPOINT [NEW_A_SECOND] [KIND …]]]
 *
 * Prints for each quarter of the time what is in memory, after garbage was collected.
 */
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadJudging } from "../src/judging.ts";
import { collectEarly } from "../src/memory.ts";
import type { Observation } from "../src/observe/observation.ts";
import type { RunResult } from "../src/report/result.ts";
import { openStore } from "../src/store/open.ts";
import { MadeUpFrames } from "./made-up-frames.ts";
import { BEGAN_MS, BINDINGS, KINDS, KINDS_MODEL, PER_SECOND } from "./made-up-kinds.ts";
import { MemoryWatch, runMadeUp } from "./made-up-run.ts";

const [hours = "2", apartSec = "120", ...asked] = process.argv.slice(2);
const perSecond = Number(asked[0]) > 0 ? Number(asked.shift()) : PER_SECOND;
const PARTS = 4;

collectEarly();
const folder = mkdtempSync(join(tmpdir(), "wirepact-kinds-"));
const model = join(folder, "churn.yaml");
writeFileSync(model, KINDS_MODEL);
for (const name of asked.length > 0 ? asked : Object.keys(KINDS)) await churn(name);
rmSync(folder, { recursive: true, force: true });

async function churn(name: string): Promise<void> {
  const { about, episode } = KINDS[name]!;
  const frames = episode(0).length;
  const step = Number(apartSec) * perSecond * frames;
  const end = Math.ceil((Number(hours) * 3600) / Number(apartSec)) * step;
  const source = new MadeUpFrames({ episode, frames, perSecond, beganMs: BEGAN_MS }, step);
  const judging = await loadJudging({ models: [model], site: null, bind: BINDINGS, set: [], background: true });
  const path = join(folder, `${name}.sqlite`);
  const store = await openStore(path);
  const memory = new MemoryWatch();
  process.stdout.write(`${name}: ${about}\n`);
  let parts = 0;
  const began = process.cpuUsage();
  const { result, seen, moves, keeper } = await runMadeUp(store, {
    ...{ source, end, step, judging, attic: true, checkpointMs: 20, ageMs: 0 },
    due: (result, seen) => {
      if (source.due < (parts + 1) * (end / PARTS)) return;
      parts++;
      tell((source.due / end) * Number(hours), seen, result, memory.most);
    },
  });
  await keeper.checkpoint(result, seen, moves);
  memory.end();
  await store.close();
  const packets = result.judged.concat([...result.rest.rows()]).reduce((sum, row) => sum + row.packets, 0);
  const { user, system } = process.cpuUsage(began);
  const statuses = result.rules
    .filter(({ status }) => status !== "unused")
    .map(({ rule_id, reason, status }) => `${rule_id} ${status}: ${reason}`);
  process.stdout.write(
    `  ${memory.most} MB at most; ${packets} packets in memory; database ${Math.round(statSync(path).size / 1e6)} MB; ` +
      `${((user + system) / 1e6).toFixed(0)} s of the processor\n  ${statuses.join("\n  ")}\n`,
  );
  rmSync(path);
}

function tell(hour: number, seen: Observation, result: RunResult, most: number): void {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  const tables = {
    rows: seen.flows.table.count,
    details: seen.identified.details.length,
    judged: result.judged.length,
    rest: result.rest.count,
    lookups: result.lookups.length,
    claims: seen.neighbours.claims.size,
    quotes: seen.flows.quotes.length,
    resets: seen.flows.distances.resets.length,
    answers: seen.flows.distances.answers.size,
    hops: seen.flows.hops.known.size,
    assets: result.assets.length,
    hosts: seen.departed?.hosts.size ?? 0,
    said: seen.departed?.said.lookups.size ?? 0,
    left: seen.departed?.conversations ?? 0,
  };
  const counts = Object.entries(tables).filter(([, count]) => count > 0);
  process.stdout.write(
    `  ${hour.toFixed(1)} h: heap ${Math.round(heapUsed / 1e6)} MB, arrays ${Math.round(external / 1e6)} MB, at most ${most} MB; ` +
      `${counts.map(([table, count]) => `${table} ${count}`).join(", ")}${capsOf(seen)}\n`,
  );
}

function capsOf(seen: Observation): string {
  return [...seen.caps.hits].map(([cap, hits]) => `, cap:${cap} ${hits}`).join("");
}
