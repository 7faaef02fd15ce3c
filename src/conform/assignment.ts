/** What a rule that is met by a host of an inferred role would be, were that host another role. */
import type { Rule } from "../model/types.ts";
import type { Judges, RuleUse } from "./judge.ts";
import { tryRule } from "./trial.ts";

export const isInferred = ({ fromHost }: RuleUse): boolean => fromHost?.how === "inferred";

/**
 * Where nobody bound the host that opened it: a rule of another role that would cover it as well, were the host that. Such
 * a use shows that somebody made the connection, and not that this role did. A role whose hosts were given is none of them.
 */
export function otherAssignment(use: RuleUse, { context }: Judges): Rule | null {
  if (!isInferred(use)) return null;
  const { loaded, rule, subject, flow, fromHost } = use;
  const isGiven = (role: string): boolean =>
    context.cast.hosts.some(
      (host) => host.model === loaded.model.name && host.role === role && host.how !== "inferred",
    );
  for (const other of loaded.model.rules) {
    const { from, to } = other;
    if (from.kind !== "role" || from.role === fromHost?.role || to.kind !== rule.to.kind || isGiven(from.role))
      continue;
    const { whom, over, app, when } = tryRule(loaded, other, subject, flow, context);
    if (when.result !== "failed" && [whom, over, app].every(({ result }) => result === "proved")) return other;
  }
  return null;
}
