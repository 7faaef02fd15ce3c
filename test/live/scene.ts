/** What tests of live runs in the lab share: a wire, a folder, a model, and what stands in the database afterwards. */
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import type { RunResult } from "../../src/report/result.ts";
import { openStore } from "../../src/store/open.ts";
import { Lab, type Program } from "./lab.ts";

export const MODEL = [
  "--model",
  "opswat-sdp",
  "--bind",
  "gateway=10.20.0.5",
  "--set",
  "region=us",
  "--set",
  "platform=aws",
];
export const READING = /Reading eth0/;

export function scene(t: ExecutionContext, name: string): { lab: Lab; folder: string; db: string } {
  const lab = new Lab(name);
  const folder = mkdtempSync(join(tmpdir(), "wirepact-live-"));
  chmodSync(folder, 0o777); // whom a run becomes has to write there
  t.teardown(() => {
    lab.remove();
    rmSync(folder, { recursive: true, force: true });
  });
  return { lab, folder, db: join(folder, "live.sqlite") };
}

/** Its exit code; null where it did not handle the signal. */
export async function end(program: Program, signal: NodeJS.Signals = "SIGINT"): Promise<number | null> {
  program.child.kill(signal);
  return program.ended;
}

export async function stored(db: string): Promise<RunResult> {
  const store = await openStore(db, { readOnly: true });
  const result = await store.read();
  await store.close();
  return result;
}
