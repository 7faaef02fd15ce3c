/** What counts as drift ("Drift" in the contract of verdicts): the findings behind exit code 1, each in its list. */
import type { ConversationReason, RuleReason } from "../conform/reasons.ts";
import { undocumentedLookups } from "./lookup-rows.ts";
import { judgedOf } from "./packed-rows.ts";
import type { ConversationRow, LookupRow, RuleRow, RunResult, Verdict } from "./result.ts";

export interface Drift {
  undocumented: readonly ConversationRow[];
  violations: readonly ConversationRow[];
  /** Violated or blocked whatever the requirement, missing or partial. */
  rules: RuleRow[];
  /** Counted under `--strict` only; empty without it. */
  inconclusive: readonly ConversationRow[];
  lookups: LookupRow[];
  unevaluable: RuleRow[];
  /** Further conversations, of a live run, that are in its database alone. */
  departed: { undocumented: number; violations: number; inconclusive: number; lookups: number };
  /** Findings in all lists, and those. */
  count: number;
}

const CONDITION_OFF: RuleReason = "condition-off";

/** Waived findings keep their verdict or status and are not counted. */
export function driftOf(result: RunResult, strict: boolean): Drift {
  const drift: Drift = {
    undocumented: unwaived(result, "undocumented"),
    violations: unwaived(result, "violation"),
    rules: result.rules.filter((rule) => isFinding(rule) && rule.waived === null),
    inconclusive: strict ? unwaived(result, "inconclusive") : [],
    lookups: strict ? undocumentedLookups(result) : [],
    unevaluable: strict ? result.rules.filter((rule) => isUnevaluableNeed(rule) && rule.waived === null) : [],
    departed: departedDrift(result, strict),
    count: 0,
  };
  for (const list of Object.values(drift)) if (Array.isArray(list)) drift.count += list.length;
  for (const count of Object.values(drift.departed)) drift.count += count;
  return drift;
}

/** Conversations of a verdict that nobody waived. */
export function unwaived(result: RunResult, verdict: Verdict): readonly ConversationRow[] {
  const all = judgedOf(result, verdict);
  let known = UNWAIVED.get(all);
  if (known === undefined) {
    known = all.filter((c) => c.waived === null);
    UNWAIVED.set(all, known);
  }
  return known;
}
/** By list of all: each part of a report asks for them. */
const UNWAIVED = new WeakMap<readonly ConversationRow[], readonly ConversationRow[]>();

function departedDrift({ departed }: RunResult, strict: boolean): Drift["departed"] {
  const { undocumented = 0, violation = 0, inconclusive = 0 } = departed?.verdicts ?? {};
  const lookups = departed?.lookups?.undocumented ?? 0;
  return {
    undocumented,
    violations: violation,
    inconclusive: strict ? inconclusive : 0,
    lookups: strict ? lookups : 0,
  };
}

/** Whether a rule's status is a finding, waived or not. */
export function isFinding(rule: RuleRow): boolean {
  return (
    rule.status === "violated" || rule.status === "blocked" || rule.status === "missing" || rule.status === "partial"
  );
}

/** Its condition is off: the document asks nothing of an installation like this one. */
export function doesNotApply(rule: RuleRow): boolean {
  return rule.status === "not-evaluable" && rule.reason_code === CONDITION_OFF;
}

/** A required rule that this capture can't say anything of; one that is conditional counts while its condition holds. */
export function isUnevaluableNeed(rule: RuleRow): boolean {
  const needed = rule.requirement === "required" || rule.requirement === "conditional";
  return rule.status === "not-evaluable" && needed && !doesNotApply(rule);
}

/** In violation because it should not be there at all (forbidden, or retired), rather than because of how it is. */
export function isBan(c: ConversationRow): boolean {
  const codes: ConversationReason[] = ["forbidden", "retired"];
  return codes.some((code) => code === c.reason_code);
}

/**
 * Whether a stored run was judged strictly. The run's row has no column for it, and needs none: an exit code of drift
 * without anything that is drift by itself says so.
 */
export function wasStrict(result: RunResult): boolean {
  return result.run.exit_code === 1 && driftOf(result, false).count === 0;
}
