/** Datagrams → facts: each stands for itself, but for hellos that come in several. */
import type { Frame } from "../capture/frame.ts";
import { type Packet, SCTP } from "../dissect/packet.ts";
import { S_LEGIBLE, STATE } from "../flow/row.ts";
import type { Segment } from "../flow/stream.ts";
import { LIMITS } from "../limits.ts";
import { NOTHING } from "./attempt.ts";
import { DATAGRAM_DONE, DATAGRAM_MORE, type DatagramResult, type Decoder, type Form } from "./decoder.ts";
import { withSide } from "./details.ts";
import { type Feed, markBeside, type Where } from "./feed.ts";
import { hasForm } from "./forms.ts";

const NO_FRAMES: readonly number[] = [];

export class Datagrams {
  readonly #feed: Feed;
  /** How many decoders share their flows with others. */
  readonly #preparing: number;
  /** What only its ends can read. */
  readonly #later: readonly Form[];

  constructor(feed: Feed) {
    this.#feed = feed;
    this.#later = feed.decoders.flatMap((decoder) => decoder.later ?? []);
    this.#preparing = feed.decoders.filter((decoder) => decoder.prepares === true).length;
  }

  /** A frame of Ethernet's own, which its decoder has just accepted: what it said is still in the attempt. */
  ether(row: Int32Array, at: number, dir: 0 | 1, frame: Frame, decoder: number, result: DatagramResult): void {
    this.#feed.setApp(row, at, decoder);
    this.#feed.keep(row, at, dir, frame.capture, frame.number, NO_FRAMES);
    if (result === DATAGRAM_DONE || !this.#feed.decoders[decoder]!.everyMessage) this.#feed.settle(row, at, dir);
  }

  /** One datagram of a direction that is still fed. */
  payload(row: Int32Array, at: number, dir: 0 | 1, frame: Where, p: Packet, cutOff: number): void {
    const context = this.#feed.attempt.context;
    if (p.proto === SCTP) {
      context.transport = "sctp";
      this.#sctp(row, at, dir, frame, p, cutOff);
      return;
    }
    context.transport = "udp";
    const app = this.#feed.app(row, at);
    const { buf } = p;
    const kept = this.#feed.details.get(row, at)?.datagrams[dir] ?? null;
    context.before = kept === null ? NOTHING : kept.map((segment) => segment.bytes);
    context.peerStarted = app !== 0;
    if (app !== 0) {
      const decoder = this.#feed.decoders[app - 1]!;
      const isUp = decoder.readsOn === true && this.#isUp(row, at, dir);
      context.state = isUp ? 1 : 0;
      const result =
        decoder.looksDatagram?.(buf, p.payOff, p.payLen) === true
          ? this.#feed.attempt.datagram(decoder, buf, p, cutOff)
          : false;
      if (result === DATAGRAM_MORE) this.#keepDatagram(row, at, dir, frame, p, cutOff);
      if (result === false) {
        if (this.#beside(row, at, dir, frame, p, cutOff, decoder)) return;
        this.#feed.details.of(row, at).undecoded++;
        if (isUp) this.#feed.settle(row, at, dir);
        else if (!decoder.everyMessage) this.#feed.missed(row, at, dir);
        return;
      }
      // Nobody's word of who is who: it may be the other half of what only a slice before can read.
      const nameless = this.#feed.attempt.facts.every((fact) => fact.kind !== "role");
      this.#feed.keep(row, at, dir, frame.capture, frame.number, partsOf(kept));
      if (result !== DATAGRAM_MORE && (kept !== null || (nameless && !decoder.everyMessage)))
        this.#keepHead(row, at, dir, frame, p, cutOff);
      if (result === DATAGRAM_DONE || (!decoder.everyMessage && result !== DATAGRAM_MORE))
        this.#feed.settle(row, at, dir);
      else if (result === true && kept) this.#feed.forgetDatagrams(this.#feed.details.of(row, at), dir);
      return;
    }
    context.state = 0;
    const hinted = this.#feed.hints.udp[p.dstPort]! || this.#feed.hints.udp[p.srcPort]!;
    let plausible = false;
    const candidates = this.#feed.openings.datagram[buf[p.payOff]!]!;
    for (let i = hinted === 0 ? 0 : -1; i < candidates.length; i++) {
      const tried = i < 0 ? hinted - 1 : candidates[i]!;
      if (i >= 0 && tried === hinted - 1) continue; // tried first
      const decoder = this.#feed.decoders[tried]!;
      if (decoder.looksDatagram?.(buf, p.payOff, p.payLen) !== true) continue;
      const result = this.#feed.attempt.datagram(decoder, buf, p, cutOff);
      if (result === false) continue;
      if (result === DATAGRAM_MORE) {
        plausible = true;
        if (this.#feed.attempt.facts.length === 0) continue;
      }
      this.#feed.setApp(row, at, tried);
      this.#feed.keep(row, at, dir, frame.capture, frame.number, partsOf(kept));
      if (kept !== null && result !== DATAGRAM_MORE) this.#keepHead(row, at, dir, frame, p, cutOff);
      if (result === DATAGRAM_MORE) this.#keepDatagram(row, at, dir, frame, p, cutOff);
      else if (result === DATAGRAM_DONE || !decoder.everyMessage) this.#feed.settle(row, at, dir);
      else if (kept) this.#feed.forgetDatagrams(this.#feed.details.of(row, at), dir);
      return;
    }
    if (plausible) {
      this.#keepDatagram(row, at, dir, frame, p, cutOff);
      return;
    }
    if (!this.#later.some((form) => hasForm(form, buf, p.payOff, p.payLen, true))) {
      row[at + STATE]! |= S_LEGIBLE << dir;
    }
    this.#feed.missed(row, at, dir);
  }

  #isUp(row: Int32Array, at: number, dir: 0 | 1): boolean {
    const said = this.#feed.details.get(row, at)?.sightings;
    return said?.some((one) => one.dir === dir && one.fact.kind === "up") === true;
  }

  /** A packet of SCTP, from its first chunk on. */
  #sctp(row: Int32Array, at: number, dir: 0 | 1, frame: Where, p: Packet, cutOff: number): void {
    const { context } = this.#feed.attempt;
    context.before = NOTHING;
    context.peerStarted = this.#feed.app(row, at) !== 0;
    for (const index of this.#feed.hints.sctp) {
      const decoder = this.#feed.decoders[index]!;
      if (decoder.looksDatagram?.(p.buf, p.payOff, p.payLen) !== true) continue;
      const result = this.#feed.attempt.datagram(decoder, p.buf, p, cutOff);
      if (result === false) continue;
      this.#feed.setApp(row, at, index);
      this.#feed.keep(row, at, dir, frame.capture, frame.number, NO_FRAMES);
      if (result === DATAGRAM_DONE || !decoder.everyMessage) this.#feed.settle(row, at, dir);
      return;
    }
    this.#feed.missed(row, at, dir);
  }

  /**
   * A datagram that the flow's own decoder refused: where one protocol prepares the path for another, both use it. The
   * messages of the one that prepares are read beside the other's; the first of the other's gives the flow its name.
   */
  #beside(row: Int32Array, at: number, dir: 0 | 1, frame: Where, p: Packet, cutOff: number, own: Decoder): boolean {
    if (own.prepares !== true && this.#preparing === 0) return false;
    this.#feed.attempt.context.peerStarted = false;
    this.#feed.attempt.context.state = 0;
    for (let i = 0; i < this.#feed.decoders.length; i++) {
      const other = this.#feed.decoders[i]!;
      if (other === own || (own.prepares !== true && other.prepares !== true)) continue;
      if (other.looksDatagram?.(p.buf, p.payOff, p.payLen) !== true) continue;
      const result = this.#feed.attempt.datagram(other, p.buf, p, cutOff);
      if (result === false) continue;
      if (other.prepares !== true && (result !== DATAGRAM_MORE || this.#feed.attempt.facts.length > 0)) {
        this.#feed.setApp(row, at, i);
        markBeside(this.#feed.details.get(row, at)?.sightings ?? [], own.id);
      }
      const beside = other.prepares === true ? other.id : undefined;
      const kept = this.#feed.details.get(row, at)?.datagrams[dir] ?? null;
      this.#feed.keep(row, at, dir, frame.capture, frame.number, NO_FRAMES, beside);
      if (result !== DATAGRAM_MORE && kept !== null) this.#keepHead(row, at, dir, frame, p, cutOff);
      if (result === DATAGRAM_MORE) this.#keepDatagram(row, at, dir, frame, p, cutOff);
      else if (other.prepares !== true && (result === DATAGRAM_DONE || !other.everyMessage))
        this.#feed.settle(row, at, dir);
      return true;
    }
    return false;
  }

  /** Keeps a datagram that a decoder wants to see again with the next one; too many of them and the direction is done. */
  #keepDatagram(row: Int32Array, at: number, dir: 0 | 1, frame: Where, p: Packet, cutOff: number): void {
    this.#feed.heedCap(row, at);
    const detail = this.#feed.details.of(row, at);
    const kept = detail.datagrams[dir] ?? [];
    if (kept.length === 0) detail.datagrams = withSide(detail.datagrams, dir, kept);
    if (kept.length >= LIMITS.keptDatagrams || this.#feed.held > LIMITS.pendingBytes) {
      this.#feed.cut(row, at, dir, this.#feed.held > LIMITS.pendingBytes ? "pendingBytes" : "keptDatagrams");
      return;
    }
    const segment = segmentOf(frame, p, cutOff, this.#feed.attempt.context.keeps);
    this.#feed.held += segment.bytes.length;
    kept.push(segment);
    this.#keepHead(row, at, dir, frame, p, cutOff, segment);
  }

  /** Keeps a piece of a message in several datagrams whatever became of it: a slice before this one may have its beginning. */
  #keepHead(
    row: Int32Array,
    at: number,
    dir: 0 | 1,
    frame: Where,
    p: Packet,
    cutOff: number,
    segment = segmentOf(frame, p, cutOff),
  ): void {
    if (frame.sec > this.#feed.seamEnds || this.#feed.held > LIMITS.pendingBytes / 4) return;
    const detail = this.#feed.details.of(row, at);
    const head = detail.heads[dir] ?? [];
    if (head.length >= LIMITS.keptDatagrams) return;
    if (head.length === 0) detail.heads = withSide(detail.heads, dir, head);
    this.#feed.held += segment.bytes.length;
    head.push(segment);
  }
}

function segmentOf({ capture, number, sec, nsec }: Where, p: Packet, cutOff: number, keeps = p.payLen): Segment {
  const length = Math.min(p.payLen, keeps);
  const bytes = p.buf.slice(p.payOff, p.payOff + length);
  return { seq: 0, bytes, cutOff: cutOff + p.payLen - length, capture, frame: number, sec, nsec };
}

function partsOf(kept: readonly Segment[] | null): readonly number[] {
  return kept?.map((segment) => segment.frame) ?? NO_FRAMES;
}
