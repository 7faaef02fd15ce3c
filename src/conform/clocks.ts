/**
 * What NTP's messages prove about clocks (RFC 5905 section 8). An exchange has four times: the client's when it asks (T1),
 * the server's when it hears (T2) and answers (T3), and the client's when it hears that. The last stands in no message; the
 * capture tells how long after the question it saw the answer.
 *
 *     T1 ──question──▶ T2        server's clock minus client's:
 *            capture                at most  T2 − T1               (it can't hear before it was asked)
 *     T4 ◀──answer──── T3           at least T3 − T4               (nor be heard before it answers)
 *
 * So an exchange proves an interval, as wide as the round trip: half of that is the error to either side. Between client
 * and capture lies a way that nobody sees, for which a second is added. Some clients send random bits for T1: what is not
 * within a day of the capture's time is no time.
 */
import type { Sighting } from "../decode/facts.ts";
import { C_PORT_APP, type Conversations } from "../observe/conversations.ts";
import type { Exchange } from "../observe/exchanges.ts";
import { compareInstants } from "../time.ts";
import type { Cast } from "./cast.ts";
import { framesOf } from "./flow-frames.ts";
import { readSubject, type Subject } from "./subject.ts";
import type { SubjectFlow } from "./subject-flow.ts";

/** Fewer exchanges than this prove nothing: a packet may be delayed, a number be random. */
export const ENOUGH = 3;
const PLAUSIBLE_SEC = 86_400;
/** Both ways between the client and the place of capture together. */
const UNSEEN_SEC = 1;
/** Exchanges of one conversation that are kept, beside those that bound the offset. */
const MOST = 1_024;

export interface ClockSeen {
  exchanges: Exchange[];
  /** Answered questions whose time is none: the client does not show its clock. */
  hidden: number;
}

const KNOWN = new WeakMap<Subject, ClockSeen>();

/** All exchanges of a conversation, in the order of its flows. */
export function exchangesOf(subject: Subject): ClockSeen {
  const known = KNOWN.get(subject);
  if (known !== undefined) return known;
  const seen: ClockSeen = { exchanges: [], hidden: 0 };
  for (const { sightings, there } of subject.flows) {
    readExchanges(sightings, there, seen);
    if (seen.exchanges.length > 2 * MOST) seen.exchanges = telling(seen.exchanges);
  }
  KNOWN.set(subject, seen);
  return seen;
}

/** The exchanges of one flow. */
export function exchangesOfFlow({ sightings, there }: Pick<SubjectFlow, "sightings" | "there">): ClockSeen {
  const seen: ClockSeen = { exchanges: [], hidden: 0 };
  readExchanges(sightings, there, seen);
  return seen;
}

/** The first of them, and all that decide by how much two clocks are apart: what is left out changes no answer. */
function telling(exchanges: readonly Exchange[]): Exchange[] {
  const kept = new Set(exchanges.slice(0, MOST));
  for (const one of exchanges.toSorted((a, b) => b.least - a.least).slice(0, ENOUGH)) kept.add(one);
  for (const one of exchanges.toSorted((a, b) => a.most - b.most).slice(0, ENOUGH)) kept.add(one);
  const ends = exchanges.toSorted((a, b) => farthestOf(a) - farthestOf(b));
  for (const one of [ends[0]!, ends.at(-1)!]) kept.add(one);
  return exchanges.filter((one) => kept.has(one));
}

interface Asked {
  sighting: Sighting;
  transmit: number;
}

