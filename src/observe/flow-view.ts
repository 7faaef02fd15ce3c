/** A flow's row as something to read: ends, times, direction of the initiator, outcome. One object, moved from row to row. */

import { formatIpv4, formatIpv6, formatMacWords } from "../address.ts";
import { ALERT, CLIENT, claimsOf, UP } from "../decode/claims.ts";
import { FACT_BITS, type FlowDetail, kindsOf, saying } from "../decode/details.ts";
import type { Sighting } from "../decode/facts.ts";
import { hasPorts, ICMP, ICMP6, SCTP, TCP, UDP } from "../dissect/packet.ts";
import type { AddressTable } from "../flow/addresses.ts";
import { hopOf } from "../flow/hops.ts";
import * as R from "../flow/row.ts";
import type { ConversationOutcome } from "../report/result.ts";
import { type Broadcasts, broadcastsOf } from "./broadcasts.ts";
import type { DocumentedPorts } from "./documented-ports.ts";
import { type Handshake, handshakeOf, isDropped } from "./handshake.ts";
import type { Observation } from "./observation.ts";

/**
 * How the initiator is known, best first. `port`: no packet said, or both ends asked; the end with a documented port, with
 * one that a decoder knows, or with the lower one, is taken for the responder until a model says better.
 */
export const INITIATOR_BY = ["syn", "syn-ack", "message", "multicast", "port"] as const;
export type InitiatorBy = (typeof INITIATOR_BY)[number];

/** Direction of the packets that the initiator sends, and how that is known; its index into INITIATOR_BY. */
export interface Initiator {
  readonly dir: 0 | 1;
  readonly by: InitiatorBy;
  readonly rank: number;
}

/** All that there are: every pass over the flows asks each of them, and none makes an object for it. */
const INITIATORS: readonly Initiator[] = INITIATOR_BY.flatMap((by, rank): Initiator[] => [
  { dir: 0, by, rank },
  { dir: 1, by, rank },
]);
const RANKS: Readonly<Record<InitiatorBy, number>> = { syn: 0, "syn-ack": 1, message: 2, multicast: 3, port: 4 };
const initiatorBy = (by: InitiatorBy, dir: 0 | 1): Initiator => INITIATORS[RANKS[by] * 2 + dir]!;

/** Outcomes, best first: a conversation has the best of its flows'. */
export const OUTCOMES: readonly ConversationOutcome[] = [
  "established",
  "answered",
  "one-way",
  "refused",
  "unanswered",
  "unreachable",
  "failed",
];

const NO_ROW = new Int32Array(0);
const NO_SIGHTINGS: readonly Sighting[] = [];
/** Packets of one end, with payload, that nobody acknowledges: fewer may be what is left of a connection that was over. */
const GOES_ON = 3;
export class FlowView {
  readonly #seen: Observation;
  readonly #documented: DocumentedPorts | null;
  #broadcasts: Broadcasts | null = null;
  readonly #settled: Uint8Array | null;
  row: Int32Array = NO_ROW;
  at = 0;
  flow = -1;

  /**
   * `documented`: ports of the models that it is read for. `settled`: a byte a flow, all 0, in which views of the same
   * observation, to which nothing is added meanwhile, leave each other whom they found to be the initiator.
   */
  constructor(seen: Observation, documented: DocumentedPorts | null = null, settled: Uint8Array | null = null) {
    this.#seen = seen;
    this.#documented = documented;
    this.#settled = settled;
  }

  move(flow: number): this {
    this.flow = flow;
    this.row = this.#seen.flows.table.rows(flow);
    this.at = this.#seen.flows.table.at(flow);
    return this;
  }

