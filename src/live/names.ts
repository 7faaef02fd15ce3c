/**
 * Look-ups that nothing rests on leave a run's memory for the database, so that a host that asks for ever new names does not
 * fill it:
 *
 *     a flow's questions and answers ──silent for a minute──▶ a part in the database   (`wirepact check DB@RUN` reads them again)
 *     its packets, bytes and times   ──────────────────────▶ stay, in the row of an equal flow once it is over (`age.ts`)
 *
 * What stays: names that a model or the site mentions, whatever came back; answers that a judgement in memory asked for; and,
 * for as long as they hold, answers that gave an address, for whoever may speak to it. Of those there are `LIMITS.answersKept`
 * at most: beyond it the oldest leave too, which is counted, for a conversation that begins then is judged without them.
 */
import type { KeptJudgements } from "../conform/kept.ts";
import type { FlowDetail } from "../decode/details.ts";
import type { Fact, Sighting } from "../decode/facts.ts";
import { UDP } from "../dissect/packet.ts";
import * as R from "../flow/row.ts";
import { LIMITS } from "../limits.ts";
import type { Conversations } from "../observe/conversations.ts";
import { encodeDeparted, leftSaying } from "../observe/departed.ts";
import { addressKey, holdsUntil, nameKey } from "../observe/dns-evidence.ts";
import { addressText, type FlowView } from "../observe/flow-view.ts";
import type { Observation } from "../observe/observation.ts";
import { flowsWithDetail } from "../observe/said.ts";
import type { LookupRow, RunResult } from "../report/result.ts";
import { type DepartingRow, FIRST_DEPARTED } from "../store/store.ts";

/** What was said in so many flows is no burden. */
const STAY = 10_000;
/** They leave together, once they are this part of all: taking them out goes through all rows. */
const WORTH_IT = 1 / 8;
/** No resolver waits this long for an answer. */
const SILENT_SEC = 60;
/** Flows of one part. */
const VOLUME = 500;
/** A row that stands for more equal look-ups is no flood's. */
const MOST_ALIKE = 16;

