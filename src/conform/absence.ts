/**
 * "Missing" is a claim about the world: made only where this capture could have shown the opposite. Here are the reasons
 * why it could not, each with what would change that.
 */
import { matchesName } from "../model/names.ts";
import type { Endpoint, Rule } from "../model/types.ts";
import type { CastHost } from "./cast.ts";
import type { LoadedModel } from "./cover.ts";
import type { RuleUse } from "./judge.ts";
import { type HostStatus, notEvaluable, type RuleContext } from "./rule-status.ts";
import type { Subject } from "./subject.ts";
import type { SubjectFlow } from "./subject-flow.ts";
import { names } from "./whom.ts";

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
  const name = host.host.text;
  const candidate = uses.find(
    (use) => use.how === "candidate" && (lacking.length === 0 || use.member === null || lacking.includes(use.member)),
  );
  if (candidate !== undefined) {
    const { says, decide } = candidate.clause!;
    return notEvaluable("candidate-inconclusive", `a conversation could be it: ${says}`, decide);
  }
  if (!presence.bothWays) {
    return notEvaluable("one-sided", `no answers to ${name} are in the capture`, "mirror both directions");
  }
  if (!presence.opened) {
    const reason = `no packet in this capture proves that ${name} opened a conversation of its own`;
    return notEvaluable("host-passive", reason, `capture nearer to ${name}`);
  }
  const hidden = context.judgements.find(
    ({ code, subject }) => code === "inner-unseen" && subject.initiatorRoles.some((played) => played.host === host),
  );
  if (hidden !== undefined) {
    const reason = `what ${name} asked the proxy ${hidden.subject.responder} for is not in the capture`;
    return notEvaluable("candidate-inconclusive", reason, "capture behind the proxy as well");
  }
  const need = Math.max(context.minSpanSec, rule.everySec ?? 0);
  const span = presence.lastSec - presence.firstSec;
  if (span < need) {
    const more = Math.ceil((need - span) / 60);
    const reason = `${name} was seen for ${Math.floor(span)} s, and this needs ${need} s`;
    return notEvaluable("too-short", reason, `capture at least ${more} more minute${more === 1 ? "" : "s"}`);
  }
  if (context.damaged || context.drops > 0) {
    const reason =
      context.drops > 0 ? `the capture lost ${context.drops} packets` : "the capture could not be read to its end";
    return notEvaluable("lossy", reason, "capture again without loss");
  }
  return carriedElsewhere(loaded, rule, host, context);
}

/** A connection of this host on the rule's own transport and port that may carry it unseen. */
function carriedElsewhere(loaded: LoadedModel, rule: Rule, host: CastHost, context: RuleContext): HostStatus | null {
  if (rule.to.kind !== "endpoint") return null;
  const endpoint = loaded.endpoints.get(rule.to.endpoint)!;
  const { dns } = context.judges.context;
  for (const { subject } of context.judgements) {
    if (!subject.initiatorRoles.some((played) => played.host === host) || !sharesPort(rule, subject)) continue;
    const holed = subject.flows.find((flow) => flow.holed);
    if (holed !== undefined && endpoint.hosts.length > 0) {
      const reason = `packets of a connection to ${subject.responder} are not in the capture, its hello among them`;
      return notEvaluable("lossy", reason, "capture again without loss");
    }
    const carrier = subject.flows.find(mayCarryMore);
    if (carrier === undefined) continue;
    const { own } = dns.namesOf(subject.realm, subject.responder, subject.addresses, carrier.lastSec, carrier.lastNsec);
    if (!own.some((answer) => isNamed(endpoint, answer.name))) continue;
    const under = subject.serverName ?? "no name";
    return notEvaluable(
      "may-be-carried",
      `an HTTP/2 or HTTP/3 connection to ${subject.responder} (${under}) could be carrying ${names(endpoint, loaded.parameter)}`,
      "look into the program's own log",
    );
  }
  return null;
}

function sharesPort(rule: Rule, subject: Subject): boolean {
  const { port } = subject;
  if (port === null) return false;
  return rule.over.some(
    (over) =>
      over.transport === subject.transport && over.ports.some(({ first, last }) => port >= first && port <= last),
  );
}

function isNamed(endpoint: Endpoint, name: string): boolean {
  return endpoint.hosts.some((pattern) => pattern.parameter === null && matchesName(pattern, name));
}

/** One connection for several names: HTTP/2 or HTTP/3, chosen in sight or, where the choice is encrypted, offered. */
function mayCarryMore(flow: SubjectFlow): boolean {
  if (flow.outcome !== "established" && flow.outcome !== "answered") return false;
  let offered = false;
  for (const { fact } of flow.sightings) {
    if (fact.kind === "inner") return fact.app === "http2" || fact.app === "http3";
    if (fact.kind === "field" && fact.field === "tls.alpn") return /^h[23]/.test(String(fact.value));
    if (fact.kind === "field" && fact.field === "tls.alpn-offered")
      offered ||= /(?:^|,)h[23](?:,|-|$)/.test(String(fact.value));
  }
  return offered;
}
