/** Judgements as rows of a result. */
import { LIMITS } from "../limits.ts";
import type { Binding, Bound, BoundHost } from "../model/bind.ts";
import type { Model, Rule } from "../model/types.ts";
import type * as C from "../observe/conversations.ts";
import type { DnsEvidence } from "../observe/dns-evidence.ts";
import { restRow } from "../observe/rest.ts";
import { placeKey } from "../report/places.ts";
import type { ClauseResult, ConversationRow, FrameRef, RuleRow, RunInfo } from "../report/result.ts";
import { type Cast, foundOut } from "./cast.ts";
import type { Clause } from "./clause.ts";
import type { LoadedModel } from "./cover.ts";
import type { Judgement, RuleUse } from "./judge.ts";
import type { RuleJudgement } from "./rule-status.ts";
import { targetText } from "./target-text.ts";
import type { Waivers } from "./waive.ts";

export function conversationRow(all: C.Conversations, dns: DnsEvidence, judgement: Judgement): ConversationRow {
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
  row.rules = rulesOf(judgement.documentedBy);
  if (use?.tried.silent === true && row.outcome === "unanswered") {
    // No answer is what the rule expects: nothing failed.
    row.outcome = "one-way";
    row.outcomes = { ...row.outcomes, "one-way": (row.outcomes["one-way"] ?? 0) + (row.outcomes.unanswered ?? 0) };
    delete row.outcomes.unanswered;
  }
  const against = toldFirst(judgement, unique(judgement.against));
  const untold = unsaidEnds(judgement);
  let support = unique([...judgement.support, ...untold.flatMap(({ frames }) => frames)]);
  if (untold.length > 0) row.reason = `${judgement.reason}; ${untold.map(({ says }) => says).join("; ")}`;
  if (judgement.verdict === "inconclusive" && against.length > 0) {
    const speaking = new Set(against.map(placeKey));
    support = support.filter((ref) => !speaking.has(placeKey(ref)));
  }
  row.evidence = {
    support: firstOf(support),
    support_count: support.length,
    against: firstOf(against),
    against_count: against.length + judgement.unlisted,
    clauses: judgement.clauses.map(toldOf),
    initiator_by: subject.by,
    nearest: judgement.nearest,
  };
  return row;
}

/** Of what speaks against it that first which broke what was expected: where somebody has to look. */
function toldFirst({ verdict, use }: Judgement, against: FrameRef[]): FrameRef[] {
  const broken = verdict === "violation" ? use?.tried.broken?.clause.against : undefined;
  if (broken === undefined || broken.length === 0) return against;
  const first = unique(broken);
  const keys = new Set(first.map(placeKey));
  return [...first, ...against.filter((ref) => !keys.has(placeKey(ref)))];
}

/** Whose addresses were found out, as far as no clause says it: without that nobody sees why it is judged at all. */
function unsaidEnds({ subject, clauses, verdict }: Judgement): NonNullable<ReturnType<typeof foundOut>>[] {
  if (verdict === "ignored" || verdict === "unrelated") return [];
  const ends = [
    ...subject.initiatorRoles.map((played) => foundOut(subject.initiator, played)),
    ...subject.responderRoles.map((played) => foundOut(subject.responder, played)),
  ];
  return ends.filter((end) => end !== null).filter(({ says }) => !clauses.some((clause) => clause.says === says));
}

export function ruleRow(judged: RuleJudgement, waivers: Waivers, broken: () => (string | null)[]): RuleRow {
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

/** The rules that document it; conversations of one rule share the list. */
function rulesOf(uses: readonly RuleUse[]): ConversationRow["rules"] {
  const [only] = uses;
  if (only === undefined || uses.length > 1)
    return uses.map(({ loaded, rule }) => ({ model: loaded.model.name, rule_id: rule.id }));
  let rules = ONE_RULE.get(only.rule);
  if (rules === undefined) {
    rules = [{ model: only.loaded.model.name, rule_id: only.rule.id }];
    ONE_RULE.set(only.rule, rules);
  }
  return rules;
}
const ONE_RULE = new WeakMap<Rule, ConversationRow["rules"]>();

const firstOf = (frames: FrameRef[]): FrameRef[] =>
  frames.length > LIMITS.evidenceFrames ? frames.slice(0, LIMITS.evidenceFrames) : frames;

/** A clause as it is told. Most conversations have the same "over", "app", "when" and "up": they share what is told of it. */
function toldOf({ clause, result, says }: Clause): ClauseResult {
  const known = TOLD.get(says);
  if (known !== undefined && known.clause === clause && known.result === result) return known;
  const told = { clause, result, says };
  if (says.length > LONGEST_TOLD) return told;
  if (TOLD.size >= MOST_TOLD) TOLD.clear();
  TOLD.set(says, told);
  return told;
}
const TOLD = new Map<string, ClauseResult>();
const LONGEST_TOLD = 64;
const MOST_TOLD = 16_384;

/** Each frame once, in order. */
function unique(frames: readonly FrameRef[]): FrameRef[] {
  if (frames.length <= FEW) return uniqueOfFew(frames);
  const known = new Map<string, FrameRef>();
  for (const ref of frames) if (!known.has(placeKey(ref))) known.set(placeKey(ref), ref);
  return [...known.values()].sort((a, b) => a.capture_id - b.capture_id || a.frame - b.frame);
}

/** So few that looking through them is faster than keeping account of them. */
const FEW = 12;

function uniqueOfFew(frames: readonly FrameRef[]): FrameRef[] {
  const found: FrameRef[] = [];
  for (const ref of frames) {
    const { capture_id, frame } = ref;
    // From the end, because frames come nearly in order.
    let at = found.length;
    let order = -1;
    while (at > 0) {
      const before = found[at - 1]!;
      order = before.capture_id - capture_id || before.frame - frame;
      if (order <= 0) break;
      at--;
    }
    if (at > 0 && order === 0) continue;
    if (at === found.length) found.push(ref);
    else found.splice(at, 0, ref);
  }
  return found.slice(); // an array that grew has room for 17, and evidence is kept
}

export function bindingRows(
  bindings: readonly Binding[],
  cast: Cast,
  backgroundName: string | null,
): RunInfo["bindings"] {
  const appeared = new Set(
    cast.hosts.filter(({ presence }) => presence.firstSec !== Number.POSITIVE_INFINITY).map(({ host }) => host),
  );
  return bindings
    .filter((binding) => binding.model !== backgroundName)
    .map(({ role, model, hosts, how, outside }) => ({
      role,
      model,
      values: hosts.map((host) => host.text),
      how,
      seen: hosts.some((host) => appeared.has(host)),
      ...(outside ? { outside } : {}),
      ...foundAddresses(hosts),
    }));
}

/** Addresses of theirs that nobody bound; nothing where there are none. */
function foundAddresses(hosts: readonly BoundHost[]): { others?: string[] } {
  const others = hosts.flatMap((host) => host.others?.map(({ text }) => text) ?? []);
  return others.length === 0 ? {} : { others };
}

export function parameterRows(models: readonly Model[], bound: Bound): RunInfo["parameters"] {
  return models.flatMap((model) =>
    model.parameters.map(({ name }) => {
      const setting = bound.parameters.get(model.name)?.get(name);
      return { name, model: model.name, value: setting?.value ?? null, how: setting?.how ?? "missing" };
    }),
  );
}
