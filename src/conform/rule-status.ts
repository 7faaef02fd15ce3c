/** What the parts of a rule's status are made of, for `rules.ts`, `blocked.ts` and `absence.ts`. */
import type { Endpoint, Rule } from "../model/types.ts";
import type { Conversations } from "../observe/conversations.ts";
import { hostKey, NO_USES, ruleKey, type UseSums, usesOf } from "../observe/departed-uses.ts";
import type { Lookup } from "../observe/lookups.ts";
import type { FrameRef, RuleHostRow, RuleStatus } from "../report/result.ts";
import type { Carriers } from "./carriers.ts";
import type { CastHost } from "./cast.ts";
import { type Clause, unproved } from "./clause.ts";
import type { LoadedModel } from "./cover.ts";
import type { Coverage } from "./coverage.ts";
import { inRange, isMemberName } from "./endpoint-names.ts";
import type { Judges } from "./judge.ts";
import type { Judged } from "./judged.ts";
import type { RuleReason } from "./reasons.ts";

export interface RuleJudgement {
  loaded: LoadedModel;
  rule: Rule;
  status: RuleStatus;
  code: RuleReason;
  reason: string;
  remedy: string | null;
  hosts: RuleHostRow[];
  /** What the rows of `hosts` are made of, in their order. */
  each: readonly HostStatus[];
  evidence: FrameRef[];
  conversations: number;
}

export interface RuleContext {
  judges: Judges;
  conversations: Conversations;
  judgements: readonly Judged[];
  /** The same by the conversation's number; made when first asked for. */
  byConversation: () => ReadonlyMap<number, Judged>;
  lookups: readonly Lookup[];
  /** Places in `lookups` by the name that was asked for. */
  lookedUp: ReadonlyMap<string, readonly number[]>;
  carriers: Carriers;
  minSpanSec: number;
  /** What the captures could see, and when. */
  coverage: Coverage;
  /** Time of the capture's last packet: how long silence could have been broken. */
  lastSec: number;
  /** Reading ended early, or a cap cut something off. */
  damaged: boolean;
}

