/**
 * Does a rule cover a flow? Each clause is tried by itself and says proved, unproved, failed or unobservable, with the
 * frames for and against; what follows from them together is `judge.ts`.
 */
import { parseAddress } from "../address.ts";
import { describeCondition, evaluateCondition } from "../model/conditions.ts";
import { PROXY_ROLE } from "../model/load.ts";
import type { Endpoint, Model, Rule, Target } from "../model/types.ts";
import { appClause } from "./app-clause.ts";
import { askedAll } from "./asked-all.ts";
import { RuleIndex } from "./candidates.ts";
import type { CapsReached } from "./caps.ts";
import { type Cast, foundOut, isGlobal, type Played } from "./cast.ts";
import { type Clause, failed, proved, unproved, weighed } from "./clause.ts";
import { isMemberName } from "./endpoint-names.ts";
import type { TimeContext } from "./expect.ts";
import { overClause, valuedOver } from "./over-clause.ts";
import type { Subject } from "./subject.ts";
import type { SubjectFlow } from "./subject-flow.ts";
import type { Contested } from "./two-owners.ts";
import { upClause } from "./up.ts";
import { isEndpoint, throughProxy, type WhomContext } from "./whom.ts";

export interface LoadedModel {
  model: Model;
  endpoints: ReadonlyMap<string, Endpoint>;
  parameter: (name: string) => string | null;
  index: RuleIndex;
  prepared: (rule: Rule) => PreparedRule;
}

/** What of a rule is the same for every flow. */
interface PreparedRule {
  when: Clause;
  /** It expects no answer. */
  silent: boolean;
  /** Its transports and ports, and its applications, for people. */
  overText: string;
  appText: string;
  /** Clauses "over" by port, transport and side, as they were made. */
  over: Map<number, Clause>;
}

export function loadForJudging(model: Model, parameter: (name: string) => string | null): LoadedModel {
  const endpoints = new Map(model.endpoints.map((endpoint) => [endpoint.name, endpoint]));
  const known = new Map<Rule, PreparedRule>();
  const prepared = (rule: Rule): PreparedRule => {
    let ready = known.get(rule);
    if (ready === undefined) {
      ready = prepareRule(rule, model, parameter);
      known.set(rule, ready);
    }
    return ready;
  };
  return { model, endpoints, parameter, index: new RuleIndex(model, parameter), prepared };
}

function prepareRule(rule: Rule, model: Model, parameter: (name: string) => string | null): PreparedRule {
  return {
    when: whenClause(rule, model, parameter),
    silent: rule.expect.some((e) => e.kind === "reply" && e.value === "none"),
    overText: valuedOver(rule, parameter),
    appText: (rule.apps ?? []).join(" or "),
    over: new Map(),
  };
}

const ALWAYS = proved("when", "always");

/** Whether a rule's condition holds. */
export function conditionOf({ prepared }: LoadedModel, rule: Rule): Clause {
  return rule.when === null ? ALWAYS : prepared(rule).when;
}

function whenClause(rule: Rule, model: Model, parameter: (name: string) => string | null): Clause {
  if (rule.when === null) return ALWAYS;
  const result = evaluateCondition(rule.when, parameter);
  const text = describeCondition(rule.when);
  if (result === true) return proved("when", text);
  if (result === false) return failed("when", "condition-off", `documented only where ${text}`);
  const values = model.parameters.find(({ name }) => name === result.missing)?.values ?? [];
  return unproved(
    "when",
    "parameter-missing",
    `documented where ${text}, and ${result.missing} was not given`,
    `give --set ${result.missing}=${values.length > 0 ? values.join("|") : "VALUE"}`,
  );
}

export interface JudgeContext extends WhomContext, TimeContext {
  cast: Cast;
  /** Caps whose reaching may have kept something from being seen. */
  caps: CapsReached;
  /** Addresses of which nobody can say whose they are. */
  contested: Contested;
  /** The background model's name: its roles judge nobody. */
  backgroundName: string | null;
  /** Who plays no role is judged as well (`--scope all`). */
  everybody: boolean;
}

