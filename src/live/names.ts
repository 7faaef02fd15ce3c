/**
 * Look-ups leave a run's memory for the database, so that a host that asks all day for the names of its documents, or for ever new
 * ones, does not fill it:
 *
 *     a flow's questions and answers ──silent for a minute──▶ a part in the database   (`wirepact check DB@RUN` reads them again)
 *     its packets, bytes and times   ──────────────────────▶ stay, in the row of an equal flow once it is over (`age.ts`)
 *
 * Where something rests on them, what they tell stays as well (`observe/departed-lookups.ts`): names that a model or the site
 * mentions, and answers that a judgement in memory asked for. Of the others those that gave an address stay whole for as long as
 * it holds, for whoever may speak to it. Of these there are `LIMITS.answersKept` at most: beyond it the oldest leave too, which is
 * counted, for a conversation that begins then is judged without them.
 */
import type { KeptJudgements } from "../conform/kept.ts";
import type { FlowDetail } from "../decode/details.ts";
import type { AnswerFact, Fact, QueryFact, Sighting } from "../decode/facts.ts";
import { TCP, UDP } from "../dissect/packet.ts";
import * as R from "../flow/row.ts";
import { LIMITS } from "../limits.ts";
import type { Conversations } from "../observe/conversations.ts";
import { encodeDeparted, leftSaying, nobodyDeparted } from "../observe/departed.ts";
import { addDeparting, forgetDays, sizeOf } from "../observe/departed-lookups.ts";
import { holdsUntil } from "../observe/dns-answers.ts";
import { addressKey, nameKey } from "../observe/dns-evidence.ts";
import { addressText, type FlowView } from "../observe/flow-view.ts";
import type { Observation } from "../observe/observation.ts";
import { pairingOf } from "../observe/pairs.ts";
import { flowsWithDetail } from "../observe/said.ts";
import type { LookupRow, RunResult } from "../report/result.ts";
import { type DepartingRow, FIRST_DEPARTED } from "../store/store.ts";
import { isDone } from "./age.ts";
import { isReadWhole, latestSec, Ties } from "./flows.ts";
import { RestedNames, type Talk, talkOf } from "./group-talk.ts";

/** What was said in so many flows is no burden. */
const STAY = 10_000;
/** They leave together, once they are this part of all: taking them out goes through all rows. */
const WORTH_IT = 1 / 8;
/** No resolver waits this long for an answer. */
const SILENT_SEC = 60;
/** Facts of one flow that leave although others say little: further ones have to find room in it. */
const MUCH_OF_A_FLOW = LIMITS.factsPerFlow / 4;
/** Flows of one part. */
const VOLUME = 500;

interface Leaving {
  flow: number;
  /** How often its look-ups were made. */
  times: number;
  /** When its last answer that gave an address was given; 0 where none did, or none holds any more. */
  heldSec: number;
  /** Something rests on it: what it tells stays. */
  restedOn: boolean;
  /** It asked a group, or answered: what is left of it is told by its own time and id. */
  ofGroup?: boolean;
}

export class NameAttic {
  readonly #seen: Observation;
  readonly #kept: KeptJudgements;
  readonly #stay: number;
  /** Taken out, and not yet in the database. */
  leaving: DepartingRow[] = [];
  #volumes = 0;
  /** How many look-ups that nobody documents have left. */
  undocumented = 0;
  /** How many look-ups have left of which nothing is left in memory. */
  count = 0;
  /** How many have left in all. */
  shelved = 0;
  /** What flows without their look-ups say, by how that reads: they share it. */
  readonly #rest = new Map<string, FlowDetail>();
  readonly #waiting = new WeakSet<FlowDetail>();

  /** `stay`: for tests; verdicts never depend on it. */
  constructor(seen: Observation, kept: KeptJudgements, stay: number = STAY) {
    this.#seen = seen;
    this.#kept = kept;
    this.#stay = stay;
  }

