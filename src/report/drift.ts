/** What counts as drift ("Drift" in the contract of verdicts): the findings behind exit code 1, each in its list. */
import type { ConversationReason, RuleReason } from "../conform/reasons.ts";
import { undocumentedLookups } from "./lookup-rows.ts";
import { unwaivedCount, unwaivedOf } from "./packed-rows.ts";
import type { ConversationRow, LookupRow, RuleRow, RunResult } from "./result.ts";

export interface Drift {
  /** Conversations; rows of very many are made when their list is first asked for. */
  readonly undocumented: readonly ConversationRow[];
  readonly violations: readonly ConversationRow[];
  /** Violated or blocked whatever the requirement, missing or partial. */
  rules: RuleRow[];
  /** Counted under `--strict` only; empty without it. */
  readonly inconclusive: readonly ConversationRow[];
  lookups: LookupRow[];
  unevaluable: RuleRow[];
  /** How many conversations there are in each list. */
  counts: { undocumented: number; violations: number; inconclusive: number };
  /** Further conversations, of a live run, that are in its database alone. */
  departed: { undocumented: number; violations: number; inconclusive: number; lookups: number };
  /** Findings in all lists, and those. */
  count: number;
}

const CONDITION_OFF: RuleReason = "condition-off";

/** Waived findings keep their verdict or status and are not counted. */
export function driftOf(result: RunResult, strict: boolean): Drift {
  const rules = result.rules.filter((rule) => isFinding(rule) && rule.waived === null);
  const lookups = strict ? undocumentedLookups(result) : [];
  const unevaluable = strict ? result.rules.filter((rule) => isUnevaluableNeed(rule) && rule.waived === null) : [];
  const counts = {
    undocumented: unwaivedCount(result, "undocumented"),
    violations: unwaivedCount(result, "violation"),
    inconclusive: strict ? unwaivedCount(result, "inconclusive") : 0,
  };
  const departed = departedDrift(result, strict);
  let count = rules.length + lookups.length + unevaluable.length;
  for (const more of [...Object.values(counts), ...Object.values(departed)]) count += more;
  return {
    get undocumented() {
      return unwaivedOf(result, "undocumented");
    },
    get violations() {
      return unwaivedOf(result, "violation");
    },
    rules,
    get inconclusive() {
      return strict ? unwaivedOf(result, "inconclusive") : [];
    },
    lookups,
    unevaluable,
    counts,
    departed,
    count,
  };
}

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
