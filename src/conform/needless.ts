/** Rules that another one makes needless: not seen is no fault while that one is met. */
import { notEvaluable, type RuleJudgement, unused } from "./rule-status.ts";

/** Of rules with the same `any-of` one is enough: the others are not missed while one is met. */
export function settleChoices(judged: RuleJudgement[]): RuleJudgement[] {
  const choices = new Map<string, RuleJudgement[]>();
  for (const one of judged) {
    if (one.rule.anyOf === undefined) continue;
    const key = `${one.loaded.model.name}/${one.rule.anyOf}`;
    const same = choices.get(key);
    if (same === undefined) choices.set(key, [one]);
    else same.push(one);
  }
  if (choices.size === 0) return judged;
  return judged.map((result) => {
    const { anyOf } = result.rule;
    if (anyOf === undefined || !isNotSeen(result)) return result;
    // It is among them, and neither met nor not evaluable.
    const others = choices.get(`${result.loaded.model.name}/${anyOf}`)!;
    const met = others.find(({ status }) => status === "met");
    if (met !== undefined) {
      return { ...result, ...unused(result.rule), reason: `one of ${anyOf} is enough, and ${met.rule.id} is met` };
    }
    if (result.status !== "missing") return result;
    const open = others.find(({ code, status }) => status === "not-evaluable" && code !== "condition-off");
    if (open === undefined) return result;
    const says = `one of ${anyOf} is enough, and of ${open.rule.id} this capture can't say`;
    return { ...result, ...notEvaluable("fallback", says, open.remedy) };
  });
}

/** A rule that another one makes needless: not seen is no fault while that one is met. */
export function settleFallbacks(judged: RuleJudgement[]): RuleJudgement[] {
  if (judged.every(({ rule }) => rule.fallbackFor === null)) return judged;
  const byId = new Map(judged.map((one) => [`${one.loaded.model.name}/${one.rule.id}`, one]));
  return judged.map((result) => {
    const { fallbackFor } = result.rule;
    if (fallbackFor === null || !isNotSeen(result)) return result;
    const first = byId.get(`${result.loaded.model.name}/${fallbackFor}`);
    if (first === undefined || first.status === "blocked" || first.status === "missing") return result;
    if (first.status === "met")
      return { ...result, ...unused(result.rule), reason: `needed only if ${fallbackFor} fails` };
    if (result.status !== "missing") return result;
    return {
      ...result,
      ...notEvaluable("fallback", `needed only if ${fallbackFor} fails, of which this capture can't say`, first.remedy),
    };
  });
}

/** Nothing could be it; how long this host was seen matters only where it is needed. */
function isNotSeen({ status, code, conversations }: RuleJudgement): boolean {
  return status === "missing" || (status === "not-evaluable" && code === "too-short" && conversations === 0);
}
