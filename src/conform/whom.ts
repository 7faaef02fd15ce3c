/**
 * The clause "whom": does the evidence say that the far end is the endpoint that the rule names?
 *
 * A name that the client sent is strongest; then a DNS answer to this initiator; then the site's table; then an address
 * that the document itself gives. What another host was told, or a published range, supports and never proves.
 */
import { isSameFamily, parseAddress } from "../address.ts";
import { matchesName, resolvePattern } from "../model/names.ts";
import type { AddressRange, Endpoint, HostPattern } from "../model/types.ts";
import { dnsFrames, type NameAnswer } from "../observe/dns-answers.ts";
import type { DnsEvidence, NamesOf } from "../observe/dns-evidence.ts";
import type { FrameRef } from "../report/result.ts";
import { isGlobal } from "./cast.ts";
import { type Clause, failed, proved, unproved, weighed } from "./clause.ts";
import { sameDomain } from "./domains.ts";
import { inRange, names } from "./endpoint-names.ts";
import { framesOf, wordsFrames } from "./flow-frames.ts";
import { behindEch, outerNameAlone } from "./outer-name.ts";
import type { ConversationReason } from "./reasons.ts";
import { doubted, rivalFrames, stillTold } from "./replaced-answers.ts";
import { type SentName, sentAddress, sentName } from "./sent-name.ts";
import type { Subject } from "./subject.ts";
import type { SubjectFlow } from "./subject-flow.ts";
import { howToHear, howToResolve, unresolved } from "./unresolved.ts";

export interface WhomContext {
  dns: DnsEvidence;
  /** The site's `hosts:` table: name to addresses. */
  siteHosts: Readonly<Record<string, readonly string[]>>;
  /** The site's published ranges by list name. */
  ranges: Readonly<Record<string, readonly AddressRange[]>>;
  parameter: (name: string) => string | null;
  /** What a host resolves with, where that cannot be read: `HTTPS (dns.google)`; null for all others. */
  hiddenResolver: (realm: number, addresses: ReadonlySet<string>) => string | null;
}

const WEIGHT_EXACT = 4;
const WEIGHT_WILDCARD = 3;
const WEIGHT_ADDRESS = 2;
/** Something speaks for it and does not prove it: of rules that a flow could be, that one is told. */
const WEIGHT_SUPPORTED = 1;

/** Unproved, and yet something speaks for it. */
function supported(
  reason: ConversationReason,
  says: string,
  decide: string,
  against: readonly FrameRef[] = [],
): Clause {
  return { ...unproved("whom", reason, says, decide, against), weight: WEIGHT_SUPPORTED };
}

/** One flow against one endpoint. `bound`: the responder plays a role in this model, so it is a host that the site knows. */
export function isEndpoint(
  endpoint: Endpoint,
  subject: Subject,
  flow: SubjectFlow,
  bound: boolean,
  context: WhomContext,
): Clause {
  const patterns = patternsOf(endpoint, context);
  if (typeof patterns === "string") {
    return unproved(
      "whom",
      "parameter-missing",
      `its name is the parameter ${patterns}, which was not given`,
      `give --set ${patterns}=NAME`,
    );
  }
  const sent = sentName(flow);
  if (sent !== null) {
    const pattern = patternOf(sent.name, patterns);
    if (pattern !== undefined) return anotherHello(sent, flow) ?? sentNameHolds(sent, pattern, subject, flow, context);
    if (patterns.length > 0) {
      if (sent.encrypted && !isMeant(sent, subject, flow, context))
        return behindEch(sent, byEvidence(endpoint, patterns, subject, flow, bound, context));
      return failed(
        "whom",
        "no-rule",
        `the client asked for ${sent.name}, which is not among ${names(endpoint, context.parameter)}`,
        sent.frames,
      );
    }
  }
  const clause = byEvidence(endpoint, patterns, subject, flow, bound, context);
  if (clause.result === "proved" && patterns.length > 0) {
    if (flow.firstWords === "missing") return unheard(clause, subject, flow);
    return { ...clause, support: [...clause.support, ...wordsFrames(flow)] };
  }
  if (clause.result === "proved") return clause;
  return beforeItsAnswer(clause, patterns, subject, flow, context);
}

