/**
 * Fragments of datagrams that are not whole, as they came: the rest may stand in the slice before, or in the one behind.
 *
 *     slice 1   … first, middle ┆                   kept: two frames, counted with their flow already
 *     slice 2                   ┆ last, …           kept: one frame, whose flow nobody knew
 *     merged    all three are put together again (`merge-fragments.ts`)
 *
 * Of a datagram in the middle of a capture nothing is kept once its time is over: it will never be whole.
 */
import type { Frame } from "../capture/frame.ts";
import { DONE, type FragmentedDatagram, PENDING } from "../dissect/fragments.ts";
import { LIMITS } from "../limits.ts";

export interface OpenDatagram {
  /** Its two ends and identification, as text that is the same in every capture of a realm. */
  key: string;
  /** Its realm's name; left out in databases of before, where it is its capture's. */
  realm?: string;
  /** Whether its fragments were counted with their flow: its ports were known. */
  counted: boolean;
  /** Among the fragments that were counted as overlaps. */
  overlaps: number;
  frames: KeptFrame[];
}

/** A frame that outlives its slab. */
export interface KeptFrame {
  bytes: Uint8Array;
  wireLen: number;
  linkType: number;
  capture: number;
  frame: number;
  sec: number;
  nsec: number;
}

export class FragmentSeam {
  /** Of datagrams that are being put together, oldest first. */
  readonly #open = new Map<FragmentedDatagram, OpenDatagram>();
  /** Of the capture's beginning, and of captures before. */
  #given: OpenDatagram[] = [];
  #held = 0;
  #firstSec = Number.POSITIVE_INFINITY;

  /** All that may go on elsewhere. */
  get open(): readonly OpenDatagram[] {
    return [...this.#given, ...this.#open.values()];
  }

  /** Takes over what another observation kept. */
  restore(open: readonly OpenDatagram[]): void {
    this.#given.push(...open);
  }

  /** A fragment, what has become of its datagram with it, and its realm. */
  note(frame: Frame, datagram: FragmentedDatagram, realm: string): void {
    this.#firstSec = Math.min(this.#firstSec, frame.sec);
    this.#giveUp(frame.sec);
    let known = this.#open.get(datagram);
    if (datagram.state === DONE) {
      if (known !== undefined) this.#drop(datagram, known);
      return;
    }
    if (this.#held + frame.capLen > LIMITS.fragmentBytes) return; // as much as the datagrams themselves may take
    if (known === undefined) {
      known = { key: datagram.key, realm, counted: false, overlaps: 0, frames: [] };
      this.#open.set(datagram, known);
    }
    const { wireLen, linkType, capture, number, sec, nsec } = frame;
    const bytes = frame.buf.slice(frame.off, frame.off + frame.capLen);
    known.frames.push({ bytes, wireLen, linkType, capture, frame: number, sec, nsec });
    known.counted = datagram.state !== PENDING;
    known.overlaps = datagram.overlaps;
    this.#held += bytes.length;
  }

  /** Ends those whose time is over; what began with the capture may be the rest of something. */
  #giveUp(sec: number): void {
    for (const [datagram, known] of this.#open) {
      const began = known.frames[0]!.sec;
      if (sec - began <= LIMITS.fragmentSec) return;
      if (began - this.#firstSec <= LIMITS.fragmentSec) this.#given.push(known);
      this.#open.delete(datagram);
      if (began - this.#firstSec > LIMITS.fragmentSec) this.#held -= sizeOf(known);
    }
  }

  #drop(datagram: FragmentedDatagram, known: OpenDatagram): void {
    this.#open.delete(datagram);
    this.#held -= sizeOf(known);
  }
}

const sizeOf = ({ frames }: OpenDatagram): number => frames.reduce((sum, { bytes }) => sum + bytes.length, 0);
