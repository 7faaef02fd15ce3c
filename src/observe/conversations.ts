/**
 * Flows → conversations: folded by realm, initiator, responder, transport, responder's port, application and server
 * name; a flow whose requests name several hosts is part of several (`parts.ts`), and one that answers or was agreed on
 * elsewhere is part of that conversation (`folds.ts`). What people read are conversations; a long connection cut by idle gaps
 * is one of them, and so are a browser's six parallel ones. Each knows its first flow, and `next` chains a conversation's flows
 * together.
 */

import { BESIDE, FACT_BITS, type FlowDetail } from "../decode/details.ts";
import type { Sighting } from "../decode/facts.ts";
import type { OperationTally } from "../decode/tally.ts";
import { hasPorts, UDP } from "../dissect/packet.ts";
import type { Reset } from "../flow/distances.ts";
import * as R from "../flow/row.ts";
import { findCopiesBeyondNat, type Sides } from "./beyond-nat.ts";
import { ConversationIds } from "./conversation-id.ts";
import { C_HEAD, C_NAME, C_OUTCOME, C_PORT_APP, C_TAIL, ConversationRows, MIXED } from "./conversation-rows.ts";
import type { DocumentedPorts } from "./documented-ports.ts";
import { type Answer, findAnswers, type IsJudged } from "./everybody.ts";
import { FlowView, INITIATOR_BY, OUTCOMES } from "./flow-view.ts";
import { type Fold, findFolds } from "./folds.ts";
import { findHiddenChannels } from "./hidden-channels.ts";
import type { Observation } from "./observation.ts";
import { type Part, partsOf, partsOfFlow } from "./parts.ts";
import { quotedFlows, resetFlows } from "./refusals.ts";
import { ServerNames, sentName } from "./server-names.ts";

export { idText } from "./conversation-id.ts";
export * from "./conversation-rows.ts";

const NO_COPIES: ReadonlyMap<number, number> = new Map();

/** The parts of the flow that was asked for last, and which of them each conversation has. */
interface Parted {
  /** The flow's other conversations, which no other flow's list is. */
  others: readonly number[] | undefined;
  sightings: readonly Sighting[];
  count: number;
  parts: Part[] | null;
  places: ReadonlyMap<number, number>;
}

export class Conversations extends ConversationRows {
  readonly seen: Observation;
  readonly #documented: DocumentedPorts | null;
  /** Whether what is folded may depend on who is judged. */
  readonly #isForSome: boolean;
  readonly #names = new ServerNames();
  readonly serverNames: readonly string[] = this.#names.all;
  /** By flow: the next flow of its conversation + 1. */
  readonly next: Int32Array;
  /** By flow: its conversation. */
  readonly of: Int32Array;
  /** Flows that an ICMP error is about, with the index of that quote. */
  readonly quoted: ReadonlyMap<number, readonly number[]>;
  /** Flows that a RST of the far end ended, with that. */
  readonly resets: ReadonlyMap<number, Reset>;
  /** By flow: the one whose conversation it is part of, as a message there says. */
  readonly folds: ReadonlyMap<number, Fold>;
  /** By flow of nothing but answers to a question to everybody that does not fold (`everybody.ts`): that one, which may document it. */
  readonly answersTo: Map<number, Fold>;
  /** Flows of answers to a question to everybody, which fold into its conversation; and those conversations. */
  readonly gathered = new Set<number>();
  readonly gathers = new Set<number>();
  /** By flow that asks everybody: who answered. */
  readonly heard: ReadonlyMap<number, readonly Answer[]>;
  /** By flow: the encrypted session that may have agreed on it. */
  readonly hiddenChannels: ReadonlyMap<number, number>;
  /** By flow beyond a translator: the flow on this side of which it is the copy. It is part of no conversation. */
  readonly copies: ReadonlyMap<number, number>;
  /** By flow: those that fold into it. */
  readonly answeredBy = new Map<number, number[]>();
  /** Operations of flows that have any, counted when first asked for: `operationsOf`. */
  readonly tallies = new Map<FlowDetail, OperationTally>();
  /** True where identical packets on one path are copies, because the capture shows copying on several flows. */
  readonly repeatsAreCopies: boolean;
  /** Flows whose packets go one way only, although their kind is answered. */
  oneSided = 0;
  /** By flow: who opened it, for all views; and its outcome + 1, where it was asked for. */
  readonly #initiators: Uint8Array;
  readonly #outcomes: Uint8Array;
  /** By flow: its conversations beside its own, one for each further part of it; and those conversations' flows. */
  readonly #others = new Map<number, number[]>();
  #parted: Parted | null = null;
  readonly #alsoIn = new Map<number, number[]>();
  readonly #ids: ConversationIds;

