/**
 * One verdict a conversation: the first that applies, in the order of `verdicts.md`. Each flow is judged by itself; the
 * conversation has the worst of those that came up, of all where none did, and a violation always counts.
 */

import type { Rule } from "../model/types.ts";
import type { FrameRef, NearestMiss, Verdict } from "../report/result.ts";
import type { Alike, Candidate } from "./candidates.ts";
import type { CastHost } from "./cast.ts";
import { type Clause, unproved } from "./clause.ts";
import type { JudgeContext, LoadedModel } from "./cover.ts";
import { fitting } from "./fitting.ts";
import { perhapsAgreedOn } from "./hidden-channel.ts";
import { addAgainst, isMissed, missedOf } from "./missed.ts";
import { nearestMiss } from "./nearest.ts";
import { judgeConversation, rank } from "./readings.ts";
import type { ConversationReason } from "./reasons.ts";
import { added, type Subject } from "./subject.ts";
import type { SubjectFlow } from "./subject-flow.ts";
import { clausesOf, type Tried, tryRule } from "./trial.ts";
import { candidatesOf } from "./wanted.ts";

/** How one rule stands to one conversation; what the rules' own statuses are made from. */
export interface RuleUse {
  loaded: LoadedModel;
  rule: Rule;
  /** `attempted`: all proved but that it came up. `candidate`: it could be, and something is unproved. */
  how: "documented" | "violated" | "attempted" | "candidate";
  conversation: number;
  /** The reading of it that the rule was tried on. */
  subject: Subject;
  /** Host of the from-role that opened it; null where the from end is no role. */
  fromHost: CastHost | null;
  /** Member of the endpoint that it went to. */
  member: string | null;
  /** Sum of the clauses' weights: how specifically the rule fits. */
  weight: number;
  tried: Tried;
  flow: SubjectFlow;
  /** For `candidate`: the unproved clause. */
  clause: Clause | null;
  /** Where it stands for other rules as well, of which it says the same. */
  alike: Alike | null;
}

export interface Judgement {
  subject: Subject;
  /** Ends swapped against the fold, because the documented port says who responds. */
  flipped: boolean;
  verdict: Verdict;
  code: ConversationReason;
  reason: string;
  use: RuleUse | null;
  /** All rules that document it. */
  documentedBy: RuleUse[];
  uses: RuleUse[];
  clauses: Clause[];
  support: FrameRef[];
  against: FrameRef[];
  /** Frames that speak against it and whose numbers are not kept. */
  unlisted: number;
  nearest: NearestMiss | null;
  expectation: string | null;
  found: string | null;
}

export interface Judges {
  models: readonly LoadedModel[];
  background: LoadedModel | null;
  context: JudgeContext;
  /** Seconds since 1970 at which a retired rule's last day ends, by rule. */
  retiredAt: (rule: Rule) => number;
}

/** One reading of a conversation: who opened it is settled. */
export function judgeOneWay(subject: Subject, judges: Judges, flipped: boolean): Judgement {
  const [only] = subject.flows;
  if (only !== undefined && subject.flows.length === 1) return judgeOnly(subject, only, judges, flipped);
  const leaders: Leaders = new Map();
  const results = subject.flows.map((flow) => judgeFlow(subject, flow, judges, leaders));
  return Object.assign(
    worstOf(results, (i) => isUp(subject.flows[i]!)),
    { flipped },
  );
}

/** One of several judgements of a conversation's flows, for all of them. `cameUp`: whether those that it is of did. */
export function worstOf(results: readonly Judgement[], cameUp: (index: number) => boolean): Judgement {
  const violation = results.find((result) => result.verdict === "violation");
  const up = results.filter((_, i) => cameUp(i));
  const counted = up.length > 0 ? up : results;
  const worst = violation ?? counted.reduce((a, b) => (SEVERITY[b.verdict] > SEVERITY[a.verdict] ? b : a));
  const uses = results.flatMap((result) => result.uses);
  const documentedBy =
    worst.verdict === "documented" ? firstPerRule(counted.flatMap((result) => result.documentedBy)) : [];
  // Another flow may have been what kept it from a better verdict: what speaks against each speaks against all.
  const against = results.flatMap((result) => (result === worst ? [] : result.against));
  const unlisted = results.reduce((sum, result) => sum + result.unlisted, 0);
  return Object.assign(worst, { uses, documentedBy, against: [...worst.against, ...against], unlisted });
}