function readExchanges(sightings: readonly Sighting[], there: 0 | 1, seen: ClockSeen): void {
  const asked = new Map<string, Asked>();
  let receive: number | null = null;
  let transmit: number | null = null;
  let frame = -1;
  // By the capture's times: an answer may have been written before its question.
  for (const sighting of sightings.toSorted(compareInstants)) {
    const { fact } = sighting;
    if (sighting.frame !== frame) {
      frame = sighting.frame;
      receive = null;
      transmit = null;
    }
    if (fact.kind === "field" && fact.field === "ntp.receive") receive = Number(fact.value);
    else if (fact.kind === "field" && fact.field === "ntp.transmit") transmit = Number(fact.value);
    if (fact.kind !== "message" || transmit === null) continue;
    if (fact.what === "request" && sighting.dir === there) asked.set(fact.id, { sighting, transmit });
    if (fact.what !== "response" || fact.failed === true || sighting.dir === there || receive === null) continue;
    const question = asked.get(fact.id);
    if (question === undefined) continue;
    asked.delete(fact.id);
    addExchange(question, sighting, receive, transmit, seen);
  }
}

function addExchange(question: Asked, answer: Sighting, heard: number, answered: number, seen: ClockSeen): void {
  const { sighting, transmit } = question;
  if (Math.abs(transmit - sighting.sec) > PLAUSIBLE_SEC) {
    seen.hidden++;
    return;
  }
  const waited = answer.sec - sighting.sec + (answer.nsec - sighting.nsec) / 1e9;
  const least = answered - (transmit + waited) - UNSEEN_SEC;
  const most = heard - transmit;
  if (least > most || waited < 0) return; // the server's own times contradict each other, or the capture's order does
  const frames = [...framesOf(sighting, "NTP question"), ...framesOf(answer, "NTP answer")];
  const sec = sighting.sec + sighting.nsec / 1e9;
  const asked = { sec, ahead: sec - transmit, capture: sighting.capture };
  seen.exchanges.push({ least, most, frames, asked });
}

/**
 * The offset that `ENOUGH` exchanges prove to be exceeded, whatever the others say: positive where the server's clock is
 * ahead by at least so much, negative where the client's is; 0 where neither is proved. More exchanges never make it less.
 */
export function provedOffset(exchanges: readonly Exchange[]): number {
  const least = surelyLeast(exchanges);
  return least > 0 ? least : Math.min(0, surelyMost(exchanges));
}

/**
 * True where every exchange shows the clocks to be within so many seconds of each other, and there are enough. The whole of
 * its interval has to be: of an answer that was long on its way the middle proves nothing.
 */
export function provedWithin(exchanges: readonly Exchange[], sec: number): boolean {
  return exchanges.length >= ENOUGH && exchanges.every((exchange) => Math.abs(farthestOf(exchange)) <= sec);
}

/** The end of the interval that is farther from none, without what is added for the unseen way. */
export function farthestOf({ least, most }: Exchange): number {
  const lower = least + UNSEEN_SEC;
  return Math.abs(lower) > Math.abs(most) ? lower : most;
}

/**
 * By how much two clients of one server disagree for sure: the first one's clock minus the second's is beyond this,
 * 0 where nothing is proved.
 */
export function provedApart(first: readonly Exchange[], second: readonly Exchange[]): number {
  // (server − second) − (server − first) = first − second
  const least = surelyLeast(second) - surelyMost(first);
  return least > 0 ? least : Math.min(0, surelyMost(second) - surelyLeast(first));
}

/**
 * The same of two clients without a common server, by the clock of a capture that saw both. That may be set meanwhile: so
 * `ENOUGH` pairs have to prove it, each with the time between its two questions to itself. More exchanges never make it less.
 */
export function provedApartInCapture(first: readonly Exchange[], second: readonly Exchange[], within: number): number {
  const captures = new Set(first.map(({ asked }) => asked.capture));
  for (const capture of captures) {
    const of = (all: readonly Exchange[], sign: 1 | -1): Question[] =>
      all.filter(({ asked }) => asked.capture === capture).map(({ asked: { sec, ahead } }) => ({ sec, ahead, sign }));
    const questions = [...of(first, 1), ...of(second, -1)].sort((a, b) => a.sec - b.sec);
    const ahead = pairedApart(questions, within);
    if (ahead > 0) return ahead;
    const behind = pairedApart(
      questions.map(({ sec, ahead, sign }) => ({ sec, ahead, sign: sign === 1 ? -1 : 1 })),
      within,
    );
    if (behind > 0) return -behind;
  }
  return 0;
}

