/**
 * An observation held against models: who plays which role, one verdict a conversation, one status a rule, look-ups.
 * The result is plain data with the contract's names.
 */
import type { Binding, Bound } from "../model/bind.ts";
import type { Model, Rule, Site } from "../model/types.ts";
import * as C from "../observe/conversations.ts";
import { DnsEvidence } from "../observe/dns-evidence.ts";
import { DocumentedPorts } from "../observe/documented-ports.ts";
import type { FlowView } from "../observe/flow-view.ts";
import { collectLookups, type Lookup, placesByName } from "../observe/lookups.ts";
import type { Observation } from "../observe/observation.ts";
import { Rest } from "../observe/rest.ts";
import { once } from "../once.ts";
import { withLookups } from "../report/lookup-rows.ts";
import { compareConversations } from "../report/order.ts";
import { PackedRows, withJudged } from "../report/packed-rows.ts";
import type { ConversationRow, LookupRow, RuleRow, RunInfo } from "../report/result.ts";
import { atOnce, type Steps } from "../steps.ts";
import { Classes } from "./alike-classes.ts";
import { fieldsOf } from "./alike-flows.ts";
import { dayOf, endOfDay } from "./calendar.ts";
import { capsReached } from "./caps.ts";
import { Carriers } from "./carriers.ts";
import { Cast, type Played } from "./cast.ts";
import type { Clause } from "./clause.ts";
import { ClockTable } from "./clocks.ts";
import { type JudgeContext, type LoadedModel, loadForJudging } from "./cover.ts";
import { Coverage } from "./coverage.ts";
import type { Counts } from "./expect.ts";
import { FirstCandidates } from "./first-candidates.ts";
import { hiddenResolvers, hostKey } from "./hidden-dns.ts";
import { absentHosts, severalRoles, takenFor, unsettled } from "./host-warnings.ts";
import { inferredBindings, type Likeness, likenesses, NOTHING_INFERRED } from "./infer.ts";
import { isUp, type Judgement, type Judges, type RuleUse, worstOf } from "./judge.ts";
import { type Judged, settle } from "./judged.ts";
import type { KeptJudgements } from "./kept.ts";
import { LeanUses } from "./lean-uses.ts";
import { byMoves, isStillBound, type Moves, movedBetween, movedHosts, movedLeases } from "./leases.ts";
import { JudgedLookups, lookupRow } from "./lookups.ts";
import { withMacHosts } from "./mac-hosts.ts";
import { withOtherAddresses } from "./other-addresses.ts";
import { withOwnMacs } from "./own-macs.ts";
import { noteCopies, noteDeparted, noteGathered, notePresence } from "./presence.ts";
import { isProxy, judgeLeg } from "./proxy.ts";
import { judgeConversation } from "./readings.ts";
import { unseenRealms } from "./realms.ts";
import { Remembered } from "./remembered.ts";
import { bindingRows, conversationRow, parameterRows, ruleRow } from "./rows.ts";
import { judgeRules } from "./rules.ts";
import { severalTtls } from "./several-ttls.ts";
import { readSubject } from "./subject.ts";
import { Contested, contestedHosts } from "./two-owners.ts";
import { Waivers } from "./waive.ts";
import { packRow, waivedRow } from "./waived-rows.ts";

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
  const lookups = collectLookups(seen).map((lookup) => lookupRow(lookup, seen.realms[lookup.realm] ?? "", null));
  return { rest: new Rest(conversations, dns, [], null, conversations.isPlain()), lookups, conversations };
}

/** What is asked of an observation before anything is judged: who plays which role, as given, and who looks like one. */
export interface WhoIsWho {
  conversations: C.Conversations;
  dns: DnsEvidence;
  siteHosts: Readonly<Record<string, readonly string[]>>;
  models: LoadedModel[];
  background: LoadedModel | null;
  clocks: ClockTable;
  counts: Counts;
  /** Worked out when first asked for. */
  hidden: () => ReadonlyMap<string, string>;
  known: Omit<JudgeContext, "cast">;
  /** The bindings, with the addresses of hosts that are bound by MAC address. */
  bound: ReturnType<typeof withMacHosts>;
  given: Cast;
  /** Addresses that went to another device. */
  moves: Moves;
  castOf: (bindings: readonly Binding[]) => Cast;
  /** Worked out when first asked for; `open`: but for those of whom nothing is to be said but that they look like somebody who is absent. */
  found: () => Likeness[];
  open: () => Likeness[];
}

