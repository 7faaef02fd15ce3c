/**
 * One status a rule: the worst of its hosts. Each address bound singly to the from-role that appears in the capture is
 * judged by itself, a CIDR as a whole. "Missing" and "blocked" are said only where the capture could have shown the
 * opposite (`verdicts.md`: "One status a rule").
 */
import type { Rule } from "../model/types.ts";
import type { UseSums } from "../observe/departed-uses.ts";
import { DEFAULT_REALM } from "../observe/observation.ts";
import type { FrameRef, RuleHostRow } from "../report/result.ts";
import { number, plural } from "../report/words.ts";
import { couldNotShow, openCandidate } from "./absence.ts";
import { isInferred, otherAssignment } from "./assignment.ts";
import { blockedStatus } from "./blocked.ts";
import { absentWords, type CastHost, calledOf } from "./cast.ts";
import { conditionOf, isBoundEnd, type LoadedModel } from "./cover.ts";
import { closerRules, equalRules } from "./equal-rules.ts";
import type { RuleUse } from "./judge.ts";
import { settleChoices, settleFallbacks } from "./needless.ts";
import { overText } from "./over-clause.ts";
import {
  departedUses,
  type HostStatus,
  heldBack,
  hostTexts,
  isUnwanted,
  judgedBefore,
  notEvaluable,
  perhapsBefore,
  type RuleContext,
  type RuleJudgement,
  unusedHere,
  wasJudgedOtherwise,
  worstOf,
} from "./rule-status.ts";
import { inWords } from "./target-text.ts";
import { clausesOf } from "./trial.ts";

/** What is the same for all rules. */
interface Shared {
  /** Uses that another rule of the same model fits as well: use → the other. */
  equals: ReadonlyMap<RuleUse, RuleUse>;
  closer: ReadonlyMap<RuleUse, RuleUse>;
  /** Hosts that would open what a role opens. */
  openers: (loaded: LoadedModel, role: string) => readonly CastHost[];
}

const NO_USES: readonly RuleUse[] = [];
const NO_STATUSES: readonly HostStatus[] = [];
const NO_MEMBERS: readonly string[] = [];

export function judgeRules(context: RuleContext): RuleJudgement[] {
  const uses = new Map<Rule, RuleUse[]>();
  for (const judgement of context.judgements) {
    const held = heldBack(judgement);
    for (const one of judgement.uses) {
      const use: RuleUse = held !== null && one.how === "documented" ? { ...one, how: "candidate", clause: held } : one;
      const list = uses.get(use.rule);
      if (list === undefined) uses.set(use.rule, [use]);
      else list.push(use);
    }
  }
  const { cast } = context.judges.context;
  const shared = {
    equals: equalRules(context.judgements, cast),
    closer: closerRules(context.judgements),
    openers: openersOf(cast.hosts),
  };
  const judged: RuleJudgement[] = [];
  for (const loaded of context.judges.models) {
    for (const rule of loaded.model.rules) {
      judged.push(judgeRule(loaded, rule, uses.get(rule) ?? NO_USES, shared, context));
    }
  }
  return settleFallbacks(settleChoices(judged));
}

function judgeRule(
  loaded: LoadedModel,
  rule: Rule,
  uses: readonly RuleUse[],
  shared: Shared,
  context: RuleContext,
): RuleJudgement {
  const gone = departedUses(loaded, rule, null, context);
  const make = (
    { status, code, reason, remedy, evidence }: HostStatus,
    hosts: RuleHostRow[],
    each: readonly HostStatus[] = NO_STATUSES,
  ): RuleJudgement => {
    const conversations = countConversations(uses) + gone.conversations;
    return { loaded, rule, status, code, reason, remedy, hosts, each, evidence, conversations };
  };
  const when = conditionOf(loaded, rule);
  if (when.result === "failed") return make(notEvaluable("condition-off", when.says, null), []);
  if (when.result === "unproved") return make(notEvaluable("parameter-missing", when.says, when.decide), []);
  const violations = uses.filter((use) => use.how === "violated" && !shared.equals.has(use));
  if (violations.length > 0) {
    return make(violatedStatus(rule, uses, violations, gone), []);
  }
  for (const target of [rule.from, rule.to]) {
    if (target.kind !== "role" || context.judges.context.cast.isBound(loaded.model.name, target.role)) continue;
    return make(unboundEnd(rule, target.role, uses, gone), []);
  }
  const { packets } = context.judges.context.caps;
  if (packets !== null) return make(notEvaluable("cap-reached", packets.says, packets.decide), []);
  const unnamed = unnamedEnd(loaded, rule, context) ?? unknownPort(loaded, rule, uses);
  if (unnamed !== null) return make(unnamed, []);
  const from = rule.from.kind === "role" ? rule.from.role : null;
  const hosts = from === null ? [] : shared.openers(loaded, from);
  if (hosts.length === 0) return make(withoutHosts(loaded, rule, uses, shared, context), []);
  const each = hosts.map((host) => {
    const its = uses.length === 0 ? NO_USES : uses.filter((use) => use.fromHost === host);
    return judgeHost(loaded, rule, host, its, shared, context);
  });
  const rows = each.map(({ status, reason }, i): RuleHostRow => {
    const { realm, host } = hosts[i]!;
    return { realm: realm ?? DEFAULT_REALM, host: host.text, status, reason };
  });
  return make(worstOf(each), rows, each);
}

