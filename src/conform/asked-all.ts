/**
 * Whom a question to everybody is for (Who-Is, ListIdentity, DCP's Identify by broadcast): a rule that leads to a role has it
 * where a host that plays the role answered. Who else may have heard it does not matter: what it asked is held against the
 * rule as everything is. Where nobody answered, a mere question could have been for the role, and more than that is for no one.
 */
import { OPERATION_CLASSES } from "../decode/facts.ts";
import type { Rule } from "../model/types.ts";
import type { Cast } from "./cast.ts";
import { type Clause, unproved, weighed } from "./clause.ts";
import type { Subject } from "./subject.ts";
import type { SubjectFlow } from "./subject-flow.ts";

/** What changes nothing, whoever hears it. */
const MERELY_ASKS: ReadonlySet<string> = new Set(OPERATION_CLASSES.slice(0, OPERATION_CLASSES.indexOf("read") + 1));

/** `whom`: the clause as it is of a far end that is one host. `weight`: of a role's own host. */
export function askedAll(
  whom: Clause,
  { model, rule, weight }: { model: string; rule: Rule; weight: number },
  subject: Subject,
  flow: SubjectFlow,
  cast: Cast,
): Clause {
  const { to, apps } = rule;
  if (flow.heard === null || whom.result === "proved" || to.kind !== "role" || apps === null) return whom;
  for (const { address, roles, frames } of flow.heard) {
    const played = roles.find((one) => one.model === model && one.role === to.role);
    if (played === undefined) continue;
    const says = `${subject.responder} is everybody on a link, and ${address} answered, which is ${to.role}`;
    return weighed("whom", says, weight, played.host.host.text, frames);
  }
  const requests = flow.operations.kinds.filter(({ role }) => role === "request");
  const asks = flow.undecoded === 0 && requests.every((kind) => MERELY_ASKS.has(kind.class));
  if (whom.result !== "failed" || !asks || !cast.isBound(model, to.role)) return whom;
  const says = `${subject.responder} is everybody on a link, and no ${to.role} answered`;
  return unproved("whom", "one-direction", says, "look whether answers are mirrored", whom.against);
}
