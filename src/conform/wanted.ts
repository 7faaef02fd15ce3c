/** What a flow has that a rule may share: the question to `RuleIndex`. */
import type { NameAnswer } from "../observe/dns-evidence.ts";
import type { Wanted } from "./candidates.ts";
import type { LoadedModel } from "./cover.ts";
import { sentName } from "./sent-name.ts";
import type { Subject } from "./subject.ts";
import type { SubjectFlow } from "./subject-flow.ts";
import type { WhomContext } from "./whom.ts";

/**
 * Every name that may decide whom the flow is with has to be among them, or a rule would be taken for one that has nothing
 * of it: the one that was sent, all that DNS gave its address, to whomever and until its last packet, and the site's.
 */
export function wantedOf(
  subject: Subject,
  { model }: LoadedModel,
  flow: SubjectFlow,
  { dns, siteHosts }: Pick<WhomContext, "dns" | "siteHosts">,
): Wanted {
  const { realm, responder, addresses } = subject;
  const names = new Set<string>();
  const add = (answers: readonly NameAnswer[]): void => {
    for (const { name, aliases } of answers) for (const one of [name, ...aliases]) names.add(one);
  };
  const before = dns.namesOf(realm, responder, addresses, flow.firstSec, flow.firstNsec);
  add(before.own);
  add(before.other);
  add(dns.namesAtLast(realm, responder, addresses, flow).own);
  const sent = sentName(flow);
  if (sent !== null) names.add(sent.name);
  if (subject.serverName !== null) names.add(subject.serverName);
  for (const [name, known] of Object.entries(siteHosts)) if (known.includes(responder)) names.add(name);
  const roles = [...subject.initiatorRoles, ...subject.responderRoles];
  return {
    ports: [subject.port ?? flow.icmpType].filter((port) => port !== null),
    names: [...names],
    addresses: [responder, subject.initiator],
    roles: roles.filter((played) => played.model === model.name).map((played) => played.role),
  };
}
