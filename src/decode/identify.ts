/**
 * Payload → facts: tries decoders on what a flow carries until one accepts it, then feeds that one.
 *
 * Content decides. Port hints only order the tries. A direction is fed while its `S_FEED` bit is set: until its decoder
 * has nothing more to learn, or until it counts as unknown (`LIMITS.identifyDatagrams`, `LIMITS.identifyBytes`).
 *
 * What is unfinished when reading stops (a hello cut in two by the end of a file) stays in the flow's detail, and so
 * do the first segments of connections that were already under way when the capture began, so that two slices of one
 * capture can be joined to what the whole would have said (`observe/merge.ts`).
 *
 *     payload ─┬─▶ datagrams.ts ─┐                 attempt.ts: one call of one decoder
 *              └─▶ streams.ts ───┴─▶ feed.ts ─▶    details.ts: facts, and what is unfinished
 */
import { formatMac } from "../address.ts";
import type { Frame } from "../capture/frame.ts";
import { FAMILY_ETH, Packet, SYN, TCP, UDP } from "../dissect/packet.ts";
import type { Arena } from "../flow/arena.ts";
import { addressKey } from "../flow/distances.ts";
import { HIGH, LOW, META, PORTS, S_TO_ALL, STATE } from "../flow/row.ts";
import type { Segment } from "../flow/stream.ts";
import type { CapCounter } from "../limits.ts";
import { type DecodeCounts, NOTHING } from "./attempt.ts";
import { Datagrams } from "./datagrams.ts";
import type { DatagramResult, Decoder } from "./decoder.ts";
import type { FlowDetail } from "./details.ts";
import { Feed, type Where } from "./feed.ts";
import { type Gates, gatesOf } from "./forms.ts";
import { Glancer } from "./glancer.ts";
import { CHECKSUM, Senders } from "./senders.ts";
import { Streams } from "./streams.ts";

const NONE: readonly number[] = [];
const ETHERNET = 1;
/** Where a frame of Ethernet has its sender. */
const SOURCE = 6;
/** What senders begin with: a router would have counted one down. */
const FIRST_TTLS: ReadonlySet<number> = new Set([64, 128, 255]);

export class Identifier {
  readonly decoders: readonly Decoder[];
  readonly #feed: Feed;
  readonly #datagrams: Datagrams;
  readonly #streams: Streams;
  /** For TCP segments of which little has to be read. */
  readonly glancer: Glancer;
  /** What network cards do for their hosts. */
  readonly senders: Senders;
  #begun = false;
  /** What became of the last frame that was offered to `accepts`. */
  #etherDecoder = 0;
  #etherResult: DatagramResult = false;

