/**
 * An observation held against models: who plays which role, one verdict a conversation, one status a rule, look-ups.
 * The result is plain data with the contract's names.
 */
import { LIMITS } from "../limits.ts";
import type { Binding, Bound } from "../model/bind.ts";
import type { Model, Rule, Site } from "../model/types.ts";
import * as C from "../observe/conversations.ts";
import { DnsEvidence } from "../observe/dns-evidence.ts";
import { DocumentedPorts } from "../observe/documented-ports.ts";
import { type FlowView, INITIATOR_BY } from "../observe/flow-view.ts";
import { collectLookups, placesByName } from "../observe/lookups.ts";
import type { Observation } from "../observe/observation.ts";
import { Rest, restRow } from "../observe/rest.ts";
import { once } from "../once.ts";
import { compareConversations } from "../report/order.ts";
import type { ConversationRow, FrameRef, LookupRow, RuleRow, RunInfo } from "../report/result.ts";
import { atOnce, type Steps } from "../steps.ts";
import { fieldsOf } from "./alike-flows.ts";
import { dayOf, endOfDay } from "./calendar.ts";
import { capsReached } from "./caps.ts";
import { Carriers } from "./carriers.ts";
import { Cast, type Played } from "./cast.ts";
import { ClockTable } from "./clocks.ts";
import { type JudgeContext, type LoadedModel, loadForJudging } from "./cover.ts";
import { Coverage } from "./coverage.ts";
import { FirstCandidates } from "./first-candidates.ts";
import { hiddenResolvers, hostKey } from "./hidden-dns.ts";
import { absentHosts, severalRoles, takenFor, unsettled } from "./host-warnings.ts";
import { inferredBindings, type Likeness, likenesses, NOTHING_INFERRED } from "./infer.ts";
import type { Judgement, Judges, RuleUse } from "./judge.ts";
import type { KeptJudgements } from "./kept.ts";
import { beforeMoves, type Moves, movedHosts, movedLeases } from "./leases.ts";
import { LookupJudge, lookupRow } from "./lookups.ts";
import { withOtherAddresses } from "./other-addresses.ts";
import { isProxy, judgeLeg } from "./proxy.ts";
import { judgeConversation } from "./readings.ts";
import type { RuleJudgement } from "./rule-status.ts";
import { judgeRules } from "./rules.ts";
import { readSubject } from "./subject.ts";
import { targetText } from "./target-text.ts";
import { Waivers } from "./waive.ts";

export interface ConformOptions {
  models: readonly Model[];
  background: Model | null;
  bound: Bound;
  site: Site | null;
  scope: "judged" | "all";
  /** Whether hosts that the traffic singles out play the roles that nobody bound. */
  infer: boolean;
  minSpanSec: number;
  /** Seconds since 1970 at which waivers are asked to hold. */
  asOfSec: number;
  damaged: boolean;
  /** Time of the capture's last packet. */
  lastSec: number;
}

export interface Conformance {
  judged: ConversationRow[];
  rest: Rest;
  rules: RuleRow[];
  lookups: LookupRow[];
  bindings: RunInfo["bindings"];
  parameters: RunInfo["parameters"];
  warnings: string[];
}

/** No model: everything is only told. */
export function describe(seen: Observation): { rest: Rest; lookups: LookupRow[]; conversations: C.Conversations } {
  const conversations = new C.Conversations(seen);
  const dns = new DnsEvidence(seen);
  const lookups = collectLookups(seen).map((lookup) => lookupRow(lookup, null));
  return { rest: new Rest(conversations, dns, new Set(), null), lookups, conversations };
}

/** What is asked of an observation before anything is judged: who plays which role, as given, and who looks like one. */
export interface WhoIsWho {
  conversations: C.Conversations;
  dns: DnsEvidence;
  siteHosts: Readonly<Record<string, readonly string[]>>;
  models: LoadedModel[];
  background: LoadedModel | null;
  clocks: ClockTable;
  /** Worked out when first asked for. */
  hidden: () => ReadonlyMap<string, string>;
  known: Omit<JudgeContext, "cast">;
  given: Cast;
  castOf: (bindings: readonly Binding[]) => Cast;
  /** Worked out when first asked for. */
  found: () => Likeness[];
}

