/**
 * All that the judgement of a conversation of one flow is made of, as a list of numbers: equal for two that differ in nothing
 * but texts of the same class (`alike-classes.ts`), in frames that come in the same order, in times and in counts.
 *
 *     ends      protocol, realm, ports, addresses, roles
 *     flow      its state, its outcome, which of its packets are known, whether all that was sent was read
 *     said      each fact, by whom, and whether it came later than the one before
 *     asked     of operations which have one target, which one id; how fast they came, and all of those two ends
 *     DNS       the names that it gave the far end at that moment: own and others', which of them are the same
 *     frames    the order of all frames above
 *
 * What is rarer has no such list: IPv6, several flows, flows that belong to others, ICMP errors, RSTs that ended what was up,
 * operations that were counted as they were read, caps, bytes behind a hole. It is judged by itself.
 */
import type { Fact, OperationFact, Sighting } from "../decode/facts.ts";
import { type Id, idOf } from "../decode/tally-kinds.ts";
import { TCP, UDP } from "../dissect/packet.ts";
import * as R from "../flow/row.ts";
import type { Stream } from "../flow/stream.ts";
import * as C from "../observe/conversations.ts";
import type { NameAnswer } from "../observe/dns-answers.ts";
import type { DnsEvidence } from "../observe/dns-evidence.ts";
import { addressText, type FlowView } from "../observe/flow-view.ts";
import { operationsOf } from "../observe/operations.ts";
import { paceOf } from "../observe/pace.ts";
import { pairingOf } from "../observe/pairs.ts";
import { compareInstants } from "../time.ts";
import { type Classes, NO_CLASS } from "./alike-classes.ts";
import type { Played } from "./cast.ts";
import { beginsAs } from "./first-words.ts";
import { hostKey } from "./hidden-dns.ts";
import { addressesOf } from "./subject.ts";

/** More of anything has hardly any two alike. */
const MOST_SIGHTINGS = 24;
const MOST_ANSWERS = 4;
const MOST_ALIASES = 4;
const MOST_FRAMES = 5 + MOST_SIGHTINGS + 2 * MOST_ANSWERS;
const MOST_WORDS = 28 + 4 * MOST_SIGHTINGS + MOST_ANSWERS * (3 + 2 * MOST_ALIASES) + MOST_FRAMES;
/** Bytes of a direction of which it is remembered what they could be the beginning of. */
const LONGEST_HELD = 96;
const NO_NAME = NO_CLASS - 1;
const NSEC_PER_SEC = 1_000_000_000;

export class AlikeKey {
  /** Of the conversation that was taken last. */
  readonly words = new Int32Array(MOST_WORDS);
  length = 0;
  flow = 0;
  there: 0 | 1 = 0;
  capture = 0;
  realm = 0;
  initiator = "";
  responder = "";
  port = 0;
  otherPort = 0;
  isTcp = false;
  /** The name that the client sent. */
  server: string | null = null;
  readonly frames = new Float64Array(MOST_FRAMES);
  frameCount = 0;
  /** Names that DNS gave the far end, in the order of the list. */
  readonly names: string[] = [];
  /** Others that were told one of them. */
  readonly strangers: string[] = [];
  /** What its operations are about, as far as another text may stand there; and what pairs them. */
  readonly targets: string[] = [];
  readonly #ids: Id[] = [];
  /** Bytes of which nobody made anything, each direction's behind their number; -1 of them where they are too many. */
  readonly #held = new Int32Array(2 * (1 + LONGEST_HELD));
  #heldLength = 0;

  readonly #all: C.Conversations;
  readonly #dns: DnsEvidence;
  readonly #classes: Classes;
  readonly #hidden: () => ReadonlyMap<string, string>;
  readonly #view: FlowView;

  /** `hidden`: hosts of which no capture shows the look-ups. */
  constructor(all: C.Conversations, dns: DnsEvidence, classes: Classes, hidden: () => ReadonlyMap<string, string>) {
    this.#all = all;
    this.#dns = dns;
    this.#classes = classes;
    this.#hidden = hidden;
    this.#view = all.view();
  }

