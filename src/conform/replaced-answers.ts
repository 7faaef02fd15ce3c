/**
 * DNS answers in whose place another one stands: a program that resolved once may hold on to its answer for a day, but a host that
 * asked again, when its lifetime was over, and was given other addresses has no such answer any more.
 */
import { dnsFrames, type NameAnswer, type WholeAnswer } from "../observe/dns-answers.ts";
import type { FrameRef } from "../report/result.ts";
import { type Clause, unproved } from "./clause.ts";
import type { Subject } from "./subject.ts";
import type { SubjectFlow } from "./subject-flow.ts";
import type { WhomContext } from "./whom.ts";

/** Answers in whose place no later one stands. */
export function stillTold(
  answers: readonly NameAnswer[],
  { realm, addresses }: Subject,
  { firstSec }: SubjectFlow,
  { dns }: WhomContext,
): readonly NameAnswer[] {
  if (answers.every(({ freshSec }) => freshSec >= firstSec)) return answers;
  return answers.filter((answer) => dns.replacedBy(answer, realm, addresses, firstSec) === null);
}

/** The clause "whom" where the address is known by such an answer alone. The one in its place speaks against it. */
export function replaced(answer: NameAnswer, subject: Subject, flow: SubjectFlow, { dns }: WhomContext): Clause {
  const { name, address } = answer;
  const says = `DNS gave ${address} to ${subject.initiator} for ${name}, but the lifetime of that answer was over`;
  const decide = `have the client send a name, or give ${address} under hosts: in the site`;
  const later = dns.replacedBy(answer, subject.realm, subject.addresses, flow.firstSec);
  const [since, against] = later === null ? ["", []] : [`, and later it gave ${listed(later)}`, wholeFrames(later)];
  return { ...unproved("whom", "dns-replaced", `${says}${since}`, decide, against), support: dnsFrames(answer) };
}

const listed = ({ addresses }: WholeAnswer): string => addresses.join(", ");

const wholeFrames = (answer: WholeAnswer): FrameRef[] => dnsFrames({ ...answer, address: listed(answer) });
