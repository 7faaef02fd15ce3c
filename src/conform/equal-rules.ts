/**
 * Rules of one model that fit the same flow equally well: such evidence documents the flow and meets none of them. Nor does it
 * break one that expects more than another, which documents it. Where one fits better, it meets that one alone.
 */
import type { Cast } from "./cast.ts";
import type { RuleUse } from "./judge.ts";
import type { Judged } from "./judged.ts";

/** Uses that another rule fits as well: use → the other. */
export function equalRules(judgements: readonly Judged[], cast: Cast): Map<RuleUse, RuleUse> {
  const equals = new Map<RuleUse, RuleUse>();
  for (const { uses } of judgements) {
    if (uses.length < 2) continue;
    for (const use of uses) {
      const kept =
        use.how === "violated" && use.tried.broken !== null ? uses.find((other) => keeps(other, use)) : undefined;
      if (kept !== undefined) equals.set(use, kept);
    }
    const ofFlow = new Map<number, RuleUse[]>();
    for (const use of uses) {
      if (use.how !== "documented") continue;
      const earlier = ofFlow.get(use.flow.flow) ?? [];
      for (const other of earlier) {
        if (other.loaded !== use.loaded || other.rule === use.rule) continue;
        // Nobody says which end opened it: then no end's rule fits better than the other's.
        const turned = other.subject.initiator !== use.subject.initiator;
        if (!turned && other.weight !== use.weight) continue;
        // Whose role is bound fits better than whoever may be anywhere, and than a host that only looks like it.
        const bound = [use, other].map(({ fromHost, loaded, rule: { from } }) =>
          from.kind === "role" ? fromHost?.how !== "inferred" && cast.isBound(loaded.model.name, from.role) : true,
        );
        if (bound[0] === false || bound[1] === true) equals.set(use, other);
        if (bound[1] === false || bound[0] === true) equals.set(other, use);
      }
      ofFlow.set(use.flow.flow, [...earlier, use]);
    }
  }
  return equals;
}

/**
 * Uses of a wildcard whose name has a row of its own in the same model: use → the other. That the one name
 * got through says nothing of others that the wildcard lets.
 */
export function closerRules(judgements: readonly Judged[]): Map<RuleUse, RuleUse> {
  const closer = new Map<RuleUse, RuleUse>();
  for (const { uses } of judgements) {
    if (uses.length < 2) continue;
    for (const use of uses) {
      const own = isOfWildcard(use) ? uses.find((other) => namesItself(other, use)) : undefined;
      if (own !== undefined) closer.set(use, own);
    }
  }
  return closer;
}

const isOfWildcard = ({ how, member }: RuleUse): boolean => how === "documented" && member?.includes("*") === true;

/** Whether it documents that too or leaves something unproved: of whom it tells is the same. */
function namesItself({ flow, loaded, weight, member, subject }: RuleUse, wide: RuleUse): boolean {
  if (flow.flow !== wide.flow.flow || loaded !== wide.loaded || weight <= wide.weight) return false;
  return member != null && !member.includes("*") && subject.initiator === wide.subject.initiator;
}

/** True where it documents the same flow that breaks another rule, and fits it as well. */
function keeps({ how, flow, loaded, weight }: RuleUse, broken: RuleUse): boolean {
  return how === "documented" && flow === broken.flow && loaded === broken.loaded && weight === broken.weight;
}
