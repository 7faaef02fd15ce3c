/**
 * What passes through a proxy is judged by what was asked of it (`proxied.ts`): as if the host had asked the destination
 * itself. The proxy looks the names up, so that the far end's address is in no packet of the leg: the name is the evidence.
 *
 * A leg is ignored only where it is seen to carry nothing. What asks for nothing beyond is for the proxy's own host, and
 * judged as that; where it may have asked and the capture does not show it, nobody can say. Else all that a host does
 * could be hidden by doing it with the proxy's host.
 */
import { LIMITS } from "../limits.ts";
import { PROXY_ROLE } from "../model/load.ts";
import type { FrameRef, Verdict } from "../report/result.ts";
import { foundOut, type Played } from "./cast.ts";
import { type Clause, unproved } from "./clause.ts";
import { framesOf } from "./flow-frames.ts";
import { firstPerRule, isUp, type Judgement, type Judges, judgeOneWay, type RuleUse } from "./judge.ts";
import { type Asked, type Leg, readLeg, subjectBeyond } from "./proxied.ts";
import { judgeConversation, rank } from "./readings.ts";
import type { Subject } from "./subject.ts";
import type { SubjectFlow } from "./subject-flow.ts";

/** Worst first, as flows of one conversation count. */
const WORST: readonly Verdict[] = ["violation", "undocumented", "inconclusive", "documented", "ignored", "unrelated"];

export function isProxy({ role, model }: Pick<Played, "role" | "model">, judges: Judges): boolean {
  return role === PROXY_ROLE && model !== judges.context.backgroundName;
}

/** The judgement of what goes through a proxy, or to one; null where neither is so. */
export function judgeLeg(subject: Subject, judges: Judges): Judgement | null {
  if (subject.transport !== "tcp") return null;
  const legs = subject.flows.map(readLeg);
  if (subject.responderRoles.some((played) => isProxy(played, judges))) return throughBound(subject, legs, judges);
  return legs.some((leg) => leg !== null) ? throughSomebody(subject, legs, judges) : null;
}

interface Result {
  judgement: Judgement;
  up: boolean;
  /** Frames of the requests that it is about. */
  frames: readonly FrameRef[];
}

function throughBound(subject: Subject, legs: readonly (Leg | null)[], judges: Judges): Judgement {
  return worstOf(
    subject,
    subject.flows.flatMap((flow, i): Result[] => {
      const leg = legs[i] ?? null;
      if (leg === null)
        return [{ judgement: withoutTarget(subject, flow, judges), up: isUp(flow), frames: flow.opening }];
      const own = leg.own === null ? [] : [direct(subject, leg.own, judges)];
      return [...own, ...leg.asked.map((asked) => beyond(subject, asked, judges))];
    }),
  );
}

/**
 * Nobody has said that it is a proxy. What is documented beside that stays so; else what was asked for could be, once
 * somebody says it.
 */
function throughSomebody(subject: Subject, legs: readonly (Leg | null)[], judges: Judges): Judgement {
  const plain = judgeConversation(subject, judges);
  if (plain.verdict !== "undocumented") return plain;
  const inside = worstOf(
    subject,
    subject.flows.flatMap((flow, i): Result[] => {
      const leg = legs[i] ?? null;
      if (leg === null) return [direct(subject, flow, judges)];
      const own = leg.own === null ? [] : [direct(subject, leg.own, judges)];
      return [...own, ...leg.asked.map((asked) => beyond(subject, asked, judges))];
    }),
  );
  if (inside.verdict === "undocumented" || inside.use === null) return plain;
  const { use } = inside;
  // The site says who the proxy is, and it is another.
  if (judges.context.cast.isBound(use.loaded.model.name, PROXY_ROLE)) return plain;
  const clause: Clause = unproved(
    "whom",
    "role-not-bound",
    `${subject.responder} was asked to pass it on, and is bound to no proxy`,
    `give --bind proxy=${subject.responder}, if it is one`,
  );
  return {
    ...inside,
    verdict: "inconclusive",
    code: "role-not-bound",
    reason: `could be ${use.rule.id}: ${clause.says}; would decide: ${clause.decide}`,
    documentedBy: [],
    uses: inside.uses.map((one): RuleUse => ({ ...one, how: "candidate", clause: one.clause ?? clause })),
    clauses: inside.clauses.map((one) => (one.clause === "whom" ? clause : one)),
    support: [],
    against: [...plain.against, ...inside.support, ...inside.against],
    expectation: null,
    found: null,
  };
}

