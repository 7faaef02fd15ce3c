/** What a result amounts to, for first lines: counted once, worded by every form that people read. */
import { doesNotApply, driftOf, isFinding, wasStrict } from "./drift.ts";
import { exitCodeOf, whyNothingJudged } from "./exit.ts";
import { undocumentedLookups } from "./lookup-rows.ts";
import { judgedCount, packedOf } from "./packed-rows.ts";
import type { RuleRow, RuleStatus, RunResult, Verdict } from "./result.ts";
import { plural, series } from "./words.ts";

export interface Headline {
  mood: "good" | "bad" | "unsure";
  /** Two or three words in capitals. */
  title: string;
  /** What it amounts to; no sentence is longer than a breath. */
  says: string;
}

/** The verdict on a whole run, as the first line of every report says it. */
export function headline(result: RunResult): Headline {
  if (result.run.models.length === 0) return observed(result);
  const strict = wasStrict(result);
  const code = exitCodeOf(result, strict);
  const judgement = judged(result, strict);
  if (code === 3)
    return (
      unread(result) ?? {
        mood: "bad",
        title: NOT_READ,
        says: `What was read before it was judged: ${lowerFirst(judgement.says)}`,
      }
    );
  if (result.run.status === "interrupted") {
    return { ...judgement, title: `STOPPED EARLY, ${judgement.title}` };
  }
  return judgement;
}

function observed(result: RunResult): Headline {
  const count = judgedCount(result) + result.rest.count;
  const damaged = result.captures.some((capture) => capture.damage !== null);
  const says = `${plural(count, "conversation")}; no model was given, so nothing is judged.`;
  if (damaged) return unread(result) ?? { mood: "bad", title: NOT_READ, says };
  return { mood: "good", title: "ON THE WIRE", says };
}

const NOT_READ = "CAPTURE NOT READ TO ITS END";

/** Damage, and not a single packet before it: then there is nothing to say of hosts, rules and conversations. */
export function nothingRead({ captures }: RunResult): boolean {
  return captures.some((capture) => capture.damage !== null) && captures.every((capture) => capture.packets === 0);
}

function unread(result: RunResult): Headline | null {
  if (!nothingRead(result)) return null;
  return { mood: "bad", title: "CAPTURE NOT READ", says: "Not a single packet could be read." };
}

function judged(result: RunResult, strict: boolean): Headline {
  const drift = driftOf(result, strict);
  if (drift.count > 0) {
    const rules = (status: RuleStatus): number => drift.rules.filter((rule) => rule.status === status).length;
    // A violated rule is the other side of its conversations in violation; it is counted where it stands alone.
    const lonely = drift.counts.violations === 0 ? rules("violated") : 0;
    const parts = [
      counted(drift.counts.undocumented + drift.departed.undocumented, "undocumented conversation"),
      counted(drift.counts.violations + drift.departed.violations, "violation"),
      counted(lonely, "rule violated", "rules violated"),
      counted(rules("blocked"), "rule blocked", "rules blocked"),
      counted(rules("missing"), "rule missing", "rules missing"),
      counted(rules("partial"), "rule met in part", "rules met in part"),
      counted(
        drift.counts.inconclusive + drift.departed.inconclusive,
        "conversation not proved",
        "conversations not proved",
      ),
      counted(drift.lookups.length + drift.departed.lookups, "undocumented look-up"),
      counted(drift.unevaluable.length, "required rule not evaluable", "required rules not evaluable"),
    ].filter((part) => part !== "");
    const unproved = strict ? 0 : verdictCount(result, "inconclusive");
    const rest = unproved === 0 ? "" : ` ${plural(unproved, "more conversation")} could not be proved.`;
    return { mood: "bad", title: "NOT AS DOCUMENTED", says: `${parts.join(", ")}.${rest}` };
  }
  const nothing = whyNothingJudged(result);
  if (nothing !== null) return { mood: "unsure", title: "NOTHING COULD BE JUDGED", says: nothing };
  const met = result.rules.filter((rule) => rule.status === "met").length;
  const open = verdictCount(result, "inconclusive");
  const asked = undocumentedLookups(result).length + (result.departed?.lookups?.undocumented ?? 0);
  const blind = result.rules.filter((rule) => rule.status === "not-evaluable" && !doesNotApply(rule)).length;
  const limits = [
    open === 0 ? "" : `${plural(open, "conversation")} could not be proved`,
    blind === 0 ? "" : `${plural(blind, "rule")} could not be evaluated`,
    asked === 0 ? "" : `${plural(asked, "look-up")} ${asked === 1 ? "is" : "are"} undocumented`,
  ].filter((part) => part !== "");
  const documented = verdictCount(result, "documented");
  const counts = `${plural(met, "rule")} met`;
  const found = `${counts}, ${plural(documented, "conversation")} documented.`;
  // Nothing against it, and nothing for it: whoever reads no further must not take that for a pass.
  if (met + documented === 0) {
    const but = limits.length === 0 ? "" : ` ${upperFirst(series(limits))}.`;
    const says = `No drift found, but ${counts} and ${plural(documented, "conversation")} documented.${but}`;
    return { mood: "unsure", title: "NOTHING PROVED", says };
  }
  if (limits.length === 0) return { mood: "good", title: "AS DOCUMENTED", says: found };
  return { mood: "good", title: "NO DRIFT FOUND", says: `${found} But ${series(limits)}.` };
}

