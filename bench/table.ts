/** What the runs of one program come to, and the table of all of them. */
import { type Measurement, median } from "./measure.ts";
import { type Peer, TCPDUMP } from "./peers.ts";

/** One program over one capture. */
export interface Outcome {
  peer: Peer;
  frames: number;
  runs: Measurement[];
}

export interface Summary {
  /** Medians over the runs; `cpuSeconds` NaN and `peakMB` null where this machine does not tell. */
  seconds: number;
  cpuSeconds: number;
  /** Of any run. */
  peakMB: number | null;
}

export function summarize(runs: readonly Measurement[]): Summary {
  const known = <T>(values: readonly (T | null)[]): T[] => values.filter((value) => value !== null);
  const peaks = known(runs.map((run) => run.peakMB));
  return {
    seconds: median(runs.map((run) => run.seconds)),
    cpuSeconds: median(known(runs.map((run) => run.cpuSeconds))),
    peakMB: peaks.length > 0 ? Math.max(...peaks) : null,
  };
}

/** Seconds a frame. */
export const perFrame = ({ runs, frames }: Outcome): number => summarize(runs).seconds / frames;

const HEAD = ["program", "wall s", "cpu s", "Mpkt/s", "× tcpdump", "peak MB", "runs", "what it does"];

/** Prints a row for each program that did its work at least once. */
export function printTable(outcomes: readonly Outcome[]): void {
  const done = outcomes.filter(({ runs }) => runs.length > 0);
  const yardstick = done.find(({ peer }) => peer === TCPDUMP);
  const rows = done.map((outcome) => {
    const { seconds, cpuSeconds, peakMB } = summarize(outcome.runs);
    const { name, does, share } = outcome.peer;
    return [
      name,
      seconds.toFixed(2),
      Number.isNaN(cpuSeconds) ? "?" : cpuSeconds.toFixed(2),
      (outcome.frames / seconds / 1e6).toFixed(2),
      yardstick ? (perFrame(outcome) / perFrame(yardstick)).toFixed(2) : "?",
      peakMB === null ? "?" : peakMB.toFixed(0),
      String(outcome.runs.length),
      share === 1 ? does : `${does} (on ${share} of it)`,
    ];
  });
  const lines = [HEAD, ...rows];
  const widths = HEAD.map((_, i) => Math.max(...lines.map((row) => row[i]?.length ?? 0)));
  for (const row of lines) {
    const cells = row.map((cell, i) =>
      i === 0 || i === HEAD.length - 1 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!),
    );
    console.log(`  ${cells.join("  ")}`.trimEnd());
  }
}
