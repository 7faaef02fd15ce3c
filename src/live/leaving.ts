/**
 * Which conversations may leave a run's memory for its database (`attic.ts`): they are over, and nothing rests on them. What
 * rests on one is what another one that stays does not say as well:
 *
 *     a rule's status       asks for how many documented it, and looks at the first few of each host: those stay (`STANDING`)
 *     what may be missing   asks for connections that may carry more, by the names that DNS gave their far ends: of names that
 *                           no model has none is asked
 *     two hosts' clocks     are compared by the exchanges of NTP of both: where a rule does, these are kept
 */

import { carriedNames } from "../conform/carriers.ts";
import { exchangesOfFlow } from "../conform/clocks.ts";
import { resolvesHidden } from "../conform/hidden-dns.ts";
import type { Judged } from "../conform/judged.ts";
import type { KeptJudgements } from "../conform/kept.ts";
import { ASKING_FIELDS, type Fact } from "../decode/facts.ts";
import * as R from "../flow/row.ts";
import { LIMITS } from "../limits.ts";
import * as C from "../observe/conversations.ts";
import { type DepartedUse, hostKey } from "../observe/departed-uses.ts";
import type { DepartedExchanges, Exchange } from "../observe/exchanges.ts";
import { addressText, type FlowView } from "../observe/flow-view.ts";
import type { ConversationRow } from "../report/result.ts";
import { CLOSED_SEC, isDone } from "./age.ts";
import { latestSec, Ties } from "./flows.ts";
import type { RestedNames } from "./group-talk.ts";
import { ANYBODY, Standing } from "./standing.ts";

/** Rows of one conversation that leave: more of them are folded first (`age.ts`). */
const MOST_ROWS = 256;

export interface Leaving {
  conversation: number;
  /** Null where nobody judged it. */
  judged: Judged | null;
  row: ConversationRow | null;
  /** What it counts for in rules' statuses. */
  uses: readonly DepartedUse[];
  /** What it says of two clocks; null where no rule asks. */
  clock: DepartedExchanges | null;
}

/** Which conversations nothing rests on any more. */
export class Chooser {
  readonly #all: C.Conversations;
  readonly #kept: KeptJudgements;
  readonly #isSettled: (id: string) => boolean;
  readonly #names: RestedNames;
  readonly #rows: ReadonlyMap<string, ConversationRow>;
  readonly #view: FlowView;
  readonly #now: number;
  readonly #ties: Ties;
  readonly #standing: Standing;
  readonly #ntp: number;
  /** Exchanges that may still be kept of those that leave. */
  #exchangesLeft: number;

  /** `isSettled`: see `AtticHooks`. `enough`: that stay of those that document one rule alike. */
  constructor(
    all: C.Conversations,
    kept: KeptJudgements,
    rows: readonly ConversationRow[],
    isSettled: (id: string) => boolean,
    enough: number,
    names: RestedNames,
  ) {
    this.#names = names;
    this.#all = all;
    this.#kept = kept;
    this.#isSettled = isSettled;
    this.#standing = new Standing(enough);
    this.#rows = new Map(rows.map((row) => [row.conversation_id, row]));
    this.#view = all.view();
    this.#now = latestSec(all.seen);
    this.#ties = new Ties(all);
    this.#ntp = all.seen.decoders.findIndex(({ id }) => id === "ntp") + 1;
    this.#exchangesLeft = LIMITS.exchangesKept;
    for (const { exchanges } of all.seen.departed?.clocks.values() ?? []) this.#exchangesLeft -= exchanges.length;
  }

