import type { Frame } from "./frame.ts";

/**
 * One interface of a pcapng section: its link type, and how its clock counts.
 *
 * A block's time is a 64-bit count of ticks in two halves, and one double holds 53 bits of it. The upper half changes
 * every 4 seconds of a nanosecond clock and every hour of a microsecond one, so what it stands for in whole seconds, and
 * the ticks that are left, are worked out exactly and kept; the lower half is added with one division. Clocks finer than
 * nanoseconds, and those of fine powers of two, go by BigInt each time: exact and slow.
 */
export class PcapngInterface {
  readonly linkType: number;
  /** Most bytes of a frame that were captured; 0 is no limit. */
  readonly snapLength: number;
  /** Frames lost, as its statistics say, or as its packets add up: the larger of the two. */
  drops = 0;
  dropsSeen = 0;
  readonly #fine: boolean;
  readonly #bigPerSecond: bigint;
  readonly #perSecond: number;
  readonly #nanosPerTick: number;
  readonly #offset: number;
  /** The upper half last seen; what it gives in whole seconds, offset included, and the ticks beyond them. */
  #high = 0;
  #highSec: number;
  #highTicks = 0;

  /**
   * @param resolution `if_tsresol` as it stands: a negative power of 10, or of 2 where its highest bit is set.
   * @param offset `if_tsoffset`: seconds to add to each time.
   */
  constructor(linkType: number, snapLength: number, resolution: number, offset: number) {
    this.linkType = linkType;
    this.snapLength = snapLength;
    this.#offset = offset;
    const power = resolution & 0x7f;
    const base = (resolution & 0x80) === 0 ? 10 : 2;
    // 2²³ times the nanoseconds of a second is the last power of two whose fractions a double holds exactly.
    this.#fine = power > (base === 10 ? 9 : 23);
    this.#bigPerSecond = BigInt(base) ** BigInt(power);
    this.#perSecond = this.#fine ? 1 : base ** power;
    this.#nanosPerTick = 1_000_000_000 / this.#perSecond;
    this.#highSec = offset;
  }

  /** Puts the time that the two halves of a tick count give into `frame`. */
  setTime(frame: Frame, high: number, low: number): void {
    if (this.#fine) {
      const ticks = (BigInt(high) << 32n) | BigInt(low);
      frame.sec = Number(ticks / this.#bigPerSecond) + this.#offset;
      frame.nsec = Number(((ticks % this.#bigPerSecond) * 1_000_000_000n) / this.#bigPerSecond);
      return;
    }
    if (high !== this.#high) this.#startFrom(high);
    const ticks = this.#highTicks + low; // below 2³³: a fraction of a second and 32 bits
    const seconds = Math.floor(ticks / this.#perSecond);
    frame.sec = this.#highSec + seconds;
    frame.nsec = Math.floor((ticks - seconds * this.#perSecond) * this.#nanosPerTick);
  }

  #startFrom(high: number): void {
    const ticks = BigInt(high) << 32n;
    this.#high = high;
    this.#highSec = Number(ticks / this.#bigPerSecond) + this.#offset;
    this.#highTicks = Number(ticks % this.#bigPerSecond);
  }
}
