/** What one answer of DNS says: under which names, and from when to when, it gave a client an address. */
import { ipv4Word, parseAddress } from "../address.ts";
import { FACT_BITS } from "../decode/details.ts";
import type { AnswerFact, DnsRecord, Sighting } from "../decode/facts.ts";
import { TCP, UDP } from "../dissect/packet.ts";
import * as R from "../flow/row.ts";
import type { Place } from "../report/places.ts";
import type { FrameRef } from "../report/result.ts";
import { askedIn } from "./dns-asked.ts";
import { addressText, FlowView } from "./flow-view.ts";
import type { Observation } from "./observation.ts";

/** Resolvers hand out what is left of a lifetime, and programs hold on to an answer a little longer than that. */
const GRACE_SEC = 300;
export const AT_LEAST_SEC = 86_400;

/** The second up to which an answer of `sec` speaks for an address. */
export function holdsUntil(sec: number, ttl: number): number {
  return sec + Math.max(ttl + GRACE_SEC, AT_LEAST_SEC);
}

/** When an answer was given: first, and again, never a day apart, until a last time. */
export interface Given {
  sec: number;
  lastSec: number;
  capture: number;
  frame: number;
  /** Frame of its question. */
  question: Place;
  /** Other answers to that same question, of which one is right at most; mostly none. */
  rivals: readonly Place[];
}

export interface NameAnswer extends Given {
  /** The name that was asked for, and every alias on the way to the address. */
  name: string;
  aliases: readonly string[];
  client: string;
  /** It was one of several hosts of that address: an answer to another one, whoever asks. */
  ofSeveral: boolean;
  address: string;
  nsec: number;
  /** The last second of its lifetime with the grace, and the last one at which it may speak at all. */
  freshSec: number;
  untilSec: number;
}

/** One complete answer to a client about a name: what addresses it had. For contradictions. */
export interface WholeAnswer extends Given {
  realm: number;
  client: string;
  name: string;
  addresses: string[];
}

/** An answer and its question: without that it would be none. */
export function dnsFrames({
  name,
  address,
  capture,
  frame,
  question,
}: Pick<NameAnswer, "name" | "address" | "capture" | "frame" | "question">): FrameRef[] {
  const answer = { capture_id: capture, frame, what: `DNS answer ${name} → ${address}` };
  return [{ ...question, what: `DNS question ${name}` }, answer];
}

/** An answer where it was given. `question`: null where nobody asked for it. */
export interface Answered {
  fact: AnswerFact;
  realm: number;
  client: string;
  at: Sighting;
  lastSec: number;
  question: Place | null;
  rivals: readonly Sighting[];
}

const ASKING = FACT_BITS.query | FACT_BITS.answer;

/** Answers that flows of DNS gave, as they stand there. */
export function answersIn(seen: Observation, flows: Iterable<number>, tell: (answered: Answered) => void): void {
  const view = new FlowView(seen);
  const dnsApps = new Set(seen.decoders.map((d, i) => (d.id === "dns" ? i + 1 : -1)));
  for (const flow of flows) {
    view.move(flow);
    if ((view.proto !== UDP && view.proto !== TCP) || !dnsApps.has(view.app) || view.detail === null) continue;
    const sightings = view.saying(ASKING);
    const askedFor = askedIn(sightings);
    for (const at of sightings) {
      const { fact } = at;
      if (fact.kind !== "answer") continue;
      const { question, rivals } = askedFor(fact, at.dir);
      const client = addressText(seen.flows.ipv6, view.family, view.address(at.dir === 0 ? 1 : 0));
      const asked = question === undefined ? null : placeOf(question);
      const given = question === undefined ? at : notBefore(at, question);
      tell({ fact, realm: view.realm, client, at: given, lastSec: lastSecOf(view, given), question: asked, rivals });
    }
  }
}

/** By the clock of who saw the question an answer came behind it, whatever that of who saw the answer says. */
function notBefore(at: Sighting, { sec, nsec }: Sighting): Sighting {
  return at.sec < sec || (at.sec === sec && at.nsec < nsec) ? { ...at, sec, nsec } : at;
}