  /** `documented`: ports of the models that it is judged by; `sides`: addresses that the site says are one host's; `isJudged`: of bound hosts. */
  constructor(
    seen: Observation,
    documented: DocumentedPorts | null = null,
    sides: Sides | null = null,
    isJudged: IsJudged | null = null,
  ) {
    super(seen.flows.table.count);
    this.seen = seen;
    this.#ids = new ConversationIds(seen);
    this.#documented = documented;
    const { table } = seen.flows;
    this.next = table.words();
    this.of = table.words();
    this.#initiators = table.bytes();
    this.#outcomes = table.bytes();
    this.#isForSome = isJudged !== null;
    this.repeatsAreCopies = showsCopying(seen);
    const answers = findAnswers(seen, isJudged);
    this.heard = byQuestion(answers);
    this.folds = findFolds(seen, answers);
    this.answersTo = new Map();
    for (const { flow, question, asked, only } of answers)
      if (only && !this.folds.has(flow) && !this.answersTo.has(flow))
        this.answersTo.set(flow, { into: question, sighting: asked });
    this.hiddenChannels = findHiddenChannels(seen, this.folds);
    this.copies = sides === null ? NO_COPIES : findCopiesBeyondNat(seen, sides);
    this.quoted = quotedFlows(seen);
    this.resets = resetFlows(seen);
    const view = this.view();
    for (const [flow, { into }] of this.folds) {
      const known = this.answeredBy.get(into);
      if (known === undefined) this.answeredBy.set(into, [flow]);
      else known.push(flow);
    }
    const isApart = this.folds.size + this.copies.size > 0;
    for (let flow = 0; flow < seen.flows.table.count; flow++)
      if (!isApart || !(this.folds.has(flow) || this.copies.has(flow))) this.#fold(view.move(flow));
    for (const [flow, inside] of this.copies) this.of[flow] = this.of[inside]!;
    for (const [flow, { into }] of this.folds) {
      if (this.copies.has(flow)) continue;
      view.move(flow);
      const { dir } = view.initiator();
      this.#add(this.of[into]!, view, this.flowOutcome(view, dir), true);
    }
    for (const { flow, folds } of answers) {
      if (!folds || this.copies.has(flow)) continue;
      this.gathered.add(flow);
      this.gathers.add(this.of[flow]!);
    }
  }