  choose(): Leaving[] {
    const found: Leaving[] = [];
    for (let c = 0; c < this.#all.count; c++) {
      if (this.#now - (this.#all.word(c, C.C_LAST) >>> 0) <= CLOSED_SEC) continue;
      const row = this.#rows.get(C.idText(this.#all.id(c))) ?? null;
      const judged = row === null ? null : this.#kept.of(c);
      if (row !== null && (judged === null || !this.#isSettled(row.conversation_id) || this.#mayCarry(judged)))
        continue;
      const uses = judged === null ? [] : this.#usesOf(judged);
      if (uses === null || (uses.every(({ host }) => host === ANYBODY) && this.#isKnown(c))) continue;
      if (this.#isResolving(c) || !this.#areOver(c)) continue;
      const clock = this.#clockOf(c);
      if (clock !== null && clock.exchanges.length > this.#exchangesLeft) continue;
      this.#exchangesLeft -= clock?.exchanges.length ?? 0;
      found.push({ conversation: c, judged, row, uses, clock });
    }
    return found;
  }

  /** What is missing may be hidden in it, and none that stays says so of the same host, port and name (`conform/carriers.ts`). */
  #mayCarry(judged: Judged): boolean {
    const { carrier, holed, sealed, code, initiatorRoles, responderRoles, transport, port } = judged;
    const { last } = this.#kept;
    const names: string[] = [];
    if (carrier !== null && last !== null)
      for (const name of carriedNames(judged, carrier, last.dns)) if (this.#kept.hasName(name)) names.push(name);
    if (holed) names.push("");
    if (code === "inner-unseen") names.push("proxy");
    if (sealed) names.push("tunnel");
    if (names.length === 0) return false;
    const hosts = [...initiatorRoles, ...(sealed ? responderRoles : [])].map(({ host }) =>
      hostKey(host.realm, host.host.text),
    );
    const kinds = names.flatMap((name) => hosts.map((host) => `carries ${host} ${transport}/${port} ${name}`));
    return this.#standing.stays(kinds);
  }

  /** What it counts for in rules' statuses; null where it has to stay for one. */
  #usesOf(judged: Judged): readonly DepartedUse[] | null {
    const uses = judged.uses.filter(({ loaded }) => loaded !== this.#kept.background);
    return uses.length === 0 ? [] : this.#standing.leaves(judged, uses);
  }

  /** By its name or its far end it may single out a role (`conform/infer.ts`). */
  #isKnown(c: number): boolean {
    const all = this.#all;
    const name = this.#nameOf(c);
    if (name !== null && this.#kept.hasName(name)) return true;
    const family = (all.word(c, C.C_META) >>> 8) & 0xff;
    return this.#kept.hasAddress(addressText(all.seen.flows.ipv6, family, all.word(c, C.C_RESPONDER)));
  }

  #clockOf(c: number): DepartedExchanges | null {
    const all = this.#all;
    if (((all.word(c, C.C_PORT_APP) >>> 16) & 0xff) !== this.#ntp || !this.#kept.comparesClocks) return null;
    const exchanges: Exchange[] = [];
    for (const flow of all.flowsOf(c)) {
      const { detail } = this.#view.move(flow);
      if (detail === null) continue;
      const there = this.#view.initiator().dir;
      exchanges.push(...exchangesOfFlow({ sightings: detail.sightings, there }).exchanges);
    }
    if (exchanges.length === 0) return null;
    const meta = all.word(c, C.C_META);
    const text = (word: number): string => addressText(all.seen.flows.ipv6, (meta >>> 8) & 0xff, all.word(c, word));
    return { realm: meta >>> 16, client: text(C.C_INITIATOR), server: text(C.C_RESPONDER), exchanges };
  }

  /** It says how a host resolves, or is of a host's own link. */
  #isResolving(c: number): boolean {
    const all = this.#all;
    const portApp = all.word(c, C.C_PORT_APP);
    const id = all.seen.decoders[((portApp >>> 16) & 0xff) - 1]?.id;
    if (resolvesHidden(id, portApp & 0xffff, this.#nameOf(c))) return true;
    return ((all.word(c, C.C_META) >>> 8) & 0xff) === R.FAMILY_ETH;
  }

  #nameOf(c: number): string | null {
    const name = this.#all.word(c, C.C_NAME);
    return name === 0 ? null : this.#all.serverNames[name - 1]!;
  }

  /** All its flows are over, belong to no other conversation, and said nothing that others rest on. */
  #areOver(c: number): boolean {
    const all = this.#all;
    let rows = 0;
    for (const flow of all.flowsOf(c)) {
      const view = this.#view.move(flow);
      if (++rows > MOST_ROWS || this.#ties.has(view) || !isDone(view, this.#now)) return false;
      const { detail } = view;
      if (detail !== null && !(detail.cut === null && detail.sightings.every(({ fact }) => this.#isOwn(fact))))
        return false;
    }
    return true;
  }

  /** Said of the conversation itself: names that DNS gave, addresses and agreed channels are of others too. */
  #isOwn(fact: Fact): boolean {
    switch (fact.kind) {
      case "role":
      case "name":
      case "message":
      case "fault":
      case "up":
      case "operation":
      case "asset":
      case "inner":
      case "problem":
        return true;
      case "field":
        return !OTHERS_FIELDS.test(fact.field) && !(fact.field in ASKING_FIELDS) && !this.#names.hasAnswer(fact);
      default:
        return false;
    }
  }
}
/** Addresses that devices have, and answers to everybody. */
const OTHERS_FIELDS = /^(?:dhcp|dhcpv6|llmnr|netbios-ns|ssdp)\./;
