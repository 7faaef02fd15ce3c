/**
 * Would this connection be documented? The question people ask before they open a firewall, answered by the same clauses
 * as a capture: a conversation is made up that came up and shows whom it is with, and each rule is tried on it.
 */

import { parseAddress } from "../address.ts";
import type { Sighting } from "../decode/facts.ts";
import { CapCounter } from "../limits.ts";
import type { BoundHost } from "../model/bind.ts";
import type { Model, Rule, Target } from "../model/types.ts";
import { DnsEvidence } from "../observe/dns-evidence.ts";
import { newObservation } from "../observe/observation.ts";
import { NO_OPERATIONS } from "../observe/operations.ts";
import type { NearestMiss } from "../report/result.ts";
import { appsAt } from "./app-clause.ts";
import { NO_CAPS } from "./caps.ts";
import { Cast, type Played } from "./cast.ts";
import { type Clause, failed } from "./clause.ts";
import { loadForJudging } from "./cover.ts";
import { nearestMiss } from "./nearest.ts";
import type { Subject } from "./subject.ts";
import type { SubjectFlow } from "./subject-flow.ts";
import { clausesOf, retold, type Tried, tryRule } from "./trial.ts";
import { NOT_CONTESTED } from "./two-owners.ts";

export interface Question {
  /** A role of the model, or an address. */
  from: string;
  /** A role of the model, a host name, or an address. */
  to: string;
  transport: string;
  /** Null for transports without ports. */
  port: number | null;
  /** Decoder id; null: whatever the rule names. */
  app: string | null;
}

export interface Answer {
  /** `depends`: documented once the unproved clauses are settled (a parameter, a binding). */
  verdict: "documented" | "depends" | "forbidden" | "retired" | "undocumented";
  /** The rules that say so, the best first. */
  rules: { rule: Rule; says: string; decide: string | null }[];
  nearest: NearestMiss | null;
}

/** Stand-ins for the two ends where the question names no address: RFC 5737, which no model documents. */
const FROM_ADDRESS = "192.0.2.1";
const TO_ADDRESS = "192.0.2.2";

export function wouldBeDocumented(
  model: Model,
  question: Question,
  parameter: (name: string) => string | null,
): Answer {
  const { subject, flow } = imagine(model, question);
  const loaded = loadForJudging(model, parameter);
  const siteHosts = subject.serverName === null ? {} : { [subject.serverName]: [subject.responder] };
  const context = {
    cast: castOf(model, question),
    dns: new DnsEvidence(newObservation([], [], [], new CapCounter())),
    siteHosts,
    hiddenResolver: () => null,
    ranges: {},
    parameter: () => null,
    backgroundName: null,
    everybody: false,
    timezone: "UTC",
    clocksOf: () => new Map<string, never[]>(),
    caps: NO_CAPS,
    contested: NOT_CONTESTED,
    counts: { onAsk: null },
  };
  const tried = model.rules.map((rule) => {
    const app = question.app ?? appsAt(rule, subject.port)?.[0] ?? null;
    return named(tryRule(loaded, rule, { ...subject, app }, flow, context), question);
  });
  const covering = tried.filter((one) => covers(one).every((clause) => clause.result !== "failed"));
  const proved = covering.filter((one) => covers(one).every((clause) => clause.result === "proved"));
  const told = (list: readonly Tried[]) => list.map(tellOf);
  const unwanted = proved.find(({ rule }) => rule.requirement === "forbidden" || rule.requirement === "retired");
  if (unwanted !== undefined) {
    const verdict = unwanted.rule.requirement === "forbidden" ? "forbidden" : "retired";
    return { verdict, rules: told([unwanted]), nearest: null };
  }
  if (proved.length > 0) return { verdict: "documented", rules: told(proved), nearest: null };
  if (covering.length > 0) return { verdict: "depends", rules: told(covering), nearest: null };
  return { verdict: "undocumented", rules: [], nearest: nearestMiss(tried, subject, flow)?.miss ?? null };
}

/** An address may be any host's; who asks for a name has said whom he means, and that is no role. */
function named(tried: Tried, { to }: Question): Tried {
  const { rule, whom } = tried;
  const isOther = rule.to.kind === "role" && rule.to.role !== to && parseAddress(to) === null;
  if (!isOther || whom.result === "failed") return tried;
  return retold(tried, rule, failed("whom", "no-rule", `nothing says that ${to} is ${roleOf(rule.to)}`));
}

function roleOf(end: Target): string {
  return end.kind === "role" ? end.role : "ROLE";
}

