/**
 * "Missing" is a claim about the world: made only where this capture could have shown the opposite. Here are the reasons
 * why it could not, each with what would change that.
 */
import { TCP, UDP } from "../dissect/packet.ts";
import type { Rule, Transport } from "../model/types.ts";
import { type CastHost, calledOf, type Presence } from "./cast.ts";
import type { LoadedModel } from "./cover.ts";
import { DNS_PORT } from "./coverage.ts";
import { names } from "./endpoint-names.ts";
import type { RuleUse } from "./judge.ts";
import type { Judged } from "./judged.ts";
import { type HostStatus, judgedBefore, notEvaluable, type RuleContext, wasJudgedOtherwise } from "./rule-status.ts";
import { WHAT_NEXT } from "./two-owners.ts";

/**
 * Why this capture can't say that the rule is not used by this host; null where it can. `lacking`: members of the
 * endpoint that are in question, empty where any one is enough.
 */
export function couldNotShow(
  loaded: LoadedModel,
  rule: Rule,
  host: CastHost,
  uses: readonly RuleUse[],
  lacking: readonly string[],
  context: RuleContext,
): HostStatus | null {
  const { presence } = host;
  const name = calledOf(host);
  const open = openCandidate(uses, lacking);
  if (open !== null) return open;
  if (wasJudgedOtherwise(context)) return judgedBefore();
  if (leadsToItself(loaded, rule, host, context)) {
    const reason = `it leads to ${name} itself, and what a host says to itself is on no wire`;
    return notEvaluable("own-host", reason, `ask ${name} itself (ss, netstat)`);
  }
  const two = context.judges.context.contested.ofHost(host);
  if (two !== null) return notEvaluable("two-owners", two.says, WHAT_NEXT);
  if (!presence.bothWays) {
    return notEvaluable("one-sided", `no answers to ${name} are in the capture`, "mirror both directions");
  }
  if (!presence.opened) {
    const reason = `no packet in this capture proves that ${name} opened a conversation of its own`;
    return notEvaluable("host-passive", reason, `capture nearer to ${name}`);
  }
  if (!presence.elsewhere && !mayLeadTo(loaded, rule, presence)) {
    const to = [...new Set([...presence.reached].map((far) => far.host.text))].slice(0, 3);
    const reason = `all that ${name} opened here goes to bound hosts (${to.join(", ")}), and beside those a capture sees only what comes in`;
    return notEvaluable("host-passive", reason, `capture nearer to ${name}`);
  }
  const hidden = context.carriers.hiddenIn(host);
  if (hidden !== null) {
    if (hidden.sealed) return sealedIn(name, hidden);
    const reason = `what ${name} asked the proxy ${hidden.responder} for is not in the capture`;
    return notEvaluable("candidate-inconclusive", reason, "capture behind the proxy as well");
  }
  const filter = context.coverage.filtered(
    host,
    rule.over.some(({ transport }) => transport === "eth" || transport === "any"),
  );
  if (filter !== null) {
    const reason = `the capture was filtered (${filter}), and what ${name} would have sent may not have passed`;
    return notEvaluable(
      "filtered",
      reason,
      `capture all that ${name} sends and is sent, such as with host ${host.host.text}`,
    );
  }
  const need = Math.max(context.minSpanSec, rule.everySec ?? 0);
  const span = context.coverage.seconds(host);
  if (span < need) {
    const more = Math.ceil((need - span) / 60);
    const reason = `${name} was seen for ${Math.floor(span)} s${leftOut(host, span, context)}, and this needs ${need} s`;
    const again = context.coverage.setBackSec > 0 ? ", with a clock that is not set meanwhile" : "";
    return notEvaluable("too-short", reason, `capture at least ${more} more minute${more === 1 ? "" : "s"}${again}`);
  }
  const unused = unusedByAll(rule, host, context);
  if (unused !== null) {
    const reason = `no ${unused} of anybody is in the capture, so a filter may have kept it out`;
    return notEvaluable("filtered", reason, `capture without a filter, while something uses ${unused}`);
  }
  if (context.coverage.isDnsAlone(host) && !isDnsToo(rule)) {
    const reason = "all that is in the capture is DNS, as where a filter lets through nothing else";
    return notEvaluable("filtered", reason, "capture without a filter");
  }
  const loss = lossOf(host, context);
  if (loss !== null) return notEvaluable("lossy", loss, "capture again without loss");
  return carriedElsewhere(loaded, rule, host, lacking, context);
}

/** All that a host says may go through a tunnel that it has. */
function sealedIn(name: string, { initiator, responder }: Judged): HostStatus {
  const what = `a tunnel that only its ends can read (${initiator} → ${responder})`;
  return notEvaluable(
    "may-be-carried",
    `${name} has ${what}, and it may be in there`,
    "capture behind the tunnel's other end as well, or while there is none",
  );
}