export function verdictCount(result: RunResult, verdict: Verdict): number {
  return judgedCount(result, verdict) + (result.departed?.verdicts[verdict] ?? 0);
}

function counted(count: number, one: string, many = `${one}s`): string {
  return count === 0 ? "" : plural(count, one, many);
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function upperFirst(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Rules that are findings, the worst first. */
export function ruleFindings(result: RunResult): RuleRow[] {
  const order: RuleStatus[] = ["violated", "blocked", "missing", "partial"];
  return result.rules.filter(isFinding).sort((a, b) => order.indexOf(a.status) - order.indexOf(b.status));
}

/** By code unit: the same on every machine, whatever its locale. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** How many characters of an id are enough to tell all of these apart; eight at least. */
export function idLength(result: Pick<RunResult, "judged">): number {
  const ids = [...new Set(idsAlike(result))].sort(compareText);
  let length = LEAST_CHARS;
  for (const [i, id] of ids.entries()) {
    const before = ids[i - 1] ?? "";
    let same = 0;
    while (same < before.length && before[same] === id[same]) same++;
    length = Math.max(length, same + 1);
  }
  return length;
}
/** Half of an id. */
const LEAST_CHARS = 8;

/** Ids whose first characters others have as well. */
function idsAlike(result: Pick<RunResult, "judged">): string[] {
  const packed = packedOf(result);
  const heads = packed?.idHeads() ?? null;
  if (packed === null || heads === null) {
    const ids = result.judged.map((c) => c.conversation_id);
    const twice = cameTwice(ids.map((id) => id.slice(0, LEAST_CHARS)));
    return ids.filter((id) => twice.has(id.slice(0, LEAST_CHARS)));
  }
  const twice = new Set<number>();
  const sorted = heads.slice().sort();
  for (let i = 1; i < sorted.length; i++) if (sorted[i] === sorted[i - 1]) twice.add(sorted[i]!);
  const ids: string[] = [];
  if (twice.size > 0) for (const [number, head] of heads.entries()) if (twice.has(head)) ids.push(packed.idOf(number));
  return ids;
}

function cameTwice(texts: readonly string[]): Set<string> {
  const once = new Set<string>();
  const twice = new Set<string>();
  for (const text of texts) {
    if (once.has(text)) twice.add(text);
    once.add(text);
  }
  return twice;
}