/** Which of an endpoint's names and patterns a name is: itself where it is among them, else the first wildcard that it fits. */
function patternOf(name: string, patterns: readonly HostPattern[]): HostPattern | undefined {
  let fitting: HostPattern | undefined;
  for (const pattern of patterns) {
    if (!matchesName(pattern, name)) continue;
    if (!pattern.text.includes("*")) return pattern;
    fitting ??= pattern;
  }
  return fitting;
}

/** An endpoint's names and patterns with the parameters' values in them; the parameter that lacks one, where one does. */
function patternsOf({ hosts }: Endpoint, { parameter }: WhomContext): readonly HostPattern[] | string {
  if (!hosts.some((pattern) => pattern.parameter !== null)) return hosts;
  const patterns: HostPattern[] = [];
  for (const pattern of hosts) {
    const resolved = resolvePattern(pattern, parameter);
    if (resolved === null) return pattern.parameter ?? "";
    patterns.push(resolved);
  }
  return patterns;
}

/** Without a name from the client: what DNS, the site and the document itself say of the address. */
function byEvidence(
  endpoint: Endpoint,
  patterns: readonly HostPattern[],
  subject: Subject,
  flow: SubjectFlow,
  bound: boolean,
  context: WhomContext,
): Clause {
  const { responder } = subject;
  const documented = endpoint.addresses.find((range) => inRange(range, responder));
  const { own, other } = namesAt(subject, flow.firstSec, flow.firstNsec, context);
  const given = own.length === 0 ? own : own.filter((answer) => nameIn(answer, patterns) !== null);
  const told = stillTold(given, subject, flow, context);
  const otherwise = own.length === 0 ? own : own.filter((answer) => nameIn(answer, patterns) === null);
  if (told.length > 0) {
    const answer = told.at(-1)!;
    const pattern = nameIn(answer, patterns)!;
    if (otherwise.length > 0) {
      const also = otherwise.at(-1)!;
      return supported(
        "shared-address",
        `DNS gave ${responder} to ${subject.initiator} for ${answer.name} and for ${also.name}`,
        giveItsOwn(answer.name),
        otherwise.flatMap(dnsFrames),
      );
    }
    const says = `DNS gave ${responder} to ${subject.initiator} for ${asDocumented(answer, patterns)}`;
    const also = told.find((one) => nameIn(one, patterns) !== pattern);
    if (also !== undefined) return { ...ofSeveral(pattern, says, answer, also), byName: true };
    return { ...named(pattern, says, dnsFrames(answer)), byName: true };
  }
  const tabled = namesOfSite(responder, context.siteHosts);
  const elsewhere = tabled.find((name) => patternOf(name.toLowerCase(), patterns) === undefined);
  for (const name of tabled) {
    const pattern = patternOf(name.toLowerCase(), patterns);
    if (pattern === undefined) continue;
    const says = `the site's hosts table gives ${responder} for ${name}`;
    if (otherwise.length === 0 && elsewhere !== undefined)
      return supported("shared-address", `${says} and for ${elsewhere}`, giveItsOwn(name));
    if (otherwise.length === 0) return { ...named(pattern, says, []), byName: true };
    const also = otherwise.at(-1)!.name;
    return supported(
      "shared-address",
      `${says}, and DNS gave it to ${subject.initiator} for ${also}`,
      giveItsOwn(name),
      otherwise.flatMap(dnsFrames),
    );
  }
  if (documented !== undefined) {
    if (otherwise.length > 0 && patterns.length > 0) {
      // The name wins over the address; yet without that answer the address would prove it, so this is no denial.
      return supported(
        "name-contradicted",
        `${responder} is documented, and DNS gave it for ${otherwise.at(-1)!.name}`,
        "have the client send a name",
        otherwise.flatMap(dnsFrames),
      );
    }
    if (elsewhere !== undefined && patterns.length > 0) {
      const says = `${responder} is documented, and the site's hosts table gives it for ${elsewhere}`;
      return supported("name-contradicted", says, "have the client send a name");
    }
    return {
      ...proved("whom", `${responder} is a documented address`),
      member: documented.text,
      weight: WEIGHT_ADDRESS,
      byName: patterns.length > 0,
    };
  }
  // Without what casts doubt on it, this would prove it, whatever else is said: so it is no denial.
  const before = given.at(-1);
  if (before !== undefined) return { ...doubted(before, otherwise, subject, flow, context), weight: WEIGHT_SUPPORTED };
  if (otherwise.length > 0) {
    return failed(
      "whom",
      "no-rule",
      `DNS gave ${responder} to ${subject.initiator} for ${otherwise.at(-1)!.name}, which is not among ${names(endpoint, context.parameter)}`,
      otherwise.flatMap(dnsFrames),
    );
  }
  if (tabled.length > 0 && patterns.length > 0) {
    const says = `the site's hosts table gives ${responder} for ${tabled[0]}, which is not among ${names(endpoint, context.parameter)}`;
    return failed("whom", "no-rule", says);
  }
  const hearsay = other.find((answer) => nameIn(answer, patterns) !== null);
  if (hearsay !== undefined) {
    return {
      ...supported(
        "dns-of-another",
        `DNS gave ${responder} for ${hearsay.name} only to ${hearsay.client}`,
        `capture ${subject.initiator}'s own DNS, or give the address under hosts: in the site`,
      ),
      support: dnsFrames(hearsay),
    };
  }
  if (endpoint.ranges !== null) {
    const list = context.ranges[endpoint.ranges];
    if (list === undefined && !bound) {
      return unproved(
        "whom",
        "address-unresolved",
        `the document refers to the published list ${endpoint.ranges}, which the site does not give`,
        `give ${endpoint.ranges} under ranges: in the site`,
      );
    }
    if (list?.some((range) => inRange(range, responder)) === true) {
      return supported(
        "listed-range",
        `${responder} is in the published list ${endpoint.ranges}, which others share`,
        `capture ${subject.initiator}'s own DNS, or the start of the connection`,
      );
    }
  }
  if (patterns.length === 0)
    return failed("whom", "no-rule", `${responder} is not among ${names(endpoint, context.parameter)}`);
  if (bound)
    return failed(
      "whom",
      "no-rule",
      `${responder} is ${subject.responderRoles[0]?.role ?? "a host of the site"}, and not ${names(endpoint, context.parameter)}`,
    );
  const literal = sentAddress(flow, responder);
  if (literal !== null)
    return failed(
      "whom",
      "no-rule",
      `the client asked for ${responder} by its address, and for no name of ${names(endpoint, context.parameter)}`,
      literal,
    );
  const meant = names(endpoint, context.parameter);
  // A public name may lead inside, by a reverse proxy or a resolver of the site's own; nobody expects it to.
  const could = isGlobal(responder)
    ? `${responder} could be ${meant}`
    : `${responder} is an inside address, and could stand for ${meant} only if the site leads that name inside`;
  return unproved(
    "whom",
    "address-unresolved",
    `${could}: ${saidFirst(flow)} and ${unresolved(subject, flow, context, (answer) => nameIn(answer, patterns) !== null)}`,
    flow.firstWords === "missing" ? howToHear(flow) : howToResolve(subject, context),
  );
}

