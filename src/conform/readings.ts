/**
 * Who opened a conversation, where its packets do not settle it: each reading is judged (`judge.ts`), and the one that
 * explains more stands.
 */
import { UDP } from "../dissect/packet.ts";
import type { Verdict } from "../report/result.ts";
import { type Clause, unproved } from "./clause.ts";

import { bestOf, firstPerRule, type Judgement, type Judges, judgeOneWay, type RuleUse } from "./judge.ts";
import { addressesOf, type Subject } from "./subject.ts";
import { speaking } from "./up.ts";

export function judgeConversation(subject: Subject, judges: Judges): Judgement {
  const straight = judgeOneWay(subject, judges, false);
  if (subject.by === "message" && subject.proto === UDP) return heldAgainstPort(straight, subject, judges);
  if (subject.by !== "port") return straight;
  const turned = judgeOneWay(flip(subject), judges, true);
  if (lacksOpener(straight) && lacksOpener(turned)) return bothAsked(openedByEither(subject, judges), subject);
  if (straight.verdict === "documented" && turned.verdict === "documented")
    return bothAsked(either(straight, turned), subject);
  const [better, other] = explainsMore(turned, straight) ? [turned, straight] : [straight, turned];
  return bothAsked({ ...better, uses: [...better.uses, ...stillOpen(other)] }, subject);
}

/** Where both are open, the one whose rule fits better: the addresses' order says nothing. */
function explainsMore(one: Judgement, other: Judgement): boolean {
  if (rank(one) !== rank(other)) return rank(one) < rank(other);
  return one.verdict === "inconclusive" && one.use !== other.use && bestOf([other.use!, one.use!]) === one.use;
}

/** What the reading that does not stand could have been: nobody can say that a rule of it was not used. */
function stillOpen({ uses }: Judgement): RuleUse[] {
  return uses
    .filter(({ how }) => how === "candidate" || how === "attempted")
    .map((use) => ({ ...use, how: "candidate", clause: use.clause ?? use.tried.up }));
}

/** Where messages say of both ends that they ask, a part of them alone would say of one that it opened it. */
function bothAsked(judgement: Judgement, subject: Subject): Judgement {
  const messages = subject.flows.flatMap((flow) => speaking(flow, "says who asks"));
  return messages.length === 0 ? judgement : { ...judgement, against: [...judgement.against, ...messages] };
}

/** Documented whichever end opened it, so that none of the rules can be told from the others. */
function either(straight: Judgement, turned: Judgement): Judgement {
  const documentedBy = firstPerRule([...straight.documentedBy, ...turned.documentedBy]);
  return { ...straight, documentedBy, uses: [...straight.uses, ...turned.uses] };
}

/** All that is not proved is which end opened it. */
function lacksOpener({ verdict, code, clauses }: Judgement): boolean {
  if (verdict !== "inconclusive" || code !== "initiator-unknown") return false;
  return clauses.every(({ clause, result }) => clause === "who" || result === "proved" || result === "unobservable");
}

/** Peers that may each open the same connection: a rule covers it either way, so nobody has to say which of them did. */
function openedByEither(subject: Subject, judges: Judges): Judgement {
  const open = { ...subject, eitherOpens: true };
  return either(judgeOneWay(open, judges, false), judgeOneWay(flip(open), judges, true));
}

/**
 * A message says who asks, and yet by the documented port alone, which decides where no message does, a rule that takes any
 * application would cover it the other way round. So the message is all that speaks against that: it is not documented,
 * and not undocumented either. A rule that forbids the port forbids it both ways.
 */
function heldAgainstPort(straight: Judgement, subject: Subject, judges: Judges): Judgement {
  if (straight.verdict === "documented" || straight.verdict === "violation") return straight;
  const turned = judgeOneWay({ ...flip(subject), by: "port", goesByPort: true }, judges, true);
  if (turned.verdict === "violation") return turned;
  if (turned.verdict !== "documented") return straight;
  const { use } = turned;
  const messages = subject.flows.flatMap((flow) => speaking(flow, "says who asks"));
  const against = [...straight.against, ...messages];
  if (straight.verdict !== "undocumented") return { ...straight, against };
  const who: Clause = {
    ...unproved(
      "who",
      "initiator-unknown",
      `by its port ${subject.initiator} answers, and by its messages it asks`,
      "find out what uses that port",
    ),
    against: messages,
  };
  return {
    ...turned,
    verdict: "inconclusive",
    code: "initiator-unknown",
    reason: `could be ${use!.rule.id}: ${who.says}; would decide: ${who.decide}`,
    documentedBy: [],
    uses: [...straight.uses, ...turned.uses.map((one): RuleUse => ({ ...one, how: "candidate", clause: who }))],
    clauses: turned.clauses.map((clause) => (clause.clause === "who" ? who : clause)),
    against,
  };
}

/** Verdicts by how much they explain: of the two readings of a conversation nobody opened in sight, the better stands. */
const RANK: Readonly<Record<Verdict, number>> = {
  violation: 1,
  documented: 0,
  ignored: 2,
  inconclusive: 3,
  undocumented: 4,
  unrelated: 5,
};

export function rank(judgement: Judgement): number {
  return RANK[judgement.verdict];
}

/** The same conversation with initiator and responder exchanged. */
function flip(subject: Subject): Subject {
  return {
    ...subject,
    initiator: subject.responder,
    responder: subject.initiator,
    initiatorRoles: subject.responderRoles,
    responderRoles: subject.initiatorRoles,
    addresses: subject.farAddresses ?? addressesOf(subject.responder, subject.responderRoles),
    farAddresses: subject.addresses,
    port: subject.otherPort,
    otherPort: subject.port,
    flows: subject.flows.map((flow) => ({
      ...flow,
      there: flow.there === 0 ? 1 : 0,
      asked: flow.answered,
      answered: flow.asked,
    })),
  };
}