/** The clause "whom" where all that covers a flow is proved but for who opened it; null where something is not. */
export function coveredBut(
  loaded: LoadedModel,
  rule: Rule,
  subject: Subject,
  flow: SubjectFlow,
  context: JudgeContext,
): Clause | null {
  const { when, silent } = loaded.prepared(rule);
  if (when.result === "failed" || overClause(loaded, rule, subject, flow).result !== "proved") return null;
  if (heardApp(loaded, rule, subject, flow).result !== "proved") return null;
  if (servedHere(upClause(flow, silent), loaded, flow).result !== "proved") return null;
  const whom = heardWhom(loaded, rule, subject, flow, context);
  return whom.result === "proved" ? whom : null;
}

/** Who is sent on to a site of which the document knows nothing was perhaps not served by whom it asked for. */
export function servedHere(up: Clause, { model, parameter }: LoadedModel, { sentOn }: SubjectFlow): Clause {
  if (sentOn === null || up.result !== "proved") return up;
  const { host, frames } = sentOn;
  if (model.endpoints.some((endpoint) => isMemberName(endpoint, host, parameter))) return up;
  return unproved(
    "up",
    "sent-on",
    `every answer sent it on to ${host}, as a portal or a filter on the way does, and some servers do`,
    `find out who ${host} is`,
    frames,
  );
}

export function heardApp(loaded: LoadedModel, rule: Rule, subject: Subject, flow: SubjectFlow): Clause {
  const heard = appClause(loaded, rule, subject, flow);
  if (rule.apps === null) return heard;
  const said = flow.overlaps.length > 0 ? disagreeing(heard, flow) : heard;
  return isKeyed(rule.apps, subject) ? said : wholly(said, flow);
}

/** Documented is media that DTLS makes the keys for (RFC 5764), which nobody but its ends can read. */
const isKeyed = (apps: readonly string[], { app }: Subject): boolean =>
  app === "dtls" && (apps.includes("rtp") || apps.includes("rtcp"));

export function heardWhom(
  loaded: LoadedModel,
  rule: Rule,
  subject: Subject,
  flow: SubjectFlow,
  context: JudgeContext,
): Clause {
  const whom = whomClause(loaded, rule, subject, flow, context);
  return flow.overlaps.length > 0 && rule.to.kind === "endpoint" ? disagreeing(whom, flow) : whom;
}

/** What rests on a stream whose segments disagree is not proved by it: each end may have read the other bytes. */
function disagreeing(clause: Clause, flow: SubjectFlow): Clause {
  if (clause.result !== "proved") return clause;
  const says = `${clause.says}, but other bytes came for the same place, and which arrived no capture tells`;
  const decide = "look at the frames that disagree, and capture at the far end";
  return unproved(clause.clause, "overlap", says, decide, [...clause.support, ...flow.overlaps]);
}

/** Some of its messages are none of the application's: behind them may stand anything. */
function wholly(clause: Clause, flow: SubjectFlow): Clause {
  const count = flow.foreign + flow.foreignFrames.length;
  if (clause.result !== "proved" || count === 0) return clause;
  const why = flow.foreignFrames.at(-1)?.what;
  const some = count === 1 ? "a message" : `${count} messages`;
  const says = `${clause.says}, but ${some} of it could not be read as such${why === undefined ? "" : `: ${why}`}`;
  const found = unproved("app", "other-messages", says, "look at its frames", [
    ...clause.support,
    ...flow.foreignFrames,
  ]);
  return flow.foreign === 0 ? found : { ...found, unlisted: flow.foreign };
}

/** More than an exact name: the site itself says who it is. */
const WEIGHT_ROLE = 5;

// ---- who