function saidFirst(flow: SubjectFlow): string {
  if (flow.firstWords === "missing") return "what the client said first is not in the capture";
  return sentName(flow) === null ? "no name was sent" : "what it may name inside is not readable";
}

const giveItsOwn = (name: string): string => `have the client send a name, or give ${name} an address of its own`;

/** Names that the site's table gives an address. */
const namesOfSite = (address: string, siteHosts: WhomContext["siteHosts"]): readonly string[] =>
  Object.keys(siteHosts).filter((name) => siteHosts[name]!.includes(address));

/** Proved as far as it goes; but the client may have sent another name, which would win. */
function unheard({ says }: Clause, { through }: Subject, flow: SubjectFlow): Clause {
  if (through === undefined || flow.cutShort)
    return supported("name-unseen", `${says}, but what the client said first is not in the capture`, howToHear(flow));
  // Whether it said nothing at all, or the capture lost it, the leg to the proxy does not tell.
  const nothing = "but nothing that it said behind the proxy's consent is in the capture";
  return supported("name-unseen", `${says}, ${nothing}`, "capture one in which something is said there, without loss");
}

/** Through a proxy two names may be said: the one that it was asked for, and the one that was sent behind its consent. */
export function throughProxy(clause: Clause, subject: Subject, flow: SubjectFlow): Clause {
  const { through } = subject;
  if (through === undefined || clause.result !== "proved") return clause;
  if (flow.firstWords === "missing") return unheard(clause, subject, flow);
  const sent = sentName(flow);
  if (sent === null || sent.name === through.host || parseAddress(through.host) !== null) {
    return { ...clause, support: [...through.frames, ...clause.support, ...wordsFrames(flow)] };
  }
  return supported(
    "name-contradicted",
    `the proxy was asked for ${through.host}, and behind it the client asked for ${sent.name}`,
    "look into the proxy's log which of the two it led to",
    [...through.frames, ...sent.frames],
  );
}