export function whoIsWho(
  seen: Observation,
  options: Pick<ConformOptions, "models" | "background" | "bound" | "site"> & Partial<Pick<ConformOptions, "scope">>,
  kept: KeptJudgements | null = null,
): WhoIsWho {
  const load = loaderOf(options.bound);
  const loadAll = () => ({
    models: options.models.map(load),
    background: options.background === null ? null : load(options.background),
  });
  const { models, background } = kept === null ? loadAll() : kept.loaded(options, loadAll);
  const documented = documentedPorts(models);
  if (kept !== null) kept.documented = documented;
  const contested = new Contested(seen);
  const moves = movedLeases(seen);
  const realmOf = (realm: number): string => seen.realms[realm] ?? "";
  const dns = new DnsEvidence(
    seen,
    (realm, client) => contested.of(realmOf(realm), client) !== null,
    (realm, client, from, to) => movedBetween(moves, realmOf(realm), client, from, to),
  );
  const siteHosts = options.site?.hosts ?? {};
  const castOf = (bindings: readonly Binding[]): Cast =>
    new Cast(inEachRealm(bindings, seen.realms), (name) => {
      const bySite = siteHosts[name] ?? [];
      const byDns = dns.addressesOf(name).filter(({ text }) => !bySite.includes(text));
      return [...bySite.map((text) => ({ text, frames: [] })), ...byDns];
    });
  const bound = withMacHosts(options.bound.bindings, seen);
  const given = castOf(bound.bindings);
  const backgroundName = options.background?.name ?? null;
  const isJudged = (realm: number, family: number, word: number): boolean => {
    const roles = given.rolesOf(seen.realms[realm] ?? "", family, word, seen.flows.ipv6);
    return roles.some(({ model, host }) => model !== backgroundName && !host.host.internet);
  };
  const conversations = new C.Conversations(seen, documented, given.sides(), isJudged);
  const clocks = new ClockTable(conversations, given);
  const hidden = once(() => hiddenResolvers(conversations));
  const counts: Counts = { onAsk: null };
  const known = {
    dns,
    counts,
    siteHosts,
    ranges: options.site?.ranges ?? {},
    parameter: () => null,
    caps: capsReached(seen),
    contested,
    backgroundName,
    everybody: options.scope === "all",
    timezone: options.site?.timezone ?? "UTC",
    clocksOf: (realm: number, address: string) => clocks.of(realm, address),
    hiddenResolver: (realm: number, addresses: ReadonlySet<string>) => {
      const hosts = [...addresses].map((address) => hidden().get(hostKey(realm, address)));
      return hosts.find((resolver) => resolver !== undefined) ?? null;
    },
  };
  const like = (onlyOpen: boolean) => () => likenesses(conversations, models, { ...known, cast: given }, onlyOpen);
  const asked = { hidden, found: once(like(false)), open: once(like(true)) };
  return {
    conversations,
    dns,
    siteHosts,
    models,
    background,
    known,
    clocks,
    counts,
    bound,
    given,
    castOf,
    moves,
    ...asked,
  };
}

