/**
 * Which conversations may leave a run's memory for its database (`attic.ts`): they are over, and nothing rests on them. What
 * rests on one is what another one that stays does not say as well:
 *
 *     a rule's status       asks for how many documented it, and looks at the first few of each host: those stay (`STANDING`)
 *     what may be missing   asks for connections that may carry more, by the names that DNS gave their far ends: of names that
 *                           no model has none is asked
 */

import { carriedNames } from "../conform/carriers.ts";
import { resolvesHidden } from "../conform/hidden-dns.ts";
import type { Judged } from "../conform/judged.ts";
import type { KeptJudgements } from "../conform/kept.ts";
import { MOST_TRIED } from "../conform/rules.ts";
import { ASKING_FIELDS, type Fact } from "../decode/facts.ts";
import * as R from "../flow/row.ts";
import * as C from "../observe/conversations.ts";
import { type DepartedUse, hostKey, ruleKey } from "../observe/departed.ts";
import { addressText, type FlowView } from "../observe/flow-view.ts";
import type { ConversationRow } from "../report/result.ts";
import { CLOSED_SEC, isDone } from "./age.ts";
import { isReadWhole, latestSec, Ties } from "./flows.ts";

/** Conversations that document a rule for one host and one far end, of which all others say no more than one more. */
export const STANDING = MOST_TRIED;
/** Rows of one conversation that leave: more of them are folded first (`age.ts`). */
const MOST_ROWS = 256;
/** In place of a host that opened it: the rule lets anybody. */
const ANYBODY = "";
/** In place of a rule that it documented: one that is judged by what it is. */
const OPEN = "open";

export interface Leaving {
  conversation: number;
  /** Null where nobody judged it. */
  judged: Judged | null;
  row: ConversationRow | null;
  /** The rule that it documented; null where a status asks nothing of it. */
  used: DepartedUse | null;
}

/** Which conversations nothing rests on any more. */
export class Chooser {
  readonly #all: C.Conversations;
  readonly #kept: KeptJudgements;
  readonly #isSettled: (id: string) => boolean;
  readonly #rows: ReadonlyMap<string, ConversationRow>;
  readonly #view: FlowView;
  readonly #now: number;
  readonly #ties: Ties;
  /** How many conversations that stay say the same of a rule. */
  readonly #standing = new Map<string, number>();
  readonly #enough: number;

  /** `isSettled`: see `AtticHooks`. `enough`: that stay of those that document one rule alike. */
  constructor(
    all: C.Conversations,
    kept: KeptJudgements,
    rows: readonly ConversationRow[],
    isSettled: (id: string) => boolean,
    enough: number,
  ) {
    this.#all = all;
    this.#kept = kept;
    this.#isSettled = isSettled;
    this.#enough = enough;
    this.#rows = new Map(rows.map((row) => [row.conversation_id, row]));
    this.#view = all.view();
    this.#now = latestSec(all.seen);
    this.#ties = new Ties(all);
  }

  choose(): Leaving[] {
    const found: Leaving[] = [];
    for (let c = 0; c < this.#all.count; c++) {
      if (this.#now - (this.#all.word(c, C.C_LAST) >>> 0) <= CLOSED_SEC) continue;
      const row = this.#rows.get(C.idText(this.#all.id(c))) ?? null;
      const judged = row === null ? null : this.#kept.of(c);
      if (row !== null && (judged === null || !this.#isTold(judged, row))) continue;
      const used = judged === null ? null : this.#usedBy(judged);
      if (used === OPEN || ((used === null || used.host === ANYBODY) && this.#isKnown(c))) continue;
      if (this.#isResolving(c) || !this.#areOver(c, row !== null)) continue;
      found.push({ conversation: c, judged, row, used });
    }
    return found;
  }

  /** Nothing that is missing may be hidden in it, and whoever is to be told of it has been. */
  #isTold(judged: Judged, { conversation_id }: ConversationRow): boolean {
    const { carrier, holed, code } = judged;
    if (holed || code === "inner-unseen" || !this.#isSettled(conversation_id)) return false;
    const { last } = this.#kept;
    if (carrier === null || last === null) return carrier === null;
    return ![...carriedNames(judged, carrier, last.dns)].some((name) => this.#kept.hasName(name));
  }

  /** The rule that it documents as others do that stay; null where it concerns none, `OPEN` where a status asks for it. */
  #usedBy({ uses, verdict, code }: Judged): DepartedUse | typeof OPEN | null {
    const asked = uses.filter(({ loaded }) => loaded !== this.#kept.background);
    const [use] = asked;
    if (use === undefined) return null;
    // Whoever fits several, or breaks or only tries one, is compared with others by what it is.
    if (uses.length > 1 || use.how !== "documented" || verdict !== "documented" || code === "cap-reached") return OPEN;
    const { loaded, rule, fromHost, member } = use;
    if (fromHost?.how === "inferred") return OPEN;
    const host = fromHost === null ? ANYBODY : hostKey(fromHost.realm, fromHost.host.text);
    const used = { rule: ruleKey(loaded.model.name, rule.id), host };
    const alike = `${used.rule} ${used.host} ${member ?? ""}`;
    const standing = this.#standing.get(alike) ?? 0;
    this.#standing.set(alike, standing + 1);
    return standing < this.#enough ? OPEN : used;
  }

  /** By its name or its far end it may single out a role (`conform/infer.ts`). */
  #isKnown(c: number): boolean {
    const all = this.#all;
    const name = this.#nameOf(c);
    if (name !== null && this.#kept.hasName(name)) return true;
    const family = (all.word(c, C.C_META) >>> 8) & 0xff;
    return this.#kept.hasAddress(addressText(all.seen.flows.ipv6, family, all.word(c, C.C_RESPONDER)));
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
  #areOver(c: number, isJudged: boolean): boolean {
    const all = this.#all;
    let rows = 0;
    for (const flow of all.flowsOf(c)) {
      const view = this.#view.move(flow);
      if (++rows > MOST_ROWS || this.#ties.has(view) || !isDone(view, this.#now)) return false;
      if (isJudged && (view.state & R.S_HOLE) !== 0) return false;
      const { detail } = view;
      if (detail !== null && !(isReadWhole(detail) && detail.sightings.every(({ fact }) => isOwn(fact)))) return false;
    }
    return true;
  }
}

/** Said of the conversation itself: names that DNS gave, clocks, devices, addresses and agreed channels are of others too. */
function isOwn(fact: Fact): boolean {
  switch (fact.kind) {
    case "role":
    case "name":
    case "message":
    case "fault":
    case "up":
    case "inner":
    case "problem":
      return true;
    case "field":
      return OWN_FIELDS.test(fact.field) && !(fact.field in ASKING_FIELDS);
    default:
      return false;
  }
}
const OWN_FIELDS = /^(?:tls|dtls|quic|http|ssh)\./;