/** An answer that came while the flow was under way proves nothing of it: its first packet speaks against that. */
function beforeItsAnswer(
  clause: Clause,
  patterns: readonly HostPattern[],
  subject: Subject,
  flow: SubjectFlow,
  context: WhomContext,
): Clause {
  const { own } = context.dns.namesAtLast(subject.realm, subject.responder, subject.addresses, flow);
  const late = own.find((answer) => nameIn(answer, patterns) !== null);
  if (late === undefined) return clause;
  const against = [...clause.against, flow.began];
  if (clause.result === "unproved") return { ...clause, against };
  const says = `${clause.says}, and for ${late.name} only after this had begun`;
  return unproved("whom", "shared-address", says, "have the client send a name", against);
}

function namesAt({ realm, responder, addresses }: Subject, sec: number, nsec: number, context: WhomContext): NamesOf {
  return context.dns.namesOf(realm, responder, addresses, sec, nsec);
}

/** A second hello repeats the first one's name (RFC 8446 section 4.1.2); null where none says another. */
function anotherHello(sent: SentName, flow: SubjectFlow): Clause | null {
  if (!sent.source.endsWith("-sni")) return null;
  const other = flow.sightings.find(
    ({ fact, dir }) =>
      dir === flow.there && fact.kind === "name" && fact.source === sent.source && fact.name !== sent.name,
  );
  if (other?.fact.kind !== "name") return null;
  const says = `the client asked for ${sent.name}, and in another hello for ${other.fact.name}`;
  const frames = framesOf(other, `${sent.source} ${other.fact.name}`);
  return { ...supported("name-contradicted", says, "look at the program", frames), support: sent.frames };
}

/** This initiator's own DNS gave the far end's address for the name that was sent, or the proxy was asked for it. */
function isConfirmed(sent: SentName, subject: Subject, flow: SubjectFlow, context: WhomContext): boolean {
  const { own } = namesAt(subject, flow.firstSec, flow.firstNsec, context);
  return isAnswer(own, sent) !== undefined || subject.through?.host === sent.name;
}

