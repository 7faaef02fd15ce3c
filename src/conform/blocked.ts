/**
 * "Blocked": attempted, and no attempt came up. A positive refusal is enough. Silence counts only where the capture
 * shows that an answer would have been in it: the same host, within five minutes, got one from beyond the same next hop,
 * and the attempt was repeated or had three seconds to be answered.
 */
import type { Rule } from "../model/types.ts";
import { type CastHost, isGlobal } from "./cast.ts";
import type { LoadedModel } from "./cover.ts";
import type { RuleUse } from "./judge.ts";
import { type HostStatus, lookupsOf, notEvaluable, type RuleContext } from "./rule-status.ts";
import type { Subject } from "./subject.ts";

const ANSWER_WITHIN_SEC = 300;
const WAITED_SEC = 3;

const HOW = {
  refused: "refused by RST",
  unreachable: "answered by an ICMP error",
  failed: "ended by an alert before it came up",
} as const;

/** Null where nothing was attempted, or where attempts came up. `host`: null where the rule's opener is no bound host. */
export function blockedStatus(
  loaded: LoadedModel,
  rule: Rule,
  uses: readonly RuleUse[],
  context: RuleContext,
  host: CastHost | null,
): HostStatus | null {
  const attempts = uses.filter((use) => use.how === "attempted");
  const refused = attempts.find(({ flow }) => flow.outcome in HOW);
  if (refused !== undefined) {
    const said = HOW[refused.flow.outcome as keyof typeof HOW];
    return blocked(loaded, rule, attempts, refused, host, said);
  }
  if (attempts.length > 0) return silence(loaded, rule, attempts, context, host);
  return host === null ? null : unresolved(loaded, rule, host, context);
}

function blocked(
  loaded: LoadedModel,
  rule: Rule,
  attempts: readonly RuleUse[],
  telling: RuleUse,
  host: CastHost | null,
  said: string,
): HostStatus {
  const over = rule.over.map((o) => o.text).join(" or ");
  const to = telling.tried.whom.member;
  const section = rule.cite[0]?.section ?? loaded.model.name;
  return {
    status: "blocked",
    code: "refused",
    reason: `${attempts.length} attempt(s), none came up: ${said}`,
    remedy: `allow ${over} from ${host?.host.text ?? "there"}${to === undefined ? "" : ` to ${to}`} (documented under ${section})`,
    evidence: [...telling.tried.who.support, ...telling.tried.up.against],
  };
}

/** Attempts without an answer: blocked only where answers are visible here. */
function silence(
  loaded: LoadedModel,
  rule: Rule,
  attempts: readonly RuleUse[],
  context: RuleContext,
  host: CastHost | null,
): HostStatus {
  const waited = attempts.find(
    ({ flow }) => flow.asked > 1 || attempts.length > 1 || context.lastSec - flow.lastSec >= WAITED_SEC,
  );
  if (waited !== undefined && host !== null) {
    const subject = context.judgements.find((judgement) => judgement.uses.includes(waited))!.subject;
    const visible = context.judgements.find((judgement) => showsAnswers(judgement.subject, subject, host, waited.flow));
    if (visible !== undefined) {
      const said = `no answer, while ${visible.subject.responder} answered ${host.host.text} at that time`;
      return { ...blocked(loaded, rule, attempts, waited, host, said), code: "unanswered" };
    }
  }
  return notEvaluable(
    "replies-not-visible",
    `${attempts.length} attempt(s) without an answer, and replies are not visible here`,
    "mirror both directions of the host's uplink, and look whether a firewall drops it",
  );
}

/**
 * True where a conversation proves that answers from beyond the same next hop reach this capture: opened by the same
 * host, answered, near in time, and to the Internet as the attempt was (an answer from the host's own link says nothing
 * of the way beyond its router).
 */
function showsAnswers(
  other: Subject,
  attempted: Subject,
  host: CastHost,
  at: { firstSec: number; lastSec: number },
): boolean {
  if (!other.initiatorRoles.some((played) => played.host === host)) return false;
  if (other.realm !== attempted.realm || other.family !== attempted.family) return false;
  if (!isGlobal(other.responder) || !isGlobal(attempted.responder)) return false;
  return other.flows.some(
    ({ outcome, firstSec, lastSec }) =>
      (outcome === "established" || outcome === "answered") &&
      firstSec <= at.lastSec + ANSWER_WITHIN_SEC &&
      lastSec >= at.firstSec - ANSWER_WITHIN_SEC,
  );
}

/** No connection at all, because the name did not resolve: refused for good, or only not seen to succeed. */
function unresolved(loaded: LoadedModel, rule: Rule, host: CastHost, context: RuleContext): HostStatus | null {
  const asked = lookupsOf(loaded, rule, host, context);
  if (asked.length === 0 || asked.some(({ result }) => result === "NOERROR" || result === "NODATA")) return null;
  const refused = asked.find(({ result }) => result === "NXDOMAIN");
  const lookup = refused ?? asked[0]!;
  const evidence = [{ capture_id: lookup.capture, frame: lookup.frame, what: `look-up of ${lookup.name}` }];
  if (refused === undefined) {
    const reason = `${lookup.client} asked ${lookup.server} for ${lookup.name} and no address came back (${lookup.result})`;
    const remedy = `look whether the resolver ${lookup.server} can resolve ${lookup.name}`;
    return { ...notEvaluable("name-unresolved", reason, remedy), evidence };
  }
  return {
    status: "blocked",
    code: "name-refused",
    reason: `${lookup.server} told ${lookup.client} that ${lookup.name} does not exist (NXDOMAIN)`,
    remedy: `let the resolver ${lookup.server} resolve ${lookup.name}`,
    evidence,
  };
}