/** True where the one host that the rule's far end is bound to is the one that would open it. */
function leadsToItself(loaded: LoadedModel, { to }: Rule, { host }: CastHost, { judges }: RuleContext): boolean {
  if (to.kind !== "role" || !host.single) return false;
  const far = judges.context.cast.hosts.filter(({ model, role }) => model === loaded.model.name && role === to.role);
  const own = addressesOf(host);
  return far.length > 0 && far.every((played) => played.host.single && addressesOf(played.host) === own);
}

const addressesOf = ({ addresses }: CastHost["host"]): string =>
  addresses
    .map(({ text }) => text)
    .sort()
    .join();

/** True where the rule leads to a role of hosts with whom this one was seen to talk, whoever of the two called. */
function mayLeadTo({ model, endpoints }: LoadedModel, { to }: Rule, { reached, callers }: Presence): boolean {
  if (to.kind !== "role" && to.kind !== "endpoint") return false;
  const role = to.kind === "role" ? to.role : endpoints.get(to.endpoint)?.role;
  return [...reached, ...callers].some((far) => far.model === model.name && far.role === role);
}

const PROTOCOLS: Readonly<Partial<Record<Transport, number>>> = { tcp: TCP, udp: UDP };

/** The transport that a rule is over, where nobody at all uses it; null where somebody does. */
function unusedByAll({ over }: Rule, host: CastHost, { coverage }: RuleContext): string | null {
  const protocols = over.map(({ transport }) => PROTOCOLS[transport]);
  const isUnused = protocols.every((protocol) => protocol !== undefined && !coverage.uses(protocol, host));
  return isUnused ? [...new Set(over.map(({ transport }) => transport.toUpperCase()))].join(" and no ") : null;
}

function isDnsToo({ over }: Rule): boolean {
  return over.every(
    ({ ports }) => ports.length > 0 && ports.every(({ first, last }) => first === DNS_PORT && last === DNS_PORT),
  );
}

/** What of the time between a host's first and its last packet does not count. */
function leftOut({ presence }: CastHost, span: number, { coverage }: RuleContext): string {
  const rest = presence.lastSec - presence.firstSec - span;
  if (rest <= 0) return "";
  if (coverage.setBackSec === 0) return ", the capture's pauses left out";
  return rest > coverage.setBackSec
    ? ", the capture's pauses and what its clock was set back by left out"
    : `, the ${coverage.setBackSec} s left out by which the capture's clock was set back`;
}

/** What the capture lacks while this host was there, as a clause; null for nothing that is known. */
export function lossOf(host: CastHost, { coverage, damaged }: RuleContext): string | null {
  const drops = coverage.drops(host);
  if (drops > 0) return `the capture lost ${drops} packets while ${calledOf(host)} was there`;
  if (damaged) return "the capture could not be read to its end";
  const holed = coverage.holed(host);
  if (holed === 0) return null;
  const of = holed === 1 ? "a connection" : `${holed} connections`;
  return `packets of ${of} of ${calledOf(host)} are not in the capture, so it does not see everything`;
}

/**
 * A conversation that could be it, and can't be proved: neither seen nor not seen. Also where another rule documents it: two
 * documented names may share an address, and one connection be what both ask for; what shows that it is not fails a clause.
 */
export function openCandidate(uses: readonly RuleUse[], lacking: readonly string[] = []): HostStatus | null {
  const candidate = uses.find(
    (use) => use.how === "candidate" && (lacking.length === 0 || use.member === null || lacking.includes(use.member)),
  );
  if (candidate === undefined) {
    const isOfAny = ({ how, member }: RuleUse): boolean => how === "documented" && member === null;
    if (lacking.length === 0 || !uses.some(isOfAny)) return null;
    const says = `a conversation was with one of ${lacking.join(", ")}, and nothing in it says with which`;
    return notEvaluable("candidate-inconclusive", says, "have the client send a name");
  }
  const { says, decide } = candidate.clause!;
  return notEvaluable("candidate-inconclusive", `a conversation could be it: ${says}`, decide);
}

/** A connection of this host on the rule's own transport and port that may carry it unseen. */
function carriedElsewhere(
  loaded: LoadedModel,
  rule: Rule,
  host: CastHost,
  lacking: readonly string[],
  context: RuleContext,
): HostStatus | null {
  if (rule.to.kind !== "endpoint") return null;
  const endpoint = loaded.endpoints.get(rule.to.endpoint)!;
  const carrier = context.carriers.of(host, rule, endpoint, lacking);
  if (carrier === null) return null;
  const { subject, name } = carrier;
  if (name === null) {
    const reason = `packets of a connection to ${subject.responder} are not in the capture, its hello among them`;
    return notEvaluable("lossy", reason, "capture again without loss");
  }
  const under = subject.serverName ?? "no name";
  return notEvaluable(
    "may-be-carried",
    `an HTTP/2 or HTTP/3 connection to ${subject.responder} (${under}) could be carrying ${lacking.length > 0 ? lacking.join(", ") : names(endpoint, loaded.parameter)}`,
    "look into the program's own log",
  );
}