export function whoIsWho(
  seen: Observation,
  options: Pick<ConformOptions, "models" | "background" | "bound" | "site">,
  kept: KeptJudgements | null = null,
): WhoIsWho {
  const load = loaderOf(options.bound);
  const loadAll = () => ({
    models: options.models.map(load),
    background: options.background === null ? null : load(options.background),
  });
  const { models, background } = kept === null ? loadAll() : kept.loaded(options, loadAll);
  const dns = new DnsEvidence(seen);
  const siteHosts = options.site?.hosts ?? {};
  const castOf = (bindings: readonly Binding[]): Cast =>
    new Cast(bindings, (name) => [...(siteHosts[name] ?? []), ...dns.addressesOf(name)]);
  const given = castOf(options.bound.bindings);
  const conversations = new C.Conversations(seen, documentedPorts(models), given.sides());
  const clocks = new ClockTable(conversations, given);
  const hidden = once(() => hiddenResolvers(conversations));
  const known = {
    dns,
    siteHosts,
    ranges: options.site?.ranges ?? {},
    parameter: () => null,
    caps: capsReached(seen),
    backgroundName: options.background?.name ?? null,
    timezone: options.site?.timezone ?? "UTC",
    clocksOf: (realm: number, address: string) => clocks.of(realm, address),
    hiddenResolver: (realm: number, addresses: ReadonlySet<string>) => {
      const hosts = [...addresses].map((address) => hidden().get(hostKey(realm, address)));
      return hosts.find((resolver) => resolver !== undefined) ?? null;
    },
  };
  const found = once(() => likenesses(conversations, models, { ...known, cast: given }));
  return { conversations, dns, siteHosts, models, background, known, clocks, hidden, given, castOf, found };
}

function documentedPorts(models: readonly LoadedModel[]): DocumentedPorts {
  const ports = new DocumentedPorts();
  for (const { model, parameter } of models)
    for (const { over } of model.rules) for (const one of over) ports.add(one, parameter);
  return ports;
}

function loaderOf(bound: Bound): (model: Model) => LoadedModel {
  return (model) => loadForJudging(model, (name) => bound.parameters.get(model.name)?.get(name)?.value ?? null);
}

export function conform(seen: Observation, options: ConformOptions): Conformance & { conversations: C.Conversations } {
  return atOnce(conformInSteps(seen, options));
}

