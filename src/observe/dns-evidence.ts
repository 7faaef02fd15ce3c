/**
 * What DNS said about addresses, to whom and when: the evidence that an address may be called by a name.
 *
 * An answer speaks for an address under the name that was asked, through its CNAME chain. It holds from the moment it
 * was given for its lifetime plus a grace, and at least for a day, because many programs resolve once when they start
 * (`verdicts.md`: "What proves a conversation"). A host that asked again and was given other addresses has not resolved once:
 * when lifetime and grace of the answer before are over, that one speaks no longer (`replacedBy`).
 *
 * What nobody asked is no answer: without its question, between the same ports and with the same number, name and type, no
 * resolver takes it (RFC 5452 section 9.1), and anybody can send one. What disagrees with another answer to the same question
 * (`dns-asked.ts`) is told with that one beside it, and proves nothing alone.
 */

import { isSameFamily, keyOfAddress } from "../address.ts";
import { secretWord } from "../builtins.ts";
import { once } from "../once.ts";
import type { Place } from "../report/places.ts";
import type { FrameRef } from "../report/result.ts";
import type { Instant } from "../time.ts";
import {
  AT_LEAST_SEC,
  addCovers,
  answersIn,
  dnsFrames,
  type Given,
  type NameAnswer,
  readAnswer,
  type WholeAnswer,
} from "./dns-answers.ts";
import { DnsIndex, isWorthIndexing } from "./dns-index.ts";
import { addressText } from "./flow-view.ts";
import type { Observation } from "./observation.ts";
import { flowsSaying } from "./said.ts";

/** Under which names DNS gave an address to a client, and to others. */
export interface NamesOf {
  readonly own: readonly NameAnswer[];
  readonly other: readonly NameAnswer[];
}

const NOTHING_SAID: NamesOf = { own: [], other: [] };

/** Whether a client's address went to another device between an answer and a later moment. */
type MovedBetween = (realm: number, client: string, answer: Instant, later: Instant) => boolean;

export class DnsEvidence {
  /** Told what each question rests on, where somebody wants to know whether the same would be answered another time. */
  onAsk: ((key: string) => void) | null = null;
  /** Told until when what is asked as of a last packet would be answered alike. */
  onLast: ((sec: number) => void) | null = null;
  readonly #seen: Observation;
  readonly #severalAt: (realm: number, client: string) => boolean;
  readonly #movedBetween: MovedBetween;
  /** Those that say answers. */
  readonly #flows: Int32Array;
  /** Of a stored observation, until much was asked for: what is asked for is made then. */
  #index: (() => DnsIndex) | null = null;
  /** Answers and addresses that were made objects. */
  #made = 0;
  #addresses = 0;
  /** By realm, then by address (as `keyOf` has it): what was answered, to whom. */
  readonly #byAddress: Map<number | string, NameAnswer[]>[] = [];
  readonly #whole: WholeAnswer[] = [];
  /** By realm and client, of those that were asked for. */
  readonly #byClient = new Map<string, Map<string, WholeAnswer[]>>();
  /** By realm, then by client and name: only who judges asks for them. */
  readonly #byName = once(() => this.#wholeByName());
  /** Public names of ECH configurations, by client, and where they were published: a server name that is only a cover. */
  readonly #echNames = new Map<string, Map<string, Place>>();