/** Bound in every realm, a host need not be in each: where it is in one, it is not missed in the others. */
function whereTheyAre(hosts: readonly CastHost[]): readonly CastHost[] {
  const isThere = ({ presence }: CastHost): boolean => presence.firstSec !== Number.POSITIVE_INFINITY || presence.asked;
  const there = new Set(hosts.filter(isThere).map(({ host }) => host));
  return hosts.filter((one) => isThere(one) || !there.has(one.host));
}

/** See `Shared.openers`: once for each role, however many rules begin there. */
function openersOf(all: readonly CastHost[]): Shared["openers"] {
  const known = new Map<LoadedModel, Map<string, readonly CastHost[]>>();
  return (loaded, role) => {
    let roles = known.get(loaded);
    if (roles === undefined) {
      roles = new Map();
      known.set(loaded, roles);
    }
    let hosts = roles.get(role);
    if (hosts === undefined) {
      hosts = whereTheyAre(onOneSide(all.filter((host) => host.model === loaded.model.name && host.role === role)));
      roles.set(role, hosts);
    }
    return hosts;
  };
}

/** Beyond NAT several hosts have one address, which is judged as a whole, and only where none of them is seen on its own side. */
function onOneSide(hosts: readonly CastHost[]): readonly CastHost[] {
  const isSeen = ({ presence }: CastHost): boolean => presence.firstSec !== Number.POSITIVE_INFINITY;
  const inside = hosts.filter(({ outside }) => !outside);
  const outside = hosts.filter((host) => host.outside && isSeen(host));
  return inside.some(isSeen) || outside.length === 0 ? inside : outside;
}

/** Whom it goes to is a name that was not given, and no host is bound in its stead: there is nothing to look for. */
function unnamedEnd(loaded: LoadedModel, rule: Rule, context: RuleContext): HostStatus | null {
  if (rule.to.kind !== "endpoint" || isBoundEnd(loaded, rule.to, context.judges.context.cast)) return null;
  const unknown = loaded.endpoints
    .get(rule.to.endpoint)!
    .hosts.find(({ parameter }) => parameter !== null && loaded.parameter(parameter) === null);
  if (unknown === undefined) return null;
  const { parameter } = unknown;
  return notEvaluable(
    "parameter-missing",
    `its name is the parameter ${parameter}, which was not given`,
    `give --set ${parameter}=NAME`,
  );
}

/** One of its ports is a parameter that was not given, and nothing that was seen shows the rule by another one. */
function unknownPort({ parameter }: LoadedModel, { over }: Rule, uses: readonly RuleUse[]): HostStatus | null {
  if (uses.some(({ how }) => how === "documented")) return null;
  for (const { ports } of over)
    for (const { first, parameter: name } of ports)
      if (first < 0 && name !== null && parameter(name) === null)
        return notEvaluable(
          "parameter-missing",
          `its port is the parameter ${name}, which was not given`,
          `give --set ${name}=PORT`,
        );
  return null;
}

/**
 * One of its ends is a role that nobody was bound to. Where the document opens it to anywhere (`peer: internet`), whoever
 * came is documented, and may still be anybody: that role's part of it nobody has seen.
 */
function unboundEnd(rule: Rule, role: string, uses: readonly RuleUse[], gone: UseSums): HostStatus {
  const says = `the role ${role} is bound to no address`;
  const documented = uses.filter((use) => use.how === "documented");
  if (rule.peer !== "internet") return notEvaluable("role-not-bound", says, `give --bind ${role}=ADDRESS`);
  const came =
    documented.length === 0
      ? says
      : `${says}, and ${plural(documented.length + gone.documented, "flow that fits", "flows that fit")} it may be anybody's`;
  const status = notEvaluable("role-not-bound", came, `give --bind ${role}=internet, or its addresses`);
  return { ...status, evidence: documented.slice(0, MOST_TRIED).flatMap(supportOf) };
}