  /** Whether they are what they are without models and site: those decide nothing of who opened a flow, and of what it is part. */
  isPlain(): boolean {
    if (this.copies.size > 0 || (this.#isForSome && this.heard.size > 0)) return false;
    const documented = this.#documented;
    if (documented === null) return true;
    const view = this.view();
    const plain = new FlowView(this.seen);
    for (let flow = 0; flow < this.#initiators.length; flow++) {
      const { by, dir } = view.move(flow).initiator();
      if (by !== "port" || documented.has(view.proto, view.port(0)) === documented.has(view.proto, view.port(1)))
        continue;
      if (plain.move(flow).initiator().dir !== dir) return false;
    }
    return true;
  }

  /** A view of the flows that tells initiators as the conversations do. */
  view(): FlowView {
    return new FlowView(this.seen, this.#documented, this.#initiators);
  }

  /** Flows of a conversation, in the order in which they began in the table; then those of which another part is their own. */
  flowsOf(conversation: number): readonly number[] {
    const first = this.word(conversation, C_HEAD) - 1;
    const also = this.#alsoIn.size === 0 ? undefined : this.#alsoIn.get(conversation);
    if (first >= 0 && this.next[first] === 0 && also === undefined) return [first];
    const flows: number[] = [];
    for (let flow = first; flow >= 0; flow = this.next[flow]! - 1) flows.push(flow);
    return also === undefined ? flows : flows.concat(also);
  }

  /** Whether a flow is of one conversation, has to do with no other flow, and no RST or ICMP error ended it. */
  isAlone(flow: number): boolean {
    return !(
      this.#others.has(flow) ||
      this.folds.has(flow) ||
      this.answersTo.has(flow) ||
      this.answeredBy.has(flow) ||
      this.heard.has(flow) ||
      this.gathered.has(flow) ||
      this.hiddenChannels.has(flow) ||
      this.quoted.has(flow) ||
      this.resets.has(flow)
    );
  }

  /** All conversations that a flow is part of, its own first. */
  conversationsOf(flow: number): readonly number[] {
    return [this.of[flow]!, ...(this.#others.get(flow) ?? [])];
  }

  /** What was said in a flow, as far as it belongs to the conversation. `view` is at that flow. */
  sightingsOf(conversation: number, view: FlowView): readonly Sighting[] {
    const sightings = view.detail?.sightings ?? [];
    if (!this.#others.has(view.flow)) return sightings;
    const parted = this.#partedAs(view, sightings);
    return parted.parts?.[parted.places.get(conversation) ?? 0]?.sightings ?? sightings;
  }

  /** A flow's parts, kept for the next one that is asked for: thousands of parts of one flow come one behind the other. */
  #partedAs(view: FlowView, sightings: readonly Sighting[]): Parted {
    const { flow } = view;
    const known = this.#parted;
    const others = this.#others.get(flow);
    if (known?.others === others && known?.sightings === sightings && known.count === sightings.length) return known;
    const parts = partsOf(sightings, view.initiator().dir);
    const places = new Map<number, number>();
    for (const [i, other] of (others ?? []).entries()) if (!places.has(other)) places.set(other, i + 1);
    this.#parted = { others, sightings, count: sightings.length, parts, places };
    return this.#parted;
  }

  /** The two halves of a conversation's id: a hash of realm and key, equal in every run and on every machine. */
  id(conversation: number): [number, number] {
    const row = this.rows(conversation);
    const at = this.at(conversation);
    const name = row[at + C_NAME]!;
    return this.#ids.of(row, at, name === 0 ? "" : this.serverNames[name - 1]!);
  }

  #fold(view: FlowView): void {
    const { dir, rank } = view.initiator();
    const back = dir === 0 ? 1 : 0;
    const { kinds, app } = view;
    const port = hasPorts(view.proto) ? view.port(back) : 0;
    const detail = (kinds & PARTING) === 0 ? null : view.detail;
    const name = detail === null || (kinds & FACT_BITS.name) === 0 ? 0 : sentName(detail, dir, this.#names);
    const meta = view.row[view.at + R.META]!;
    const conversation = this.find(view.address(dir), view.address(back), meta, port | (app << 16), name, rank);
    const outcome = this.#findOutcome(view, dir);
    this.#outcomes[view.flow] = outcome + 1;
    this.#add(conversation, view, outcome, true);
    if (this.#isOneWay(view, outcome, back)) this.oneSided++;
    const parts = detail === null ? null : partsOfFlow(detail, dir);
    if (parts !== null) this.#foldParts(view, parts, outcome);
  }

  /** Counts a flow in the conversations of its further parts. */
  #foldParts(view: FlowView, parts: readonly Part[], outcome: number): void {
    const { dir, rank } = view.initiator();
    const back = dir === 0 ? 1 : 0;
    const meta = view.row[view.at + R.META]!;
    const port = hasPorts(view.proto) ? view.port(back) : 0;
    const others = parts.slice(1).map(({ beside, name }) => {
      const app = beside === null ? view.app : this.seen.decoders.findIndex(({ id }) => id === beside) + 1;
      const number = name === null ? 0 : this.#names.of(name);
      return this.find(view.address(dir), view.address(back), meta, port | (app << 16), number, rank);
    });
    this.#others.set(view.flow, others);
    for (const other of others) {
      this.#add(other, view, outcome, false);
      const flows = this.#alsoIn.get(other);
      if (flows === undefined) this.#alsoIn.set(other, [view.flow]);
      else flows.push(view.flow);
    }
  }

  /** Whether its packets go one way only, although its kind is answered. */
  isOneSided(view: FlowView): boolean {
    const { dir } = view.initiator();
    return this.#isOneWay(view, this.flowOutcome(view, dir), dir === 0 ? 1 : 0);
  }

  /** What only tells of others is none. */
  #isOneWay(view: FlowView, outcome: number, back: 0 | 1): boolean {
    return OUTCOMES[outcome] === "one-way" && view.flows > 0 && hasPorts(view.proto) && !view.isGroup(back);
  }

  /** A flow's outcome, seen from one of its ends: index into OUTCOMES. What came from another port or address answers as well. */
  flowOutcome(view: FlowView, dir: 0 | 1): number {
    if (dir !== view.initiator().dir) return this.#findOutcome(view, dir);
    const known = this.#outcomes[view.flow]!;
    if (known !== 0) return known - 1;
    const outcome = this.#findOutcome(view, dir);
    this.#outcomes[view.flow] = outcome + 1;
    return outcome;
  }

  #findOutcome(view: FlowView, dir: 0 | 1): number {
    const outcome = view.outcome(dir, view.has(R.S_QUOTED, dir));
    const mayElsewhere = outcome !== "answered" && (view.proto === UDP || view.family === R.FAMILY_ETH);
    const isElsewhere = mayElsewhere && (this.answeredBy.has(view.flow) || this.heard.has(view.flow));
    return OUTCOMES.indexOf(isElsewhere ? "answered" : outcome);
  }

  /** Packets that were seen again beyond a translator. */
  copiedPackets(): number {
    const view = this.view();
    return [...this.copies.keys()].reduce((sum, flow) => sum + view.move(flow).packets(0) + view.packets(1), 0);
  }

  /** Counts a flow in a conversation. `own`: its first part, or all of it. */
  #add(conversation: number, view: FlowView, outcome: number, own: boolean): void {
    const flow = view.flow;
    const row = this.rows(conversation);
    const at = this.at(conversation);
    if (own) {
      this.of[flow] = conversation;
      const tail = row[at + C_TAIL]! - 1;
      if (tail < 0) row[at + C_HEAD] = flow + 1;
      else this.next[tail] = flow + 1;
      row[at + C_TAIL] = flow + 1;
    }
    let packets = 0;
    let bytes = 0;
    if (this.repeatsAreCopies && (view.state & R.S_REPEAT) !== 0) {
      for (const d of [0, 1]) {
        const repeats = this.seen.flows.repeatsOf.get(flow * 2 + d);
        packets += repeats?.packets ?? 0;
        bytes += repeats?.bytes ?? 0;
      }
    }
    this.addUp(conversation, view, outcome, packets, bytes);
  }

  /** Whether a packet says who opened it: neither its port alone nor that it went to a group. */
  isOpenerSaid(conversation: number): boolean {
    return this.word(conversation, C_PORT_APP) >>> 24 <= LAST_SAID;
  }

  /** How its best flow ended: index into OUTCOMES. */
  outcome(conversation: number): number {
    return this.word(conversation, C_OUTCOME) & ~MIXED;
  }
}

/** Kinds of facts without which a flow is of one part. */
const PARTING = FACT_BITS.name | BESIDE;
const LAST_SAID = INITIATOR_BY.indexOf("message");

function byQuestion(answers: readonly Answer[]): Map<number, Answer[]> {
  const heard = new Map<number, Answer[]>();
  for (const answer of answers) {
    const known = heard.get(answer.question);
    if (known === undefined) heard.set(answer.question, [answer]);
    else known.push(answer);
  }
  return heard;
}

/** A repeat with an IP ID of its own is a copy for sure; two flows of them show that the capture copies. */
function showsCopying(seen: Observation): boolean {
  if (seen.flows.watch.copies > 0) return seen.flows.repeats > 0;
  const flows = new Set<number>();
  for (const [key, { withId }] of seen.flows.repeatsOf) if (withId > 0) flows.add(key >>> 1);
  return flows.size >= 2;
}
