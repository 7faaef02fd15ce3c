/**
 * DNS answers that prove nothing by themselves. Where another one stands in its place: a program that resolved once may hold on to its
 * answer for a day, but a host that asked again, when its lifetime was over, and was given other addresses has no such answer any
 * more. Or where another one came to the same question: which of the two the host took nobody can say.
 */
import { dnsFrames, type NameAnswer, type WholeAnswer } from "../observe/dns-answers.ts";
import type { FrameRef } from "../report/result.ts";
import { type Clause, unproved } from "./clause.ts";
import type { Subject } from "./subject.ts";
import type { SubjectFlow } from "./subject-flow.ts";
import type { WhomContext } from "./whom.ts";

/** Answers with which none contends, and in whose place no later one stands. */
export function stillTold(
  answers: readonly NameAnswer[],
  { realm, addresses }: Subject,
  { firstSec }: SubjectFlow,
  { dns }: WhomContext,
): readonly NameAnswer[] {
  if (answers.every(({ freshSec, rivals }) => freshSec >= firstSec && rivals.length === 0)) return answers;
  return answers.filter(
    (answer) => answer.rivals.length === 0 && dns.replacedBy(answer, realm, addresses, firstSec) === null,
  );
}

/** The clause "whom" where the address is known by such an answer alone. What speaks against it are others, also for other names. */
export function doubted(
  answer: NameAnswer,
  otherwise: readonly NameAnswer[],
  subject: Subject,
  flow: SubjectFlow,
  { dns }: WhomContext,
): Clause {
  const later = dns.replacedBy(answer, subject.realm, subject.addresses, flow.firstSec);
  const clause =
    answer.rivals.length > 0 && later === null ? contended(answer, subject) : replaced(answer, later, subject);
  return { ...clause, against: [...clause.against, ...rivalFrames(answer), ...otherwise.flatMap(dnsFrames)] };
}

function contended(answer: NameAnswer, { initiator }: Subject): Clause {
  const { name, address } = answer;
  const says = `DNS gave ${address} to ${initiator} for ${name}, and something else in another answer to the same question`;
  const decide =
    "look who answers beside the resolver (a filter on the way, or somebody who forges), or have the client send a name";
  return { ...unproved("whom", "dns-disputed", says, decide), support: dnsFrames(answer) };
}

/** Answers to the same question that say something else. */
export function rivalFrames({ name, rivals }: NameAnswer): FrameRef[] {
  return rivals.map((place) => ({ ...place, what: `another DNS answer for ${name}` }));
}

function replaced({ name, address, ...given }: NameAnswer, later: WholeAnswer | null, { initiator }: Subject): Clause {
  const says = `DNS gave ${address} to ${initiator} for ${name}, but the lifetime of that answer was over`;
  const decide = `have the client send a name, or give ${address} under hosts: in the site`;
  const [since, against] = later === null ? ["", []] : [`, and later it gave ${listed(later)}`, wholeFrames(later)];
  const support = dnsFrames({ name, address, ...given });
  return { ...unproved("whom", "dns-replaced", `${says}${since}`, decide, against), support };
}

const listed = ({ addresses }: WholeAnswer): string => addresses.join(", ");

const wholeFrames = (answer: WholeAnswer): FrameRef[] => dnsFrames({ ...answer, address: listed(answer) });
