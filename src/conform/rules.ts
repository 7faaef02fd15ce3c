/**
 * One status a rule: the worst of its hosts. Each address bound singly to the from-role that appears in the capture is
 * judged by itself, a CIDR as a whole. "Missing" and "blocked" are said only where the capture could have shown the
 * opposite (`verdicts.md`: "One status a rule").
 */

import { matchesName } from "../model/names.ts";
import type { Endpoint, Rule, Target } from "../model/types.ts";
import type { Lookup } from "../observe/lookups.ts";
import { DEFAULT_REALM } from "../observe/observation.ts";
import type { FrameRef, RuleHostRow, RuleStatus } from "../report/result.ts";
import type { CastHost } from "./cast.ts";
import type { LoadedModel } from "./cover.ts";
import type { Judgement, Judges, RuleUse } from "./judge.ts";
import type { RuleReason } from "./reasons.ts";
import { inRange, names } from "./whom.ts";

export interface RuleJudgement {
  loaded: LoadedModel;
  rule: Rule;
  status: RuleStatus;
  code: RuleReason;
  reason: string;
  remedy: string | null;
  hosts: RuleHostRow[];
  evidence: FrameRef[];
  conversations: number;
}

export interface RuleContext {
  judges: Judges;
  judgements: readonly Judgement[];
  lookups: readonly Lookup[];
  minSpanSec: number;
  /** The capture's own count of lost packets, and whether reading ended early or a cap cut something off. */
  drops: number;
  damaged: boolean;
}

interface HostStatus {
  status: RuleStatus;
  code: RuleReason;
  reason: string;
  remedy: string | null;
  evidence: FrameRef[];
}

/** Statuses, worst first. */
const PRECEDENCE: readonly RuleStatus[] = [
  "violated",
  "blocked",
  "partial",
  "missing",
  "not-evaluable",
  "met",
  "unused",
];

export function judgeRules(context: RuleContext): RuleJudgement[] {
  const uses = new Map<string, RuleUse[]>();
  for (const judgement of context.judgements) {
    for (const use of judgement.uses) {
      const key = `${use.loaded.model.name}/${use.rule.id}`;
      const list = uses.get(key);
      if (list === undefined) uses.set(key, [use]);
      else list.push(use);
    }
  }
  const equals = equalRules(context.judgements);
  const judged: RuleJudgement[] = [];
  for (const loaded of context.judges.models) {
    for (const rule of loaded.model.rules) {
      judged.push(judgeRule(loaded, rule, uses.get(`${loaded.model.name}/${rule.id}`) ?? [], equals, context));
    }
  }
  return settleFallbacks(judged);
}

/** Rules that some conversation fits as well as another of the same model: key of the rule → id of the other. */
function equalRules(judgements: readonly Judgement[]): Map<string, string> {
  const equals = new Map<string, string>();
  for (const { documentedBy } of judgements) {
    for (const use of documentedBy) {
      const rival = documentedBy.find(
        (other) =>
          other.rule !== use.rule &&
          other.loaded === use.loaded &&
          other.weight === use.weight &&
          other.fromHost === use.fromHost,
      );
      if (rival !== undefined) equals.set(`${use.loaded.model.name}/${use.rule.id}`, rival.rule.id);
    }
  }
  return equals;
}

function judgeRule(
  loaded: LoadedModel,
  rule: Rule,
  uses: readonly RuleUse[],
  equals: Map<string, string>,
  context: RuleContext,
): RuleJudgement {
  const make = (status: HostStatus, hosts: RuleHostRow[]): RuleJudgement => ({
    loaded,
    rule,
    ...status,
    hosts,
    conversations: uses.length,
  });
  const when = loaded.when.get(rule.id)!;
  if (when.result === "failed") return make(notEvaluable("condition-off", when.says, null), []);
  if (when.result === "unproved") return make(notEvaluable("parameter-missing", when.says, when.decide), []);
  const violations = uses.filter((use) => use.how === "violated");
  if (violations.length > 0) return make(violatedStatus(rule, uses, violations), []);
  for (const target of [rule.from, rule.to]) {
    if (target.kind !== "role" || context.judges.context.cast.isBound(loaded.model.name, target.role)) continue;
    if (
      rule.peer === "internet" &&
      (rule.from.kind !== "role" || rule.to.kind !== "role" || otherBound(loaded, rule, target, context))
    )
      continue;
    return make(
      notEvaluable("role-not-bound", `${target.role} is bound to no address`, `give --bind ${target.role}=ADDRESS`),
      [],
    );
  }
  const from = rule.from.kind === "role" ? rule.from.role : null;
  const hosts =
    from === null
      ? []
      : context.judges.context.cast.hosts.filter(
          (host) => host.model === loaded.model.name && host.role === from && !host.outside,
        );
  if (hosts.length === 0) return make(withoutHosts(loaded, rule, uses, equals, context), []);
  const rows: RuleHostRow[] = [];
  let worst: HostStatus | null = null;
  for (const host of hosts) {
    const status = judgeHost(
      loaded,
      rule,
      host,
      uses.filter((use) => use.fromHost === host.host.text),
      equals,
      context,
    );
    rows.push({
      realm: host.realm ?? DEFAULT_REALM,
      host: host.host.text,
      status: status.status,
      reason: status.reason,
    });
    // A host that never appears counts only where none appears.
    const absent = status.code === "host-not-seen";
    if (worst === null || (worst.code === "host-not-seen" && !absent)) worst = status;
    else if (!absent && PRECEDENCE.indexOf(status.status) < PRECEDENCE.indexOf(worst.status)) worst = status;
  }
  return make(worst!, rows);
}

