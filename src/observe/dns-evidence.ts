/**
 * What DNS said about addresses, to whom and when: the evidence that an address may be called by a name.
 *
 * An answer speaks for an address under the name that was asked, through its CNAME chain. It holds from the moment it
 * was given for its lifetime plus a grace, and at least for a day, because many programs resolve once when they start
 * (`verdicts.md`: "What proves a conversation").
 *
 * What nobody asked is no answer: without its question, between the same ports and with the same number, name and type, no
 * resolver takes it (RFC 5452 section 9.1), and anybody can send one.
 */

import { ipv4Word, parseAddress } from "../address.ts";
import { secretWord } from "../builtins.ts";
import type { AnswerFact, DnsRecord, Sighting } from "../decode/facts.ts";
import { TCP, UDP } from "../dissect/packet.ts";
import { once } from "../once.ts";
import type { FrameRef } from "../report/result.ts";
import { addressText, FlowView } from "./flow-view.ts";
import type { Observation } from "./observation.ts";
import { flowsSaying } from "./said.ts";

/** Resolvers hand out what is left of a lifetime, and programs hold on to an answer a little longer than that. */
const GRACE_SEC = 300;
const AT_LEAST_SEC = 86_400;

/** The second up to which an answer of `sec` speaks for an address. */
export function holdsUntil(sec: number, ttl: number): number {
  return sec + Math.max(ttl + GRACE_SEC, AT_LEAST_SEC);
}

export interface NameAnswer {
  /** The name that was asked for, and every alias on the way to the address. */
  name: string;
  aliases: readonly string[];
  client: string;
  /** It was one of several hosts of that address: an answer to another one, whoever asks. */
  ofSeveral: boolean;
  address: string;
  sec: number;
  nsec: number;
  untilSec: number;
  capture: number;
  frame: number;
  /** Frame of its question. */
  question: Place;
}

/** One complete answer to a client about a name: what addresses it had. For contradictions. */
export interface WholeAnswer {
  realm: number;
  client: string;
  name: string;
  addresses: string[];
  sec: number;
  capture: number;
  frame: number;
  question: Place;
}

/** Under which names DNS gave an address to a client, and to others. */
export interface NamesOf {
  readonly own: readonly NameAnswer[];
  readonly other: readonly NameAnswer[];
}

const NOTHING_SAID: NamesOf = { own: [], other: [] };

/** The frame of an answer. */
type Place = Pick<FrameRef, "capture_id" | "frame">;

export class DnsEvidence {
  /** Told what each question rests on, where somebody wants to know whether the same would be answered another time. */
  onAsk: ((key: string) => void) | null = null;
  /** Told until when what is asked as of a last packet would be answered alike. */
  onLast: ((sec: number) => void) | null = null;
  readonly #seen: Observation;
  #addresses = 0;
  /** By realm, then by address (as `keyOf` has it): what was answered, to whom. */
  readonly #byAddress: Map<number | string, NameAnswer[]>[] = [];
  readonly #whole: WholeAnswer[] = [];
  /** By realm, then by client and name: only who judges asks for them. */
  readonly #byName = once(() => this.#wholeByName());
  /** Public names of ECH configurations, by client, and where they were published: a server name that is only a cover. */
  readonly #echNames = new Map<string, Map<string, Place>>();

  /** `severalAt`: whether a client's address is that of several hosts. */
  constructor(seen: Observation, severalAt: (realm: number, client: string) => boolean = () => false) {
    this.#seen = seen;
    for (const _ of seen.realms) this.#byAddress.push(new Map());
    const view = new FlowView(seen);
    const dnsApps = new Set(seen.decoders.map((d, i) => (d.id === "dns" ? i + 1 : -1)));
    for (const flow of flowsSaying(seen, "answer")) {
      view.move(flow);
      if ((view.proto !== UDP && view.proto !== TCP) || !dnsApps.has(view.app) || view.detail === null) continue;
      const { sightings } = view.detail;
      const questions = sightings.length > FEW ? questionsOf(sightings) : null;
      for (const sighting of sightings) {
        const { fact } = sighting;
        if (fact.kind !== "answer") continue;
        const clientDir = sighting.dir === 0 ? 1 : 0;
        const question =
          questions === null ? questionTo(fact, clientDir, sightings) : questions.get(questionKey(clientDir, fact));
        const client = addressText(seen.flows.ipv6, view.family, view.address(clientDir));
        this.#addCovers(fact, view.realm, client, sighting);
        if (question === undefined) continue;
        const place = { capture_id: question.capture, frame: question.frame };
        this.#add(fact, view.realm, client, severalAt(view.realm, client), sighting, place);
      }
    }
  }