/** One address is another host in each realm, and each is judged by itself. */
function inEachRealm(bindings: readonly Binding[], realms: readonly string[]): readonly Binding[] {
  if (realms.length < 2) return bindings;
  return bindings.flatMap((binding) =>
    binding.realm !== null ? [binding] : realms.map((realm) => ({ ...binding, realm })),
  );
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
  const { conversations, dns, siteHosts, models, background, known, bound, given, castOf, moves, found, open } = who;
  const timezone = options.site?.timezone ?? "UTC";
  const inferred = options.infer ? inferredBindings(open(), given) : NOTHING_INFERRED;
  const told = [...bound.bindings, ...inferred.bindings];
  const other = options.infer ? withOtherAddresses(told, seen, given) : { bindings: told, sayings: [] };
  const isAsGiven = inferred.used.length === 0 && other.sayings.length === 0;
  const withIp = isAsGiven ? given : castOf(other.bindings);
  const macs = options.infer ? withOwnMacs(other.bindings, seen, withIp) : { ...other, sayings: [] };
  const played = { cast: macs.sayings.length === 0 ? withIp : castOf(macs.bindings), bindings: macs.bindings };
  const { cast, bindings } = kept === null ? played : kept.begin(who, played, moves);
  const judges: Judges = {
    models,
    background,
    context: { ...known, cast },
    retiredAt: (rule: Rule) =>
      rule.retiredAfter === null ? Number.POSITIVE_INFINITY : endOfDay(rule.retiredAfter, timezone),
  };

  if (kept !== null && seen.departed !== undefined) kept.isAsWhenTheyLeft(seen.departed);
  yield;
  const waivers = new Waivers(options.site?.waive ?? [], dayOf(options.asOfSec, timezone));
  // A run that goes on keeps rows as they are: next time most of them are the same.
  const packed = kept === null ? new PackedRows() : null;
  const pack = packed === null ? null : { rows: packed, waivers };
  const judgements = yield* judgeAll(who, cast, moves, judges, options.scope, kept, pack);
  noteCopies(conversations, cast);
  noteGathered(conversations, cast);
  noteDeparted(seen, cast, elsewhereFor(judges));
  // A run that goes on is added to: what is told of it is made at once.
  const isLasting = kept === null && seen.departed === undefined;
  const lookups = collectLookups(seen, conversations.copies, isLasting ? cast.hasAddress(seen) : null);
  const coverage = new Coverage(seen);
  // What another device asked for at an address that it has by now says nothing of who had it.
  const own = moves.size === 0 ? lookups : lookups.filter((one) => isStillAsking(one, seen, moves, cast));
  const rules = judgeRules({
    judges,
    conversations,
    judgements,
    byConversation: once(() => new Map(judgements.map((judgement) => [judgement.conversation, judgement]))),
    lookups: own,
    lookedUp: placesByName(own),
    carriers: new Carriers(judgements, dns),
    minSpanSec: options.minSpanSec,
    coverage,
    damaged: options.damaged,
    lastSec: options.lastSec,
  });
  yield;
  packed?.sort();
  const rows = packed ?? judgements.flatMap((judged) => waivedRow(judged, waivers) ?? []).sort(compareConversations);
  kept?.end();
  const ruleRows = rules.map((judged) => {
    const breaks = ({ how, rule }: RuleUse): boolean => how === "violated" && rule === judged.rule;
    return ruleRow(judged, waivers, () =>
      judgements
        .filter(({ uses }) => uses.some(breaks))
        .map(({ verdict, waived }) => (verdict === "violation" ? waived : null)),
    );
  });
  const judgedLookups = new JudgedLookups(seen, judges.models, cast, moves, siteHosts, (played) =>
    isScoped(played, judges),
  );
  const result = withJudged(rows, {
    conversations,
    rest: new Rest(
      conversations,
      dns,
      judgements.map(({ conversation }) => conversation),
      "unrelated",
      known.contested.all.length === 0 && conversations.isPlain(),
    ),
    rules: ruleRows,
    bindings: bindingRows(bindings, cast, known.backgroundName),
    parameters: parameterRows(options.models, options.bound),
    warnings: [
      ...unseenRealms(seen),
      ...absentHosts(cast, known.backgroundName, coverage, found),
      ...(options.infer
        ? [...takenFor(inferred.used), ...severalRoles(open(), given), ...unsettled(open(), inferred.used, given, cast)]
        : []),
      ...bound.sayings,
      ...other.sayings,
      ...macs.sayings,
      ...movedHosts(moves, cast),
      ...contestedHosts(known.contested, cast),
      ...severalTtls(seen, cast, known.backgroundName),
      ...waivers.sayings(),
    ],
  });
  return withLookups(
    result,
    isLasting ? judgedLookups.rows(lookups, conversations.copies) : judgedLookups.all(lookups),
  );
}

function isStillAsking(lookup: Lookup, { realms }: Observation, moves: Moves, cast: Cast): boolean {
  const { client, firstSec: sec, firstNsec: nsec } = lookup;
  const realm = realms[lookup.realm] ?? "";
  return isStillBound(moves, realm, client, cast.ofText(realm, client), { sec, nsec });
}

/** The background's own roles (`resolver`) bring no traffic into scope, nor does a proxy, which serves others as well. */
function isScoped({ model, role, host }: Played, judges: Judges): boolean {
  return model !== judges.context.backgroundName && !host.host.internet && !isProxy({ model, role }, judges);
}
/** Who merely passes on what he is asked for, and who serves everybody, says nothing of where the capture stands. */
const elsewhereFor =
  (judges: Judges) =>
  (played: Played): boolean =>
    played.model === judges.context.backgroundName || isProxy(played, judges);