  /** `severalAt`: whether a client's address is that of several hosts; `movedBetween`: whether it went from one to another. */
  constructor(
    seen: Observation,
    severalAt: (realm: number, client: string) => boolean = () => false,
    movedBetween: MovedBetween = () => false,
  ) {
    this.#seen = seen;
    this.#severalAt = severalAt;
    this.#movedBetween = movedBetween;
    this.#flows = flowsSaying(seen, "answer");
    for (const _ of seen.realms) this.#byAddress.push(new Map());
    if (seen.departed === undefined && isWorthIndexing(seen, this.#flows)) {
      this.#index = once(() => new DnsIndex(seen, this.#flows));
      return;
    }
    this.#addDeparted(seen, severalAt);
    this.#readAll();
  }

  #readAll(): void {
    this.#read(
      this.#flows,
      (names, whole, realm) => {
        for (const name of names) this.#addName(realm, name);
        if (whole !== null) this.#whole.push(whole);
      },
      this.#echNames,
    );
  }

  /** What was answered in these flows. */
  #read(
    flows: Iterable<number>,
    tell: (names: readonly NameAnswer[], whole: WholeAnswer | null, realm: number) => void,
    covers: Map<string, Map<string, Place>> | null = null,
  ): void {
    answersIn(this.#seen, flows, (answered) => {
      // Whether it was asked for or not: a cover takes proof away.
      if (covers !== null) addCovers(covers, answered);
      const { realm, client, question } = answered;
      if (question === null) return;
      const { names, whole } = readAnswer({ ...answered, question }, this.#severalAt(realm, client));
      this.#made += 1 + names.length;
      tell(names, whole, realm);
    });
  }

  /** All that was answered, where so much is asked for that it is less work. */
  #whenMuch(): void {
    if (this.#index !== null && this.#made > MUCH * (this.#flows.length + FEW)) this.#makeAll();
  }

  #makeAll(): void {
    if (this.#index === null) return;
    this.#index = null;
    for (const known of this.#byAddress) known.clear();
    this.#readAll();
  }

  /** What was answered of an address (as `keyOfAddress` has it). */
  #answersOf(realm: number, key: number | string): readonly NameAnswer[] | undefined {
    const known = this.#byAddress[realm]?.get(key);
    if (known !== undefined || this.#index === null) return known;
    const found: NameAnswer[] = [];
    this.#read(this.#index().giving(realm, key), (names) => {
      for (const one of names) if (keyOfAddress(one.address) === key) found.push(one);
    });
    this.#byAddress[realm]?.set(key, found);
    this.#whenMuch();
    return found;
  }

  /** What was answered to a client, by name. */
  #answersTo(realm: number, client: string): ReadonlyMap<string, readonly WholeAnswer[]> | undefined {
    if (this.#index === null) return this.#byName()[realm]?.get(client);
    const key = `${realm}|${client}`;
    let known = this.#byClient.get(key);
    if (known === undefined) {
      known = new Map();
      for (const whole of this.#wholesTo(realm, client, this.#index())) push(known, whole);
      this.#byClient.set(key, known);
      this.#whenMuch();
    }
    return known;
  }

  #wholesTo(realm: number, client: string, index: DnsIndex): WholeAnswer[] {
    const wholes: WholeAnswer[] = [];
    this.#read(index.toClient(realm, client), (_, whole) => {
      if (whole !== null && whole.client === client) wholes.push(whole);
    });
    return wholes;
  }

  /** What look-ups that are in a live run's database alone had said. */
  #addDeparted({ departed }: Observation, severalAt: (realm: number, client: string) => boolean): void {
    if (departed === undefined) return;
    const { names, wholes, covers } = departed.said;
    const byTime = (a: { one: Given }, b: { one: Given }): number => a.one.sec - b.one.sec;
    const given = [...names.values()].flatMap((told) => told.given.map((one) => ({ realm: told.realm, one })));
    for (const { realm, one } of given.sort(byTime))
      this.#addName(realm, severalAt(realm, one.client) ? { ...one, ofSeveral: true } : one);
    const whole = [...wholes.values()].flatMap((told) => told.given.map((one) => ({ one })));
    for (const { one } of whole.sort(byTime)) this.#whole.push(one);
    for (const [client, published] of covers) this.#echNames.set(client, new Map(published));
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
      last.answers = this.#answersOf(realm, keyOfAddress(address));
      last.clients = null;
    }
    const { answers } = last;
    if (answers === undefined) return NOTHING_SAID;
    if (last.clients === clients && last.sec === sec && last.nsec === nsec) return last.names;
    const isOwn = (one: NameAnswer): boolean =>
      clients.has(one.client) && !one.ofSeveral && !this.#isOfAnother(one, realm, clients, { sec, nsec });
    last.names = namesAmong(answers, isOwn, sec, nsec);
    last.clients = clients;
    last.sec = sec;
    last.nsec = nsec;
    return last.names;
  }

  /** Whether the client's address was another device's when it was told, or is now. Of a host's several the others stay its own. */
  #isOfAnother(one: NameAnswer, realm: number, { size }: ReadonlySet<string>, at: Instant): boolean {
    if (size > 1) return this.#movedBetween(realm, one.client, EVER, one);
    return this.#movedBetween(realm, one.client, lastGiven(one, at.sec), at);
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
    const answers = this.#answersOf(realm, keyOfAddress(address)) ?? [];
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
      for (const { sec, untilSec } of this.#answersOf(realm, keyOfAddress(address)) ?? []) {
        if (untilSec >= last.lastSec) this.onLast(sec >= last.lastSec ? sec : untilSec + 1);
      }
    return this.namesOf(realm, address, clients, last.lastSec, last.lastNsec);
  }

  /** Answers that this client (all addresses of it) had for a name within the 24 h before. */
  answersFor(realm: number, clients: ReadonlySet<string>, name: string, sec: number): WholeAnswer[] {
    if (this.onAsk !== null) for (const client of clients) this.onAsk(nameKey(realm, client, name));
    const found: WholeAnswer[] = [];
    for (const client of clients)
      for (const answer of this.#answersTo(realm, client)?.get(name) ?? NO_ANSWERS)
        if (answer.sec <= sec && answer.lastSec >= sec - AT_LEAST_SEC) found.push(answer);
    return found;
  }

  /**
   * The answer that took the place of one whose lifetime was over at that second: the last that these hosts had for the name
   * since, with other addresses of the family. Null where that one still speaks.
   */
  replacedBy(one: NameAnswer, realm: number, clients: ReadonlySet<string>, sec: number): WholeAnswer | null {
    if (one.freshSec >= sec || one.lastSec >= sec) return null;
    const others = ({ addresses }: WholeAnswer): boolean =>
      addresses.some((address) => isSameFamily(address, one.address)) && !addresses.includes(one.address);
    let last: WholeAnswer | null = null;
    for (const answer of this.answersFor(realm, clients, one.name, sec))
      if (answer.lastSec > one.lastSec && others(answer) && (last === null || answer.sec >= last.sec)) last = answer;
    return last;
  }

  /** What there is to answer a question with, as a sum: equal for the same evidence, whatever else there is. */
  versionOf(key: string): number {
    this.#makeAll();
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
    if (map === "address") return this.#byAddress[realm]?.get(keyOfAddress(first));
    const end = first.indexOf("|");
    return this.#byName()
      [realm]?.get(first.slice(0, end))
      ?.get(first.slice(end + 1));
  }

  get isEmpty(): boolean {
    return this.#index === null ? this.#addresses === 0 : this.#flows.length === 0;
  }

  /** All answers in the capture that gave this address, whenever and to whomever. */
  answersAt(realm: number, family: number, word: number): readonly NameAnswer[] {
    const { ipv6 } = this.#seen.flows;
    this.onAsk?.(addressKey(realm, addressText(ipv6, family, word)));
    if (this.isEmpty) return NO_NAMES;
    const answers = this.#answersOf(realm, family === 4 ? word : addressText(ipv6, family, word));
    return answers ?? NO_NAMES;
  }

  /** True where its addresses were asked for: a host goes by it. */
  wasAskedFor(name: string): boolean {
    return this.#hostNames.has(name);
  }
  readonly #hostNames = new Set<string>();

  /**
   * Addresses that any answer in the capture gave for a name, and none contends with: each with the frames of the first that did and
   * of its question.
   */
  addressesOf(name: string): { text: string; frames: FrameRef[] }[] {
    this.#hostNames.add(name);
    this.#makeAll();
    const found = new Map<string, WholeAnswer>();
    for (const clients of this.#byName())
      for (const names of clients.values())
        for (const answer of names.get(name) ?? NO_ANSWERS)
          for (const address of answer.rivals.length > 0 ? [] : answer.addresses) {
            const known = found.get(address);
            if (known === undefined || isBefore(answer, known)) found.set(address, answer);
          }
    return [...found].map(([text, answer]) => ({ text, frames: dnsFrames({ ...answer, address: text }) }));
  }

  /** Where an HTTPS record answered to this client published the name as a cover for encrypted hellos; null where none did. */
  echPublicName(realm: number, clients: ReadonlySet<string>, name: string): Place | null {
    for (const client of clients) {
      this.onAsk?.(`cover ${realm}|${client}`);
      const place = (this.#index?.().covers ?? this.#echNames).get(`${realm}|${client}`)?.get(name);
      if (place !== undefined) return place;
    }
    return null;
  }

  #addName(realm: number, one: NameAnswer): void {
    this.#addresses++;
    const byAddress = this.#byAddress[realm]!;
    const key = keyOfAddress(one.address);
    const list = byAddress.get(key);
    if (list === undefined) byAddress.set(key, [one]);
    else list.push(one);
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
      push(byName, whole);
    }
    return realms;
  }
}