interface Question {
  sec: number;
  ahead: number;
  /** 1: of the first client; -1: of the second. */
  sign: 1 | -1;
}

/** By how much the first client's clock is ahead of the second's for sure; 0 unless that is more than `within`. */
function pairedApart(questions: readonly Question[], within: number): number {
  const proofs: number[] = [];
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (const { ahead, sign } of questions) {
    if (sign === 1) least = Math.min(least, ahead);
    else most = Math.max(most, ahead);
    // (capture − second) − (capture − first) = first − second
    const apart = most - least - UNSEEN_SEC;
    if (apart <= within) continue;
    proofs.push(apart);
    least = Number.POSITIVE_INFINITY;
    most = Number.NEGATIVE_INFINITY;
  }
  return proofs.sort((a, b) => b - a)[ENOUGH - 1] ?? 0;
}

/** A lower bound that `ENOUGH` exchanges prove; -Infinity where there are fewer. */
function surelyLeast(exchanges: readonly Exchange[]): number {
  return exchanges.map(({ least }) => least).sort((a, b) => b - a)[ENOUGH - 1] ?? Number.NEGATIVE_INFINITY;
}

/** An upper bound that `ENOUGH` exchanges prove; Infinity where there are fewer. */
function surelyMost(exchanges: readonly Exchange[]): number {
  return exchanges.map(({ most }) => most).sort((a, b) => a - b)[ENOUGH - 1] ?? Number.POSITIVE_INFINITY;
}

const NONE: ReadonlyMap<string, readonly Exchange[]> = new Map();

/** All exchanges of a capture, by who asked whom; collected when first asked for. */
export class ClockTable {
  readonly #all: Conversations;
  readonly #cast: Cast;
  #known: Map<string, Map<string, Exchange[]>> | null = null;
  /** As that of `DnsEvidence`. */
  onAsk: ((key: string) => void) | null = null;

  constructor(all: Conversations, cast: Cast) {
    this.#all = all;
    this.#cast = cast;
  }

  /** What an address asked of each server, by the server's address. */
  of(realm: number, address: string): ReadonlyMap<string, readonly Exchange[]> {
    this.onAsk?.(`clock ${realm} ${address}`);
    this.#known ??= this.#collect();
    return (this.#known.size === 0 ? undefined : this.#known.get(`${realm} ${address}`)) ?? NONE;
  }

  /** As that of `DnsEvidence`. */
  versionOf(key: string): number {
    this.#known ??= this.#collect();
    let version = 0;
    for (const exchanges of this.#known.get(key.slice("clock ".length))?.values() ?? [])
      for (const { frames } of exchanges)
        for (const { frame } of frames) version = (Math.imul(version, 31) + frame + 1) | 0;
    return version;
  }

  #collect(): Map<string, Map<string, Exchange[]>> {
    const known = new Map<string, Map<string, Exchange[]>>();
    const add = (realm: number, client: string, server: string, exchanges: readonly Exchange[]): void => {
      const key = `${realm} ${client}`;
      const servers = known.get(key) ?? new Map<string, Exchange[]>();
      known.set(key, servers);
      servers.set(server, [...(servers.get(server) ?? []), ...exchanges]);
    };
    const ntp = this.#all.seen.decoders.findIndex(({ id }) => id === "ntp") + 1;
    for (let c = 0; c < this.#all.count; c++) {
      if (((this.#all.word(c, C_PORT_APP) >>> 16) & 0xff) !== ntp) continue;
      const subject = readSubject(this.#all, c, this.#cast);
      add(subject.realm, subject.initiator, subject.responder, exchangesOf(subject).exchanges);
    }
    for (const { realm, client, server, exchanges } of this.#all.seen.departed?.clocks.values() ?? [])
      add(realm, client, server, exchanges);
    return known;
  }
}

/** `2.41 s`, `0.003 s`. */
export function secondsText(sec: number): string {
  const size = Math.abs(sec);
  return `${size >= 1 ? size.toFixed(2) : size.toPrecision(2)} s`;
}