export interface HostStatus {
  status: RuleStatus;
  code: RuleReason;
  reason: string;
  remedy: string | null;
  evidence: FrameRef[];
  /** Some of its endpoints were used: what is said is of the others. */
  ofOthers?: true;
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

/** The worst of a rule's hosts; one that never appears counts only where none appears. */
export function worstOf(each: readonly HostStatus[]): HostStatus {
  const there = each.filter(({ code }) => code !== "host-not-seen");
  const [first, ...rest] = there.length > 0 ? there : each;
  return rest.reduce(
    (worst, one) => (PRECEDENCE.indexOf(one.status) < PRECEDENCE.indexOf(worst.status) ? one : worst),
    first!,
  );
}

export function unused(rule: Rule): HostStatus {
  const why = isUnwanted(rule)
    ? `${rule.requirement}, and nothing touched it`
    : rule.on === null
      ? "optional, and not seen"
      : `only on ${rule.on}, and not seen`;
  return { status: "unused", code: "unused", reason: why, remedy: null, evidence: [] };
}

export function notEvaluable(code: RuleReason, reason: string, remedy: string | null): HostStatus {
  return { status: "not-evaluable", code, reason, remedy, evidence: [] };
}

/** No answer, in a capture whose clock was set back: what else happened at that time is not known. `tried`: who tried what. */
export function silenceUntimed(tried: string): HostStatus {
  const reason = `${tried} and nothing came back, but the capture's clock was set back, so nobody knows what was answered at that time`;
  return notEvaluable("clock-set-back", reason, "capture again with a clock that is not set meanwhile");
}

/** No answer, in a capture that lacks packets of that time: the answer may be among them. */
export function silenceInLoss(tried: string, loss: string): HostStatus {
  return notEvaluable("lossy", `${tried} and nothing came back, but ${loss}`, "capture again without loss");
}

/** No answer over IP, in a capture that was filtered: the answer may not have passed. Null where the host's whole traffic did. */
export function silenceFiltered(tried: string, host: CastHost | null, { coverage }: RuleContext): HostStatus | null {
  const filter = host === null ? null : coverage.filtered(host, false);
  if (filter === null) return null;
  const reason = `${tried} and nothing came back, but the capture was filtered (${filter}), and an answer may not have passed`;
  return notEvaluable("filtered", reason, `capture all that ${host!.host.text} sends and is sent`);
}

/** What is in violation of one rule meets no other, and of what was not read whole nobody knows whether it is: yet it is there. */
export function heldBack({ verdict, code, uses }: Judged): Clause | null {
  if (code === "cap-reached") return uses.find(({ clause }) => clause?.reason === code)?.clause ?? null;
  const broken = verdict === "violation" ? uses.find(({ how }) => how === "violated") : undefined;
  if (broken === undefined) return null;
  const says = `it is in violation of ${broken.loaded.model.name}/${broken.rule.id}, and meets no other rule`;
  return unproved("expect", "expectation-unproved", says, "settle that violation first");
}

/** Forbidden or retired: nothing to be missed. */
export function isUnwanted(rule: Rule): boolean {
  return rule.requirement === "forbidden" || rule.requirement === "retired";
}

/** True where an address, as text, belongs to a bound host. */
function isHost(host: CastHost, address: string): boolean {
  return host.host.addresses.some((range) => inRange(range, address));
}

/** An endpoint's names and patterns, with the parameters' values in them; as written where none was given. */
export function hostTexts(loaded: LoadedModel, endpoint: Endpoint): string[] {
  return endpoint.hosts.map(({ text, parameter }) =>
    parameter === null ? text : (loaded.parameter(parameter) ?? text),
  );
}

/**
 * The look-ups in which this host asked for exactly one of the rule's names. A pattern is nobody's name, so of what it fits only
 * that counts which no other row names, and only where the rule has to be used: a name tried at random may well not exist.
 */
export function lookupsOf(loaded: LoadedModel, rule: Rule, host: CastHost, context: RuleContext): Lookup[] {
  if (rule.to.kind !== "endpoint" || context.lookups.length === 0) return [];
  const endpoint = loaded.endpoints.get(rule.to.endpoint)!;
  const exact = new Set(hostTexts(loaded, endpoint).filter(isExact));
  const places = [...exact].flatMap((name) => context.lookedUp.get(name) ?? []);
  if (rule.requirement !== "optional") places.push(...placesByPattern(loaded, endpoint, context));
  return places
    .sort((a, b) => a - b)
    .map((at) => context.lookups[at]!)
    .filter((lookup) => isAskedBy(host, lookup, context));
}

/** An address is another host in each realm. */
function isAskedBy(host: CastHost, { client, realm }: Lookup, { conversations: { seen } }: RuleContext): boolean {
  return isHost(host, client) && (host.realm ?? seen.realms[realm]) === seen.realms[realm];
}

/** Whether a resolver's search list made of the name another one that gave this host an address. */
export function wasCompleted(name: string, host: CastHost, context: RuleContext): boolean {
  return context.lookups.some(
    (lookup) => lookup.result === "NOERROR" && lookup.name.startsWith(`${name}.`) && isAskedBy(host, lookup, context),
  );
}

const isExact = (name: string): boolean => !name.includes("*");

/** Places in `lookups` of names that only a pattern of the endpoint fits. */
function placesByPattern(loaded: LoadedModel, endpoint: Endpoint, { lookedUp }: RuleContext): readonly number[] {
  if (endpoint.hosts.every(({ text }) => isExact(text))) return [];
  const found = BY_PATTERN.get(lookedUp) ?? new Map<Endpoint, readonly number[]>();
  BY_PATTERN.set(lookedUp, found);
  let places = found.get(endpoint);
  if (places === undefined) {
    const named = new Set(loaded.model.endpoints.flatMap((other) => hostTexts(loaded, other)));
    places = [...lookedUp]
      .filter(([name]) => !named.has(name) && isMemberName(endpoint, name, loaded.parameter))
      .flatMap(([, at]) => at);
    found.set(endpoint, places);
  }
  return places;
}
/** Of each judgement: a host asks for it as often as there are hosts. */
const BY_PATTERN = new WeakMap<RuleContext["lookedUp"], Map<Endpoint, readonly number[]>>();

/** Of a live run that was told to judge by something else, what has left its memory before may be what is asked for now. */
export function perhapsBefore(status: HostStatus | null, context: RuleContext): HostStatus | null {
  return status?.status === "blocked" && wasJudgedOtherwise(context) ? judgedBefore() : status;
}

/** "Nothing touched it" is said of all there was. */
export function unusedHere(rule: Rule, context: RuleContext): HostStatus {
  return wasJudgedOtherwise(context) ? judgedBefore() : unused(rule);
}

export const wasJudgedOtherwise = ({ conversations }: RuleContext): boolean =>
  conversations.seen.departed?.judgedOtherwise === true;

export function judgedBefore(): HostStatus {
  const reason = "models, site or bindings were loaded anew, and conversations that had left memory by then may be it";
  return notEvaluable("judged-before", reason, "`wirepact check` of the database judges all of them anew");
}

/** What conversations that have left a live run's memory count for in its status, for a host or for all: others that stay say the rest. */
export function departedUses(
  loaded: LoadedModel,
  rule: Rule,
  host: CastHost | null,
  { conversations }: RuleContext,
): UseSums {
  const { departed } = conversations.seen;
  if (departed === undefined) return NO_USES; // without a key for each of many rules
  const key = host === null ? null : hostKey(host.realm, host.host.text);
  return usesOf(departed.uses, ruleKey(loaded.model.name, rule.id), key);
}
