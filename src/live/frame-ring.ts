/**
 * The first packets of each flow, and later ones that said something, as long as there is room: what a finding rests on is
 * among them. The oldest give way. Packets of whoever is judged and of all others have room of their own, so that a busy network
 * does not push out what a finding needs. Called for every frame of a run that keeps packets: nothing is allocated.
 */
import { Frame } from "../capture/frame.ts";
import { type Place, placeKey } from "../report/places.ts";
import { FIRST_PACKETS, FirstPackets, type HeldFrame } from "./first-packets.ts";
import { FlowKeys } from "./flow-keys.ts";
import type { JudgedEnds } from "./judged-ends.ts";

/** Bytes of packets that are held, and how many packets at most. */
const RING_BYTES = 32 << 20;
const RING_PACKETS = 1 << 17;
/** Packets kept of one flow until it begins anew or the counters are cleared, and packets between that: two may share a slot. */
const KEPT_OF_ONE = FIRST_PACKETS + 8;
const CLEAR_AFTER = 1 << 22;
const SLOTS = 1 << 18;
/** Packets of a slot that are looked through for one finding, at most. */
const MOST_OF_SLOT = 4096;
/** Bytes kept of one packet: more than any handshake's; of giants the beginning. */
const MOST_BYTES = 16_384;

export class FrameRing {
  readonly #bytes = new Uint8Array(RING_BYTES);
  /** By packet: number, slot, offset, length, length on the wire, link type and capture, seconds, nanoseconds. */
  readonly #index = new Int32Array(RING_PACKETS * 8);
  readonly #counts = new Uint8Array(SLOTS);
  /** By number: the place of the last packet of such a one, plus one; and by place that of the one before it. */
  readonly #heads = new Int32Array(RING_PACKETS);
  readonly #before = new Int32Array(RING_PACKETS);
  /** The same by the slot of their flow. */
  readonly #slotHeads = new Int32Array(SLOTS);
  readonly #slotBefore = new Int32Array(RING_PACKETS);
  #keys: FlowKeys;
  readonly #frame = new Frame();
  #next = 0;
  #oldest = 0;
  #at = 0;
  /** Where writing would have gone on, had there been room. */
  #lastAt = 0;
  #sinceClear = 0;
  /** Whose packets are kept here; null: everybody's. */
  #judged: JudgedEnds | null;
  /** Where those of all others are; null before there were any. */
  #others: FrameRing | null = null;

  /** `vxlanPorts`: those that carry VXLAN beside the usual ones. */
  constructor(vxlanPorts: readonly number[] = [], judged: JudgedEnds | null = null) {
    this.#keys = new FlowKeys(vxlanPorts);
    this.#judged = judged;
  }

  /** Somebody else from now on. */
  set judged(judged: JudgedEnds | null) {
    this.#judged = judged;
  }

  /** `telling`: whether it said something that a verdict may rest on. */
  take(frame: Frame, telling = false): void {
    const slot = this.#keys.hash(frame) & (SLOTS - 1);
    let ring: FrameRing = this;
    if (!this.#isJudged()) {
      this.#others ??= this.#another();
      ring = this.#others;
    }
    ring.#put(frame, slot, telling);
  }