/** As of several, for the many conversations of one flow. */
function judgeOnly(subject: Subject, flow: SubjectFlow, judges: Judges, flipped: boolean): Judgement {
  const judgement = judgeFlow(subject, flow, judges);
  judgement.flipped = flipped;
  judgement.documentedBy = judgement.verdict === "documented" ? firstPerRule(judgement.documentedBy) : [];
  return judgement;
}

const SEVERITY: Readonly<Record<Verdict, number>> = {
  unrelated: 0,
  ignored: 1,
  documented: 2,
  inconclusive: 3,
  undocumented: 4,
  violation: 5,
};

export function isUp(flow: SubjectFlow): boolean {
  return flow.outcome === "established" || flow.outcome === "answered" || flow.outcome === "one-way";
}

export function firstPerRule(uses: RuleUse[]): RuleUse[] {
  if (uses.length < 2) return uses;
  const seen = new Set<string>();
  return uses.filter(({ loaded, rule }) => {
    const key = `${loaded.model.name}/${rule.id}`;
    return seen.has(key) ? false : seen.add(key);
  });
}

/** What flows of one conversation belong to, judged once: a question to everybody may have thousands of answers. */
type Leaders = Map<Subject, Judgement>;

/**
 * A flow that another one led to is documented by itself or by what it belongs to, whichever says more; a violation of its
 * own stays one. So deleting the message that led to it can make neither better; and where it would part the flow from a
 * conversation that is worse, that message speaks against it, as does the flow's beginning.
 */
function judgeFlow(subject: Subject, flow: SubjectFlow, judges: Judges, leaders: Leaders = new Map()): Judgement {
  if (flow.leads === null) return perhapsAgreedOn(judgeByItself(subject, flow, judges), flow, judges);
  const own = { ...judgeConversation(flow.leads.own, judges), subject, flipped: false };
  let within = leaders.get(flow.leads.within);
  if (within === undefined) {
    within = judgeConversation(flow.leads.within, judges);
    leaders.set(flow.leads.within, within);
  }
  const better = own.verdict !== "violation" && within.verdict !== "violation" && rank(within) < rank(own);
  if (!better) {
    const parting = rank(own) < rank(within) ? [...flow.leads.because, flow.began] : [];
    return { ...own, against: [...own.against, ...within.against, ...parting] };
  }
  const support = [...within.support, ...flow.leads.because, flow.began];
  return { ...within, subject, flipped: false, uses: [], support, against: [...within.against, ...own.against] };
}

