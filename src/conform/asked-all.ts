/**
 * Whom a question to everybody is for (Who-Is, ListIdentity, DCP's Identify by broadcast): a rule that leads somewhere has it
 * where a host that it leads to answered. Who else may have heard it does not matter: what it asked is held against the
 * rule as everything is. Where nobody answered, a mere question could have been for the role, and more than that is for no one.
 */
import { parseAddress } from "../address.ts";
import { OPERATION_CLASSES } from "../decode/facts.ts";
import type { Rule } from "../model/types.ts";
import type { Cast } from "./cast.ts";
import { type Clause, unproved } from "./clause.ts";
import type { Subject } from "./subject.ts";
import type { SubjectFlow } from "./subject-flow.ts";

/** What changes nothing, whoever hears it. */
const MERELY_ASKS: ReadonlySet<string> = new Set(OPERATION_CLASSES.slice(0, OPERATION_CLASSES.indexOf("read") + 1));

/** Hosts that answered and are named in one sentence. */
const NAMED = 3;

/** `whomOf`: the clause of a far end that is one host; of the one that everybody got it from, and of each that answered. */
export function askedAll(
  whomOf: (subject: Subject, flow: SubjectFlow) => Clause,
  { model, rule: { to, apps } }: { model: string; rule: Rule },
  subject: Subject,
  flow: SubjectFlow,
  cast: Cast,
): Clause {
  const whom = whomOf(subject, flow);
  if (flow.heard === null || apps === null) return whom;
  const role = to.kind === "role" ? to.role : null;
  const within = whom.result === "proved" && role !== null && isOnlyWithin(subject, model, role) && wantsAnswers(flow);
  if (whom.result === "proved" && !within) return whom;
  const one = { ...flow, heard: null };
  const answered: string[] = [];
  let first: Clause | null = null;
  for (const { address, roles, frames } of flow.heard) {
    const its = whomOf({ ...subject, responder: address, responderRoles: roles, farAddresses: null }, one);
    if (its.result !== "proved") continue;
    answered.push(address);
    first ??= { ...its, support: [...its.support, ...frames] };
  }
  if (first !== null) {
    const others = answered.length > NAMED ? ` and ${answered.length - NAMED} more` : "";
    const who = role === null ? "" : `, which is ${role}`;
    const says = `${subject.responder} is everybody on a link, and ${answered.slice(0, NAMED).join(", ")}${others} answered${who}`;
    return { ...first, says };
  }
  const requests = flow.operations.kinds.filter(({ role }) => role === "request");
  const asks = flow.undecoded === 0 && requests.every((kind) => MERELY_ASKS.has(kind.class));
  if ((whom.result !== "failed" && !within) || role === null || !asks || !cast.isBound(model, role)) return whom;
  const says = `${subject.responder} is everybody on a link, and no ${role} answered`;
  return unproved("whom", "one-direction", says, "look whether answers are mirrored", whom.against);
}

/** A range that is bound to the role takes the link's broadcast address in, which is nobody's. A group's own address is bound as such. */
function isOnlyWithin({ responder, responderRoles }: Subject, model: string, role: string): boolean {
  const hex = parseAddress(responder)?.hex ?? "";
  if (hex.length === 8 ? hex.startsWith("e") : hex.startsWith("ff")) return false;
  return responderRoles.every((played) => played.model !== model || played.role !== role || !played.host.host.single);
}

function wantsAnswers({ sightings }: SubjectFlow): boolean {
  return sightings.some(({ fact }) =>
    fact.kind === "expect-flow" ? fact.announced === true : fact.kind === "message" && fact.what === "request",
  );
}
