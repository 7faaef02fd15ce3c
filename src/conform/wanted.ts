/** What a flow has that a rule may share: the question to `RuleIndex`. */
import type { NameAnswer } from "../observe/dns-answers.ts";
import type { DnsEvidence } from "../observe/dns-evidence.ts";
import type { Candidate, Wanted } from "./candidates.ts";
import type { LoadedModel } from "./cover.ts";
import { sentName } from "./sent-name.ts";
import type { Subject } from "./subject.ts";
import type { SubjectFlow } from "./subject-flow.ts";
import type { WhomContext } from "./whom.ts";

/** The rules of a model that are in question for a flow. */
export function candidatesOf(
  loaded: LoadedModel,
  subject: Subject,
  flow: SubjectFlow,
  context: Pick<WhomContext, "dns" | "siteHosts">,
): readonly Candidate[] {
  return loaded.index.candidates(wantedOf(subject, loaded, flow, context));
}

/**
 * Every name that may decide whom the flow is with has to be among them, or a rule would be taken for one that has nothing
 * of it: the one that was sent, all that DNS gave its address, to whomever and until its last packet, and the site's.
 */
function wantedOf(
  subject: Subject,
  { model }: LoadedModel,
  flow: SubjectFlow,
  context: Pick<WhomContext, "dns" | "siteHosts">,
): Wanted {
  if (last === null || last.subject !== subject || last.flow !== flow || last.dns !== context.dns)
    last = { subject, flow, dns: context.dns, shown: shownBy(subject, flow, context) };
  const { ports, names, addresses } = last.shown;
  return { ports, names, addresses, roles: rolesIn(model.name, subject) };
}
/** Of the flow that was asked for last: each model asks, and all that differs is who plays a role in it. */
let last: { subject: Subject; flow: SubjectFlow; dns: DnsEvidence; shown: Omit<Wanted, "roles"> } | null = null;

function shownBy(
  subject: Subject,
  flow: SubjectFlow,
  { dns, siteHosts }: Pick<WhomContext, "dns" | "siteHosts">,
): Omit<Wanted, "roles"> {
  const { realm, responder, addresses } = subject;
  const names: string[] = [];
  const asked = flow.heard === null ? [responder] : [responder, ...flow.heard.map(({ address }) => address)];
  for (const address of asked) {
    const before = dns.namesOf(realm, address, addresses, flow.firstSec, flow.firstNsec);
    addNames(names, before.own);
    addNames(names, before.other);
    addNames(names, dns.namesAtLast(realm, address, addresses, flow).own);
    for (const name in siteHosts) if (siteHosts[name]!.includes(address)) add(names, name);
  }
  const sent = sentName(flow);
  if (sent !== null) add(names, sent.name);
  if (subject.serverName !== null) add(names, subject.serverName);
  const port = subject.port ?? flow.icmpType;
  return { ports: port === null ? NO_PORTS : [port], names, addresses: [...asked, subject.initiator] };
}

/** Roles of both ends in a model. */
function rolesIn(model: string, { initiatorRoles, responderRoles }: Subject): readonly string[] {
  let roles: string[] | null = null;
  for (const played of initiatorRoles) if (played.model === model) roles = withRole(roles, played.role);
  for (const played of responderRoles) if (played.model === model) roles = withRole(roles, played.role);
  return roles ?? NO_ROLES;
}
const NO_ROLES: readonly string[] = [];

function withRole(roles: string[] | null, role: string): string[] {
  if (roles === null) return [role];
  roles.push(role);
  return roles;
}

const NO_PORTS: readonly number[] = [];

function addNames(names: string[], answers: readonly NameAnswer[]): void {
  for (const { name, aliases } of answers) {
    add(names, name);
    for (const alias of aliases) add(names, alias);
  }
}

/** Mostly it is the name that was added last; which names there are matters, and not how often. */
function add(names: string[], name: string): void {
  if (names.at(-1) !== name) names.push(name);
}
