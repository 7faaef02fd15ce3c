/**
 * Work that is counted and not timed, so that a test may hold it to a bound on any machine: characters of our own source that were
 * run, each as often as it was. The engine counts its blocks (the inspector's precise coverage); what is done within a call of
 * the engine's own, such as copying bytes, counts as the call alone.
 *
 * Functions are counted block by block where they were first called after this module was loaded. Nothing is optimized from then
 * on: what runs optimized counts the calls that were inlined into it or not, as it happens to be compiled, and a count would then
 * depend on when the machine found time to compile. That goes for all threads of the process, so it is for processes of their own.
 */
import { type Profiler, Session } from "node:inspector/promises";
import { setFlagsFromString } from "node:v8";
import { isMainThread } from "node:worker_threads";

if (!isMainThread)
  throw new Error("nothing would be optimized in any thread from now on: count in a process of its own");
setFlagsFromString("--no-opt");
setFlagsFromString("--no-maglev");

const session = new Session();
session.connect();
await session.post("Profiler.enable");
await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });

export async function workOf(act: () => unknown): Promise<number> {
  await session.post("Profiler.takePreciseCoverage"); // from here on
  await act();
  const { result } = await session.post("Profiler.takePreciseCoverage");
  const ours = result.filter(({ url }) => url.startsWith("file:"));
  return ours.flatMap(({ functions }) => functions).reduce((sum, { ranges }) => sum + runOf(ranges), 0);
}

/** A function's blocks, an outer one before those within it; what is within counts by itself. */
function runOf(ranges: readonly Profiler.CoverageRange[]): number {
  let run = 0;
  const around: Profiler.CoverageRange[] = [];
  for (const range of ranges) {
    while (around.length > 0 && around.at(-1)!.endOffset <= range.startOffset) around.pop();
    const length = range.endOffset - range.startOffset;
    run += length * (range.count - (around.at(-1)?.count ?? 0));
    around.push(range);
  }
  return run;
}