  /** False where there is no list of it. */
  take(c: number, initiatorRoles: readonly Played[], responderRoles: readonly Played[]): boolean {
    const all = this.#all;
    const row = all.rows(c);
    const at = all.at(c);
    const meta = row[at + C.C_META]!;
    const proto = meta & 0xff;
    const flow = row[at + C.C_HEAD]! - 1;
    if (row[at + C.C_FLOWS] !== 1 || flow < 0 || ((meta >>> 8) & 0xff) !== 4) return false;
    // Other times have no text of the form that is packed.
    if (row[at + C.C_FIRST + 1]! >= NSEC_PER_SEC || row[at + C.C_LAST + 1]! >= NSEC_PER_SEC) return false;
    if ((proto !== TCP && proto !== UDP) || !all.isAlone(flow)) return false;
    const view = this.#view.move(flow);
    const portApp = row[at + C.C_PORT_APP]!;
    // What prepared it for another application is a part of its own.
    const app = (portApp >>> 16) & 0xff;
    if (app !== view.app || view.isGroup(0) || view.isGroup(1)) return false;
    const name = row[at + C.C_NAME]!;
    this.flow = flow;
    this.there = view.initiator().dir;
    this.initiator = addressText(all.seen.flows.ipv6, 4, row[at + C.C_INITIATOR]!);
    this.responder = addressText(all.seen.flows.ipv6, 4, row[at + C.C_RESPONDER]!);
    this.realm = meta >>> 16;
    this.port = portApp & 0xffff;
    this.otherPort = view.port(this.there);
    this.isTcp = proto === TCP;
    this.server = name === 0 ? null : all.serverNames[name - 1]!;
    this.length = this.frameCount = this.names.length = this.strangers.length = 0;
    this.targets.length = this.#ids.length = 0;
    const classes = this.#classes;
    this.#push(meta);
    this.#push(portApp >>> 16);
    const hasEnds =
      this.#class(classes.port(this.isTcp, this.port)) &&
      this.#class(classes.port(this.isTcp, this.otherPort)) &&
      this.#class(classes.address(row[at + C.C_INITIATOR]!)) &&
      this.#class(classes.address(row[at + C.C_RESPONDER]!)) &&
      this.#class(classes.roles(initiatorRoles, this.initiator)) &&
      this.#class(classes.roles(responderRoles, this.responder)) &&
      this.#class(this.server === null ? NO_NAME : classes.name(this.server));
    if (!hasEnds) return false;
    if (!this.#row(view) || !this.#said(view, app, c) || !this.#named(view, initiatorRoles)) return false;
    this.#ranks();
    return true;
  }

  #push(word: number): void {
    this.words[this.length++] = word;
  }