  #word(field: number): number {
    return this.row[this.at + field]!;
  }
  /** How many flows the row stands for: none where it only tells what was said (`departed.ts`). */
  get flows(): number {
    return Math.max(0, 1 + this.#weight);
  }
  /** How often what it says was said. */
  get times(): number {
    return this.#weight < 0 ? -this.#weight : 1 + this.#weight;
  }
  get #weight(): number {
    return this.#seen.flows.weights.get(this.flow) ?? 0;
  }
  get state(): number {
    return this.#word(R.STATE);
  }
  get proto(): number {
    return this.#word(R.META) & 0xff;
  }
  get family(): number {
    return (this.#word(R.META) >>> 8) & 0xff;
  }
  get realm(): number {
    return this.#word(R.META) >>> 16;
  }
  /** Index + 1 of the identified decoder, or 0. */
  get app(): number {
    return this.#seen.ends?.get(this.flow)?.app ?? this.state >>> R.APP_SHIFT;
  }
  /** Whether what was read of it does not begin with its first bytes. */
  get midstream(): boolean {
    return (this.state & R.S_MIDSTREAM) !== 0 || this.#seen.ends?.get(this.flow)?.midstream === true;
  }
  get detail(): FlowDetail | null {
    const end = this.#seen.ends?.get(this.flow);
    if (end !== undefined) return end.detail;
    const index = this.#word(R.DETAIL) - 1;
    return index < 0 ? null : this.#seen.identified.details[index]!;
  }
  /** What it says of these kinds (bits); others may be among them. */
  saying(kinds: number): readonly Sighting[] {
    const { detail } = this;
    return detail === null ? NO_SIGHTINGS : saying(detail, kinds);
  }
  /** The kinds of facts that it may say, as bits: see `kindsOf`. */
  get kinds(): number {
    const { said } = this.#seen;
    if (said !== undefined) return said.of(this.#word(R.DETAIL));
    const { detail } = this;
    return detail === null ? 0 : kindsOf(detail);
  }
  /** What its messages claim, as bits: see `claimsOf`. */
  get claims(): number {
    const { detail } = this;
    return detail === null ? 0 : claimsOf(detail);
  }
  /** Word of the end that sends in this direction. */
  address(dir: number): number {
    return this.#word(dir === 0 ? R.LOW : R.HIGH);
  }
  port(dir: number): number {
    const ports = this.#word(R.PORTS);
    return dir === 0 ? ports >>> 16 : ports & 0xffff;
  }
  packets(dir: number): number {
    return this.#word(R.PACKETS + dir);
  }
  bytes(dir: number): number {
    const high = (this.#word(R.BYTES_HIGH) >>> (dir * 16)) & 0xffff;
    return high * 0x1_0000_0000 + (this.#word(R.BYTES + dir) >>> 0);
  }
  /** Frame number of the first packet of a direction, and its capture. */
  frame(dir: number): number {
    return this.#word(R.FRAME + dir) >>> 0;
  }
  capture(dir: number): number {
    return (this.#word(R.CAPTURES) >>> (dir * 16)) & 0xffff;
  }
  /** Frame number of the second packet of a direction; 0 for TCP, and where there was none. */
  secondFrame(dir: number): number {
    return this.proto === TCP ? 0 : this.#word(R.SECOND + dir) >>> 0;
  }
  get synFrame(): number {
    return this.proto === TCP ? this.#word(R.SYN_FRAME) >>> 0 : 0;
  }
  get answerFrame(): number {
    return this.proto === TCP ? this.#word(R.ANSWER_FRAME) >>> 0 : 0;
  }
  /** Frame of the first payload of a connection's client; 0 where it is not known. */
  get wordsFrame(): number {
    return this.proto === TCP && !this.midstream ? this.#word(R.WORDS_FRAME) >>> 0 : 0;
  }
  /**
   * True where packets of this end's that passed are not in the capture: bytes are missing though the stream goes on, or the
   * other end goes on sending, and no packet acknowledges it.
   */
  lacks(dir: 0 | 1): boolean {
    if (this.proto === TCP && (this.state & R.S_HOLE) !== 0) return true;
    const other = dir === 0 ? 1 : 0;
    return this.proto === TCP && this.packets(dir) === 0 && this.packets(other) >= GOES_ON && this.has(R.S_DATA, other);
  }
  has(bit: number, dir: number): boolean {
    return (this.state & (bit << dir)) !== 0;
  }

  /** MAC address, as a number, that this direction's packets are sent to; 0 where they were answered or none is known. */
  nextHop(dir: 0 | 1): number {
    const back = 1 - dir;
    return this.packets(back) > 0 ? 0 : hopOf(this.#word(R.FIRST + back * 2), this.#word(R.FIRST + back * 2 + 1));
  }

  /** The earlier of both directions' first packets: 0 or 1. */
  get firstDir(): 0 | 1 {
    if (this.packets(0) === 0) return 1;
    if (this.packets(1) === 0) return 0;
    const sec = this.#word(R.FIRST) - this.#word(R.FIRST + 2);
    return sec > 0 || (sec === 0 && this.#word(R.FIRST + 1) > this.#word(R.FIRST + 3)) ? 1 : 0;
  }
  get firstSec(): number {
    return this.#word(R.FIRST + this.firstDir * 2) >>> 0;
  }
  get firstNsec(): number {
    return this.#word(R.FIRST + this.firstDir * 2 + 1);
  }
  get lastDir(): 0 | 1 {
    if (this.packets(0) === 0) return 1;
    if (this.packets(1) === 0) return 0;
    const sec = this.#word(R.LAST) - this.#word(R.LAST + 2);
    return sec < 0 || (sec === 0 && this.#word(R.LAST + 1) < this.#word(R.LAST + 3)) ? 1 : 0;
  }
  get lastSec(): number {
    return this.#word(R.LAST + this.lastDir * 2) >>> 0;
  }
  get lastNsec(): number {
    return this.#word(R.LAST + this.lastDir * 2 + 1);
  }

  initiator(): Initiator {
    const known = this.#settled === null ? 0 : this.#settled[this.flow]!;
    if (known !== 0) return INITIATORS[known - 1]!;
    const found = this.#findInitiator();
    if (this.#settled !== null) this.#settled[this.flow] = found.rank * 2 + found.dir + 1;
    return found;
  }

  #findInitiator(): Initiator {
    const { state } = this;
    // Nobody sends from a group's address: a router's advertisement to all is no answer to them.
    if (this.proto !== TCP) {
      if (this.isGroup(0)) return initiatorBy("multicast", 1);
      if (this.isGroup(1)) return initiatorBy("multicast", 0);
    }
    const shaken = this.proto === TCP || this.proto === ICMP || this.proto === ICMP6 ? this.#byHandshake(state) : null;
    return shaken ?? this.#byMessage() ?? initiatorBy("port", this.#byPort());
  }

  #byHandshake(state: number): Initiator | null {
    const icmp = this.proto !== TCP;
    const syn0 = (state & R.S_SYN) !== 0;
    const syn1 = (state & (R.S_SYN << 1)) !== 0;
    const answer0 = (state & R.S_SYNACK) !== 0;
    const answer1 = (state & (R.S_SYNACK << 1)) !== 0;
    if (syn0 !== syn1) return initiatorBy(icmp ? "message" : "syn", syn0 ? 0 : 1);
    if (answer0 !== answer1) return initiatorBy(icmp ? "message" : "syn-ack", answer0 ? 1 : 0);
    return null;
  }

  /**
   * By the roles that messages claim. Peers that each ask the other (ICE's checks, SIP, BACnet) show only that they did:
   * which of them was first is a matter of the packets' order, and proves nothing.
   */
  #byMessage(): Initiator | null {
    if ((this.kinds & FACT_BITS.role) === 0) return null;
    const clients = this.claims & (CLIENT * 3);
    if (clients === 0 || clients === CLIENT * 3) return null;
    return initiatorBy("message", clients === CLIENT ? 0 : 1);
  }

  #byPort(): 0 | 1 {
    const low = this.port(0);
    const high = this.port(1);
    // Where only one end was seen to send, that one is named first; the judge tries both ways round all the same.
    if (low === high) return this.proto !== TCP && this.packets(0) === 0 ? 1 : 0;
    if (this.#documented !== null) {
      const documented0 = this.#documented.has(this.proto, low);
      if (documented0 !== this.#documented.has(this.proto, high)) return documented0 ? 1 : 0;
    }
    const tcp = this.proto === TCP;
    const known0 = this.#seen.identified.hint(tcp, low, low) !== null;
    const known1 = this.#seen.identified.hint(tcp, high, high) !== null;
    if (known0 !== known1) return known0 ? 1 : 0;
    return low < high ? 1 : 0;
  }

  /** True where the end that sends in this direction is a multicast or broadcast address: nobody sends from there. */
  isGroup(dir: 0 | 1): boolean {
    const word = this.address(dir);
    if (this.family === 4) return word >>> 28 === 0xe || word === -1 || this.#isBroadcast(word);
    const first = this.#seen.flows.ipv6.word(word, 0) >>> 24;
    return this.family === R.FAMILY_ETH ? (first & 1) === 1 : first === 0xff;
  }

  #isBroadcast(word: number): boolean {
    if (this.proto !== UDP) return false;
    this.#broadcasts ??= broadcastsOf(this.#seen);
    return this.#broadcasts.size > 0 && this.#broadcasts.get(this.realm)?.has(word) === true;
  }

  /** What became of it, seen from the initiator. `quoted`: an ICMP error answered a packet of the initiator. */
  outcome(initiatorDir: 0 | 1, quoted: boolean): ConversationOutcome {
    const there = initiatorDir;
    const back = there === 0 ? 1 : 0;
    const asked = this.packets(there) > 0;
    const answered = this.packets(back) > 0;
    if (this.proto === TCP) return this.#tcpOutcome(there, back, asked, answered, quoted);
    if (asked && answered) return "answered";
    if (quoted) return "unreachable";
    if (!asked || this.isGroup(back)) return "one-way";
    return this.#expectsNone() ? "one-way" : "unanswered";
  }

  #tcpOutcome(there: 0 | 1, back: 0 | 1, asked: boolean, answered: boolean, quoted: boolean): ConversationOutcome {
    if (this.#failed(there)) return "failed";
    const opened = this.has(R.S_SYN, there) || this.has(R.S_SYNACK, back);
    const up = opened
      ? this.has(R.S_SYNACK, back) && (this.has(R.S_ACK, there) || this.has(R.S_DATA, there))
      : asked &&
        answered &&
        (this.has(R.S_ACK, there) || this.has(R.S_DATA, there)) &&
        (this.has(R.S_ACK, back) || this.has(R.S_DATA, back));
    if (up) return "established";
    if (opened && this.has(R.S_SYNACK, back)) return "answered";
    if (opened && this.has(R.S_RST, back)) return "refused";
    if (opened && quoted && !answered) return "unreachable";
    if (opened && !answered && !this.has(R.S_DATA, there) && !this.has(R.S_ACK, there)) return "unanswered";
    return asked && answered ? "answered" : "one-way";
  }

  /** TLS: what became of its handshake, seen from the initiator; null for all else, and where its beginning was not seen. */
  handshake(initiatorDir: 0 | 1): Handshake | null {
    const isTls = this.app > 0 && this.#seen.decoders[this.app - 1]!.id === "tls";
    return isTls ? handshakeOf(this, initiatorDir) : null;
  }

  /** Whether counts tell that its hello was sent again and again to no avail: of nothing else that became of a handshake they do. */
  isHelloDropped(there: 0 | 1): boolean {
    const back = there === 0 ? 1 : 0;
    if (!this.has(R.S_SYNACK, back) || this.has(R.S_DATA, back) || !this.has(R.S_DATA, there)) return false;
    return isDropped(this.handshake(there));
  }

  /** The application's own word that it did not come up: an alert, or an end that left, before the handshake was done. */
  #failed(there: 0 | 1): boolean {
    const handshake = this.handshake(there);
    if (handshake !== null) return handshake.state === "alert" || handshake.state === "left";
    return (this.kinds & FACT_BITS.fault) !== 0 && (this.claims & (ALERT | (UP * 3))) === ALERT;
  }

  /** True where every message that was sent expects no answer. */
  #expectsNone(): boolean {
    if (!hasPorts(this.proto) && this.family !== R.FAMILY_ETH)
      return !(this.has(R.S_ASKED, 0) || this.has(R.S_ASKED, 1)) || this.port(0) !== 8;
    const detail = this.detail;
    if (detail === null) return this.family === R.FAMILY_ETH;
    let oneway = false;
    for (const { fact } of saying(detail, FACT_BITS.message)) {
      if (fact.kind !== "message") continue;
      if (fact.what !== "oneway") return false;
      oneway = true;
    }
    // On Ethernet itself what is no question is sent to whoever listens: cyclic data, GOOSE, sampled values.
    return oneway || this.family === R.FAMILY_ETH;
  }
}

/** Text of an address word; of IPv4 the same string as before for nearly all that were asked for lately. */
export function addressText(ipv6: AddressTable, family: number, word: number): string {
  return family === 4 ? formatIpv4(word >>> 0) : longText(ipv6, family, word);
}

function longText(ipv6: AddressTable, family: number, word: number): string {
  if (family === R.FAMILY_ETH) return formatMacWords(ipv6.word(word, 0) >>> 0, ipv6.word(word, 1));
  return formatIpv6(
    ipv6.word(word, 0) >>> 0,
    ipv6.word(word, 1) >>> 0,
    ipv6.word(word, 2) >>> 0,
    ipv6.word(word, 3) >>> 0,
  );
}

/** `tcp udp sctp icmp icmp6 eth`, or the IP protocol's number as text; from a row's META word. */
export function transportName(meta: number): string {
  if (((meta >>> 8) & 0xff) === R.FAMILY_ETH) return "eth";
  const proto = meta & 0xff;
  switch (proto) {
    case TCP:
      return "tcp";
    case UDP:
      return "udp";
    case SCTP:
      return "sctp";
    case ICMP:
      return "icmp";
    case ICMP6:
      return "icmp6";
    default:
      return String(proto);
  }
}