/** Proved only of an address that is one host's; what every host does is background, whoever did it. */
export function ofOneHost(who: Clause, { model }: LoadedModel, subject: Subject, context: JudgeContext): Clause {
  if (who.result !== "proved" || model.name === context.backgroundName) return who;
  return context.contested.clause(subject) ?? who;
}

export function whoClause(
  loaded: LoadedModel,
  rule: Rule,
  subject: Subject,
  flow: SubjectFlow,
  over: Clause,
  context: JudgeContext,
): Clause {
  const end = playsTarget("who", loaded, rule, rule.from, subject.initiator, subject.initiatorRoles, context, {
    target: rule.to,
    address: subject.responder,
  });
  if (end.result !== "proved") return end;
  if (subject.by === "port" && !subject.eitherOpens) {
    if (subject.transport === "tcp") {
      return unproved(
        "who",
        "initiator-unknown",
        "the capture begins after it was opened: no packet says by which end",
        "restart the service during the capture",
      );
    }
    // A datagram without client and server: the end with the documented port is the responder.
    if (over.result === "proved" && subject.port === subject.otherPort && rule.from.kind !== rule.to.kind) return end;
    if (over.result === "proved" && subject.port === subject.otherPort) {
      return unproved(
        "who",
        "initiator-unknown",
        "both ends use the documented port, and no message says who asks",
        "nothing in this capture",
      );
    }
  }
  end.support = end.support.length === 0 ? flow.opening : [...end.support, ...flow.opening];
  return end;
}

/** Whether one end plays what a rule names for it. The clause is the caller's own, who may add to it. */
function playsTarget(
  clause: "who" | "whom",
  loaded: LoadedModel,
  rule: Rule,
  target: Target,
  address: string,
  roles: readonly Played[],
  context: JudgeContext,
  other: { target: Target; address: string },
): Clause {
  const model = loaded.model.name;
  switch (target.kind) {
    case "anyone":
      return weighed(clause, "whoever it is", 1);
    case "judged":
      if (roles.some((p) => p.model !== context.backgroundName)) return weighed(clause, `${address} plays a role`, 1);
      if (context.everybody) return weighed(clause, "everybody is judged", 1);
      return failed(clause, "no-rule", `${address} plays no role`);
    case "internet":
      if (roles.some((played) => played.model === model))
        return failed(clause, "no-rule", `${address} is bound to ${roles[0]!.role}`);
      if (isGlobal(address)) return weighed(clause, `${address} is a global address`, 1);
      return failed(clause, "no-rule", `${address} is no global address`);
    case "role": {
      const played = roles.find((p) => p.model === model && p.role === target.role);
      if (played !== undefined) {
        const made = weighed(clause, `${address} is ${target.role}`, WEIGHT_ROLE, played.host.host.text);
        const found = foundOut(address, played);
        return found === null ? made : { ...made, says: found.says, support: [...found.frames] };
      }
      const mine = roles.filter((p) => p.model === model);
      if (mine.length > 0 && mine.every((p) => p.role === PROXY_ROLE)) {
        return unproved(
          clause,
          "inner-unseen",
          `${address} is the proxy: for whom, this connection does not show`,
          "capture the legs to the proxy as well",
        );
      }
      if (mine.length > 0) return failed(clause, "no-rule", `${address} is ${mine[0]!.role}, not ${target.role}`);
      if (context.cast.isInternet(model, target.role)) {
        if (isGlobal(address))
          return weighed(clause, `${address} is a global address, which ${target.role} is bound to`, 1);
        return failed(
          clause,
          "no-rule",
          `${address} is no global address, and ${target.role} is bound to the Internet`,
        );
      }
      if (context.cast.isBound(model, target.role))
        return failed(clause, "no-rule", `${address} is not bound to ${target.role}`);
      if (rule.peer === "internet" && isBoundEnd(loaded, other.target, context.cast) && isGlobal(address)) {
        return weighed(clause, `${address} is a global address, and ${target.role} may be anywhere`, 1);
      }
      if (rule.peer === "inside" && isGlobal(address) && !isGlobal(other.address)) {
        return failed(
          clause,
          "no-rule",
          `${address} is a global address, and ${target.role} is inside the organization unless it is bound to another`,
        );
      }
      return unproved(
        clause,
        "role-not-bound",
        `${address} could be ${target.role}, which is bound to no address`,
        `give --bind ${target.role}=ADDRESS`,
      );
    }
    case "endpoint":
      return failed(clause, "no-rule", "an endpoint opens nothing");
  }
}