/** As `conform`; nothing may be added to the observation between its steps. `kept`: judgements of an earlier time. */
export function* conformInSteps(
  seen: Observation,
  options: ConformOptions,
  kept: KeptJudgements | null = null,
): Steps<Conformance & { conversations: C.Conversations }> {
  const who = whoIsWho(seen, options, kept);
  const { conversations, dns, siteHosts, models, background, known, given, castOf, found } = who;
  const timezone = options.site?.timezone ?? "UTC";
  const inferred = options.infer ? inferredBindings(found(), given) : NOTHING_INFERRED;
  const told = [...options.bound.bindings, ...inferred.bindings];
  const moves = movedLeases(seen);
  const other = options.infer ? withOtherAddresses(told, seen, given) : { bindings: told, sayings: [] };
  const isAsGiven = inferred.used.length === 0 && other.sayings.length === 0;
  const played = { cast: isAsGiven ? given : castOf(other.bindings), bindings: other.bindings };
  const { cast, bindings } = kept === null ? played : kept.begin(who, played, moves);
  const judges: Judges = {
    models,
    background,
    context: { ...known, cast },
    retiredAt: (rule: Rule) =>
      rule.retiredAfter === null ? Number.POSITIVE_INFINITY : endOfDay(rule.retiredAfter, timezone),
  };

  yield;
  const judgements = yield* judgeAll(conversations, cast, moves, judges, options.scope, kept);
  noteCopies(conversations, cast);
  const lookups = collectLookups(seen, conversations.copies);
  const rules = judgeRules({
    judges,
    judgements,
    byConversation: new Map(judgements.map((judgement) => [judgement.subject.conversation, judgement])),
    lookups,
    lookedUp: placesByName(lookups),
    carriers: new Carriers(judgements, dns),
    minSpanSec: options.minSpanSec,
    coverage: new Coverage(seen),
    damaged: options.damaged,
    lastSec: options.lastSec,
  });
  yield;
  const waivers = new Waivers(options.site?.waive ?? [], dayOf(options.asOfSec, timezone));
  const lookupJudge = new LookupJudge(judges.models, cast, siteHosts);
  const waived = new Map<Judgement, string | null>();
  const rows = judgements
    .map((judgement) => {
      const row = waivedRow(conversations, dns, judgement, waivers, kept);
      if (judgement.verdict === "violation") waived.set(judgement, row.waived);
      return row;
    })
    .sort(compareConversations);
  kept?.end();
  const ruleRows = rules.map((judged) => {
    const breaks = ({ how, rule }: RuleUse): boolean => how === "violated" && rule === judged.rule;
    return ruleRow(judged, waivers, () =>
      judgements.filter(({ uses }) => uses.some(breaks)).map((judgement) => waived.get(judgement) ?? null),
    );
  });
  const judgedSet = new Set(judgements.map((judgement) => judgement.subject.conversation));
  const isJudged = (client: string, realm: number) =>
    cast.ofText(seen.realms[realm] ?? "", client).some((played) => isScoped(played, judges));
  return {
    conversations,
    judged: rows,
    rest: new Rest(conversations, dns, judgedSet, "unrelated"),
    rules: ruleRows,
    lookups: lookups.map((lookup) =>
      lookupRow(lookup, lookupJudge.verdict(lookup, isJudged(lookup.client, lookup.realm))),
    ),
    bindings: bindingRows(bindings, cast, known.backgroundName),
    parameters: parameterRows(options.models, options.bound),
    warnings: [
      ...absentHosts(cast, known.backgroundName, found),
      ...(options.infer
        ? [...takenFor(inferred.used), ...severalRoles(found(), given), ...unsettled(found(), inferred.used, given)]
        : []),
      ...other.sayings,
      ...movedHosts(moves, cast),
      ...waivers.sayings(),
    ],
  };
}

/** The background's own roles (`resolver`) bring no traffic into scope, nor does a proxy, which serves others as well. */
function isScoped({ model, role, host }: Played, judges: Judges): boolean {
  return model !== judges.context.backgroundName && !host.host.internet && !isProxy({ model, role }, judges);
}

function* judgeAll(
  all: C.Conversations,
  cast: Cast,
  moves: Moves,
  judges: Judges,
  scope: "judged" | "all",
  kept: KeptJudgements | null,
): Steps<Judgement[]> {
  const { seen } = all;
  const judgements: Judgement[] = [];
  const firsts = new FirstCandidates(judges.context);
  const fields = fieldsOf(
    [...judges.models, ...(judges.background === null ? [] : [judges.background])].map(({ model }) => model),
  );
  const view = all.view();
  for (let c = 0; c < all.count; c++) {
    const row = all.rows(c);
    const at = all.at(c);
    const meta = row[at + C.C_META]!;
    const family = (meta >>> 8) & 0xff;
    const realm = seen.realms[meta >>> 16] ?? "";
    const initiatorRoles = cast.rolesOf(realm, family, row[at + C.C_INITIATOR]!, seen.flows.ipv6);
    const responderRoles = cast.rolesOf(realm, family, row[at + C.C_RESPONDER]!, seen.flows.ipv6);
    const scoped = initiatorRoles.some((p) => isScoped(p, judges)) || responderRoles.some((p) => isScoped(p, judges));
    if (!scoped && scope === "judged") continue;
    const known = kept === null ? null : kept.find(all, c, firsts);
    if (known !== null) {
      notePresence(all, c, view, known.subject.initiatorRoles, known.subject.responderRoles);
      judgements.push(known);
      if ((judgements.length & STEP_MASK) === 0) yield;
      continue;
    }
    const subject = beforeMoves(readSubject(all, c, cast, fields), moves);
    const played = [...subject.initiatorRoles, ...subject.responderRoles];
    if (!played.some((p) => isScoped(p, judges)) && scope === "judged") continue;
    notePresence(all, c, view, subject.initiatorRoles, subject.responderRoles);
    const judgement = judgeLeg(subject, judges) ?? judgeConversation(subject, judges);
    const { uses } = judgement;
    judgement.uses = firsts.among(uses);
    kept?.keep(all, judgement, uses);
    judgements.push(judgement);
    yield;
  }
  return judgements;
}

