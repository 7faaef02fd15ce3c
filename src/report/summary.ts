/** What a result amounts to, for first lines: counted once, worded by every form that people read. */
import { doesNotApply, driftOf, isFinding, wasStrict } from "./drift.ts";
import { exitCodeOf, whyNothingJudged } from "./exit.ts";
import { undocumentedLookups } from "./lookup-rows.ts";
import { judgedCount, packedOf } from "./packed-rows.ts";
import type { ConversationRow, RuleRow, RuleStatus, RunResult, Verdict } from "./result.ts";
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
    const lonely = drift.violations.length === 0 ? rules("violated") : 0;
    const parts = [
      counted(drift.undocumented.length + drift.departed.undocumented, "undocumented conversation"),
      counted(drift.violations.length + drift.departed.violations, "violation"),
      counted(lonely, "rule violated", "rules violated"),
      counted(rules("blocked"), "rule blocked", "rules blocked"),
      counted(rules("missing"), "rule missing", "rules missing"),
      counted(rules("partial"), "rule met in part", "rules met in part"),
      counted(
        drift.inconclusive.length + drift.departed.inconclusive,
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

/** Conversations that differ only in who opened them: one finding with several hosts. */
export interface ConversationGroup {
  /** The first seen, shown for all. */
  first: ConversationRow;
  all: ConversationRow[];
  initiators: string[];
}

/** Findings of one verdict, folded by whom, over what, as what and why. In the order of first sight, the busiest kind first. */
export function groupConversations(conversations: readonly ConversationRow[]): ConversationGroup[] {
  const groups = new Map<string, ConversationGroup>();
  const kinds = new Map<string, number>();
  let before: { c: ConversationRow; kind: number } | null = null;
  for (const c of conversations) {
    // Most are of the kind of the one before: to make its text for each of very many takes longer than all else.
    if (before === null || !isOfKind(c, before.c)) {
      const text = kindText(c);
      const kind = kinds.get(text) ?? kinds.size;
      kinds.set(text, kind);
      before = { c, kind };
    }
    const key = `${before.kind} ${c.server_name ?? c.peer_name ?? c.responder}`;
    let group = groups.get(key);
    if (group === undefined) {
      group = { first: c, all: [], initiators: [] };
      groups.set(key, group);
    }
    group.all.push(c);
  }
  const list = [...groups.values()];
  for (const group of list) {
    // Most are of one: a set for each of very many takes longer than all else.
    group.initiators =
      group.all.length === 1 ? [group.first.initiator] : [...new Set(group.all.map((c) => c.initiator))];
    if (group.all.length === 1) continue;
    group.all.sort(
      (a, b) => compareText(a.first_seen, b.first_seen) || compareText(a.conversation_id, b.conversation_id),
    );
    group.first = group.all[0] ?? group.first;
  }
  return list.sort(
    (a, b) => b.initiators.length - a.initiators.length || compareText(a.first.first_seen, b.first.first_seen),
  );
}

/** What findings that are folded have alike, but for whom they are about: fields of their rows, and of the nearest rule. */
const ALIKE = [
  ...(["transport", "port", "app", "inner_app", "reason_code", "model", "rule_id"] as const),
  ...(["realm", "expectation", "found", "waived"] as const),
] as const;
const ALIKE_NEAREST = ["model", "rule_id", "clause"] as const;

function kindText(c: ConversationRow): string {
  const nearest = c.evidence?.nearest;
  return JSON.stringify([ALIKE.map((field) => c[field]), ALIKE_NEAREST.map((field) => nearest?.[field] ?? null)]);
}

function isOfKind(a: ConversationRow, b: ConversationRow): boolean {
  const [near, other] = [a.evidence?.nearest, b.evidence?.nearest];
  return (
    ALIKE.every((field) => a[field] === b[field]) && ALIKE_NEAREST.every((field) => near?.[field] === other?.[field])
  );
}

/** By code unit: the same on every machine, whatever its locale. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** How many characters of an id are enough to tell all of these apart; eight at least. */
export function idLength(result: Pick<RunResult, "judged">): number {
  let length = 8;
  const all = [...(packedOf(result)?.ids() ?? result.judged.map((c) => c.conversation_id))];
  // Of very many only those are sorted that begin alike.
  const starts = new Set<string>();
  const shared = new Set<string>();
  for (const id of all) {
    const start = id.slice(0, length);
    if (starts.has(start)) shared.add(start);
    starts.add(start);
  }
  if (shared.size === 0) return length;
  const ids = all.filter((id) => shared.has(id.slice(0, length))).sort(compareText);
  for (let i = 1; i < ids.length; i++) {
    const [a, b] = [ids[i - 1] ?? "", ids[i] ?? ""];
    let same = 0;
    while (same < a.length && a[same] === b[same]) same++;
    if (a !== b) length = Math.max(length, same + 1);
  }
  return length;
}