function otherBound(loaded: LoadedModel, rule: Rule, target: Target, context: RuleContext): boolean {
  const other = target === rule.from ? rule.to : rule.from;
  return other.kind === "role" && context.judges.context.cast.isBound(loaded.model.name, other.role);
}

/** A rule whose opener is nobody in particular: the Internet, or anyone. */
function withoutHosts(
  loaded: LoadedModel,
  rule: Rule,
  uses: readonly RuleUse[],
  equals: Map<string, string>,
  context: RuleContext,
): HostStatus {
  const met = metStatus(loaded, rule, uses, equals);
  if (met !== null) return met;
  const tried = blockedStatus(rule, uses, context, null);
  if (tried !== null) return tried;
  if (rule.requirement === "optional" || rule.on !== null || isUnwanted(rule)) return unused(rule);
  return notEvaluable(
    "peer-unknown",
    "nobody can say from a capture whether the far end wanted to open it",
    "open it from outside during the capture",
  );
}

function judgeHost(
  loaded: LoadedModel,
  rule: Rule,
  host: CastHost,
  uses: readonly RuleUse[],
  equals: Map<string, string>,
  context: RuleContext,
): HostStatus {
  const met = metStatus(loaded, rule, uses, equals);
  if (met !== null && met.status === "not-evaluable") return met;
  const members = membersOf(loaded, rule);
  const used = new Set(uses.filter((use) => use.how === "documented").map((use) => use.member));
  const lacking = met === null ? members : members.filter((member) => !used.has(member));
  if (met !== null && lacking.length === 0) return met;

  const name = host.host.text;
  if (met === null) {
    const blocked = blockedStatus(rule, uses, context, host);
    if (blocked !== null) return blocked;
  }
  if (rule.requirement === "optional" || rule.on !== null || isUnwanted(rule)) return met ?? unused(rule);
  const blind = couldNotShow(loaded, rule, host, uses, lacking, context);
  if (met !== null) {
    if (blind !== null) {
      return notEvaluable(
        blind.code,
        `${used.size} of ${members.length} endpoints were used; of ${lacking.join(", ")} this capture can't say: ${blind.reason}`,
        blind.remedy,
      );
    }
    return {
      status: "partial",
      code: "partial",
      reason: `${name} used ${[...used].join(", ")} and not ${lacking.join(", ")}`,
      remedy: `find out why ${name} does not use ${lacking.join(", ")}`,
      evidence: met.evidence,
    };
  }
  if (blind !== null) return blind;
  const minutes = Math.floor((host.presence.lastSec - host.presence.firstSec) / 60);
  return {
    status: "missing",
    code: "missing",
    reason: `${name} was seen for ${minutes} minutes and never opened it`,
    remedy: `check that ${name} is configured for it and that ${whatFor(loaded, rule)} is let through`,
    evidence: [],
  };
}

/** `tcp/443 to api-us…`, for the sentence to the firewall team. */
function whatFor(loaded: LoadedModel, rule: Rule): string {
  const over = rule.over.map((o) => o.text).join(" or ");
  return `${over} to ${targetText(loaded, rule.to)}`;
}

export function targetText(loaded: LoadedModel, target: Target): string {
  switch (target.kind) {
    case "role":
      return `role:${target.role}`;
    case "endpoint":
      return endpointText(loaded.endpoints.get(target.endpoint)!);
    case "internet":
      return "internet";
    case "anyone":
    case "judged":
      return target.kind;
  }
}

export function endpointText(endpoint: Endpoint): string {
  return (
    [...endpoint.hosts.map((host) => host.text), ...endpoint.addresses.map((range) => range.text)].join(",") ||
    endpoint.ranges ||
    endpoint.name
  );
}

/** Members of an endpoint of which each is needed; empty where one is enough. */
function membersOf(loaded: LoadedModel, rule: Rule): string[] {
  if (rule.to.kind !== "endpoint") return [];
  const endpoint = loaded.endpoints.get(rule.to.endpoint)!;
  if (endpoint.need !== "each") return [];
  return endpoint.hosts.length > 0
    ? endpoint.hosts.map((host) => host.text)
    : endpoint.addresses.map((range) => range.text);
}