  /** `arena`: where the compiled walk may count operations. */
  constructor(decoders: readonly Decoder[], caps: CapCounter, arena: Arena | null = null) {
    this.decoders = decoders;
    this.senders = new Senders(caps);
    this.#feed = new Feed(decoders, caps, arena);
    this.#datagrams = new Datagrams(this.#feed);
    this.glancer = new Glancer(this.#feed);
    this.#streams = new Streams(this.#feed, this.glancer);
  }

  /** Whether any payload has come. */
  get begun(): boolean {
    return this.#begun;
  }

  /** How often a frame was noted down with something that it says. */
  get noted(): number {
    return this.#feed.noted;
  }

  /** By which payload can be told that no decoder would read. */
  get gates(): Gates {
    return gatesOf(this.decoders);
  }

  /** By the DETAIL word of a row, less one. */
  get details(): FlowDetail[] {
    this.#feed.ledgers?.takeBack();
    return this.#feed.details.all;
  }

  /** Gives a flow the detail of another that said the same, see `Details.share`. */
  share(row: Int32Array, at: number, index: number): void {
    this.#feed.ledgers?.takeBack();
    this.#feed.details.share(row, at, index);
  }

  /** Goes on with these details alone. */
  replaceDetails(details: readonly FlowDetail[]): void {
    this.#feed.ledgers?.takeBack();
    this.#feed.details.replace(details);
    this.recount();
  }

  /** Counts anew what the details hold, after some have been given up from outside. */
  recount(): void {
    this.#feed.recount();
  }

  get counts(): DecodeCounts {
    return this.#feed.attempt.counts;
  }

  /** Id of the decoder that a port suggests, or null. */
  hint(tcp: boolean, portA: number, portB: number): string | null {
    const table = tcp ? this.#feed.hints.tcp : this.#feed.hints.udp;
    const index = table[portB]! || table[portA]!;
    return index === 0 ? null : this.decoders[index - 1]!.id;
  }

  /** The detail of a row, made where it has none. */
  detail(row: Int32Array, at: number): FlowDetail {
    return this.#feed.details.of(row, at);
  }

  /** EtherTypes that some decoder reads. */
  get etherTypes(): Iterable<number> {
    return this.#feed.hints.eth.keys();
  }

  /** Decoders that read an EtherType. */
  ofEtherType(type: number): readonly number[] {
    return this.#feed.hints.eth.get(type) ?? NONE;
  }

  /** Whether a decoder accepts a frame of Ethernet's own. What it says is kept by the `payload` that follows at once. */
  accepts(decoder: number, frame: Frame, p: Packet): boolean {
    const { attempt } = this.#feed;
    const { context } = attempt;
    context.transport = "eth";
    context.etherType = p.etherType;
    context.senderPort = 0;
    context.receiverPort = 0;
    context.sec = frame.sec;
    context.nsec = frame.nsec;
    context.peerStarted = false;
    context.before = NOTHING;
    this.#etherDecoder = decoder;
    this.#etherResult = attempt.datagram(this.decoders[decoder]!, p.buf, p, p.payWire - p.payLen);
    return this.#etherResult !== false;
  }

  /** Whether operations may be counted by kind; false while segments are played again. */
  set tallies(on: boolean) {
    this.#feed.tallies = on;
  }

  /** A packet with payload in a direction that is still fed. */
  payload(_flow: number, row: Int32Array, at: number, dir: 0 | 1, frame: Frame, p: Packet): void {
    if (!this.#begun) {
      this.#begun = true;
      this.#feed.beginAt(frame.sec);
    }
    if (p.fragment) return; // the payload comes with the fragment that completes it
    if (p.family === FAMILY_ETH) {
      this.#datagrams.ether(row, at, dir, frame, this.#etherDecoder, this.#etherResult);
      return;
    }
    const known = this.#feed.facts;
    const cutOff = p.payWire - p.payLen;
    if (p.proto === TCP) {
      const seq = (p.seq + ((p.tcpFlags & SYN) >> 1)) | 0;
      this.#streams.segment(row, at, dir, seq, p.buf, p.payOff, p.payLen, cutOff, frame);
    } else {
      const { context } = this.#feed.attempt;
      context.senderPort = p.srcPort;
      context.receiverPort = p.dstPort;
      context.sec = frame.sec;
      context.nsec = frame.nsec;
      this.#datagrams.payload(row, at, dir, frame, p, cutOff);
      if (this.#feed.facts !== known && isToAll(frame, p)) row[at + STATE]! |= S_TO_ALL << dir;
    }
    // Sums are checked where a message said something: over all payload they would cost more than everything else.
    if (this.#feed.facts === known) return;
    const is = this.senders.note(addressKey(row[at + META]!, row[at + (dir === 0 ? LOW : HIGH)]!), p);
    if (is === CHECKSUM.partial) this.counts.partialChecksums++;
    else if (is === CHECKSUM.bad) this.counts.badChecksums++;
    if (frame.linkType === ETHERNET && p.tunnel === 0 && FIRST_TTLS.has(p.ttl))
      this.#nameSender(row, at, dir, frame, this.#feed.facts - known);
  }

  /** The newest facts of a flow say what their sender is: beside them, which MAC address it has on this link. */
  #nameSender(row: Int32Array, at: number, dir: 0 | 1, frame: Frame, newest: number): void {
    const { sightings } = this.#feed.details.of(row, at);
    for (let i = Math.max(0, sightings.length - newest); i < sightings.length; i++) {
      const sighting = sightings[i]!;
      if (sighting.fact.kind === "asset" && sighting.dir === dir)
        sighting.mac = formatMac(frame.buf, frame.off + SOURCE);
    }
  }

  /** One TCP segment from elsewhere than a packet: joining two slices plays segments again. See `Streams.segment`. */
  segment(
    row: Int32Array,
    at: number,
    dir: 0 | 1,
    seq: number,
    buf: Uint8Array,
    off: number,
    len: number,
    cutOff: number,
    where: Where,
  ): void {
    this.#streams.segment(row, at, dir, seq, buf, off, len, cutOff, where);
  }

  /** One datagram from elsewhere than a packet, likewise. */
  datagram(row: Int32Array, at: number, dir: 0 | 1, segment: Segment): void {
    const { context } = this.#feed.attempt;
    const { bytes, cutOff, capture, frame: number, sec, nsec } = segment;
    const p = new Packet();
    const ports = row[at + PORTS]!;
    p.proto = row[at + META]! & 0xff;
    p.srcPort = dir === 0 ? ports >>> 16 : ports & 0xffff;
    p.dstPort = dir === 0 ? ports & 0xffff : ports >>> 16;
    p.buf = bytes;
    p.payOff = 0;
    p.payLen = bytes.length;
    context.senderPort = p.srcPort;
    context.receiverPort = p.dstPort;
    context.sec = sec;
    context.nsec = nsec;
    this.#datagrams.payload(row, at, dir, { capture, number, sec, nsec }, p, cutOff);
  }

  /** Nothing more will come in a direction of a connection: reads what waits behind holes. */
  close(row: Int32Array, at: number, dir: 0 | 1): void {
    this.#streams.close(row, at, dir);
  }
}

/** A datagram in a frame for everybody on its link. */
function isToAll(frame: Frame, p: Packet): boolean {
  if (p.proto !== UDP || p.family !== 4 || p.tunnel !== 0 || frame.linkType !== ETHERNET) return false;
  for (let i = frame.off; i < frame.off + SOURCE; i++) if (frame.buf[i] !== 0xff) return false;
  return true;
}