  /** Names under which DNS gave this address by that time: to this client (all addresses of it), and to others. */
  namesOf(realm: number, address: string, clients: ReadonlySet<string>, sec: number, nsec: number): NamesOf {
    this.onAsk?.(addressKey(realm, address));
    if (this.isEmpty) return NOTHING_SAID;
    const last = this.#lastAsked;
    // One flow is asked about for rule after rule.
    if (last.address !== address || last.realm !== realm) {
      last.address = address;
      last.realm = realm;
      last.answers = this.#byAddress[realm]?.get(keyOf(address));
      last.clients = null;
    }
    const { answers } = last;
    if (answers === undefined) return NOTHING_SAID;
    if (last.clients === clients && last.sec === sec && last.nsec === nsec) return last.names;
    last.names = namesAmong(answers, clients, sec, nsec);
    last.clients = clients;
    last.sec = sec;
    last.nsec = nsec;
    return last.names;
  }
  /** What was asked for last, and what was answered. */
  readonly #lastAsked: {
    realm: number;
    address: string | null;
    answers: readonly NameAnswer[] | undefined;
    clients: ReadonlySet<string> | null;
    sec: number;
    nsec: number;
    names: NamesOf;
  } = { realm: 0, address: null, answers: undefined, clients: null, sec: 0, nsec: 0, names: NOTHING_SAID };

  /** The last answer to these hosts that gave the address before this second, whether it still holds or not. */
  lastBefore(realm: number, address: string, clients: ReadonlySet<string>, sec: number): NameAnswer | null {
    const answers = this.#byAddress[realm]?.get(keyOf(address)) ?? [];
    return answers.findLast((answer) => !answer.ofSeveral && answer.sec <= sec && clients.has(answer.client)) ?? null;
  }

  /**
   * As `namesOf`, by the time of the last packet, which the next one moves: `onLast` is told from which second on another
   * answer may be given.
   */
  namesAtLast(
    realm: number,
    address: string,
    clients: ReadonlySet<string>,
    last: { lastSec: number; lastNsec: number },
  ): NamesOf {
    if (this.onLast !== null)
      for (const { sec, untilSec } of this.#byAddress[realm]?.get(keyOf(address)) ?? []) {
        if (untilSec >= last.lastSec) this.onLast(sec >= last.lastSec ? sec : untilSec + 1);
      }
    return this.namesOf(realm, address, clients, last.lastSec, last.lastNsec);
  }

  /** Answers that this client (all addresses of it) had for a name within the 24 h before. */
  answersFor(realm: number, clients: ReadonlySet<string>, name: string, sec: number): WholeAnswer[] {
    if (this.onAsk !== null) for (const client of clients) this.onAsk(nameKey(realm, client, name));
    const found: WholeAnswer[] = [];
    for (const client of clients)
      for (const answer of this.#byName()[realm]?.get(client)?.get(name) ?? NO_ANSWERS)
        if (answer.sec <= sec && answer.sec >= sec - AT_LEAST_SEC) found.push(answer);
    return found;
  }

  /** What there is to answer a question with, as a sum: equal for the same evidence, whatever else there is. */
  versionOf(key: string): number {
    if (this.isEmpty && this.#echNames.size === 0 && this.#whole.length === 0) return 0;
    const known = this.#versions.get(key);
    if (known !== undefined) return known;
    const space = key.indexOf(" ");
    const [map, of] = [key.slice(0, space), key.slice(space + 1)];
    const evidence = map === "cover" ? [...(this.#echNames.get(of) ?? [])] : this.#evidence(map, of);
    const version = evidence === undefined || evidence.length === 0 ? 0 : textSum(JSON.stringify(evidence));
    this.#versions.set(key, version);
    return version;
  }
  readonly #versions = new Map<string, number>();

  /** By what `onAsk` was told: realm and address, or realm, client and name. */
  #evidence(map: string, of: string): readonly unknown[] | undefined {
    const [realm, first] = [Number(of.slice(0, of.indexOf("|"))), of.slice(of.indexOf("|") + 1)];
    if (map === "address") return this.#byAddress[realm]?.get(keyOf(first));
    const end = first.indexOf("|");
    return this.#byName()
      [realm]?.get(first.slice(0, end))
      ?.get(first.slice(end + 1));
  }

  get isEmpty(): boolean {
    return this.#addresses === 0;
  }

  /** All answers in the capture that gave this address, whenever and to whomever. */
  answersAt(realm: number, family: number, word: number): readonly NameAnswer[] {
    const { ipv6 } = this.#seen.flows;
    this.onAsk?.(addressKey(realm, addressText(ipv6, family, word)));
    if (this.isEmpty) return NO_NAMES;
    const answers = this.#byAddress[realm]?.get(family === 4 ? word : addressText(ipv6, family, word));
    return answers ?? NO_NAMES;
  }

  /** True where its addresses were asked for: a host goes by it. */
  wasAskedFor(name: string): boolean {
    return this.#hostNames.has(name);
  }
  readonly #hostNames = new Set<string>();

  /** Addresses that any answer in the capture gave for a name. */
  addressesOf(name: string): string[] {
    this.#hostNames.add(name);
    const found = new Set<string>();
    for (const clients of this.#byName())
      for (const names of clients.values())
        for (const answer of names.get(name) ?? NO_ANSWERS) for (const address of answer.addresses) found.add(address);
    return [...found];
  }

  /** Where an HTTPS record answered to this client published the name as a cover for encrypted hellos; null where none did. */
  echPublicName(realm: number, clients: ReadonlySet<string>, name: string): Place | null {
    for (const client of clients) {
      this.onAsk?.(`cover ${realm}|${client}`);
      const place = this.#echNames.get(`${realm}|${client}`)?.get(name);
      if (place !== undefined) return place;
    }
    return null;
  }

  /** Whether it was asked for or not: a cover takes proof away. */
  #addCovers({ records }: AnswerFact, realm: number, client: string, { capture, frame }: Sighting): void {
    for (const { echPublicName } of records) {
      if (echPublicName === undefined) continue;
      const key = `${realm}|${client}`;
      const names = this.#echNames.get(key) ?? new Map<string, Place>();
      names.set(echPublicName, { capture_id: capture, frame });
      this.#echNames.set(key, names);
    }
  }

  #add(
    answer: AnswerFact,
    realm: number,
    client: string,
    ofSeveral: boolean,
    at: { capture: number; frame: number; sec: number; nsec: number },
    question: Place,
  ): void {
    const hasAliases = answer.records.some(({ type }) => type === "CNAME");
    const names = hasAliases ? [...aliasesOf(answer.name, answer.records)] : null;
    const aliases = names === null ? NO_ALIASES : names.slice(1);
    const byAddress = this.#byAddress[realm]!;
    const addresses: string[] = [];
    for (const record of answer.records) {
      // Beside an error addresses mean nothing: no resolver takes them.
      if ((record.type !== "A" && record.type !== "AAAA") || answer.rcode !== "NOERROR") continue;
      if (record.name !== answer.name && !aliases.includes(record.name)) continue;
      const key = keyOf(record.data);
      if (key === record.data && parseAddress(record.data) === null) continue;
      addresses.push(record.data);
      this.#addresses++;
      const one: NameAnswer = {
        name: answer.name,
        aliases,
        client,
        ofSeveral,
        address: record.data,
        sec: at.sec,
        nsec: at.nsec,
        untilSec: holdsUntil(at.sec, record.ttl),
        capture: at.capture,
        frame: at.frame,
        question,
      };
      const list = byAddress.get(key);
      if (list === undefined) byAddress.set(key, [one]);
      else list.push(one);
    }
    if (answer.partial || answer.rcode !== "NOERROR" || (answer.type !== "A" && answer.type !== "AAAA")) return;
    const { sec, capture, frame } = at;
    this.#whole.push({ realm, client, name: answer.name, addresses, sec, capture, frame, question });
  }

  #wholeByName(): Map<string, Map<string, WholeAnswer[]>>[] {
    const realms = this.#seen.realms.map(() => new Map<string, Map<string, WholeAnswer[]>>());
    for (const whole of this.#whole) {
      const ofRealm = realms[whole.realm]!;
      let byName = ofRealm.get(whole.client);
      if (byName === undefined) {
        byName = new Map();
        ofRealm.set(whole.client, byName);
      }
      const list = byName.get(whole.name);
      if (list === undefined) byName.set(whole.name, [whole]);
      else list.push(whole);
    }
    return realms;
  }
}