  /**
   * Takes out what may leave, where it is worth it. `result`: of what was judged last. True where any left: rows are to be gone
   * through then, and judged again.
   */
  clear({ lookups }: RunResult): boolean {
    const { last } = this.#kept;
    if (last === null) return false;
    const chooser = new Chooser(last.conversations, this.#kept, lookups, this.#waiting);
    const left = this.#clearFlows(last.conversations, chooser);
    return this.#clearTalk(last.conversations, chooser) || left;
  }

  /** What is old of flows to groups that go on. */
  #clearTalk(all: Conversations, chooser: Chooser): boolean {
    const talks = chooser.talk();
    const facts = talks.reduce((sum, { leaves }) => sum + leaves.length, 0);
    const isFull = talks.some(({ leaves }) => leaves.length > MUCH_OF_A_FLOW);
    if (facts < Math.max(1, this.#stay) && !isFull) return false;
    for (let from = 0; from < talks.length; from += VOLUME) {
      const some = talks.slice(from, from + VOLUME);
      this.#shelve(
        all,
        some.map(({ flow }) => flow),
        some.map(({ leaves }) => leaves),
      );
    }
    const { identified, flows } = this.#seen;
    for (const { flow, leaves, stays } of talks) {
      const count = leaves.filter(({ fact }) => isLookup(fact)).length;
      this.count += count;
      this.shelved += count;
      this.undocumented += chooser.undocumentedOf(flow, leaves);
      identified.detail(flows.table.rows(flow), flows.table.at(flow)).sightings = stays;
    }
    identified.recount();
    return true;
  }

  #clearFlows(conversations: Conversations, chooser: Chooser): boolean {
    const { details } = this.#seen.identified;
    if (details.length <= this.#stay) return false;
    const found = chooser.choose();
    const told = found.filter(({ restedOn }) => restedOn).slice(0, this.#room());
    const plain = found.filter(({ restedOn }) => !restedOn);
    const held = plain.filter(({ heldSec }) => heldSec > 0).sort((a, b) => a.heldSec - b.heldSec);
    const tooMany = held.slice(0, Math.max(0, held.length - LIMITS.answersKept));
    if (tooMany.length > 0) this.#seen.caps.hit("answersKept", tooMany.length);
    const gone = [...plain.filter(({ heldSec }) => heldSec === 0), ...tooMany];
    const all = [...gone, ...told];
    if (all.length < Math.max(1, details.length * WORTH_IT)) return false;
    for (let from = 0; from < all.length; from += VOLUME)
      this.#shelve(
        conversations,
        all.slice(from, from + VOLUME).map(({ flow }) => flow),
      );
    this.undocumented += chooser.undocumented(gone);
    for (const { times } of gone) this.count += times;
    for (const { times } of all) this.shelved += times;
    this.#tell(told);
    this.#strip(conversations, all);
    return true;
  }

  /** All that left is there again; returns what of it was not yet in the database. */
  isBack(): DepartingRow[] {
    this.count = 0;
    this.undocumented = 0;
    return this.leaving.splice(0);
  }

  #room(): number {
    const said = this.#seen.departed?.said;
    return Math.max(0, LIMITS.lookupsTold - (said === undefined ? 0 : sizeOf(said)));
  }

  /** What rests on look-ups that leave finds there what they say. */
  #tell(told: readonly Leaving[]): void {
    if (told.length === 0) return;
    this.#seen.departed ??= nobodyDeparted();
    const { said } = this.#seen.departed;
    addDeparting(
      said,
      this.#seen,
      told.map(({ flow }) => flow),
    );
    forgetDays(said, this.#kept.asked(), latestSec(this.#seen));
  }

  #shelve(all: Conversations, flows: readonly number[], said: readonly (readonly Sighting[])[] | null = null): void {
    const one = leftSaying(all, flows, this.#volumes, said);
    this.leaving.push({ seq: FIRST_DEPARTED + this.#volumes++, part: encodeDeparted(one), row: null });
  }

  /** Their rows stay, with what else was said in them: who asks whom. */
  #strip(all: Conversations, gone: readonly Leaving[]): void {
    const { identified } = this.#seen;
    const places = new Map(identified.details.map((detail, place) => [detail, place]));
    const view = all.view();
    for (const { flow, ofGroup } of gone) {
      const { row, at, detail } = view.move(flow);
      if (detail === null) continue;
      const rest = detail.sightings.filter(({ fact }) => !isLookup(fact) && !(ofGroup === true && isSearch(fact)));
      row[at + R.DETAIL] = 0;
      if (rest.length === 0) continue;
      if (ofGroup === true) {
        Object.assign(identified.detail(row, at), { sightings: rest, shared: true });
        continue;
      }
      const said = rest.map(({ dir, fact }) => `${dir}${JSON.stringify(fact, withoutId)}`);
      const key = `${pairingOf(rest)?.question === null}|${said.join("|")}`;
      const known = this.#rest.get(key);
      const place = known === undefined ? undefined : places.get(known);
      if (place !== undefined) {
        row[at + R.DETAIL] = place + 1;
        continue;
      }
      const made = identified.detail(row, at);
      made.sightings = rest;
      made.shared = true;
      places.set(made, row[at + R.DETAIL]! - 1);
      this.#rest.set(key, made);
    }
  }
}

/** Numbers of messages differ from flow to flow, and pair those of one alone. */
function withoutId(key: string, value: unknown): unknown {
  return key === "id" ? undefined : value;
}

/** What was looked for by SSDP, and what was found: it may be another each time. */
function isSearch(fact: Fact): fact is Fact & { kind: "field" } {
  return fact.kind === "field" && fact.field.startsWith("ssdp.");
}
/** What else a search says, and its answers: the same each time. */
const OF_SEARCHES: ReadonlySet<Fact["kind"]> = new Set(["name", "asset"]);
/** Applications that ask everybody. */
const GROUPS: ReadonlySet<string> = new Set(["llmnr", "mdns", "ssdp"]);

function isLookup(fact: Fact): fact is QueryFact | AnswerFact {
  return fact.kind === "query" || fact.kind === "answer";
}

/** Which flows said nothing but look-ups that may leave. */
class Chooser {
  readonly #all: Conversations;
  readonly #kept: KeptJudgements;
  readonly #view: FlowView;
  readonly #now: number;
  readonly #dns: number;
  readonly #ssdp: number;
  readonly #groups: ReadonlySet<number>;
  readonly #asked: ReadonlySet<string>;
  readonly #ties: Ties;
  readonly #rested: RestedNames;
  readonly #verdicts = new Map<string, LookupRow["verdict"]>();
  /** Client and server, where a name that a document has was asked for without an answer. */
  readonly #unanswered = new Set<string>();