/** What this conversation shows of the bound hosts at its ends. */
function notePresence(
  all: C.Conversations,
  c: number,
  view: FlowView,
  initiatorRoles: readonly Played[],
  responderRoles: readonly Played[],
): void {
  const row = all.rows(c);
  const at = all.at(c);
  const opened = INITIATOR_BY[row[at + C.C_PORT_APP]! >>> 24];
  let asked = false;
  let answered = false;
  for (const flow of all.flowsOf(c)) {
    if (all.folds.has(flow)) continue; // who asks there is not who asked for it
    view.move(flow);
    const { dir } = view.initiator();
    asked ||= view.packets(dir) > 0;
    answered ||= view.packets(dir === 0 ? 1 : 0) > 0;
    if (asked && answered) break;
  }
  for (const { host } of initiatorRoles) {
    if (!asked) continue;
    extend(host.presence, row[at + C.C_FIRST]! >>> 0, row[at + C.C_LAST]! >>> 0);
    host.presence.bothWays ||= answered;
    host.presence.opened ||= opened === "syn" || opened === "syn-ack" || opened === "message";
  }
  for (const { host } of responderRoles) {
    if (!answered) continue;
    extend(host.presence, row[at + C.C_FIRST]! >>> 0, row[at + C.C_LAST]! >>> 0);
    host.presence.bothWays ||= asked;
  }
}

/** A host's address beyond a translator is seen there, though what passes is told of the other side. */
function noteCopies(all: C.Conversations, cast: Cast): void {
  const view = all.view();
  for (const flow of all.copies.keys()) {
    view.move(flow);
    const { realms, flows } = all.seen;
    for (const dir of [0, 1] as const)
      for (const { host } of cast.rolesOf(realms[view.realm] ?? "", view.family, view.address(dir), flows.ipv6))
        if (host.outside) extend(host.presence, view.firstSec, view.lastSec);
  }
}

function extend(presence: { firstSec: number; lastSec: number }, first: number, last: number): void {
  if (first < presence.firstSec) presence.firstSec = first;
  if (last > presence.lastSec) presence.lastSec = last;
}

/** Kept judgements between two steps, less one; each new one is a step. */
const STEP_MASK = 127;

// ---- rows

/** A conversation's row, with the waiver that covers it where one does. */
function waivedRow(
  all: C.Conversations,
  dns: DnsEvidence,
  judgement: Judgement,
  waivers: Waivers,
  kept: KeptJudgements | null,
): ConversationRow {
  const make = (): ConversationRow => conversationRow(all, dns, judgement);
  const row = kept === null ? make() : kept.rowOf(all, judgement, make);
  if (judgement.verdict !== "undocumented" && judgement.verdict !== "violation") return row;
  const roles = judgement.subject.initiatorRoles.map((played) => played.role);
  const waived = waivers.ofConversation(row, roles);
  if (waived === row.waived) return row;
  const changed = { ...row, waived };
  kept?.replaceRow(all, judgement, changed);
  return changed;
}

function conversationRow(all: C.Conversations, dns: DnsEvidence, judgement: Judgement): ConversationRow {
  const { subject, use } = judgement;
  const row = restRow(all, subject.conversation, dns, judgement.verdict);
  row.initiator = subject.initiator;
  row.responder = subject.responder;
  row.port = subject.port;
  row.model = use?.loaded.model.name ?? null;
  row.rule_id = use?.rule.id ?? null;
  row.reason_code = judgement.code;
  row.reason = judgement.reason;
  row.expectation = judgement.expectation;
  row.found = judgement.found;
  row.rules = judgement.documentedBy.map(({ loaded, rule }) => ({ model: loaded.model.name, rule_id: rule.id }));
  if (use?.tried.silent === true && row.outcome === "unanswered") {
    // No answer is what the rule expects: nothing failed.
    row.outcome = "one-way";
    row.outcomes = { ...row.outcomes, "one-way": (row.outcomes["one-way"] ?? 0) + (row.outcomes.unanswered ?? 0) };
    delete row.outcomes.unanswered;
  }
  const against = unique(judgement.against);
  const speaking = new Set(judgement.verdict === "inconclusive" ? against.map(frameKey) : []);
  const support = unique(judgement.support).filter((ref) => !speaking.has(frameKey(ref)));
  row.evidence = {
    support: support.slice(0, LIMITS.evidenceFrames),
    support_count: support.length,
    against: against.slice(0, LIMITS.evidenceFrames),
    against_count: against.length + judgement.unlisted,
    clauses: judgement.clauses.map(({ clause, result, says }) => ({ clause, result, says })),
    initiator_by: subject.by,
    nearest: judgement.nearest,
  };
  return row;
}