/** A role that is bound, or an endpoint whose role is. */
export function isBoundEnd({ model, endpoints }: LoadedModel, end: Target, cast: Cast): boolean {
  const role = end.kind === "role" ? end.role : end.kind === "endpoint" ? endpoints.get(end.endpoint)?.role : undefined;
  return role !== undefined && cast.isBound(model.name, role);
}

// ---- whom

function whomClause(
  loaded: LoadedModel,
  rule: Rule,
  subject: Subject,
  flow: SubjectFlow,
  context: JudgeContext,
): Clause {
  if (flow.heard === null) return whomOf(loaded, rule, subject, flow, context);
  const one = (asked: Subject, by: SubjectFlow): Clause => whomOf(loaded, rule, asked, by, context);
  return askedAll(one, { model: loaded.model.name, rule }, subject, flow, context.cast);
}

/** Of a far end that is one host. */
function whomOf(loaded: LoadedModel, rule: Rule, subject: Subject, flow: SubjectFlow, context: JudgeContext): Clause {
  const { to } = rule;
  if (to.kind !== "endpoint") {
    const { responder, responderRoles } = subject;
    const end = playsTarget("whom", loaded, rule, to, responder, responderRoles, context, {
      target: rule.from,
      address: subject.initiator,
    });
    return throughProxy(end, subject, flow);
  }
  const endpoint = loaded.endpoints.get(to.endpoint)!;
  const bound = subject.responderRoles.some((played) => played.model === loaded.model.name && !played.host.outside);
  const known = contextOf(loaded, context);
  const host = subject.responderRoles.find((p) => p.model === loaded.model.name && p.role === endpoint.role);
  if (host === undefined) return throughProxy(isEndpoint(endpoint, subject, flow, bound, known), subject, flow);
  const own = isEndpoint(withAddress(endpoint, subject.responder, loaded), subject, flow, false, known);
  const clause = throughProxy(own, subject, flow);
  if (clause.result !== "proved" || clause.member !== subject.responder) return clause;
  const frames = foundOut(subject.responder, host)?.frames ?? [];
  const support = frames.length === 0 ? clause.support : [...clause.support, ...frames];
  return { ...clause, says: `the far end is bound to ${endpoint.role}`, weight: WEIGHT_ROLE, support };
}

/** With the model's own parameters. */
function contextOf(loaded: LoadedModel, context: WhomContext): WhomContext {
  let known = CONTEXTS.get(loaded);
  if (known === undefined || known.of !== context) {
    known = { of: context, made: { ...context, parameter: loaded.parameter } };
    CONTEXTS.set(loaded, known);
  }
  return known.made;
}
const CONTEXTS = new WeakMap<LoadedModel, { of: WhomContext; made: WhomContext }>();

/** The bound host's address is one of the endpoint's own; a name that nobody gave then does not matter. */
function withAddress(endpoint: Endpoint, text: string, { parameter }: LoadedModel): Endpoint {
  const address = parseAddress(text);
  if (address === null) return endpoint;
  const own = { text, family: address.family, first: address.hex, last: address.hex };
  const hosts = endpoint.hosts.filter((host) => host.parameter === null || parameter(host.parameter) !== null);
  return { ...endpoint, hosts, addresses: [own, ...endpoint.addresses] };
}