/** One flow against every rule that may cover it. */
function judgeByItself(subject: Subject, flow: SubjectFlow, judges: Judges): Judgement {
  let uses: RuleUse[] = [];
  let perhaps: RuleUse[] = [];
  let asked: (readonly Candidate[])[] = [];
  let tries: Tried[] = [];
  let forbidden: { use: RuleUse; code: "forbidden" | "retired" } | null = null;
  for (const loaded of judges.models) {
    const candidates = candidatesOf(loaded, subject, flow, judges.context);
    asked = added(asked, candidates);
    for (const { rule, alike } of fitting(loaded, candidates, subject, flow)) {
      if (subject.goesByPort && rule.apps !== null) continue;
      const tried = tryRule(loaded, rule, subject, flow, judges.context);
      const use = useOf(tried, subject, flow, alike);
      tries = added(tries, tried);
      if (use === null) continue;
      const bad = wrongByItself(rule, use, flow, judges);
      if (bad === null && use.how === "documented") mayBeRetired(use, judges);
      if (bad !== null) {
        use.how = "violated";
        forbidden ??= { use, code: bad };
      }
      // Unproved: nobody can say that it was touched, nor that it was not.
      if (rule.requirement !== "forbidden" || bad !== null) uses = added(uses, use);
      else if (use.how === "candidate") perhaps = added(perhaps, use);
    }
  }
  const all = perhaps.length === 0 ? uses : [...uses, ...perhaps];
  // Filled in, not spread into another: an object of so many fields is copied field by field, for each flow there is.
  const judgement: Judgement = {
    subject,
    flipped: false,
    verdict: "undocumented",
    code: "no-rule",
    reason: "",
    use: null,
    documentedBy: [],
    uses: all,
    clauses: [],
    support: [],
    against: [],
    unlisted: 0,
    nearest: null,
    expectation: null,
    found: null,
  };
  const conclude = (use: RuleUse, verdict: Verdict, code: ConversationReason, reason: string): Judgement => {
    judgement.verdict = verdict;
    judgement.code = code;
    judgement.reason = reason;
    judgement.use = use;
    judgement.clauses = clausesOf(use.tried);
    const speaking: FrameRef[] = [];
    for (const clause of judgement.clauses) {
      for (const ref of clause.support) judgement.support.push(ref);
      for (const ref of clause.against) speaking.push(ref);
      judgement.unlisted += clause.unlisted ?? 0;
    }
    // Where a rule documents it nobody asks what speaks against the others.
    judgement.against =
      verdict === "documented"
        ? speaking
        : addAgainst(missedOf(subject, flow, judges, asked, tries), subject, speaking);
    return judgement;
  };

  if (forbidden !== null) {
    const { use, code } = forbidden;
    const says =
      code === "forbidden"
        ? `${use.rule.id} forbids it`
        : `${use.rule.id}: ${subject.responder} is retired, and ${use.rule.retiredAfter} was its last day`;
    const concluded = conclude(use, "violation", code, says);
    // Of a flow that began before that, the later packets are in violation; which they are is not kept.
    const late = code === "retired" && flow.firstSec < judges.retiredAt(use.rule);
    return {
      ...concluded,
      against: code === "retired" ? [...concluded.against, ...use.flow.opening] : concluded.against,
      unlisted: concluded.unlisted + (late ? 1 : 0),
      expectation: code === "forbidden" ? "not at all" : `not after ${use.rule.retiredAfter}`,
      found: "it was used",
    };
  }
  const documented = uses.filter((use) => use.how === "documented");
  if (documented.length > 0) {
    const best = bestOf(documented);
    const concluded = conclude(best, "documented", "rule-proved", best.tried.whom.says);
    concluded.documentedBy = documented;
    return concluded;
  }
  const violated = uses.find((use) => use.how === "violated");
  if (violated !== undefined) {
    const { broken } = violated.tried;
    const concluded = conclude(violated, "violation", "expectation-broken", broken!.clause.says);
    return { ...concluded, expectation: broken!.expectation, found: broken!.found };
  }
  const ignored = ignoredBy(subject, flow, judges);
  if (ignored?.certain)
    return {
      ...conclude(ignored.use, "ignored", "background", ignored.use.rule.note ?? ignored.use.rule.id),
      uses: all,
    };
  const open = uses.filter((use) => use.how === "attempted" || use.how === "candidate");
  if (open.length === 0 && ignored !== null) open.push(ignored.use);
  if (open.length > 0) {
    const best = bestOf(open);
    const clause = best.clause ?? best.tried.up;
    const decide = clause.decide === null ? "" : `; would decide: ${clause.decide}`;
    return conclude(
      best,
      "inconclusive",
      clause.reason ?? "expectation-unproved",
      `could be ${best.rule.id}: ${clause.says}${decide}`,
    );
  }
  const missed = missedOf(subject, flow, judges, asked, tries);
  const nearest = nearestMiss(missed, subject, flow);
  const off = missed.find((tried) => tried.when.result === "failed" && onlyFailed(tried, "when"));
  const code: ConversationReason = off === undefined ? "no-rule" : "condition-off";
  const reason = nearest === null ? "no rule is near it" : nearest.miss.says;
  // The frames that show it at all: someone who doubts the verdict has to find it in the capture.
  judgement.code = code;
  judgement.reason = reason;
  judgement.clauses = nearest === null ? [] : clausesOf(nearest.tried);
  judgement.support = [...flow.opening, ...flow.coming];
  judgement.against = addAgainst(missed, subject, []);
  judgement.nearest = nearest?.miss ?? null;
  return judgement;
}

/** The one with the least unproved, and of those the most specific. */
export function bestOf(uses: readonly RuleUse[]): RuleUse {
  return uses.reduce((a, b) => {
    const order = unprovedCount(b) - unprovedCount(a) || a.weight - b.weight;
    return order < 0 ? b : a;
  });
}

function unprovedCount(use: RuleUse): number {
  return clausesOf(use.tried).filter((clause) => clause.result === "unproved").length;
}

function onlyFailed(tried: Tried, clause: Clause["clause"]): boolean {
  return clausesOf(tried).every((c) =>
    c.clause === clause ? c.result === "failed" : c.result === "proved" || c.result === "unobservable",
  );
}

