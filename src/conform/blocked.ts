/**
 * "Blocked": attempted, and no attempt came up. A positive refusal is enough. Silence counts only where the capture
 * shows that an answer would have been in it: the same host, within five minutes, got one from beyond the same next hop
 * (`same-hop.ts`), and the attempt was repeated or had three seconds to be answered. Names that were refused are in
 * `blocked-names.ts`.
 */
import { isSameFamily } from "../address.ts";
import type { Rule } from "../model/types.ts";
import type { Conversations } from "../observe/conversations.ts";
import { ANSWERS_APART_SEC } from "../observe/departed.ts";
import { hostKey, type UseSums } from "../observe/departed-uses.ts";
import { OUTCOMES } from "../observe/flow-view.ts";
import { lossOf } from "./absence.ts";
import { unresolvedStatus } from "./blocked-names.ts";
import { type CastHost, isGlobal } from "./cast.ts";
import type { LoadedModel } from "./cover.ts";
import type { RuleUse } from "./judge.ts";
import type { Judged } from "./judged.ts";
import { letThrough } from "./let-through.ts";
import { holdsFor, howItEnded, isHelloDropped } from "./refusal.ts";
import {
  departedUses,
  type HostStatus,
  notEvaluable,
  type RuleContext,
  silenceFiltered,
  silenceInLoss,
  silenceUntimed,
} from "./rule-status.ts";
import { isBeyond, isSameWay, wasSameWay } from "./same-hop.ts";
import type { SubjectFlow } from "./subject-flow.ts";

const ANSWER_WITHIN_SEC = ANSWERS_APART_SEC;
const WAITED_SEC = 3;

const REFUSED: ReadonlySet<string> = new Set(["refused", "unreachable", "failed"]);

/**
 * Null where nothing was attempted, or where attempts came up, or may have for all that is seen of them.
 * `host`: null where the rule's opener is no bound host.
 * `lacking`: members of the endpoint that are in question, null for all.
 */
export function blockedStatus(
  loaded: LoadedModel,
  rule: Rule,
  all: readonly RuleUse[],
  context: RuleContext,
  host: CastHost | null,
  lacking: readonly string[] | null = null,
): HostStatus | null {
  const status = statusOfTries(loaded, rule, all, context, host, lacking);
  const mayBeUp = ({ how, member, tried: { up } }: RuleUse): boolean =>
    how === "candidate" &&
    up.reason !== "never-came-up" &&
    (lacking === null || member === null || lacking.includes(member));
  return status?.status === "blocked" && all.some(mayBeUp) ? null : status;
}

function statusOfTries(
  loaded: LoadedModel,
  rule: Rule,
  all: readonly RuleUse[],
  context: RuleContext,
  host: CastHost | null,
  lacking: readonly string[] | null,
): HostStatus | null {
  const uses = lacking === null ? all : all.filter(({ member }) => member !== null && lacking.includes(member));
  // What is up and may be it says that not every attempt failed.
  const open = uses.find(({ how, tried }) => how === "candidate" && tried.up.result === "proved");
  if (open !== undefined) return null;
  const attempts = uses.filter((use) => use.how === "attempted" && !isAnothers(use, context));
  const gone = departedUses(loaded, rule, host, context);
  const refused = attempts.find(({ flow }) => REFUSED.has(flow.outcome));
  const loss = host === null ? null : lossOf(host, context);
  const named = host === null ? null : unresolvedStatus(loaded, rule, host, loss, context, lacking);
  if (refused !== undefined) {
    const status = blocked(attempts, gone, refused, context, howOften(attempts, gone, refused));
    return named?.code === "sinkholed" ? atSinkhole(named, status, attempts, context) : status;
  }
  if (attempts.length === 0 || named?.code === "sinkholed") return named;
  if (loss === null) return silence(attempts, gone, context, host);
  const { who, whom } = endsOf(judgementOf(attempts[0]!, context), attempts[0]!);
  return { ...silenceInLoss(`${who} tried ${whom}`, loss), evidence: [...attempts[0]!.tried.who.support] };
}

/** What refuses at an address that a filtering resolver gave is its page, and no firewall that could be told to let it through. */
function atSinkhole(
  named: HostStatus,
  refused: HostStatus,
  attempts: readonly RuleUse[],
  context: RuleContext,
): HostStatus {
  if (attempts.some((use) => isGlobal(judgementOf(use, context).responder))) return refused;
  const evidence = [...named.evidence, ...refused.evidence];
  return { ...named, reason: `${named.reason}; ${refused.reason}`, evidence };
}