interface Leaving {
  flow: number;
  /** When its last answer that gave an address was given; 0 where none did, or none holds any more. */
  heldSec: number;
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
  /** How many look-ups have left. */
  count = 0;
  /** What flows without their look-ups say, by how that reads: they share it. */
  readonly #rest = new Map<string, FlowDetail>();

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
    const { details } = this.#seen.identified;
    const { last } = this.#kept;
    if (last === null || details.length <= this.#stay) return false;
    const chooser = new Chooser(last.conversations, this.#kept, lookups);
    const found = chooser.choose();
    const held = found.filter(({ heldSec }) => heldSec > 0).sort((a, b) => a.heldSec - b.heldSec);
    const tooMany = held.slice(0, Math.max(0, held.length - LIMITS.answersKept));
    if (tooMany.length > 0) this.#seen.caps.hit("answersKept", tooMany.length);
    const gone = [...found.filter(({ heldSec }) => heldSec === 0), ...tooMany];
    if (gone.length < Math.max(1, details.length * WORTH_IT)) return false;
    for (let from = 0; from < gone.length; from += VOLUME)
      this.#shelve(last.conversations, gone.slice(from, from + VOLUME));
    this.undocumented += chooser.undocumented(gone.map(({ flow }) => flow));
    this.count += gone.length;
    this.#strip(last.conversations, gone);
    return true;
  }

  #shelve(all: Conversations, gone: readonly Leaving[]): void {
    const one = leftSaying(
      all,
      gone.map(({ flow }) => flow),
      this.#volumes,
    );
    this.leaving.push({ seq: FIRST_DEPARTED + this.#volumes++, part: encodeDeparted(one), row: null });
  }

  /** Their rows stay, with what else was said in them: who asks whom. */
  #strip(all: Conversations, gone: readonly Leaving[]): void {
    const { identified } = this.#seen;
    const places = new Map(identified.details.map((detail, place) => [detail, place]));
    const view = all.view();
    for (const { flow } of gone) {
      const { row, at, detail } = view.move(flow);
      if (detail === null) continue;
      const rest = detail.sightings.filter(({ fact }) => !isLookup(fact));
      row[at + R.DETAIL] = 0;
      if (rest.length === 0) continue;
      const key = rest.map(({ dir, fact }) => `${dir}${JSON.stringify(fact, withoutId)}`).join("|");
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

function isLookup(fact: Fact): boolean {
  return fact.kind === "query" || fact.kind === "answer";
}

/** Which flows said nothing but look-ups that nothing rests on. */
class Chooser {
  readonly #all: Conversations;
  readonly #kept: KeptJudgements;
  readonly #view: FlowView;
  readonly #now: number;
  readonly #dns: number;
  readonly #asked: ReadonlySet<string>;
  readonly #leading: ReadonlySet<number>;
  readonly #verdicts = new Map<string, LookupRow["verdict"]>();
  /** Client and server, where a name that a document has was asked for without an answer. */
  readonly #unanswered = new Set<string>();

  constructor(all: Conversations, kept: KeptJudgements, lookups: readonly LookupRow[]) {
    this.#all = all;
    this.#kept = kept;
    this.#view = all.view();
    this.#now = all.seen.captures.reduce((latest, capture) => Math.max(latest, capture.lastSec), 0);
    this.#dns = all.seen.decoders.findIndex(({ id }) => id === "dns") + 1;
    this.#asked = kept.asked();
    this.#leading = new Set([...all.hiddenChannels.values(), ...all.copies.values()]);
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
      if (detail === null || view.proto !== UDP || view.app !== this.#dns || view.flows > MOST_ALIKE) continue;
      if (this.#now - Math.max(view.lastSec, 0) <= SILENT_SEC || !isPlain(detail) || this.#isOfOthers(flow)) continue;
      const heldSec = this.#heldSec(detail.sightings);
      if (heldSec !== null) found.push({ flow, heldSec });
    }
    return found;
  }

  /** How many of their look-ups are of names that no document has. */
  undocumented(flows: readonly number[]): number {
    let count = 0;
    for (const flow of flows) {
      const { sightings } = this.#view.move(flow).detail!;
      for (const { fact, dir } of sightings) {
        if (fact.kind !== "query" && fact.kind !== "answer") continue;
        const client = this.#text(fact.kind === "query" ? dir : 1 - dir);
        if (this.#verdicts.get(`${client}|${fact.name}`) === "undocumented") count += this.#view.flows;
        break;
      }
    }
    return count;
  }

  #isOfOthers(flow: number): boolean {
    const all = this.#all;
    const view = this.#view;
    if ((view.state & (R.S_REPEAT | R.S_HOLE)) !== 0 || view.isGroup(0) || view.isGroup(1)) return true;
    if (all.folds.has(flow) || all.answeredBy.has(flow) || all.copies.has(flow) || all.hiddenChannels.has(flow))
      return true;
    return this.#leading.has(flow) || all.conversationsOf(flow).length > 1 || all.quoted.has(flow);
  }

  /** When the last answer that gave an address and still holds was given, 0 for none; null where it has to stay anyway. */
  #heldSec(sightings: readonly Sighting[]): number | null {
    let [heldSec, lookups] = [0, 0];
    for (const { fact, dir, sec } of sightings) {
      if (fact.kind === "role" || fact.kind === "message") continue;
      if (fact.kind !== "query" && fact.kind !== "answer") return null;
      lookups++;
      const client = fact.kind === "query" ? dir : 1 - dir;
      if (this.#isRestedOn(this.#text(client), this.#text(1 - client), fact.name)) return null;
      if (fact.kind !== "answer") continue;
      for (const { name, type, data, ttl, echPublicName } of fact.records) {
        if (echPublicName !== undefined || this.#kept.hasAddress(data) || this.#kept.hasName(name)) return null;
        if (this.#asked.has(addressKey(this.#view.realm, data))) return null;
        const gaveAddress = (type === "A" || type === "AAAA") && fact.rcode === "NOERROR";
        if (gaveAddress && holdsUntil(sec, ttl) >= this.#now) heldSec = Math.max(heldSec, sec);
      }
    }
    return lookups === 0 || (heldSec > 0 && this.#view.flows > 1) ? null : heldSec;
  }

  #isRestedOn(client: string, server: string, name: string): boolean {
    if (this.#kept.hasName(name) || this.#verdicts.get(`${client}|${name}`) === "documented") return true;
    // That a resolver answered other questions tells that one without an answer is blocked (`conform/blocked-names.ts`).
    if (this.#unanswered.has(`${client}|${server}`)) return true;
    return this.#asked.has(nameKey(this.#view.realm, client, name)) || this.#kept.last?.dns.wasAskedFor(name) === true;
  }

  #text(dir: number): string {
    return addressText(this.#all.seen.flows.ipv6, this.#view.family, this.#view.address(dir));
  }
}

function isPlain({ operations, dropped, undecoded, cut, streams, datagrams, heads }: FlowDetail): boolean {
  if (operations !== null || dropped > 0 || undecoded > 0 || cut !== null) return false;
  return [streams, datagrams, heads].every(([a, b]) => a === null && b === null);
}