const NO_ALIASES: readonly string[] = [];
const NO_ANSWERS: readonly WholeAnswer[] = [];
const NO_NAMES: readonly NameAnswer[] = [];

/** What finds an address soonest: of IPv4 its number, else its text. */
const keyOf = (address: string): number | string => ipv4Word(address) ?? address;

/** The first question that an answer repeats; a flow of few facts is looked through for it. */
function questionTo(answer: AnswerFact, clientDir: 0 | 1, sightings: readonly Sighting[]): Sighting | undefined {
  return sightings.find(
    ({ fact, dir }) =>
      fact.kind === "query" &&
      dir === clientDir &&
      fact.id === answer.id &&
      fact.name === answer.name &&
      fact.type === answer.type,
  );
}
const FEW = 8;

/** By what answers repeat of it: the first of each. */
function questionsOf(sightings: readonly Sighting[]): Map<string, Sighting> {
  const questions = new Map<string, Sighting>();
  for (const sighting of sightings) {
    const { fact, dir } = sighting;
    if (fact.kind !== "query") continue;
    const key = questionKey(dir, fact);
    if (!questions.has(key)) questions.set(key, sighting);
  }
  return questions;
}

/** What an answer repeats of its question. */
function questionKey(clientDir: 0 | 1, { id, name, type }: Pick<AnswerFact, "id" | "name" | "type">): string {
  return `${clientDir} ${id} ${type} ${name}`;
}