const placeOf = ({ capture, frame }: Sighting): Place => ({ capture_id: capture, frame });

/** Of equal flows one stands for all, or has the facts of the first: each of them gave the answer (`live/age.ts`). */
function lastSecOf(view: FlowView, { sec }: Sighting): number {
  if (view.times === 1 && sec >= view.firstSec) return sec;
  const { row, at } = view;
  return Math.max(sec, row[at + R.LAST]! >>> 0, row[at + R.LAST + 2]! >>> 0);
}

/** The addresses that an answer gave, each by itself, and all of them where it is a whole one about addresses. */
export function readAnswer(
  { fact, realm, client, at, lastSec, question, rivals }: Answered & { question: Place },
  ofSeveral: boolean,
): { names: NameAnswer[]; whole: WholeAnswer | null } {
  const { name, type, rcode, partial, records } = fact;
  const hasAliases = records.some((record) => record.type === "CNAME");
  const aliases = hasAliases ? [...aliasesOf(name, records)].slice(1) : NO_ALIASES;
  const { sec, nsec, capture, frame } = at;
  const names: NameAnswer[] = [];
  for (const record of records) {
    // Beside an error addresses mean nothing: no resolver takes them.
    if ((record.type !== "A" && record.type !== "AAAA") || rcode !== "NOERROR") continue;
    if (record.name !== name && !aliases.includes(record.name)) continue;
    if (ipv4Word(record.data) === null && parseAddress(record.data) === null) continue;
    const agrees = rivals.every((rival) => gives(rival, name, aliases, record.data));
    names.push({
      name,
      aliases,
      client,
      ofSeveral,
      address: record.data,
      sec,
      nsec,
      lastSec,
      freshSec: lastSec + record.ttl + GRACE_SEC,
      untilSec: holdsUntil(lastSec, record.ttl),
      capture,
      frame,
      question,
      rivals: agrees ? NO_RIVALS : rivals.map(placeOf),
    });
  }
  // That there is no such name is all that there is to say of its addresses.
  const isWhole = !partial && (rcode === "NOERROR" || rcode === "NXDOMAIN");
  if (!isWhole || (type !== "A" && type !== "AAAA")) return { names, whole: null };
  const addresses = names.map(({ address }) => address);
  return {
    names,
    whole: { realm, client, name, addresses, sec, lastSec, capture, frame, question, rivals: rivals.map(placeOf) },
  };
}
const NO_ALIASES: readonly string[] = [];
const NO_RIVALS: readonly Place[] = [];

/** Whether another answer gives the address as well, by the same names. */
function gives({ fact }: Sighting, name: string, aliases: readonly string[], address: string): boolean {
  if (fact.kind !== "answer" || fact.rcode !== "NOERROR") return false;
  const { records } = fact;
  const own = aliasesOf(name, records);
  if (!aliases.every((alias) => own.has(alias))) return false;
  return records.some((record) => record.data === address && own.has(record.name));
}

/** Public names of ECH configurations that an answer has, by `REALM|CLIENT`: a server name that is one is only a cover. */
export function addCovers(into: Map<string, Map<string, Place>>, { fact, realm, client, at }: Answered): void {
  for (const { echPublicName } of fact.records) {
    if (echPublicName === undefined) continue;
    const key = `${realm}|${client}`;
    const names = into.get(key) ?? new Map<string, Place>();
    into.set(key, names.set(echPublicName, { capture_id: at.capture, frame: at.frame }));
  }
}

/** The asked name and every name that CNAME records lead on to, in order; a record that points back adds nothing. */
export function aliasesOf(name: string, records: readonly DnsRecord[]): Set<string> {
  const names = new Set([name]);
  let grown = true;
  while (grown) {
    grown = false;
    for (const record of records) {
      if (record.type !== "CNAME" || !names.has(record.name) || names.has(record.data)) continue;
      names.add(record.data);
      grown = true;
    }
  }
  return names;
}