/** A flow as one to the host that it goes to. */
function direct(subject: Subject, flow: SubjectFlow, judges: Judges): Result {
  const frames = flow.sightings
    .filter(({ fact, dir }) => fact.kind === "role" && dir === flow.there)
    .slice(0, LIMITS.evidenceFrames)
    .flatMap((sighting) => framesOf(sighting, "a request to the host itself"));
  return { judgement: judgeConversation({ ...subject, flows: [flow] }, judges), up: isUp(flow), frames };
}

function beyond(subject: Subject, asked: Asked, judges: Judges): Result {
  const { flow, frames } = asked;
  const shown = subject.responderRoles.flatMap((one) => foundOut(subject.responder, one)?.frames ?? []);
  const told = { ...asked, frames: [...shown, ...frames] };
  const judgement = judgeOneWay(subjectBeyond(subject, told, judges.context.cast), judges, false);
  const own = judgement.verdict === "documented" ? [...frames, ...flow.before] : [];
  const support = [...judgement.support, ...own];
  return {
    judgement: { ...judgement, reason: `through the proxy: ${judgement.reason}`, support },
    up: isUp(flow),
    frames,
  };
}

/** A flow to the proxy's host that shows no request for anything beyond. */
function withoutTarget(subject: Subject, flow: SubjectFlow, judges: Judges): Judgement {
  const plain = direct(subject, flow, judges).judgement;
  const isUpAndEmpty = flow.firstWords === "none" && flow.outcome === "established";
  if (isUpAndEmpty && plain.verdict !== "violation") return leg(subject, flow);
  const isHttp =
    subject.app === "http" && flow.sightings.some(({ fact, dir }) => fact.kind === "role" && dir === flow.there);
  const speaksItself = subject.app !== null && subject.app !== "tls" && subject.app !== "http";
  if (isHttp || speaksItself || flow.unknownContent || rank(plain) < RANK_OPEN) return plain;
  return unseen(subject, flow, plain);
}

/** Of what is better than inconclusive. */
const RANK_OPEN = 3;

function worstOf(subject: Subject, results: readonly Result[]): Judgement {
  const all = results.map(({ judgement }) => judgement);
  const cameUp = results.filter(({ up }) => up).map(({ judgement }) => judgement);
  const counted = cameUp.length > 0 ? cameUp : all;
  const worst =
    all.find(({ verdict }) => verdict === "violation") ??
    WORST.flatMap((verdict) => counted.filter((judgement) => judgement.verdict === verdict))[0]!;
  // Another request of the same connection may be what kept it from a better verdict.
  const others = results.filter(({ judgement: { verdict } }) => verdict !== "documented" && verdict !== "ignored");
  return {
    ...worst,
    subject,
    flipped: false,
    documentedBy:
      worst.verdict === "documented" ? firstPerRule(counted.flatMap(({ documentedBy }) => documentedBy)) : [],
    uses: all.flatMap(({ uses }) => uses),
    against: [
      ...worst.against,
      ...all.flatMap((one) => (one === worst ? [] : one.against)),
      ...others.flatMap(({ frames }) => frames),
    ],
    unlisted: all.reduce((sum, { unlisted }) => sum + unlisted, 0),
  };
}

const bare = (subject: Subject, flow: SubjectFlow): Omit<Judgement, "verdict" | "code" | "reason"> => ({
  ...{ subject, flipped: false, use: null, documentedBy: [], uses: [], clauses: [] },
  ...{ support: [...flow.opening], against: [], unlisted: 0, nearest: null, expectation: null, found: null },
});

function leg(subject: Subject, flow: SubjectFlow): Judgement {
  const reason = "the leg to the bound proxy, which was opened and carried nothing";
  return { ...bare(subject, flow), verdict: "ignored", code: "proxy-leg", reason };
}

function unseen(subject: Subject, flow: SubjectFlow, plain: Judgement): Judgement {
  const reason =
    "the leg to the bound proxy, and what it was asked for is not in the capture; would decide: capture the connection " +
    "from its start, or behind the proxy";
  return { ...bare(subject, flow), verdict: "inconclusive", code: "inner-unseen", reason, against: plain.against };
}
