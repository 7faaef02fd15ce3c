/** What a flow has that a rule may share: the question to `RuleIndex`. */
import type { DnsEvidence, NameAnswer } from "../observe/dns-evidence.ts";
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
  context: Pick<WhomContext, "dns" | "siteHosts">,
): Wanted {
  if (last === null || last.subject !== subject || last.flow !== flow || last.dns !== context.dns)
    last = { subject, flow, dns: context.dns, shown: shownBy(subject, flow, context) };
  const roles: string[] = [];
  for (const played of subject.initiatorRoles) if (played.model === model.name) roles.push(played.role);
  for (const played of subject.responderRoles) if (played.model === model.name) roles.push(played.role);
  const { ports, names, addresses } = last.shown;
  return { ports, names, addresses, roles };
}
/** Of the flow that was asked for last: each model asks, and all that differs is who plays a role in it. */
let last: { subject: Subject; flow: SubjectFlow; dns: DnsEvidence; shown: Omit<Wanted, "roles"> } | null = null;

function shownBy(
  subject: Subject,
  flow: SubjectFlow,
  { dns, siteHosts }: Pick<WhomContext, "dns" | "siteHosts">,
): Omit<Wanted, "roles"> {
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
  const port = subject.port ?? flow.icmpType;
  return { ports: port === null ? [] : [port], names: [...names], addresses: [responder, subject.initiator] };
}