  /** Of the packet that was hashed last. */
  #isJudged(): boolean {
    const judged = this.#judged;
    if (judged === null) return true;
    const { family, from, to } = this.#keys;
    return family === 4 ? judged.has(from) || judged.has(to) : family === 0 || judged.withIpv6;
  }

  #another(): FrameRing {
    const ring = new FrameRing();
    ring.#keys = this.#keys;
    return ring;
  }

  #put(frame: Frame, slot: number, telling: boolean): void {
    if (++this.#sinceClear > CLEAR_AFTER) {
      this.#sinceClear = 0;
      this.#counts.fill(0);
    }
    if (this.#keys.begins) this.#counts[slot] = 0;
    if (this.#counts[slot]! < KEPT_OF_ONE) this.#counts[slot]!++;
    else if (!telling && !this.#keys.decides) return;
    const length = Math.min(frame.capLen, MOST_BYTES);
    this.#lastAt = this.#at;
    if (this.#at + length > RING_BYTES) this.#at = 0;
    this.#makeRoom(this.#at, length);
    this.#bytes.set(frame.buf.subarray(frame.off, frame.off + length), this.#at);
    const index = this.#index;
    const place = this.#next++ & (RING_PACKETS - 1);
    const like = frame.number & (RING_PACKETS - 1);
    this.#before[place] = this.#heads[like]!;
    this.#heads[like] = place + 1;
    this.#slotBefore[place] = this.#slotHeads[slot]!;
    this.#slotHeads[slot] = place + 1;
    const to = place * 8;
    index[to] = frame.number;
    index[to + 1] = slot;
    index[to + 2] = this.#at;
    index[to + 3] = length;
    index[to + 4] = frame.wireLen;
    index[to + 5] = frame.linkType | (frame.capture << 16);
    index[to + 6] = frame.sec;
    index[to + 7] = frame.nsec;
    this.#at += length;
  }

  /** What proves something and what stands beside it, as far as it is held: all of a flow is in one place. */
  packetsOf(proof: readonly Place[]): HeldFrame[] {
    const own = this.#heldOf(proof);
    return this.#others === null ? own : [...own, ...this.#others.#heldOf(proof)];
  }

  #heldOf(proof: readonly Place[]): HeldFrame[] {
    const first = new FirstPackets(new Set(proof.map(placeKey)), RING_BYTES, this.#keys);
    const places = new Set<number>();
    for (const { capture_id, frame } of proof) {
      const found = this.#placeOf(capture_id, frame);
      if (found < 0) continue;
      first.look(this.#frameAt(found), capture_id);
      for (const place of this.#slotOf(found)) places.add(place);
    }
    const oldest = this.#oldest & (RING_PACKETS - 1);
    const age = (place: number): number => (place - oldest) & (RING_PACKETS - 1);
    for (const place of [...places].sort((a, b) => age(a) - age(b))) {
      const frame = this.#frameAt(place);
      first.take(frame, frame.capture);
    }
    return first.of(proof);
  }

  /** -1 where it is not held, or not any more. */
  #placeOf(capture: number, number: number): number {
    const index = this.#index;
    for (const place of this.#held(this.#heads[number & (RING_PACKETS - 1)]!, this.#before))
      if (index[place * 8] === (number | 0) && index[place * 8 + 5]! >>> 16 === capture) return place;
    return -1;
  }

  /** Places of all that share the slot of one. */
  #slotOf(place: number): number[] {
    const slot = this.#index[place * 8 + 1]!;
    const places: number[] = [];
    for (const other of this.#held(this.#slotHeads[slot]!, this.#slotBefore)) {
      if (this.#index[other * 8 + 1] !== slot || places.length >= MOST_OF_SLOT) break;
      places.push(other);
    }
    return places;
  }

  /** What is still held of a chain, the youngest first. */
  *#held(head: number, before: Int32Array): Generator<number> {
    const held = this.#next - this.#oldest;
    let younger = -1;
    for (let link = head; link > 0; link = before[link - 1]!) {
      // A place that another packet has taken since leads to younger ones: nothing that is held stands behind it.
      const age = (this.#next - link) & (RING_PACKETS - 1);
      if (age <= younger || age >= held) return;
      younger = age;
      yield link - 1;
    }
  }

  /** Until the next one is asked for. */
  #frameAt(place: number): Frame {
    const index = this.#index;
    const at = place * 8;
    const frame = this.#frame;
    frame.buf = this.#bytes;
    frame.number = index[at]! >>> 0;
    frame.off = index[at + 2]!;
    frame.capLen = index[at + 3]!;
    frame.wireLen = index[at + 4]! >>> 0;
    frame.linkType = index[at + 5]! & 0xffff;
    frame.capture = index[at + 5]! >>> 16;
    frame.sec = index[at + 6]! >>> 0;
    frame.nsec = index[at + 7]!;
    return frame;
  }

  /** Forgets the oldest packets: those whose bytes are about to be written over, and one where the index is full. */
  #makeRoom(from: number, length: number): void {
    const index = this.#index;
    while (this.#oldest < this.#next) {
      const at = (this.#oldest & (RING_PACKETS - 1)) * 8;
      const off = index[at + 2]!;
      const full = this.#next - this.#oldest >= RING_PACKETS;
      // Bytes are written in a circle, so whatever stands in the way is the oldest there is. The rest of the circle behind
      // the place where a packet did not fit any more is passed over, and what is left there is older than all else.
      const inTheWay = off < from + length && off + index[at + 3]! > from;
      const leftBehind = from === 0 && off > this.#lastAt;
      if (!full && !inTheWay && !leftBehind) return;
      this.#oldest++;
    }
  }
}
