/** One call of one decoder: its cursor, its context, what it said, and what becomes of a fault. */
import type { Packet } from "../dissect/packet.ts";
import { Cursor, Fault } from "./cursor.ts";
import {
  type Context,
  type DatagramResult,
  type Decoder,
  isOnlyEther,
  STREAM_DONE,
  STREAM_MORE,
  STREAM_NO,
} from "./decoder.ts";
import type { Fact } from "./facts.ts";

export const NOTHING: readonly Uint8Array[] = [];

/** Counts of what went wrong while decoding. */
export interface DecodeCounts {
  badChecksums: number;
  partialChecksums: number;
  /** Messages of identified flows that could not be read to their end. */
  malformed: number;
  cutMessages: number;
  /** TCP segments that brought other bytes for a place already filled. */
  conflicts: number;
}

export class Attempt {
  readonly counts: DecodeCounts = { badChecksums: 0, partialChecksums: 0, malformed: 0, cutMessages: 0, conflicts: 0 };
  /** What the next call is told; filled by the driver. */
  readonly context: Context = {
    transport: "udp",
    etherType: 0,
    senderPort: 0,
    receiverPort: 0,
    sec: 0,
    nsec: 0,
    started: false,
    fromStart: false,
    peerStarted: false,
    peerSilent: true,
    before: NOTHING,
    keeps: Number.POSITIVE_INFINITY,
    state: 0,
    lost: 0,
    next: "",
    capped: undefined,
  };
  /** What the last call said. */
  facts: Fact[] = [];
  readonly #cursor = new Cursor();
  readonly #emit = (fact: Fact): void => {
    this.facts.push(fact);
  };

  /** A datagram; false where it is not the decoder's. */
  datagram(decoder: Decoder, buf: Uint8Array, p: Packet, cutOff: number): DatagramResult {
    if (this.facts.length > 0) this.facts = [];
    if (this.context.transport !== "eth" && isOnlyEther(decoder)) return false;
    const cursor = this.#cursor.set(buf, p.payOff, p.payLen, cutOff);
    this.context.keeps = Number.POSITIVE_INFINITY;
    this.context.capped = undefined;
    try {
      return decoder.datagram?.(cursor, this.#emit, this.context) ?? false;
    } catch (fault) {
      if (!(fault instanceof Fault)) throw fault;
      if (this.facts.length === 0) return false;
      this.#problem(fault, cutOff);
      return true;
    }
  }

  /**
   * What a connection goes on in, where its own decoder could not: the fault says so to people. Of what is there by now; a
   * protocol that needs more of it is not named.
   */
  nameWhatFollows(decoders: readonly Decoder[], own: Decoder, buf: Uint8Array, off: number, len: number): void {
    const said = this.facts;
    const fault = said.at(-1);
    if (fault?.kind !== "problem" || fault.what !== "malformed") return;
    const { malformed, cutMessages } = this.counts;
    Object.assign(this.context, { started: false, fromStart: true, peerStarted: false, state: 0, lost: 0 });
    const other = decoders.find((decoder) => {
      if (decoder === own || decoder.looksStream?.(buf, off, len) !== true) return false;
      this.facts = [];
      const result = this.stream(decoder, buf, off, len, 0);
      return (result >= 0 || result === STREAM_DONE) && this.facts.every(({ kind }) => kind !== "problem");
    });
    Object.assign(this.counts, { malformed, cutMessages });
    this.facts = said;
    if (other !== undefined) fault.why += `; what begins here is ${other.id}`;
  }

  /** One call of a stream decoder; on a short read within cut data, what it had said is kept and the direction is done. */
  stream(decoder: Decoder, buf: Uint8Array, off: number, len: number, cutOff: number): number {
    if (this.facts.length > 0) this.facts = [];
    const cursor = this.#cursor.set(buf, off, len, cutOff);
    this.context.capped = undefined;
    let result: number;
    try {
      result = decoder.stream?.(cursor, this.#emit, this.context) ?? STREAM_NO;
      if (result >= 0) result = Math.max(1, Math.min(result, len));
      if (result !== STREAM_MORE || cutOff === 0 || this.facts.length === 0) return result;
      this.facts.push({ kind: "problem", what: "cut", why: `${decoder.id}: the capture cut ${cutOff} bytes off` });
      this.counts.cutMessages++;
      return STREAM_DONE;
    } catch (fault) {
      if (!(fault instanceof Fault)) throw fault;
      if (fault.what === "short" && cutOff === 0) return STREAM_MORE;
      if (this.facts.length === 0 && !this.context.started) return STREAM_NO;
      // What follows in the stream is not read, whatever it is: of a decoder that reads every message that is to be said.
      if (this.facts.length === 0 && decoder.everyMessage !== true) return STREAM_DONE;
      this.#problem(fault, cutOff);
      return STREAM_DONE;
    }
  }

  /** Beside what the last call said: bytes before it are missing, and what they said may be anything. */
  tellHole(decoder: Decoder | undefined, lost: number): void {
    const what = decoder === undefined ? "" : `${decoder.id}: `;
    const why = `${what}${lost} bytes are missing, and may have been a message`;
    this.facts.unshift({ kind: "problem", what: "hole", why });
  }

  #problem(fault: Fault, cutOff: number): void {
    const cut = fault.what === "short" && cutOff > 0;
    if (cut) this.counts.cutMessages++;
    else this.counts.malformed++;
    this.facts.push({ kind: "problem", what: cut ? "cut" : "malformed", why: fault.toString() });
  }
}