function* judgeAll(
  who: Pick<WhoIsWho, "conversations" | "dns" | "counts" | "clocks" | "hidden">,
  cast: Cast,
  moves: Moves,
  judges: Judges,
  scope: "judged" | "all",
  kept: KeptJudgements | null,
  pack: { rows: PackedRows; waivers: Waivers } | null,
): Steps<Judged[]> {
  const { conversations: all, dns, counts } = who;
  const { seen } = all;
  const judgements: Judged[] = [];
  const firsts = new FirstCandidates(judges.context);
  const many = new LeanUses();
  const loaded = [...judges.models, ...(judges.background === null ? [] : [judges.background])];
  const fields = fieldsOf(loaded.map(({ model }) => model));
  // Who is contested, who moved and who is waived is in no key of those that are alike.
  const isSteady = moves.size === 0 && judges.context.contested.all.length === 0;
  const remembered =
    pack?.waivers.isEmpty === true && isSteady
      ? once(() => new Remembered(who, new Classes(seen, loaded, judges.context), pack.rows, { firsts, many }))
      : null;
  // To know what rules can tell apart takes as long as judging one conversation for so many of them.
  const few = loaded.reduce((rules, { model }) => rules + model.rules.length, 0) / RULES_A_JUDGEMENT;
  const view = all.view();
  const isElsewhere = elsewhereFor(judges);
  let judgedAnew = 0;
  for (let c = 0; c < all.count; c++) {
    const row = all.rows(c);
    const at = all.at(c);
    const meta = row[at + C.C_META]!;
    const family = (meta >>> 8) & 0xff;
    const realm = seen.realms[meta >>> 16] ?? "";
    const initiatorRoles = cast.rolesOf(realm, family, row[at + C.C_INITIATOR]!, seen.flows.ipv6);
    const responderRoles = cast.rolesOf(realm, family, row[at + C.C_RESPONDER]!, seen.flows.ipv6);
    const isAsking = all.gathers.has(c);
    if (initiatorRoles.length + responderRoles.length === 0 && !isAsking && scope === "judged") continue;
    const found = isAsking && answeredByScoped(all, c, view, cast, judges);
    const scoped = initiatorRoles.some((p) => isScoped(p, judges)) || responderRoles.some((p) => isScoped(p, judges));
    if (!scoped && !found && scope === "judged") continue;
    const known = kept === null ? null : kept.find(all, c, firsts);
    if (known !== null) {
      notePresence(all, c, view, known.initiatorRoles, known.responderRoles, isElsewhere, moves);
      judgements.push(known);
      if ((judgements.length & STEP_MASK) === 0) yield;
      continue;
    }
    const isMany = judgedAnew >= few;
    const alike = found || !isMany ? null : (remembered?.().find(c, initiatorRoles, responderRoles) ?? null);
    if (alike !== null) {
      notePresence(all, c, view, initiatorRoles, responderRoles, isElsewhere, moves);
      judgements.push(alike);
      if ((judgements.length & STEP_MASK) === 0) yield;
      continue;
    }
    const parts = byMoves(readSubject(all, c, cast, fields), moves);
    const played = parts.flatMap((part) => [...part.initiatorRoles, ...part.responderRoles]);
    if (!found && !played.some((p) => isScoped(p, judges)) && scope === "judged") continue;
    for (const part of parts) notePresence(all, c, view, part.initiatorRoles, part.responderRoles, isElsewhere, moves);
    const each = parts.map((part) => judgeLeg(part, judges) ?? judgeConversation(part, judges));
    const judgement = each.length === 1 ? each[0]! : worstOf(each, (i) => parts[i]!.flows.some(isUp));
    const { subject } = judgement;
    const isCounted = saysCounts(judgement);
    if (isCounted) counts.onAsk?.();
    const told = firsts.among(judgement.uses);
    const uses = kept === null ? many.lean(judgement, told) : told;
    const judged = settle(judgement, uses, conversationRow(all, dns, judgement));
    kept?.keep(all, judged, judgement.uses);
    if (pack !== null) {
      const row = packRow(judged, pack.waivers, pack.rows);
      if (isMany) remembered?.().learn(judgement, subject, judged, row, isCounted);
    }
    judgements.push(judged);
    if ((++judgedAnew & ANEW_MASK) === 0) yield;
  }
  return judgements;
}

/** Whether a judged host answered what everybody was asked: it was asked too, whoever asked. */
function answeredByScoped(all: C.Conversations, c: number, view: FlowView, cast: Cast, judges: Judges): boolean {
  const { realms, flows } = all.seen;
  return all.flowsOf(c).some((flow) => {
    if (!all.gathered.has(flow)) return false;
    view.move(flow);
    const sender = view.address(view.packets(0) > 0 ? 0 : 1);
    const roles = cast.rolesOf(realms[view.realm] ?? "", view.family, sender, flows.ipv6);
    return roles.some((p) => isScoped(p, judges));
  });
}

/** True where what is told of it, or of a rule that it meets or breaks, has a number that each packet changes. */
function saysCounts({ clauses, uses }: Judgement): boolean {
  return clauses.some(saysCount) || uses.some(({ tried }) => tried.expect.some(saysCount));
}

const saysCount = ({ counted }: Clause): boolean => counted === true;

/** Kept judgements between two steps, and new ones, less one. */
const STEP_MASK = 127;
const ANEW_MASK = 3;
const RULES_A_JUDGEMENT = 32;