/** True where another rule of the model names what was tried more closely: a wildcard is not blocked by a name beside it. */
function isAnothers(use: RuleUse, context: RuleContext): boolean {
  return (
    context
      .byConversation()
      .get(use.conversation)
      ?.uses.some((other) => isCloser(other, use)) === true
  );
}

/** True where it names the same attempt more closely. */
export function isCloser({ how, flow, loaded, weight }: RuleUse, than: RuleUse): boolean {
  return how === "attempted" && flow === than.flow && loaded === than.loaded && weight > than.weight;
}

/** How often an attempt was made: a datagram by itself is one. */
export function triesOf({ flow }: RuleUse): number {
  return flow.connectionless ? Math.max(1, flow.asked) : 1;
}

/** What came back to the telling attempt, and to how many of all. */
function howOften(attempts: readonly RuleUse[], gone: UseSums, telling: RuleUse): string {
  const said = howItEnded(telling.flow);
  let same = attempts.filter(({ flow }) => holdsFor(said, howItEnded(flow))).length;
  for (const [ended, count] of gone.ended) if (holdsFor(said, ended)) same += count;
  const all = attempts.length + gone.attempted;
  return same === all ? said : `${same} of ${all} times ${said}`;
}

/** `said`: what came back, as a clause. */
function blocked(
  attempts: readonly RuleUse[],
  gone: UseSums,
  telling: RuleUse,
  context: RuleContext,
  said: string,
): HostStatus {
  const judgement = judgementOf(telling, context);
  const ends = endsOf(judgement, telling);
  const { who, whom } = ends;
  const tries = attempts.reduce((sum, use) => sum + triesOf(use), gone.tries);
  const first = attempts.reduce((sec, { flow }) => Math.min(sec, flow.firstSec), gone.firstSec);
  const last = attempts.reduce((sec, { flow }) => Math.max(sec, flow.lastSec), gone.lastSec);
  const times = tries === 1 ? "once" : `${tries} times${last - first >= 1 ? ` in ${last - first} s` : ""}`;
  return {
    status: "blocked",
    code: "refused",
    reason: `${who} tried ${whom} ${times}, and it never came up: ${said}`,
    remedy: letThrough(telling, { ...ends, sentTo: judgement.responder }),
    evidence: [...telling.tried.who.support, ...telling.tried.up.against],
  };
}

/** Who tried, and whom: the documented or sent name with the address behind it. */
function endsOf(judged: Judged, { tried, subject: { through } }: RuleUse): { who: string; whom: string } {
  const name = judged.serverName ?? tried.whom.member ?? null;
  const { initiator, responder } = judged;
  if (through !== undefined) return { who: initiator, whom: `${through.host} through the proxy ${responder}` };
  return { who: initiator, whom: name === null || name === responder ? responder : `${name} (${responder})` };
}

function judgementOf(use: RuleUse, { byConversation }: RuleContext): Judged {
  return byConversation().get(use.conversation)!;
}

/** Attempts without an answer: blocked only where answers are visible here. */
function silence(attempts: readonly RuleUse[], gone: UseSums, context: RuleContext, host: CastHost | null): HostStatus {
  const first = endsOf(judgementOf(attempts[0]!, context), attempts[0]!);
  const filtered = silenceFiltered(`${first.who} tried ${first.whom}`, host, context);
  if (filtered !== null) return { ...filtered, evidence: [...attempts[0]!.tried.who.support] };
  if (context.coverage.setBackSec > 0) {
    const { who, whom } = first;
    return { ...silenceUntimed(`${who} tried ${whom}`), evidence: [...attempts[0]!.tried.who.support] };
  }
  const hadTime = attempts.filter(
    ({ flow }) =>
      flow.asked > 1 || attempts.length + gone.attempted > 1 || context.lastSec - flow.lastSec >= WAITED_SEC,
  );
  // Its own SYN-ACK shows that answers from there are visible here.
  const dropped = attempts.find(({ flow }) => isHelloDropped(flow));
  if (host !== null && dropped !== undefined)
    return { ...blocked(attempts, gone, dropped, context, howItEnded(dropped.flow)), code: "unanswered" };
  if (host !== null)
    for (const waited of oneOfAFamily(hadTime, context)) {
      const attempted = judgementOf(waited, context);
      const shows = (isFar: IsFar) =>
        context.judgements.find((other) => showsAnswers(other, attempted, host, waited.flow, context, isFar))
          ?.responder;
      const answerer = shows(isFarEnd) ?? answeredBefore(attempted, host, waited.flow, context);
      const beside = answerer ?? (waited.flow.nextHop === 0 ? null : (shows(isBeyond) ?? null));
      if (beside !== null) {
        const how = answerer === null ? ", through the same router" : "";
        const said = `nothing came back${repeated(waited)}, while ${beside} answered ${host.host.text} at that time${how}`;
        return { ...blocked(attempts, gone, waited, context, said), code: "unanswered" };
      }
    }
  const { who, whom } = endsOf(judgementOf(attempts[0]!, context), attempts[0]!);
  return {
    ...notEvaluable(
      "replies-not-visible",
      hadTime.length === 0
        ? `${who} tried ${whom} just before the capture ended`
        : `${who} tried ${whom} and nothing came back, but nothing shows that answers from there would be in this capture`,
      hadTime.length === 0
        ? "capture on for a few seconds more"
        : "mirror both directions of the host's uplink, and look whether a firewall drops it",
    ),
    evidence: [...attempts[0]!.tried.who.support],
  };
}

