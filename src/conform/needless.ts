/** Rules that another one makes needless: not seen is no fault while that one is met. */
import { type HostStatus, notEvaluable, type RuleJudgement, unused, worstOf } from "./rule-status.ts";

/** Of rules with the same `any-of` one is enough: the others are not missed while one is met, by the same host. */
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
    if (anyOf === undefined) return result;
    const others = choices.get(`${result.loaded.model.name}/${anyOf}`)!;
    return settle(result, (status, at) => choose(result, status, at, others));
  });
}

/** What a host that was not seen to use the rule has of the others; `at`: its place, null where no host was judged by itself. */
function choose(
  result: RuleJudgement,
  status: HostStatus,
  at: number | null,
  choices: readonly RuleJudgement[],
): HostStatus {
  const { anyOf } = result.rule;
  // It is among them itself, and neither met nor not evaluable.
  const others = choices.map((other) => ({ rule: other.rule, ...(sameHost(result, at, other) ?? other) }));
  const met = others.find((other) => other.status === "met");
  if (met !== undefined)
    return { ...unused(result.rule), reason: `one of ${anyOf} is enough, and ${met.rule.id} is met` };
  if (status.status !== "missing") return status;
  const open = others.find((other) => other.status === "not-evaluable" && other.code !== "condition-off");
  if (open === undefined)
    return { ...status, reason: `${status.reason}, and nothing else of ${anyOf}, of which one is enough` };
  const says = `one of ${anyOf} is enough, and of ${open.rule.id} this capture can't say`;
  return notEvaluable("fallback", says, open.remedy);
}

/** What another rule says of the same host; null where it judged none by itself. */
function sameHost({ hosts }: RuleJudgement, at: number | null, other: RuleJudgement): HostStatus | null {
  if (at === null) return null;
  const { realm, host } = hosts[at]!;
  return other.each[other.hosts.findIndex((row) => row.realm === realm && row.host === host)] ?? null;
}

/** A rule that another one makes needless: not seen is no fault while that one is met, by the same host. */
export function settleFallbacks(judged: RuleJudgement[]): RuleJudgement[] {
  if (judged.every(({ rule }) => rule.fallbackFor === null)) return judged;
  const byId = new Map(judged.map((one) => [`${one.loaded.model.name}/${one.rule.id}`, one]));
  return judged.map((result) => {
    const { fallbackFor } = result.rule;
    if (fallbackFor === null) return result;
    const first = byId.get(`${result.loaded.model.name}/${fallbackFor}`);
    if (first === undefined) return result;
    return settle(result, (status, at) => {
      const own = sameHost(result, at, first) ?? first;
      if (own.status === "blocked" || own.status === "missing") return status;
      if (own.status === "met") return { ...unused(result.rule), reason: `needed only if ${fallbackFor} fails` };
      if (status.status !== "missing") return status;
      const says = `needed only if ${fallbackFor} fails, of which this capture can't say`;
      return notEvaluable("fallback", says, own.remedy);
    });
  });
}

/** Each host that was not seen to use the rule gets another status; the rule has the worst of them, as before. */
function settle(result: RuleJudgement, another: (status: HostStatus, at: number | null) => HostStatus): RuleJudgement {
  if (result.each.length === 0)
    return isNotSeen(result) && (result.status === "missing" || result.conversations === 0)
      ? { ...result, ...another(result, null) }
      : result;
  const each = result.each.map((status, at) => (isNotSeen(status) ? another(status, at) : status));
  if (each.every((status, at) => status === result.each[at])) return result;
  const hosts = result.hosts.map((row, at) => ({ ...row, status: each[at]!.status, reason: each[at]!.reason }));
  return { ...result, ...worstOf(each), hosts, each };
}

/** Nothing could be it; how long this host was seen matters only where it is needed. */
function isNotSeen({ status, code, ofOthers }: HostStatus): boolean {
  return status === "missing" || (status === "not-evaluable" && code === "too-short" && ofOthers !== true);
}