  #class(number: number): boolean {
    this.words[this.length++] = number;
    return number !== NO_CLASS;
  }

  #frame(frame: number): void {
    this.frames[this.frameCount++] = frame;
  }

  /** False where its two directions were first seen in two captures. */
  #row(view: FlowView): boolean {
    const { row, at, state, proto } = view;
    const isTcp = proto === TCP;
    const tries = row[at + R.TRIES]!;
    const isWords = isTcp && !view.midstream;
    const [has0, has1] = [view.packets(0) > 0, view.packets(1) > 0];
    if (has0 && has1 && view.capture(0) !== view.capture(1)) return false;
    this.capture = view.capture(has0 ? 0 : 1);
    let flags = Number(has0) | (Number(has1) << 1) | (this.there << 2) | (view.firstDir << 3);
    if (!isWords && tries !== 0) flags |= 1 << 4;
    if (view.midstream) flags |= 1 << 7;
    if (isTcp && view.isHelloDropped(this.there)) flags |= 1 << 8;
    // Closed without a byte between SYN and FIN.
    for (const dir of [0, 1])
      if (isTcp && ((row[at + R.NEXT + dir]! - row[at + R.START + dir]!) | 0) === 2) flags |= 1 << (5 + dir);
    this.#push(state);
    this.#push(flags);
    this.#push(this.#all.flowOutcome(view, this.there));
    this.#push(this.capture);
    this.#frame(view.frame(0));
    this.#frame(view.frame(1));
    this.#frame(row[at + R.SECOND]! >>> 0);
    this.#frame(row[at + R.SECOND + 1]! >>> 0);
    this.#frame(isWords ? tries >>> 0 : 0);
    return true;
  }

  /** What was said, and what bytes that were kept could be the beginning of. */
  #said(view: FlowView, app: number, c: number): boolean {
    const { detail, row, at } = view;
    if (detail === null) {
      this.#push(0);
      return true;
    }
    const { sightings, streams, operations, ledger, dropped, undecoded, cut, shared } = detail;
    if (operations !== null || ledger !== null || cut !== null || dropped + undecoded > 0 || shared) return false;
    if (sightings.length > MOST_SIGHTINGS) return false;
    this.#push(1 + sightings.length);
    let isHeld = false;
    this.#heldLength = 0;
    for (const dir of [0, 1] as const) {
      const stream = streams[dir];
      if (stream === null) {
        this.#push(0);
        continue;
      }
      if (stream.pending.length > 0 || stream.cutOff > 0 || stream.lost > 0) return false;
      const unread = (row[at + R.NEXT + dir]! - stream.next) | 0;
      this.#push((unread === 0 ? 1 : unread === 1 ? 2 : 3) | (stream.length > 0 ? 4 : 0));
      if (stream.length === 0) continue;
      isHeld = true;
      this.#hold(stream);
    }
    // Whether an end began with what the other names the connection by (`begins-otherwise.ts`) is in no class.
    if (isHeld && this.#all.seen.decoders[app - 1]?.bothBegin === true) return false;
    this.#push(isHeld && app === 0 ? this.#beginning(view) : 0);
    let before: Sighting | null = null;
    let isAsked = false;
    for (const sighting of sightings) {
      const { fact, dir, frame, parts, beside, mac } = sighting;
      if (parts !== undefined || beside !== undefined || mac !== undefined) return false;
      if (sighting.capture !== this.capture) return false;
      const order = before === null ? 1 : compareInstants(sighting, before);
      if (order < 0) return false;
      const number = this.#factOf(fact);
      if (number === NO_CLASS) return false;
      this.#push((number << 2) | (dir << 1) | Number(order > 0));
      this.#frame(frame);
      if (fact.kind === "operation") {
        isAsked = true;
        if (!this.#operation(fact)) return false;
      }
      before = sighting;
    }
    if (isAsked) this.#paced(view, c);
    if (view.proto !== TCP) this.#paired(sightings);
    return true;
  }

  /** Adds what a direction ends in to what is held. */
  #hold({ data, length }: Stream): void {
    const held = this.#held;
    if (length > LONGEST_HELD || this.#heldLength < 0) {
      this.#heldLength = -1;
      return;
    }
    held[this.#heldLength++] = length;
    for (let i = 0; i < length; i++) held[this.#heldLength++] = data[i]!;
  }

  #beginning(view: FlowView): number {
    return this.#classes.beginning(this.#held, Math.max(0, this.#heldLength), () => beginsAs(this.#all, view));
  }

  /** Which of the targets and which of the ids before it are its own: what is of one kind is counted together. */
  #operation(fact: OperationFact): boolean {
    const { target, id } = fact;
    const number = this.#classes.target(target);
    if (!this.#class(number)) return false;
    this.#push(number === this.#classes.ownTarget ? placeIn(this.targets, target!) : -1);
    this.#push(id === null ? -1 : placeIn(this.#ids, idOf(fact)));
    return true;
  }

  /** What a row says of how fast was asked: by this flow, and by all between its two ends. */
  #paced(view: FlowView, c: number): void {
    const { seconds, runs } = operationsOf(this.#all, view.detail);
    let peak = 0;
    for (const count of seconds.values()) if (count > peak) peak = count;
    this.#push(peak);
    this.#push(runs.longest);
    const pace = peak === 0 ? null : paceOf(this.#all, c);
    this.#push(pace?.perSecond ?? 0);
    this.#push(pace?.atOnce ?? 0);
  }

  /** Which question has an answer, by ids that differ from flow to flow. */
  #paired(sightings: readonly Sighting[]): void {
    const pairing = pairingOf(sightings);
    this.#push(pairing === null ? -1 : pairing.answers.length);
    if (pairing?.question) {
      this.#push(sightings.indexOf(pairing.question));
      this.#push(sightings.indexOf(pairing.answers[0]));
    }
  }

  /** The name that the client sent stands for others. */
  #factOf(fact: Fact): number {
    if (fact.kind !== "name" || fact.name !== this.server) return this.#classes.fact(fact);
    return this.#classes.sent(fact.source);
  }

  /** What DNS says of its far end. That it says something of who opened it, or too much of it, is rare. */
  #named(view: FlowView, initiatorRoles: readonly Played[]): boolean {
    const dns = this.#dns;
    const clients = addressesOf(this.initiator, initiatorRoles);
    const { realm, firstSec, firstNsec, lastSec, lastNsec } = view;
    if (clients.size !== 1 || this.#isHidden(this.initiator) || this.#isHidden(this.responder)) return false;
    if (dns.isEmpty) return true;
    if (dns.answersAt(realm, 4, view.address(this.there)).length > 0) return false;
    let isConfirmed = false;
    if (dns.answersAt(realm, 4, view.address(1 - this.there)).length > 0) {
      const { own, other } = dns.namesOf(realm, this.responder, clients, firstSec, firstNsec);
      const last = dns.namesOf(realm, this.responder, clients, lastSec, lastNsec).own;
      if (own.length !== last.length || own.some((answer, i) => answer !== last[i])) return false;
      if (own.some((answer) => dns.replacedBy(answer, realm, clients, firstSec) !== null)) return false;
      if (own.length === 0 && dns.lastBefore(realm, this.responder, clients, firstSec) !== null) return false;
      this.#push(own.length);
      for (const answer of own) {
        if (!this.#answer(answer)) return false;
        isConfirmed ||= answer.name === this.server || (this.server !== null && answer.aliases.includes(this.server));
      }
      // Of what others were told of one name the first is all that is asked for.
      for (const answer of other)
        if (answer.aliases.length > 0 || this.names.indexOf(answer.name, own.length) < 0) {
          if (!this.#answer(answer)) return false;
          this.strangers.push(answer.client);
        }
    }
    return this.server === null || isConfirmed || dns.answersFor(realm, clients, this.server, firstSec).length === 0;
  }

  #isHidden(address: string): boolean {
    const hidden = this.#hidden();
    return hidden.size > 0 && hidden.has(hostKey(this.realm, address));
  }

  #answer({ name, aliases, capture, frame, question, rivals }: NameAnswer): boolean {
    if (rivals.length > 0) return false;
    if (this.names.length >= MOST_ANSWERS || aliases.length > MOST_ALIASES) return false;
    if (capture !== this.capture || question.capture_id !== this.capture) return false;
    if (!this.#class(this.#classes.name(name))) return false;
    this.#push(name === this.server ? -1 : this.names.indexOf(name));
    this.#push(aliases.length);
    for (const alias of aliases) {
      if (!this.#class(this.#classes.name(alias))) return false;
      this.#push(Number(alias === this.server));
    }
    this.names.push(name);
    this.#frame(frame);
    this.#frame(question.frame);
    return true;
  }

  /** Of each frame how many come before it, and whether there is one. */
  #ranks(): void {
    const { frames, frameCount } = this;
    for (let i = 0; i < frameCount; i++) {
      const frame = frames[i]!;
      let rank = frame === 0 ? 0 : 1;
      for (let j = 0; j < frameCount && frame !== 0; j++) if (frames[j]! < frame) rank++;
      if ((i & 3) === 0) this.#push(rank);
      else this.words[this.length - 1]! |= rank << ((i & 3) * 8);
    }
  }
}

/** Where a value stands in a list; it is put there where it is new. */
function placeIn<Value>(list: Value[], value: Value): number {
  const at = list.indexOf(value);
  return at < 0 ? list.push(value) - 1 : at;
}