  readonly #waiting: WeakSet<FlowDetail>;

  /** `waiting`: what had no answer when it was looked at before; others are added. */
  constructor(all: Conversations, kept: KeptJudgements, lookups: readonly LookupRow[], waiting: WeakSet<FlowDetail>) {
    this.#waiting = waiting;
    this.#all = all;
    this.#kept = kept;
    this.#view = all.view();
    this.#now = latestSec(all.seen);
    this.#ssdp = all.seen.decoders.findIndex(({ id }) => id === "ssdp") + 1;
    this.#dns = all.seen.decoders.findIndex(({ id }) => id === "dns") + 1;
    this.#groups = new Set(all.seen.decoders.flatMap(({ id }, i) => (GROUPS.has(id) ? [i + 1] : [])));
    this.#asked = kept.asked();
    this.#ties = new Ties(all);
    this.#rested = new RestedNames(kept, lookups);
    for (const { client, server, name, verdict, result } of lookups) {
      const key = `${client}|${name}`;
      if (verdict === "documented" || !this.#verdicts.has(key)) this.#verdicts.set(key, verdict);
      if (result === "TIMEOUT" && verdict === "documented") this.#unanswered.add(`${client}|${server}`);
    }
  }

  choose(): Leaving[] {
    const found: Leaving[] = [];
    for (const flow of flowsWithDetail(this.#all.seen)) {
      const view = this.#view.move(flow);
      const { detail } = view;
      if (this.#groups.has(view.app)) found.push(...this.#ofGroup(flow));
      if (detail === null || view.app !== this.#dns || !this.#isOver() || !isPlain(detail) || this.#isOfOthers())
        continue;
      const leaving = this.#leaving(detail.sightings);
      if (leaving !== null && (!leaving.restedOn || this.#hasWaited(detail))) found.push(leaving);
    }
    return found;
  }

  /** What a group was asked in a flow, with the flows of its answers; nothing while one of them may go on, or says anything else. */
  #ofGroup(root: number): Leaving[] {
    const all = this.#all;
    if (all.folds.has(root)) return []; // its question takes it along
    const flows = [root, ...(all.answeredBy.get(root) ?? [])];
    let [asks, searches] = [0, 0];
    for (const flow of flows) {
      const view = this.#view.move(flow);
      const { state, detail } = view;
      if (detail === null || !isPlain(detail) || !isDone(view, this.#now) || !this.#groups.has(view.app)) return [];
      if ((state & (R.S_HOLE | R.S_REPEAT)) !== 0 || all.copies.has(flow) || all.quoted.has(flow)) return [];
      for (const { fact, dir } of detail.sightings) {
        if (fact.kind === "role" || fact.kind === "message" || fact.kind === "expect-flow") continue;
        if (isSearch(fact) && !this.#kept.expectsField(fact.field)) {
          searches++;
          continue;
        }
        if (OF_SEARCHES.has(fact.kind) && view.app === this.#ssdp) continue;
        if (!isLookup(fact)) return [];
        const client = this.#text(fact.kind === "query" ? dir : 1 - dir);
        if (this.#isRestedOn(client, "", fact.name)) return [];
        asks++;
      }
    }
    if (asks + searches === 0) return [];
    const times = asks === 0 ? 0 : this.#view.move(root).times;
    return flows.map((flow, i) => ({ flow, times: i === 0 ? times : 0, heldSec: 0, restedOn: false, ofGroup: true }));
  }

  /** A question without an answer has to be there the second time: a clock that was set back makes a new one look old. */
  #hasWaited(detail: FlowDetail): boolean {
    if (!isOpen(detail.sightings) || this.#waiting.has(detail)) return true;
    this.#waiting.add(detail);
    return false;
  }

  /** What is old of flows to groups that go on. */
  talk(): Talk[] {
    return talkOf(this.#all, this.#rested, (realm, client, name) => this.#asked.has(nameKey(realm, client, name)));
  }

  /** How many of the questions that leave one flow are of names that no document has. */
  undocumentedOf(flow: number, leaves: readonly Sighting[]): number {
    this.#view.move(flow);
    return leaves.filter(
      ({ fact, dir }) =>
        fact.kind === "query" && this.#verdicts.get(`${this.#text(dir)}|${fact.name}`) === "undocumented",
    ).length;
  }

  /** How many of their look-ups are of names that no document has. */
  undocumented(gone: readonly Leaving[]): number {
    let count = 0;
    for (const { flow, times } of gone) {
      const { sightings } = this.#view.move(flow).detail!;
      for (const { fact, dir } of sightings) {
        if (fact.kind !== "query" && fact.kind !== "answer") continue;
        const client = this.#text(fact.kind === "query" ? dir : 1 - dir);
        if (this.#verdicts.get(`${client}|${fact.name}`) === "undocumented") count += times;
        break;
      }
    }
    return count;
  }

  #isOver(): boolean {
    const view = this.#view;
    return view.proto === UDP
      ? this.#now - Math.max(view.lastSec, 0) > SILENT_SEC
      : view.proto === TCP && isDone(view, this.#now);
  }

  #isOfOthers(): boolean {
    const view = this.#view;
    if ((view.state & R.S_HOLE) !== 0 || view.isGroup(0) || view.isGroup(1)) return true;
    return this.#ties.has(view) || this.#all.quoted.has(view.flow);
  }

  /** Null where it has to stay. */
  #leaving(sightings: readonly Sighting[]): Leaving | null {
    const { flow, times } = this.#view;
    let [heldSec, lookups, restedOn] = [0, 0, false];
    for (const { fact, dir, sec } of sightings) {
      if (fact.kind === "role" || fact.kind === "message") continue;
      if (fact.kind !== "query" && fact.kind !== "answer") return null;
      lookups++;
      // Whoever is bound by a name has the addresses that answers give, in their order.
      if (this.#kept.last?.dns.wasAskedFor(fact.name) === true) return null;
      const client = fact.kind === "query" ? dir : 1 - dir;
      restedOn ||= this.#isRestedOn(this.#text(client), this.#text(1 - client), fact.name);
      if (fact.kind !== "answer") continue;
      for (const { name, type, data, ttl, echPublicName } of fact.records) {
        restedOn ||= echPublicName !== undefined || this.#kept.hasAddress(data) || this.#kept.hasName(name);
        restedOn ||= this.#asked.has(addressKey(this.#view.realm, data));
        const gaveAddress = (type === "A" || type === "AAAA") && fact.rcode === "NOERROR";
        if (gaveAddress && holdsUntil(sec, ttl) >= this.#now) heldSec = Math.max(heldSec, sec);
      }
    }
    if (lookups === 0 || (!restedOn && heldSec > 0 && times > 1)) return null;
    return { flow, times, heldSec, restedOn };
  }

  #isRestedOn(client: string, server: string, name: string): boolean {
    if (this.#kept.hasName(name) || this.#verdicts.get(`${client}|${name}`) === "documented") return true;
    // That a resolver answered other questions tells that one without an answer is blocked (`conform/blocked-names.ts`).
    if (this.#unanswered.has(`${client}|${server}`)) return true;
    return this.#asked.has(nameKey(this.#view.realm, client, name));
  }

  #text(dir: number): string {
    return addressText(this.#all.seen.flows.ipv6, this.#view.family, this.#view.address(dir));
  }
}

/** Some question of it has no answer. */
function isOpen(sightings: readonly Sighting[]): boolean {
  const answered = new Set(sightings.flatMap(({ fact }) => (fact.kind === "answer" ? [`${fact.id}`] : [])));
  return sightings.some(({ fact }) => fact.kind === "query" && !answered.has(`${fact.id}`));
}

function isPlain(detail: FlowDetail): boolean {
  const { streams, datagrams, heads } = detail;
  return isReadWhole(detail) && [streams, datagrams, heads].every(([a, b]) => a === null && b === null);
}