/** A rule whose opener is nobody in particular: the Internet, or anyone. */
function withoutHosts(
  loaded: LoadedModel,
  rule: Rule,
  uses: readonly RuleUse[],
  shared: Shared,
  context: RuleContext,
): HostStatus {
  const met = metStatus(rule, uses, shared, departedUses(loaded, rule, null, context), context);
  if (met !== null) return met;
  const tried = perhapsBefore(blockedStatus(loaded, rule, uses, context, null), context);
  if (tried !== null) return tried;
  if (isUnwanted(rule) || rule.requirement === "optional" || rule.on !== null)
    return openCandidate(uses) ?? unusedHere(rule, context);
  return notEvaluable(
    "peer-unknown",
    "nobody can say from a capture whether the far end wanted to open it",
    "let the far end connect while it is captured",
  );
}

function judgeHost(
  loaded: LoadedModel,
  rule: Rule,
  host: CastHost,
  uses: readonly RuleUse[],
  shared: Shared,
  context: RuleContext,
): HostStatus {
  const met = metStatus(rule, uses, shared, departedUses(loaded, rule, host, context), context);
  if (met !== null && met.status !== "met") return met;
  const isWanted = !isUnwanted(rule) && rule.requirement !== "optional";
  const mayBeMissed = isWanted && rule.on === null;
  // Where one of several was used, there was an occasion for the others.
  const mayLack = mayBeMissed || (isWanted && met !== null);
  const members = mayLack ? membersOf(loaded, rule) : NO_MEMBERS;
  const used = new Set(uses.filter((use) => use.how === "documented").map((use) => use.member));
  const lacking = met === null ? members : members.filter((member) => !used.has(member));
  if (met !== null && lacking.length === 0) return met;

  const name = calledOf(host);
  if (host.presence.firstSec === Number.POSITIVE_INFINITY) {
    if (wasJudgedOtherwise(context)) return judgedBefore();
    const remedy = `check the binding of ${host.role}, and the place of the capture`;
    return notEvaluable("host-not-seen", `${name} ${absentWords(host.presence.asked)}`, remedy);
  }
  if (met === null && context.judges.context.contested.ofHost(host) === null) {
    const blocked = perhapsBefore(blockedStatus(loaded, rule, uses, context, host), context);
    if (blocked !== null) return blocked;
  }
  if (!mayLack) return met ?? openCandidate(uses) ?? unusedHere(rule, context);
  let tried: HostStatus | null = null;
  if (met !== null) {
    // A refusal is no absence: the capture shows it, however short it is.
    const refused = perhapsBefore(blockedStatus(loaded, rule, uses, context, host, lacking), context);
    if (refused?.status === "blocked") {
      const evidence = [...met.evidence, ...refused.evidence];
      const reason = `${name} used ${[...used].join(", ")}; ${refused.reason}`;
      return { ...refused, status: "partial", code: "partial", reason, evidence };
    }
    tried = refused;
  }
  // What was tried, and may have come up for all that is seen of it, is not lacking.
  const blind = tried ?? couldNotShow(loaded, rule, host, uses, lacking, context);
  if (met !== null) {
    if (blind !== null) {
      const says = `${used.size} of ${members.length} endpoints were used; of ${lacking.join(", ")} this capture can't say: ${blind.reason}`;
      return { ...notEvaluable(blind.code, says, blind.remedy), ofOthers: true };
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
  const whom = inWords(loaded, rule, context);
  const minutes = Math.floor(context.coverage.seconds(host) / 60);
  return {
    status: "missing",
    code: "missing",
    reason: `${name} was seen for ${minutes} minutes and never opened it`,
    remedy: `find out whether ${name} is set up to use ${whom}, and whether ${overText(loaded, rule)} to there is let through`,
    evidence: [],
  };
}

/** Members of an endpoint of which each is needed; empty where one is enough, and where there is one only, by whatever it is known. */
function membersOf(loaded: LoadedModel, rule: Rule): readonly string[] {
  if (rule.to.kind !== "endpoint") return NO_MEMBERS;
  const endpoint = loaded.endpoints.get(rule.to.endpoint)!;
  if (endpoint.need !== "each" || endpoint.hosts.length === 1) return NO_MEMBERS;
  return endpoint.hosts.length > 0 ? hostTexts(loaded, endpoint) : endpoint.addresses.map((range) => range.text);
}

function metStatus(
  rule: Rule,
  uses: readonly RuleUse[],
  shared: Shared,
  gone: UseSums,
  context: RuleContext,
): HostStatus | null {
  const { equals, closer } = shared;
  const documented = uses.filter((use) => use.how === "documented");
  if (documented.length === 0) return brokenFor(uses, equals);
  const telling = documented.filter((one) => !equals.has(one) && !closer.has(one));
  const [use] = telling;
  if (use === undefined) {
    const one = documented.find((each) => equals.has(each));
    if (one === undefined) return ofAnother(rule, uses, shared, context);
    const twin = equals.get(one)!;
    const status = notEvaluable(
      "same-as",
      `cannot be told from ${twin.rule.id}: the evidence fits both equally`,
      howToTell(one, twin),
    );
    return { ...status, evidence: [...supportOf(one), ...supportOf(twin)] };
  }
  const standing = telling.slice(0, MOST_TRIED).find((one) => otherAssignment(one, context.judges) === null);
  if (standing === undefined) {
    const { host, role } = use.fromHost!;
    const status = notEvaluable(
      "same-as",
      `cannot be told from ${otherAssignment(use, context.judges)!.id}: that ${host.text} is ${role} is only inferred`,
      `give --bind ${role}=${host.text}, if it is`,
    );
    return { ...status, evidence: supportOf(use) };
  }
  const inferred = isInferred(standing)
    ? ` (that ${standing.fromHost!.host.text} is ${standing.fromHost!.role} is inferred)`
    : "";
  return {
    status: "met",
    code: "met",
    reason: `${countFlows(documented.length + gone.documented)}${standing.tried.whom.says}${inferred}`,
    remedy: null,
    evidence: supportOf(standing),
  };
}

/** Of several one is told. */
const countFlows = (count: number): string => (count === 1 ? "" : `${number(count)} flows, one of which: `);

/** All that was seen of a wildcard has a row of its own. */
function ofAnother(rule: Rule, uses: readonly RuleUse[], { closer }: Shared, context: RuleContext): HostStatus {
  const use = uses.find((one) => closer.has(one))!;
  const own = closer.get(use)!;
  const evidence = [...supportOf(use), ...supportOf(own)];
  const reason = `all that was seen of ${use.member} has a row of its own: ${own.rule.id}`;
  if (rule.requirement === "optional" || rule.on !== null) {
    const status = unusedHere(rule, context);
    return openCandidate(uses) ?? { ...status, reason: `${status.reason}; ${reason}`, evidence };
  }
  const remedy = `capture while another name of ${use.member} is used`;
  return { ...notEvaluable("same-as", reason, remedy), evidence };
}

/** What breaks it is what another one documents that fits as well: nobody can say which of the two it is of. */
function brokenFor(uses: readonly RuleUse[], equals: ReadonlyMap<RuleUse, RuleUse>): HostStatus | null {
  const broken = uses.find((use) => use.how === "violated" && equals.has(use));
  if (broken === undefined) return null;
  const twin = equals.get(broken)!;
  const reason = `what would break it fits ${twin.rule.id} equally, which it keeps`;
  return { ...notEvaluable("same-as", reason, howToTell(broken, twin)), evidence: supportOf(twin) };
}

/** What would tell two rules apart that one conversation fits equally. */
function howToTell(one: RuleUse, twin: RuleUse): string {
  if (one.subject.initiator !== twin.subject.initiator)
    return "capture it from its start, so that it shows which end opened it";
  const { initiatorRoles, responderRoles } = one.subject;
  const ends = [
    [one.rule.from, twin.rule.from, initiatorRoles],
    [one.rule.to, twin.rule.to, responderRoles],
  ] as const;
  for (const [a, b, roles] of ends)
    if (a.kind === "role" && b.kind === "role" && a.role !== b.role && roles.some(({ role }) => role === b.role))
      return `bind ${a.role} and ${b.role} to different addresses, if they are different hosts`;
  return "nothing on the wire tells the two apart, and no binding will: ask the services themselves which of them it was";
}

/** Uses of one rule for which another assignment of roles is tried. */
export const MOST_TRIED = 16;

function supportOf(use: RuleUse): FrameRef[] {
  return clausesOf(use.tried).flatMap((clause) => clause.support);
}

function violatedStatus(
  rule: Rule,
  uses: readonly RuleUse[],
  violations: readonly RuleUse[],
  gone: UseSums,
): HostStatus {
  const clean = uses.filter((use) => use.how === "documented").length + gone.documented;
  const broke = violations.length + gone.violated;
  const first = violations[0]!;
  const broken = first.tried.broken;
  if (broken === null) {
    return {
      status: "violated",
      code: "touched",
      reason: `it is ${rule.requirement}, and ${plural(broke, "flow")} used it`,
      remedy: "find out what opened it",
      evidence: [...first.tried.who.support],
    };
  }
  return {
    status: "violated",
    code: "expectation-broken",
    reason: `${plural(broke, "flow breaks", "flows break")} it, ${clean} ${clean === 1 ? "keeps" : "keep"} it: ${broken.clause.says}`,
    remedy: null,
    evidence: [...broken.clause.against],
  };
}

function countConversations(uses: readonly RuleUse[]): number {
  if (uses.length === 0) return 0;
  return new Set(uses.filter((use) => use.how !== "candidate").map((use) => use.conversation)).size;
}