function isUnwanted(rule: Rule): boolean {
  return rule.requirement === "forbidden" || rule.requirement === "retired";
}

function metStatus(
  loaded: LoadedModel,
  rule: Rule,
  uses: readonly RuleUse[],
  equals: Map<string, string>,
): HostStatus | null {
  const documented = uses.filter((use) => use.how === "documented");
  if (documented.length === 0) return null;
  const twin = equals.get(`${loaded.model.name}/${rule.id}`);
  if (twin !== undefined) {
    return notEvaluable(
      "same-as",
      `cannot be told from ${twin}: the evidence fits both equally`,
      "bind the roles to different addresses",
    );
  }
  const use = documented[0]!;
  return {
    status: "met",
    code: "met",
    reason: `${documented.length} flow(s), among them: ${use.tried.whom.says}`,
    remedy: null,
    evidence: [...use.tried.who.support, ...use.tried.whom.support, ...use.tried.up.support],
  };
}

function violatedStatus(rule: Rule, uses: readonly RuleUse[], violations: readonly RuleUse[]): HostStatus {
  const clean = uses.filter((use) => use.how === "documented").length;
  const first = violations[0]!;
  const broken = first.tried.broken;
  if (broken === null) {
    return {
      status: "violated",
      code: "touched",
      reason: `it is ${rule.requirement}, and ${violations.length} flow(s) used it`,
      remedy: "find out what opened it",
      evidence: [...first.tried.who.support],
    };
  }
  return {
    status: "violated",
    code: "expectation-broken",
    reason: `${violations.length} flow(s) break it, ${clean} keep it: ${broken.clause.says}`,
    remedy: null,
    evidence: [...broken.clause.against],
  };
}

/** Attempted, and no attempt came up. A positive refusal is enough; silence alone is not. */
function blockedStatus(
  rule: Rule,
  uses: readonly RuleUse[],
  context: RuleContext,
  host: CastHost | null,
): HostStatus | null {
  const attempts = uses.filter((use) => use.how === "attempted");
  const refused = attempts.filter((use) => use.flow.outcome !== "unanswered");
  if (refused.length > 0) {
    const { flow, tried } = refused[0]!;
    const how = {
      refused: "refused by RST",
      unreachable: "answered by an ICMP error",
      failed: "ended by an alert before it came up",
    };
    const said = how[flow.outcome as keyof typeof how] ?? flow.outcome;
    return {
      status: "blocked",
      code: "refused",
      reason: `${attempts.length} attempt(s), none came up: ${said}`,
      remedy: `allow ${rule.over.map((over) => over.text).join(" or ")} from ${host?.host.text ?? "there"}${tried.whom.member === undefined ? "" : ` to ${tried.whom.member}`} (documented under ${rule.cite[0]?.section ?? rule.id})`,
      evidence: [...tried.who.support, ...tried.up.against],
    };
  }
  const unanswered = host === null ? [] : refusedNames(rule, host, context);
  if (attempts.length === 0 && unanswered.length > 0) {
    const lookup = unanswered[0]!;
    return {
      status: "blocked",
      code: "name-refused",
      reason: `${lookup.server} told ${lookup.client} that ${lookup.name} does not exist (NXDOMAIN)`,
      remedy: `let the resolver ${lookup.server} resolve ${lookup.name}`,
      evidence: [{ capture_id: lookup.capture, frame: lookup.frame, what: `look-up of ${lookup.name}` }],
    };
  }
  if (attempts.length > 0) {
    return notEvaluable(
      "replies-not-visible",
      `${attempts.length} attempt(s) without an answer; this capture does not prove that answers would be in it`,
      "mirror both directions of the host's uplink, and look whether a firewall drops it",
    );
  }
  return null;
}

/** Look-ups of this host for exactly the rule's names that were answered NXDOMAIN, where none of them succeeded. */
function refusedNames(rule: Rule, host: CastHost, context: RuleContext): Lookup[] {
  const loaded = context.judges.models.find((model) => model.model.rules.includes(rule))!;
  if (rule.to.kind !== "endpoint") return [];
  const { hosts } = loaded.endpoints.get(rule.to.endpoint)!;
  const exact = new Set(hosts.filter((pattern) => !pattern.text.includes("*")).map((pattern) => pattern.text));
  const asked = context.lookups.filter((lookup) => exact.has(lookup.name) && addressOf(host, lookup.client));
  if (asked.some((lookup) => lookup.result !== "NXDOMAIN")) return [];
  return asked;
}

function addressOf(host: CastHost, address: string): boolean {
  return host.host.addresses.some((range) => inRange(range, address));
}

