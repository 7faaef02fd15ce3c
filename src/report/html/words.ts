/** What a judged run amounts to, in sentences for those who have never seen a packet; the words of verdicts come after them. */
import { doesNotApply, driftOf } from "../drift.ts";
import { whyNothingJudged } from "../exit.ts";
import { undocumentedLookups } from "../lookup-rows.ts";
import { waivedOf } from "../packed-rows.ts";
import type { RuleStatus, RunResult } from "../result.ts";
import { nothingRead, verdictCount } from "../summary.ts";
import { number, plural } from "../words.ts";
import { type Mood, moodOfRule } from "./mood.ts";

/** The worst first; empty where nothing was judged, of which the headline says why. */
export function inWords(result: RunResult, strict: boolean): [Mood, string][] {
  if (result.run.models.length === 0 || nothingRead(result)) return [];
  const drift = driftOf(result, strict);
  if (drift.count === 0 && whyNothingJudged(result) !== null) return [];
  const broken = (status: RuleStatus): number => drift.rules.filter((rule) => rule.status === status).length;
  const met = result.rules.filter((rule) => rule.status === "met").length;
  const blind = result.rules.filter((rule) => rule.status === "not-evaluable" && !doesNotApply(rule)).length;
  const aside = result.rules.filter((rule) => moodOfRule(rule) === "off" && rule.waived === null).length;
  const waived = [...waivedOf(result), ...result.rules].filter((one) => one.waived !== null).length;
  const asked = new Set(undocumentedLookups(result).map(({ name }) => name)).size;
  const documented = verdictCount(result, "documented");
  const unproved = verdictCount(result, "inconclusive");
  const lines: [Mood, number, string][] = [
    [
      "bad",
      drift.counts.violations,
      `${talks(drift.counts.violations, "breaks", "break")} what the document asks for.`,
    ],
    ["bad", drift.counts.undocumented, `${talks(drift.counts.undocumented, "is", "are")} in no row of the document.`],
    // A violated row is the other side of its conversations; it is counted where it stands alone.
    ["bad", drift.counts.violations > 0 ? 0 : broken("violated"), `${listed(broken("violated"))} not kept to.`],
    ["bad", broken("blocked"), `${listed(broken("blocked"))} tried and did not come up: something may block it.`],
    ["bad", broken("missing"), `${listed(broken("missing"))} not seen, though this recording could have shown it.`],
    ["bad", broken("partial"), `${listed(broken("partial"))} seen only in part.`],
    [strict ? "bad" : "unsure", asked, `${plural(asked, "name")} asked for that no document has.`],
    ["unsure", unproved, `${plural(unproved, "conversation")} cannot be proved either way by this recording.`],
    [
      "unsure",
      blind,
      `${plural(blind, "row")} of the document: this recording can say nothing of ${blind === 1 ? "it" : "them"}.`,
    ],
    ["good", documented, `${talks(documented, "is", "are")} as the document says, every part proved by packets.`],
    ["good", met, `${number(met)} of the document’s ${plural(result.rules.length, "row")} seen as written.`],
    ["off", aside, `${plural(aside, "row")} not for this installation, or not needed and not seen.`],
    ["off", waived, `${plural(waived, "finding")} accepted beforehand (waived).`],
  ];
  return lines.filter(([, count]) => count > 0).map(([mood, , text]) => [mood, text]);
}

function talks(count: number, one: string, many: string): string {
  return `${plural(count, "conversation")} ${count === 1 ? one : many}`;
}

function listed(count: number): string {
  return `${plural(count, "connection")} that the document lists ${count === 1 ? "was" : "were"}`;
}