function ruleRow(judged: RuleJudgement, waivers: Waivers, broken: () => (string | null)[]): RuleRow {
  const { loaded, rule } = judged;
  const { over, cite } = rule;
  const row: RuleRow = {
    model: loaded.model.name,
    rule_id: rule.id,
    status: judged.status,
    requirement: rule.requirement,
    from_role: rule.from.kind === "role" ? rule.from.role : rule.from.kind,
    to_endpoint: targetText(loaded, rule.to),
    transport: over.length === 1 ? over[0]!.transport : [...new Set(over.map(({ transport }) => transport))].join(","),
    ports: joined(over, ({ ports }) => joined(ports, (range) => portText(range, loaded), ","), ","),
    app: rule.apps === null ? null : rule.apps.join(","),
    reason_code: judged.code,
    reason: judged.reason,
    document: loaded.model.document.title,
    section: joined(cite, ({ section }) => section, "; "),
    item: joined(cite, ({ item }) => item ?? "", "; ") || null,
    waived: null,
    remedy: judged.remedy,
    hosts: judged.hosts,
    evidence: judged.evidence.length === 0 ? [] : unique(judged.evidence).slice(0, LIMITS.evidenceFrames),
    conversations: judged.conversations,
  };
  if (row.status === "violated" || row.status === "blocked" || row.status === "missing" || row.status === "partial")
    row.waived = waivers.ofRule(row, broken);
  return row;
}

/** What is said of each, but for what is not said, with something between. Nearly always there is one. */
function joined<Value>(values: readonly Value[], say: (value: Value) => string, between: string): string {
  let text = "";
  for (const value of values) {
    const said = say(value);
    text = text === "" || said === "" ? text + said : text + between + said;
  }
  return text;
}

function portText(range: { first: number; last: number; parameter: string | null }, loaded: LoadedModel): string {
  if (range.first < 0) return loaded.parameter(range.parameter!) ?? `$${range.parameter}`;
  return range.first === range.last ? String(range.first) : `${range.first}-${range.last}`;
}

const frameKey = ({ capture_id, frame }: FrameRef): string => `${capture_id}#${frame}`;

/** Each frame once, in order. */
function unique(frames: readonly FrameRef[]): FrameRef[] {
  if (frames.length < 2) return [...frames];
  const known = new Map<string, FrameRef>();
  for (const ref of frames) if (!known.has(frameKey(ref))) known.set(frameKey(ref), ref);
  return [...known.values()].sort((a, b) => a.capture_id - b.capture_id || a.frame - b.frame);
}

function bindingRows(bindings: readonly Binding[], cast: Cast, backgroundName: string | null): RunInfo["bindings"] {
  const appeared = new Set(
    cast.hosts.filter(({ presence }) => presence.firstSec !== Number.POSITIVE_INFINITY).map(({ host }) => host),
  );
  return bindings
    .filter((binding) => binding.model !== backgroundName)
    .map(({ role, model, hosts, how }) => ({
      role,
      model,
      values: hosts.map((host) => host.text),
      how,
      seen: hosts.some((host) => appeared.has(host)),
    }));
}

function parameterRows(models: readonly Model[], bound: Bound): RunInfo["parameters"] {
  return models.flatMap((model) =>
    model.parameters.map(({ name }) => {
      const setting = bound.parameters.get(model.name)?.get(name);
      return { name, model: model.name, value: setting?.value ?? null, how: setting?.how ?? "missing" };
    }),
  );
}