/** A connection's SYN is sent again and again: one try, and a long one. */
function repeated({ flow: { connectionless, asked, firstSec, lastSec } }: RuleUse): string {
  if (connectionless || asked < 2) return "";
  return `, though its SYN was sent ${asked} times${lastSec > firstSec ? ` in ${lastSec - firstSec} s` : ""}`;
}

/** IPv4 and IPv6 may go ways of their own: the first attempt of each, that each way is looked at once. */
function oneOfAFamily(attempts: readonly RuleUse[], context: RuleContext): RuleUse[] {
  const familyOf = (use: RuleUse): number => judgementOf(use, context).family;
  return [4, 6].flatMap((family) => attempts.find((use) => familyOf(use) === family) ?? []);
}

/** The same of conversations that have left a live run: one of the Internet who answered; null for nobody. */
function answeredBefore(
  { responder, realm }: Judged,
  { host }: CastHost,
  at: SubjectFlow,
  { conversations: { seen } }: RuleContext,
): string | null {
  const known = isGlobal(responder)
    ? seen.departed?.hosts.get(hostKey(seen.realms[realm] ?? "", host.text))
    : undefined;
  const near = known?.answers.find(
    (one) =>
      one.fromSec <= at.lastSec + ANSWER_WITHIN_SEC &&
      one.toSec >= at.firstSec - ANSWER_WITHIN_SEC &&
      isSameFamily(one.responder, responder),
  );
  return near !== undefined && wasSameWay(near.responder, realm, at, seen) ? near.responder : null;
}

/** Whether what answered is as far as what did not, beyond the same next hop. */
type IsFar = (other: Judged, attempted: Judged, at: SubjectFlow, all: Conversations) => boolean;

/** The far end itself, or the Internet where the attempt went there too, and through the same router. */
const isFarEnd: IsFar = (other, attempted, at, all) =>
  (other.responder === attempted.responder || (isGlobal(other.responder) && isGlobal(attempted.responder))) &&
  isSameWay(other, at, all);

/**
 * True where a conversation proves that answers from beyond the same next hop reach this capture: opened by the same
 * host, answered, and near in time. A RST or an ICMP error is no such answer, though another port of the same far end sent
 * it: a filter on this side of the way sends both in its name.
 */
function showsAnswers(
  other: Judged,
  attempted: Judged,
  host: CastHost,
  at: SubjectFlow,
  { conversations: all }: RuleContext,
  isFar: IsFar,
): boolean {
  if (!other.initiatorRoles.some((played) => played.host === host)) return false;
  if (other.realm !== attempted.realm || other.family !== attempted.family) return false;
  if (!isFar(other, attempted, at, all)) return false;
  const view = all.view();
  for (const flow of all.flowsOf(other.conversation)) {
    view.move(flow);
    if (view.firstSec > at.lastSec + ANSWER_WITHIN_SEC || view.lastSec < at.firstSec - ANSWER_WITHIN_SEC) continue;
    const outcome = OUTCOMES[all.flowOutcome(view, view.initiator().dir)];
    if (outcome === "established" || outcome === "answered") return true;
  }
  return false;
}