function tellOf(tried: Tried): Answer["rules"][number] {
  const { rule, whom } = tried;
  const open = covers(tried).find((clause) => clause.result === "unproved");
  if (rule.requirement === "retired") return { rule, says: `${whom.says}, until ${rule.retiredAfter}`, decide: null };
  if (open === undefined)
    return { rule, says: rule.to.kind === "role" ? `to any ${rule.to.role}` : whom.says, decide: null };
  if (open.reason !== "role-not-bound") return { rule, says: open.says, decide: open.decide };
  const [option, end] = open.clause === "who" ? (["from", rule.from] as const) : (["to", rule.to] as const);
  return { rule, says: open.says, decide: `if it is one, ask with --${option} ${roleOf(end)}` };
}

/** The clauses that say whether a rule covers it; what a rule expects beside that is told with the rule. */
function covers(tried: Tried): Clause[] {
  return clausesOf(tried).filter(({ clause }) => clause !== "expect" && clause !== "up");
}

function imagine(model: Model, question: Question): { subject: Subject; flow: SubjectFlow } {
  const from = parseAddress(question.from) === null ? FROM_ADDRESS : question.from;
  const to = parseAddress(question.to) === null ? TO_ADDRESS : question.to;
  const isRole = (text: string) => model.roles.some((role) => role.name === text);
  const isName = !isRole(question.to) && parseAddress(question.to) === null;
  const sent: Sighting = {
    fact: { kind: "name", source: "tls-sni", name: question.to.toLowerCase() },
    dir: 0,
    capture: 0,
    frame: 0,
    sec: 0,
    nsec: 0,
  };
  const flow: SubjectFlow = {
    flow: 0,
    there: 0,
    outcome: "established",
    firstSec: 0,
    firstNsec: 0,
    lastSec: 0,
    lastNsec: 0,
    asked: 1,
    answered: 1,
    nextHop: 0,
    sightings: isName ? [sent] : [],
    operations: NO_OPERATIONS,
    reports: [],
    undecoded: 0,
    foreign: 0,
    foreignFrames: [],
    misread: false,
    dropped: 0,
    cut: null,
    overlaps: [],
    gaps: [],
    lacking: false,
    lacksEnd: false,
    unfinished: false,
    askingCapture: 0,
    askingFrame: 0,
    secondFrame: 0,
    opening: [],
    coming: [],
    unknownContent: false,
    cutShort: false,
    hasData: true,
    twoSided: true,
    holed: false,
    handshake: null,
    unreadableAs: [],
    beginsAs: [],
    sentOn: null,
    leads: null,
    heard: null,
    session: null,
    bursts: [1, 1],
    countedBy: 1,
    firstWords: "heard",
    words: [],
    before: [],
    openedSec: 0,
    connectionless: false,
    icmpType: null,
    began: { capture_id: 0, frame: 0, what: "imagined" },
    quotes: [],
    quoted: null,
    reset: null,
  };
  const subject: Subject = {
    conversation: 0,
    eitherOpens: false,
    goesByPort: false,
    realm: 0,
    realmName: "",
    family: 4,
    initiator: from,
    responder: to,
    addresses: new Set([from]),
    farAddresses: new Set([to]),
    initiatorRoles: isRole(question.from) ? [played(model, question.from, from)] : [],
    responderRoles: isRole(question.to) ? [played(model, question.to, to)] : [],
    transport: question.transport,
    proto: 0,
    port: question.port,
    otherPort: null,
    app: question.app,
    serverName: isName ? question.to.toLowerCase() : null,
    by: "syn",
    outcome: "established",
    flows: [flow],
  };
  return { subject, flow };
}

function hostOf(address: string): BoundHost {
  const { family, hex } = parseAddress(address)!;
  const addresses = [{ text: address, family, first: hex, last: hex }];
  return { addresses, name: null, internet: false, single: true, text: address };
}

function played(model: Model, role: string, address: string): Played {
  const presence = {
    firstSec: 0,
    lastSec: 0,
    bothWays: true,
    opened: true,
    asked: true,
    elsewhere: true,
    reached: new Set<never>(),
    callers: new Set<never>(),
  };
  const host = {
    model: model.name,
    role,
    realm: null,
    host: hostOf(address),
    outside: false,
    how: "given" as const,
    presence,
    resolved: [],
  };
  return { model: model.name, role, host };
}

/** Bound are the roles that the question names: an end that is given as an address may play any other. */
function castOf(model: Model, { from, to }: Question): Cast {
  const bindings = model.roles.flatMap(({ name }) => {
    if (name !== from && name !== to) return [];
    const hosts = [hostOf(name === from ? FROM_ADDRESS : TO_ADDRESS)];
    return [{ model: model.name, role: name, realm: null, hosts, how: "given" as const, outside: false }];
  });
  return new Cast(bindings, () => []);
}