/** What is made one by one costs more for each than all at once: so much of it, and a little more, and all is made. */
const MUCH = 0.25;
const FEW = 1_000;

function push(byName: Map<string, WholeAnswer[]>, whole: WholeAnswer): void {
  const list = byName.get(whole.name);
  if (list === undefined) byName.set(whole.name, [whole]);
  else list.push(whole);
}

const isBefore = (a: WholeAnswer, b: WholeAnswer): boolean =>
  a.capture < b.capture || (a.capture === b.capture && a.frame < b.frame);

const NO_ANSWERS: readonly WholeAnswer[] = [];
const NO_NAMES: readonly NameAnswer[] = [];

/** Whether it had been given by that moment, and still held. */
export function isHeld(answer: NameAnswer, sec: number, nsec: number): boolean {
  return answer.sec < sec ? answer.untilSec >= sec : answer.sec === sec && answer.nsec <= nsec;
}

const EVER: Instant = { sec: 0, nsec: 0 };

/** When it was last given by that second. */
const lastGiven = ({ sec, nsec, lastSec }: NameAnswer, bySec: number): Instant =>
  lastSec > sec && lastSec <= bySec ? { sec: lastSec, nsec: 0 } : { sec, nsec };

/** Those that held at that moment. */
function namesAmong(
  answers: readonly NameAnswer[],
  isOwn: (one: NameAnswer) => boolean,
  sec: number,
  nsec: number,
): NamesOf {
  const own: NameAnswer[] = [];
  const other: NameAnswer[] = [];
  for (const answer of answers) {
    if (!isHeld(answer, sec, nsec)) continue;
    (isOwn(answer) ? own : other).push(answer);
  }
  return { own, other };
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