/** How the rule stands to the flow, or null where a clause failed. */
function useOf(tried: Tried, subject: Subject, flow: SubjectFlow, alike: Alike | null): RuleUse | null {
  if (isMissed(tried)) return null;
  const { who, whom, over, app, when, up } = tried;
  const covering = [who, whom, over, app, when];
  // No payload on something that never came up says nothing against it: that is an attempt.
  const cameUp = up.result === "proved";
  let unproved: Clause | undefined;
  for (const clause of covering) {
    const { result, reason } = clause;
    if (result !== "unproved" || reason === "overlap" || (reason === "never-came-up" && !cameUp)) continue;
    // What was asked breaks it, whatever else is said there: were it another application, no rule would cover it at all.
    if (reason === "other-messages" && tried.broken !== null && !flow.misread) continue;
    unproved = clause;
    break;
  }
  const weight = (whom.weight ?? 0) + (who.weight ?? 0);
  const from = tried.rule.from;
  const played =
    from.kind === "role"
      ? subject.initiatorRoles.find((p) => p.model === tried.loaded.model.name && p.role === from.role)
      : undefined;
  const make = (how: RuleUse["how"], clause: Clause | null): RuleUse => ({
    loaded: tried.loaded,
    rule: tried.rule,
    how,
    conversation: subject.conversation,
    subject,
    fromHost: played?.host ?? null,
    member: whom.member ?? null,
    weight,
    tried,
    flow,
    clause,
    alike,
  });
  // What was not read could have proved it: that it was not is the first thing to know.
  const cut = flow.cut === null ? undefined : tried.expect.find(({ reason }) => reason === "cap-reached");
  if (unproved !== undefined) return make("candidate", cut ?? unproved);
  if (tried.broken !== null) return make("violated", null);
  // Both readings of segments that disagree were tried for what is expected: what either breaks is broken.
  const disagreeing = covering.find(({ reason }) => reason === "overlap");
  if (up.result !== "proved" && disagreeing === undefined)
    return make(up.reason === "never-came-up" ? "attempted" : "candidate", up);
  const expectation = tried.expect.find((clause) => clause.result === "unproved");
  if (expectation !== undefined) return make("candidate", expectation);
  if (disagreeing !== undefined) return make("candidate", disagreeing);
  return make("documented", null);
}

/** Forbidden at all, or retired by then: a violation even where it did not come up, as long as everything else is proved. */
function wrongByItself(rule: Rule, use: RuleUse, flow: SubjectFlow, judges: Judges): "forbidden" | "retired" | null {
  if (use.how === "candidate") return null;
  // Who has said nothing yet has neither shown what it would carry nor which name it would send.
  if (use.how === "attempted" && use.tried.app.result !== "proved") return null;
  if (use.tried.whom.byName === true && flow.firstWords !== "heard") return null;
  if (rule.requirement === "forbidden") return "forbidden";
  if (rule.requirement !== "retired") return null;
  judges.context.counts.onAsk?.();
  // Each datagram is a use of its own; a connection is one, when it is opened.
  const used = flow.connectionless ? flow.lastSec : flow.openedSec;
  return used >= judges.retiredAt(rule) ? "retired" : null;
}

/** A connection that is seen after the rule's last day, and may have been opened before it ended. */
function mayBeRetired(use: RuleUse, judges: Judges): void {
  const { rule, flow } = use;
  if (rule.requirement !== "retired" || flow.firstSec < judges.retiredAt(rule)) return;
  use.how = "candidate";
  use.clause = unproved(
    "when",
    "expectation-unproved",
    `retired after ${rule.retiredAfter}, and no packet shows that it was not opened before`,
    "capture the connection from its start",
  );
}

/**
 * What the background model makes of it: covered (`certain`), or nothing but its content speaks for that. What every host
 * does needs no answer to be background: an unanswered query is one too. A lone SYN is not: it could have carried anything.
 */
function ignoredBy(subject: Subject, flow: SubjectFlow, judges: Judges): { use: RuleUse; certain: boolean } | null {
  const { background } = judges;
  if (background === null) return null;
  let open: RuleUse | null = null;
  const candidates = candidatesOf(background, subject, flow, judges.context);
  // Nothing is told of a background rule that fails: most are not even tried.
  for (const { rule } of fitting(background, candidates, subject, flow)) {
    const tried = tryRule(background, rule, subject, flow, judges.context);
    const use = useOf(tried, subject, flow, null);
    if (use === null || [tried.who, tried.whom, tried.over, tried.when].some(isUnproved)) continue;
    if (tried.app.result === "proved" && !tried.expect.some(isUnproved)) return { use, certain: true };
    open ??= use;
  }
  return open === null ? null : { use: open, certain: false };
}

function isUnproved(clause: Clause): boolean {
  return clause.result === "unproved";
}