/** Why this capture can't say that the rule is not used by this host; null where it can. */
function couldNotShow(
  loaded: LoadedModel,
  rule: Rule,
  host: CastHost,
  uses: readonly RuleUse[],
  lacking: readonly string[],
  context: RuleContext,
): HostStatus | null {
  const { presence } = host;
  const name = host.host.text;
  if (presence.firstSec === Number.POSITIVE_INFINITY) {
    return notEvaluable(
      "host-not-seen",
      `${name} never appears in the capture`,
      `check the binding of ${host.role}, and the place of the capture`,
    );
  }
  const candidate = uses.find(
    (use) => use.how === "candidate" && (lacking.length === 0 || use.member === null || lacking.includes(use.member)),
  );
  if (candidate !== undefined) {
    return notEvaluable(
      "candidate-inconclusive",
      `a conversation could be it: ${candidate.clause!.says}`,
      candidate.clause!.decide,
    );
  }
  if (!presence.bothWays)
    return notEvaluable("one-sided", `no answers to ${name} are in the capture`, "mirror both directions");
  if (!presence.opened)
    return notEvaluable(
      "host-passive",
      `${name} opened no conversation of its own in this capture`,
      `capture nearer to ${name}`,
    );
  const need = Math.max(context.minSpanSec, rule.everySec ?? 0);
  const span = presence.lastSec - presence.firstSec;
  if (span < need) {
    const more = Math.ceil((need - span) / 60);
    return notEvaluable(
      "too-short",
      `${name} was seen for ${Math.floor(span)} s, and this needs ${need} s`,
      `capture at least ${more} more minute(s)`,
    );
  }
  if (context.damaged || context.drops > 0) {
    return notEvaluable(
      "lossy",
      context.drops > 0 ? `the capture lost ${context.drops} packets` : "the capture could not be read to its end",
      "capture again without loss",
    );
  }
  return carriedElsewhere(loaded, rule, host, context);
}

/** An HTTP/2 connection of this host, opened under another name, on an address that is the rule's by DNS. */
function carriedElsewhere(loaded: LoadedModel, rule: Rule, host: CastHost, context: RuleContext): HostStatus | null {
  if (rule.to.kind !== "endpoint") return null;
  const endpoint = loaded.endpoints.get(rule.to.endpoint)!;
  const { dns } = context.judges.context;
  for (const { subject } of context.judgements) {
    if (!subject.initiatorRoles.some((played) => played.host === host)) continue;
    const over = rule.over.some(
      (o) =>
        o.transport === subject.transport &&
        o.ports.some((p) => subject.port !== null && subject.port >= p.first && subject.port <= p.last),
    );
    if (!over || (subject.app !== "tls" && subject.app !== "quic")) continue;
    const carrier = subject.flows.find(
      (flow) =>
        flow.outcome === "established" &&
        flow.sightings.some(({ fact }) => fact.kind === "inner" && (fact.app === "http2" || fact.app === "http3")),
    );
    if (carrier === undefined) continue;
    const { own } = dns.namesOf(subject.realm, subject.responder, subject.initiator, carrier.lastSec, carrier.lastNsec);
    if (
      !own.some((answer) =>
        endpoint.hosts.some((pattern) => pattern.parameter === null && matchesName(pattern, answer.name)),
      )
    )
      continue;
    return notEvaluable(
      "may-be-carried",
      `an HTTP/2 connection to ${subject.responder} (${subject.serverName ?? "no name"}) could be carrying ${names(endpoint)}`,
      "look into the program's own log",
    );
  }
  return null;
}

function unused(rule: Rule): HostStatus {
  const why = isUnwanted(rule)
    ? `${rule.requirement}, and nothing touched it`
    : rule.on === null
      ? "optional, and not seen"
      : `only on ${rule.on}, and not seen`;
  return { status: "unused", code: "unused", reason: why, remedy: null, evidence: [] };
}

function notEvaluable(code: RuleReason, reason: string, remedy: string | null): HostStatus {
  return { status: "not-evaluable", code, reason, remedy, evidence: [] };
}

/** A rule that another one makes needless: not seen is no fault while that one is met. */
function settleFallbacks(judged: RuleJudgement[]): RuleJudgement[] {
  return judged.map((result) => {
    const { fallbackFor } = result.rule;
    if (fallbackFor === null || result.status !== "missing") return result;
    const first = judged.find((other) => other.loaded === result.loaded && other.rule.id === fallbackFor);
    if (first === undefined || first.status === "blocked" || first.status === "missing") return result;
    if (first.status === "met")
      return { ...result, ...unused(result.rule), reason: `needed only if ${fallbackFor} fails` };
    return {
      ...result,
      ...notEvaluable("fallback", `needed only if ${fallbackFor} fails, of which this capture can't say`, first.remedy),
    };
  });
}
