/** All that is fuzzed, by name. Samples are read for a target when it is asked for. */
import { decoderTargets } from "./decoders.ts";
import { programTargets } from "./program.ts";
import type { Target } from "./target.ts";
import { textTargets } from "./texts.ts";

/** Whole program, containers, hand-written files, and each decoder. */
export function targetNames(): string[] {
  return ["program", "bulk", "container", "model", "site", ...decoderTargets().map(({ name }) => name)];
}

export async function targetNamed(name: string): Promise<Target> {
  const family = name.startsWith("decoder/")
    ? decoderTargets
    : name === "model" || name === "site"
      ? textTargets
      : programTargets;
  const target = family().find((one) => one.name === name);
  if (target === undefined) throw new Error(`no target ${JSON.stringify(name)}; there are ${targetNames().join(", ")}`);
  return target;
}