/** Whether it had been given by that moment, and still held. */
export function isHeld(answer: NameAnswer, sec: number, nsec: number): boolean {
  return answer.sec < sec ? answer.untilSec >= sec : answer.sec === sec && answer.nsec <= nsec;
}

/** Those that held at that moment. */
function namesAmong(answers: readonly NameAnswer[], clients: ReadonlySet<string>, sec: number, nsec: number): NamesOf {
  const own: NameAnswer[] = [];
  const other: NameAnswer[] = [];
  for (const answer of answers) {
    if (!isHeld(answer, sec, nsec)) continue;
    (clients.has(answer.client) && !answer.ofSeveral ? own : other).push(answer);
  }
  return { own, other };
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

/** What `onAsk` is told where names of an address are asked for. */
export function addressKey(realm: number, address: string): string {
  return `address ${realm}|${address}`;
}

/** What `onAsk` is told where answers for a name are asked for. */
export function nameKey(realm: number, client: string, name: string): string {
  return `name ${realm}|${client}|${name}`;
}

/** FNV-1a over a text's code units, never 0, under a secret of this process. */
function textSum(text: string): number {
  secret ??= secretWord();
  let sum = secret;
  for (let i = 0; i < text.length; i++) sum = Math.imul(sum ^ text.charCodeAt(i), 0x01000193);
  return sum | 1;
}
let secret: number | null = null;