const isAnswer = (own: readonly NameAnswer[], { name }: SentName): NameAnswer | undefined =>
  own.find((answer) => answer.rivals.length === 0 && (answer.name === name || answer.aliases.includes(name)));

/** An outer name that is confirmed, and that DNS did not publish to this client as a cover. */
function isMeant(sent: SentName, subject: Subject, flow: SubjectFlow, context: WhomContext): boolean {
  const { realm, addresses } = subject;
  if (!isConfirmed(sent, subject, flow, context)) return false;
  return context.dns.echPublicName(realm, addresses, sent.name) === null;
}

function sentNameHolds(
  sent: SentName,
  pattern: HostPattern,
  subject: Subject,
  flow: SubjectFlow,
  context: WhomContext,
): Clause {
  const { realm, responder, addresses } = subject;
  const { own } = namesAt(subject, flow.firstSec, flow.firstNsec, context);
  const confirming = isAnswer(own, sent);
  const confirmed = confirming !== undefined || subject.through?.host === sent.name;
  const cover = sent.encrypted ? context.dns.echPublicName(realm, addresses, sent.name) : null;
  if (sent.encrypted && (!confirmed || cover !== null))
    return { ...outerNameAlone(sent, cover, own.flatMap(rivalFrames)), weight: WEIGHT_SUPPORTED };
  // Addresses of the other family say nothing of this one.
  const answers = context.dns
    .answersFor(realm, addresses, sent.name, flow.firstSec)
    .filter((one) => one.addresses.length === 0 || one.addresses.some((a) => isSameFamily(a, responder)));
  const denied = answers.length > 0 && !confirmed && answers.every((answer) => !answer.addresses.includes(responder));
  const elsewhere = own.find((answer) => !sameDomain(answer.name, sent.name));
  if (denied && elsewhere !== undefined) {
    return supported(
      "name-contradicted",
      `the client sent ${sent.name}, but DNS gave it ${answers.at(-1)!.addresses.join(", ") || "no address"} for that name and ${responder} for ${elsewhere.name}`,
      "find out what runs at that address",
      [
        ...sent.frames,
        ...dnsFrames(elsewhere),
        { ...answers.at(-1)!.question, what: `DNS question ${sent.name}` },
        { capture_id: answers.at(-1)!.capture, frame: answers.at(-1)!.frame, what: `DNS answer ${sent.name}` },
      ],
    );
  }
  const support = sent.encrypted && confirming !== undefined ? [...sent.frames, ...dnsFrames(confirming)] : sent.frames;
  return named(pattern, `the client asked for ${sent.name}`, support);
}

function named(pattern: HostPattern, says: string, support: FrameRef[]): Clause {
  return weighed("whom", says, weightOf(pattern), pattern.text, support);
}

const weightOf = ({ text }: HostPattern): number => (text.includes("*") ? WEIGHT_WILDCARD : WEIGHT_EXACT);

/** Whichever it was, it is documented; which of them it was, the address does not say. */
function ofSeveral(pattern: HostPattern, says: string, answer: NameAnswer, also: NameAnswer): Clause {
  const support = [...dnsFrames(also), ...dnsFrames(answer)];
  return weighed("whom", `${says} and for ${also.name}`, weightOf(pattern), undefined, support);
}

function nameIn({ name, aliases }: NameAnswer, patterns: readonly HostPattern[]): HostPattern | null {
  let pattern = patternOf(name, patterns);
  for (let i = 0; pattern === undefined && i < aliases.length; i++) pattern = patternOf(aliases[i]!, patterns);
  return pattern ?? null;
}

/** The name that was asked for; where only another on the way to the address is documented, that one as well. */
function asDocumented({ name, aliases }: NameAnswer, patterns: readonly HostPattern[]): string {
  if (patternOf(name, patterns) !== undefined) return name;
  return `${name}, which is another name of ${aliases.find((alias) => patternOf(alias, patterns) !== undefined)!}`;
}
