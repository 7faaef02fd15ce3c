/** Capture quality in sentences: what limits the verdicts, and the whole table for the end of the report. */
import type { RunResult } from "./result.ts";
import { number, plural } from "./words.ts";

/** A share of packets below which a shortcoming is only listed at the report's end. */
const NOTABLE_SHARE = 0.01;

/** A share of flows. Some are one-sided anywhere (traps, syslog, scans); more than that says that the mirror is. */
const ONE_SIDED_SHARE = 0.1;

/** What the first screen has to say of the capture, each with its effect on verdicts. */
export function qualityNotes(result: RunResult): string[] {
  const { quality } = result;
  const count = (measure: string): number => Number(quality[measure] ?? 0);
  const packets = Math.max(1, count("packets"));
  const notable = (measure: string): boolean => count(measure) / packets >= NOTABLE_SHARE;
  const notes: string[] = [];
  for (const { path, cut } of result.captures) {
    if (cut) notes.push(`${path} is cut in its last record (its writer was stopped): what came after is unknown.`);
  }
  if (count("drops") > 0) {
    notes.push(`The capture lost ${plural(count("drops"), "packet")}: what seems missing may only be unseen.`);
  }
  if (count("caps_hit") > 0) {
    const caps = Object.entries(quality).flatMap(([measure, value]) =>
      measure.startsWith("cap:") && Number(value) > 0 ? [`${measure.slice(4)} ${number(Number(value))}`] : [],
    );
    const which = caps.length === 0 ? "" : ` (${caps.join(", ")})`;
    notes.push(
      `A limit was reached ${plural(count("caps_hit"), "time")}${which}: verdicts may rest on less than was captured.`,
    );
  }
  if (notable("frames_cut")) {
    notes.push(
      `${plural(count("frames_cut"), "frame")} cut by the snap length: names in them may be unread. Capture whole frames (-s 0).`,
    );
  }
  if (notable("lost_segments")) {
    notes.push(
      `${plural(count("lost_segments"), "TCP segment")} not in the capture though received: it does not see everything.`,
    );
  }
  if (count("one_sided") / Math.max(1, count("flows")) >= ONE_SIDED_SHARE) {
    notes.push(`${plural(count("one_sided"), "flow")} seen in one direction only: mirror both directions.`);
  }
  return notes;
}

/** Measures other than zero, in words, for the report's end. Packets, bytes and times stand at its beginning. */
export function qualityRows(result: RunResult): [string, string][] {
  const skip = new Set(["packets", "bytes", "first_time", "last_time"]);
  return Object.entries(result.quality)
    .filter(([measure, value]) => !skip.has(measure) && value !== null && value !== 0 && value !== "")
    .map(([measure, value]) => [measure, typeof value === "number" ? number(value) : String(value)]);
}
