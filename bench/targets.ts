/** The figures that this project wants to reach, each with what a run of the bench found. */

/** What a run found of one figure; null: not in this run. */
export type Found = number | null;

export interface Target {
  measure: string;
  /** `most` or `least` of it is reached. */
  most?: number;
  least?: number;
  found: Found;
  unit: string;
  /** How it is measured where this run does not. */
  otherwise?: string;
}

export function reached({ found, most, least }: Target): boolean | null {
  if (found === null || !Number.isFinite(found)) return null;
  return (most === undefined || found <= most) && (least === undefined || found >= least);
}

const shown = (value: number, unit: string): string => `${unit === "×" ? value.toFixed(2) : value.toFixed(0)} ${unit}`;

/** Prints a line for each: what is wanted, what was found, and whether that reaches it. */
export function printTargets(targets: readonly Target[]): void {
  const rows = targets.map((target) => {
    const { measure, most, least, found, unit, otherwise } = target;
    const wanted = most !== undefined ? `≤ ${shown(most, unit)}` : least !== undefined ? `≥ ${shown(least, unit)}` : "";
    const is = reached(target);
    const word = is === null ? `not in this run${otherwise ? `: ${otherwise}` : ""}` : is ? "reached" : "NOT REACHED";
    return [measure, wanted, is === null ? "" : shown(found!, unit), wanted === "" && is !== null ? "" : word] as const;
  });
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  console.log("\ntargets, all at full scale:");
  for (const row of rows) console.log(`  ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join("  ")}`.trimEnd());
}
