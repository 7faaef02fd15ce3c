import type { Frame } from "./frame.ts";

/**
 * One interface of a pcapng section: its link type, and how its clock counts.
 *
 * A block's time is a 64-bit count of ticks in two halves, and one double holds 53 bits of it. Ticks are divided by
 * those in a second as on paper, with digits of 16 bits: exact while `ticks per second × 65536` fits in 53 bits, which
 * holds for every clock down to nanoseconds. Finer clocks, and those of fine powers of two, go by BigInt: exact and slow.
 */
export class PcapngInterface {
  readonly linkType: number;
  /** Most bytes of a frame that were captured; 0 is no limit. */
  readonly snapLength: number;
  /** Frames lost, as its statistics say, or as its packets add up: the larger of the two. */
  drops = 0;
  dropsSeen = 0;
  readonly #perSecond: number;
  readonly #finePerSecond: bigint | null;
  readonly #nanosPerTick: number;
  readonly #offset: number;

  /**
   * @param resolution `if_tsresol` as it stands: a negative power of 10, or of 2 where its highest bit is set.
   * @param offset `if_tsoffset`: seconds to add to each time.
   */
  constructor(linkType: number, snapLength: number, resolution: number, offset: number) {
    this.linkType = linkType;
    this.snapLength = snapLength;
    this.#offset = offset;
    const power = resolution & 0x7f;
    const exact = (resolution & 0x80) === 0 ? power <= 9 : power <= 23;
    this.#finePerSecond = exact ? null : ((resolution & 0x80) === 0 ? 10n : 2n) ** BigInt(power);
    this.#perSecond = exact ? ((resolution & 0x80) === 0 ? 10 : 2) ** power : 1;
    this.#nanosPerTick = 1_000_000_000 / this.#perSecond;
  }

  /** Puts the time that the two halves of a tick count give into `frame`. */
  setTime(frame: Frame, high: number, low: number): void {
    if (this.#finePerSecond !== null) {
      this.#setFineTime(frame, high, low, this.#finePerSecond);
      return;
    }
    const per = this.#perSecond;
    const first = Math.floor(high / per);
    let digits = (high - first * per) * 65_536 + (low >>> 16);
    const second = Math.floor(digits / per);
    digits = (digits - second * per) * 65_536 + (low & 0xffff);
    const third = Math.floor(digits / per);
    frame.sec = first * 4_294_967_296 + second * 65_536 + third + this.#offset;
    frame.nsec = Math.floor((digits - third * per) * this.#nanosPerTick);
  }

  #setFineTime(frame: Frame, high: number, low: number, per: bigint): void {
    const ticks = (BigInt(high) << 32n) | BigInt(low);
    frame.sec = Number(ticks / per) + this.#offset;
    frame.nsec = Number(((ticks % per) * 1_000_000_000n) / per);
  }
}
